// Training images, moved: the twin of augmentation/resampling.py, to the same byte.
#pragma once

#include "philox.hpp"

namespace glassnet::GLASSNET_TARGET {

class Mover {
 public:
  Mover(const Moves& moves, const Draw& draw, const Moving& room) : moves_(moves), draw_(draw), room_(room) {}

  // The image of the example `place`, as the map number `row` moves it; it stays until the next one.
  const std::uint8_t* moved(const std::uint8_t* image, std::size_t row, std::uint32_t place) const {
    if (moves_.gain) draw_rows(place);
    const std::size_t area = moves_.picture.area();
    for (std::size_t c = 0; c < moves_.picture.channels; c++) {  // in order: each writes on into the next
      frame(image + c * area);
      if (moves_.gain)
        move<true>(moves_.maps + 6 * row, room_.moved + c * area);
      else
        move<false>(moves_.maps + 6 * row, room_.moved + c * area);
    }
    return room_.moved;
  }

 private:
  static constexpr std::size_t LANES = lanes<float>;
  using Numbers = Whole<float>;
  typedef std::uint8_t Bytes __attribute__((vector_size(LANES)));

  static constexpr int WEIGHT_BITS = 14, FIELD_BITS = 12;  // moves.WEIGHT and moves.FIELD
  static constexpr std::size_t FIRST_BLOCK = 2;            // of four words: augmentation.FIRST_KNOT

  static Numbers all(std::int32_t number) { return number - Numbers{}; }
  static Numbers limited(Numbers x, std::int32_t least, std::int32_t most) {
    x = x < least ? all(least) : x;
    return x > most ? all(most) : x;
  }

  // Random knots, and between them, in each of their rows, the displacements of all columns.
  // Weights beyond all sense wrap around, too.
  __attribute__((no_sanitize("undefined"))) void draw_rows(std::uint32_t place) const {
    const Philox drawn(draw_, AUGMENT, [](std::size_t lane) { return FIRST_BLOCK + lane; },
                       [&](std::size_t) { return place; });
    const std::size_t width = padded(moves_.picture.width, BLOCK);
    for (std::size_t axis = 0; axis < 2; axis++)
      for (std::size_t j = 0; j < KNOTS; j++) {
        std::int32_t knots[KNOTS];
        for (std::size_t k = 0; k < KNOTS; k++) {
          const std::size_t word = j * KNOTS + k;
          const std::int64_t bits = drawn.words[word % 4][word / 4] >> (16 * axis) & 0xFFFF;
          knots[k] = std::int32_t((bits - (1 << 15)) * moves_.gain >> 16);
        }
        std::int32_t* row = room_.rows + (axis * KNOTS + j) * width;
        for (std::size_t x = 0; x < width; x += LANES) {
          Numbers sum = all(1 << (WEIGHT_BITS - 1));
          UNROLL for (std::size_t k = 0; k < KNOTS; k++)
            sum += load_as<Numbers>(room_.weights + k * width + x) * knots[k];
          sum >>= WEIGHT_BITS;
          __builtin_memcpy(row + x, &sum, sizeof sum);
        }
      }
  }

  // A channel into the middle of the zeros.
  void frame(const std::uint8_t* channel) const {
    const std::size_t width = moves_.picture.width;
    for (std::size_t y = 0; y < moves_.picture.height; y++)
      __builtin_memcpy(room_.framed + (y + 2) * (width + 4) + 2, channel + y * width, width);
  }

  // Coordinates wrap around where a map is beyond all sense; whatever comes of it is limited to the image.
  template <bool elastic>
  __attribute__((no_sanitize("undefined"))) void move(const std::int32_t* m, std::uint8_t* to) const {
    const std::int32_t height = std::int32_t(moves_.picture.height);
    const std::int32_t width = std::int32_t(moves_.picture.width);
    const std::size_t row_width = padded(moves_.picture.width, BLOCK);
    const std::int32_t wide = width + 4;
    Numbers lane;
    UNROLL for (std::size_t i = 0; i < LANES; i++) lane[i] = std::int32_t(i);

    for (std::int32_t y = 0; y < height; y++, to += width) {
      const std::int32_t* rows[KNOTS];  // of knots that count here, and how much
      std::int32_t weights[KNOTS];
      std::size_t near = 0;
      for (std::size_t j = 0; elastic && j < KNOTS; j++) {
        weights[near] = moves_.down[std::size_t(y) * KNOTS + j], rows[near] = room_.rows + j * row_width;
        near += weights[near] != 0;
      }
      // In 64 bits, which any map fits.
      const std::int32_t column = std::int32_t(std::int64_t(m[1]) * y + m[2]);
      const std::int32_t row = std::int32_t(std::int64_t(m[4]) * y + m[5]);
      for (std::int32_t x = 0; x < width; x += std::int32_t(LANES)) {
        Numbers columns = (lane + x) * m[0] + column, lines = (lane + x) * m[3] + row;
        if (elastic) {
          Numbers u = all(1 << (WEIGHT_BITS - 1)), v = u;
          for (std::size_t j = 0; j < near; j++) {
            u += load_as<Numbers>(rows[j] + x) * weights[j];
            v += load_as<Numbers>(rows[j] + KNOTS * row_width + x) * weights[j];
          }
          columns += (u >> WEIGHT_BITS) << (16 - FIELD_BITS);
          lines += (v >> WEIGHT_BITS) << (16 - FIELD_BITS);
        }
        columns = (columns + 128) >> 8, lines = (lines + 128) >> 8;
        const Numbers left = limited(columns >> 8, -2, width), top = limited(lines >> 8, -2, height);
        const Numbers places = (top + 2) * wide + left + 2;
        std::int32_t place[LANES], upper[LANES], lower[LANES];  // four pixels from there on: two are wanted
        __builtin_memcpy(place, &places, sizeof places);
        for (std::size_t i = 0; i < LANES; i++) {
          __builtin_memcpy(upper + i, room_.framed + place[i], 4);
          __builtin_memcpy(lower + i, room_.framed + place[i] + wide, 4);
        }
        const Numbers above = mixed(load_as<Numbers>(upper), columns & 255);
        const Numbers below = mixed(load_as<Numbers>(lower), columns & 255);
        const Numbers between = (above << 8) + (below - above) * (lines & 255);
        const Bytes pixels = __builtin_convertvector((between + (1 << 15)) >> 16, Bytes);
        __builtin_memcpy(to + x, &pixels, sizeof pixels);
      }
    }
  }

  // Of the two lowest bytes, so many 256ths of the way from one to the other.
  static Numbers mixed(Numbers bytes, Numbers share) {
    const Numbers one = bytes & 255, other = (bytes >> 8) & 255;
    return (one << 8) + (other - one) * share;
  }

  const Moves& moves_;
  const Draw& draw_;
  const Moving& room_;
};

}  // namespace glassnet::GLASSNET_TARGET
