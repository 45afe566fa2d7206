// A network as the kernels see it: plain numbers and addresses, no code.
//
// Rows are examples. A row of activations is `width` numbers long, n_out and some that nobody reads, up to
// a whole number of blocks. Weights stand in panels of 16 neurons, [panel][input][neuron], so that the
// neurons of a panel are neighbors for every input.
//
// Layers of images, which come first, have their activations the other way round, in panels of 16 examples:
// [panel][channel][row][column][example]. What happens to a place of an image happens to all 16 at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glassnet {

constexpr std::size_t BLOCK = 16;   // columns in a panel of weights, examples in a panel of images
constexpr std::size_t CHUNK = 128;  // rows that are taken at a time, however large a mini-batch is
constexpr std::size_t LEAST_ROWS = 3, MOST_ROWS = 12;  // in the largest tile that an instruction set offers
constexpr std::size_t UNIT = 64;    // inputs whose weights are one piece of work
constexpr std::size_t FILTERS = 4;  // whose weights are one piece of work
constexpr std::size_t SLACK = 8;    // places behind a list that may be written, too
constexpr std::size_t KNOTS = 7;    // along each side of an image that moves

// Each file has its own copy of this, or one made for AVX-512 might end up in all of them.
static constexpr std::size_t padded(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

enum class Kind { dense, softmax, flatten, dropout, conv, max_pool, average_pool };
enum class Activation { sigmoid, tanh, relu, linear, softmax };
enum class Cost { squared, quadratic, cross_entropy, log_likelihood };
enum class Pixel { uint8, float32, float64 };

// One product in a sum: how far into a and into b it reaches.
struct Step {
  std::uint32_t a, b;
};

struct Grid {
  std::size_t channels, height, width;
  std::size_t area() const { return height * width; }
  std::size_t size() const { return channels * area(); }
};

// One channel with two pixels around, and some bytes behind that may be read, too.
static constexpr std::size_t framed_size(const Grid& picture) {
  return (picture.height + 4) * (picture.width + 4) + sizeof(std::uint64_t);
}

// What slides over an image.
struct Window {
  std::size_t size, stride, padding;
  std::size_t area() const { return size * size; }
};

struct List {
  const Step* steps;
  std::size_t count;
};

// A place along one side of an image, and the windows that see it. Places of one kind are seen by the same
// places within windows, which are as far apart.
struct Seen {
  std::uint32_t kind, first;  // the first window
};

// The windows that see a place: lists[down[y].kind · across_kinds + across[x].kind].
struct Back {
  const Seen *down, *across;
  const List* lists;
  std::size_t across_kinds;
};

// What dropout needs to know: a number is off where its random bits are below the threshold.
struct Dropping {
  std::uint32_t threshold;
  double scale;            // of the others
  std::size_t first_word;  // of the example's random words, those of this layer
};

// What an optimizer remembers of some parameters, in the same places; null where it remembers nothing.
template <class T>
struct Remembered {
  T* first;   // momentum's v, Adam's m
  T* second;  // Adam's v
};

template <class T>
struct Layer {
  Kind kind;
  Activation activation;
  std::size_t n_in, in_width, n_out, width;
  bool on_images;  // its outputs stand in panels of examples
  Grid in, out;    // of layers on images; `in` has the padding around it
  Window window;
  Dropping dropping;

  T* weight;  // of a dense layer [width / BLOCK][n_in][BLOCK], of a convolution [filters][filter_width]
  T* bias;    // of a dense layer [width], of a convolution [filters][BLOCK]
  Remembered<T> of_weight, of_bias;
  std::size_t filter_width;  // in.channels · size², and some zeros up to a whole number of blocks
  std::size_t place_step;    // of the inputs, where a single example has its channels side by side

  // What a chunk of examples makes, [CHUNK][width]. Hidden layers may keep z and a in one place.
  const T* x;  // [CHUNK][in_width]: the layer before's a
  T* padded;   // the same with zeros around each image; where there is no padding, x
  T* z;
  T* a;
  T* delta;  // ∂C/∂z
  T* dC_da;  // where it is to be read; else null
  T* mask;   // of dropout in training; else null
  T* winner; // of max pooling in training, where in its window the largest stands; else null

  // The gradient of a mini-batch that has several chunks, or is to be read: [n_in][width] and [width]; of a
  // convolution like its weight, and [filters].
  T* weight_gradient;
  T* bias_gradient;
  std::size_t units;    // pieces of work that the weights' gradient is cut into: 64 inputs, or 4 filters
  double* square_sums;  // Σ (∂C/∂w)² of each unit

  // The sums of this layer, term by term:
  const Step* over_inputs;   // z = Σ_k w_jk x_k
  const Step* over_outputs;  // ∂C/∂x_k = Σ_j w_jk δ_j
  const Step* over_rows;     // ∂C/∂w_jk = Σ_i δ_ij x_ik
  // Of a convolution: z = Σ w · (what its patch holds); ∂C/∂w = Σ over all places p of δ_p x_p; and for
  // windows of all kinds, ∂C/∂x from the windows that see x.
  List over_patch, over_places;
  Back back;
};

// What the random numbers of a training step depend on.
struct Draw {
  bool on;
  std::uint64_t seed;
  std::uint32_t epoch;
  const std::int64_t* places;  // of the examples; null: theirs in the source
};

// How training images move; all numbers are those of augmentation/resampling.py.
struct Moves {
  const std::int32_t* maps;           // [count][6], in step with the order; null: nothing moves
  Grid picture;
  std::int64_t gain;                  // of smooth displacements; 0: there are none
  const std::int32_t *down, *across;  // [height][KNOTS] and [width][KNOTS]
};

// Room for moving one image.
struct Moving {
  std::uint8_t* framed;   // one channel, with two pixels of 0 around
  std::int32_t* weights;  // Moves::across, [KNOTS][width, padded]
  std::int32_t* rows;     // [2][KNOTS][width, padded]: displacements at the height of each row of knots
  std::uint8_t* moved;    // the image, and some pixels behind it that may be written, too
};

template <class T>
struct Program {
  Layer<T>* layers;
  std::size_t count;
  std::size_t on_images;  // so many layers, the first ones; behind them, one that flattens
  bool abreast;           // these have the channels of one example side by side, not 16 examples
  Draw draw;
  T* x;                 // [CHUNK][layers[0].in_width]: the inputs
  T* x_panels;          // the same in panels of examples, where the first layer wants them so
  std::uint8_t* inked;  // [CHUNK][ink_width]: not 0 where x is not 0
  std::size_t ink_width;
  bool skip_zeros;      // leave out products with inputs that are 0; not where a weight isn't finite
};

// What one thread works with.
template <class T>
struct Scratch {
  Step* steps;             // [tiles][layers[0].n_in + SLACK]: the inputs that are not 0 in a tile of rows
  std::size_t* counts;     // [tiles]
  std::uint64_t* inked;    // [units]: a bit for each input that is not 0 in any row it took of this chunk
  T* delta_panels;         // δ with the rows of a panel as neighbors
  T* dC_dx_panels;
  T* gradient;             // [UNIT][width] or [FILTERS][filter_width]
  T* row;                  // [2][width]
  Moving moving;
  bool finite;             // false once an input was not
};

// Where the examples come from.
struct Source {
  const void* images;  // [n][n_in]
  Pixel pixel;
  const std::int64_t* labels;   // [n], or null
  const void* targets;          // [n][n_out] in the network's type, or null
  const double* example_weights;  // [n], or null
  Moves moves = {};
};

// Up to CHUNK examples of a mini-batch.
struct Chunk {
  const std::int64_t* places;  // in the source; null: `first` and those behind it
  std::size_t first;
  std::size_t rows;
  std::size_t batch;           // the size of the whole mini-batch
  std::size_t ahead;           // how many more places stand behind these, to be fetched early
  bool opens, closes;          // the mini-batch
};

// What the examples showed, [rows] each.
struct Shown {
  double* costs;
  bool* correct;
};

struct Criterion {
  Cost cost;
  bool canonical;  // the last layer is the cost's partner, and δ = a − y
};

enum class Rule { sgd, momentum, nesterov, adam };

// How parameters follow their gradient.
struct Descent {
  bool apply;
  Rule rule;
  bool decoupled;  // L2 shrinks the weights beside the step, instead of being a part of their gradient
  double l1, l2;   // λ₁/n and λ/n
  double beta1, beta2, epsilon;  // beta1 is momentum's μ, too
  // These belong to one mini-batch.
  double learning_rate;
  double correction1, correction2;  // 1 / (1 − βᵗ)

  // w ← w − η (g + (λ/n) w), and nothing else
  bool plain() const { return rule == Rule::sgd && l1 == 0; }
  // Weights move even where their gradient is 0.
  bool never_rests() const { return !plain() || l2 != 0; }

  Descent of_bias() const {
    Descent how = *this;
    how.l1 = how.l2 = 0;
    return how;
  }
};

// Some rows of all images in a panel: of the outputs of a layer.
struct Part {
  std::size_t panel, first, last;
};

// The work of a mini-batch, for rows, parts or units that may be shared out among threads in any way.
template <class T>
struct Kernels {
  // Rows of n numbers into panels [rows / 16][n][16], filled up with 0, and back.
  void (*into_panels)(const T* from, std::size_t from_row, std::size_t rows, std::size_t n, T* panels);
  void (*out_of_panels)(const T* panels, std::size_t n, std::size_t rows, T* to, std::size_t to_row);
  // Read the rows.
  void (*read)(const Program<T>&, const Source&, const Chunk&, Scratch<T>&, std::size_t first,
               std::size_t last);
  // Put zeros around the inputs of a layer on images; forward through it; back to its δ.
  void (*pad)(const Layer<T>&, std::size_t panel);
  void (*forward_on_images)(const Program<T>&, std::size_t layer, const Chunk&, Part);
  void (*backward_on_images)(const Program<T>&, std::size_t layer, Part);
  // Through all of them, where they have the channels of a single example side by side.
  void (*forward_abreast)(const Program<T>&);
  // Pass the rows forward through all other layers.
  void (*forward)(const Program<T>&, const Chunk&, Scratch<T>&, std::size_t first, std::size_t last);
  // Cost and right answers of the rows; in training also ∂C/∂a of the last layer (or its δ), as `delta`.
  void (*judge)(const Program<T>&, const Source&, const Chunk&, Criterion, const Shown&, Scratch<T>&,
                std::size_t first, std::size_t last);
  // From there back to δ of these other layers, and of the last one on images.
  void (*backward)(const Program<T>&, Criterion, Scratch<T>&, std::size_t first, std::size_t last);
  // From δ to the gradient of one unit of one layer's weights (and its bias), and their update.
  // Bits of `ink` that are 0 tell of inputs of a dense layer that are 0 in the whole chunk.
  void (*gradient)(const Program<T>&, std::size_t layer, const Chunk&, const Descent&, std::uint64_t ink,
                   std::size_t unit, Scratch<T>&);
};

// What an instruction set offers.
struct Target {
  const char* name;
  Kernels<float> of_float;
  Kernels<double> of_double;
  double (*multiply_adds)(std::size_t rounds);  // runs them, for measuring the peak; how many it ran
};

}  // namespace glassnet
