// A network laid out in memory for the kernels: parameters in panels, room for a chunk's activations.
#pragma once

#include <cstring>
#include <vector>

#include "memory.hpp"
#include "program.hpp"

namespace glassnet {

// A layer without its numbers.
struct Operation {
  Kind kind;
  Activation activation;
  std::size_t n_in, n_out;
};
using Plan = std::vector<Operation>;

inline bool is_dense(const Operation& of) { return of.kind == Kind::dense; }
inline std::size_t width(std::size_t n) { return padded(n, BLOCK); }
inline std::size_t units(std::size_t n) { return padded(n, UNIT) / UNIT; }

// Multiplications and additions of one row forward; of all three products of a step it is thrice that.
inline std::size_t multiply_adds(const Plan& plan) {
  std::size_t sum = 0;
  for (const Operation& of : plan) sum += is_dense(of) ? of.n_in * of.n_out : 0;
  return sum;
}

// A dense layer's parameters as the network has them: (n_out, n_in) and (n_out,).
template <class T>
struct Parameters {
  T* weight;
  T* bias;
};

template <class T>
struct Panels {
  T* weight;  // [width / BLOCK][n_in][BLOCK]
  T* bias;    // [width]
  bool finite;
};

// The parameters of all layers, in panels. The neurons that fill up the last one have parameters 0, and keep them.
template <class T>
class Weights {
 public:
  Weights(const Kernels<T>& kernels, const Plan& plan, const Parameters<T>* parameters, Block& block)
      : kernels_(kernels), plan_(plan) {
    Shelf measure;
    lay_out(measure, plan, false);
    Shelf shelf(block.of_size(measure.used()));
    lay_out(shelf, plan, true);
    for (std::size_t l = 0; l < plan.size(); l++) {
      if (!is_dense(plan[l])) continue;
      const Operation& of = plan[l];
      const Parameters<T>& from = parameters[l];
      Panels<T>& to = panels[l];
      kernels.into_panels(from.weight, of.n_in, of.n_out, of.n_in, to.weight);
      kernels.into_panels(from.bias, 1, of.n_out, 1, to.bias);
      bool finite = true;
      for (std::size_t i = 0; i < of.n_in * of.n_out; i++) finite &= from.weight[i] - from.weight[i] == 0;
      to.finite = finite;
    }
  }

  void unpack(const Parameters<T>* parameters) const {
    for (std::size_t l = 0; l < plan_.size(); l++) {
      if (!is_dense(plan_[l])) continue;
      kernels_.out_of_panels(panels[l].weight, plan_[l].n_in, plan_[l].n_out, parameters[l].weight, plan_[l].n_in);
      kernels_.out_of_panels(panels[l].bias, 1, plan_[l].n_out, parameters[l].bias, 1);
    }
  }

  Panels<T>* panels;  // one for each layer

 private:
  void lay_out(Shelf& shelf, const Plan& plan, bool place) {
    panels = shelf.take<Panels<T>>(plan.size());
    for (std::size_t l = 0; l < plan.size(); l++) {
      const std::size_t columns = is_dense(plan[l]) ? width(plan[l].n_out) : 0;
      T* weight = shelf.take<T>(columns * plan[l].n_in);
      T* bias = shelf.take<T>(columns);
      if (place) panels[l] = {weight, bias, true};
    }
  }

  const Kernels<T>& kernels_;
  const Plan& plan_;
};

// What a piece of work needs room for.
struct Needs {
  std::size_t rows;           // in a chunk
  bool backward = false;
  bool sums = false;          // gradients in memory
  bool every_number = false;  // z, a and ∂C/∂a of every layer, each in its own place
};

template <class T>
Program<T> lay_out_program(Shelf& shelf, const Plan& plan, const Panels<T>* panels, const Needs& needs, bool place) {
  Program<T> program;
  const std::size_t n_in = plan[0].n_in, rows = needs.rows;
  program.count = plan.size();
  program.layers = shelf.take<Layer<T>>(plan.size());
  program.x = shelf.take<T>(rows * width(n_in));
  program.ink_width = padded(n_in, UNIT);
  // 0 times ∞ is not 0, and whoever reads every number wants to see that.
  program.skip_zeros = !needs.every_number && panels[0].finite;
  program.inked = shelf.take<std::uint8_t>(rows * program.ink_width);
  if (place) {
    std::memset(program.x, 0, rows * width(n_in) * sizeof(T));
    std::memset(program.inked, 0, rows * program.ink_width);
  }
  const T* x = program.x;
  for (std::size_t l = 0; l < plan.size(); l++) {
    const Operation& of = plan[l];
    Layer<T> layer{};
    layer.kind = of.kind, layer.activation = of.activation;
    layer.n_in = of.n_in, layer.in_width = width(of.n_in), layer.n_out = of.n_out, layer.width = width(of.n_out);
    layer.x = x;
    layer.a = shelf.take<T>(rows * layer.width);
    const bool own_z = needs.every_number || l + 1 == plan.size();  // the cost may want it
    layer.z = !is_dense(of) ? const_cast<T*>(x) : own_z ? shelf.take<T>(rows * layer.width) : layer.a;
    if (is_dense(of)) {
      if (place) layer.weight = panels[l].weight, layer.bias = panels[l].bias;
      Step* over_inputs = shelf.take<Step>(l > 0 ? of.n_in : 0);  // the first layer lists what has ink
      for (std::uint32_t k = 0; place && l > 0 && k < of.n_in; k++) over_inputs[k] = {k, std::uint32_t(k * BLOCK)};
      layer.over_inputs = over_inputs;
    }
    if (needs.backward) {
      layer.delta = shelf.take<T>(rows * layer.width);
      if (place) std::memset(layer.delta, 0, rows * layer.width * sizeof(T));
    }
    if (needs.every_number) layer.dC_da = shelf.take<T>(rows * layer.width);
    if (needs.backward && is_dense(of)) {
      layer.square_sums = shelf.take<double>(units(of.n_in));
      if (needs.sums) {
        layer.weight_gradient = shelf.take<T>(of.n_in * layer.width);
        layer.bias_gradient = shelf.take<T>(layer.width);
      }
      Step* over_outputs = shelf.take<Step>(of.n_out);
      Step* over_rows = shelf.take<Step>(rows);
      if (place) {
        for (std::size_t j = 0; j < of.n_out; j++)
          over_outputs[j] = {std::uint32_t(j / BLOCK * of.n_in * BLOCK + j % BLOCK), std::uint32_t(j * BLOCK)};
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

template <class T>
Scratch<T> lay_out_scratch(Shelf& shelf, const Plan& plan, const Needs& needs, bool place) {
  std::size_t widest = 0, padded_rows = padded(needs.rows, BLOCK);
  std::size_t delta = 0, dC_dx = 0;
  for (std::size_t l = 0; l < plan.size(); l++) {
    widest = width(plan[l].n_out) > widest ? width(plan[l].n_out) : widest;
    if (l == 0 || !is_dense(plan[l]) || !needs.backward) continue;
    delta = plan[l].n_out > delta ? plan[l].n_out : delta;
    dC_dx = plan[l].n_in > dC_dx ? plan[l].n_in : dC_dx;
  }
  Scratch<T> scratch;
  const std::size_t tiles = needs.rows / LEAST_ROWS + 1;
  scratch.steps = shelf.take<Step>(tiles * (plan[0].n_in + SLACK));
  scratch.counts = shelf.take<std::size_t>(tiles);
  scratch.inked = shelf.take<std::uint64_t>(units(plan[0].n_in));
  if (place) std::memset(scratch.inked, 0, units(plan[0].n_in) * sizeof(std::uint64_t));
  scratch.delta_panels = shelf.take<T>(padded_rows * delta);
  scratch.dC_dx_panels = shelf.take<T>(padded_rows * dC_dx);
  scratch.gradient = shelf.take<T>(needs.backward ? UNIT * widest : 0);
  scratch.row = shelf.take<T>(2 * widest);
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
  void lay_out(Shelf& shelf, const Plan& plan, const Panels<T>* panels, const Needs& needs, std::size_t program_count,
               std::size_t threads, bool place) {
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
