"""A network: an ordered list of layers and their parameters; forward, cost, backward.

Rows are examples. C is the mean over the rows, so each row's share of it is 1/m; `share` carries
that factor (times the example's weight, where examples are weighted) to the start of the way
back, and every gradient behind it is the gradient of C.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple, TypeVar

import numpy as np

from glassnet.arrays import Array, Images, Parameters, Shape
from glassnet.chunks import at_a_time, chunks
from glassnet.costs import CanonicalCost, Cost, get_cost
from glassnet.draws import Draw, check_draw, masks
from glassnet.errors import GlassnetError
from glassnet.examples import as_array, as_inputs, as_targets, as_weights
from glassnet.forecast import bytes_in_training
from glassnet.initializers import get_initializer
from glassnet.layers import Cache, Layer, format_layers, parse_layers
from glassnet.memory import check_room, in_bytes
from glassnet.rng import Purpose, Stream

CHUNK = 1024  # rows that a pass takes at a time, at most
NUMBERS = 2**24  # and no more than make so many activations, to bound its memory
LARGEST = 100_000_000  # parameters: to draw and to train them takes some GB
DRAWING = 48  # bytes for each number while an array is drawn, measured

T = TypeVar("T")


class LayerGradient(NamedTuple):
    """What the way back made in one layer."""

    dC_da: Array | None  # (batch, n_out); None where the canonical form went around it
    dC_dz: Array  # (batch, n_out): δ
    parameters: Parameters  # ∂C/∂W and ∂C/∂b under the layer's own names


class Gradient(NamedTuple):
    """∇C and everything it was made of."""

    cost: float  # C, the mean over the rows
    parameters: Parameters  # ∂C/∂ every parameter, under the network's names
    layers: list[LayerGradient]
    caches: list[Cache]


class Network:
    """A feed-forward network.

    Args:
        layers: a text such as "784-16-16-10" or "conv20@5 pool2 100 10" (see `glassnet.layers.text`), or
            a list of layers.
        input_shape: of one example, without the batch; a text may name its own.
        seed: draws the initial parameters; give this or `parameters`.
        initializer: the rule that they are drawn by.
        parameters: arrays under the names of `shapes`.
        dtype: of all parameters: float32 or float64.

    Raises:
        GlassnetError: the layers don't fit together, the parameters don't fit the layers, or the network
            doesn't fit into memory.

    >>> network = Network("784-16-16-10", seed=0)
    >>> network.parameter_count
    13002
    >>> network.shapes["1.weight"]
    (16, 784)
    >>> network.predict(np.zeros((5, 784))).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: str | Iterable[Layer],
        input_shape: int | Sequence[int] | None = None,
        *,
        seed: int | None = None,
        initializer: str = "scaled_normal",
        parameters: Parameters | None = None,
        dtype: Any = np.float32,
    ) -> None:
        if isinstance(layers, str):
            given = None if input_shape is None else _shape(input_shape)
            text, (own_shape, layers) = layers, parse_layers(layers, input_shape=given)
            if given not in (None, own_shape):
                own = "×".join(map(str, own_shape))
                raise GlassnetError(f"input_shape {input_shape!r}: the layers {text!r} have {own} inputs")
            input_shape = own_shape
        if input_shape is None:
            raise GlassnetError("a list of layers needs the input_shape of one example, for example (784,)")
        self.layers: tuple[Layer, ...] = tuple(layers)
        if not self.layers:
            raise GlassnetError("a network needs at least one layer")
        self.dtype = _float_dtype(dtype)
        self.input_shape = _shape(input_shape)

        inputs = [self.input_shape]  # of every layer
        built: list[dict[str, Shape]] = []
        for i, layer in enumerate(self.layers, 1):
            try:
                output, shapes = layer.build(inputs[-1])
            except GlassnetError as error:
                raise GlassnetError(f"layer {i} of {self}: {error}") from error
            inputs.append(output)
            built.append(shapes)
        self.output_shapes = tuple(inputs[1:])  # of every layer, without the batch
        self.output_shape = inputs[-1]
        if len(self.output_shape) != 1:
            raise GlassnetError(
                f"the last layer gives numbers of shape {self.output_shape}, and outputs are one row: "
                "end with flatten and a dense layer"
            )
        # One name per parameter everywhere: "1.weight" is W⁽¹⁾, of the first layer behind the input.
        self._names = [
            {name: f"{number}.{name}" for name in shapes} for number, shapes in enumerate(built, 1)
        ]
        self.shapes = self.by_name(built)
        if self.parameter_count > LARGEST:
            raise GlassnetError(
                f"the network {self} would have {self.parameter_count:,} parameters, "
                f"{in_bytes(self.parameter_count * self.dtype.itemsize)}: "
                f"make its layers smaller, for {LARGEST:,} at most"
            )
        drawing = 0 if seed is None else DRAWING * max(map(prod, self.shapes.values()), default=0)
        needed = max(self.bytes_in_training(1), drawing)
        check_room(needed, f"the network {self}", "make its images or its layers smaller")

        if (seed is None) == (parameters is None):
            raise GlassnetError(
                "a network needs either seed=… (to draw its first parameters) or parameters=…"
            )
        if seed is not None:
            rule = get_initializer(initializer)
            parameters = {
                self._names[i][name]: array
                for i, layer in enumerate(self.layers)
                for name, array in layer.initial(
                    inputs[i],
                    rule,
                    Stream(seed, Purpose.WEIGHTS, step=i),
                    Stream(seed, Purpose.BIASES, step=i),
                ).items()
            }
        assert parameters is not None
        self.parameters: Parameters = {}
        self.load_parameters(parameters)

    def load_parameters(self, parameters: Parameters) -> None:
        """Take over copies of these arrays; names and shapes must be the network's own."""
        self.check_parameters(parameters)
        self.parameters = {name: np.array(parameters[name], self.dtype, order="C") for name in self.shapes}

    def check_parameters(self, parameters: Parameters) -> None:
        """Refuse arrays of other names, shapes or kinds than the network's."""
        if set(parameters) != set(self.shapes):
            odd = sorted(set(parameters) ^ set(self.shapes))
            raise GlassnetError(
                f"parameters {', '.join(odd)}: the network {self} has {', '.join(self.shapes)}"
            )
        for name, shape in self.shapes.items():
            array = np.asarray(parameters[name])
            if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
                raise GlassnetError(
                    f"{name} is {array.dtype} {array.shape}: the network {self} needs floats {shape}"
                )

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def activation_count(self) -> int:
        """Number of activations in all layers together, for one example."""
        return sum(map(prod, self.output_shapes))

    def bytes_in_training(self, rows: int) -> int:
        """About how much memory it takes to train on so many examples at a time."""
        return bytes_in_training(self.input_shape, self.output_shapes, self.shapes, self.dtype.itemsize, rows)

    @property
    def weights(self) -> list[str]:
        """The names of the weights: the parameters that the L2 penalty counts, biases excepted."""
        return [name for name in self.shapes if name.endswith(".weight")]

    def __str__(self) -> str:
        """The sizes, as text: 784-16-16-10."""
        return format_layers(self.input_shape, self.layers)

    def __repr__(self) -> str:
        """Layers, activations and the number of parameters."""
        layers = ", ".join(map(repr, self.layers))
        return f"<Network {self}: {layers}; {self.parameter_count:,} parameters, {self.dtype}>"

    def astype(self, dtype: Any) -> Network:
        """A copy with parameters of another float dtype: float64 to check gradients."""
        return Network(self.layers, self.input_shape, parameters=self.parameters, dtype=dtype)

    def copy(self) -> Network:
        """A copy that learns on its own."""
        return self.astype(self.dtype)

    def by_layer(self, parameters: Parameters | None = None) -> list[Parameters]:
        """The same arrays as `parameters` (the network's own), a dictionary a layer."""
        parameters = self.parameters if parameters is None else parameters
        return [{name: parameters[full] for name, full in names.items()} for names in self._names]

    def by_name(self, parameters: Iterable[dict[str, T]]) -> dict[str, T]:
        """Merge one dictionary per layer into one, under the network's names."""
        pairs = zip(self._names, parameters, strict=True)
        return {names[name]: array for names, of_layer in pairs for name, array in of_layer.items()}

    # Inputs and targets

    def inputs(self, images: Images) -> Array:
        """Images as rows of numbers: (batch, *input_shape), in the network's dtype.

        Pixels of dtype uint8 are scaled to 0 … 1; floats are taken as they are.

        Raises:
            GlassnetError: the images don't have as many numbers as the network has inputs.
        """
        return as_inputs(images, self.input_shape, self.dtype)

    def targets(self, y: Any) -> Array:
        """Desired outputs (batch, n_out): y itself, or one-hot rows for integer labels (batch,).

        >>> Network("2-3", seed=0).targets([2, 0])
        array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
        """
        return as_targets(y, prod(self.output_shape), self.dtype)

    # Forward

    def forward(self, x: Array, params: list[Parameters] | None = None) -> tuple[Array, list[Cache]]:
        """The outputs a (batch, n_out) for inputs x (batch, *input_shape), and every layer's cache."""
        caches = []
        for layer, of_layer in zip(self.layers, self.by_layer() if params is None else params, strict=True):
            x, cache = layer.forward(of_layer, x)
            caches.append(cache)
        return x, caches

    def in_training(self, draw: Draw) -> list[Parameters]:
        """Inputs of the layers in a training step beside x: their parameters, or dropout's mask."""
        params = self.by_layer()
        for i, mask in masks(self.layers, self.output_shapes, draw, self.dtype).items():
            params[i] = {"mask": mask}
        return params

    def predict(self, images: Images) -> Array:
        """The outputs (batch, n_out) for images as `inputs` takes them."""
        images = as_array(images, "images")
        if images.ndim < 2:
            raise GlassnetError(
                f"images of shape {images.shape}: give a batch, for a single image image[None]"
            )
        return np.concatenate([a for _, a, _ in self.passes(images)])

    def passes(self, images: Images) -> Iterator[tuple[slice, Array, list[Cache]]]:
        """Forward through many images, a chunk at a time: its rows, outputs and caches."""
        params = self.by_layer()
        some = at_a_time(self.activation_count, most=CHUNK, room=NUMBERS)
        for rows in chunks(max(1, len(images)), some):  # no image at all is a pass, too
            yield rows, *self.forward(self.inputs(images[rows]), params)

    # Cost

    def check_cost(self, cost: str | Cost) -> Cost:
        """The cost itself, refused where it is not defined for the last layer's outputs."""
        cost = cost if isinstance(cost, Cost) else get_cost(cost)
        cost.check_activation(self.layers[-1].activation)
        return cost

    def canonical(self, cost: Cost) -> CanonicalCost | None:
        """The cost, where it and the last layer are a canonical pair: δ = a − y."""
        if isinstance(cost, CanonicalCost) and self.layers[-1].activation == cost.natural:
            return cost
        return None

    def costs(self, z: Array, a: Array, y: Array, cost: Cost, canonical: bool = True) -> Array:
        """C₀ of every row, shape (batch,), from the last layer's z (where the pair is canonical) or a."""
        if canonical and (pair := self.canonical(cost)):
            return pair.value_from_z(z, y)
        return cost.value(a, y)

    # Backward

    def backward(
        self,
        caches: list[Cache],
        y: Array,
        cost: Cost,
        share: float | Array,
        params: list[Parameters] | None = None,
        canonical: bool = True,
    ) -> list[LayerGradient]:
        """From the outputs back to every parameter, by the canonical short cut or the full chain.

        Args:
            caches: what `forward` returned.
            y: desired outputs (batch, n_out).
            cost: one that the last layer's outputs are defined for.
            share: of each row in C: 1/m, or an array (batch, 1).
            params: a dictionary a layer, as `by_layer` gives them.
            canonical: start from δ = a − y where the last layer and the cost allow it.
        """
        params = self.by_layer() if params is None else params
        dC_da: Array | None = None
        gradients: list[LayerGradient] = []
        for i in reversed(range(len(self.layers))):
            layer, cache = self.layers[i], caches[i]
            if i == len(self.layers) - 1:
                if canonical and (pair := self.canonical(cost)):
                    dC_dz = share * pair.delta(cache.a, y)
                else:
                    dC_da = share * cost.derivative(cache.a, y)
                    dC_dz = layer.delta(cache, dC_da)
            else:
                dC_da = self.layers[i + 1].dC_dx(params[i + 1], caches[i + 1], dC_dz)
                dC_dz = layer.delta(cache, dC_da)
            gradients.append(LayerGradient(dC_da, dC_dz, layer.backward(params[i], cache, dC_dz)))
        return gradients[::-1]

    def gradient(
        self,
        images: Images,
        y: Any,
        cost: str | Cost = "quadratic",
        *,
        example_weights: Any = None,
        canonical: bool = True,
        draw: Draw | None = None,
    ) -> Gradient:
        """C and ∇C of a batch: one forward and one backward pass.

        Args:
            images: (batch, *input_shape) as `inputs` takes them.
            y: integer labels (batch,) or desired outputs (batch, n_out).
            cost: its name.
            example_weights: (batch,); C is then (1/m) Σ weight · C₀.
            canonical: whether the canonical pairs take their short cut.
            draw: which training step it is, for what dropout switches off; None: nothing.

        >>> network = Network("2-1", parameters={"1.weight": np.array([[1.0, -1.0]]), "1.bias": np.zeros(1)})
        >>> gradient = network.gradient(np.array([[2.0, 2.0]]), np.array([[0.0]]), "squared")
        >>> gradient.parameters["1.weight"]  # a · σ′(z) · 2(a − y) = 2 · ¼ · 2 · ½
        array([[0.5, 0.5]], dtype=float32)
        """
        cost = self.check_cost(cost)
        x, y = self.inputs(images), self.targets(y)
        self.check_batch(x, y, cost)
        share = self.share(len(x), example_weights)
        params = self.by_layer() if draw is None else self.in_training(check_draw(draw, len(x)))
        _, caches = self.forward(x, params)
        layers = self.backward(caches, y, cost, share, params, canonical)
        mean_cost = float(
            (np.ravel(share) * self.costs(caches[-1].z, caches[-1].a, y, cost, canonical)).sum()
        )
        return Gradient(mean_cost, self.by_name(layer.parameters for layer in layers), layers, caches)

    def check_batch(self, x: Images, y: Array, cost: Cost) -> None:
        """Refuse images and desired outputs that don't belong together, or don't suit the cost."""
        if len(x) == 0 or len(x) != len(y):
            raise GlassnetError(f"{len(x)} images and {len(y)} targets: give as many of both, at least one")
        cost.check_targets(y)

    def share(self, m: int, example_weights: Any = None) -> float | Array:
        """Each row's share of C = (1/m) Σ weight · C₀: 1/m, or (m, 1) where rows are weighted."""
        if example_weights is None:
            return 1 / m
        return as_weights(example_weights, m).astype(self.dtype)[:, None] / m


def _float_dtype(dtype: Any) -> np.dtype[Any]:
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if dtype in (known, known.type, known.name):
            return known
    raise GlassnetError(f"dtype {dtype!r}: parameters are float32 or float64")


def _shape(shape: int | Sequence[int]) -> Shape:
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    if not sizes or not all(isinstance(size, int | np.integer) and size > 0 for size in sizes):
        raise GlassnetError(f"input_shape {shape!r}: give positive whole numbers, for example (784,)")
    return tuple(int(size) for size in sizes)
