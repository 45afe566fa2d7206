// The fully connected layer, forward and back: the twin of layers/dense.py. Three products of matrices.
#pragma once

#include "inputs.hpp"
#include "tile.hpp"

namespace glassnet::GLASSNET_TARGET {

template <class T>
constexpr T zeros[2 * BLOCK] = {};

// How many panels a tile takes where there are so many of them, and how many rows then.
template <class T>
inline std::size_t rows_of_tile(std::size_t panels) {
  return most_rows<T>(panels < most_panels<T> ? panels : most_panels<T>);
}

// z = W x + b. Only the inputs that are not 0 in a tile of rows are multiplied.
template <class T>
inline void weigh(const Program<T>& program, const Layer<T>& layer, Scratch<T>& scratch, std::size_t first,
                  std::size_t last) {
  const bool is_first = layer.x == program.x;
  const std::size_t panels = layer.width / BLOCK;
  const Tiling tiles(last - first, rows_of_tile<T>(panels));
  if (is_first)
    for (std::size_t t = 0; t < tiles.count; t++)
      scratch.counts[t] = list_ink(program, first + tiles.begin(t), first + tiles.begin(t + 1),
                                   scratch.steps + t * (layer.n_in + 8), scratch.inked);
  Product<T> of;
  of.b_panel = layer.n_in * BLOCK;
  of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = layer.width, of.c_panel = BLOCK;
  for (std::size_t panel = 0, wide; panel < panels; panel += wide) {
    wide = panels - panel < most_panels<T> ? panels - panel : most_panels<T>;
    of.b = layer.weight + panel * of.b_panel;
    of.start = layer.bias + panel * BLOCK;
    for (std::size_t t = 0; t < tiles.count; t++) {
      const std::size_t row = first + tiles.begin(t), rows = first + tiles.begin(t + 1) - row;
      for (std::size_t r = 0; r < rows; r++) of.a[r] = layer.x + (row + r) * layer.in_width;
      of.steps = is_first ? scratch.steps + t * (layer.n_in + 8) : layer.over_inputs;
      of.count = is_first ? scratch.counts[t] : layer.n_in;
      of.c = layer.z + row * layer.width + panel * BLOCK;
      multiply(of, rows, wide);
    }
  }
}

// ∂C/∂x_k = Σ_j w_jk δ_j, into `dC_dx` [CHUNK][in_width]. Here the rows of a panel are neighbors, so that the
// weights can stay as they stand.
template <class T>
inline void blame_inputs(const Layer<T>& layer, T* dC_dx, Scratch<T>& scratch, std::size_t first, std::size_t last) {
  const std::size_t rows = last - first, panels = padded(rows, BLOCK) / BLOCK, n_in = layer.n_in, n_out = layer.n_out;
  for (std::size_t panel = 0; panel < panels; panel++)
    for (std::size_t lane = 0; lane < BLOCK; lane++) {
      const std::size_t i = panel * BLOCK + lane;
      const T* delta = layer.delta + (first + i) * layer.width;
      T* to = scratch.delta_panels + panel * n_out * BLOCK + lane;
      for (std::size_t j = 0; j < n_out; j++) to[j * BLOCK] = i < rows ? delta[j] : 0;
    }

  Product<T> of;
  of.steps = layer.over_outputs, of.count = n_out;
  of.b_panel = n_out * BLOCK;
  of.start = zeros<T>, of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = BLOCK, of.c_panel = n_in * BLOCK;
  const Tiling tiles(n_in, rows_of_tile<T>(panels));
  for (std::size_t panel = 0, wide; panel < panels; panel += wide) {
    wide = panels - panel < most_panels<T> ? panels - panel : most_panels<T>;
    of.b = scratch.delta_panels + panel * of.b_panel;
    for (std::size_t t = 0; t < tiles.count; t++) {
      const std::size_t k = tiles.begin(t), height = tiles.begin(t + 1) - k;
      for (std::size_t r = 0; r < height; r++) of.a[r] = layer.weight + (k + r) * BLOCK;
      of.c = scratch.dC_dx_panels + panel * of.c_panel + k * BLOCK;
      multiply(of, height, wide);
    }
  }

  for (std::size_t i = 0; i < rows; i++) {
    const T* from = scratch.dC_dx_panels + i / BLOCK * n_in * BLOCK + i % BLOCK;
    T* to = dC_dx + (first + i) * layer.in_width;
    for (std::size_t k = 0; k < n_in; k++) to[k] = from[k * BLOCK];
  }
}

// The step of one panel's weights, w ← w − η (g + (λ/n) w), input after input, and Σ g² on the way.
template <class T, std::size_t P>
struct Descending {
  static constexpr std::size_t V = P * BLOCK / lanes<T>, abreast = 2;
  const Vec<T> minus_eta, decay;
  Vec<T> squares[abreast][V] = {};  // 16 strands for every second input of a panel, whatever a register holds

  explicit Descending(const Descent& how)
      : minus_eta(all<T>(T(-how.learning_rate))), decay(all<T>(T(how.decay))) {}

  void step(std::size_t at, std::size_t v, Vec<T> g, T* weight) {
    squares[at % abreast][v] = fma(g, g, squares[at % abreast][v]);
    const Vec<T> w = load(weight);
    store(weight, fma(minus_eta, fma(decay, w, g), w));
  }

  double square_sum(std::size_t panel) const {
    constexpr std::size_t per_panel = V / P;
    double sum = 0;
    for (std::size_t lane = 0; lane < BLOCK; lane++) {
      const std::size_t v = panel * per_panel + lane / lanes<T>;
      sum += double(squares[0][v][lane % lanes<T>]) + double(squares[1][v][lane % lanes<T>]);
    }
    return sum;
  }
};

// Some inputs' weights, with a row of gradients for each; returns Σ g².
template <class T>
inline double descend(const Layer<T>& layer, const Descent& how, const std::uint64_t* inputs, std::size_t count,
                      const T* gradients) {
  double sum = 0;
  for (std::size_t panel = 0; panel * BLOCK < layer.width; panel++) {
    T* weights = layer.weight + panel * layer.n_in * BLOCK;
    Descending<T, 1> down(how);
    const auto step = [&](std::size_t at, std::size_t of_two) {
      const T* gradient = gradients + at * layer.width + panel * BLOCK;
      UNROLL for (std::size_t v = 0; v < down.V; v++)
        down.step(of_two, v, load(gradient + v * lanes<T>), weights + inputs[at] * BLOCK + v * lanes<T>);
    };
    std::size_t at = 0;
    for (; at + 2 <= count; at += 2) step(at, 0), step(at + 1, 1);
    if (at < count) step(at, 0);
    sum += down.square_sum(0);
  }
  return sum;
}

// The same without a detour through memory, for up to MOST_ROWS rows in all: their δ stay in registers, and
// each input's gradient is used as soon as it is there.
template <class T, std::size_t R, std::size_t P>
double descend_at_once(const Layer<T>& layer, const Descent& how, const std::uint64_t* inputs, std::size_t count,
                       std::size_t panel) {
  constexpr std::size_t per_panel = BLOCK / lanes<T>, V = P * per_panel;
  const std::size_t panel_size = layer.n_in * BLOCK, in_width = layer.in_width;
  const T* x = layer.x;
  T* weights = layer.weight + panel * panel_size;
  Vec<T> delta[R][V];
  UNROLL for (std::size_t i = 0; i < R; i++)
    UNROLL for (std::size_t v = 0; v < V; v++) delta[i][v] = load(layer.delta + i * layer.width + panel * BLOCK + v * lanes<T>);
  Descending<T, P> down(how);
  const auto step = [&](std::size_t at, std::size_t of_two) {
    const std::size_t k = inputs[at];
    Vec<T> sum[V] = {};
    UNROLL for (std::size_t i = 0; i < R; i++) {
      const Vec<T> a = all<T>(x[i * in_width + k]);
      UNROLL for (std::size_t v = 0; v < V; v++) sum[v] = fma(a, delta[i][v], sum[v]);
    }
    UNROLL for (std::size_t v = 0; v < V; v++)
      down.step(of_two, v, sum[v], weights + v / per_panel * panel_size + k * BLOCK + v % per_panel * lanes<T>);
  };
  std::size_t at = 0;
  for (; at + 2 <= count; at += 2) step(at, 0), step(at + 1, 1);
  if (at < count) step(at, 0);
  double sum = 0;
  for (std::size_t p = 0; p < P; p++) sum += down.square_sum(p);
  return sum;
}

template <class T, std::size_t P, std::size_t... R>
inline double descend_at_once(const Layer<T>& layer, const Descent& how, const std::uint64_t* inputs,
                              std::size_t count, std::size_t panel, std::size_t rows, std::index_sequence<R...>) {
  using Function = double (*)(const Layer<T>&, const Descent&, const std::uint64_t*, std::size_t, std::size_t);
  static constexpr Function functions[] = {descend_at_once<T, R + 1, P>...};
  return functions[rows - 1](layer, how, inputs, count, panel);
}

// ∂C/∂b_j = Σ_i δ_ij
template <class T>
inline void blame_biases(const Layer<T>& layer, const Chunk& chunk, const Descent& how) {
  for (std::size_t j = 0; j < layer.width; j += lanes<T>) {
    Vec<T> sum = {};
    for (std::size_t i = 0; i < chunk.rows; i++) sum = sum + load(layer.delta + i * layer.width + j);
    if (!chunk.opens) sum = load(layer.bias_gradient + j) + sum;
    if (layer.bias_gradient) store(layer.bias_gradient + j, sum);
    if (chunk.closes && how.apply) store(layer.bias + j, fma(all<T>(T(-how.learning_rate)), sum, load(layer.bias + j)));
  }
}

// Weights whose gradient is 0 shrink all the same.
template <class T>
inline void shrink(const Layer<T>& layer, const Descent& how, const std::uint64_t* inputs, std::size_t count,
                   Scratch<T>& scratch) {
  if (how.decay == 0) return;
  __builtin_memset(scratch.gradient, 0, count * layer.width * sizeof(T));
  descend(layer, how, inputs, count, scratch.gradient);
}

// ∂C/∂w_jk = Σ_i δ_ij x_ik for the inputs k of a unit, and the step that follows from it. `ink` has a bit
// for each of them that is not 0 in every row of the chunk.
template <class T>
inline void blame_weights(const Layer<T>& layer, const Chunk& chunk, const Descent& how, std::uint64_t ink,
                          std::size_t unit, Scratch<T>& scratch) {
  const std::size_t begin = unit * UNIT, end = begin + UNIT < layer.n_in ? begin + UNIT : layer.n_in;
  const bool sum_up = layer.weight_gradient != nullptr;  // in memory, over the chunks
  if (sum_up && chunk.opens)
    __builtin_memset(layer.weight_gradient + begin * layer.width, 0, (end - begin) * layer.width * sizeof(T));

  const std::uint64_t all = end - begin == UNIT ? ~std::uint64_t(0) : (std::uint64_t(1) << (end - begin)) - 1;
  std::uint64_t inputs[UNIT + 8];
  std::size_t count = list_bits<0>(ink & all, begin, inputs);

  const std::size_t panels = layer.width / BLOCK;
  if (!sum_up && chunk.rows <= MOST_ROWS) {
    double sum = 0;
    constexpr auto rows = std::make_index_sequence<MOST_ROWS>();
    for (std::size_t panel = 0, wide; panel < panels; panel += wide) {
      wide = panels - panel < most_panels<T> ? panels - panel : most_panels<T>;
      if (wide == 1)
        sum += descend_at_once<T, 1>(layer, how, inputs, count, panel, chunk.rows, rows);
      else
        sum += descend_at_once<T, most_panels<T>>(layer, how, inputs, count, panel, chunk.rows, rows);
    }
    layer.square_sums[unit] = sum;
    shrink(layer, how, inputs, list_bits<0>(~ink & all, begin, inputs), scratch);
    return;
  }

  Product<T> of;
  of.steps = layer.over_rows, of.count = chunk.rows;
  of.b_panel = BLOCK;
  of.start = zeros<T>, of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = layer.width, of.c_panel = BLOCK;
  const Tiling tiles(count, rows_of_tile<T>(panels));
  for (std::size_t t = 0; t < tiles.count; t++) {
    const std::size_t row = tiles.begin(t), height = tiles.begin(t + 1) - row;
    for (std::size_t r = 0; r < height; r++) of.a[r] = layer.x + inputs[row + r];
    for (std::size_t panel = 0, wide; panel < panels; panel += wide) {
      wide = panels - panel < most_panels<T> ? panels - panel : most_panels<T>;
      of.b = layer.delta + panel * BLOCK;
      of.c = scratch.gradient + row * layer.width + panel * BLOCK;
      multiply(of, height, wide);
    }
  }

  if (!sum_up) {
    layer.square_sums[unit] = descend(layer, how, inputs, count, scratch.gradient);
    shrink(layer, how, inputs, list_bits<0>(~ink & all, begin, inputs), scratch);
    return;
  }
  for (std::size_t at = 0; at < count; at++) {
    T* sum = layer.weight_gradient + inputs[at] * layer.width;
    const T* row = scratch.gradient + at * layer.width;
    for (std::size_t j = 0; j < layer.width; j += lanes<T>) store(sum + j, load(sum + j) + load(row + j));
  }
  if (!chunk.closes || !how.apply) return;
  count = list_bits<0>(all, begin, inputs);
  layer.square_sums[unit] = descend(layer, how, inputs, count, layer.weight_gradient + begin * layer.width);
}

}  // namespace glassnet::GLASSNET_TARGET
