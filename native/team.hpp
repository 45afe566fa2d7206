// A team of threads that run one function together, and the barrier at which they meet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace glassnet {

class Barrier {
 public:
  explicit Barrier(std::size_t size) : size_(std::uint32_t(size)) {}
  void wait();

 private:
  const std::uint32_t size_;
  alignas(64) std::atomic<std::uint32_t> waiting_{0};
  alignas(64) std::atomic<std::uint32_t> round_{0};
};

// Calls work(context, id) for each id < size, side by side, the caller being 0; returns when all are
// done. If the team is busy with another caller's work, this one's is refused: false.
bool run_together(std::size_t size, void (*work)(void* context, std::size_t id), void* context);

}  // namespace glassnet
