// eˣ, ln x and what is made of them, by series: the same operations in the same order on every
// processor, so the same bits. Errors stay within about two units in the last place.
#pragma once

#include "simd.hpp"

namespace glassnet::GLASSNET_TARGET {

template <class T>
struct Format;
template <>
struct Format<float> {
  using Int = std::int32_t;
  static constexpr Int mantissa = 23, bias = 127, fraction = 0x7fffff;
  static constexpr float round = 0x1.8p23f;     // x + this − this is x rounded to a whole number
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;  // n · ln2_high is exact
  static constexpr float least = -104, most = 89;  // eˣ is 0 below, ∞ above
  static constexpr float smallest = 0x1p-126f, infinity = __builtin_inff(), nan = __builtin_nanf("");
  static constexpr int exp_terms = 7, atanh_terms = 8;
};
template <>
struct Format<double> {
  using Int = std::int64_t;
  static constexpr Int mantissa = 52, bias = 1023, fraction = 0xfffffffffffff;
  static constexpr double round = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double least = -746, most = 710;
  static constexpr double smallest = 0x1p-1022, infinity = __builtin_inf(), nan = __builtin_nan("");
  static constexpr int exp_terms = 13, atanh_terms = 17;
};

// The coefficients of the series below.
template <class T>
struct Coefficients {
  T of_exp[Format<T>::exp_terms + 1] = {1};    // 1 / k!
  T of_atanh[Format<T>::atanh_terms + 1] = {}; // 1 / (2 k + 1)
  constexpr Coefficients() {
    double factorial = 1;
    for (int k = 1; k <= Format<T>::exp_terms; k++) of_exp[k] = T(1 / (factorial *= k));
    for (int k = 0; k <= Format<T>::atanh_terms; k++) of_atanh[k] = T(1.0 / (2 * k + 1));
  }
};
template <class T>
inline constexpr Coefficients<T> coefficients;

// eˣ = 2ⁿ (1 + p) with n the whole number nearest to x / ln 2.
template <class T>
struct Exponential {
  Vec<T> p;  // eʳ − 1 for the rest r = x − n ln 2, |r| ≤ ½ ln 2: r + r²/2! + r³/3! + …
  Whole<T> n;
};

template <class T>
inline Exponential<T> exponential(Vec<T> x) {
  using F = Format<T>;
  const Vec<T> shifted = fma(x, all<T>(T(1.4426950408889634)), all<T>(F::round));  // x / ln 2
  const Vec<T> n = shifted - F::round;
  const Vec<T> r = fma(n, all<T>(-F::ln2_low), fma(n, all<T>(-F::ln2_high), x));
  Vec<T> sum = all<T>(coefficients<T>.of_exp[F::exp_terms]);
  UNROLL for (int k = F::exp_terms - 1; k > 1; k--) sum = fma(sum, r, all<T>(coefficients<T>.of_exp[k]));
  return {fma(r * r, sum, r), bits<T>(shifted) - bits<T>(all<T>(F::round))};
}

template <class T>
inline Vec<T> power_of_2(Whole<T> n) {
  return (Vec<T>)((n + Format<T>::bias) << Format<T>::mantissa);
}

template <class T>
inline Vec<T> exp(Vec<T> x) {
  using F = Format<T>;
  x = x < F::least ? all<T>(F::least) : x;  // NaN stays NaN: no comparison with it is true
  x = x > F::most ? all<T>(F::most) : x;
  const Exponential<T> e = exponential<T>(x);
  const Whole<T> half = e.n >> 1;  // in two factors, for results beyond 2ⁿ's own range
  return (e.p + 1) * power_of_2<T>(half) * power_of_2<T>(e.n - half);
}

// eˣ − 1 for −60 ≤ x ≤ 0, without the cancellation that exp(x) − 1 has near 0.
template <class T>
inline Vec<T> expm1(Vec<T> x) {
  const Exponential<T> e = exponential<T>(x);
  const Vec<T> scale = power_of_2<T>(e.n);
  return fma(scale, e.p, scale - 1);
}

// 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) = ln((1 + s)/(1 − s)), for |s| ≤ ⅓.
template <class T>
inline Vec<T> twice_atanh(Vec<T> s) {
  const Vec<T> square = s * s;
  constexpr int terms = Format<T>::atanh_terms;
  Vec<T> sum = all<T>(coefficients<T>.of_atanh[terms]);
  UNROLL for (int k = terms - 1; k > 0; k--) sum = fma(sum, square, all<T>(coefficients<T>.of_atanh[k]));
  return fma(2 * s * square, sum, 2 * s);
}

// ln(1 + t) for 0 ≤ t ≤ 1, also where 1 + t would be rounded to 1.
template <class T>
inline Vec<T> log1p(Vec<T> t) {
  return twice_atanh<T>(t / (t + 2));
}

// ln x = e ln 2 + ln m with x = 2ᵉ m and ½√2 ≤ m < √2.
template <class T>
inline Vec<T> log(Vec<T> x) {
  using F = Format<T>;
  const Whole<T> tiny = x < F::smallest;  // true is −1, false 0
  const Whole<T> scaled = bits<T>(tiny ? x * T(1LL << F::mantissa) : x);
  Whole<T> e = (scaled >> F::mantissa) - F::bias;
  Vec<T> m = (Vec<T>)((scaled & F::fraction) | bits<T>(all<T>(1)));
  const Whole<T> large = m > T(1.4142135623730951);
  m = large ? m * T(0.5) : m;
  e = e - large - (tiny & F::mantissa);
  const Vec<T> power = __builtin_convertvector(e, Vec<T>);
  const Vec<T> rest = fma(power, all<T>(F::ln2_low), twice_atanh<T>((m - 1) / (m + 1)));
  Vec<T> result = fma(power, all<T>(F::ln2_high), rest);
  result = x == 0 ? all<T>(-F::infinity) : result;
  result = x == F::infinity ? x : result;
  return x >= 0 ? result : all<T>(F::nan);
}

template <class T>
inline Vec<T> magnitude(Vec<T> x) {
  return x < 0 ? -x : x;
}

// σ(z) = 1 / (1 + e⁻ᶻ)
template <class T>
inline Vec<T> sigmoid(Vec<T> z) {
  return 1 / (1 + exp<T>(-z));
}

// tanh z = −t / (2 + t) with t = e^(−2|z|) − 1, and the sign of z
template <class T>
inline Vec<T> tanh(Vec<T> z) {
  Vec<T> twice = -2 * magnitude<T>(z);
  twice = twice < -60 ? all<T>(-60) : twice;  // tanh is 1 there
  const Vec<T> t = expm1<T>(twice);
  const Vec<T> a = (T(0) - t) / (t + 2);  // 0 − t, as tanh 0 is not −0
  return z < 0 ? -a : a;
}

// ln(1 + eᶻ) = max(z, 0) + ln(1 + e^(−|z|))
template <class T>
inline Vec<T> softplus(Vec<T> z) {
  const Vec<T> positive = z < 0 ? Vec<T>{} : z;
  return positive + log1p<T>(exp<T>(-magnitude<T>(z)));
}

}  // namespace glassnet::GLASSNET_TARGET
