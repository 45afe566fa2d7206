// The instruction sets that this build has kernels for.
#pragma once

#include <vector>

#include "program.hpp"

namespace glassnet {

#if defined(__x86_64__) || defined(_M_X64)
namespace x86_64_v4 { extern const Target target; }
namespace x86_64_v3 { extern const Target target; }
#elif defined(__aarch64__)
namespace neon { extern const Target target; }
#endif

// Those that this processor and its operating system can run, the fastest first.
const std::vector<const Target*>& usable_targets();

}  // namespace glassnet
