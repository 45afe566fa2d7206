// Max and average pooling, forward and back: the twin of layers/pool.py. One channel at a time.
#pragma once

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

// Whether x takes the place of the largest so far; NaN counts as larger than all numbers.
template <class T>
inline Whole<T> larger(Vec<T> x, Vec<T> best) {
  return ((x > best) | (x != x)) & (best == best);
}

// do(from, to) for every window in some rows: where its first number stands, where its result goes.
template <class T, class Do>
inline void for_windows(const Layer<T>& layer, Part part, std::size_t c, Do work) {
  const Grid& in = layer.in;
  const Grid& out = layer.out;
  const std::size_t stride = layer.window.stride;
  for (std::size_t y = part.first; y < part.last; y++) {
    const std::size_t from = ((part.panel * in.channels + c) * in.height + y * stride) * in.width * BLOCK;
    const std::size_t to = ((part.panel * out.channels + c) * out.height + y) * out.width * BLOCK;
    for (std::size_t x = 0; x < out.width; x++)
      UNROLL for (std::size_t v = 0; v < BLOCK; v += lanes<T>)
        work(from + x * stride * BLOCK + v, to + x * BLOCK + v);
  }
}

// The largest, the first of equal ones.
template <class T>
inline void max_pool_forward(const Layer<T>& layer, Part part, std::size_t c) {
  const std::size_t size = layer.window.size, row = layer.in.width * BLOCK;
  for_windows(layer, part, c, [&](std::size_t from, std::size_t to) {
    const T* x = layer.x + from;
    Vec<T> best = load(x), winner = {};
    for (std::size_t i = 0; i < size; i++)
      for (std::size_t j = i == 0; j < size; j++) {
        const Vec<T> other = load(x + i * row + j * BLOCK);
        const Whole<T> better = larger<T>(other, best);
        best = better ? other : best;
        winner = better ? all<T>(T(int(i * size + j))) : winner;
      }
    store(layer.z + to, best);
    if (layer.winner) store(layer.winner + to, winner);
  });
}

template <class T>
inline void average_pool_forward(const Layer<T>& layer, Part part, std::size_t c) {
  const std::size_t size = layer.window.size, row = layer.in.width * BLOCK;
  for_windows(layer, part, c, [&](std::size_t from, std::size_t to) {
    const T* x = layer.x + from;
    Vec<T> sum = load(x);
    for (std::size_t i = 0; i < size; i++)
      for (std::size_t j = i == 0; j < size; j++) sum = sum + load(x + i * row + j * BLOCK);
    store(layer.z + to, sum / T(int(size * size)));
  });
}

// ∂C/∂x at every place of some rows: the sum of what the windows that see it pass back, which is
// share(window, place in it).
template <class T, class Share>
inline void pool_back(const Layer<T>& layer, Part part, std::size_t c, T* dC_dx, Share share) {
  const Grid& in = layer.in;
  const Grid& out = layer.out;
  const std::size_t size = layer.window.size;
  const std::size_t of_channel = (part.panel * in.channels + c) * out.area() * BLOCK;
  for (std::size_t y = part.first; y < part.last; y++) {
    T* to = dC_dx + ((part.panel * in.channels + c) * in.height + y) * in.width * BLOCK;
    const Seen down = layer.back.down[y];
    std::size_t x = 0;
    if (layer.window.stride == size && y < out.height * size)  // each place is seen once
      for (; x < out.width; x++)
        for (std::size_t j = 0; j < size; j++)
          UNROLL for (std::size_t v = 0; v < BLOCK; v += lanes<T>)
            store(to + (x * size + j) * BLOCK + v,
                  share(of_channel + (down.first * out.width + x) * BLOCK + v, (y % size) * size + j));
    for (x *= size; x < in.width; x++) {
      const Seen across = layer.back.across[x];
      const List& list = layer.back.lists[down.kind * layer.back.across_kinds + across.kind];
      const std::size_t first = of_channel + (down.first * out.width + across.first) * BLOCK;
      for (std::size_t v = 0; v < BLOCK; v += lanes<T>) {
        Vec<T> sum = {};
        for (std::size_t s = 0; s < list.count; s++)
          sum = sum + share(first + list.steps[s].b + v, list.steps[s].a);
        store(to + x * BLOCK + v, sum);
      }
    }
  }
}

template <class T>
inline void max_pool_dC_dx(const Layer<T>& layer, Part part, std::size_t c, T* dC_dx) {
  pool_back(layer, part, c, dC_dx, [&](std::size_t window, std::size_t place) {
    return load(layer.winner + window) == T(int(place)) ? load(layer.delta + window) : Vec<T>{};
  });
}

template <class T>
inline void average_pool_dC_dx(const Layer<T>& layer, Part part, std::size_t c, T* dC_dx) {
  const T area = T(int(layer.window.area()));
  const auto share = [&](std::size_t window, std::size_t) { return load(layer.delta + window) / area; };
  pool_back(layer, part, c, dC_dx, share);
}

}  // namespace glassnet::GLASSNET_TARGET
