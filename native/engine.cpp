#include "engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "arithmetic.hpp"
#include "team.hpp"

namespace glassnet {
namespace {

const Plan NOTHING;
constexpr std::size_t ENOUGH = 1 << 20;  // multiply-adds that a thread is worth waking up for
constexpr std::size_t PARTS = 2;         // pieces of work for each thread, so that none waits long
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
  Block& memories(std::size_t i) { return kept_ ? kept_memories[i] : memories_[i]; }

 private:
  static inline thread_local Block kept_weights, kept_work, kept_memories[2];
  static inline thread_local bool busy = false;
  const bool kept_;
  Block weights_, work_, memories_[2];
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

// Mini-batches, by a team, a chunk of rows at a time, in phases: layer after layer of those on images,
// forward; all other layers, forward and back; layer after layer on images, back; the units of the weights.
// In each, whoever is free takes the next piece of work. What is computed there doesn't depend on who does
// it, and no number is touched by two threads between two barriers.
template <class T>
class Steps {
 public:
  Steps(const Call<T>& call, const Training& training, const Reading<T>* reading)
      : call_(call),
        training_(training),
        reading_(reading),
        kernels_(kernels_of<T>(call.target)),
        batch_size_(training.batch_size),
        chunk_(rows_of_chunk(call.plan, sizeof(T))),
        rows_(std::min({batch_size_, training.count, chunk_})),
        work_(3 * rows_ * multiply_adds(call.plan)),
        threads_(threads_for(work_, call.threads)),
        weights_(kernels_, call.plan, call.parameters, memory_.weights()),
        workspace_(call.plan, weights_.panels,
                   {.rows = rows_,
                    .backward = true,
                    .sums = batch_size_ > chunk_ || reading_,
                    .every_number = reading_ != nullptr,
                    .draw = call.draw,
                    .moves = call.source.moves},
                   1, threads_, memory_.work()),
        barrier_(std::make_unique<Barrier>(threads_)),
        watch_(call.interrupted) {
    remember(0, &Remembered<T>::first);
    remember(1, &Remembered<T>::second);
  }

  Outcome go() {
    run(threads_, *this);
    return outcome_of(interrupted_, workspace_.scratch, threads_);
  }

  void alone() {
    threads_ = 1;
    barrier_ = std::make_unique<Barrier>(1);
  }

  // All that was changed, back to where it came from.
  void unpack() const {
    weights_.unpack(call_.parameters);
    for (std::size_t i = 0; i < 2; i++)
      if (memories_[i]) memories_[i]->unpack(call_.memories[i]);
  }

  const Program<T>& program() const { return workspace_.programs[0]; }

  void operator()(std::size_t id) {
    std::size_t batch = 0;
    Descent how = training_.how;
    Turn turn{0, taken()};
    for (std::size_t at = 0; at < training_.count; at += batch_size_, batch++) {
      const std::size_t size = std::min(batch_size_, training_.count - at);
      if (const double* pace = training_.paces ? training_.paces + 3 * batch : nullptr)
        how.learning_rate = pace[0], how.correction1 = pace[1], how.correction2 = pace[2];
      for (std::size_t in_batch = 0; in_batch < size; in_batch += chunk_) {
        Chunk chunk;
        chunk.first = at + in_batch;
        chunk.places = training_.order ? training_.order + chunk.first : nullptr;
        chunk.rows = std::min(chunk_, size - in_batch);
        chunk.batch = size;
        chunk.ahead = std::min(chunk.rows, training_.count - chunk.first - chunk.rows);
        chunk.opens = in_batch == 0;
        chunk.closes = in_batch + chunk.rows == size;
        forward_on_images(turn, id, chunk);
        rows_of(turn, id, chunk);
        if (id == 0 && watch_.stop(work_)) interrupted_ = true;
        barrier_->wait();
        if (interrupted_) return;
        backward_on_images(turn, chunk);
        units_of(turn, id, chunk, how);
        barrier_->wait();
        if (id == 0) finish(chunk, batch);
        if (reading_) barrier_->wait();  // before the next chunk takes the place of what is read
      }
    }
  }

 private:
  // Lay what the optimizer remembers out like the parameters themselves.
  void remember(std::size_t i, T* Remembered<T>::* which) {
    if (!call_.memories[i]) return;
    memories_[i].emplace(kernels_, call_.plan, call_.memories[i], memory_.memories(i));
    for (std::size_t l = 0; l < program().count; l++) {
      program().layers[l].of_weight.*which = memories_[i]->panels[l].weight;
      program().layers[l].of_bias.*which = memories_[i]->panels[l].bias;
    }
  }

  // Pieces of work are counted on and on, through all phases: this thread has taken number `mine`, and the
  // present phase begins with number `begin`.
  struct Turn {
    std::size_t begin, mine;
  };

  std::size_t taken() {
    if (threads_ > 1) return next_.fetch_add(1, std::memory_order_relaxed);
    const std::size_t mine = next_.load(std::memory_order_relaxed);
    next_.store(mine + 1, std::memory_order_relaxed);
    return mine;
  }

  // work(i) for those i < count that this thread takes.
  template <class Work>
  void each(Turn& turn, std::size_t count, Work work) {
    const std::size_t end = turn.begin + count;
    for (; turn.mine < end; turn.mine = taken()) work(turn.mine - turn.begin);
    turn.begin = end;
  }

  // work(part) for all panels of a layer on images, cut into as many parts as keep all threads busy.
  template <class Work>
  void each_part(Turn& turn, const Chunk& chunk, std::size_t height, Work work) {
    const std::size_t count = panels(chunk.rows), wanted = (PARTS * threads_ + count - 1) / count;
    const std::size_t parts = threads_ == 1 ? 1 : std::min(wanted, height);
    each(turn, count * parts, [&](std::size_t i) {
      const std::size_t part = i % parts;
      work(Part{i / parts, part * height / parts, (part + 1) * height / parts});
    });
  }

  void forward_on_images(Turn& turn, std::size_t id, const Chunk& chunk) {
    if (!program().on_images) return;
    each(turn, panels(chunk.rows), [&](std::size_t panel) {
      const std::size_t first = panel * BLOCK, last = std::min(first + BLOCK, chunk.rows);
      kernels_.read(program(), call_.source, chunk, workspace_.scratch[id], first, last);
    });
    barrier_->wait();
    for (std::size_t l = 0; l < program().on_images; l++) {
      const Layer<T>& layer = program().layers[l];
      if (layer.window.padding) {
        each(turn, panels(chunk.rows), [&](std::size_t panel) { kernels_.pad(layer, panel); });
        barrier_->wait();
      }
      each_part(turn, chunk, layer.out.height,
                [&](Part part) { kernels_.forward_on_images(program(), l, chunk, part); });
      barrier_->wait();
    }
  }

  void rows_of(Turn& turn, std::size_t id, const Chunk& chunk) {
    const std::size_t share = padded((chunk.rows + threads_ - 1) / threads_, BLOCK);
    Scratch<T>& scratch = workspace_.scratch[id];
    const Shown shown{training_.costs + chunk.first, training_.correct + chunk.first};
    for (std::size_t unit = 0; unit < units(program().layers[0].n_in); unit++) scratch.inked[unit] = 0;
    each(turn, (chunk.rows + share - 1) / share, [&](std::size_t i) {
      const std::size_t first = i * share, last = std::min(first + share, chunk.rows);
      if (!program().on_images) kernels_.read(program(), call_.source, chunk, scratch, first, last);
      kernels_.forward(program(), chunk, scratch, first, last);
      kernels_.judge(program(), call_.source, chunk, training_.by, shown, scratch, first, last);
      kernels_.backward(program(), training_.by, scratch, first, last);
    });
  }

  void backward_on_images(Turn& turn, const Chunk& chunk) {
    for (std::size_t l = program().on_images; l-- > 1;) {
      each_part(turn, chunk, program().layers[l - 1].out.height,
                [&](Part part) { kernels_.backward_on_images(program(), l - 1, part); });
      barrier_->wait();
    }
  }

  void units_of(Turn& turn, std::size_t id, const Chunk& chunk, const Descent& how) {
    for (std::size_t l = 0; l < program().count; l++) {
      const std::size_t count = program().layers[l].units;
      const bool of_ink = l == 0 && program().layers[l].kind == Kind::dense;
      each(turn, count, [&](std::size_t i) {
        const std::size_t unit = count - 1 - i;  // the last were read last, and are still near
        std::uint64_t ink = of_ink ? 0 : ~std::uint64_t(0);
        for (std::size_t other = 0; of_ink && other < threads_; other++)
          ink |= workspace_.scratch[other].inked[unit];
        kernels_.gradient(program(), l, chunk, how, ink, unit, workspace_.scratch[id]);
      });
    }
  }

  void finish(const Chunk& chunk, std::size_t batch) {
    if (reading_) copy_rows(chunk);
    if (!chunk.closes || !training_.gradient_norms) return;
    std::size_t with_weight = 0, at = 0;
    for (std::size_t l = 0; l < program().count; l++) with_weight += program().layers[l].units > 0;
    for (std::size_t l = 0; l < program().count; l++) {
      const Layer<T>& layer = program().layers[l];
      if (layer.units == 0) continue;
      double sum = 0;
      for (std::size_t unit = 0; unit < layer.units; unit++) sum += layer.square_sums[unit];
      training_.gradient_norms[batch * with_weight + at++] = std::sqrt(sum);
    }
  }

  void copy_rows(const Chunk& chunk) {
    const auto copy = [&](const T* from, bool on_images, std::size_t width, T* to, std::size_t n) {
      if (to && on_images) kernels_.out_of_panels(from, n, chunk.rows, to + chunk.first * n, n);
      for (std::size_t i = 0; to && !on_images && i < chunk.rows; i++)
        std::memcpy(to + (chunk.first + i) * n, from + i * width, n * sizeof(T));
    };
    copy(program().x, false, program().layers[0].in_width, reading_->x, program().layers[0].n_in);
    for (std::size_t l = 0; l < program().count; l++) {
      const Layer<T>& layer = program().layers[l];
      const Numbers<T>& to = reading_->numbers[l];
      copy(layer.z, layer.on_images, layer.width, to.z, layer.n_out);
      copy(layer.a, layer.on_images, layer.width, to.a, layer.n_out);
      copy(layer.delta, layer.on_images, layer.width, to.delta, layer.n_out);
      copy(layer.dC_da, layer.on_images, layer.width, to.dC_da, layer.n_out);
    }
  }

  const Call<T>& call_;
  const Training& training_;
  const Reading<T>* reading_;
  const Kernels<T>& kernels_;
  const std::size_t batch_size_, chunk_, rows_, work_;
  std::size_t threads_;
  Memory memory_;
  Weights<T> weights_;
  Workspace<T> workspace_;
  std::optional<Weights<T>> memories_[2];
  std::unique_ptr<Barrier> barrier_;
  Watch watch_;
  bool interrupted_ = false;
  alignas(64) std::atomic<std::size_t> next_{0};  // the piece of work that nobody has taken yet
};

// A chunk through all layers, by one thread.
template <class T>
void pass_forward(const Kernels<T>& kernels, const Program<T>& program, const Source& source,
                  const Chunk& chunk, Scratch<T>& scratch) {
  kernels.read(program, source, chunk, scratch, 0, chunk.rows);
  if (program.abreast) kernels.forward_abreast(program);
  for (std::size_t l = 0; l < program.on_images && !program.abreast; l++)
    for (std::size_t panel = 0; panel < panels(chunk.rows); panel++) {
      if (program.layers[l].window.padding) kernels.pad(program.layers[l], panel);
      kernels.forward_on_images(program, l, chunk, {panel, 0, program.layers[l].out.height});
    }
  kernels.forward(program, chunk, scratch, 0, chunk.rows);
}

// Chunks of images, each by whichever thread is free.
template <class T>
class Pass {
 public:
  Pass(const Call<T>& call, const Panels<T>* panels, const Evaluation<T>& evaluation, Block& block)
      : call_(call),
        evaluation_(evaluation),
        kernels_(kernels_of<T>(call.target)),
        // Images are taken by the panel: what one makes stays near until it is used.
        chunk_(layers_on_images(call.plan) ? BLOCK : CHUNK),
        rows_(std::min(evaluation.count, chunk_)),
        chunks_((evaluation.count + chunk_ - 1) / chunk_),
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
      chunk.first = c * chunk_;
      chunk.rows = std::min(chunk_, evaluation_.count - chunk.first);
      pass_forward(kernels_, program, call_.source, chunk, scratch);
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
  const std::size_t chunk_, rows_, chunks_;
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
  if (outcome == Outcome::done) steps.unpack();
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
      abreast_(layers_on_images(plan) > 0),
      weights_(kernels_of<T>(target), plan_, parameters, weights_block_),
      few_weights_(kernels_of<T>(target), abreast_ ? plan_ : NOTHING, parameters, few_block_, true),
      workspace_(plan_, abreast_ ? few_weights_.panels : weights_.panels,
                 {.rows = abreast_ ? 1 : FEW, .abreast = abreast_}, 1, 1, work_block_) {}

template <class T>
Outcome Predictor<T>::few(const Source& source, std::size_t count, T* outputs) {
  const OwnArithmetic own;
  Scratch<T>& scratch = workspace_.scratch[0];
  const Program<T>& program = workspace_.programs[0];
  const Layer<T>& last = program.layers[program.count - 1];
  scratch.finite = true;
  Chunk chunk{};
  for (chunk.rows = abreast_ ? 1 : count; chunk.first < count; chunk.first += chunk.rows) {
    pass_forward(kernels_of<T>(target_), program, source, chunk, scratch);
    for (std::size_t i = 0; i < chunk.rows; i++)
      std::memcpy(outputs + (chunk.first + i) * last.n_out, last.a + i * last.width, last.n_out * sizeof(T));
  }
  return scratch.finite ? Outcome::done : Outcome::not_finite;
}

template <class T>
Outcome Predictor<T>::many(const Source& source, std::size_t count, std::size_t threads,
                           Interrupted interrupted, T* outputs) const {
  Memory memory;
  const Call<T> call{target_, plan_, nullptr, source, threads, interrupted};
  return Pass<T>(call, weights_.panels, {count, {}, outputs, nullptr}, memory.work()).go();
}

template <class T>
Outcome read_gradient(const Call<T>& call, const Reading<T>& reading) {
  const auto correct = std::make_unique<bool[]>(reading.count);
  const Training training{nullptr, reading.count, reading.count, reading.by, {}, nullptr, reading.costs,
                          correct.get(), nullptr};
  Steps<T> steps(call, training, &reading);
  const Outcome outcome = steps.go();
  if (outcome != Outcome::done) return outcome;
  for (std::size_t l = 0; l < call.plan.size(); l++) {
    const Layer<T>& layer = steps.program().layers[l];
    if (layer.units == 0) continue;
    const Operation& of = call.plan[l];
    const Numbers<T>& to = reading.numbers[l];
    const std::size_t count = neurons(of), n = fan_in(of);
    for (std::size_t j = 0; j < count; j++)
      for (std::size_t k = 0; k < n; k++)
        to.weight[j * n + k] = layer.weight_gradient[gradient_place(of, j, k)];
    if (has_bias(of)) std::memcpy(to.bias, layer.bias_gradient, count * sizeof(T));
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
