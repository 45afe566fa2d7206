#include "team.hpp"

#include <thread>

#include "arithmetic.hpp"

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace glassnet {
namespace {

constexpr int spins = 2000;  // some 20 µs: as long as neighbors in a mini-batch may differ

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Until `number` is no longer `old`: awake at first, then asleep.
void wait_while(const std::atomic<std::uint32_t>& number, std::uint32_t old) {
  for (int i = 0; i < spins; i++) {
    if (number.load(std::memory_order_acquire) != old) return;
    relax();
  }
  number.wait(old, std::memory_order_acquire);
}

class Team {
 public:
  bool run(std::size_t size, void (*work)(void*, std::size_t), void* context) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    if (!hire(size - 1)) {
      busy_.clear(std::memory_order_release);
      return false;
    }
    work_ = work, context_ = context, size_ = size;
    unfinished_.store(std::uint32_t(members_), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    work(context, 0);
    for (std::uint32_t left; (left = unfinished_.load(std::memory_order_acquire)) != 0;)
      wait_while(unfinished_, left);
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  // Threads live as long as the process; between calls they sleep.
  bool hire(std::size_t wanted) {
    try {
      for (; members_ < wanted; members_++)
        std::thread(&Team::live, this, members_ + 1, round_.load(std::memory_order_relaxed)).detach();
    } catch (...) {  // no thread, or no memory for one
      return false;
    }
    return true;
  }

  void live(std::size_t id, std::uint32_t seen) {
    const OwnArithmetic own;
    for (;;) {
      wait_while(round_, seen);
      seen = round_.load(std::memory_order_acquire);
      if (id < size_) work_(context_, id);
      if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
    }
  }

  std::atomic_flag busy_;
  std::size_t members_ = 0;  // beside the caller
  void (*work_)(void*, std::size_t) = nullptr;
  void* context_ = nullptr;
  std::size_t size_ = 0;
  alignas(64) std::atomic<std::uint32_t> round_{0};
  alignas(64) std::atomic<std::uint32_t> unfinished_{0};
};

std::atomic<Team*> current{nullptr};

// This process's team. It is never torn down, as its threads can't be asked to leave while the process ends.
// A child of fork() has none of them: it gets a team of its own.
Team& team() {
  Team* found = current.load(std::memory_order_acquire);
  if (found != nullptr) return *found;
  Team* fresh = new Team;
  if (!current.compare_exchange_strong(found, fresh, std::memory_order_acq_rel)) {
    delete fresh;  // another thread was faster
    return *found;
  }
#if !defined(_WIN32)
  static const int once = pthread_atfork(nullptr, nullptr, [] { current = nullptr; });
  (void)once;
#endif
  return *fresh;
}

}  // namespace

void Barrier::wait() {
  if (size_ == 1) return;
  const std::uint32_t round = round_.load(std::memory_order_acquire);
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    waiting_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
  } else {
    wait_while(round_, round);
  }
}

bool run_together(std::size_t size, void (*work)(void*, std::size_t), void* context) {
  const OwnArithmetic own;
  if (size > 1) return team().run(size, work, context);
  work(context, 0);
  return true;
}

}  // namespace glassnet
