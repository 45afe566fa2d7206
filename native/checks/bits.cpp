// Trains small networks on made-up data, with every instruction set of this machine and one to eight
// threads, and prints a hash of the parameters for each network. The lines are the same everywhere.
#include <cstdio>
#include <string>

#include "../engine.hpp"
#include "../targets.hpp"

namespace {

using namespace glassnet;

// Reproducible numbers: Marsaglia's xorshift64.
std::uint64_t state;
std::uint64_t next() {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}
double uniform() { return double(next() >> 11) * 0x1p-53 - 0.5; }

std::uint64_t hash(std::uint64_t sum, const void* bytes, std::size_t count) {  // FNV-1a
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; i++) sum = (sum ^ byte[i]) * 0x100000001b3;
  return sum;
}

Operation row_layer(Kind kind, Activation activation, std::size_t n_in, std::size_t n_out) {
  Operation of{};
  of.kind = kind, of.activation = activation, of.n_in = n_in, of.n_out = n_out;
  return of;
}

// A layer of that kind behind another, on what that makes.
Operation same_shape(Kind kind, Operation of) {
  of.kind = kind, of.activation = Activation::linear;
  of.n_in = of.n_out, of.in = of.out, of.window = {};
  return of;
}

Operation dropout(Operation of) {
  of = same_shape(Kind::dropout, of);
  of.threshold = 1u << 30, of.scale = 4.0 / 3;
  return of;
}

Operation slide(Kind kind, Activation activation, Grid in, std::size_t channels, Window window) {
  Operation of{};
  const auto places = [&](std::size_t side) {
    return (side + 2 * window.padding - window.size) / window.stride + 1;
  };
  of.kind = kind, of.activation = activation, of.on_images = true, of.window = window;
  of.in = in, of.out = {channels, places(in.height), places(in.width)};
  of.n_in = in.size(), of.n_out = of.out.size();
  return of;
}

Plan dense(const std::vector<std::size_t>& sizes, Activation hidden, Activation output) {
  Plan plan;
  for (std::size_t l = 0; l + 1 < sizes.size(); l++)
    plan.push_back(row_layer(Kind::dense, l + 2 == sizes.size() ? output : hidden, sizes[l], sizes[l + 1]));
  return plan;
}

// Every layer on images, with and without padding, strides and overlap, and dropout before and behind.
Plan images() {
  Plan plan;
  plan.push_back(slide(Kind::conv, Activation::relu, {2, 13, 12}, 5, {3, 1, 2}));
  plan.push_back(slide(Kind::max_pool, Activation::linear, plan.back().out, 5, {2, 2, 0}));
  plan.push_back(slide(Kind::conv, Activation::tanh, plan.back().out, 18, {2, 1, 0}));
  plan.push_back(slide(Kind::average_pool, Activation::linear, plan.back().out, 18, {3, 2, 0}));
  plan.push_back(dropout(plan.back()));
  plan.push_back(slide(Kind::conv, Activation::sigmoid, plan.back().out, 7, {2, 2, 1}));
  plan.push_back(slide(Kind::max_pool, Activation::linear, plan.back().out, 7, {2, 1, 0}));
  plan.push_back(row_layer(Kind::flatten, Activation::linear, plan.back().n_out, plan.back().n_out));
  plan.push_back(row_layer(Kind::dense, Activation::relu, plan.back().n_out, 21));
  plan.push_back(dropout(plan.back()));
  plan.push_back(row_layer(Kind::dense, Activation::softmax, 21, 6));
  return plan;
}

struct Case {
  Plan plan;
  Criterion by;
  std::size_t batch;
  Descent how;
  bool moving = false;
};

// λ₁/n and λ/n; of the rules with settings, β₁ = μ = 0.9 and β₂ = 0.99.
Descent descent(Rule rule, bool decoupled, double l1, double l2) {
  return {true, rule, decoupled, l1, l2, 0.9, 0.99, 1e-8, 0, 1, 1};
}

template <class T>
std::uint64_t train_once(const Case& of, const Target& target, std::size_t threads) {
  state = 88172645463325252;
  const Plan& plan = of.plan;
  std::vector<std::vector<T>> numbers;
  std::vector<Parameters<T>> parameters, memories[2];
  std::size_t with_weight = 0;
  const auto append = [&](std::vector<Parameters<T>>& to, const Operation& layer, bool zero) {
    to.push_back({});
    const auto array = [&](std::size_t count) {
      numbers.emplace_back(count);
      for (T& number : numbers.back()) number = zero ? T(0) : T(uniform() / 4);
      return numbers.back().data();
    };
    if (has_weight(layer)) to.back().weight = array(neurons(layer) * fan_in(layer));
    if (has_bias(layer)) to.back().bias = array(neurons(layer));
  };
  for (const Operation& layer : plan) append(parameters, layer, false), with_weight += has_weight(layer);
  const std::size_t kinds = of.how.rule == Rule::sgd ? 0 : of.how.rule == Rule::adam ? 2 : 1;
  for (std::size_t i = 0; i < kinds; i++)
    for (const Operation& layer : plan) append(memories[i], layer, true);

  const std::size_t n = 300, n_in = plan.front().n_in, n_out = plan.back().n_out;
  std::vector<std::uint8_t> images(n * n_in);
  for (std::uint8_t& pixel : images) pixel = next() % 5 ? 0 : std::uint8_t(next());
  std::vector<std::int64_t> labels(n), order(n);
  for (std::size_t i = 0; i < n; i++)
    labels[i] = std::int64_t(next() % n_out), order[i] = std::int64_t((i * 7) % n);

  std::vector<double> costs(n), norms(n * with_weight);
  bool correct[300];
  Source source{images.data(), Pixel::uint8, labels.data(), nullptr, nullptr};
  const Grid& picture = plan.front().in;
  std::vector<std::int32_t> maps, knots(std::max(picture.height, picture.width) * KNOTS);
  for (std::size_t i = 0; i < 6 * n; i++)
    maps.push_back((i % 6 % 4 == 0 ? 1 << 16 : 0) + std::int32_t(uniform() * (1 << 14)));
  for (std::int32_t& knot : knots) knot = std::int32_t(uniform() * (1 << 13));
  if (of.moving) source.moves = {maps.data(), picture, 14189, knots.data(), knots.data()};
  const Draw draw{true, 20261121, 3, nullptr};
  Call<T> call{target, plan, parameters.data(), source, threads, [] { return false; }, draw};
  for (std::size_t i = 0; i < kinds; i++) call.memories[i] = memories[i].data();
  const std::size_t batches = (n + of.batch - 1) / of.batch;
  std::vector<double> paces(3 * batches);  // the plain rule's η is constant, the others' falls
  for (std::size_t i = 0; i < batches; i++) {
    paces[3 * i] = of.how.plain() ? 0.1 : 0.01 - 0.0001 * double(i);
    paces[3 * i + 1] = 1.5, paces[3 * i + 2] = 2.5;
  }
  const Training training{
      order.data(), n, of.batch, of.by, of.how, paces.data(), costs.data(), correct, norms.data()};
  for (int epoch = 0; epoch < 3; epoch++) train(call, training);

  std::uint64_t sum = 0xcbf29ce484222325;
  for (const auto& array : numbers) sum = hash(sum, array.data(), array.size() * sizeof(T));
  sum = hash(sum, costs.data(), n * sizeof(double));
  return hash(sum, norms.data(), batches * with_weight * sizeof(double));
}

template <class T>
int print(const char* name, const Case& of) {
  std::uint64_t first = 0;
  int different = 0;
  for (const Target* target : usable_targets())
    for (std::size_t threads : {1, 2, 3, 8}) {
      const std::uint64_t sum = train_once<T>(of, *target, threads);
      if (!first) first = sum;
      if (sum == first) continue;
      std::printf("%s: other bits with %s and %zu threads\n", name, target->name, threads);
      different = 1;
    }
  std::printf("%-24s %016llx\n", name, static_cast<unsigned long long>(first));
  return different;
}

}  // namespace

int main() {
  using enum Activation;
  const Descent plain = descent(Rule::sgd, false, 0, 0), shrinking = descent(Rule::sgd, false, 0, 0.01);
  const Case small{dense({50, 33, 10}, sigmoid, sigmoid), {Cost::cross_entropy, true}, 10, shrinking};
  const Case whole{dense({784, 256, 10}, tanh, tanh), {Cost::quadratic, false}, 300, plain};
  const Case deep{dense({100, 257, 300, 7}, relu, softmax), {Cost::log_likelihood, true}, 77, plain};
  const Case chain{dense({20, 16, 4}, softmax, softmax), {Cost::cross_entropy, false}, 1, plain};
  const Case few{images(), {Cost::log_likelihood, true}, 10, shrinking};
  const Case many{images(), {Cost::cross_entropy, false}, 300, plain};
  const Case moving{images(), {Cost::log_likelihood, true}, 64, plain, true};
  // Every rule, with both penalties: dense in several chunks and in small mini-batches, and on images.
  const auto with = [](Case of, Descent how) { return of.how = how, of; };
  const Case sparse = with(small, descent(Rule::sgd, false, 0.001, 0.01));
  const Case momentum = with(whole, descent(Rule::momentum, false, 0.001, 0.01));
  const Case nesterov = with(few, descent(Rule::nesterov, false, 0.001, 0.01));
  const Case adam = with(deep, descent(Rule::adam, false, 0.001, 0.01));
  const Case adamw = with(many, descent(Rule::adam, true, 0.001, 0.01));
  int different = 0;
  for (const auto& [name, of] : {std::pair("sigmoid", &small),
                                 {"tanh", &whole},
                                 {"relu", &deep},
                                 {"softmax", &chain},
                                 {"images", &few},
                                 {"images at once", &many},
                                 {"images that move", &moving},
                                 {"L1", &sparse},
                                 {"momentum", &momentum},
                                 {"nesterov", &nesterov},
                                 {"adam", &adam},
                                 {"adamw", &adamw}}) {
    different |= print<float>((std::string(name) + " float32").c_str(), *of);
    different |= print<double>((std::string(name) + " float64").c_str(), *of);
  }
  return different;
}
