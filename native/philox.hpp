// The random numbers of rng.py.
#pragma once

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

constexpr std::uint32_t DROPOUT = 6, AUGMENT = 7;  // rng.Purpose

// Ten rounds of Philox 4×32 (Salmon et al., SC11) for 16 counters at once: words[4][16]. A lane's counter is
// (block, place, epoch, purpose).
struct Philox {
  std::uint32_t words[4][BLOCK];

  template <class Block, class Place>
  Philox(const Draw& draw, std::uint32_t purpose, Block block, Place place) {
    auto& [c0, c1, c2, c3] = words;
    for (std::size_t lane = 0; lane < BLOCK; lane++)
      c0[lane] = std::uint32_t(block(lane)), c1[lane] = place(lane), c2[lane] = draw.epoch,
      c3[lane] = purpose;
    std::uint32_t key0 = std::uint32_t(draw.seed), key1 = std::uint32_t(draw.seed >> 32);
    for (int round = 0; round < 10; round++, key0 += 0x9E3779B9, key1 += 0xBB67AE85)
      VECTORIZE for (std::size_t lane = 0; lane < BLOCK; lane++) {
        const std::uint64_t product0 = std::uint64_t(c0[lane]) * 0xD2511F53;
        const std::uint64_t product1 = std::uint64_t(c2[lane]) * 0xCD9E8D57;
        c0[lane] = std::uint32_t(product1 >> 32) ^ c1[lane] ^ key0, c1[lane] = std::uint32_t(product1);
        c2[lane] = std::uint32_t(product0 >> 32) ^ c3[lane] ^ key1, c3[lane] = std::uint32_t(product0);
      }
  }
};

}  // namespace glassnet::GLASSNET_TARGET
