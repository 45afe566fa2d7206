// The engine for Python. Arguments were checked by themselves when they were made (arguments.hpp); here they
// are checked against the network and each other. Behind this file sizes fit, and indices lie within arrays.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "arguments.hpp"
#include "team.hpp"

namespace glassnet {
namespace {

namespace nb = nanobind;
using namespace arguments;

template <class T>
T* weight_of(const Operation& of, const Array& array) {
  if (is_dense(of)) return checked<T>("weight", array, {of.n_out, of.n_in});
  if (is_conv(of))
    return checked<T>("weight", array, {of.out.channels, of.in.channels, of.window.size, of.window.size});
  return checked<T>("weight", array, {neurons(of)});
}

template <class T>
T* bias_of(const Operation& of, const Array& array) {
  return checked<T>("bias", array, {neurons(of)});
}

// Weight and bias of each layer, in this order, those that it has.
template <class T>
std::vector<Parameters<T>> parameters_of(const glassnet::Plan& plan, const std::vector<Array>& arrays) {
  std::vector<Parameters<T>> parameters;
  std::size_t at = 0;
  for (const Operation& of : plan) {
    if (at + has_weight(of) + has_bias(of) > arrays.size()) refuse("parameters: too few arrays");
    T* weight = has_weight(of) ? weight_of<T>(of, arrays[at++]) : nullptr;
    T* bias = has_bias(of) ? bias_of<T>(of, arrays[at++]) : nullptr;
    parameters.push_back({weight, bias});
  }
  if (at != arrays.size()) refuse("parameters: too many arrays");
  return parameters;
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

// What an optimizer remembers of the parameters: none, one or two lists of arrays in their order.
using Memories = std::vector<std::vector<Array>>;

template <class T>
bool train_as(const Setup& setup, const std::vector<Array>& parameters, const Memories& memories,
              const Examples& examples, const MiniBatches& mini_batches, const Descent& descent,
              const Results& results) {
  const std::vector<Parameters<T>> own = parameters_of<T>(setup.plan, parameters);
  Source source = examples.source<T>(setup.plan);
  source.moves = mini_batches.moves_of(source, setup.plan.front().n_in);
  const std::size_t count = mini_batches.count;
  const auto weights = std::size_t(std::count_if(setup.plan.begin(), setup.plan.end(), has_weight));
  const Training training{
      .order = mini_batches.places(examples.count),
      .count = count,
      .batch_size = mini_batches.batch_size,
      .by = setup.criterion,
      .how = descent,
      .paces = static_cast<const double*>(mini_batches.rates.data()),
      .costs = checked<double>("costs", results.costs, {count}),
      .correct = checked<bool>("correct", results.correct, {count}),
      .gradient_norms = checked<double>("gradient_norms", results.gradient_norms,
                                        {mini_batches.batches, weights}),
  };
  std::vector<Extent> read;
  examples.add_to(read);
  mini_batches.add_to(read);
  keep_apart({Extent(results.costs), Extent(results.correct), Extent(results.gradient_norms)}, read);
  const glassnet::Draw draw = {true, mini_batches.seed, mini_batches.epoch, nullptr};
  Call<T> call{setup.target, setup.plan, own.data(), source, setup.threads, interrupted, draw};
  const std::size_t wanted = descent.rule == Rule::sgd ? 0 : descent.rule == Rule::adam ? 2 : 1;
  if (memories.size() != wanted) refuse("memories: not what the rule remembers");
  std::vector<Parameters<T>> remembered[2];
  for (std::size_t i = 0; i < wanted; i++) {
    remembered[i] = parameters_of<T>(setup.plan, memories[i]);
    call.memories[i] = remembered[i].data();
  }
  if (count == 0) return true;
  return conclude([&] { return train(call, training); });
}

bool train_batches(const Setup& setup, const std::vector<Array>& parameters, const Memories& memories,
                   const Examples& examples, const MiniBatches& mini_batches, const Descent& descent,
                   const Results& results) {
  const auto train_in = setup.dtype == Dtype::float32 ? train_as<float> : train_as<double>;
  return train_in(setup, parameters, memories, examples, mini_batches, descent, results);
}

template <class T>
bool evaluate_as(const Setup& setup, const std::vector<Array>& parameters, const Examples& examples,
                 const Array& outputs, const Array& costs) {
  const std::vector<Parameters<T>> own = parameters_of<T>(setup.plan, parameters);
  if (examples.example_weights) refuse("example_weights: costs are evaluated without");
  const Source source = examples.source<T>(setup.plan);
  const std::size_t n = examples.count;
  const Evaluation<T> evaluation{n, setup.criterion,
                                 checked<T>("outputs", outputs, {n, setup.plan.back().n_out}),
                                 checked<double>("costs", costs, {n})};
  std::vector<Extent> read;
  examples.add_to(read);
  keep_apart({Extent(outputs), Extent(costs)}, read);
  const Call<T> call{setup.target, setup.plan, own.data(), source, setup.threads, interrupted};
  if (n == 0) return true;
  return conclude([&] { return evaluate(call, evaluation); });
}

bool evaluate_all(const Setup& setup, const std::vector<Array>& parameters, const Examples& examples,
                  const Array& outputs, const Array& costs) {
  const auto evaluate_in = setup.dtype == Dtype::float32 ? evaluate_as<float> : evaluate_as<double>;
  return evaluate_in(setup, parameters, examples, outputs, costs);
}

// Where to put the numbers of n examples.
template <class T>
Numbers<T> numbers_of(const Operation& of, const LayerNumbers& layer, std::size_t n) {
  const auto rows = [&](const char* name, const std::optional<Array>& array) {
    return array ? checked<T>(name, *array, {n, of.n_out}) : nullptr;
  };
  if (layer.weight.has_value() != has_weight(of)) refuse("layers: a gradient for each weight, and no other");
  if (layer.bias.has_value() != has_bias(of)) refuse("layers: a gradient for each bias, and no other");
  return {
      .z = rows("z", layer.z),
      .a = rows("a", layer.a),
      .delta = rows("delta", layer.delta),
      .dC_da = rows("dC_da", layer.dC_da),
      .weight = layer.weight ? weight_of<T>(of, *layer.weight) : nullptr,
      .bias = layer.bias ? bias_of<T>(of, *layer.bias) : nullptr,
  };
}

template <class T>
bool gradient_as(const Setup& setup, const std::vector<Array>& parameters, const Examples& examples,
                 const arguments::Draw* draw, const Array& costs, const Array& x,
                 const std::vector<LayerNumbers>& layers) {
  const glassnet::Plan& plan = setup.plan;
  const std::vector<Parameters<T>> own = parameters_of<T>(plan, parameters);
  const Source source = examples.source<T>(plan);
  const std::size_t n = examples.count;
  if (n == 0) refuse("images: none");
  if (layers.size() != plan.size()) refuse("layers: not as many as the plan has");
  std::vector<Extent> read, written = {Extent(costs), Extent(x)};
  examples.add_to(read);
  std::vector<Numbers<T>> numbers;
  for (std::size_t l = 0; l < plan.size(); l++) {
    numbers.push_back(numbers_of<T>(plan[l], layers[l], n));
    layers[l].add_to(written);
  }
  glassnet::Draw drawn{};
  if (draw) {
    drawn = {true, draw->seed, draw->epoch, checked<std::int64_t>("places", draw->places, {n})};
    read.emplace_back(draw->places);
  }
  keep_apart(written, read);
  const Reading<T> reading{n, setup.criterion, checked<double>("costs", costs, {n}),
                           checked<T>("x", x, {n, plan.front().n_in}), numbers.data()};
  const Call<T> call{setup.target, plan, own.data(), source, setup.threads, interrupted, drawn};
  return conclude([&] { return read_gradient(call, reading); });
}

bool cost_and_gradient(const Setup& setup, const std::vector<Array>& parameters, const Examples& examples,
                       const arguments::Draw* draw, const Array& costs, const Array& x,
                       const std::vector<LayerNumbers>& layers) {
  const auto gradient_in = setup.dtype == Dtype::float32 ? gradient_as<float> : gradient_as<double>;
  return gradient_in(setup, parameters, examples, draw, costs, x, layers);
}

// A network whose parameters are laid out once, for answers without delay.
template <class T>
class PredictorOf {
 public:
  PredictorOf(const arguments::Plan& plan, const std::vector<Array>& parameters,
              const std::string& instruction_set)
      : predictor_(target_named(instruction_set), plan.operations,
                   parameters_of<T>(plan.operations, parameters).data()) {}

  bool predict(const Readable& images, const Array& outputs, std::size_t threads) {
    const Source source = source_of(images, predictor_.plan().front().n_in);
    const std::size_t n = images.shape(0);
    T* to = checked<T>("outputs", outputs, {n, predictor_.plan().back().n_out});
    if (n == 0) return true;
    if (n <= Predictor<T>::FEW)  // too little for others to run meanwhile; so there is one caller at a time
      return predictor_.few(source, n, to) == Outcome::done;
    threads_within(threads);
    return conclude([&] { return predictor_.many(source, n, threads, interrupted, to); });
  }

 private:
  Predictor<T> predictor_;
};

template <class T>
void add_predictor(nb::module_& module, const char* name) {
  nb::class_<PredictorOf<T>>(module, name)
      .def(nb::init<const arguments::Plan&, const std::vector<Array>&, const std::string&>(), nb::arg("plan"),
           nb::arg("parameters").noconvert(), nb::arg("instruction_set"))
      .def("predict", &PredictorOf<T>::predict, nb::arg("images").noconvert(), nb::arg("outputs").noconvert(),
           nb::arg("threads"));
}

std::vector<std::string> targets() {
  std::vector<std::string> names;
  for (const Target* target : usable_targets()) names.push_back(target->name);
  return names;
}

// Floating point operations a second that threads reach together in a loop of fused multiply-adds.
double measure_peak(const std::string& instruction_set, std::size_t threads, double seconds) {
  struct Loop {
    const Target& target;
    double seconds;
    double done[1024];
    void operator()(std::size_t id) {
      const auto start = std::chrono::steady_clock::now();
      double count = 0, passed = 0;
      while (passed < seconds) {
        count += 2 * target.multiply_adds(100000);
        passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      }
      done[id] = count / passed;
    }
  } loop{target_named(instruction_set), seconds, {}};
  threads_within(threads);
  if (!(seconds > 0 && seconds <= 60)) refuse("seconds: more than 0, up to 60");
  const nb::gil_scoped_release others_may_run;
  run_together(threads, [](void* context, std::size_t id) { (*static_cast<Loop*>(context))(id); }, &loop);
  double sum = 0;
  for (std::size_t id = 0; id < threads; id++) sum += loop.done[id];
  return sum;
}

// The structs of arguments.hpp.
void add_arguments(nb::module_& module) {
  using arguments::Layer, arguments::Plan, arguments::Moves, arguments::Draw;
  const auto array = [](const char* name) { return nb::arg(name).noconvert(); };
  const auto array_or_none = [](const char* name) { return nb::arg(name).noconvert().none(); };
  nb::class_<Layer>(module, "Layer", nb::is_final())
      .def(nb::init<const std::string&, const std::string&, Shape, Shape, std::size_t, std::size_t,
                    std::size_t, std::uint32_t, double>(),
           nb::arg("kind"), nb::arg("activation"), nb::arg("input_shape"), nb::arg("output_shape"),
           nb::arg("size") = 0, nb::arg("stride") = 0, nb::arg("padding") = 0, nb::arg("threshold") = 0,
           nb::arg("scale") = 1.0);
  nb::class_<Plan>(module, "Plan", nb::is_final())
      .def(nb::init<const std::vector<Layer>&>(), nb::arg("layers"))
      .def("rows_of_chunk", &Plan::rows_of_chunk, nb::arg("dtype"));
  nb::class_<Setup>(module, "Setup", nb::is_final())
      .def(nb::init<const Plan&, const std::string&, bool, const std::string&, const std::string&,
                    std::size_t>(),
           nb::arg("plan"), nb::arg("cost"), nb::arg("canonical"), nb::arg("dtype"),
           nb::arg("instruction_set"), nb::arg("threads"));
  nb::class_<Descent>(module, "Descent", nb::is_final())
      .def(
          "__init__",
          [](Descent* self, const std::string& rule, bool decoupled, double l1, double l2, double beta1,
             double beta2, double epsilon) {
            new (self) Descent(descent(rule, decoupled, l1, l2, beta1, beta2, epsilon));
          },
          nb::arg("rule"), nb::arg("decoupled"), nb::arg("l1"), nb::arg("l2"), nb::arg("beta1"),
          nb::arg("beta2"), nb::arg("epsilon"));
  nb::class_<Examples>(module, "Examples", nb::is_final())
      .def(nb::init<Readable, Readable, std::optional<Readable>>(), array("images"), array("targets"),
           array_or_none("example_weights") = nb::none());
  nb::class_<Moves>(module, "Moves", nb::is_final())
      .def(nb::init<Readable, const Shape&, std::int64_t, Readable, Readable>(), array("maps"),
           nb::arg("image_shape"), nb::arg("gain"), array("knot_weights_down"),
           array("knot_weights_across"));
  nb::class_<MiniBatches>(module, "MiniBatches", nb::is_final())
      .def(nb::init<Readable, std::size_t, Readable, std::uint64_t, std::uint32_t,
                    const std::optional<Moves>&>(),
           array("order"), nb::arg("batch_size"), array("rates"), nb::arg("seed"), nb::arg("epoch"),
           nb::arg("moves").none() = nb::none());
  nb::class_<Draw>(module, "Draw", nb::is_final())
      .def(nb::init<std::uint64_t, std::uint32_t, Readable>(), nb::arg("seed"), nb::arg("epoch"),
           array("places"));
  nb::class_<Results>(module, "Results", nb::is_final())
      .def(nb::init<Array, Array, Array>(), array("costs"), array("correct"), array("gradient_norms"));
  using MaybeArray = std::optional<Array>;
  nb::class_<LayerNumbers>(module, "LayerNumbers", nb::is_final())
      .def(nb::init<MaybeArray, MaybeArray, MaybeArray, MaybeArray, MaybeArray, MaybeArray>(),
           array_or_none("z"), array_or_none("a"), array_or_none("delta"), array_or_none("dC_da"),
           array_or_none("weight"), array_or_none("bias"));
}

}  // namespace
}  // namespace glassnet

NB_MODULE(_native, module) {
  using namespace glassnet;
  nb::set_leak_warnings(false);  // daemon threads never leave a call in which the process ends
  add_arguments(module);
  module.def("targets", targets);
  module.def("end", end_for_others);
  module.def("measure_peak", measure_peak, nb::arg("instruction_set"), nb::arg("threads"),
             nb::arg("seconds"));
  module.def("train_batches", train_batches, nb::arg("setup"), nb::arg("parameters").noconvert(),
             nb::arg("memories").noconvert(), nb::arg("examples"), nb::arg("mini_batches"),
             nb::arg("descent"), nb::arg("results"));
  module.def("evaluate", evaluate_all, nb::arg("setup"), nb::arg("parameters").noconvert(),
             nb::arg("examples"), nb::arg("outputs").noconvert(), nb::arg("costs").noconvert());
  module.def("cost_and_gradient", cost_and_gradient, nb::arg("setup"), nb::arg("parameters").noconvert(),
             nb::arg("examples"), nb::arg("draw").none(), nb::arg("costs").noconvert(),
             nb::arg("x").noconvert(), nb::arg("layers"));
  add_predictor<float>(module, "PredictorFloat32");
  add_predictor<double>(module, "PredictorFloat64");
}
