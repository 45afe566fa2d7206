// Floating point as the standard has it, whatever the program around us has set in this thread.
#pragma once

#include <cfenv>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace glassnet {

// Rounding to nearest, and numbers below the normal ones kept, as long as this lives.
class OwnArithmetic {
#if defined(__x86_64__) || defined(_M_X64)
 public:
  OwnArithmetic() : others_(_mm_getcsr()) {
    if ((others_ & modes) != own) _mm_setcsr((others_ & ~modes) | own);
  }
  ~OwnArithmetic() {
    if ((others_ & modes) != own) _mm_setcsr(others_);
  }

 private:
  static constexpr unsigned modes = 0xffc0, own = 0x1f80;  // of MXCSR: all but what happened so far
  const unsigned others_;
#else
 public:
  OwnArithmetic() {
    std::fegetenv(&others_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~OwnArithmetic() { std::fesetenv(&others_); }

 private:
  std::fenv_t others_;
#endif
  OwnArithmetic(const OwnArithmetic&) = delete;
  OwnArithmetic& operator=(const OwnArithmetic&) = delete;
};

}  // namespace glassnet
