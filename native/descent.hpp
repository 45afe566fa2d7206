// How a parameter follows its gradient: the twin of optimizers.py, for a register of parameters at a time.
#pragma once

#include "program.hpp"
#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

// w ← w − η (g + (λ/n) w)
template <class T>
struct Plain {
  const Vec<T> minus_eta, l2;

  Plain(const Descent& how, const T*, Remembered<T>)
      : minus_eta(all<T>(T(-how.learning_rate))), l2(all<T>(T(how.l2))) {}

  void move(T* at, Vec<T> g) const {
    const Vec<T> w = load(at);
    store(at, fma(minus_eta, fma(l2, w, g), w));
  }
};

// All others.
template <class T>
struct General {
  const Descent& how;
  const T* base;  // the first of these parameters: what is remembered of one stands as far from the first
  const Remembered<T> memory;
  const Vec<T> minus_eta, l1, l2, shrink, beta1, beta2, rest1, rest2, correction1, correction2, epsilon;

  General(const Descent& how, const T* base, Remembered<T> memory)
      : how(how),
        base(base),
        memory(memory),
        minus_eta(all<T>(T(-how.learning_rate))),
        l1(all<T>(T(how.l1))),
        l2(all<T>(T(how.decoupled ? 0 : how.l2))),
        shrink(all<T>(T(how.decoupled ? -how.learning_rate * how.l2 : 0))),
        beta1(all<T>(T(how.beta1))),
        beta2(all<T>(T(how.beta2))),
        rest1(all<T>(T(1 - how.beta1))),
        rest2(all<T>(T(1 - how.beta2))),
        correction1(all<T>(T(how.correction1))),
        correction2(all<T>(T(how.correction2))),
        epsilon(all<T>(T(how.epsilon))) {}

  void move(T* at, Vec<T> g) const {
    const Vec<T> zero = {};
    Vec<T> w = load(at);
    g = g + (w > zero ? l1 : w < zero ? -l1 : zero);
    g = fma(l2, w, g);
    w = fma(shrink, w, w);
    switch (how.rule) {
      case Rule::sgd:
        w = fma(minus_eta, g, w);
        break;
      case Rule::momentum:
        w = w + velocity(at, g);
        break;
      case Rule::nesterov:
        w = fma(minus_eta, g, fma(beta1, velocity(at, g), w));
        break;
      case Rule::adam: {
        T *of_m = memory.first + (at - base), *of_v = memory.second + (at - base);
        const Vec<T> m = fma(rest1, g, beta1 * load(of_m)), v = fma(rest2 * g, g, beta2 * load(of_v));
        store(of_m, m), store(of_v, v);
        w = fma(minus_eta, (m * correction1) / (square_root(v * correction2) + epsilon), w);
      }
    }
    store(at, w);
  }

 private:
  // v ← μ v − η g
  Vec<T> velocity(const T* at, Vec<T> g) const {
    T* of_v = memory.first + (at - base);
    const Vec<T> v = fma(minus_eta, g, beta1 * load(of_v));
    store(of_v, v);
    return v;
  }
};

// do(rule), for parameters that begin at `base`.
template <class T, class Do>
inline auto by_rule(const Descent& how, const T* base, Remembered<T> memory, Do work) {
  return how.plain() ? work(Plain<T>(how, base, memory)) : work(General<T>(how, base, memory));
}

}  // namespace glassnet::GLASSNET_TARGET
