"""The ways to raise an activation (lesson 4), and what all outputs together wish of the layer before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import Elementwise
from glassnet.arrays import Array
from glassnet.document import (
    Bar,
    Block,
    Cell,
    Equation,
    Paragraph,
    Shown,
    Table,
    grid,
    largest,
    number,
    partial,
    symbol,
)
from glassnet.explanation.layers import Page, WeightedPage
from glassnet.explanation.letters import sigma
from glassnet.explanation.trace import Trace
from glassnet.layers import Cache

SHOWN = 8  # weights, and activations
SHOWN_WISHES = 24  # neurons whose wishes are listed


class _Way(NamedTuple):
    formula: str
    words: str
    table: list[Table]


@dataclass(frozen=True, repr=False, eq=False)
class Ways(Shown):
    """The ways to raise activation j of a layer, each with its slope."""

    trace: Trace
    layer: int
    j: int
    by_bias: float | None  # ∂a_j/∂b_j; None where the layer has no bias
    # ∂a/∂w, in proportion to a_k: (n_in,), or (channels, size, size) of a filter; None without weights
    by_weights: Array | None
    by_activations: Array  # (n_in,): ∂a_j/∂a_k, in proportion to w_jk

    @property
    def count(self) -> int:
        """Number of ways."""
        return 1 + (self.by_weights is not None) + (self.by_bias is not None)

    def blocks(self) -> Sequence[Block]:
        trace, layer, count = self.trace, self.layer, self.count
        value = number(float(trace.a(layer)[self.j]))
        how_many = (
            f"It can be raised in {'three' if count == 3 else 'two'} ways."
            if count > 1
            else f"Layer {layer} has no weights: it can be raised by the activations before it alone."
        )
        ways = [*self._bias(), *self._weights(), self._activations()]
        blocks: list[Block] = [Paragraph(f"`{self._a_j} = {value}`. {how_many}")]
        for ordinal, way in zip(("first", "second", "third"), ways, strict=False):
            words = f"{ordinal}: {way.words}" if count > 1 else way.words
            blocks += [Equation(way.formula, words), *way.table]
        return blocks

    @property
    def _a_j(self) -> str:
        return self.trace.letter("a", self.layer, self.j)

    @property
    def _page(self) -> Page[Any]:
        return self.trace.page(self.layer)

    @property
    def _mixes(self) -> bool:
        """True if a_j depends on every z, not on its own alone."""
        return not isinstance(self.trace.activation(self.layer), Elementwise)

    @property
    def _slope(self) -> str:
        z_j = self.trace.letter("z", self.layer, self.j)
        return partial(self._a_j, z_j) if self._mixes else f"{sigma(self._page.own.activation)}′({z_j})"

    def _bias(self) -> list[_Way]:
        if self.by_bias is None:
            return []
        bias = symbol("b", self.layer, self._page.position(self.j)[0])
        formula = f"{partial(self._a_j, bias)} = {self._slope} = {number(self.by_bias)}"
        return [_Way(formula, "increase the bias", [])]

    def _weights(self) -> list[_Way]:
        if self.by_weights is None:
            return []
        layer, page, inputs = self.layer, self.trace.weighted_page(self.layer), self.trace.a(self.layer - 1)
        o, *at = page.position(self.j)
        w_k, a_k = page.weight_into(o), symbol("a", layer - 1, "k")
        if page.one_to_one:
            value, a_k = number(float(self.by_weights)), page.letter_before(self.j)
            words = f"increase its weight, in proportion to the activation that comes in{_shared(at)}"
            return [_Way(f"{partial(self._a_j, w_k)} = {self._slope} · {a_k} = {value}", words, [])]
        most = largest(self.by_weights)
        rows: list[Sequence[Cell]] = []
        for k in _largest(self.by_weights.ravel()):
            place = (o, *map(int, np.unravel_index(k, self.by_weights.shape)))
            met = float(inputs[page.met(place)[*at]])
            rows.append((f"`{symbol('w', layer, *place)}`", met, Bar(float(self.by_weights.flat[k]), most)))
        words = (
            "increase the weights, in proportion to the activations that come in; those from the brightest "
            f"neurons do most{_shared(at).replace('it is', 'they are')}"
        )
        table = Table(("weight", f"`{a_k}`", "`a` rises by, for each unit"), rows)
        return [_Way(f"{partial(self._a_j, w_k)} = {self._slope} · {a_k}", words, [table])]

    def _activations(self) -> _Way:
        trace, layer, page, what = self.trace, self.layer, self._page, self._page.raised_by
        handed_over = self._mixes and not isinstance(page, WeightedPage)  # z_k is a_k, without a weight
        if handed_over:
            formula = partial(self._a_j, symbol("z", layer, "k"))
            what = "the activations before it, which softmax mixes"
        elif self._mixes:
            formula = f"Σᵢ {partial(self._a_j, symbol('z', layer, 'i'))} · {symbol('w', layer, 'i', 'k')}"
            what = "the activations before it; as softmax mixes, all weights count"
        elif isinstance(page, WeightedPage):
            formula = f"{self._slope} · {page.weight_into(page.position(self.j)[0])}"
        else:
            formula = symbol("w", None, "k")
        image = "it is a number of the image" if page.one_to_one else "they are the image itself"
        whose = "that is for the layers before to do" if layer > 1 else image
        lines, weights = page.incoming(self.j), np.zeros_like(trace.a(layer - 1))
        weights[lines.places] = lines.weights
        most = largest(self.by_activations)
        rows: list[Sequence[Cell]] = [
            (
                f"`{trace.letter('a', layer - 1, int(k))}`",
                *([] if handed_over else [float(weights[k])]),
                Bar(float(self.by_activations[k]), most),
            )
            for k in _largest(self.by_activations)
        ]
        heads = ("activation", *([] if handed_over else ["its weight"]), "`a` rises by, for each unit")
        left = partial(self._a_j, symbol("a", layer - 1, "k"))
        return _Way(f"{left} = {formula}", f"change {what}; {whose}", [Table(heads, rows)])


def _shared(at: Sequence[int]) -> str:
    """A remark on a weight that is shared by several places of an image."""
    return "; it is shared, and every other place feels it, too" if at else ""


@dataclass(frozen=True, repr=False, eq=False)
class Wishes(Shown):
    """What every output wishes of the activations before it, and all wishes added up.

    A wish is −∂C₀/∂a by way of one neuron: how strongly it wants that activation raised. In a layer of
    images all neurons of a channel wish together, as they have a filter in common; where each
    activation goes on to a single neuron (flatten, dropout), all of them wish in one column.
    """

    trace: Trace
    layer: int  # whose neurons wish
    wishes: Array  # (n_in, n_out), (n_in, channels) or (n_in, 1)

    @property
    def sums(self) -> Array:
        """All wishes for each activation, shape (n_in,): −∂C₀/∂a of the layer before."""
        with np.errstate(all="ignore"):
            return self.wishes.sum(axis=1)

    def blocks(self) -> Sequence[Block]:
        trace, layer, last = self.trace, self.layer, self.layer == self.trace.depth
        n_out = min(self.wishes.shape[1], 10)
        shown = np.sort(_largest(self.sums, SHOWN_WISHES))
        cells, unit = grid(np.column_stack([self.wishes[shown, :n_out], self.sums[shown]]))
        rows = [
            (f"`{trace.letter('a', layer - 1, int(k))}`", *row) for k, row in zip(shown, cells, strict=True)
        ]
        if trace.page(layer).one_to_one:
            heads, who = ["its neuron"], "each activation has one neuron"
            everyone = f"Every neuron of layer {layer} has"
        elif len(trace.shape(layer)) == 3:
            heads, who = [str(c) for c in range(n_out)], "a column a channel"
            everyone = f"All neurons of a channel of layer {layer}, together, have"
        else:
            heads = [trace.name_of(j) if last else str(j) for j in range(n_out)]
            who, everyone = "a column a neuron", f"Every neuron of layer {layer} has"
        more = f" (the first {n_out} of {self.wishes.shape[1]:,})" if n_out < self.wishes.shape[1] else ""
        some = (
            f"; the {len(shown)} strongest of {len(self.wishes):,}" if len(shown) < len(self.wishes) else ""
        )
        total = f"−{partial('C₀', symbol('a', layer - 1, 'k'))}"
        return [
            Paragraph(
                f"{everyone} wishes for the activations before it: raise those that "
                f"help, lower those that harm. Added up they are `{total}`, "
                "and with them the way back enters the layer before."
            ),
            Table(("", *heads, "sum"), rows, f"wishes, {who} of layer {layer}{more}{unit}{some}"),
        ]


def ways_to_raise(trace: Trace, layer: int, j: int | tuple[int, ...]) -> Ways:
    """The three ways, by the layer's own way back, begun at this one activation instead of a cost."""
    trace.layer_at(layer)
    j = trace.neuron_at(layer, j)
    page = trace.page(layer)
    own, params, cache = page.own, page.params, page.cache
    with np.errstate(all="ignore"):
        seed = np.zeros_like(cache.a)
        seed.reshape(1, -1)[0, j] = 1
        da_dz = own.delta(cache, seed)
        gradients = own.backward(params, cache, da_dz)
        by_activations = own.dC_dx(params, cache, da_dz)[0].ravel()
    o = page.position(j)[0]  # the neuron itself, or its filter
    by_bias = float(gradients["bias"][o]) if "bias" in gradients else None
    by_weights = np.asarray(gradients["weight"][o]) if "weight" in gradients else None
    return Ways(trace, layer, j, by_bias, by_weights, by_activations)


def wishes(trace: Trace, layer: int) -> Wishes:
    """What the neurons of layer 1 … L wish of the activations before them."""
    page, cache = trace.page(layer), trace.page(layer).cache
    delta = trace.delta_passed_back(layer)
    with np.errstate(all="ignore"):
        alone = page.alone(delta.reshape(cache.z.shape[1:]))  # a row a wish: the δ of some, by themselves
        # Every row goes back through the same pass.
        same = Cache(*(np.broadcast_to(array, (len(alone), *array.shape[1:])) for array in cache))
        each: Array = -page.own.dC_dx(page.params, same, alone).reshape(len(alone), -1).T  # (n_in, wishes)
    return Wishes(trace, layer, each)


def _largest(values: Array, count: int = SHOWN) -> NDArray[np.int64]:
    """The places of the largest by size, without zeros."""
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    return order[values[order] != 0]
