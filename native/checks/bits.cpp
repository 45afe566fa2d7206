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
  for (std::size_t i = 0; i < count; i++) sum = (sum ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001b3;
  return sum;
}

struct Case {
  std::vector<std::size_t> sizes;
  Activation hidden, output;
  Criterion by;
  std::size_t batch;
  double decay;
};

template <class T>
std::uint64_t train_once(const Case& of, const Target& target, std::size_t threads) {
  state = 88172645463325252;
  Plan plan;
  std::vector<std::vector<T>> numbers;
  for (std::size_t l = 0; l + 1 < of.sizes.size(); l++) {
    const bool last = l + 2 == of.sizes.size();
    plan.push_back({Kind::dense, last ? of.output : of.hidden, of.sizes[l], of.sizes[l + 1]});
    for (std::size_t count : {of.sizes[l] * of.sizes[l + 1], of.sizes[l + 1]}) {
      numbers.emplace_back(count);
      for (T& number : numbers.back()) number = T(uniform() / 4);
    }
  }
  std::vector<Parameters<T>> parameters;
  for (std::size_t l = 0; l < plan.size(); l++) parameters.push_back({numbers[2 * l].data(), numbers[2 * l + 1].data()});

  const std::size_t n = 300, n_in = of.sizes.front(), n_out = of.sizes.back();
  std::vector<std::uint8_t> images(n * n_in);
  for (std::uint8_t& pixel : images) pixel = next() % 5 ? 0 : std::uint8_t(next());
  std::vector<std::int64_t> labels(n), order(n);
  for (std::size_t i = 0; i < n; i++) labels[i] = std::int64_t(next() % n_out), order[i] = std::int64_t((i * 7) % n);

  std::vector<double> costs(n), norms(n * plan.size());
  bool correct[300];
  Source source{images.data(), Pixel::uint8, labels.data(), nullptr, nullptr};
  const Call<T> call{target, plan, parameters.data(), source, threads, [] { return false; }};
  const Training training{order.data(), n, of.batch, of.by, {true, 0.1, of.decay}, costs.data(), correct, norms.data()};
  for (int epoch = 0; epoch < 3; epoch++) train(call, training);

  std::uint64_t sum = 0xcbf29ce484222325;
  for (const auto& array : numbers) sum = hash(sum, array.data(), array.size() * sizeof(T));
  return hash(hash(sum, costs.data(), n * sizeof(double)), norms.data(), (n + of.batch - 1) / of.batch * plan.size() * sizeof(double));
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
  const Case sigmoid{{50, 33, 10}, Activation::sigmoid, Activation::sigmoid, {Cost::cross_entropy, true}, 10, 0.01};
  const Case tanh{{784, 256, 10}, Activation::tanh, Activation::tanh, {Cost::quadratic, false}, 300, 0};
  const Case relu{{100, 257, 300, 7}, Activation::relu, Activation::softmax, {Cost::log_likelihood, true}, 77, 0};
  const Case chain{{20, 16, 4}, Activation::softmax, Activation::softmax, {Cost::cross_entropy, false}, 1, 0};
  int different = 0;
  for (const auto& [name, of] : {std::pair("sigmoid", &sigmoid), {"tanh", &tanh}, {"relu", &relu}, {"softmax", &chain}}) {
    different |= print<float>((std::string(name) + " float32").c_str(), *of);
    different |= print<double>((std::string(name) + " float64").c_str(), *of);
  }
  return different;
}
