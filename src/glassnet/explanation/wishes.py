"""Three ways to raise an activation (lesson 4), and what all outputs together wish of the layer before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from glassnet.explanation.forward import sigma
from glassnet.explanation.patch import met_by_filter
from glassnet.explanation.trace import Trace
from glassnet.layers import AveragePool, Cache, Dropout, Flatten, Layer, MaxPool, Softmax

SHOWN = 8  # weights, and activations
SHOWN_WISHES = 24  # neurons whose wishes are listed


@dataclass(frozen=True, repr=False, eq=False)
class Ways(Shown):
    """How much activation j of a layer rises for each unit of a change, in each of the three ways."""

    trace: Trace
    layer: int
    j: int
    by_bias: float | None  # ∂a_j/∂b_j; None where the layer has no bias
    by_weights: Array | None  # (n_in,), or (channels, size, size) of a filter: ∂a/∂w, in proportion to a_k
    by_activations: Array  # (n_in,): ∂a_j/∂a_k, in proportion to w_jk

    def blocks(self) -> Sequence[Block]:
        trace, layer, j, own = self.trace, self.layer, self.j, self.trace.layer_at(self.layer)
        a_j, activation = trace.letter("a", layer, j), trace.activation(layer)
        inputs = trace.a(layer - 1)
        slope = f"{sigma(activation)}′({trace.letter('z', layer, j)})"
        o, *at = trace.position(layer, j)
        w_k = symbol("w", layer, o, "k")
        third = f"{slope} · {w_k}"
        what_it_hears = "the activations before it, in proportion to the weights"
        if not isinstance(activation, Elementwise):  # its inputs mix: a_j hears every z
            slope, any_z = (partial(a_j, symbol("z", layer, index)) for index in (j, "i"))
            what_it_hears = "the activations before it; as softmax mixes, all weights count"
            third = f"Σᵢ {any_z} · {symbol('w', layer, 'i', 'k')}"
        blocks: list[Block] = [Paragraph(f"`{a_j} = {number(float(trace.a(layer)[j]))}`. {self._how_many()}")]
        whose = "that is for the layers before to do" if layer > 1 else "they are the image itself"
        lines = own.incoming(trace.params[layer - 1], trace.chain.caches[layer - 1], j)
        weights = np.zeros_like(inputs)
        weights[lines.places] = lines.weights
        if self.by_bias is not None and self.by_weights is not None:
            bias = symbol("b", layer, o)
            most = largest(self.by_weights)
            meets = met_by_filter(trace, layer, tuple(at)).ravel() if at else np.arange(len(inputs))
            rows: list[Sequence[Cell]] = [
                (
                    f"`{symbol('w', layer, o, *np.unravel_index(k, self.by_weights.shape))}`",
                    float(inputs[meets[k]]),
                    Bar(float(self.by_weights.flat[k]), most),
                )
                for k in _largest(self.by_weights.ravel())
            ]
            blocks += [
                Equation(
                    f"{partial(a_j, bias)} = {slope} = {number(self.by_bias)}", "first: increase the bias"
                ),
                Equation(
                    f"{partial(a_j, w_k)} = {slope} · {symbol('a', layer - 1, 'k')}",
                    "second: increase the weights, in proportion to the activations that come in; "
                    "those from the brightest neurons do most"
                    + ("; they are shared, and every other place feels it, too" if at else ""),
                ),
                Table(("weight", f"`{symbol('a', layer - 1, 'k')}`", "`a` rises by, for each unit"), rows),
            ]
        elif isinstance(own, Softmax):
            weights = np.ones_like(inputs)
        else:
            third, what_it_hears = symbol("w", None, "k"), self._what_it_passes_on()
        most = largest(self.by_activations)
        rows = [
            (
                f"`{trace.letter('a', layer - 1, int(k))}`",
                float(weights[k]),
                Bar(float(self.by_activations[k]), most),
            )
            for k in _largest(self.by_activations)
        ]
        return [
            *blocks,
            Equation(
                f"{partial(a_j, symbol('a', layer - 1, 'k'))} = {third}",
                f"{'third: ' if self.by_bias is not None else ''}change {what_it_hears}; {whose}",
            ),
            Table(("activation", "its weight", "`a` rises by, for each unit"), rows),
        ]

    def _how_many(self) -> str:
        if self.by_bias is not None or isinstance(self.trace.layer_at(self.layer), Softmax):
            return "It can be raised in three ways."
        return f"Layer {self.layer} has no weights: it can be raised by the activations before it alone."

    def _what_it_passes_on(self) -> str:
        match self.trace.layer_at(self.layer):
            case MaxPool():
                return "the largest activation in its window: what wins has the weight 1, all others 0"
            case AveragePool():
                return "the activations in its window, of which each has the same weight"
            case _:
                return "the one activation before it"


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
            sums: Array = self.wishes.sum(axis=1)
        return sums

    def blocks(self) -> Sequence[Block]:
        trace, layer, last = self.trace, self.layer, self.layer == self.trace.depth
        n_out = min(self.wishes.shape[1], 10)
        shown = np.sort(_largest(self.sums, SHOWN_WISHES))
        cells, unit = grid(np.column_stack([self.wishes[shown, :n_out], self.sums[shown]]))
        rows = [
            (f"`{trace.letter('a', layer - 1, int(k))}`", *row) for k, row in zip(shown, cells, strict=True)
        ]
        one_to_one, images = self.wishes.shape[1] == 1, len(trace.shape(layer)) == 3
        heads = [trace.name_of(j) if last and not one_to_one else str(j) for j in range(n_out)]
        who = "a column a channel" if images else "a column a neuron"
        if isinstance(trace.layer_at(layer), Flatten | Dropout):
            heads, who = ["its neuron"], "each activation has one neuron"
        everyone = (
            f"All neurons of a channel of layer {layer}, together, have"
            if images
            else f"Every neuron of layer {layer} has"
        )
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
    own, params, cache = trace.layer_at(layer), trace.params[layer - 1], trace.chain.caches[layer - 1]
    with np.errstate(all="ignore"):
        seed = np.zeros_like(cache.a)
        seed.reshape(1, -1)[0, j] = 1
        da_dz = own.delta(cache, seed)
        gradients = own.backward(params, cache, da_dz)
        by_activations = own.dC_dx(params, cache, da_dz)[0].ravel()
    if not gradients:
        return Ways(trace, layer, j, None, None, by_activations)
    o = trace.position(layer, j)[0]  # the neuron itself, or its filter
    return Ways(trace, layer, j, float(gradients["bias"][o]), gradients["weight"][o], by_activations)


def wishes(trace: Trace, layer: int) -> Wishes:
    """What the neurons of layer 1 … L wish of the activations before them."""
    own, params, cache = trace.layer_at(layer), trace.params[layer - 1], trace.chain.caches[layer - 1]
    delta = trace.delta_passed_back(layer)
    with np.errstate(all="ignore"):
        alone = _alone(own, delta.reshape(cache.z.shape[1:]))  # a row a wish: the δ of some, by themselves
        # Every row goes back through the same pass.
        same = Cache(*(np.broadcast_to(array, (len(alone), *array.shape[1:])) for array in cache))
        each: Array = -own.dC_dx(params, same, alone).reshape(len(alone), -1).T  # (n_in, wishes)
    return Wishes(trace, layer, each)


def _alone(layer: Layer, delta: Array) -> Array:
    """δ, shape (…), in rows, shape (wishes, …): in each that of one neuron, or of one channel, else 0."""
    if isinstance(layer, Flatten | Dropout):
        return delta[None]
    alone = np.zeros((len(delta), *delta.shape), delta.dtype)
    each = np.arange(len(delta))
    alone[each, each] = delta
    return alone


def _largest(values: Array, count: int = SHOWN) -> NDArray[np.int64]:
    """The places of the largest by size, without zeros."""
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    return order[values[order] != 0]
