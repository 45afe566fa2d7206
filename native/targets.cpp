#include "targets.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
#endif

namespace glassnet {

#if defined(__x86_64__) || defined(_M_X64)

namespace {

// Which registers the operating system keeps when it switches from one program to another.
std::uint32_t kept_registers() {
  std::uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool all_of(std::uint32_t word, std::uint32_t wanted) { return (word & wanted) == wanted; }

}  // namespace

namespace {

std::vector<const Target*> find_targets() {
  std::uint32_t a, b, c, d, b7 = 0;
  std::vector<const Target*> usable;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return usable;
  constexpr std::uint32_t fma = 1 << 12, movbe = 1 << 22, osxsave = 1 << 27, avx = 1 << 28, f16c = 1 << 29;
  if (!all_of(c, fma | movbe | osxsave | avx | f16c)) return usable;
  constexpr std::uint32_t lzcnt = 1 << 5;
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !all_of(c, lzcnt)) return usable;
  if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d)) return usable;
  constexpr std::uint32_t bmi1 = 1 << 3, avx2 = 1 << 5, bmi2 = 1 << 8;
  constexpr std::uint32_t avx512 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | 1u << 31;  // F, DQ, CD, BW, VL
  constexpr std::uint32_t ymm = 0x06, zmm = 0xe6;
  const std::uint32_t kept = kept_registers();
  if (!all_of(b7, bmi1 | avx2 | bmi2) || !all_of(kept, ymm)) return usable;
  if (all_of(b7, avx512) && all_of(kept, zmm)) usable.push_back(&x86_64_v4::target);
  usable.push_back(&x86_64_v3::target);
  return usable;
}

}  // namespace

const std::vector<const Target*>& usable_targets() {
  static const std::vector<const Target*> found = find_targets();
  return found;
}

#elif defined(__aarch64__)

const std::vector<const Target*>& usable_targets() {
  static const std::vector<const Target*> found = {&neon::target};
  return found;
}

#else

const std::vector<const Target*>& usable_targets() {
  static const std::vector<const Target*> found;
  return found;
}

#endif

}  // namespace glassnet
