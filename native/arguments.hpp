// What Python hands over. Each struct is checked when it is made, and Python cannot replace its parts or
// their shapes afterwards. The numbers in its arrays can still change, so those that are used as indices
// (labels, order) are checked by the call that uses them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine.hpp"
#include "targets.hpp"

namespace glassnet::arguments {

namespace nb = nanobind;

using Array = nb::ndarray<nb::c_contig, nb::device::cpu>;  // may be written to
using Readable = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Shape = std::vector<std::size_t>;  // (n,) or (channels, height, width)

[[noreturn]] inline void refuse(const std::string& what) { throw nb::value_error(what.c_str()); }

template <class E>
E named(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, E>> known) {
  for (const auto& [text, value] : known)
    if (name == text) return value;
  refuse(std::string("unknown ") + what + " '" + name + "'");
}

enum class Dtype { float32, float64 };

inline Dtype dtype_named(const std::string& name) {
  return named<Dtype>("dtype", name, {{"float32", Dtype::float32}, {"float64", Dtype::float64}});
}

inline const Target& target_named(const std::string& name) {
  for (const Target* target : usable_targets())
    if (name == target->name) return *target;
  refuse("instruction set '" + name + "' is not one of this build and this processor");
}

inline std::size_t threads_within(std::size_t threads) {
  if (threads < 1 || threads > 1024) refuse("threads: from 1 to 1024");
  return threads;
}

// Arrays

template <class T>
bool is_aligned(const void* numbers) {
  return reinterpret_cast<std::uintptr_t>(numbers) % alignof(T) == 0;
}

template <class T, class A>
bool has_numbers(const A& array) {
  return array.dtype() == nb::dtype<T>() && is_aligned<T>(array.data());
}

template <class T, class A>
auto checked(const char* name, const A& array, std::initializer_list<std::size_t> shape) {
  using Number = std::conditional_t<std::is_same_v<A, Readable>, const T, T>;
  bool fits = has_numbers<T>(array) && array.ndim() == shape.size();
  for (std::size_t axis = 0; fits && axis < shape.size(); axis++)
    fits = array.shape(axis) == shape.begin()[axis];
  if (!fits) refuse(std::string(name) + ": wrong dtype, shape or alignment");
  return static_cast<Number*>(array.data());
}

// The length of an axis; 0 where there is no such axis, and `checked` will say so.
template <class A>
std::size_t length(const A& array, std::size_t axis = 0) {
  return array.ndim() > axis ? array.shape(axis) : 0;
}

// The bytes that an array covers.
struct Extent {
  std::uintptr_t begin, end;

  template <class A>
  explicit Extent(const A& array)
      : begin(reinterpret_cast<std::uintptr_t>(array.data())), end(begin + array.nbytes()) {}
};

// What is written must not lie in what is read: it was checked, and has to stay so.
inline void keep_apart(const std::vector<Extent>& written, const std::vector<Extent>& read) {
  for (const Extent& to : written)
    for (const Extent& from : read)
      if (to.begin < from.end && from.begin < to.end) refuse("arrays that overlap");
}

// The network

inline std::size_t size_of(const Shape& shape) {
  if (shape.size() != 1 && shape.size() != 3)
    refuse("a shape that is neither (n,) nor (channels, height, width)");
  std::size_t size = 1;
  for (const std::size_t n : shape) {
    if (n < 1 || n > (std::size_t(1) << 31) / size) refuse("a shape of too many numbers, or of none");
    size *= n;
  }
  return size;
}

inline Grid grid(const Shape& shape) {
  return shape.size() == 3 ? Grid{shape[0], shape[1], shape[2]} : Grid{1, 1, 1};
}

// In how many places a window stands along a side.
inline std::size_t places(std::size_t side, const Window& window) {
  const std::size_t around = side + 2 * window.padding;
  return around < window.size ? 0 : (around - window.size) / window.stride + 1;
}

inline void check_window(const Operation& of) {
  const Window& window = of.window;
  constexpr std::size_t most = 1 << 16;
  if (window.size < 1 || window.size > most) refuse("a window of that size");
  if (window.stride < 1 || window.stride > most) refuse("a window with that stride");
  if (window.padding >= window.size || (!is_conv(of) && window.padding)) refuse("a window with that padding");
  const bool fits =
      of.out.height == places(of.in.height, window) && of.out.width == places(of.in.width, window);
  if (!fits || (!is_conv(of) && of.in.channels != of.out.channels))
    refuse("a window that makes another image");
  if (window.area() > (std::size_t(1) << 31) / of.in.channels) refuse("a filter of too many weights");
}

// Steps reach no further than 32 bits.
inline void check_reach(const Operation& of) {
  constexpr std::size_t far = std::size_t(1) << 31;
  const std::size_t weights = has_weight(of) ? width(neurons(of)) : 0;
  const std::size_t padding = 2 * of.window.padding;
  const std::size_t padded_in = of.in.channels * (of.in.height + padding) * (of.in.width + padding);
  const bool small = of.n_in <= far / CHUNK && of.n_out <= far / CHUNK && padded_in <= far / CHUNK &&
                     (weights == 0 || width(fan_in(of)) <= far / weights);
  if (!small)
    refuse("a layer of " + std::to_string(of.n_in) + " inputs and " + std::to_string(of.n_out) + " outputs");
}

struct Layer {
  Shape input_shape, output_shape;
  Operation operation{};

  // Size, stride and padding are a window's; threshold and scale are dropout's.
  Layer(const std::string& kind, const std::string& activation, Shape input, Shape output, std::size_t size,
        std::size_t stride, std::size_t padding, std::uint32_t threshold, double scale)
      : input_shape(std::move(input)), output_shape(std::move(output)) {
    Operation& of = operation;
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
    of.n_in = size_of(input_shape), of.n_out = size_of(output_shape);
    of.in = grid(input_shape), of.out = grid(output_shape);
    of.threshold = threshold, of.scale = scale;
    const bool from_images = input_shape.size() == 3;
    of.on_images = output_shape.size() == 3;
    switch (of.kind) {
      case Kind::conv:
      case Kind::max_pool:
      case Kind::average_pool:
        if (!from_images || !of.on_images) refuse("a window slides over images");
        of.window = {size, stride, padding};
        check_window(of);
        break;
      case Kind::dense:
        if (from_images || of.on_images) refuse("a dense layer takes a row of numbers, and gives one");
        break;
      case Kind::flatten:
        if (of.on_images || of.n_in != of.n_out) refuse("a flatten layer gives a row of as many numbers");
        break;
      case Kind::softmax:
        if (of.activation != Activation::softmax) refuse("a softmax layer has the activation softmax");
        [[fallthrough]];
      case Kind::dropout:
        if (input_shape != output_shape) refuse("a " + kind + " layer gives the shape that it takes");
    }
    if (of.on_images && of.activation == Activation::softmax) refuse("softmax takes a row of numbers");
    check_reach(of);
  }
};

struct Plan {
  glassnet::Plan operations;

  explicit Plan(const std::vector<Layer>& layers) {
    const Shape* shape = nullptr;
    for (const Layer& layer : layers) {
      if (shape && *shape != layer.input_shape) refuse("layers that don't fit together");
      operations.push_back(layer.operation);
      shape = &layer.output_shape;
    }
    if (operations.empty()) refuse("a plan without layers");
    if (operations.back().on_images) refuse("a plan that ends with images");
  }

  // How many rows training takes at a time.
  std::size_t rows_of_chunk(const std::string& dtype) const {
    return glassnet::rows_of_chunk(operations, dtype_named(dtype) == Dtype::float32 ? 4 : 8);
  }
};

// What is computed, and with what.
struct Setup {
  glassnet::Plan plan;
  Criterion criterion;
  Dtype dtype;
  const Target& target;
  std::size_t threads;

  Setup(const Plan& plan, const std::string& cost, bool canonical, const std::string& dtype,
        const std::string& instruction_set, std::size_t threads)
      : plan(plan.operations),
        criterion{named<Cost>("cost", cost,
                              {{"squared", Cost::squared},
                               {"quadratic", Cost::quadratic},
                               {"cross_entropy", Cost::cross_entropy},
                               {"log_likelihood", Cost::log_likelihood}}),
                  canonical},
        dtype(dtype_named(dtype)),
        target(target_named(instruction_set)),
        threads(threads_within(threads)) {}
};

// Which rule a step follows.
inline Descent descent(const std::string& rule, bool decoupled, double l1, double l2, double beta1,
                       double beta2, double epsilon) {
  const Rule by = named<Rule>("rule", rule,
                              {{"sgd", Rule::sgd},
                               {"momentum", Rule::momentum},
                               {"nesterov", Rule::nesterov},
                               {"adam", Rule::adam}});
  if (decoupled && by != Rule::adam) refuse("decoupled: of Adam only");
  return {true, by, decoupled, l1, l2, beta1, beta2, epsilon, 0, 1, 1};
}

// Arrays that are read

inline Pixel pixel_of(const Readable& images) {
  if (images.dtype() == nb::dtype<std::uint8_t>()) return Pixel::uint8;
  if (images.dtype() == nb::dtype<float>()) return Pixel::float32;
  if (images.dtype() == nb::dtype<double>()) return Pixel::float64;
  refuse("images: neither uint8 nor float32 nor float64");
}

// Rows of as many pixels as the network has inputs.
inline Source source_of(const Readable& images, std::size_t n_in) {
  Source source{};
  source.images = images.data();
  source.pixel = pixel_of(images);
  const bool aligned = source.pixel == Pixel::uint8     ? true
                       : source.pixel == Pixel::float32 ? is_aligned<float>(source.images)
                                                        : is_aligned<double>(source.images);
  if (images.ndim() != 2 || images.shape(1) != n_in || !aligned) refuse("images: wrong shape or alignment");
  return source;
}

struct Examples {
  Readable images;   // (n, n_in)
  Readable targets;  // labels (n,), or (n, n_out) in the network's dtype
  std::optional<Readable> example_weights;
  std::size_t count;

  Examples(Readable images, Readable targets, std::optional<Readable> example_weights)
      : images(std::move(images)),
        targets(std::move(targets)),
        example_weights(std::move(example_weights)),
        count(length(this->images)) {
    source_of(this->images, length(this->images, 1));
    const Readable& y = this->targets;
    if (y.ndim() == 1)
      checked<std::int64_t>("labels", y, {count});
    else if (y.dtype() == nb::dtype<float>())
      checked<float>("targets", y, {count, length(y, 1)});
    else
      checked<double>("targets", y, {count, length(y, 1)});
    if (this->example_weights) checked<double>("example_weights", *this->example_weights, {count});
  }

  // For a network of that plan and of numbers T.
  template <class T>
  Source source(const glassnet::Plan& plan) const {
    const std::size_t n_out = plan.back().n_out;
    Source source = source_of(images, plan.front().n_in);
    if (targets.ndim() == 1) {
      source.labels = static_cast<const std::int64_t*>(targets.data());
      const auto wrong = [n_out](std::int64_t label) { return label < 0 || std::size_t(label) >= n_out; };
      if (std::any_of(source.labels, source.labels + count, wrong))
        refuse("labels: one that is not an output");
    } else {
      source.targets = checked<T>("targets", targets, {count, n_out});
    }
    if (example_weights) source.example_weights = static_cast<const double*>(example_weights->data());
    return source;
  }

  void add_to(std::vector<Extent>& read) const {
    read.insert(read.end(), {Extent(images), Extent(targets)});
    if (example_weights) read.emplace_back(*example_weights);
  }
};

// How images move: see augmentation/resampling.py.
struct Moves {
  Readable maps;  // (examples, 6), in the order of their use
  Grid picture;
  std::int64_t gain;
  Readable down, across;  // what each knot counts for at a row, and at a column

  Moves(Readable maps, const Shape& image_shape, std::int64_t gain, Readable knot_weights_down,
        Readable knot_weights_across)
      : maps(std::move(maps)),
        picture(grid(image_shape)),
        gain(gain),
        down(std::move(knot_weights_down)),
        across(std::move(knot_weights_across)) {
    constexpr std::size_t most = 1024;
    size_of(image_shape);
    if (image_shape.size() != 3 || picture.height > most || picture.width > most)
      refuse("moves: no such picture");
    if (gain < 0 || gain > 1 << 17) refuse("moves: too far");
    checked<std::int32_t>("maps", this->maps, {length(this->maps), 6});
    checked<std::int32_t>("knot_weights_down", down, {picture.height, KNOTS});
    checked<std::int32_t>("knot_weights_across", across, {picture.width, KNOTS});
  }
};

// Which examples training takes, in which order, and the circumstances of each step.
struct MiniBatches {
  Readable order;
  std::size_t count, batch_size, batches;
  Readable rates;  // (mini-batches, 3): learning rate and Adam's two corrections
  std::uint64_t seed;
  std::uint32_t epoch;
  std::optional<Moves> moves;

  MiniBatches(Readable order, std::size_t batch_size, Readable rates, std::uint64_t seed, std::uint32_t epoch,
              std::optional<Moves> moves)
      : order(std::move(order)),
        count(length(this->order)),
        batch_size(batch_size),
        batches(0),
        rates(std::move(rates)),
        seed(seed),
        epoch(epoch),
        moves(std::move(moves)) {
    checked<std::int64_t>("order", this->order, {count});
    if (batch_size < 1) refuse("batch_size: at least 1");
    batches = count / batch_size + (count % batch_size != 0);
    checked<double>("rates", this->rates, {batches, 3});
    if (this->moves && length(this->moves->maps) != count) refuse("moves: not a map for each example");
  }

  // The places of the examples in their order, each of them one of `n`.
  const std::int64_t* places(std::size_t n) const {
    const auto* first = static_cast<const std::int64_t*>(order.data());
    const auto outside = [n](std::int64_t place) { return place < 0 || std::size_t(place) >= n; };
    if (std::any_of(first, first + count, outside)) refuse("order: a place outside of the images");
    return first;
  }

  // Of images in that source.
  glassnet::Moves moves_of(const Source& source, std::size_t n_in) const {
    if (!moves) return {};
    if (moves->picture.size() != n_in) refuse("moves: no such picture");
    if (source.pixel != Pixel::uint8) refuse("moves: of uint8 alone");
    const auto numbers = [](const Readable& array) { return static_cast<const std::int32_t*>(array.data()); };
    return {numbers(moves->maps), moves->picture, moves->gain, numbers(moves->down), numbers(moves->across)};
  }

  void add_to(std::vector<Extent>& read) const {
    read.insert(read.end(), {Extent(order), Extent(rates)});
    if (moves) read.insert(read.end(), {Extent(moves->maps), Extent(moves->down), Extent(moves->across)});
  }
};

// What dropout's random numbers depend on, where no mini-batch says it.
struct Draw {
  std::uint64_t seed;
  std::uint32_t epoch;
  Readable places;  // of the examples

  Draw(std::uint64_t seed, std::uint32_t epoch, Readable places)
      : seed(seed), epoch(epoch), places(std::move(places)) {
    checked<std::int64_t>("places", this->places, {length(this->places)});
  }
};

// Arrays that are written

// What training shows.
struct Results {
  Array costs, correct;  // (examples,)
  Array gradient_norms;  // (mini-batches, layers with a weight)

  Results(Array costs, Array correct, Array gradient_norms)
      : costs(std::move(costs)), correct(std::move(correct)), gradient_norms(std::move(gradient_norms)) {
    const Array& norms = this->gradient_norms;
    checked<double>("costs", this->costs, {length(this->costs)});
    checked<bool>("correct", this->correct, {length(this->costs)});
    checked<double>("gradient_norms", norms, {length(norms), length(norms, 1)});
  }
};

// What one layer computes on the way forward and back; None where nobody wants it.
struct LayerNumbers {
  std::optional<Array> z, a, delta, dC_da;  // (n, n_out)
  std::optional<Array> weight, bias;        // ∂C/∂W and ∂C/∂b

  LayerNumbers(std::optional<Array> z, std::optional<Array> a, std::optional<Array> delta,
               std::optional<Array> dC_da, std::optional<Array> weight, std::optional<Array> bias)
      : z(std::move(z)),
        a(std::move(a)),
        delta(std::move(delta)),
        dC_da(std::move(dC_da)),
        weight(std::move(weight)),
        bias(std::move(bias)) {
    const auto arrays = {&this->z, &this->a, &this->delta, &this->dC_da, &this->weight, &this->bias};
    const auto of_double = [](const std::optional<Array>* array) {
      return array->has_value() && (*array)->dtype() == nb::dtype<double>();
    };
    if (std::any_of(arrays.begin(), arrays.end(), of_double))
      check_as<double>();
    else
      check_as<float>();
  }

  void add_to(std::vector<Extent>& written) const {
    for (const std::optional<Array>* array : {&z, &a, &delta, &dC_da, &weight, &bias})
      if (*array) written.emplace_back(**array);
  }

 private:
  // That all arrays are of that dtype, and fit each other; but for the axes of the weight's gradient, which
  // the network knows.
  template <class T>
  void check_as() const {
    const Array* first = nullptr;
    for (const std::optional<Array>* array : {&z, &a, &delta, &dC_da}) {
      if (!*array) continue;
      if (!first) first = &**array;
      checked<T>("z, a, delta, dC_da", **array, {length(*first), length(*first, 1)});
    }
    if (weight && !has_numbers<T>(*weight)) refuse("weight: wrong dtype or alignment");
    if (bias) checked<T>("bias", *bias, {length(weight ? *weight : *bias)});
  }
};

}  // namespace glassnet::arguments
