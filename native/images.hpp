// Layers on images, one after the other: a panel of 16 examples, or some rows of it, at a time.
#pragma once

#include "conv.hpp"
#include "dropout.hpp"
#include "pool.hpp"

namespace glassnet::GLASSNET_TARGET {

// do(begin, count) for the numbers of some rows, channel by channel.
template <class Do>
inline void for_channels(const Grid& grid, Part part, Do work) {
  for (std::size_t c = 0; c < grid.channels; c++)
    work(((part.panel * grid.channels + c) * grid.area() + part.first * grid.width) * BLOCK,
         (part.last - part.first) * grid.width * BLOCK);
}

// The examples of rows [first, last) as panels.
template <class T>
inline void into_images(const T* rows, std::size_t row, std::size_t n, T* panels, std::size_t first, std::size_t last) {
  into_panels(rows + first * row, row, last - first, n, panels + first * n);
}

// x into the middle of its padding, which is 0 and stays so.
template <class T>
void pad(const Layer<T>& layer, std::size_t panel) {
  const std::size_t p = layer.window.padding, height = layer.in.height - 2 * p, width = layer.in.width - 2 * p;
  for (std::size_t c = 0; c < layer.in.channels; c++)
    for (std::size_t y = 0; y < height; y++)
      __builtin_memcpy(layer.padded + ((panel * layer.in.channels + c) * layer.in.area() + (y + p) * layer.in.width + p) * BLOCK,
                       layer.x + (((panel * layer.in.channels + c) * height + y) * width) * BLOCK,
                       width * BLOCK * sizeof(T));
}

template <class T>
void forward_on_images(const Program<T>& program, std::size_t l, const Chunk& chunk, Part part) {
  const Layer<T>& layer = program.layers[l];
  switch (layer.kind) {
    case Kind::conv: conv_forward(layer, part); break;
    case Kind::max_pool: max_pool_forward(layer, part); break;
    case Kind::average_pool: average_pool_forward(layer, part); break;
    default:
      for (std::size_t c = 0; layer.mask && c < layer.out.channels; c++)
        draw_panel_masks(layer, program.draw, chunk, part.panel, c * layer.out.area() + part.first * layer.out.width,
                         c * layer.out.area() + part.last * layer.out.width);
      for_channels(layer.out, part, [&](std::size_t at, std::size_t count) {
        apply_mask(layer.x + at, layer.mask ? layer.mask + at : nullptr, layer.z + at, count);
      });
  }
  for_channels(layer.out, part, [&](std::size_t at, std::size_t count) { activate(layer, at, count); });
}

// From ∂C/∂a to δ.
template <class T>
inline void finish_delta(const Layer<T>& layer, Part part) {
  for_channels(layer.out, part, [&](std::size_t at, std::size_t count) {
    if (layer.dC_da) __builtin_memcpy(layer.dC_da + at, layer.delta + at, count * sizeof(T));
    activation_backward(layer, layer.delta + at, at, count);
  });
}

// δ of a layer from that of the next.
template <class T>
void backward_on_images(const Program<T>& program, std::size_t l, Part part) {
  const Layer<T>& layer = program.layers[l];
  const Layer<T>& next = program.layers[l + 1];
  switch (next.kind) {
    case Kind::conv: conv_dC_dx(next, layer.out, part, layer.delta); break;
    case Kind::max_pool: max_pool_dC_dx(next, part, layer.delta); break;
    case Kind::average_pool: average_pool_dC_dx(next, part, layer.delta); break;
    default:
      for_channels(layer.out, part, [&](std::size_t at, std::size_t count) {
        apply_mask(next.delta + at, next.mask ? next.mask + at : nullptr, layer.delta + at, count);
      });
  }
  finish_delta(layer, part);
}

// The last layer on images as rows, and back.
template <class T>
inline void flatten_forward(const Layer<T>& layer, std::size_t first, std::size_t last) {
  out_of_panels(layer.x + first * layer.n_in, layer.n_in, last - first, layer.z + first * layer.width, layer.width);
}

template <class T>
inline void flatten_backward(const Layer<T>& flatten, const Layer<T>& before, std::size_t first, std::size_t last) {
  into_images(flatten.delta, flatten.width, flatten.n_out, before.delta, first, last);
  for (std::size_t row = first; row < last; row += BLOCK) finish_delta(before, {row / BLOCK, 0, before.out.height});
}

}  // namespace glassnet::GLASSNET_TARGET
