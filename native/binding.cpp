// The engine for Python. Everything that comes in is checked here, once; behind this file sizes fit and
// places lie within their arrays.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <tuple>

#include "engine.hpp"
#include "targets.hpp"
#include "team.hpp"

namespace nb = nanobind;

namespace glassnet {
namespace {

using Array = nb::ndarray<nb::c_contig, nb::device::cpu>;            // may be written to
using Readable = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

[[noreturn]] void refuse(const std::string& what) { throw nb::value_error(what.c_str()); }

template <class E>
E named(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, E>> known) {
  for (const auto& [text, value] : known)
    if (name == text) return value;
  refuse(std::string("unknown ") + what + " '" + name + "'");
}

Cost cost_named(const std::string& name) {
  return named<Cost>("cost", name,
                     {{"squared", Cost::squared},
                      {"quadratic", Cost::quadratic},
                      {"cross_entropy", Cost::cross_entropy},
                      {"log_likelihood", Cost::log_likelihood}});
}

// A layer as Python tells of it: kind, activation, shapes of input and output; size, stride and padding of a
// window; threshold and scale of dropout.
using Shape = std::vector<std::size_t>;
using Line = std::tuple<std::string, std::string, Shape, Shape, std::tuple<std::size_t, std::size_t, std::size_t>,
                        std::tuple<std::uint32_t, double>>;
using Operations = std::vector<Line>;

std::size_t size_of(const Shape& shape) {
  std::size_t size = 1;
  for (const std::size_t n : shape) {
    if (n < 1 || n > (std::size_t(1) << 31) / size) refuse("a layer of too many numbers, or of none");
    size *= n;
  }
  return size;
}

Grid grid(const Shape& shape) { return shape.size() == 3 ? Grid{shape[0], shape[1], shape[2]} : Grid{1, 1, 1}; }

// In how many places a window stands along a side.
std::size_t places(std::size_t side, const Window& window) {
  const std::size_t around = side + 2 * window.padding;
  return around < window.size ? 0 : (around - window.size) / window.stride + 1;
}

void check_window(const Operation& of) {
  const Window& window = of.window;
  constexpr std::size_t most = 1 << 16;
  if (window.size < 1 || window.size > most || window.stride < 1 || window.stride > most) refuse("a window of that size");
  if (window.padding >= window.size || (!is_conv(of) && window.padding)) refuse("a window with that padding");
  const bool fits = of.out.height == places(of.in.height, window) && of.out.width == places(of.in.width, window);
  if (!fits || (!is_conv(of) && of.in.channels != of.out.channels)) refuse("a window that makes another image");
  if (window.area() > (std::size_t(1) << 31) / of.in.channels) refuse("a filter of too many weights");
}

Operation operation(const Line& from) {
  const auto& [kind, activation, in, out, window, dropout] = from;
  Operation of{};
  of.kind = named<Kind>("layer", kind,
                        {{"dense", Kind::dense},
                         {"softmax", Kind::softmax},
                         {"flatten", Kind::flatten},
                         {"dropout", Kind::dropout},
                         {"conv", Kind::conv},
                         {"max_pool", Kind::max_pool},
                         {"average_pool", Kind::average_pool}});
  of.activation = named<Activation>("activation", activation,
                                    {{"sigmoid", Activation::sigmoid},
                                     {"tanh", Activation::tanh},
                                     {"relu", Activation::relu},
                                     {"linear", Activation::linear},
                                     {"softmax", Activation::softmax}});
  of.n_in = size_of(in), of.n_out = size_of(out);
  of.on_images = out.size() == 3;
  of.in = grid(in), of.out = grid(out);
  const bool slides = of.kind == Kind::conv || of.kind == Kind::max_pool || of.kind == Kind::average_pool;
  std::tie(of.window.size, of.window.stride, of.window.padding) = window;
  std::tie(of.threshold, of.scale) = dropout;
  if (slides && !(in.size() == 3 && out.size() == 3)) refuse("a window slides over images");
  if (slides) check_window(of);
  if (!slides) of.window = {};
  if (of.on_images && !slides && of.kind != Kind::dropout) refuse("a layer that gives no image");
  if (of.on_images && of.activation == Activation::softmax) refuse("softmax takes a row of numbers");
  if (is_dense(of) && in.size() != 1) refuse("a dense layer takes a row of numbers");
  // Steps reach no further than 32 bits.
  constexpr std::size_t far = std::size_t(1) << 31;
  const std::size_t weights = is_dense(of) ? width(of.n_out) : is_conv(of) ? of.out.channels : 0;
  const std::size_t padded_in = of.in.channels * (of.in.height + 2 * of.window.padding) * (of.in.width + 2 * of.window.padding);
  const bool small = of.n_in <= far / CHUNK && of.n_out <= far / CHUNK && padded_in <= far / CHUNK &&
                     (weights == 0 || width(fan_in(of)) <= far / weights);
  if (!small)
    refuse("a layer of " + std::to_string(of.n_in) + " inputs and " + std::to_string(of.n_out) + " outputs");
  const bool keeps = of.kind == Kind::softmax || of.kind == Kind::flatten || of.kind == Kind::dropout;
  if (keeps && of.n_in != of.n_out) refuse("a " + kind + " layer has as many outputs as inputs");
  if (of.kind == Kind::softmax && of.activation != Activation::softmax)
    refuse("a softmax layer has the activation softmax");
  return of;
}

Plan plan_of(const Operations& operations) {
  Plan plan;
  const Shape* shape = nullptr;
  for (const Line& from : operations) {
    if (shape && *shape != std::get<2>(from)) refuse("layers that don't fit together");
    plan.push_back(operation(from));
    shape = &std::get<3>(from);
  }
  if (plan.empty()) refuse("a plan without layers");
  if (plan.back().on_images) refuse("a plan that ends with images");
  return plan;
}

template <class T>
bool aligned(const T* numbers) {
  return reinterpret_cast<std::uintptr_t>(numbers) % alignof(T) == 0;
}

template <class T, class A>
auto checked(const char* name, const A& array, std::initializer_list<std::size_t> shape) {
  using Number = std::conditional_t<std::is_same_v<A, Readable>, const T, T>;
  Number* numbers = static_cast<Number*>(array.data());
  bool fits = array.dtype() == nb::dtype<T>() && array.ndim() == shape.size() && aligned(numbers);
  for (std::size_t axis = 0; fits && axis < shape.size(); axis++) fits = array.shape(axis) == shape.begin()[axis];
  if (!fits) refuse(std::string(name) + ": wrong dtype, shape or alignment");
  return numbers;
}

// What is written must not lie in what is read: it was checked, and has to stay so.
template <class... Read>
void keep_apart(const std::vector<Array>& written, const Read&... read) {
  const auto check = [&](const auto& other) {
    const auto begin = reinterpret_cast<std::uintptr_t>(other.data()), end = begin + other.nbytes();
    for (const Array& array : written) {
      const auto to = reinterpret_cast<std::uintptr_t>(array.data());
      if (to < end && begin < to + array.nbytes()) refuse("arrays that overlap");
    }
  };
  (check(read), ...);
}

template <class T>
T* weight_of(const Operation& of, const Array& array) {
  if (is_dense(of)) return checked<T>("weight", array, {of.n_out, of.n_in});
  return checked<T>("weight", array, {of.out.channels, of.in.channels, of.window.size, of.window.size});
}

template <class T>
T* bias_of(const Operation& of, const Array& array) {
  return checked<T>("bias", array, {is_dense(of) ? of.n_out : of.out.channels});
}

// Weight and bias of each layer that has them, in this order.
template <class T>
std::vector<Parameters<T>> parameters_of(const Plan& plan, const std::vector<Array>& arrays) {
  std::vector<Parameters<T>> parameters;
  std::size_t at = 0;
  for (const Operation& of : plan) {
    parameters.push_back({});
    if (!has_weights(of)) continue;
    if (at + 2 > arrays.size()) refuse("parameters: too few arrays");
    parameters.back() = {weight_of<T>(of, arrays[at]), bias_of<T>(of, arrays[at + 1])};
    at += 2;
  }
  if (at != arrays.size()) refuse("parameters: too many arrays");
  return parameters;
}

Source images_of(const Readable& images, std::size_t n_in) {
  Source source{};
  if (images.dtype() == nb::dtype<std::uint8_t>())
    source.pixel = Pixel::uint8;
  else if (images.dtype() == nb::dtype<float>())
    source.pixel = Pixel::float32;
  else if (images.dtype() == nb::dtype<double>())
    source.pixel = Pixel::float64;
  else
    refuse("images: neither uint8 nor float32 nor float64");
  const bool fits = source.pixel == Pixel::uint8 || aligned(static_cast<const double*>(images.data())) ||
                    (source.pixel == Pixel::float32 && aligned(static_cast<const float*>(images.data())));
  if (images.ndim() != 2 || images.shape(1) != n_in || !fits) refuse("images: wrong shape or alignment");
  source.images = images.data();
  return source;
}

template <class T>
void add_targets(Source& source, const Readable& targets, std::size_t n, std::size_t n_out) {
  if (targets.ndim() == 1) {
    source.labels = checked<std::int64_t>("labels", targets, {n});
    const auto wrong = [n_out](std::int64_t label) { return label < 0 || std::size_t(label) >= n_out; };
    if (std::any_of(source.labels, source.labels + n, wrong)) refuse("labels: one that is not an output");
  } else {
    source.targets = checked<T>("targets", targets, {n, n_out});
  }
}

std::size_t threads_within(std::size_t threads) {
  if (threads < 1 || threads > 1024) refuse("threads: from 1 to 1024");
  return threads;
}

const Target& target_named(const std::string& name) {
  for (const Target* target : usable_targets())
    if (name == target->name) return *target;
  refuse("instruction set '" + name + "' is not one of this build and this processor");
}

std::atomic<std::thread::id> ending{};  // the thread that ends the interpreter, once it does

// All other threads are killed where they ask for the interpreter then, in the midst of C++.
bool must_stay_away() {
  const std::thread::id by = ending;
  return by != std::thread::id() && by != std::this_thread::get_id();
}

// Threads that are about to ask for the interpreter, or have just got it: whoever ends it lets them pass.
std::atomic<int> at_the_door{0};

struct Door {
  Door() { at_the_door++; }
  ~Door() { at_the_door--; }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
};

void end_for_others() {
  ending = std::this_thread::get_id();  // from here on, nobody comes to the door and stays
  const nb::gil_scoped_release they_may_pass;
  // A second at most: in a forked child, the count may hold threads that only the parent has.
  for (int waited = 0; at_the_door > 0 && waited < 1000; waited++)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Whether Ctrl-C, or another signal whose handler raises, was met.
bool interrupted() {
  const Door door;
  if (must_stay_away()) return true;
  const nb::gil_scoped_acquire held;
  return PyErr_CheckSignals() != 0;
}

// What the work comes to, while other Python threads run; whether all images were finite numbers.
template <class Work>
bool conclude(Work work) {
  Outcome outcome;
  std::optional<Door> door;
  {
    const nb::gil_scoped_release others_may_run;
    outcome = work();
    door.emplace();
    while (must_stay_away()) {
      door.reset();
      std::this_thread::sleep_for(std::chrono::hours(1));
    }
  }
  if (outcome == Outcome::interrupted) throw nb::python_error();
  return outcome == Outcome::done;
}

// Maps, picture, gain, and what knots count down and across: see moves.py.
using Moved = std::tuple<Readable, Shape, std::int64_t, Readable, Readable>;

Moves moves_of(const Moved& from, const Source& source, std::size_t count, std::size_t n_in) {
  const auto& [maps, shape, gain, down, across] = from;
  Moves moves{};
  moves.picture = grid(shape);
  moves.gain = gain;
  constexpr std::size_t most = 1024;
  if (shape.size() != 3 || size_of(shape) != n_in || shape[1] > most || shape[2] > most) refuse("moves: no such picture");
  if (source.pixel != Pixel::uint8) refuse("moves: of uint8 alone");
  if (gain < 0 || gain > 1 << 17) refuse("moves: too far");
  moves.maps = checked<std::int32_t>("maps", maps, {count, 6});
  moves.down = checked<std::int32_t>("down", down, {shape[1], KNOTS});
  moves.across = checked<std::int32_t>("across", across, {shape[2], KNOTS});
  return moves;
}

// What an optimizer remembers of the parameters: none, one or two lists of arrays in their order.
using Memories = std::vector<std::vector<Array>>;

template <class T>
bool train_as(const Plan& plan, const std::vector<Array>& arrays, const Memories& memories, const Readable& images,
              const Readable& labels, const std::optional<Readable>& example_weights, const Readable& order, Draw draw,
              const std::optional<Moved>& moves, std::size_t batch_size, Criterion by, Descent how, const Readable& paces, const std::string& target,
              std::size_t threads, const Array& costs, const Array& correct, const Array& gradient_norms) {
  const std::vector<Parameters<T>> parameters = parameters_of<T>(plan, arrays);
  Source source = images_of(images, plan.front().n_in);
  const std::size_t n = images.shape(0), count = order.ndim() == 1 ? order.shape(0) : 0;
  add_targets<T>(source, labels, n, plan.back().n_out);
  if (example_weights) source.example_weights = checked<double>("example_weights", *example_weights, {n});
  if (batch_size < 1) refuse("batch_size: at least 1");
  const std::size_t batches = count / batch_size + (count % batch_size != 0);
  const auto outside = [n](std::int64_t place) { return place < 0 || std::size_t(place) >= n; };
  Training training;
  training.order = checked<std::int64_t>("order", order, {count});
  training.count = count;
  if (std::any_of(training.order, training.order + count, outside)) refuse("order: a place outside of the images");
  if (moves) source.moves = moves_of(*moves, source, count, plan.front().n_in);
  training.batch_size = batch_size;
  training.by = by;
  training.how = how;
  training.paces = checked<double>("paces", paces, {batches, 3});
  training.costs = checked<double>("costs", costs, {count});
  training.correct = checked<bool>("correct", correct, {count});
  training.gradient_norms = checked<double>("gradient_norms", gradient_norms, {batches, arrays.size() / 2});
  keep_apart({costs, correct, gradient_norms}, images, labels, order, paces, example_weights ? *example_weights : order);
  if (moves) keep_apart({costs, correct, gradient_norms}, std::get<0>(*moves), std::get<3>(*moves), std::get<4>(*moves));
  Call<T> call{target_named(target), plan, parameters.data(), source, threads_within(threads), interrupted, draw};
  const std::size_t wanted = how.rule == Rule::sgd ? 0 : how.rule == Rule::adam ? 2 : 1;
  if (memories.size() != wanted) refuse("memories: not what the rule remembers");
  std::vector<Parameters<T>> remembered[2];
  for (std::size_t i = 0; i < wanted; i++) {
    remembered[i] = parameters_of<T>(plan, memories[i]);
    call.memories[i] = remembered[i].data();
  }
  if (count == 0) return true;
  return conclude([&] { return train(call, training); });
}

// Which rule a step follows: its name, whether L2 is decoupled, λ₁/n, λ/n, β₁, β₂, ε.
using How = std::tuple<std::string, bool, double, double, double, double, double>;

Descent descent(const How& from) {
  const auto& [rule, decoupled, l1, l2, beta1, beta2, epsilon] = from;
  const Rule by = named<Rule>("rule", rule,
                              {{"sgd", Rule::sgd},
                               {"momentum", Rule::momentum},
                               {"nesterov", Rule::nesterov},
                               {"adam", Rule::adam}});
  if (decoupled && by != Rule::adam) refuse("decoupled: of Adam only");
  return {true, by, decoupled, l1, l2, beta1, beta2, epsilon, 0, 1, 1};
}

bool train_batches(const Operations& operations, const std::vector<Array>& parameters, const Memories& memories,
                   const Readable& images, const Readable& labels, const std::optional<Readable>& example_weights,
                   const Readable& order, std::uint64_t seed, std::uint32_t epoch, const std::optional<Moved>& moves,
                   std::size_t batch_size,
                   const std::string& cost, bool canonical, const How& how, const Readable& paces,
                   const std::string& dtype, const std::string& target, std::size_t threads, const Array& costs,
                   const Array& correct, const Array& gradient_norms) {
  const Plan plan = plan_of(operations);
  const Criterion by = {cost_named(cost), canonical};
  const auto train_in = named<decltype(&train_as<float>)>("dtype", dtype,
                                                          {{"float32", train_as<float>}, {"float64", train_as<double>}});
  const Draw draw = {true, seed, epoch, nullptr};
  return train_in(plan, parameters, memories, images, labels, example_weights, order, draw, moves, batch_size, by,
                  descent(how), paces, target, threads, costs, correct, gradient_norms);
}

template <class T>
bool evaluate_as(const Plan& plan, const std::vector<Array>& arrays, const Readable& images, const Readable& labels,
                 Criterion by, const std::string& target, std::size_t threads, const Array& outputs,
                 const Array& costs) {
  const std::vector<Parameters<T>> parameters = parameters_of<T>(plan, arrays);
  Source source = images_of(images, plan.front().n_in);
  const std::size_t n = images.shape(0), n_out = plan.back().n_out;
  add_targets<T>(source, labels, n, n_out);
  const Evaluation<T> evaluation{n, by, checked<T>("outputs", outputs, {n, n_out}),
                                 checked<double>("costs", costs, {n})};
  keep_apart({outputs, costs}, images, labels);
  const Call<T> call{target_named(target), plan, parameters.data(), source, threads_within(threads), interrupted};
  if (n == 0) return true;
  return conclude([&] { return evaluate(call, evaluation); });
}

bool evaluate_all(const Operations& operations, const std::vector<Array>& parameters, const Readable& images,
                  const Readable& labels, const std::string& cost, bool canonical, const std::string& dtype,
                  const std::string& target, std::size_t threads, const Array& outputs, const Array& costs) {
  const Plan plan = plan_of(operations);
  const auto evaluate_in = named<decltype(&evaluate_as<float>)>(
      "dtype", dtype, {{"float32", evaluate_as<float>}, {"float64", evaluate_as<double>}});
  return evaluate_in(plan, parameters, images, labels, {cost_named(cost), canonical}, target, threads, outputs, costs);
}

// Rows that training takes at a time.
std::size_t rows_of_chunk_of(const Operations& operations, const std::string& dtype) {
  return rows_of_chunk(plan_of(operations), named<std::size_t>("dtype", dtype, {{"float32", 4}, {"float64", 8}}));
}

// z, a, δ, ∂C/∂a (or None) of each layer, and ∂C/∂W, ∂C/∂b where it has them.
using Layers = std::vector<std::vector<std::optional<Array>>>;

template <class T>
bool gradient_as(const Plan& plan, const std::vector<Array>& arrays, const Readable& images, const Readable& targets,
                 const std::optional<Readable>& example_weights, const std::optional<Readable>& places, Draw draw,
                 Criterion by, const std::string& target, std::size_t threads, const Array& costs, const Array& x,
                 const Layers& layers) {
  const std::vector<Parameters<T>> parameters = parameters_of<T>(plan, arrays);
  Source source = images_of(images, plan.front().n_in);
  const std::size_t n = images.shape(0);
  add_targets<T>(source, targets, n, plan.back().n_out);
  if (example_weights) source.example_weights = checked<double>("example_weights", *example_weights, {n});
  if (places) draw.on = true, draw.places = checked<std::int64_t>("places", *places, {n});
  if (n == 0) refuse("images: none");
  if (layers.size() != plan.size()) refuse("layers: not as many as the plan has");
  std::vector<Numbers<T>> numbers;
  std::vector<Array> written = {costs, x};
  for (std::size_t l = 0; l < plan.size(); l++) {
    const Operation& of = plan[l];
    if (layers[l].size() != 6) refuse("layers: six arrays for each");
    const auto place = [&](const char* name, std::size_t i, std::initializer_list<std::size_t> shape) -> T* {
      return layers[l][i] ? checked<T>(name, *layers[l][i], shape) : nullptr;
    };
    numbers.push_back({place("z", 0, {n, of.n_out}), place("a", 1, {n, of.n_out}), place("delta", 2, {n, of.n_out}),
                       place("dC_da", 3, {n, of.n_out}), nullptr, nullptr});
    if (has_weights(of) && !(layers[l][4] && layers[l][5])) refuse("layers: no room for the gradient");
    if (!has_weights(of) && (layers[l][4] || layers[l][5])) refuse("layers: a gradient of a layer without weights");
    if (has_weights(of)) numbers[l].weight = weight_of<T>(of, *layers[l][4]), numbers[l].bias = bias_of<T>(of, *layers[l][5]);
    for (const std::optional<Array>& array : layers[l])
      if (array) written.push_back(*array);
  }
  keep_apart(written, images, targets, example_weights ? *example_weights : images, places ? *places : images);
  const Reading<T> reading{n, by, checked<double>("costs", costs, {n}), checked<T>("x", x, {n, plan.front().n_in}),
                           numbers.data()};
  const Call<T> call{target_named(target), plan, parameters.data(), source, threads_within(threads), interrupted, draw};
  return conclude([&] { return read_gradient(call, reading); });
}

bool cost_and_gradient(const Operations& operations, const std::vector<Array>& parameters, const Readable& images,
                       const Readable& targets, const std::optional<Readable>& example_weights,
                       const std::optional<Readable>& places, std::uint64_t seed, std::uint32_t epoch,
                       const std::string& cost, bool canonical, const std::string& dtype, const std::string& target,
                       std::size_t threads, const Array& costs, const Array& x, const Layers& layers) {
  const Plan plan = plan_of(operations);
  const auto gradient_in = named<decltype(&gradient_as<float>)>(
      "dtype", dtype, {{"float32", gradient_as<float>}, {"float64", gradient_as<double>}});
  return gradient_in(plan, parameters, images, targets, example_weights, places, {false, seed, epoch, nullptr},
                     {cost_named(cost), canonical}, target, threads, costs, x, layers);
}

// A network whose parameters are laid out once, for answers without delay.
template <class T>
class PredictorOf {
 public:
  PredictorOf(const Operations& operations, const std::vector<Array>& parameters, const std::string& target)
      : predictor_(target_named(target), plan_of(operations),
                   parameters_of<T>(plan_of(operations), parameters).data()) {}

  bool predict(const Readable& images, const Array& outputs, std::size_t threads) {
    const Source source = images_of(images, predictor_.plan().front().n_in);
    const std::size_t n = images.shape(0);
    T* to = checked<T>("outputs", outputs, {n, predictor_.plan().back().n_out});
    if (n == 0) return true;
    if (n <= Predictor<T>::FEW) {  // too little for others to run meanwhile, so that there is one caller at a time
      return predictor_.few(source, n, to) == Outcome::done;
    }
    threads_within(threads);
    return conclude([&] { return predictor_.many(source, n, threads, interrupted, to); });
  }

 private:
  Predictor<T> predictor_;
};

template <class T>
void add_predictor(nb::module_& module, const char* name) {
  nb::class_<PredictorOf<T>>(module, name)
      .def(nb::init<const Operations&, const std::vector<Array>&, const std::string&>(), nb::arg("plan"),
           nb::arg("parameters").noconvert(), nb::arg("target"))
      .def("predict", &PredictorOf<T>::predict, nb::arg("images").noconvert(), nb::arg("outputs").noconvert(),
           nb::arg("threads"));
}

std::vector<std::string> targets() {
  std::vector<std::string> names;
  for (const Target* target : usable_targets()) names.push_back(target->name);
  return names;
}

// Floating point operations a second that threads reach together in a loop of fused multiply-adds.
double measure_peak(const std::string& target, std::size_t threads, double seconds) {
  struct Loop {
    const Target& target;
    double seconds;
    double done[1024];
    void operator()(std::size_t id) {
      const auto start = std::chrono::steady_clock::now();
      double count = 0, passed = 0;
      for (; passed < seconds; passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count())
        count += 2 * target.multiply_adds(100000);
      done[id] = count / passed;
    }
  } loop{target_named(target), seconds, {}};
  threads_within(threads);
  if (!(seconds > 0 && seconds <= 60)) refuse("seconds: more than 0, up to 60");
  const nb::gil_scoped_release others_may_run;
  run_together(threads, [](void* context, std::size_t id) { (*static_cast<Loop*>(context))(id); }, &loop);
  double sum = 0;
  for (std::size_t id = 0; id < threads; id++) sum += loop.done[id];
  return sum;
}

}  // namespace
}  // namespace glassnet

NB_MODULE(_native, module) {
  using namespace glassnet;
  module.def("targets", targets);
  module.def("end", end_for_others);
  module.def("measure_peak", measure_peak, nb::arg("target"), nb::arg("threads"), nb::arg("seconds"));
  module.def("rows_of_chunk", rows_of_chunk_of, nb::arg("plan"), nb::arg("dtype"));
  module.def("train_batches", train_batches, nb::arg("plan"), nb::arg("parameters").noconvert(),
             nb::arg("memories").noconvert(), nb::arg("images").noconvert(), nb::arg("labels").noconvert(),
             nb::arg("example_weights").noconvert().none(), nb::arg("order").noconvert(), nb::arg("seed"),
             nb::arg("epoch"), nb::arg("moves").none(), nb::arg("batch_size"), nb::arg("cost"), nb::arg("canonical"), nb::arg("how"),
             nb::arg("paces").noconvert(), nb::arg("dtype"), nb::arg("target"), nb::arg("threads"), nb::arg("costs").noconvert(), nb::arg("correct").noconvert(),
             nb::arg("gradient_norms").noconvert());
  module.def("evaluate", evaluate_all, nb::arg("plan"), nb::arg("parameters").noconvert(),
             nb::arg("images").noconvert(), nb::arg("labels").noconvert(), nb::arg("cost"), nb::arg("canonical"),
             nb::arg("dtype"), nb::arg("target"), nb::arg("threads"), nb::arg("outputs").noconvert(),
             nb::arg("costs").noconvert());
  module.def("cost_and_gradient", cost_and_gradient, nb::arg("plan"), nb::arg("parameters").noconvert(),
             nb::arg("images").noconvert(), nb::arg("targets").noconvert(),
             nb::arg("example_weights").noconvert().none(), nb::arg("places").noconvert().none(), nb::arg("seed"),
             nb::arg("epoch"), nb::arg("cost"), nb::arg("canonical"), nb::arg("dtype"), nb::arg("target"),
             nb::arg("threads"), nb::arg("costs").noconvert(), nb::arg("x").noconvert(),
             nb::arg("layers").noconvert());
  add_predictor<float>(module, "PredictorFloat32");
  add_predictor<double>(module, "PredictorFloat64");
}
