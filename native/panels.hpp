// Rows into panels and back. A panel holds 16 rows side by side: [n][16], so that what belongs to one place
// in all of them are neighbors.
#pragma once

#include <utility>

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

// Two rows of a square of blocks, `size` wide: what stands off the diagonal changes places.
template <class T, std::size_t size, std::size_t... e>
inline void exchange(Vec<T>& upper, Vec<T>& lower, std::index_sequence<e...>) {
  constexpr std::size_t L = lanes<T>;
  const Vec<T> a = upper, b = lower;
  upper = __builtin_shufflevector(a, b, (e & size ? L + e - size : e)...);
  lower = __builtin_shufflevector(a, b, (e & size ? L + e : e + size)...);
}

template <class T, std::size_t size>
inline void exchange_all(Vec<T>* rows) {
  if constexpr (size > 0) {
    exchange_all<T, size / 2>(rows);
    UNROLL for (std::size_t i = 0; i < lanes<T>; i++)
      if (!(i & size)) exchange<T, size>(rows[i], rows[i + size], std::make_index_sequence<lanes<T>>());
  }
}

// to[j][i] = from[i][j] for as many rows and columns as a register has lanes.
template <class T>
inline void transpose(const T* from, std::size_t from_row, T* to, std::size_t to_row) {
  Vec<T> rows[lanes<T>];
  UNROLL for (std::size_t i = 0; i < lanes<T>; i++) rows[i] = load(from + i * from_row);
  exchange_all<T, lanes<T> / 2>(rows);
  UNROLL for (std::size_t i = 0; i < lanes<T>; i++) store(to + i * to_row, rows[i]);
}

// Up to 16 rows of n numbers; where there are fewer, the others are 0.
template <class T>
inline void into_panel(const T* from, std::size_t from_row, std::size_t rows, std::size_t n, T* panel) {
  std::size_t k = 0;
  if (rows == BLOCK)
    for (; k + lanes<T> <= n; k += lanes<T>)
      for (std::size_t i = 0; i < BLOCK; i += lanes<T>)
        transpose(from + i * from_row + k, from_row, panel + k * BLOCK + i, BLOCK);
  for (; k < n; k++)
    for (std::size_t i = 0; i < BLOCK; i++) panel[k * BLOCK + i] = i < rows ? from[i * from_row + k] : T(0);
}

template <class T>
inline void out_of_panel(const T* panel, std::size_t n, std::size_t rows, T* to, std::size_t to_row) {
  std::size_t k = 0;
  if (rows == BLOCK)
    for (; k + lanes<T> <= n; k += lanes<T>)
      for (std::size_t i = 0; i < BLOCK; i += lanes<T>)
        transpose(panel + k * BLOCK + i, BLOCK, to + i * to_row + k, to_row);
  for (; k < n; k++)
    for (std::size_t i = 0; i < rows; i++) to[i * to_row + k] = panel[k * BLOCK + i];
}

// All rows, in as many panels as it takes.
template <class T>
inline void into_panels(const T* from, std::size_t from_row, std::size_t rows, std::size_t n, T* panels) {
  for (std::size_t i = 0; i < rows; i += BLOCK)
    into_panel(from + i * from_row, from_row, rows - i < BLOCK ? rows - i : BLOCK, n, panels + i * n);
}

template <class T>
inline void out_of_panels(const T* panels, std::size_t n, std::size_t rows, T* to, std::size_t to_row) {
  for (std::size_t i = 0; i < rows; i += BLOCK)
    out_of_panel(panels + i * n, n, rows - i < BLOCK ? rows - i : BLOCK, to + i * to_row, to_row);
}

}  // namespace glassnet::GLASSNET_TARGET
