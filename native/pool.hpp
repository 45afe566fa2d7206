// Max and average pooling, forward and back: the twin of layers/pool.py.
#pragma once

#include "simd.hpp"
#include "program.hpp"

namespace glassnet::GLASSNET_TARGET {

// do(from, to) for every window in some rows: where its first number stands, where its result goes.
template <class T, class Do>
inline void for_windows(const Layer<T>& layer, Part part, Do work) {
  const Grid& in = layer.in;
  const Grid& out = layer.out;
  for (std::size_t c = 0; c < out.channels; c++)
    for (std::size_t y = part.first; y < part.last; y++)
      for (std::size_t x = 0; x < out.width; x++) {
        const std::size_t from = (part.panel * in.channels + c) * in.area() + (y * in.width + x) * layer.window.stride;
        const std::size_t to = (part.panel * out.channels + c) * out.area() + y * out.width + x;
        for (std::size_t v = 0; v < BLOCK; v += lanes<T>) work(from * BLOCK + v, to * BLOCK + v);
      }
}

// The largest, the first of equal ones; NaN counts as larger than all numbers.
template <class T>
inline void max_pool_forward(const Layer<T>& layer, Part part) {
  const std::size_t size = layer.window.size, row = layer.in.width * BLOCK;
  for_windows(layer, part, [&](std::size_t from, std::size_t to) {
    const T* x = layer.x + from;
    Vec<T> best = load(x), winner = {};
    for (std::size_t i = 0; i < size; i++)
      for (std::size_t j = i == 0; j < size; j++) {
        const Vec<T> other = load(x + i * row + j * BLOCK);
        const Whole<T> better = ((other > best) | (other != other)) & (best == best);
        best = better ? other : best;
        winner = better ? all<T>(T(int(i * size + j))) : winner;
      }
    store(layer.z + to, best);
    if (layer.winner) store(layer.winner + to, winner);
  });
}

template <class T>
inline void average_pool_forward(const Layer<T>& layer, Part part) {
  const std::size_t size = layer.window.size, row = layer.in.width * BLOCK;
  for_windows(layer, part, [&](std::size_t from, std::size_t to) {
    const T* x = layer.x + from;
    Vec<T> sum = load(x);
    for (std::size_t i = 0; i < size; i++)
      for (std::size_t j = i == 0; j < size; j++) sum = sum + load(x + i * row + j * BLOCK);
    store(layer.z + to, sum / T(int(size * size)));
  });
}

// ∂C/∂x at every place of some rows: the sum of what the windows that see it pass back, share(window, place in it).
template <class T, class Share>
inline void pool_back(const Layer<T>& layer, Part part, T* dC_dx, Share share) {
  const Grid& in = layer.in;
  for (std::size_t c = 0; c < in.channels; c++) {
    const std::size_t of_channel = (part.panel * in.channels + c) * layer.out.area();
    for (std::size_t y = part.first; y < part.last; y++)
      for (std::size_t x = 0; x < in.width; x++) {
        const Seen down = layer.back.down[y], across = layer.back.across[x];
        const List& list = layer.back.lists[down.kind * layer.back.across_kinds + across.kind];
        const std::size_t first = (of_channel + down.first * layer.out.width + across.first) * BLOCK;
        const std::size_t to = (part.panel * in.size() + c * in.area() + y * in.width + x) * BLOCK;
        for (std::size_t v = 0; v < BLOCK; v += lanes<T>) {
          Vec<T> sum = {};
          for (std::size_t s = 0; s < list.count; s++) sum = sum + share(first + list.steps[s].b + v, list.steps[s].a);
          store(dC_dx + to + v, sum);
        }
      }
  }
}

template <class T>
inline void max_pool_dC_dx(const Layer<T>& layer, Part part, T* dC_dx) {
  pool_back(layer, part, dC_dx, [&](std::size_t window, std::uint32_t place) {
    return load(layer.winner + window) == T(int(place)) ? load(layer.delta + window) : Vec<T>{};
  });
}

template <class T>
inline void average_pool_dC_dx(const Layer<T>& layer, Part part, T* dC_dx) {
  const T area = T(int(layer.window.area()));
  pool_back(layer, part, dC_dx, [&](std::size_t window, std::uint32_t) { return load(layer.delta + window) / area; });
}

}  // namespace glassnet::GLASSNET_TARGET
