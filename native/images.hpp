// Layers on images, one after the other: a panel of 16 examples, or some rows of it, at a time.
#pragma once

#include "conv.hpp"
#include "dropout.hpp"
#include "pool.hpp"

namespace glassnet::GLASSNET_TARGET {

// Where the numbers of one channel in some rows begin, and how many they are.
struct Stretch {
  std::size_t at, count;
  Stretch(const Grid& grid, Part part, std::size_t c)
      : at(((part.panel * grid.channels + c) * grid.area() + part.first * grid.width) * BLOCK),
        count((part.last - part.first) * grid.width * BLOCK) {}
};

// The examples of rows [first, last) as panels.
template <class T>
inline void into_images(const T* rows, std::size_t row, std::size_t n, T* panels, std::size_t first,
                        std::size_t last) {
  into_panels(rows + first * row, row, last - first, n, panels + first * n);
}

// x into the middle of its padding, which is 0 and stays so.
template <class T>
void pad(const Layer<T>& layer, std::size_t panel) {
  const Grid& in = layer.in;
  const std::size_t p = layer.window.padding, height = in.height - 2 * p, width = in.width - 2 * p;
  for (std::size_t c = 0; c < in.channels; c++) {
    T* to = layer.padded + (panel * in.channels + c) * in.area() * BLOCK;
    const T* from = layer.x + (panel * in.channels + c) * height * width * BLOCK;
    for (std::size_t y = 0; y < height; y++)
      __builtin_memcpy(to + ((y + p) * in.width + p) * BLOCK, from + y * width * BLOCK,
                       width * BLOCK * sizeof(T));
  }
}

template <class T>
void forward_on_images(const Program<T>& program, std::size_t l, const Chunk& chunk, Part part) {
  const Layer<T>& layer = program.layers[l];
  const bool as_it_is = layer.activation == Activation::linear && layer.a == layer.z;
  if (layer.kind == Kind::conv) conv_forward(layer, part);
  for (std::size_t c = 0; c < layer.out.channels; c++) {  // what was made last is still near
    const Stretch of(layer.out, part, c);
    switch (layer.kind) {
      case Kind::conv: break;  // all channels at once, above
      case Kind::max_pool: max_pool_forward(layer, part, c); break;
      case Kind::average_pool: average_pool_forward(layer, part, c); break;
      case Kind::dropout: {
        const std::size_t number = of.at / BLOCK - part.panel * layer.n_out;
        if (layer.mask)
          draw_panel_masks(layer, program.draw, chunk, part.panel, number, number + of.count / BLOCK);
        apply_mask(layer.x + of.at, layer.mask ? layer.mask + of.at : nullptr, layer.z + of.at, of.count);
        break;
      }
      case Kind::dense:
      case Kind::softmax:
      case Kind::flatten: break;  // on rows alone
    }
    if (!as_it_is) activate(layer, of.at, of.count);
  }
}

// From ∂C/∂a to δ.
template <class T>
inline void finish_delta(const Layer<T>& layer, Stretch of) {
  T* delta = layer.delta + of.at;
  if (layer.dC_da) __builtin_memcpy(layer.dC_da + of.at, delta, of.count * sizeof(T));
  if (layer.activation != Activation::linear) activation_backward(layer, delta, of.at, of.count);
}

// δ of a layer from that of the next.
template <class T>
void backward_on_images(const Program<T>& program, std::size_t l, Part part) {
  const Layer<T>& layer = program.layers[l];
  const Layer<T>& next = program.layers[l + 1];
  if (next.kind == Kind::conv) conv_dC_dx(next, layer.out, part, layer.delta);
  for (std::size_t c = 0; c < layer.out.channels; c++) {
    const Stretch of(layer.out, part, c);
    switch (next.kind) {
      case Kind::conv: break;  // all channels at once, above
      case Kind::max_pool: max_pool_dC_dx(next, part, c, layer.delta); break;
      case Kind::average_pool: average_pool_dC_dx(next, part, c, layer.delta); break;
      case Kind::dropout:
        apply_mask(next.delta + of.at, next.mask ? next.mask + of.at : nullptr, layer.delta + of.at,
                   of.count);
        break;
      case Kind::dense:
      case Kind::softmax:
      case Kind::flatten: break;  // on rows alone
    }
    finish_delta(layer, of);
  }
}

// The last layer on images as rows, and back.
template <class T>
inline void flatten_forward(const Layer<T>& layer, std::size_t first, std::size_t last) {
  out_of_panels(layer.x + first * layer.n_in, layer.n_in, last - first, layer.z + first * layer.width,
                layer.width);
}

template <class T>
inline void flatten_backward(const Layer<T>& flatten, const Layer<T>& before, std::size_t first,
                             std::size_t last) {
  into_images(flatten.delta, flatten.width, flatten.n_out, before.delta, first, last);
  for (std::size_t row = first; row < last; row += BLOCK)
    for (std::size_t c = 0; c < before.out.channels; c++)
      finish_delta(before, Stretch(before.out, {row / BLOCK, 0, before.out.height}, c));
}

}  // namespace glassnet::GLASSNET_TARGET
