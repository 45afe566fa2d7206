// The windows that see each place of an image, and by which of their own places: what the way back through
// convolution and pooling adds up.
#pragma once

#include <vector>

#include "program.hpp"

namespace glassnet {

// Along one side: for each of `length` places the windows that see it, each with the place within the window.
class Side {
 public:
  Side(std::size_t length, const Window& window, std::size_t windows) {
    for (std::size_t at = 0; at < length; at++) {
      std::vector<Step> pairs;  // place within the window, window
      for (std::size_t i = 0; i < window.size; i++) {
        if (at + window.padding < i) break;
        const std::size_t from = at + window.padding - i;
        if (from % window.stride == 0 && from / window.stride < windows)
          pairs.push_back({std::uint32_t(i), std::uint32_t(from / window.stride)});
      }
      std::uint32_t first = pairs.empty() ? 0 : pairs.back().b;  // they come with the last window first
      for (Step& pair : pairs) pair.b -= first;
      std::uint32_t kind = 0;
      while (kind < kinds.size() && !same(kinds[kind], pairs)) kind++;
      if (kind == kinds.size()) kinds.push_back(pairs);
      seen.push_back({kind, first});
    }
  }

  std::vector<Seen> seen;
  std::vector<std::vector<Step>> kinds;

 private:
  static bool same(const std::vector<Step>& one, const std::vector<Step>& other) {
    if (one.size() != other.size()) return false;
    for (std::size_t i = 0; i < one.size(); i++)
      if (one[i].a != other[i].a || one[i].b != other[i].b) return false;
    return true;
  }
};

}  // namespace glassnet
