// Reading examples: pixels to numbers, and where there is ink.
#pragma once

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

// One row; false if a number in it is not finite. The compiler makes vectors of these loops.
template <class T>
inline bool read_row(const std::uint8_t* from, std::size_t n, T* x, std::uint8_t* inked) {
  // p / 255 correctly rounded: p · (1/255) may be off by a unit in the last place, and what remains of p,
  // which is exact, mends it.
  constexpr T inverse = T(1.0 / 255);
  for (std::size_t k = 0; k < n; k++) {
    const T pixel = T(int(from[k]));
    const T quotient = pixel * inverse;
    x[k] = fused(fused(quotient, T(-255), pixel), inverse, quotient);
  }
  __builtin_memcpy(inked, from, n);
  return true;
}

template <class T, class S>
inline bool read_row(const S* from, std::size_t n, T* x, std::uint8_t* inked) {
  int finite = 1;
  for (std::size_t k = 0; k < n; k++) {
    x[k] = T(from[k]);
    inked[k] = x[k] != 0;
    finite &= x[k] - x[k] == 0;
  }
  return finite;
}

template <class T, class S>
inline void read_rows(const Program<T>& program, const Source& source, const Chunk& chunk, Scratch<T>& scratch,
                      std::size_t first, std::size_t last) {
  const S* images = static_cast<const S*>(source.images);
  const std::size_t n = program.layers[0].n_in, width = program.layers[0].in_width;
  for (std::size_t i = first; i < last; i++) {
    const S* image = images + chunk.place(i) * n;
    if (!read_row<T>(image, n, program.x + i * width, program.inked + i * program.ink_width)) scratch.finite = false;
    if (i < chunk.ahead) {  // the memory is slower than this: ask for the next chunk's images now
      const char* next = reinterpret_cast<const char*>(images + chunk.place(chunk.rows + i) * n);
      for (std::size_t byte = 0; byte < n * sizeof(S); byte += 64) __builtin_prefetch(next + byte);
    }
    const double weight = source.example_weights ? source.example_weights[chunk.place(i)] : 1;
    program.share[i] = T(weight / double(chunk.batch));
  }
}

// A bit for each byte that is not 0.
inline std::uint64_t nonzero_bytes(std::uint64_t word) {
  constexpr std::uint64_t low = 0x7f7f7f7f7f7f7f7f;
  const std::uint64_t high = (((word & low) + low) | word) & ~low;  // the top bit of such bytes
  return ((high >> 7) * 0x0102040810204080) >> 56;
}

// The inputs that are not 0 in all of the rows [first, last); returns how many.
template <class T>
inline std::size_t list_ink(const Program<T>& program, std::size_t first, std::size_t last, Step* steps,
                            std::uint64_t* of_units) {
  std::size_t count = 0;
  for (std::size_t unit = 0; unit * UNIT < program.ink_width; unit++) {
    std::uint64_t word[UNIT / 8] = {};
    for (std::size_t i = first; i < last; i++)
      for (std::size_t w = 0; w < UNIT / 8; w++)
        word[w] |= load_as<std::uint64_t>(program.inked + i * program.ink_width + unit * UNIT + w * 8);
    std::uint64_t ink = 0;
    for (std::size_t w = 0; w < UNIT / 8; w++) ink |= nonzero_bytes(word[w]) << (8 * w);
    of_units[unit] |= ink;
    for (; ink; ink &= ink - 1) {
      const std::size_t k = unit * UNIT + std::size_t(__builtin_ctzll(ink));
      steps[count++] = {std::uint32_t(k), std::uint32_t(k * BLOCK)};
    }
  }
  return count;
}

}  // namespace glassnet::GLASSNET_TARGET
