// Layers on images for a single example, when fifteen of sixteen lanes would have nothing to do: here it is
// the channels that stand side by side, [row][column][channel], as neurons do in dense layers. The sums are
// the same, term by term, and so are their bits.
#pragma once

#include "dense.hpp"
#include "pool.hpp"

namespace glassnet::GLASSNET_TARGET {

// The numbers of one channel stand `place_step` apart, those of one place `channel_step`.
template <class T>
inline void pad_abreast(const Layer<T>& layer) {
  const std::size_t p = layer.window.padding;
  const std::size_t height = layer.in.height - 2 * p, width = layer.in.width - 2 * p;
  const bool planes = layer.place_step == 1;  // of the network's own inputs, which come channel by channel
  for (std::size_t c = 0; c < (planes ? layer.in.channels : 1); c++)
    for (std::size_t y = 0; y < height; y++)
      __builtin_memcpy(
          layer.padded + (c * layer.in.area() + (y + p) * layer.in.width + p) * layer.place_step,
          layer.x + (c * height + y) * width * layer.place_step, width * layer.place_step * sizeof(T));
}

// z = W patch + b: the places are the rows of tiles, the filters their columns.
template <class T>
inline void conv_abreast(const Layer<T>& layer) {
  const std::size_t panels = layer.width / BLOCK, stride = layer.window.stride;
  const Tiling tiles(layer.out.area(), rows_of_tile<T>(panels));
  Product<T> of;
  of.steps = layer.over_patch.steps, of.count = layer.over_patch.count;
  of.b_panel = of.count * BLOCK;
  of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = layer.width, of.c_panel = BLOCK;
  for_panels<T>(panels, [&](std::size_t panel, std::size_t wide) {
    of.b = layer.weight + panel * of.b_panel;
    of.start = layer.bias + panel * BLOCK;
    for (std::size_t t = 0; t < tiles.count; t++) {
      const std::size_t first = tiles.begin(t), rows = tiles.begin(t + 1) - first;
      for (std::size_t r = 0; r < rows; r++) {
        const std::size_t y = (first + r) / layer.out.width, x = (first + r) % layer.out.width;
        of.a[r] = layer.padded + (y * layer.in.width + x) * stride * layer.place_step;
      }
      of.c = layer.z + first * layer.width + panel * BLOCK;
      multiply(of, rows, wide);
    }
  });
}

// fold(numbers of a window in order) for every place and channel.
template <class T, class Fold>
inline void pool_abreast(const Layer<T>& layer, Fold fold) {
  const std::size_t size = layer.window.size, stride = layer.window.stride, width = layer.width;
  for (std::size_t place = 0; place < layer.out.area(); place++) {
    const std::size_t y = place / layer.out.width, x = place % layer.out.width;
    const T* from = layer.x + (y * layer.in.width + x) * stride * width;
    for (std::size_t c = 0; c < width; c += lanes<T>) {
      Vec<T> sum = load(from + c);
      for (std::size_t i = 0; i < size; i++)
        for (std::size_t j = i == 0; j < size; j++)
          sum = fold(sum, load(from + (i * layer.in.width + j) * width + c));
      store(layer.z + place * width + c, sum);
    }
  }
}

template <class T>
inline void forward_abreast(const Layer<T>& layer) {
  const std::size_t count = layer.out.area() * layer.width;
  const T area = T(int(layer.window.area()));
  if (layer.window.padding) pad_abreast(layer);
  switch (layer.kind) {
    case Kind::conv: conv_abreast(layer); break;
    case Kind::max_pool:
      pool_abreast(layer, [](Vec<T> best, Vec<T> x) { return larger<T>(x, best) ? x : best; });
      break;
    case Kind::average_pool:
      pool_abreast(layer, [](Vec<T> sum, Vec<T> x) { return sum + x; });
      for (std::size_t k = 0; k < count; k += lanes<T>) store(layer.z + k, load(layer.z + k) / area);
      break;
    case Kind::dropout: __builtin_memcpy(layer.z, layer.x, count * sizeof(T)); break;  // drops nothing here
    case Kind::dense:
    case Kind::softmax:
    case Kind::flatten: break;  // on rows alone
  }
  activate(layer, 0, count);
}

// From planes to channels side by side, where the first layer wants its inputs so.
template <class T>
inline void stand_abreast(const T* planes, const Grid& of, std::size_t width, T* to) {
  for (std::size_t c = 0; c < of.channels; c++)
    for (std::size_t place = 0; place < of.area(); place++)
      to[place * width + c] = planes[c * of.area() + place];
}

// And back to a row, channel by channel.
template <class T>
inline void flatten_abreast(const T* from, const Grid& of, std::size_t width, T* row) {
  for (std::size_t c = 0; c < of.channels; c++)
    for (std::size_t place = 0; place < of.area(); place++)
      row[c * of.area() + place] = from[place * width + c];
}

template <class T>
void forward_abreast(const Program<T>& program) {
  const Layer<T>& first = program.layers[0];
  if (first.x != program.x) stand_abreast(program.x, first.in, first.place_step, program.x_panels);
  for (std::size_t l = 0; l < program.on_images; l++) forward_abreast(program.layers[l]);
}

}  // namespace glassnet::GLASSNET_TARGET
