// The convolutional layer, forward and back: the twin of layers/conv.py. Two products by the micro-kernel,
// in which the columns are 16 examples at a place; the third, of which every number is a sum over places and
// examples, has one of its own.
#pragma once

#include "dense.hpp"

namespace glassnet::GLASSNET_TARGET {

// z = W patch + b at every place of some rows: filters are the rows of tiles, neighboring places their
// panels.
template <class T>
inline void conv_forward(const Layer<T>& layer, Part part) {
  const Grid& in = layer.in;
  const Grid& out = layer.out;
  const std::size_t stride = layer.window.stride;
  const T* x = layer.padded + part.panel * in.size() * BLOCK;
  T* z = layer.z + part.panel * out.size() * BLOCK;
  Product<T> of;
  of.steps = layer.over_patch.steps, of.count = layer.over_patch.count;
  of.b_panel = stride * BLOCK;
  of.start_row = BLOCK, of.start_panel = 0;
  of.c_row = out.area() * BLOCK, of.c_panel = BLOCK;
  const Tiling tiles(out.channels, rows_of_tile<T>(out.width));
  for (std::size_t t = 0; t < tiles.count; t++) {
    const std::size_t o = tiles.begin(t), height = tiles.begin(t + 1) - o;
    for (std::size_t r = 0; r < height; r++) of.a[r] = layer.weight + (o + r) * layer.filter_width;
    of.start = layer.bias + o * BLOCK;
    for (std::size_t y = part.first; y < part.last; y++)
      for_panels<T>(out.width, [&](std::size_t place, std::size_t wide) {
        of.b = x + (y * in.width + place) * stride * BLOCK;
        of.c = z + (o * out.area() + y * out.width + place) * BLOCK;
        multiply(of, height, wide);
      });
  }
}

// ∂C/∂x = Σ w δ over the filters and the windows that see x, at every place of some rows of the input.
template <class T>
inline void conv_dC_dx(const Layer<T>& layer, const Grid& of_x, Part part, T* dC_dx) {
  const Grid& out = layer.out;
  const T* delta = layer.delta + part.panel * out.size() * BLOCK;
  dC_dx += part.panel * of_x.size() * BLOCK;
  Product<T> of;
  of.start = zeros<T>, of.start_row = 0, of.start_panel = 0;
  of.c_row = of_x.area() * BLOCK, of.c_panel = BLOCK;
  const Tiling tiles(of_x.channels, rows_of_tile<T>(of_x.width));
  for (std::size_t t = 0; t < tiles.count; t++) {
    const std::size_t c = tiles.begin(t), height = tiles.begin(t + 1) - c;
    for (std::size_t r = 0; r < height; r++) of.a[r] = layer.weight + (c + r) * layer.window.area();
    for (std::size_t y = part.first; y < part.last; y++) {
      const Seen down = layer.back.down[y];
      for (std::size_t x = 0; x < of_x.width;) {
        const Seen* across = layer.back.across + x;
        std::size_t wide = 1;
        while (wide < most_panels<T> && x + wide < of_x.width && across[wide].kind == across->kind) wide++;
        if (wide < most_panels<T>) wide = 1;  // there are tiles for one and for most_panels, none between
        const List& list = layer.back.lists[down.kind * layer.back.across_kinds + across->kind];
        of.steps = list.steps, of.count = list.count;
        of.b = delta + (down.first * out.width + across->first) * BLOCK;
        of.b_panel = wide > 1 ? (across[1].first - across->first) * BLOCK : 0;
        of.c = dC_dx + (c * of_x.area() + y * of_x.width + x) * BLOCK;
        multiply(of, height, wide);
        x += wide;
      }
    }
  }
}

constexpr std::size_t TAPS = BLOCK / FILTERS;  // weights of a filter in a tile of sums

// Σ over places of δ x for four filters and Q weights, each in 16 strands, one an example, into
// sums [FILTERS][TAPS][BLOCK].
template <class T, std::size_t Q>
void strands(const T* const* delta, const T* const* x, List over_places, T* sums) {
  const Step *steps = over_places.steps, *end = steps + over_places.count;
  const T *d[FILTERS], *from[Q];
  UNROLL for (std::size_t r = 0; r < FILTERS; r++) d[r] = delta[r];
  UNROLL for (std::size_t q = 0; q < Q; q++) from[q] = x[q];
  for (std::size_t v = 0; v < BLOCK; v += lanes<T>) {
    Vec<T> sum[FILTERS][Q] = {};
    for (const Step* step = steps; step != end; step++) {
      Vec<T> seen[Q];
      UNROLL for (std::size_t q = 0; q < Q; q++) seen[q] = load(from[q] + step->b + v);
      UNROLL for (std::size_t r = 0; r < FILTERS; r++) {
        const Vec<T> of = load(d[r] + step->a + v);
        UNROLL for (std::size_t q = 0; q < Q; q++) sum[r][q] = fma(of, seen[q], sum[r][q]);
      }
    }
    UNROLL for (std::size_t r = 0; r < FILTERS; r++)
      UNROLL for (std::size_t q = 0; q < Q; q++) store(sums + (r * TAPS + q) * BLOCK + v, sum[r][q]);
  }
}

template <class T>
using Strands = void (*)(const T* const*, const T* const*, List, T*);

// So many weights at once that the sums stay in registers.
template <class T>
constexpr std::size_t most_taps = registers == 32 ? TAPS : TAPS / 2;

template <class T, std::size_t... Q>
inline Strands<T> strands_of(std::size_t taps, std::index_sequence<Q...>) {
  static constexpr Strands<T> functions[] = {strands<T, Q + 1>...};
  return functions[taps - 1];
}

// The sum of the 16 strands of each of 16 sums, from the first example to the last.
template <class T>
inline void sum_strands(const T* sums, T* to) {
  UNROLL for (std::size_t s = 0; s < BLOCK; s += lanes<T>) {
    Vec<T> total = {};
    UNROLL for (std::size_t v = 0; v < BLOCK; v += lanes<T>) {
      Vec<T> rows[lanes<T>];
      UNROLL for (std::size_t i = 0; i < lanes<T>; i++) rows[i] = load(sums + (s + i) * BLOCK + v);
      exchange_all<T, lanes<T> / 2>(rows);
      UNROLL for (std::size_t i = 0; i < lanes<T>; i++) total = total + rows[i];
    }
    store(to + s, total);
  }
}

// ∂C/∂w of a unit's filters in one panel of examples, added to scratch.gradient [FILTERS][filter_width].
template <class T>
inline void conv_gradients(const Layer<T>& layer, std::size_t panel, std::size_t o, std::size_t filters,
                           T* gradient) {
  const Grid &in = layer.in, &out = layer.out;
  const std::size_t taps = in.channels * layer.window.area();
  const T *delta[FILTERS], *x = layer.padded + panel * in.size() * BLOCK;
  for (std::size_t r = 0; r < FILTERS; r++)  // those that aren't there are computed, too, and left
    delta[r] = layer.delta + (panel * out.channels + o + (r < filters ? r : 0)) * out.area() * BLOCK;
  constexpr auto sizes = std::make_index_sequence<most_taps<T>>();
  const Tiling tiles(taps, TAPS);
  alignas(64) T sums[BLOCK * BLOCK] = {}, totals[BLOCK];
  for (std::size_t t = 0; t < tiles.count; t++) {
    const std::size_t tap = tiles.begin(t), count = tiles.begin(t + 1) - tap;
    const T* seen[TAPS];
    for (std::size_t q = 0; q < count; q++) seen[q] = x + layer.over_patch.steps[tap + q].b;
    for (std::size_t q = 0; q < count; q += most_taps<T>) {
      const std::size_t some = count - q < most_taps<T> ? count - q : most_taps<T>;
      strands_of<T>(some, sizes)(delta, seen + q, layer.over_places, sums + q * BLOCK);
    }
    sum_strands(sums, totals);
    for (std::size_t r = 0; r < filters; r++)
      for (std::size_t q = 0; q < count; q++)
        gradient[r * layer.filter_width + tap + q] += totals[r * TAPS + q];
  }
}

// The step of a row of weights; Σ g², in 16 strands.
template <class T, class By>
inline double descend_row(T* weights, const T* gradient, std::size_t width, const By& rule) {
  Descending<T, 1, By> down(rule);
  for (std::size_t k = 0; k < width; k += BLOCK)
    UNROLL for (std::size_t v = 0; v < down.V; v++)
      down.step(0, v, load(gradient + k + v * lanes<T>), weights + k + v * lanes<T>);
  return down.square_sum(0);
}

// ∂C/∂b = Σ over examples and places of δ.
template <class T>
inline T conv_bias_gradient(const Layer<T>& layer, std::size_t panels, std::size_t o) {
  constexpr std::size_t V = BLOCK / lanes<T>;
  Vec<T> sum[V] = {};
  for (std::size_t panel = 0; panel < panels; panel++) {
    const T* delta = layer.delta + (panel * layer.out.channels + o) * layer.out.area() * BLOCK;
    for (std::size_t place = 0; place < layer.out.area(); place++)
      UNROLL for (std::size_t v = 0; v < V; v++) sum[v] = sum[v] + load(delta + place * BLOCK + v * lanes<T>);
  }
  T total = 0;
  for (std::size_t lane = 0; lane < BLOCK; lane++) total += sum[lane / lanes<T>][lane % lanes<T>];
  return total;
}

// The gradient of a unit's filters, and the step that follows from it.
template <class T>
inline void conv_backward_weight(const Layer<T>& layer, const Chunk& chunk, const Descent& how,
                                 std::size_t unit, Scratch<T>& scratch) {
  const std::size_t panels = padded(chunk.rows, BLOCK) / BLOCK, width = layer.filter_width;
  const std::size_t o = unit * FILTERS;
  const std::size_t filters = layer.out.channels - o < FILTERS ? layer.out.channels - o : FILTERS;
  __builtin_memset(scratch.gradient, 0, filters * width * sizeof(T));
  for (std::size_t panel = 0; panel < panels; panel++)
    conv_gradients(layer, panel, o, filters, scratch.gradient);

  double square_sum = 0;
  for (std::size_t r = 0; r < filters; r++) {
    T *gradient = scratch.gradient + r * width, of_bias = conv_bias_gradient(layer, panels, o + r);
    if (layer.weight_gradient) {  // the mini-batch has other chunks, or somebody wants to read it
      T* sums = layer.weight_gradient + (o + r) * width;
      for (std::size_t k = 0; k < width; k += lanes<T>)
        store(sums + k, chunk.opens ? load(gradient + k) : load(sums + k) + load(gradient + k));
      gradient = sums;
      of_bias = layer.bias_gradient[o + r] = chunk.opens ? of_bias : layer.bias_gradient[o + r] + of_bias;
    }
    if (!chunk.closes || !how.apply) continue;
    by_rule(how, layer.weight, layer.of_weight, [&](const auto& rule) {
      square_sum += descend_row(layer.weight + (o + r) * width, gradient, width, rule);
    });
    by_rule(how.of_bias(), layer.bias, layer.of_bias, [&](const auto& rule) {
      for (std::size_t lane = 0; lane < BLOCK; lane += lanes<T>)
        rule.move(layer.bias + (o + r) * BLOCK + lane, all<T>(of_bias));
    });
  }
  layer.square_sums[unit] = square_sum;
}

}  // namespace glassnet::GLASSNET_TARGET
