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
from glassnet.explanation.trace import Trace

SHOWN = 8  # weights, and activations
SHOWN_WISHES = 24  # neurons whose wishes are listed


@dataclass(frozen=True, repr=False, eq=False)
class Ways(Shown):
    """How much activation j of a layer rises for each unit of a change, in each of the three ways."""

    trace: Trace
    layer: int
    j: int
    by_bias: float | None  # ∂a_j/∂b_j; None where the layer has no bias
    by_weights: Array | None  # (n_in,): ∂a_j/∂w_jk, in proportion to a_k
    by_activations: Array  # (n_in,): ∂a_j/∂a_k, in proportion to w_jk

    def blocks(self) -> Sequence[Block]:
        layer, j = self.layer, self.j
        a_j, activation = symbol("a", layer, j), self.trace.activation(layer)
        inputs = self.trace.a(layer - 1)
        slope = f"{sigma(activation)}′({symbol('z', layer, j)})"
        third = f"{slope} · {symbol('w', layer, j, 'k')}"
        what_it_hears = "the activations before it, in proportion to the weights"
        if not isinstance(activation, Elementwise):  # its inputs mix: a_j hears every z
            slope, any_z = (partial(a_j, symbol("z", layer, index)) for index in (j, "i"))
            what_it_hears = "the activations before it; as softmax mixes, all weights count"
            third = f"Σᵢ {any_z} · {symbol('w', layer, 'i', 'k')}"
        blocks: list[Block] = [
            Paragraph(f"`{a_j} = {number(float(self.trace.a(layer)[j]))}`. It can be raised in three ways.")
        ]
        whose = "that is for the layers before to do" if layer > 1 else "they are the image itself"
        if self.by_bias is not None and self.by_weights is not None:
            lines = self.trace.layer_at(layer).incoming(
                self.trace.params[layer - 1], self.trace.chain.caches[layer - 1], j
            )
            weights = np.zeros_like(inputs)
            weights[lines.places] = lines.weights
            bias = symbol("b", layer, j)
            most = largest(self.by_weights)
            rows: list[Sequence[Cell]] = [
                (f"`{symbol('w', layer, j, int(k))}`", float(inputs[k]), Bar(float(self.by_weights[k]), most))
                for k in _largest(self.by_weights)
            ]
            blocks += [
                Equation(
                    f"{partial(a_j, bias)} = {slope} = {number(self.by_bias)}", "first: increase the bias"
                ),
                Equation(
                    f"{partial(a_j, symbol('w', layer, j, 'k'))} = {slope} · {symbol('a', layer - 1, 'k')}",
                    "second: increase the weights, in proportion to the activations that come in; "
                    "those from the brightest neurons do most",
                ),
                Table(("weight", f"`{symbol('a', layer - 1, 'k')}`", "`a` rises by, for each unit"), rows),
            ]
        else:
            weights = np.ones_like(inputs)
        most = largest(self.by_activations)
        rows = [
            (
                f"`{symbol('a', layer - 1, int(k))}`",
                float(weights[k]),
                Bar(float(self.by_activations[k]), most),
            )
            for k in _largest(self.by_activations)
        ]
        return [
            *blocks,
            Equation(
                f"{partial(a_j, symbol('a', layer - 1, 'k'))} = {third}",
                f"third: change {what_it_hears}; {whose}",
            ),
            Table(("activation", "its weight", "`a` rises by, for each unit"), rows),
        ]


@dataclass(frozen=True, repr=False, eq=False)
class Wishes(Shown):
    """What every output wishes of the activations before it, and all wishes added up.

    A wish is −∂C₀/∂a by way of one neuron: how strongly it wants that activation raised.
    """

    trace: Trace
    layer: int  # whose neurons wish
    wishes: Array  # (n_in, n_out)

    @property
    def sums(self) -> Array:
        """All wishes for each activation, shape (n_in,): −∂C₀/∂a of the layer before."""
        with np.errstate(all="ignore"):
            sums: Array = self.wishes.sum(axis=1)
        return sums

    def blocks(self) -> Sequence[Block]:
        layer, last = self.layer, self.layer == self.trace.depth
        n_out = min(self.wishes.shape[1], 10)
        shown = np.sort(_largest(self.sums, SHOWN_WISHES))
        cells, unit = grid(np.column_stack([self.wishes[shown, :n_out], self.sums[shown]]))
        rows = [(f"`{symbol('a', layer - 1, int(k))}`", *row) for k, row in zip(shown, cells, strict=True)]
        heads = [self.trace.name_of(j) if last else str(j) for j in range(n_out)]
        more = f" (the first {n_out} of {self.wishes.shape[1]:,})" if n_out < self.wishes.shape[1] else ""
        some = (
            f"; the {len(shown)} strongest of {len(self.wishes):,}" if len(shown) < len(self.wishes) else ""
        )
        total = f"−{partial('C₀', symbol('a', layer - 1, 'k'))}"
        return [
            Paragraph(
                f"Every neuron of layer {layer} has wishes for the activations before it: raise those that "
                f"help, lower those that harm. Added up they are `{total}`, "
                "and with them the way back enters the layer before."
            ),
            Table(("", *heads, "sum"), rows, f"wishes, a column a neuron of layer {layer}{more}{unit}{some}"),
        ]


def ways_to_raise(trace: Trace, layer: int, j: int) -> Ways:
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
    if not params:
        return Ways(trace, layer, j, None, None, by_activations)
    return Ways(trace, layer, j, float(gradients["bias"][j]), gradients["weight"][j], by_activations)


def wishes(trace: Trace, layer: int) -> Wishes:
    """What the neurons of layer 1 … L wish of the activations before them."""
    own, params, cache = trace.layer_at(layer), trace.params[layer - 1], trace.chain.caches[layer - 1]
    delta = trace.delta_passed_back(layer)
    with np.errstate(all="ignore"):
        alone = np.diag(delta).reshape(len(delta), *cache.z.shape[1:])  # a row a neuron: its δ, by itself
        each: Array = -own.dC_dx(params, cache, alone).reshape(len(delta), -1).T  # (n_in, n_out)
    return Wishes(trace, layer, each)


def _largest(values: Array, count: int = SHOWN) -> NDArray[np.int64]:
    """The places of the largest by size, without zeros."""
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    largest: NDArray[np.int64] = order[values[order] != 0]
    return largest
