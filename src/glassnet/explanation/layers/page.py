"""A page of explanation: what one kind of layer adds to the general explanation of a network.

A page reads what forward left in the cache and derives nothing anew. Neurons and inputs are counted
through, as `ravel` does, and belong to the first example of the cache.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Array, Parameters, Shape
from glassnet.document import Block, Equation, number, symbol
from glassnet.errors import GlassnetError
from glassnet.layers import Cache, Layer

L = TypeVar("L", bound=Layer)
OUTSIDE = -1  # the input that a weight meets where it stands over the padding


class Connections(NamedTuple):
    """The lines between one neuron and those at their other ends."""

    places: NDArray[np.int64]  # (n,): the other neurons
    weights: Array  # (n,)
    learned: NDArray[np.int64] | None = None  # (n, axes): each one's place in the layer's `weight`
    bias: float | None = None  # of the neuron itself, where the lines lead into it and it has one


@dataclass(frozen=True, eq=False)
class Page(ABC, Generic[L]):
    """One layer of a network, to be explained; by default without weights, each neuron hearing one input."""

    own: L
    number: int  # of the layer, from 1
    params: Parameters  # what it worked with
    cache: Cache  # what it saw and made

    unit: ClassVar[str] = "channel"  # what one map of the output, or one bias, belongs to
    hears: ClassVar[str] = "one activation of the layer before, handed on"  # of any of its neurons
    views: ClassVar[tuple[str, ...]] = ()  # the methods of `Explanation` that are about this kind alone
    raised_by: ClassVar[str] = "the one activation before it"  # what any of its neurons can be raised by
    one_to_one: ClassVar[bool] = False  # whether neurons that each hear one input are shown as that

    @property
    def hands_on(self) -> bool:
        """True if the layer has no weights and no activation function: a = z."""
        return self.own.activation == "linear"

    @property
    def over_image(self) -> bool:
        """True if the output is an image."""
        return self.cache.z.ndim == 4

    # In letters

    def position(self, j: int) -> tuple[int, ...]:
        """Position of neuron j: (j,), or (channel, row, column)."""
        return _position(j, self.cache.z.shape[1:])

    def letter(self, letter: str, j: int) -> str:
        """A letter of neuron j, such as z₇⁽¹⁾."""
        return symbol(letter, self.number, *self.position(j))

    def letter_before(self, k: int) -> str:
        """The activation of input k, such as a₇⁽⁰⁾."""
        return symbol("a", self.number - 1, *_position(k, self.cache.x.shape[1:]))

    @property
    def subject(self) -> str:
        """Subject of the layer's section, for its title; empty if the formula says it all."""
        return ""

    @property
    def a_map(self) -> str:
        """Description of a map of the output, if that is an image."""
        source = f"map of layer {self.number - 1}" if self.number > 1 else "channel of the image"
        return f"each made of one {source}"

    # Forward

    @abstractmethod
    def formula(self) -> str:
        """The whole layer as one formula, in the letters of the lessons."""

    @abstractmethod
    def shapes(self) -> str:
        """The same with the shape of everything in it."""

    def in_words(self) -> list[str]:
        """What the shapes leave open."""
        return []

    def incoming(self, j: int) -> Connections:
        """The lines into neuron j: z_j is the sum of weight · input, plus the bias."""
        return Connections(np.array([j]), np.ones(1))

    def sum_of(self, j: int) -> Equation:
        """z of neuron j: of a layer with weights in letters, else in numbers."""
        lines = self.incoming(j)
        return Equation(f"{self.letter('z', j)} = {self.letter_before(lines.places[0])} = {self._z(j)}")

    # Back

    def outgoing(self, k: int) -> Connections:
        """The lines from input k: ∂C/∂x_k is the sum of weight · δ over them."""
        return self.incoming(k)  # as neuron k is the one that hears input k

    def by_place(self, dC_dz: Array, name: str, place: tuple[int, ...]) -> Array:
        """δ · input for one parameter, for every example and every place that shares it.

        Shape (batch,) where the parameter stands in one place, (batch, down, across) where it passes
        over an image; the sum over all of them is what the layer's `backward` gives.
        """
        raise GlassnetError(f"the {self.own.kind} layer has no parameter {name!r}")

    def handed_back(self, k: int) -> str | None:
        """Description of how the way back reaches input k; None if it does not."""
        return f"layer {self.number} ({self.own.kind}) passes it on as it is"

    def rivals(self, k: int) -> list[Block]:
        """Why input k has no say, if it has none."""
        return []

    def alone(self, delta: Array) -> Array:
        """δ, shape (…), in rows, shape (wishes, …): in each that of one neuron or channel, else 0."""
        if self.one_to_one:
            return delta[None]
        alone = np.zeros((len(delta), *delta.shape), delta.dtype)
        each = np.arange(len(delta))
        alone[each, each] = delta
        return alone

    @classmethod
    def ranges(cls, number: int, name: str, shape: Shape) -> str:
        """Which places a parameter array has, and what each of them connects: `number` is the layer's."""
        if name == "weight":
            return cls.weight_ranges(number, shape)
        return f"{number}.{name}[j] belongs to {cls.unit} j, 0 to {shape[0] - 1}"

    @classmethod
    def weight_ranges(cls, number: int, shape: Shape) -> str:
        """The same of a weight."""
        return f"{number}.weight[j] belongs to {cls.unit} j, 0 to {shape[0] - 1}"

    # Finite differences

    @staticmethod
    def crossed_kinks(layer: Any, cache: Cache, changes: int) -> NDArray[np.bool_]:
        """For which changes a kink lies between the two sides, shape (changes,).

        The rows of the cache are (changes · 2 · batch): upwards and downwards in turn.
        """
        pairs = cache.z.reshape(changes, 2, -1)  # (changes, 2, batch · n)
        crossed = np.zeros(changes, np.bool_)
        for kink in ACTIVATIONS[layer.activation].kinks:
            crossed |= ((pairs[:, 0] > kink) != (pairs[:, 1] > kink)).any(axis=1)
        return crossed

    def _z(self, j: int) -> str:
        return number(float(self.cache.z[0].flat[j]))


class WeightedPage(Page[L]):
    """One layer with weights, and with a bias for each of its units, if it has any."""

    raised_by = "the activations before it, in proportion to the weights"

    @property
    def hands_on(self) -> bool:
        return False

    @abstractmethod
    def outgoing(self, k: int) -> Connections:
        """The lines from input k: ∂C/∂x_k is the sum of weight · δ over them."""

    @abstractmethod
    def met(self, place: tuple[int, ...]) -> NDArray[np.int64]:
        """The input that a weight meets at each of its places, () or (down, across); −1 in the padding."""

    @abstractmethod
    def weight_into(self, o: int) -> str:
        """The letter of any of the weights of neuron (or filter, or channel) o, such as w₃,ₖ⁽¹⁾."""

    @abstractmethod
    def weight_back(self, k: int) -> str:
        """The letter of the weight between neuron j of this layer and input k, such as wⱼ,₇⁽¹⁾."""

    @abstractmethod
    def leads(self, place: tuple[int, ...]) -> str:
        """From where to where a weight leads, in words."""

    def sum_of(self, j: int) -> Equation:
        o = self.position(j)[0]
        before = self.letter_before(j) if self.one_to_one else symbol("a", self.number - 1, "k")
        bias = f" + {symbol('b', self.number, o)}" if "bias" in self.params else ""
        over = "" if self.one_to_one else "Σₖ "
        return Equation(f"{self.letter('z', j)} = {over}{self.weight_into(o)} {before}{bias}")

    def by_place(self, dC_dz: Array, name: str, place: tuple[int, ...]) -> Array:
        if name == "bias":
            return dC_dz[:, place[0]]
        met = self.met(place)
        rows = self.cache.x.reshape(len(self.cache.x), -1)  # (batch, n_in)
        return dC_dz[:, place[0]] * np.where(met == OUTSIDE, rows.dtype.type(0), rows[:, met])

    # In words

    def words_back(self, lines: int) -> str:
        """Over which neurons the sum of the way back goes; so many have a line to the input."""
        if self.one_to_one:
            return f"by way of the neuron in its place in layer {self.number}, the only one that hears it"
        return f"the sum over layer {self.number}: all the ways in which this activation acts on the cost"

    def shared(self, place: tuple[int, ...]) -> str:
        """At which places the same parameter stands, where it stands at many."""
        _, _, down, across = self.cache.z.shape
        count = f"{down}×{across} = {down * across:,}"
        return f"{self.unit} {place[0]} has {count} places, and at each of them this same number"

    def met_letter(self, place: tuple[int, ...]) -> str:
        """Letter of the input that a weight meets at any place (r, s) of the image."""
        return symbol("a", self.number - 1, place[0], "r", "s")


def _position(j: int, shape: Shape) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(j, shape))
