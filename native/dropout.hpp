// Dropout, forward and back: the twin of layers/dropout.py.
#pragma once

#include "inputs.hpp"
#include "philox.hpp"

namespace glassnet::GLASSNET_TARGET {

inline std::uint32_t place_drawn(const Draw& draw, const Chunk& chunk, std::size_t row) {
  return std::uint32_t(draw.places ? std::size_t(draw.places[chunk.first + row]) : place(chunk, row));
}

// Without a branch, which would be guessed wrongly every other time.
template <class T>
inline T masked(std::uint32_t threshold, T scale, std::uint32_t word) {
  return T(int(word >= threshold)) * scale;
}

// The masks of some examples, as rows.
template <class T>
inline void draw_row_masks(const Layer<T>& layer, const Draw& draw, const Chunk& chunk, std::size_t first,
                           std::size_t last) {
  const std::size_t begin = layer.dropping.first_word, end = begin + layer.n_out;
  const std::uint32_t threshold = layer.dropping.threshold;
  const T scale = T(layer.dropping.scale);
  for (std::size_t i = first; i < last; i++) {
    T* mask = layer.mask + i * layer.width;
    const std::uint32_t example = place_drawn(draw, chunk, i);
    for (std::size_t block = begin / 4; block * 4 < end; block += BLOCK) {
      const auto blocks = [&](std::size_t lane) { return block + lane; };
      const Philox drawn(draw, DROPOUT, blocks, [&](std::size_t) { return example; });
      T some[4 * BLOCK];  // from word 4 · block on
      VECTORIZE for (std::size_t lane = 0; lane < BLOCK; lane++)
        UNROLL for (std::size_t w = 0; w < 4; w++)
          some[4 * lane + w] = masked(threshold, scale, drawn.words[w][lane]);
      const std::size_t from = begin > 4 * block ? begin - 4 * block : 0;
      const std::size_t to = end - 4 * block < 4 * BLOCK ? end - 4 * block : 4 * BLOCK;
      __builtin_memcpy(mask + 4 * block + from - begin, some + from, (to - from) * sizeof(T));
    }
  }
}

// The masks of a panel of examples: numbers [first, last) of each. Lanes without an example get some, too.
template <class T>
inline void draw_panel_masks(const Layer<T>& layer, const Draw& draw, const Chunk& chunk, std::size_t panel,
                             std::size_t first, std::size_t last) {
  std::uint32_t examples[BLOCK] = {};
  for (std::size_t lane = 0; lane < BLOCK && panel * BLOCK + lane < chunk.rows; lane++)
    examples[lane] = place_drawn(draw, chunk, panel * BLOCK + lane);
  T* mask = layer.mask + panel * layer.n_out * BLOCK;
  const std::uint32_t threshold = layer.dropping.threshold;
  const T scale = T(layer.dropping.scale);
  const std::size_t begin = layer.dropping.first_word + first, end = layer.dropping.first_word + last;
  for (std::size_t block = begin / 4; block * 4 < end; block++) {
    const auto places = [&](std::size_t lane) { return examples[lane]; };
    const Philox drawn(draw, DROPOUT, [&](std::size_t) { return block; }, places);
    for (std::size_t w = 0; w < 4; w++) {
      const std::size_t word = block * 4 + w;
      if (word < begin || word >= end) continue;
      T* to = mask + (word - layer.dropping.first_word) * BLOCK;
      for (std::size_t lane = 0; lane < BLOCK; lane++)
        to[lane] = masked(threshold, scale, drawn.words[w][lane]);
    }
  }
}

// to = from ⊙ mask, or from itself where nothing is dropped.
template <class T>
inline void apply_mask(const T* from, const T* mask, T* to, std::size_t count) {
  for (std::size_t k = 0; k < count; k += lanes<T>)
    store(to + k, mask ? load(from + k) * load(mask + k) : load(from + k));
}

}  // namespace glassnet::GLASSNET_TARGET
