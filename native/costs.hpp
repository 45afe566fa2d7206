// Costs C₀ of one example and ∂C₀/∂a, term by term: the twin of costs.py.
#pragma once

#include "activations.hpp"

namespace glassnet::GLASSNET_TARGET {

// y ln a, and 0 where y is 0, whatever a is
template <class T>
inline Vec<T> times_log(Vec<T> y, Vec<T> a) {
  return y == 0 ? Vec<T>{} : y * log<T>(a);
}

// y / a, its derivative
template <class T>
inline Vec<T> quotient(Vec<T> y, Vec<T> a) {
  return y == 0 ? Vec<T>{} : y / a;
}

// The j-th term of C₀, whose sum over j it is (but for log-likelihood from z, which lacks ln Σ e^z).
template <class T>
inline Vec<T> term(Criterion by, Vec<T> z, Vec<T> a, Vec<T> y) {
  const Vec<T> miss = a - y;
  switch (by.cost) {
    case Cost::squared: return miss * miss;
    case Cost::quadratic: return T(0.5) * miss * miss;
    case Cost::cross_entropy:
      return by.canonical ? softplus<T>(z) - y * z : -(times_log<T>(y, a) + times_log<T>(1 - y, 1 - a));
    case Cost::log_likelihood: return by.canonical ? -y * z : -times_log<T>(y, a);
  }
  __builtin_unreachable();
}

// ∂C₀/∂a; for canonical pairs δ = ∂C₀/∂z itself
template <class T>
inline Vec<T> slope(Criterion by, Vec<T> a, Vec<T> y) {
  if (by.canonical) return a - y;
  switch (by.cost) {
    case Cost::squared: return 2 * (a - y);
    case Cost::quadratic: return a - y;
    case Cost::cross_entropy: return quotient<T>(1 - y, 1 - a) - quotient<T>(y, a);
    case Cost::log_likelihood: return -quotient<T>(y, a);
  }
  __builtin_unreachable();
}

// ln Σ_j e^{z_j}
template <class T>
inline T log_sum(const T* z, std::size_t n, std::size_t width, T* terms) {
  const T most = largest(z, n);
  for (std::size_t k = 0; k < width; k += lanes<T>) store(terms + k, exp<T>(load(z + k) - most));
  T sum = 0;
  for (std::size_t j = 0; j < n; j++) sum += terms[j];
  return most + log<T>(all<T>(sum))[0];
}

// Desired outputs of an example, in a row whose other numbers are 0.
template <class T>
inline void desired(const Source& source, std::size_t place, std::size_t n, std::size_t width, T* y) {
  for (std::size_t j = 0; j < width; j += BLOCK)
    for (std::size_t lane = 0; lane < BLOCK; lane++)
      y[j + lane] = source.labels && std::int64_t(j + lane) == source.labels[place];
  if (source.targets) __builtin_memcpy(y, static_cast<const T*>(source.targets) + place * n, n * sizeof(T));
}

template <class T>
inline double cost_of_row(Criterion by, const T* z, const T* a, const T* y, std::size_t n, std::size_t width,
                          T* terms) {
  const T first = by.cost == Cost::log_likelihood && by.canonical ? log_sum(z, n, width, terms) : T(0);
  for (std::size_t k = 0; k < width; k += lanes<T>)
    store(terms + k, term<T>(by, load(z + k), load(a + k), load(y + k)));
  double cost = double(first);
  for (std::size_t j = 0; j < n; j++) cost += double(terms[j]);
  return cost;
}

// Whether the wanted output is the largest, the first of them; NaN counts as larger than all numbers.
template <class T>
inline bool right(const T* a, std::size_t wanted, std::size_t n) {
  const T best = a[wanted];
  int better = 0;
  if (best != best)
    for (std::size_t j = 0; j < wanted; j++) better |= a[j] != a[j];
  else
    for (std::size_t j = 0; j < n; j++) better |= a[j] > best || a[j] != a[j] || (a[j] == best && j < wanted);
  return !better;
}

}  // namespace glassnet::GLASSNET_TARGET
