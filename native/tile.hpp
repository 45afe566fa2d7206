// The micro-kernel: the products of matrices are made here (and, for small mini-batches, in descend_at_once).
//
//     c[r][·] = start[r][·] + Σ a[r][step.a] · b[step.b + ·]     for R rows and P panels of 16 columns
//
// Each number of c is one chain of fused multiply-adds, in the order of the list of steps. Its bits
// depend on that list alone: not on how many rows and columns stand in a tile, on how wide a
// register is, or on which thread computes it. Steps whose a is 0 in all rows may be left out.
#pragma once

#include <utility>

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

template <class T>
struct Product {
  const T* a[MOST_ROWS];    // where each row of a begins
  const T* b;
  std::size_t b_panel;      // from a panel of b to the next
  const Step* steps;
  std::size_t count;
  const T* start;           // what the sums begin with
  std::size_t start_row, start_panel;
  T* c;
  std::size_t c_row, c_panel;
};

template <class T, std::size_t R, std::size_t P>
void tile(const Product<T>& product) {
  constexpr std::size_t per_panel = BLOCK / lanes<T>;
  constexpr std::size_t V = P * per_panel;
  const Product<T> of = product;  // a store to c can't change this copy
  const auto column = [](std::size_t v, std::size_t panel) {
    return v / per_panel * panel + v % per_panel * lanes<T>;
  };
  Vec<T> sum[R][V];
  UNROLL for (std::size_t r = 0; r < R; r++)
    UNROLL for (std::size_t v = 0; v < V; v++)
      sum[r][v] = load(of.start + r * of.start_row + column(v, of.start_panel));
  for (const Step *step = of.steps, *end = step + of.count; step != end; step++) {
    Vec<T> b[V];
    UNROLL for (std::size_t v = 0; v < V; v++) b[v] = load(of.b + step->b + column(v, of.b_panel));
    UNROLL for (std::size_t r = 0; r < R; r++) {
      const Vec<T> a = all<T>(of.a[r][step->a]);
      UNROLL for (std::size_t v = 0; v < V; v++) sum[r][v] = fma(a, b[v], sum[r][v]);
    }
  }
  UNROLL for (std::size_t r = 0; r < R; r++)
    UNROLL for (std::size_t v = 0; v < V; v++)
      store(of.c + r * of.c_row + column(v, of.c_panel), sum[r][v]);
}

// The largest tile whose sums stay in registers, beside a row of b and a number of a.
template <class T>
constexpr std::size_t most_panels = BLOCK / lanes<T> == 1 && registers == 32 ? 2 : 1;
template <class T>
constexpr std::size_t most_rows(std::size_t panels) {
  const std::size_t fit = registers * 3 / 4 / (panels * BLOCK / lanes<T>);
  return fit < MOST_ROWS ? fit : MOST_ROWS;  // smaller tiles leave more steps out
}

static_assert(most_rows<float>(1) >= LEAST_ROWS && most_rows<double>(1) >= LEAST_ROWS);

template <class T>
using Tile = void (*)(const Product<T>&);

template <class T, std::size_t P, std::size_t... R>
inline Tile<T> tile_of(std::size_t rows, std::index_sequence<R...>) {
  static constexpr Tile<T> tiles[] = {tile<T, R + 1, P>...};
  return tiles[rows - 1];
}

template <class T>
inline void multiply(const Product<T>& of, std::size_t rows, std::size_t panels) {
  if (panels == 1)
    tile_of<T, 1>(rows, std::make_index_sequence<most_rows<T>(1)>())(of);
  else
    tile_of<T, most_panels<T>>(rows, std::make_index_sequence<most_rows<T>(most_panels<T>)>())(of);
}

// n rows as tiles of nearly equal height: where the i-th of `count` begins.
struct Tiling {
  std::size_t rows, count;
  Tiling(std::size_t rows, std::size_t most) : rows(rows), count((rows + most - 1) / most) {}
  std::size_t begin(std::size_t i) const { return i * rows / count; }
};

}  // namespace glassnet::GLASSNET_TARGET
