// a = σ(z), and the way back from ∂C/∂a to δ = ∂C/∂z: the twin of activations.py.
#pragma once

#include "functions.hpp"
#include "program.hpp"

namespace glassnet::GLASSNET_TARGET {

template <class T, Activation S>
inline Vec<T> value(Vec<T> z) {
  if constexpr (S == Activation::sigmoid) return sigmoid<T>(z);
  if constexpr (S == Activation::tanh) return tanh<T>(z);
  if constexpr (S == Activation::relu) return z < 0 ? Vec<T>{} : z;
  if constexpr (S == Activation::linear) return z;
}

// σ′(z), from a alone: z > 0 is a > 0 for ReLU.
template <class T, Activation S>
inline Vec<T> derivative(Vec<T> a) {
  if constexpr (S == Activation::sigmoid) return a * (1 - a);
  if constexpr (S == Activation::tanh) return 1 - a * a;
  if constexpr (S == Activation::relu) return a > 0 ? all<T>(1) : Vec<T>{};
  if constexpr (S == Activation::linear) return all<T>(1);
}

// Sums with +0 at the end: leaving out products with 0 may leave −0 where others would have +0.
template <class T, Activation S>
inline void activate_numbers(T* z, T* a, std::size_t count) {
  for (std::size_t k = 0; k < count; k += lanes<T>) {
    const Vec<T> of = load(z + k) + T(0);
    store(z + k, of);
    store(a + k, value<T, S>(of));
  }
}

template <class T, Activation S>
inline void backward_numbers(const T* a, const T* dC_da, T* delta, std::size_t count) {
  for (std::size_t k = 0; k < count; k += lanes<T>)
    store(delta + k, load(dC_da + k) * derivative<T, S>(load(a + k)));
}

template <class T>
inline T largest(const T* of, std::size_t n) {
  T most = of[0];
  for (std::size_t j = 1; j < n; j++) most = of[j] > most || of[j] != of[j] ? of[j] : most;
  return most;
}

// s_j = e^{z_j} / Σ e^{z_i}; the largest z is taken out, so that nothing overflows
template <class T>
inline void softmax(const T* z, T* a, std::size_t n, std::size_t width) {
  const Vec<T> most = all<T>(largest(z, n));
  for (std::size_t k = 0; k < width; k += lanes<T>) store(a + k, exp<T>(load(z + k) - most));
  T sum = 0;
  for (std::size_t j = 0; j < n; j++) sum += a[j];
  for (std::size_t j = n; j < width; j++) a[j] = 0;
  for (std::size_t k = 0; k < width; k += lanes<T>) store(a + k, load(a + k) / sum);
}

// Jᵀ ∂C/∂a = s ⊙ (∂C/∂a − Σ_i s_i ∂C/∂a_i)
template <class T>
inline void softmax_back(const T* a, const T* dC_da, T* delta, std::size_t n, std::size_t width) {
  T mean = 0;
  for (std::size_t j = 0; j < n; j++) mean += a[j] * dC_da[j];
  for (std::size_t k = 0; k < width; k += lanes<T>) store(delta + k, load(a + k) * (load(dC_da + k) - mean));
}

// Of `count` numbers from `at` on; softmax wants whole rows.
template <class T>
inline void activate(const Layer<T>& layer, std::size_t at, std::size_t count) {
  T *z = layer.z + at, *a = layer.a + at;
  switch (layer.activation) {
    case Activation::sigmoid: return activate_numbers<T, Activation::sigmoid>(z, a, count);
    case Activation::tanh: return activate_numbers<T, Activation::tanh>(z, a, count);
    case Activation::relu: return activate_numbers<T, Activation::relu>(z, a, count);
    case Activation::linear: return activate_numbers<T, Activation::linear>(z, a, count);
    case Activation::softmax:
      for (std::size_t i = 0; i < count; i += layer.width) softmax(z + i, a + i, layer.n_out, layer.width);
  }
}

// From ∂C/∂a to δ; both may stand in the same place.
template <class T>
inline void activation_backward(const Layer<T>& layer, const T* from, std::size_t at, std::size_t count) {
  const T* a = layer.a + at;
  T* to = layer.delta + at;
  switch (layer.activation) {
    case Activation::sigmoid: return backward_numbers<T, Activation::sigmoid>(a, from, to, count);
    case Activation::tanh: return backward_numbers<T, Activation::tanh>(a, from, to, count);
    case Activation::relu: return backward_numbers<T, Activation::relu>(a, from, to, count);
    case Activation::linear: return backward_numbers<T, Activation::linear>(a, from, to, count);
    case Activation::softmax:
      for (std::size_t i = 0; i < count; i += layer.width)
        softmax_back(a + i, from + i, to + i, layer.n_out, layer.width);
  }
}

}  // namespace glassnet::GLASSNET_TARGET
