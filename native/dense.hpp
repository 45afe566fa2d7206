// The fully connected layer, forward and back: the twin of layers/dense.py. Three products of matrices.
#pragma once

#include "descent.hpp"
#include "inputs.hpp"
#include "panels.hpp"
#include "tile.hpp"

namespace glassnet::GLASSNET_TARGET {

template <class T>
constexpr T zeros[2 * BLOCK] = {};

// How many rows a tile takes where there are so many panels.
template <class T>
inline std::size_t rows_of_tile(std::size_t panels) {
  return most_rows<T>(panels < most_panels<T> ? panels : most_panels<T>);
}

// do(panel, wide) for all panels, as many at a time as a tile takes.
template <class T, class Do>
inline void for_panels(std::size_t panels, Do work) {
  std::size_t panel = 0;
  for (; panel + most_panels<T> <= panels; panel += most_panels<T>) work(panel, most_panels<T>);
  for (; panel < panels; panel++) work(panel, std::size_t(1));
}

// z = W x + b. Only the inputs that are not 0 in a tile of rows are multiplied.
template <class T>
inline void dense_forward(const Program<T>& program, const Layer<T>& layer, Scratch<T>& scratch,
                          std::size_t first, std::size_t last) {
  const bool is_first = layer.x == program.x;
  const std::size_t panels = layer.width / BLOCK;
  const Tiling tiles(last - first, rows_of_tile<T>(panels));
  if (is_first)
    for (std::size_t t = 0; t < tiles.count; t++)
      scratch.counts[t] = list_ink(program, first + tiles.begin(t), first + tiles.begin(t + 1),
                                   scratch.steps + t * (layer.n_in + SLACK), scratch.inked);
  Product<T> of;
  of.b_panel = layer.n_in * BLOCK;
  of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = layer.width, of.c_panel = BLOCK;
  for_panels<T>(panels, [&](std::size_t panel, std::size_t wide) {
    of.b = layer.weight + panel * of.b_panel;
    of.start = layer.bias + panel * BLOCK;
    for (std::size_t t = 0; t < tiles.count; t++) {
      const std::size_t row = first + tiles.begin(t), rows = first + tiles.begin(t + 1) - row;
      for (std::size_t r = 0; r < rows; r++) of.a[r] = layer.x + (row + r) * layer.in_width;
      of.steps = is_first ? scratch.steps + t * (layer.n_in + SLACK) : layer.over_inputs;
      of.count = is_first ? scratch.counts[t] : layer.n_in;
      of.c = layer.z + row * layer.width + panel * BLOCK;
      multiply(of, rows, wide);
    }
  });
}

// ∂C/∂x_k = Σ_j w_jk δ_j, into `dC_dx` [CHUNK][in_width]. Here the rows of a panel are neighbors, so that the
// weights can stay as they stand.
template <class T>
inline void dense_dC_dx(const Layer<T>& layer, T* dC_dx, Scratch<T>& scratch, std::size_t first,
                        std::size_t last) {
  const std::size_t rows = last - first, panels = padded(rows, BLOCK) / BLOCK;
  const std::size_t n_in = layer.n_in, n_out = layer.n_out;
  into_panels(layer.delta + first * layer.width, layer.width, rows, n_out, scratch.delta_panels);

  Product<T> of;
  of.steps = layer.over_outputs, of.count = n_out;
  of.b_panel = n_out * BLOCK;
  of.start = zeros<T>, of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = BLOCK, of.c_panel = n_in * BLOCK;
  const Tiling tiles(n_in, rows_of_tile<T>(panels));
  for_panels<T>(panels, [&](std::size_t panel, std::size_t wide) {
    of.b = scratch.delta_panels + panel * of.b_panel;
    for (std::size_t t = 0; t < tiles.count; t++) {
      const std::size_t k = tiles.begin(t), height = tiles.begin(t + 1) - k;
      for (std::size_t r = 0; r < height; r++) of.a[r] = layer.weight + (k + r) * BLOCK;
      of.c = scratch.dC_dx_panels + panel * of.c_panel + k * BLOCK;
      multiply(of, height, wide);
    }
  });

  out_of_panels(scratch.dC_dx_panels, n_in, rows, dC_dx + first * layer.in_width, layer.in_width);
}

// The step of P panels' weights, input after input, and Σ g² on the way.
template <class T, std::size_t P, class By>
struct Descending {
  static constexpr std::size_t V = P * BLOCK / lanes<T>;
  const By rule;
  Vec<T> squares[2][V] = {};  // 16 strands for every second input of a panel, whatever a register holds

  explicit Descending(const By& rule) : rule(rule) {}

  void step(std::size_t of_two, std::size_t v, Vec<T> g, T* weight) {
    squares[of_two][v] = fma(g, g, squares[of_two][v]);
    rule.move(weight, g);
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

// Some inputs, by their numbers.
struct Inputs {
  std::uint64_t k[UNIT + SLACK];
  std::size_t count;
  Inputs(std::uint64_t bits, std::size_t begin) : count(list_bits<0>(bits, begin, k)) {}
};

// The weights of some inputs, with a row of gradients for each; returns Σ g².
template <class T, class By>
inline double descend(const Layer<T>& layer, const By& rule, const Inputs& inputs, const T* gradients) {
  double sum = 0;
  for (std::size_t panel = 0; panel * BLOCK < layer.width; panel++) {
    T* weights = layer.weight + panel * layer.n_in * BLOCK;
    Descending<T, 1, By> down(rule);
    const auto step = [&](std::size_t at, std::size_t of_two) {
      const T* gradient = gradients + at * layer.width + panel * BLOCK;
      UNROLL for (std::size_t v = 0; v < down.V; v++)
        down.step(of_two, v, load(gradient + v * lanes<T>), weights + inputs.k[at] * BLOCK + v * lanes<T>);
    };
    std::size_t at = 0;
    for (; at + 2 <= inputs.count; at += 2) step(at, 0), step(at + 1, 1);
    if (at < inputs.count) step(at, 0);
    sum += down.square_sum(0);
  }
  return sum;
}

// The weights of inputs whose gradient is 0: they shrink, or roll on, all the same.
template <class T, class By>
inline void descend_idle(const Layer<T>& layer, const By& rule, const Inputs& inputs) {
  for (std::size_t panel = 0; panel * BLOCK < layer.width; panel++)
    for (std::size_t at = 0; at < inputs.count; at++)
      for (std::size_t j = 0; j < BLOCK; j += lanes<T>)
        rule.move(layer.weight + (panel * layer.n_in + inputs.k[at]) * BLOCK + j, Vec<T>{});
}

// Both by the plain rule, for mini-batches of up to MOST_ROWS rows, without a detour through memory: their δ
// stay in registers, and each input's gradient is used as soon as it is there.
template <class T, std::size_t R, std::size_t P>
double descend_at_once(const Layer<T>& layer, const Descent& how, const Inputs& inputs, const Inputs& idle,
                       std::size_t panel) {
  constexpr std::size_t per_panel = BLOCK / lanes<T>, V = P * per_panel;
  const std::size_t panel_size = layer.n_in * BLOCK, in_width = layer.in_width;
  const T* x = layer.x;
  T* weights = layer.weight + panel * panel_size;
  Vec<T> delta[R][V];
  UNROLL for (std::size_t i = 0; i < R; i++)
    UNROLL for (std::size_t v = 0; v < V; v++)
      delta[i][v] = load(layer.delta + i * layer.width + panel * BLOCK + v * lanes<T>);
  Descending<T, P, Plain<T>> down(Plain<T>(how, layer.weight, layer.of_weight));
  const auto weight = [&](std::size_t k, std::size_t v) {
    return weights + v / per_panel * panel_size + k * BLOCK + v % per_panel * lanes<T>;
  };
  const auto step = [&](std::size_t k, std::size_t of_two) {
    Vec<T> sum[V] = {};
    UNROLL for (std::size_t i = 0; i < R; i++) {
      const Vec<T> a = all<T>(x[i * in_width + k]);
      UNROLL for (std::size_t v = 0; v < V; v++) sum[v] = fma(a, delta[i][v], sum[v]);
    }
    UNROLL for (std::size_t v = 0; v < V; v++) down.step(of_two, v, sum[v], weight(k, v));
  };
  const auto shrink = [&](std::size_t k) {
    UNROLL for (std::size_t v = 0; v < V; v++) down.rule.move(weight(k, v), Vec<T>{});
  };
  std::size_t at = 0, rest = 0;
  for (; at + 2 <= inputs.count; at += 2) {
    step(inputs.k[at], 0), step(inputs.k[at + 1], 1);
    // These wait for memory while those compute.
    if (rest + 2 <= idle.count) shrink(idle.k[rest]), shrink(idle.k[rest + 1]), rest += 2;
  }
  if (at < inputs.count) step(inputs.k[at], 0);
  for (; rest < idle.count; rest++) shrink(idle.k[rest]);
  double sum = 0;
  for (std::size_t p = 0; p < P; p++) sum += down.square_sum(p);
  return sum;
}

template <class T>
using AtOnce = double (*)(const Layer<T>&, const Descent&, const Inputs&, const Inputs&, std::size_t panel);

template <class T, std::size_t P, std::size_t... R>
inline AtOnce<T> at_once_of(std::size_t rows, std::index_sequence<R...>) {
  static constexpr AtOnce<T> functions[] = {descend_at_once<T, R + 1, P>...};
  return functions[rows - 1];
}

template <class T>
inline double descend_at_once(const Layer<T>& layer, const Descent& how, const Inputs& inputs,
                              const Inputs& idle, std::size_t rows) {
  constexpr auto heights = std::make_index_sequence<MOST_ROWS>();
  double sum = 0;
  for_panels<T>(layer.width / BLOCK, [&](std::size_t panel, std::size_t wide) {
    const auto run =
        wide == 1 ? at_once_of<T, 1>(rows, heights) : at_once_of<T, most_panels<T>>(rows, heights);
    sum += run(layer, how, inputs, idle, panel);
  });
  return sum;
}

// ∂C/∂b_j = Σ_i δ_ij
template <class T>
inline void dense_backward_bias(const Layer<T>& layer, const Chunk& chunk, const Descent& step) {
  const Descent how = step.of_bias();
  for (std::size_t j = 0; j < layer.width; j += lanes<T>) {
    Vec<T> sum = {};
    for (std::size_t i = 0; i < chunk.rows; i++) sum = sum + load(layer.delta + i * layer.width + j);
    if (!chunk.opens) sum = load(layer.bias_gradient + j) + sum;
    if (layer.bias_gradient) store(layer.bias_gradient + j, sum);
    if (chunk.closes && how.apply)
      by_rule(how, layer.bias, layer.of_bias, [&](const auto& rule) { rule.move(layer.bias + j, sum); });
  }
}

// ∂C/∂w_jk = Σ_i δ_ij x_ik for some inputs k, in the given rows i: a row for each into scratch.gradient, from
// the row `at` on.
template <class T>
inline void weight_gradients(const Layer<T>& layer, const std::uint64_t* inputs, std::size_t count,
                             const Step* steps, std::size_t step_count, std::size_t at, Scratch<T>& scratch) {
  const std::size_t panels = layer.width / BLOCK;
  Product<T> of;
  of.steps = steps, of.count = step_count;
  of.b_panel = BLOCK;
  of.start = zeros<T>, of.start_row = 0, of.start_panel = BLOCK;
  of.c_row = layer.width, of.c_panel = BLOCK;
  const Tiling tiles(count, rows_of_tile<T>(panels));
  for (std::size_t t = 0; t < tiles.count; t++) {
    const std::size_t row = tiles.begin(t), height = tiles.begin(t + 1) - row;
    for (std::size_t r = 0; r < height; r++) of.a[r] = layer.x + inputs[row + r];
    for_panels<T>(panels, [&](std::size_t panel, std::size_t wide) {
      of.b = layer.delta + panel * BLOCK;
      of.c = scratch.gradient + (at + row) * layer.width + panel * BLOCK;
      multiply(of, height, wide);
    });
  }
}

// The same for the network's inputs: eight neighbors at a time, in the rows where one of them is not 0.
template <class T>
inline void weight_gradients_of_ink(const Program<T>& program, const Layer<T>& layer, std::size_t rows,
                                    std::uint64_t ink, std::size_t begin, const Inputs& inputs,
                                    Scratch<T>& scratch) {
  std::size_t at = 0;
  for (; ink; ink >>= 8, begin += 8) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows; i++) {
      scratch.steps[count] = layer.over_rows[i];
      count += load_as<std::uint64_t>(program.inked + i * program.ink_width + begin) != 0;
    }
    const std::size_t neighbors = std::size_t(__builtin_popcountll(ink & 255));
    weight_gradients(layer, inputs.k + at, neighbors, scratch.steps, count, at, scratch);
    at += neighbors;
  }
}

// The gradient of the weights of one unit's inputs, and the step that follows from it. `ink` has a bit for
// each input that is not 0 in some row of the chunk.
template <class T>
inline void dense_backward_weight(const Program<T>& program, const Layer<T>& layer, const Chunk& chunk,
                                  const Descent& how, std::uint64_t ink, std::size_t unit,
                                  Scratch<T>& scratch) {
  const std::size_t begin = unit * UNIT, size = layer.n_in - begin < UNIT ? layer.n_in - begin : UNIT;
  const std::uint64_t in_unit = ~std::uint64_t(0) >> (UNIT - size);
  const Inputs inputs(ink & in_unit, begin);
  double& square_sum = layer.square_sums[unit];
  const auto gradients = [&] {
    if (layer.x == program.x)
      weight_gradients_of_ink(program, layer, chunk.rows, ink & in_unit, begin, inputs, scratch);
    else
      weight_gradients(layer, inputs.k, inputs.count, layer.over_rows, chunk.rows, 0, scratch);
  };

  if (!layer.weight_gradient) {  // the chunk is the whole mini-batch
    const Inputs idle(how.never_rests() ? ~ink & in_unit : 0, begin);
    if (how.plain() && chunk.rows <= MOST_ROWS) {
      square_sum = descend_at_once(layer, how, inputs, idle, chunk.rows);
      return;
    }
    gradients();
    by_rule(how, layer.weight, layer.of_weight, [&](const auto& rule) {
      square_sum = descend(layer, rule, inputs, scratch.gradient);
      descend_idle(layer, rule, idle);
    });
    return;
  }

  T* sums = layer.weight_gradient + begin * layer.width;
  if (chunk.opens) __builtin_memset(sums, 0, size * layer.width * sizeof(T));
  gradients();
  for (std::size_t at = 0; at < inputs.count; at++) {
    T* sum = layer.weight_gradient + inputs.k[at] * layer.width;
    const T* row = scratch.gradient + at * layer.width;
    for (std::size_t j = 0; j < layer.width; j += lanes<T>) store(sum + j, load(sum + j) + load(row + j));
  }
  if (chunk.closes && how.apply)
    by_rule(how, layer.weight, layer.of_weight,
            [&](const auto& rule) { square_sum = descend(layer, rule, Inputs(in_unit, begin), sums); });
}

}  // namespace glassnet::GLASSNET_TARGET
