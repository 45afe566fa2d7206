// One register of numbers, as a compiler vector type: + − × ÷, comparisons and ?: work on it as on a
// number. Only the fused multiply-add and the square root need the instruction
// set's own names for them.
//
// This header, and every one that includes it, is compiled once for each instruction set, in a
// namespace of that name; nothing in it may be shared between them, not even an inline function.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Before a loop of few and constant rounds: what it keeps in an array then stays in registers. And before one
// that is to become a few vector instructions.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define VECTORIZE _Pragma("clang loop vectorize(enable) unroll(disable)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#define VECTORIZE _Pragma("GCC ivdep")
#endif

#if defined(__FAST_MATH__)
#error "-ffast-math makes other bits, and NaN no longer NaN: leave it away"
#endif

namespace glassnet::GLASSNET_TARGET {

#if defined(__AVX512F__)
constexpr std::size_t register_bytes = 64, registers = 32;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr std::size_t register_bytes = 32, registers = 16;
#elif defined(__aarch64__)
constexpr std::size_t register_bytes = 16, registers = 32;
#else
#error "kernels need AVX-512, AVX2 with FMA, or NEON"
#endif

template <class T>
constexpr std::size_t lanes = register_bytes / sizeof(T);

template <class T>
struct Types;
template <>
struct Types<float> {
  typedef float Vector __attribute__((vector_size(register_bytes)));
  typedef std::int32_t Whole __attribute__((vector_size(register_bytes)));
};
template <>
struct Types<double> {
  typedef double Vector __attribute__((vector_size(register_bytes)));
  typedef std::int64_t Whole __attribute__((vector_size(register_bytes)));
};
template <class T>
using Vec = typename Types<T>::Vector;  // floats or doubles
template <class T>
using Whole = typename Types<T>::Whole;  // integers of the same size: the bits, or what comparisons answer

template <class V, class T>
inline V load_as(const T* from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
inline Vec<T> load(const T* from) {
  return load_as<Vec<T>>(from);
}

template <class T>
inline void store(T* to, Vec<T> v) {
  __builtin_memcpy(to, &v, sizeof v);
}

template <class T>
inline Vec<T> all(T value) {
  return value - Vec<T>{};  // x − 0 is x, whatever x is
}

template <class T>
inline Whole<T> bits(Vec<T> v) {
  return (Whole<T>)v;
}

// a b + c, rounded once.
#if defined(__AVX512F__)
inline Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm512_fmadd_pd(a, b, c); }
#elif defined(__AVX2__)
inline Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return _mm256_fmadd_pd(a, b, c); }
#else
inline Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return vfmaq_f32(c, a, b); }
inline Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return vfmaq_f64(c, a, b); }
#endif

// Masked, as GCC's headers warn of the plain one.
#if defined(__AVX512F__)
inline Vec<float> square_root(Vec<float> v) { return _mm512_maskz_sqrt_ps(0xffff, v); }
inline Vec<double> square_root(Vec<double> v) { return _mm512_maskz_sqrt_pd(0xff, v); }
#elif defined(__AVX2__)
inline Vec<float> square_root(Vec<float> v) { return _mm256_sqrt_ps(v); }
inline Vec<double> square_root(Vec<double> v) { return _mm256_sqrt_pd(v); }
#else
inline Vec<float> square_root(Vec<float> v) { return vsqrtq_f32(v); }
inline Vec<double> square_root(Vec<double> v) { return vsqrtq_f64(v); }
#endif

// A fused multiply-add of single numbers.
inline float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

}  // namespace glassnet::GLASSNET_TARGET
