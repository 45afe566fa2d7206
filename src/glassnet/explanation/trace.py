"""Trace: all numbers of one image's way forward and of the way back.

The last layer has two ways back. The long one, through ∂C₀/∂a and the activation, is what the
lessons teach; where cost and activation are a canonical pair, training takes the short one,
δ = a − y. A trace holds both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from glassnet.activations import ACTIVATIONS, Activation
from glassnet.arrays import Array, Images, Parameters, Shape
from glassnet.costs import Cost
from glassnet.document import plain, symbol
from glassnet.draws import Draw, check_draw
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.examples import as_array
from glassnet.explanation.finite_difference import FiniteDifferences, params_of
from glassnet.explanation.layers import Page, WeightedPage, page_of
from glassnet.explanation.letters import times
from glassnet.explanation.parameter import find_parameter, is_index
from glassnet.layers import Layer
from glassnet.network import Gradient, Network

AXES = ("channel", "row", "column")  # of an image


@dataclass(frozen=True, repr=False, eq=False)
class Trace:
    """One forward pass and both ways back, for one image.

    Layers are counted as in the lessons: 0 is the input, 1 the first layer; the parameters of layer
    l are `network.parameters[f"{l}.weight"]` and its bias.
    """

    network: Network  # a copy
    cost: Cost
    image: Images  # as it was given, of any shape
    x: Array  # (1, *input_shape): as the network sees it
    y: Array  # (1, n_out): the desired output
    assumed: bool  # whether nobody gave it, and it is the network's own answer
    chain: Gradient  # by the long way
    used: Gradient  # as training computes it
    class_names: tuple[str, ...]
    draw: Draw | None = None  # the training step that saw it so; None: dropout passes everything on

    # Where things are

    @property
    def depth(self) -> int:
        """L, the number of layers behind the input."""
        return len(self.network.layers)

    @cached_property
    def learned(self) -> list[Parameters]:
        """The parameters, a dictionary a layer."""
        return self.network.by_layer()

    @cached_property
    def params(self) -> list[Parameters]:
        """What each layer worked with: its parameters or, in a training step, dropout's mask."""
        return params_of(self.network, self.draw)

    @cached_property
    def pages(self) -> list[Page[Any]]:
        """The page of explanation of each layer."""
        layers = zip(self.network.layers, self.params, self.chain.caches, strict=True)
        return [page_of(own, i, params, cache) for i, (own, params, cache) in enumerate(layers, 1)]

    def page(self, layer: int) -> Page[Any]:
        """The page of explanation of layer 1 … L."""
        self.layer_at(layer)
        return self.pages[layer - 1]

    def weighted_page(self, layer: int) -> WeightedPage[Any]:
        """The same of a layer that is known to have weights."""
        page = self.page(layer)
        assert isinstance(page, WeightedPage)
        return page

    def page_with(
        self, view: str, layer: int, lacks: str, others: tuple[str, str] = ("that do", "does")
    ) -> Any:
        """The page of a layer, if that view is one of its kind.

        Args:
            view: a method of `Explanation`.
            layer: 1 … L.
            lacks: what a layer without that view does not do, as the middle of a sentence.
            others: what those that do, and no layer, are said to do.

        Raises:
            GlassnetError: the layer has no such view; names those that have.
        """
        page = self.page(layer)
        if view in page.views:
            return page
        those = ", ".join(str(other.number) for other in self.pages if view in other.views)
        which = f"those {others[0]} are {those}" if those else f"no layer {others[1]}"
        raise GlassnetError(f"layer {layer} ({page.own.kind}) {lacks}: {which}")

    def shape(self, layer: int) -> Shape:
        """Of the activations of layer 0 … L: (n,), or (channels, height, width)."""
        if layer == 0:
            return self.network.input_shape
        self.layer_at(layer)
        return self.network.output_shapes[layer - 1]

    def position(self, layer: int, j: int) -> tuple[int, ...]:
        """Where the j-th neuron of a layer stands: (j,), or (channel, row, column)."""
        return tuple(int(index) for index in np.unravel_index(j, self.shape(layer)))

    def letter(self, letter: str, layer: int, j: int) -> str:
        """A letter of the j-th neuron of a layer: a₇⁽¹⁾, or by channel, row and column a₂,₅,₆⁽¹⁾."""
        return symbol(letter, layer, *self.position(layer, j))

    def in_words(self, layer: int, j: int) -> str:
        """The j-th neuron of layer 0 … L: "neuron 7 of layer 1", or with its channel, row and column."""
        what = f"input {j}" if layer == 0 else f"neuron {j} of layer {layer}"
        place = self.position(layer, j)
        if len(place) == 1:
            return what
        axes = zip(AXES[-len(place) :], place, strict=True)
        return f"{what} ({', '.join(f'{axis} {index}' for axis, index in axes)})"

    def layer_at(self, layer: int) -> Layer:
        """Layer 1 … L."""
        if is_index(layer, self.depth + 1) and layer:
            return self.network.layers[layer - 1]
        zero = ", 0 is the input" if layer == 0 else ""
        raise GlassnetError(
            f"layer {layer}: the network {self.network} has the layers 1 to {self.depth}{zero}"
        )

    def neuron_at(self, layer: int, j: int | tuple[int, ...]) -> int:
        """The neuron of layer 0 … L, counted through, that a number or a place in the shape names."""
        shape = self.shape(layer)
        count = prod(shape)
        if isinstance(j, tuple) and len(j) == len(shape) and all(map(is_index, j, shape)):
            return int(np.ravel_multi_index(j, shape))
        if is_index(j, count):
            return int(j)  # type: ignore[arg-type]  # it is no tuple
        what = f"input {j}" if layer == 0 else f"neuron {j} of layer {layer}"
        ranges = f"there are the numbers 0 to {count - 1}"
        if len(shape) > 1:
            ranges += f", or ({', '.join(AXES[-len(shape) :])}) in {times(shape)}"
        raise GlassnetError(f"{what}: {ranges}")

    def parameter(self, layer: int, name: str) -> Array:
        """The array of that name, if layer l has one."""
        kind = self.layer_at(layer).kind
        if name not in self.learned[layer - 1]:
            raise GlassnetError(f"layer {layer} ({kind}) has no {name}: {self._with_parameters()}")
        return self.learned[layer - 1][name]

    def place_of(self, layer: int, name: str, *indices: int) -> tuple[int, ...]:
        """The indices, if layer l has a parameter of that name with such a place."""
        self.parameter(layer, name)  # which refuses a layer that has none
        return find_parameter(self.network, f"{layer}.{name}", indices).place

    def name_of(self, j: int) -> str:
        """What output j stands for."""
        return plain(self.class_names[j])

    def _with_parameters(self) -> str:
        layers = [str(i + 1) for i, params in enumerate(self.learned) if params]
        return f"those with parameters are {', '.join(layers)}" if layers else "no layer has parameters"

    @property
    def picture(self) -> Images | None:
        """The image as it was given, (height, width), if it is a grey one."""
        if self.image.ndim != 2 and len(self.shape(0)) == 3 and self.shape(0)[0] == 1:
            return self.image.reshape(self.shape(0)[1:])
        return self.image if self.image.ndim == 2 else None

    # The way forward

    def a(self, layer: int) -> Array:
        """The activations of layer 0 … L, in one row."""
        return (self.x if layer == 0 else self.chain.caches[layer - 1].a)[0].ravel()

    def z(self, layer: int) -> Array:
        """The weighted sums of layer 1 … L, in one row."""
        return self.chain.caches[layer - 1].z[0].ravel()

    def activation(self, layer: int) -> Activation:
        """The activation function of layer 1 … L."""
        return ACTIVATIONS[self.layer_at(layer).activation]

    @property
    def answer(self) -> int:
        """The class of the largest output."""
        return int(self.a(self.depth).argmax())

    @property
    def wanted(self) -> int | None:
        """The class that is desired; None where the desired outputs are something else than a class."""
        y = self.y[0]
        one_hot = len(y) > 1 and np.count_nonzero(y) == 1 and y.max() == 1
        return int(y.argmax()) if one_hot else None

    @cached_property
    def cost_terms(self) -> Array:
        """What each output adds to C₀, shape (n_out,)."""
        a, y = self.a(self.depth), self.y[0]
        with np.errstate(all="ignore"):
            return self.cost.value(a[:, None], y[:, None])

    # The way back

    @property
    def canonical(self) -> bool:
        """Whether training takes the short way, δ = a − y."""
        return self.network.canonical(self.cost) is not None

    @property
    def broken(self) -> bool:
        """Whether the long way breaks down in the last layer, and the short one doesn't: 0·∞."""
        long, short = (way.layers[-1].dC_dz for way in (self.chain, self.used))
        return self.canonical and not np.isfinite(long).all() and bool(np.isfinite(short).all())

    def way(self, layer: int) -> Gradient:
        """The way back to layer 0 … L: the long one; behind a breakdown, the one that training took."""
        return self.used if self.broken and layer < self.depth else self.chain

    def delta(self, layer: int) -> Array:
        """δ = ∂C₀/∂z of layer 1 … L, in one row."""
        return self.way(layer).layers[layer - 1].dC_dz[0].ravel()

    def delta_passed_back(self, layer: int) -> Array:
        """The δ of layer 1 … L that the layer before goes on from, in one row: after a breakdown, a − y."""
        way = self.used if self.broken else self.chain
        return way.layers[layer - 1].dC_dz[0].ravel()

    def dC_da(self, layer: int) -> Array:
        """∂C₀/∂a of layer 0 … L, in one row."""
        if layer == 0:
            return self.dC_dx
        dC_da = self.way(layer).layers[layer - 1].dC_da
        assert dC_da is not None
        return dC_da[0].ravel()

    @cached_property
    def dC_dx(self) -> Array:
        """∂C₀/∂a⁽⁰⁾, the gradient by the pixels, in one row."""
        cache = self.chain.caches[0]
        dC_dz = self.delta_passed_back(1).reshape(cache.z.shape)
        with np.errstate(all="ignore"):
            return self.network.layers[0].dC_dx(self.params[0], cache, dC_dz)[0].ravel()

    @cached_property
    def differences(self) -> FiniteDifferences:
        """Finite differences of C₀."""
        with np.errstate(all="ignore"):
            return FiniteDifferences(
                self.network.astype(np.float64),
                self.x.astype(np.float64),
                self.y.astype(np.float64),
                self.cost,
                1.0,
                draw=self.draw,
            )

    # Where it goes wrong

    @cached_property
    def first_non_finite(self) -> str | None:
        """The first NaN or infinity on the way forward and back, in words; None where there is none."""
        for layer, (params, cache) in enumerate(zip(self.params, self.used.caches, strict=True), 1):
            found = [(f"{layer}.{name}", array) for name, array in params.items()]
            found += [(f"z of layer {layer}", cache.z[0]), (f"a of layer {layer}", cache.a[0])]
            for name, array in found:
                if text := _first(name, array):
                    return text
        if not np.isfinite(self.used.cost):
            return f"C₀ is {self.used.cost}"
        for layer in range(self.depth, 0, -1):
            back = self.used.layers[layer - 1]
            found = [(f"δ of layer {layer}", back.dC_dz[0])]
            found += [(f"the gradient of {layer}.{name}", array) for name, array in back.parameters.items()]
            for name, array in found:
                if text := _first(name, array):
                    return text
        return None


def trace(
    network: Network,
    image: Images,
    label: Any,
    cost: str | Cost,
    class_names: Sequence[str] | None,
    engine: str,
    dtype: Any,
    draw: Draw | None = None,
) -> Trace:
    """Pass one image forward and back; the arguments are those of `explain`."""
    if not isinstance(network, Network):
        raise GlassnetError(f"{network!r} stands where a Network is wanted: explain(network, image, label)")
    image = as_array(image, "the numbers of the image").copy()  # what its owner does to it changes nothing
    if image.size != prod(network.input_shape):
        size = "×".join(map(str, image.shape)) or "1"
        raise GlassnetError(
            f"the image has {size} = {image.size} numbers: "
            f"the network {network} takes {prod(network.input_shape)}"
        )
    outputs = prod(network.output_shape)
    names = tuple(map(str, range(outputs) if class_names is None else class_names))
    if len(names) != outputs:
        raise GlassnetError(f"{len(names)} class names for {outputs} outputs: give one for each")
    with np.errstate(all="ignore"):  # what breaks down is told
        own = network.astype(dtype)
        cost = own.check_cost(cost)
        x = own.inputs(image[None])
        assumed = label is None
        draw = None if draw is None else check_draw(draw, 1)
        if assumed:
            label = own.forward(x, params_of(own, draw))[0].argmax()
        y = own.targets(as_array(label, "the desired outputs").copy()[None])
        run = get_engine(engine)
        chain = run.gradient(own, x, y, cost, canonical=False, draw=draw)
        used = run.gradient(own, x, y, cost, draw=draw) if own.canonical(cost) else chain
    return Trace(own, cost, image, x, y, assumed, chain, used, names, draw)


def _first(name: str, array: Array) -> str | None:
    wrong = np.argwhere(~np.isfinite(array))
    if not len(wrong):
        return None
    place = tuple(int(index) for index in wrong[0])
    return f"{name}[{', '.join(map(str, place))}] is {array[place]}"
