// The kernels of one instruction set: this file is compiled once for each, with GLASSNET_TARGET as its
// namespace, so that each finds only its own code.
#include "costs.hpp"
#include "abreast.hpp"
#include "dense.hpp"
#include "images.hpp"
#include "targets.hpp"

namespace glassnet::GLASSNET_TARGET {
namespace {

template <class T>
void read(const Program<T>& program, const Source& source, const Chunk& chunk, Scratch<T>& scratch,
          std::size_t first, std::size_t last) {
  switch (source.pixel) {
    case Pixel::uint8: read_rows<T, std::uint8_t>(program, source, chunk, scratch, first, last); break;
    case Pixel::float32: read_rows<T, float>(program, source, chunk, scratch, first, last); break;
    case Pixel::float64: read_rows<T, double>(program, source, chunk, scratch, first, last); break;
  }
  const Layer<T>& layer = program.layers[0];
  if (program.on_images && !program.abreast)
    into_images(program.x, layer.in_width, layer.n_in, program.x_panels, first, last);
}

template <class T>
void forward(const Program<T>& program, const Chunk& chunk, Scratch<T>& scratch, std::size_t first,
             std::size_t last) {
  for (std::size_t l = program.on_images; l < program.count; l++) {
    const Layer<T>& layer = program.layers[l];
    const std::size_t at = first * layer.width, count = (last - first) * layer.width;
    switch (layer.kind) {
      case Kind::dense: dense_forward(program, layer, scratch, first, last); break;
      case Kind::dropout:
        if (layer.mask) draw_row_masks(layer, program.draw, chunk, first, last);
        apply_mask(layer.x + at, layer.mask ? layer.mask + at : nullptr, layer.z + at, count);
        break;
      case Kind::flatten:
        if (layer.z == layer.x) break;  // a row already
        if (program.abreast)
          flatten_abreast(layer.x, program.layers[l - 1].out, program.layers[l - 1].width, layer.z);
        else
          flatten_forward(layer, first, last);
        break;
      case Kind::softmax: break;  // z is x
      case Kind::conv:
      case Kind::max_pool:
      case Kind::average_pool: break;  // on images alone
    }
    activate(layer, at, count);
  }
}

// What the outputs of the rows cost and, in training, where they should go.
template <class T>
void judge(const Program<T>& program, const Source& source, const Chunk& chunk, Criterion by,
           const Shown& shown, Scratch<T>& scratch, std::size_t first, std::size_t last) {
  const Layer<T>& layer = program.layers[program.count - 1];
  const std::size_t n = layer.n_out, width = layer.width;
  T *y = scratch.row, *terms = scratch.row + width;
  for (std::size_t i = first; i < last; i++) {
    const T *z = layer.z + i * width, *a = layer.a + i * width;
    const std::size_t at = place(chunk, i);
    desired(source, at, n, width, y);
    const double weight = source.example_weights ? source.example_weights[at] : 1;
    shown.costs[i] = weight * cost_of_row(by, z, a, y, n, width, terms);
    if (source.labels) shown.correct[i] = right(a, std::size_t(source.labels[at]), n);
    if (!layer.delta) continue;
    T* slopes = layer.delta + i * width;
    const T share = T(weight / double(chunk.batch));
    for (std::size_t k = 0; k < width; k += lanes<T>)
      store(slopes + k, share * slope<T>(by, load(a + k), load(y + k)));
    for (std::size_t j = n; j < width; j++) slopes[j] = 0;
  }
}

// From there back to δ of every layer.
template <class T>
void backward(const Program<T>& program, Criterion by, Scratch<T>& scratch, std::size_t first,
              std::size_t last) {
  for (std::size_t l = program.count; l-- > program.on_images;) {
    const Layer<T>& layer = program.layers[l];
    const std::size_t at = first * layer.width, count = (last - first) * layer.width;
    const bool is_last = l + 1 == program.count;
    if (is_last && by.canonical) continue;  // the slopes are δ already
    if (!is_last) {
      const Layer<T>& next = program.layers[l + 1];
      switch (next.kind) {
        case Kind::dense: dense_dC_dx(next, layer.delta, scratch, first, last); break;
        case Kind::softmax:
        case Kind::flatten:
        case Kind::dropout:
          apply_mask(next.delta + at, next.mask ? next.mask + at : nullptr, layer.delta + at, count);
          break;
        case Kind::conv:
        case Kind::max_pool:
        case Kind::average_pool: break;  // on images alone
      }
    }
    if (layer.dC_da) __builtin_memcpy(layer.dC_da + at, layer.delta + at, count * sizeof(T));
    activation_backward(layer, layer.delta + at, at, count);
  }
  if (const std::size_t flatten = program.on_images)
    flatten_backward(program.layers[flatten], program.layers[flatten - 1], first, last);
}

template <class T>
void gradient(const Program<T>& program, std::size_t l, const Chunk& chunk, const Descent& how,
              std::uint64_t ink, std::size_t unit, Scratch<T>& scratch) {
  const Layer<T>& layer = program.layers[l];
  switch (layer.kind) {
    case Kind::dense:
      if (unit == 0) dense_backward_bias(layer, chunk, how);
      return dense_backward_weight(program, layer, chunk, how, ink, unit, scratch);
    case Kind::conv: return conv_backward_weight(layer, chunk, how, unit, scratch);
    case Kind::softmax:
    case Kind::flatten:
    case Kind::dropout:
    case Kind::max_pool:
    case Kind::average_pool: break;  // without weights
  }
}

// Independent chains of multiply-adds, as many as it takes to keep the processor busy.
double multiply_adds(std::size_t rounds) {
  constexpr std::size_t chains = 12;
  Vec<float> sum[chains];
  const Vec<float> a = all<float>(0.5f), b = all<float>(1);
  UNROLL for (std::size_t c = 0; c < chains; c++) sum[c] = all<float>(float(c));
  for (std::size_t i = 0; i < rounds; i++)
    UNROLL for (std::size_t c = 0; c < chains; c++) sum[c] = fma(sum[c], a, b);
  volatile float sink = 0;  // or the compiler would see that nobody wants the sums
  UNROLL for (std::size_t c = 0; c < chains; c++) sink = sink + sum[c][0];
  return double(rounds) * chains * lanes<float>;
}

template <class T>
constexpr Kernels<T> kernels = {
    .into_panels = into_panels<T>,
    .out_of_panels = out_of_panels<T>,
    .read = read<T>,
    .pad = pad<T>,
    .forward_on_images = forward_on_images<T>,
    .backward_on_images = backward_on_images<T>,
    .forward_abreast = forward_abreast<T>,
    .forward = forward<T>,
    .judge = judge<T>,
    .backward = backward<T>,
    .gradient = gradient<T>,
};

}  // namespace

extern const Target target;
constinit const Target target = {GLASSNET_TARGET_NAME, kernels<float>, kernels<double>, multiply_adds};

}  // namespace glassnet::GLASSNET_TARGET
