// What the engine does with a network: train it, evaluate it, take one gradient apart.
#pragma once

#include "workspace.hpp"

namespace glassnet {

// Asked now and then, by the calling thread, whether to stop.
using Interrupted = bool (*)();

enum class Outcome { done, interrupted, not_finite };

template <class T>
struct Call {
  const Target& target;
  const Plan& plan;
  const Parameters<T>* parameters;  // one for each layer
  Source source;
  std::size_t threads;  // at most
  Interrupted interrupted;
  Draw draw = {};       // of training steps: what dropout switches off
  const Parameters<T>* memories[2] = {};  // what the optimizer remembers of each parameter; null: nothing
};

struct Training {
  const std::int64_t* order;
  std::size_t count;
  std::size_t batch_size;
  Criterion by;
  Descent how;
  const double* paces;     // (mini-batches, 3): learning rate and corrections; null where no step is made
  double* costs;           // (count,)
  bool* correct;           // (count,)
  double* gradient_norms;  // (mini-batches, layers with a weight)
};

// A step for each mini-batch; the parameters change when all are made, or not at all.
template <class T>
Outcome train(const Call<T>& call, const Training& training);

template <class T>
struct Evaluation {
  std::size_t count;
  Criterion by;
  T* outputs;      // (count, n_out)
  double* costs;   // (count,); null: not wanted
};

template <class T>
Outcome evaluate(const Call<T>& call, const Evaluation<T>& evaluation);

// A network that only predicts: its parameters are laid out once.
template <class T>
class Predictor {
 public:
  static constexpr std::size_t FEW = 8;

  Predictor(const Target& target, const Plan& plan, const Parameters<T>* parameters);

  // Up to FEW rows at once, by one caller at a time; of images, one after the other.
  Outcome few(const Source& source, std::size_t count, T* outputs);
  Outcome many(const Source& source, std::size_t count, std::size_t threads, Interrupted interrupted,
               T* outputs) const;

  const Plan& plan() const { return plan_; }

 private:
  const Target& target_;
  const Plan plan_;
  const bool abreast_;
  Block weights_block_, few_block_, work_block_;
  Weights<T> weights_, few_weights_;  // the second ones only for networks on images
  Workspace<T> workspace_;
};

// Every number of one step that is not made; null where not wanted.
template <class T>
struct Numbers {
  T* z;
  T* a;
  T* delta;
  T* dC_da;      // each (count, n_out)
  T* weight;     // ∂C/∂W, of the shape of W
  T* bias;       // ∂C/∂b
};

template <class T>
struct Reading {
  std::size_t count;
  Criterion by;
  double* costs;
  T* x;                       // (count, n_in)
  const Numbers<T>* numbers;  // one for each layer
};

template <class T>
Outcome read_gradient(const Call<T>& call, const Reading<T>& reading);

}  // namespace glassnet
