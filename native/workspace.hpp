// A network laid out in memory for the kernels: parameters in panels, room for a chunk's activations.
#pragma once

#include <cstring>
#include <vector>

#include "memory.hpp"
#include "program.hpp"
#include "windows.hpp"

namespace glassnet {

// A layer without its numbers.
struct Operation {
  Kind kind;
  Activation activation;
  std::size_t n_in, n_out;
  bool on_images;  // its outputs are images
  Grid in, out;    // of layers on images
  Window window;
  std::uint32_t threshold;  // of dropout
  double scale;
};
using Plan = std::vector<Operation>;

inline bool is_dense(const Operation& of) { return of.kind == Kind::dense; }
inline bool is_conv(const Operation& of) { return of.kind == Kind::conv; }
inline std::size_t width(std::size_t n) { return padded(n, BLOCK); }
inline std::size_t panels(std::size_t rows) { return padded(rows, BLOCK) / BLOCK; }

// What a kind of layer learns: no bias without a weight.
struct Learned {
  bool weight, bias;
};

inline Learned learned(Kind kind) {
  switch (kind) {
    case Kind::dense:
    case Kind::conv: return {true, true};
    case Kind::softmax:
    case Kind::flatten:
    case Kind::dropout:
    case Kind::max_pool:
    case Kind::average_pool: return {false, false};
  }
  __builtin_unreachable();
}

inline bool has_weight(const Operation& of) { return learned(of.kind).weight; }
inline bool has_bias(const Operation& of) { return learned(of.kind).bias; }

// How many biases a layer has, if it has any.
inline std::size_t neurons(const Operation& of) { return of.on_images ? of.out.channels : of.n_out; }

// Weights that lead to one neuron, or to each place of one channel.
inline std::size_t fan_in(const Operation& of) {
  return is_dense(of) ? of.n_in : is_conv(of) ? of.in.channels * of.window.area() : 1;
}
inline std::size_t filter_width(const Operation& of) { return width(fan_in(of)); }

// Pieces of work that the gradient of the weights is cut into: 4 channels, or 64 inputs.
inline std::size_t units(std::size_t n) { return padded(n, UNIT) / UNIT; }
inline std::size_t units(const Operation& of) {
  if (!has_weight(of)) return 0;
  return of.on_images ? padded(neurons(of), FILTERS) / FILTERS : units(of.n_in);
}

inline std::size_t layers_on_images(const Plan& plan) {
  std::size_t count = 0;
  while (count < plan.size() && plan[count].on_images) count++;
  return count;
}

// Multiplications and additions of one row forward; of all three products of a step it is thrice that.
inline std::size_t multiply_adds(const Plan& plan) {
  std::size_t sum = 0;
  for (const Operation& of : plan) sum += has_weight(of) ? of.n_out * fan_in(of) : 0;
  return sum;
}

// Rows that training takes at a time. Fewer where images make many numbers: the memory they need is bounded,
// and the number of rows depends on shapes alone.
inline std::size_t rows_of_chunk(const Plan& plan, std::size_t number_size) {
  constexpr std::size_t most = std::size_t(24) << 20;  // bytes
  std::size_t numbers = 0;
  for (const Operation& of : plan) numbers += of.on_images ? of.n_in + 3 * of.n_out : 0;
  if (numbers == 0) return CHUNK;
  const std::size_t fit = most / (numbers * number_size) / BLOCK * BLOCK;
  return fit < BLOCK ? BLOCK : fit < CHUNK ? fit : CHUNK;
}

// A layer's parameters as the network has them: a weight (neurons, fan_in …) and a bias (neurons,), or less.
template <class T>
struct Parameters {
  T* weight;
  T* bias;
};

// How numbers (count, n) stand in memory.
enum class Packing {
  panels,    // [width(count) / BLOCK][n][BLOCK], filled up with 0; where n is 1, a row
  rows,      // [count][width(n)], filled up with 0
  repeated,  // [count][BLOCK], the same number for every example of a panel; n is 1
};

struct Packed {
  Packing packing;
  std::size_t count, n;

  std::size_t size() const {
    switch (packing) {
      case Packing::panels: return width(count) * n;
      case Packing::rows: return count * width(n);
      case Packing::repeated: return count * BLOCK;
    }
    __builtin_unreachable();
  }
};

// Neurons stand in panels. Of a layer on panels of examples, a filter is a row, and what is one number for a
// channel stands there for each example.
inline Packed packed_weight(const Operation& of, bool abreast) {
  if (!has_weight(of)) return {Packing::panels, 0, 0};
  const Packing on_images = is_conv(of) ? Packing::rows : Packing::repeated;
  return {of.on_images && !abreast ? on_images : Packing::panels, neurons(of), fan_in(of)};
}

inline Packed packed_bias(const Operation& of, bool abreast) {
  if (!has_bias(of)) return {Packing::panels, 0, 0};
  return {of.on_images && !abreast ? Packing::repeated : Packing::panels, neurons(of), 1};
}

template <class T>
struct Panels {
  T* weight;  // as packed_weight says
  T* bias;    // as packed_bias says
  bool finite;
};

// The parameters of all layers, packed. Neurons that fill up a last panel have parameters 0, and keep them.
template <class T>
class Weights {
 public:
  Weights(const Kernels<T>& kernels, const Plan& plan, const Parameters<T>* parameters, Block& block,
          bool abreast = false)
      : kernels_(kernels), plan_(plan), abreast_(abreast) {
    Shelf measure;
    lay_out(measure, false);
    Shelf shelf(block.of_size(measure.used()));
    lay_out(shelf, true);
    for (std::size_t l = 0; l < plan.size(); l++) {
      pack(packed_weight(plan[l], abreast), parameters[l].weight, panels[l].weight);
      pack(packed_bias(plan[l], abreast), parameters[l].bias, panels[l].bias);
      bool finite = true;
      for (std::size_t i = 0; is_dense(plan[l]) && i < plan[l].n_out * plan[l].n_in; i++)
        finite &= parameters[l].weight[i] - parameters[l].weight[i] == 0;
      panels[l].finite = finite;
    }
  }

  void unpack(const Parameters<T>* parameters) const {
    for (std::size_t l = 0; l < plan_.size(); l++) {
      unpack(packed_weight(plan_[l], abreast_), panels[l].weight, parameters[l].weight);
      unpack(packed_bias(plan_[l], abreast_), panels[l].bias, parameters[l].bias);
    }
  }

  Panels<T>* panels;  // one for each layer

 private:
  void lay_out(Shelf& shelf, bool place) {
    panels = shelf.take<Panels<T>>(plan_.size());
    for (std::size_t l = 0; l < plan_.size(); l++) {
      T* weight = shelf.take<T>(packed_weight(plan_[l], abreast_).size());
      T* bias = shelf.take<T>(packed_bias(plan_[l], abreast_).size());
      if (place) panels[l] = {weight, bias, true};
    }
  }

  void pack(const Packed& how, const T* from, T* to) const {
    const std::size_t n = how.n, row = width(n);
    switch (how.packing) {
      case Packing::panels: return kernels_.into_panels(from, n, how.count, n, to);
      case Packing::rows:
        for (std::size_t i = 0; i < how.count; i++)
          for (std::size_t k = 0; k < row; k++) to[i * row + k] = k < n ? from[i * n + k] : T(0);
        return;
      case Packing::repeated:
        for (std::size_t i = 0; i < how.count; i++)
          for (std::size_t lane = 0; lane < BLOCK; lane++) to[i * BLOCK + lane] = from[i];
    }
  }

  void unpack(const Packed& how, const T* from, T* to) const {
    const std::size_t n = how.n, row = width(n);
    switch (how.packing) {
      case Packing::panels: return kernels_.out_of_panels(from, n, how.count, to, n);
      case Packing::rows:
        for (std::size_t i = 0; i < how.count; i++) std::memcpy(to + i * n, from + i * row, n * sizeof(T));
        return;
      case Packing::repeated:
        for (std::size_t i = 0; i < how.count; i++) to[i] = from[i * BLOCK];
    }
  }

  const Kernels<T>& kernels_;
  const Plan& plan_;
  const bool abreast_;
};

// How a layer's weight_gradient stands in memory, and where in it ∂C/∂w_jk. Its bias_gradient is a row.
inline std::size_t gradient_size(const Operation& of) {
  return is_conv(of) ? neurons(of) * filter_width(of) : fan_in(of) * width(neurons(of));
}
inline std::size_t gradient_place(const Operation& of, std::size_t j, std::size_t k) {
  return is_conv(of) ? j * filter_width(of) + k : k * width(neurons(of)) + j;
}

// What a piece of work needs room for.
struct Needs {
  std::size_t rows;           // in a chunk
  bool backward = false;
  bool sums = false;          // gradients in memory
  bool every_number = false;  // z, a and ∂C/∂a of every layer, each in its own place
  Draw draw = {};
  bool abreast = false;       // a single row, its channels side by side
  Moves moves = {};
};

// The sums of a layer with a window, term by term.
template <class T>
void lay_out_windows(Shelf& shelf, const Operation& of, bool backward, Layer<T>& layer, bool place) {
  const std::size_t size = of.window.size, filters = is_conv(of) ? of.out.channels : 1;
  const auto list = [&](std::size_t count, auto fill) -> List {
    Step* steps = shelf.take<Step>(count);
    if (place) fill(steps);
    return {steps, count};
  };
  if (is_conv(of)) {
    layer.over_patch = list(fan_in(of), [&](Step* step) {
      for (std::size_t c = 0; c < of.in.channels; c++)
        for (std::size_t i = 0; i < size; i++)
          for (std::size_t j = 0; j < size; j++, step++)
            *step = {std::uint32_t((c * size + i) * size + j),
                     std::uint32_t((c * layer.in.area() + i * layer.in.width + j) * BLOCK)};
    });
    layer.over_places = list(backward ? of.out.area() : 0, [&](Step* step) {
      for (std::size_t p = 0; p < (backward ? of.out.area() : 0); p++) {
        const std::size_t y = p / of.out.width, x = p % of.out.width;
        step[p] = {std::uint32_t(p * BLOCK),
                   std::uint32_t((y * layer.in.width + x) * of.window.stride * BLOCK)};
      }
    });
  }
  if (!backward) return;
  const Side down(of.in.height, of.window, of.out.height), across(of.in.width, of.window, of.out.width);
  List* lists = shelf.take<List>(down.kinds.size() * across.kinds.size());
  for (const auto& rows : down.kinds)
    for (const auto& columns : across.kinds) {
      const List one = list(filters * rows.size() * columns.size(), [&](Step* step) {
        for (std::size_t o = 0; o < filters; o++)
          for (const Step& row : rows)
            for (const Step& column : columns)
              *step++ = {std::uint32_t(o * filter_width(of) + row.a * size + column.a),
                         std::uint32_t((o * of.out.area() + row.b * of.out.width + column.b) * BLOCK)};
      });
      if (place) *lists++ = one;
    }
  const auto copy = [&](const std::vector<Seen>& seen) {
    Seen* to = shelf.take<Seen>(seen.size());
    if (place) std::memcpy(to, seen.data(), seen.size() * sizeof(Seen));
    return to;
  };
  layer.back.lists = lists - (place ? down.kinds.size() * across.kinds.size() : 0);
  layer.back.across_kinds = across.kinds.size();
  layer.back.down = copy(down.seen), layer.back.across = copy(across.seen);
}

// What a layer whose outputs are images needs for so many panels of examples.
template <class T>
void lay_out_on_images(Shelf& shelf, const Operation& of, const Needs& needs, const T* x, Layer<T>& layer,
                       bool place) {
  const std::size_t count = panels(needs.rows), numbers = count * of.n_out * BLOCK;
  const std::size_t around = 2 * of.window.padding;
  layer.on_images = true;
  layer.out = of.out;
  layer.in = {of.in.channels, of.in.height + around, of.in.width + around};
  layer.window = of.window;
  layer.padded = const_cast<T*>(x);
  if (around) {
    layer.padded = shelf.take<T>(count * layer.in.size() * BLOCK);
    if (place) std::memset(layer.padded, 0, count * layer.in.size() * BLOCK * sizeof(T));
  }
  layer.a = shelf.take<T>(numbers);
  layer.z = needs.every_number ? shelf.take<T>(numbers) : layer.a;
  if (needs.backward) layer.delta = shelf.take<T>(numbers);
  if (needs.every_number) layer.dC_da = shelf.take<T>(numbers);
  if (needs.backward && of.kind == Kind::max_pool) layer.winner = shelf.take<T>(numbers);
  if (needs.draw.on && of.kind == Kind::dropout) layer.mask = shelf.take<T>(numbers);
  if (of.window.size) lay_out_windows(shelf, of, needs.backward, layer, place);
  if (is_conv(of)) layer.filter_width = filter_width(of);
}

// The same for a single example with its channels side by side, which is only passed forward.
template <class T>
void lay_out_abreast(Shelf& shelf, const Operation& of, const T* x, std::size_t place_step, Layer<T>& layer,
                     bool place) {
  const std::size_t size = of.window.size, around = 2 * of.window.padding;
  layer.on_images = true;
  layer.out = of.out, layer.window = of.window;
  layer.in = {of.in.channels, of.in.height + around, of.in.width + around};
  layer.width = width(of.out.channels);
  layer.place_step = place_step;
  const std::size_t channel_step = place_step == 1 ? layer.in.area() : 1;
  layer.padded = const_cast<T*>(x);
  if (around) {
    const std::size_t count = layer.in.area() * (place_step == 1 ? of.in.channels : place_step);
    layer.padded = shelf.take<T>(count);
    if (place) std::memset(layer.padded, 0, count * sizeof(T));
  }
  layer.z = layer.a = shelf.take<T>(of.out.area() * layer.width);
  if (!is_conv(of)) return;
  Step* step = shelf.take<Step>(fan_in(of));
  layer.over_patch = {step, fan_in(of)};
  for (std::size_t k = 0; place && k < fan_in(of); k++) {
    const std::size_t c = k / (size * size), i = k / size % size, j = k % size;
    step[k] = {std::uint32_t((i * layer.in.width + j) * place_step + c * channel_step),
               std::uint32_t(k * BLOCK)};
  }
}

template <class T>
Program<T> lay_out_program(Shelf& shelf, const Plan& plan, const Panels<T>* panels, const Needs& needs,
                           bool place) {
  Program<T> program;
  const std::size_t n_in = plan[0].n_in, rows = needs.rows;
  program.count = plan.size();
  program.on_images = layers_on_images(plan);
  program.abreast = needs.abreast && program.on_images;
  program.draw = needs.draw;
  program.layers = shelf.take<Layer<T>>(plan.size());
  program.x = shelf.take<T>(rows * width(n_in));
  // A convolution finds the channels of a single example wherever they are; others want them side by side.
  const bool as_they_come = program.abreast && is_conv(plan[0]);
  const std::size_t x_size = program.abreast ? plan[0].in.area() * width(plan[0].in.channels)
                                             : glassnet::panels(rows) * n_in * BLOCK;
  program.x_panels = shelf.take<T>(program.on_images && !as_they_come ? x_size : 0);
  if (place && program.abreast && !as_they_come) std::memset(program.x_panels, 0, x_size * sizeof(T));
  program.ink_width = padded(n_in, UNIT);
  // 0 times ∞ is not 0, and whoever reads every number wants to see that.
  program.skip_zeros = !needs.every_number && panels[0].finite;
  program.inked = shelf.take<std::uint8_t>(rows * program.ink_width);
  if (place) {
    std::memset(program.x, 0, rows * width(n_in) * sizeof(T));
    std::memset(program.inked, 0, rows * program.ink_width);
  }
  const T* x = program.on_images && !as_they_come ? program.x_panels : program.x;
  std::size_t words = 0;  // of an example, for dropout
  for (std::size_t l = 0; l < plan.size(); l++) {
    const Operation& of = plan[l];
    Layer<T> layer{};
    layer.kind = of.kind, layer.activation = of.activation;
    layer.n_in = of.n_in, layer.in_width = width(of.n_in);
    layer.n_out = of.n_out, layer.width = width(of.n_out);
    layer.x = x;
    layer.units = units(of);
    layer.square_sums = shelf.take<double>(needs.backward ? layer.units : 0);
    if (place && has_weight(of)) layer.weight = panels[l].weight, layer.bias = panels[l].bias;
    if (needs.sums && has_weight(of)) {
      layer.weight_gradient = shelf.take<T>(gradient_size(of));
      layer.bias_gradient = shelf.take<T>(width(neurons(of)));
    }
    layer.dropping = {of.threshold, of.scale, words};
    if (of.kind == Kind::dropout) words += of.n_out;
    if (of.on_images) {
      const std::size_t place_step = l == 0 && as_they_come ? 1 : width(of.in.channels);
      if (program.abreast)
        lay_out_abreast(shelf, of, x, place_step, layer, place);
      else
        lay_out_on_images(shelf, of, needs, x, layer, place);
      if (place) program.layers[l] = layer;
      x = layer.a;
      continue;
    }
    layer.a = shelf.take<T>(rows * layer.width);
    const bool own_z = needs.every_number || l + 1 == plan.size();  // the cost may want it
    const bool from_images = program.on_images && l == program.on_images;
    const bool as_it_is = of.kind == Kind::softmax || (of.kind == Kind::flatten && !from_images);
    layer.z = as_it_is ? const_cast<T*>(x) : own_z ? shelf.take<T>(rows * layer.width) : layer.a;
    if (place && !as_it_is) std::memset(layer.z, 0, rows * layer.width * sizeof(T));
    if (of.kind == Kind::dropout && needs.draw.on) {
      layer.mask = shelf.take<T>(rows * layer.width);
      if (place) std::memset(layer.mask, 0, rows * layer.width * sizeof(T));
    }
    if (is_dense(of)) {
      Step* over_inputs = shelf.take<Step>(l > 0 ? of.n_in : 0);  // the first layer lists what has ink
      for (std::uint32_t k = 0; place && l > 0 && k < of.n_in; k++)
        over_inputs[k] = {k, std::uint32_t(k * BLOCK)};
      layer.over_inputs = over_inputs;
    }
    if (needs.backward) {
      layer.delta = shelf.take<T>(rows * layer.width);
      if (place) std::memset(layer.delta, 0, rows * layer.width * sizeof(T));
    }
    if (needs.every_number) layer.dC_da = shelf.take<T>(rows * layer.width);
    if (needs.backward && is_dense(of)) {
      Step* over_outputs = shelf.take<Step>(of.n_out);
      Step* over_rows = shelf.take<Step>(rows);
      if (place) {
        for (std::size_t j = 0; j < of.n_out; j++)
          over_outputs[j] = {std::uint32_t(j / BLOCK * of.n_in * BLOCK + j % BLOCK),
                             std::uint32_t(j * BLOCK)};
        for (std::size_t i = 0; i < rows; i++)
          over_rows[i] = {std::uint32_t(i * layer.in_width), std::uint32_t(i * layer.width)};
      }
      layer.over_outputs = over_outputs, layer.over_rows = over_rows;
    }
    if (place) program.layers[l] = layer;
    x = layer.a;
  }
  return program;
}

inline Moving lay_out_moving(Shelf& shelf, const Moves& moves, bool place) {
  Moving moving{};
  if (!moves.maps) return moving;
  const std::size_t across = width(moves.picture.width), framed = framed_size(moves.picture);
  moving.framed = shelf.take<std::uint8_t>(framed);
  moving.moved = shelf.take<std::uint8_t>(moves.picture.size() + BLOCK);
  moving.weights = shelf.take<std::int32_t>(KNOTS * across);
  moving.rows = shelf.take<std::int32_t>(2 * KNOTS * across);
  if (!place) return moving;
  std::memset(moving.framed, 0, framed);
  std::memset(moving.weights, 0, KNOTS * across * sizeof(std::int32_t));
  for (std::size_t x = 0; moves.gain && x < moves.picture.width; x++)
    for (std::size_t k = 0; k < KNOTS; k++) moving.weights[k * across + x] = moves.across[x * KNOTS + k];
  return moving;
}

template <class T>
Scratch<T> lay_out_scratch(Shelf& shelf, const Plan& plan, const Needs& needs, bool place) {
  std::size_t widest = 0, filters = 0, padded_rows = padded(needs.rows, BLOCK);
  std::size_t delta = 0, dC_dx = 0;
  for (std::size_t l = 0; l < plan.size(); l++) {
    if (is_conv(plan[l])) filters = filter_width(plan[l]) > filters ? filter_width(plan[l]) : filters;
    if (plan[l].on_images) continue;
    widest = width(plan[l].n_out) > widest ? width(plan[l].n_out) : widest;
    if (l == 0 || !is_dense(plan[l]) || !needs.backward) continue;
    delta = plan[l].n_out > delta ? plan[l].n_out : delta;
    dC_dx = plan[l].n_in > dC_dx ? plan[l].n_in : dC_dx;
  }
  Scratch<T> scratch;
  const std::size_t tiles = is_dense(plan[0]) ? needs.rows / LEAST_ROWS + 1 : 0;
  scratch.steps = shelf.take<Step>(tiles * (plan[0].n_in + SLACK));
  scratch.counts = shelf.take<std::size_t>(tiles);
  scratch.inked = shelf.take<std::uint64_t>(units(plan[0].n_in));
  if (place) std::memset(scratch.inked, 0, units(plan[0].n_in) * sizeof(std::uint64_t));
  scratch.delta_panels = shelf.take<T>(padded_rows * delta);
  scratch.dC_dx_panels = shelf.take<T>(padded_rows * dC_dx);
  const std::size_t gradient = UNIT * widest > FILTERS * filters ? UNIT * widest : FILTERS * filters;
  scratch.gradient = shelf.take<T>(needs.backward ? gradient : 0);
  scratch.row = shelf.take<T>(2 * widest);
  scratch.moving = lay_out_moving(shelf, needs.moves, place);
  scratch.finite = true;
  return scratch;
}

// The memory of one call: programs that share the weights, and what each thread works with.
template <class T>
struct Workspace {
  Workspace(const Plan& plan, const Panels<T>* panels, const Needs& needs, std::size_t program_count,
            std::size_t threads, Block& block) {
    Shelf measure;
    lay_out(measure, plan, panels, needs, program_count, threads, false);
    Shelf shelf(block.of_size(measure.used()));
    lay_out(shelf, plan, panels, needs, program_count, threads, true);
  }

  Program<T>* programs;
  Scratch<T>* scratch;

 private:
  void lay_out(Shelf& shelf, const Plan& plan, const Panels<T>* panels, const Needs& needs,
               std::size_t program_count, std::size_t threads, bool place) {
    programs = shelf.take<Program<T>>(program_count);
    scratch = shelf.take<Scratch<T>>(threads);
    for (std::size_t i = 0; i < program_count; i++) {
      const Program<T> program = lay_out_program(shelf, plan, panels, needs, place);
      if (place) programs[i] = program;
    }
    for (std::size_t i = 0; i < threads; i++) {
      const Scratch<T> one = lay_out_scratch<T>(shelf, plan, needs, place);
      if (place) scratch[i] = one;
    }
  }
};

}  // namespace glassnet
