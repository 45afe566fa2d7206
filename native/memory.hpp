// Memory of known size, taken once: a call lays out all that it needs, twice; the first time to see
// how much that is, the second time to place it. Nothing is allocated while the work goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace glassnet {

class Shelf {
 public:
  explicit Shelf(std::byte* base = nullptr) : at_(reinterpret_cast<std::uintptr_t>(base)) {}

  template <class A>
  A* take(std::size_t count) {
    A* place = reinterpret_cast<A*>(at_ + used_);
    used_ += (count * sizeof(A) + alignment - 1) / alignment * alignment;
    return place;
  }

  std::size_t used() const { return used_; }
  static constexpr std::size_t alignment = 64;

 private:
  std::uintptr_t at_;
  std::size_t used_ = 0;
};

// A block of bytes that keeps its memory for the next use.
class Block {
 public:
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { release(); }

  std::byte* of_size(std::size_t size) {
    if (size > size_ || size_ > keep) {
      release();
      bytes_ = static_cast<std::byte*>(::operator new(size, std::align_val_t(Shelf::alignment)));
      size_ = size;
    }
    return bytes_;
  }

  static constexpr std::size_t keep = std::size_t(32) << 20;  // more than this is given back at the next use

 private:
  void release() {
    ::operator delete(bytes_, std::align_val_t(Shelf::alignment));
    bytes_ = nullptr;
    size_ = 0;
  }

  std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace glassnet
