// Reading examples: pixels to numbers, and where there is ink.
#pragma once

#include "moves.hpp"

namespace glassnet::GLASSNET_TARGET {

// p / 255 correctly rounded: p · (1/255) may be off by a unit in the last place, and what remains of p,
// which is exact, mends it.
template <class T>
inline T scaled(std::uint8_t pixel) {
  constexpr T inverse = T(1.0 / 255);
  const T quotient = T(int(pixel)) * inverse;
  return fused(fused(quotient, T(-255), T(int(pixel))), inverse, quotient);
}

// One row; false if a number in it is not finite. The compiler makes vectors of these loops.
template <class T>
inline bool read_row(const std::uint8_t* __restrict from, std::size_t n, T* __restrict x,
                     std::uint8_t* inked) {
  std::size_t k = 0;
  for (; k + BLOCK <= n; k += BLOCK)
    VECTORIZE for (std::size_t lane = 0; lane < BLOCK; lane++) x[k + lane] = scaled<T>(from[k + lane]);
  for (; k < n; k++) x[k] = scaled<T>(from[k]);
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

// Where a row of a chunk stands in the source.
inline std::size_t place(const Chunk& chunk, std::size_t row) {
  return chunk.places ? std::size_t(chunk.places[row]) : chunk.first + row;
}

template <class T, class S>
inline void read_rows(const Program<T>& program, const Source& source, const Chunk& chunk,
                      Scratch<T>& scratch, std::size_t first, std::size_t last) {
  const S* images = static_cast<const S*>(source.images);
  const Mover mover(source.moves, program.draw, scratch.moving);
  const std::size_t n = program.layers[0].n_in, width = program.layers[0].in_width;
  for (std::size_t i = first; i < last; i++) {
    const S* image = images + place(chunk, i) * n;
    if constexpr (sizeof(S) == sizeof(std::uint8_t))
      if (source.moves.maps) image = mover.moved(image, chunk.first + i, std::uint32_t(place(chunk, i)));
    std::uint8_t* inked = program.inked + i * program.ink_width;
    if (!read_row<T>(image, n, program.x + i * width, inked)) scratch.finite = false;
    if (!program.skip_zeros) __builtin_memset(inked, 1, n);
    if (i < chunk.ahead) {  // the memory is slower than this: ask for the next chunk's images now
      const char* next = reinterpret_cast<const char*>(images + place(chunk, chunk.rows + i) * n);
      for (std::size_t byte = 0; byte < n * sizeof(S); byte += 64) __builtin_prefetch(next + byte);
    }
  }
}

// A bit for each byte that is not 0.
inline std::uint64_t nonzero_bytes(std::uint64_t word) {
  constexpr std::uint64_t low = 0x7f7f7f7f7f7f7f7f;
  const std::uint64_t high = (((word & low) + low) | word) & ~low;  // the top bit of such bytes
  return ((high >> 7) * 0x0102040810204080) >> 56;
}

// The places of the bits in a byte.
struct Places {
  std::int64_t of[256][8] = {};
  constexpr Places() {
    for (int byte = 0; byte < 256; byte++)
      for (int bit = 0, count = 0; bit < 8; bit++)
        if (byte >> bit & 1) of[byte][count++] = bit;
  }
};
inline constexpr Places places;

// The places k of all bits of a unit, counted from `begin`, as k | k << shift (0: as k); returns how many.
// Eight at a time are written, of which those behind the end don't count.
template <int shift>
inline std::size_t list_bits(std::uint64_t bits, std::size_t begin, void* list) {
  using Numbers = Whole<double>;
  std::int64_t* end = static_cast<std::int64_t*>(list);
  for (; bits; bits >>= 8, begin += 8) {
    const std::int64_t* byte = places.of[bits & 255];
    UNROLL for (std::size_t i = 0; i < 8; i += lanes<double>) {
      Numbers k = load_as<Numbers>(byte + i) + std::int64_t(begin);
      if (shift) k |= k << shift;
      __builtin_memcpy(end + i, &k, sizeof k);
    }
    end += __builtin_popcountll(bits & 255);
  }
  return std::size_t(end - static_cast<std::int64_t*>(list));
}

// The inputs that are not 0 in all of the rows [first, last); returns how many.
template <class T>
inline std::size_t list_ink(const Program<T>& program, std::size_t first, std::size_t last, Step* steps,
                            std::uint64_t* of_units) {
  constexpr int both = 32 + 4;  // Step{k, 16 k} as one number, the lower half first
  static_assert(BLOCK == 16);
  std::size_t count = 0;
  for (std::size_t unit = 0; unit * UNIT < program.ink_width; unit++) {
    std::uint64_t word[UNIT / 8] = {};
    for (std::size_t i = first; i < last; i++)
      for (std::size_t w = 0; w < UNIT / 8; w++)
        word[w] |= load_as<std::uint64_t>(program.inked + i * program.ink_width + unit * UNIT + w * 8);
    std::uint64_t ink = 0;
    for (std::size_t w = 0; w < UNIT / 8; w++) ink |= nonzero_bytes(word[w]) << (8 * w);
    of_units[unit] |= ink;
    count += list_bits<both>(ink, unit * UNIT, steps + count);
  }
  return count;
}

}  // namespace glassnet::GLASSNET_TARGET
