#include "engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>

#include "arithmetic.hpp"
#include "team.hpp"

namespace glassnet {
namespace {

constexpr std::size_t ENOUGH = 1 << 20;  // multiply-adds that a thread is worth waking up for
constexpr auto PATIENCE = std::chrono::milliseconds(25);  // between questions whether to stop

template <class T>
const Kernels<T>& kernels_of(const Target& target) {
  if constexpr (sizeof(T) == sizeof(float))
    return target.of_float;
  else
    return target.of_double;
}

std::size_t threads_for(std::size_t multiply_adds, std::size_t most) {
  const std::size_t useful = multiply_adds / ENOUGH;
  return useful < 1 ? 1 : useful < most ? useful : most;
}

// Asks the caller whether to stop, but not more often than it makes sense.
class Watch {
 public:
  explicit Watch(Interrupted interrupted) : interrupted_(interrupted) {}

  bool stop(std::size_t multiply_adds) {
    work_ += multiply_adds;
    if (work_ < ENOUGH) return false;  // looking at the clock costs more than that
    work_ = 0;
    const auto now = std::chrono::steady_clock::now();
    if (now - asked_ < PATIENCE) return false;
    asked_ = now;
    return interrupted_();
  }

 private:
  Interrupted interrupted_;
  std::size_t work_ = 0;
  std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// Memory that the calling thread keeps from call to call. A call within a call (the handler of a signal
// may make one) has its own.
class Memory {
 public:
  Memory() : kept_(!busy) { busy = true; }
  ~Memory() { busy = !kept_; }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Block& weights() { return kept_ ? kept_weights : weights_; }
  Block& work() { return kept_ ? kept_work : work_; }

 private:
  static inline thread_local Block kept_weights, kept_work;
  static inline thread_local bool busy = false;
  const bool kept_;
  Block weights_, work_;
};

// Runs work(id) for each id < threads, with a barrier of that size; alone if the team has other work.
template <class Work>
void run(std::size_t threads, Work& work) {
  const auto start = [](void* context, std::size_t id) { (*static_cast<Work*>(context))(id); };
  if (run_together(threads, start, &work)) return;
  work.alone();
  run_together(1, start, &work);
}

template <class T>
Outcome outcome_of(bool interrupted, const Scratch<T>* scratch, std::size_t threads) {
  if (interrupted) return Outcome::interrupted;
  for (std::size_t id = 0; id < threads; id++)
    if (!scratch[id].finite) return Outcome::not_finite;
  return Outcome::done;
}

// Mini-batches, by a team: first each thread takes some rows of a chunk forward and back, then some
// units of the weights. No number is touched by two threads between two barriers.
template <class T>
class Steps {
 public:
  Steps(const Call<T>& call, const Training& training, const Reading<T>* reading)
      : call_(call),
        training_(training),
        reading_(reading),
        kernels_(kernels_of<T>(call.target)),
        batch_size_(training.batch_size),
        rows_(std::min({batch_size_, training.count, CHUNK})),
        work_(3 * rows_ * multiply_adds(call.plan)),
        threads_(threads_for(work_, call.threads)),
        weights_(kernels_, call.plan, call.parameters, memory_.weights()),
        workspace_(call.plan, weights_.panels, {rows_, true, batch_size_ > CHUNK || reading_, reading_ != nullptr}, 1,
                   threads_, memory_.work()),
        barrier_(std::make_unique<Barrier>(threads_)),
        watch_(call.interrupted) {}

  Outcome go() {
    run(threads_, *this);
    return outcome_of(interrupted_, workspace_.scratch, threads_);
  }

  void alone() {
    threads_ = 1;
    barrier_ = std::make_unique<Barrier>(1);
  }

  const Weights<T>& weights() const { return weights_; }
  const Program<T>& program() const { return workspace_.programs[0]; }

  void operator()(std::size_t id) {
    std::size_t batch = 0;
    for (std::size_t at = 0; at < training_.count; at += batch_size_, batch++) {
      const std::size_t size = std::min(batch_size_, training_.count - at);
      for (std::size_t in_batch = 0; in_batch < size; in_batch += CHUNK) {
        Chunk chunk;
        chunk.first = at + in_batch;
        chunk.places = training_.order ? training_.order + chunk.first : nullptr;
        chunk.rows = std::min(CHUNK, size - in_batch);
        chunk.batch = size;
        chunk.ahead = std::min(chunk.rows, training_.count - chunk.first - chunk.rows);
        chunk.opens = in_batch == 0;
        chunk.closes = in_batch + chunk.rows == size;
        rows_of(id, chunk);
        if (id == 0 && watch_.stop(work_)) interrupted_ = true;
        barrier_->wait();
        if (interrupted_) return;
        if (id == 0) next_rows_ = 0;
        units_of(id, chunk);
        barrier_->wait();
        if (id == 0) next_unit_ = 0;
        if (id == 0) finish(chunk, batch);
        if (reading_) barrier_->wait();  // before the next chunk takes the place of what is read
      }
    }
  }

 private:
  // Whoever is free takes the next rows, and later the next unit. What is computed there doesn't depend on
  // who does it.
  void rows_of(std::size_t id, const Chunk& chunk) {
    const std::size_t share = padded((chunk.rows + threads_ - 1) / threads_, BLOCK);
    Scratch<T>& scratch = workspace_.scratch[id];
    const Shown shown{training_.costs + chunk.first, training_.correct + chunk.first};
    for (std::size_t unit = 0; unit < units(program().layers[0].n_in); unit++) scratch.inked[unit] = 0;
    for (std::size_t first; (first = share * taken(next_rows_)) < chunk.rows;) {
      const std::size_t last = std::min(first + share, chunk.rows);
      kernels_.forward(program(), call_.source, chunk, scratch, first, last);
      kernels_.judge(program(), call_.source, chunk, training_.by, shown, scratch, first, last);
      kernels_.backward(program(), training_.by, scratch, first, last);
    }
  }

  std::size_t taken(std::atomic<std::size_t>& next) const {
    if (threads_ > 1) return next.fetch_add(1, std::memory_order_relaxed);
    const std::size_t mine = next.load(std::memory_order_relaxed);
    next.store(mine + 1, std::memory_order_relaxed);
    return mine;
  }

  void units_of(std::size_t id, const Chunk& chunk) {
    std::size_t passed = 0, mine = taken(next_unit_);
    for (std::size_t l = 0; l < program().count; l++) {
      const Layer<T>& layer = program().layers[l];
      const std::size_t count = layer.kind == Kind::dense ? units(layer.n_in) : 0;
      for (; mine < passed + count; mine = taken(next_unit_)) {
        const std::size_t unit = count - 1 - (mine - passed);  // the last were read last, and are still near
        std::uint64_t ink = l == 0 ? 0 : ~std::uint64_t(0);
        for (std::size_t other = 0; l == 0 && other < threads_; other++) ink |= workspace_.scratch[other].inked[unit];
        kernels_.gradient(program(), l, chunk, training_.how, ink, unit, workspace_.scratch[id]);
      }
      passed += count;
    }
  }

  void finish(const Chunk& chunk, std::size_t batch) {
    if (reading_) copy_rows(chunk);
    if (!chunk.closes || !training_.gradient_norms) return;
    std::size_t dense = 0, at = 0;
    for (std::size_t l = 0; l < program().count; l++) dense += program().layers[l].kind == Kind::dense;
    for (std::size_t l = 0; l < program().count; l++) {
      const Layer<T>& layer = program().layers[l];
      if (layer.kind != Kind::dense) continue;
      double sum = 0;
      for (std::size_t unit = 0; unit < units(layer.n_in); unit++) sum += layer.square_sums[unit];
      training_.gradient_norms[batch * dense + at++] = std::sqrt(sum);
    }
  }

  void copy_rows(const Chunk& chunk) {
    const auto copy = [&](const T* from, std::size_t width, T* to, std::size_t n) {
      for (std::size_t i = 0; to && i < chunk.rows; i++)
        std::memcpy(to + (chunk.first + i) * n, from + i * width, n * sizeof(T));
    };
    copy(program().x, program().layers[0].in_width, reading_->x, program().layers[0].n_in);
    for (std::size_t l = 0; l < program().count; l++) {
      const Layer<T>& layer = program().layers[l];
      const Numbers<T>& to = reading_->numbers[l];
      copy(layer.z, layer.width, to.z, layer.n_out);
      copy(layer.a, layer.width, to.a, layer.n_out);
      copy(layer.delta, layer.width, to.delta, layer.n_out);
      copy(layer.dC_da, layer.width, to.dC_da, layer.n_out);
    }
  }

  const Call<T>& call_;
  const Training& training_;
  const Reading<T>* reading_;
  const Kernels<T>& kernels_;
  const std::size_t batch_size_, rows_, work_;
  std::size_t threads_;
  Memory memory_;
  Weights<T> weights_;
  Workspace<T> workspace_;
  std::unique_ptr<Barrier> barrier_;
  Watch watch_;
  bool interrupted_ = false;
  alignas(64) std::atomic<std::size_t> next_rows_{0};
  alignas(64) std::atomic<std::size_t> next_unit_{0};
};

// Chunks of images, each by whichever thread is free.
template <class T>
class Pass {
 public:
  Pass(const Call<T>& call, const Panels<T>* panels, const Evaluation<T>& evaluation, Block& block)
      : call_(call),
        evaluation_(evaluation),
        kernels_(kernels_of<T>(call.target)),
        rows_(std::min(evaluation.count, CHUNK)),
        chunks_((evaluation.count + CHUNK - 1) / CHUNK),
        threads_(std::min(threads_for(evaluation.count * multiply_adds(call.plan), call.threads), chunks_)),
        workspace_(call.plan, panels, {rows_}, threads_, threads_, block),
        watch_(call.interrupted) {}

  Outcome go() {
    run(threads_, *this);
    return outcome_of(interrupted_, workspace_.scratch, threads_);
  }

  void alone() { threads_ = 1; }

  void operator()(std::size_t id) {
    const Program<T>& program = workspace_.programs[id];
    const Layer<T>& last = program.layers[program.count - 1];
    Scratch<T>& scratch = workspace_.scratch[id];
    bool correct[CHUNK];
    for (std::size_t c; !interrupted_ && (c = next_.fetch_add(1)) < chunks_;) {
      Chunk chunk{};
      chunk.first = c * CHUNK;
      chunk.rows = std::min(CHUNK, evaluation_.count - chunk.first);
      kernels_.forward(program, call_.source, chunk, scratch, 0, chunk.rows);
      for (std::size_t i = 0; i < chunk.rows; i++)
        std::memcpy(evaluation_.outputs + (chunk.first + i) * last.n_out, last.a + i * last.width,
                    last.n_out * sizeof(T));
      if (evaluation_.costs) {
        const Shown shown{evaluation_.costs + chunk.first, correct};
        kernels_.judge(program, call_.source, chunk, evaluation_.by, shown, scratch, 0, chunk.rows);
      }
      if (id == 0 && watch_.stop(chunk.rows * multiply_adds(call_.plan))) interrupted_ = true;
    }
  }

 private:
  const Call<T>& call_;
  const Evaluation<T>& evaluation_;
  const Kernels<T>& kernels_;
  const std::size_t rows_, chunks_;
  std::size_t threads_;
  Workspace<T> workspace_;
  Watch watch_;
  std::atomic<bool> interrupted_{false};
  std::atomic<std::size_t> next_{0};
};

}  // namespace

template <class T>
Outcome train(const Call<T>& call, const Training& training) {
  Steps<T> steps(call, training, nullptr);
  const Outcome outcome = steps.go();
  if (outcome == Outcome::done) steps.weights().unpack(call.parameters);
  return outcome;
}

template <class T>
Outcome evaluate(const Call<T>& call, const Evaluation<T>& evaluation) {
  Memory memory;
  const Weights<T> weights(kernels_of<T>(call.target), call.plan, call.parameters, memory.weights());
  return Pass<T>(call, weights.panels, evaluation, memory.work()).go();
}

template <class T>
Predictor<T>::Predictor(const Target& target, const Plan& plan, const Parameters<T>* parameters)
    : target_(target),
      plan_(plan),
      weights_(kernels_of<T>(target), plan_, parameters, weights_block_),
      workspace_(plan_, weights_.panels, {FEW}, 1, 1, work_block_) {}

template <class T>
Outcome Predictor<T>::few(const Source& source, std::size_t count, T* outputs) {
  const OwnArithmetic own;
  Chunk chunk{};
  chunk.rows = count;
  Scratch<T>& scratch = workspace_.scratch[0];
  const Program<T>& program = workspace_.programs[0];
  scratch.finite = true;
  kernels_of<T>(target_).forward(program, source, chunk, scratch, 0, count);
  const Layer<T>& last = program.layers[program.count - 1];
  for (std::size_t i = 0; i < count; i++)
    std::memcpy(outputs + i * last.n_out, last.a + i * last.width, last.n_out * sizeof(T));
  return scratch.finite ? Outcome::done : Outcome::not_finite;
}

template <class T>
Outcome Predictor<T>::many(const Source& source, std::size_t count, std::size_t threads, Interrupted interrupted,
                           T* outputs) const {
  Memory memory;
  const Call<T> call{target_, plan_, nullptr, source, threads, interrupted};
  return Pass<T>(call, weights_.panels, {count, {}, outputs, nullptr}, memory.work()).go();
}

template <class T>
Outcome read_gradient(const Call<T>& call, const Reading<T>& reading) {
  const auto correct = std::make_unique<bool[]>(reading.count);
  const Training training{nullptr,      reading.count, reading.count, reading.by, {false, 0, 0},
                          reading.costs, correct.get(), nullptr};
  Steps<T> steps(call, training, &reading);
  const Outcome outcome = steps.go();
  if (outcome != Outcome::done) return outcome;
  for (std::size_t l = 0; l < call.plan.size(); l++) {
    const Layer<T>& layer = steps.program().layers[l];
    if (layer.kind != Kind::dense) continue;
    const Numbers<T>& to = reading.numbers[l];
    for (std::size_t j = 0; j < layer.n_out; j++) {
      for (std::size_t k = 0; k < layer.n_in; k++)
        to.weight[j * layer.n_in + k] = layer.weight_gradient[k * layer.width + j];
      to.bias[j] = layer.bias_gradient[j];
    }
  }
  return outcome;
}

template Outcome train(const Call<float>&, const Training&);
template Outcome train(const Call<double>&, const Training&);
template Outcome evaluate(const Call<float>&, const Evaluation<float>&);
template Outcome evaluate(const Call<double>&, const Evaluation<double>&);
template class Predictor<float>;
template class Predictor<double>;
template Outcome read_gradient(const Call<float>&, const Reading<float>&);
template Outcome read_gradient(const Call<double>&, const Reading<double>&);

}  // namespace glassnet
