"""The way forward: a neuron's weighted sum term by term, a layer as one matrix formula, the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import Elementwise
from glassnet.arrays import Array
from glassnet.document import (
    Bar,
    Block,
    Cell,
    Equation,
    Note,
    Paragraph,
    Shown,
    Table,
    in_parentheses,
    largest,
    number,
    symbol,
    with_values,
)
from glassnet.explanation.layers import Connections, Page
from glassnet.explanation.letters import sigma
from glassnet.explanation.trace import Trace

SHOWN_TERMS = 12  # of a weighted sum
SHOWN_NEURONS = 32  # or channels of a layer


@dataclass(frozen=True, repr=False, eq=False)
class NeuronSum(Shown):
    """One neuron on the way forward: z = Σ w·a + b, term by term, and a = σ(z)."""

    trace: Trace
    layer: int
    j: int
    connections: Connections
    inputs: Array  # (n,): the activations at the other ends
    z: float
    a: float

    @property
    def terms(self) -> Array:
        """w·a for every connection, shape (n,)."""
        with np.errstate(all="ignore"):
            return self.connections.weights * self.inputs

    @property
    def order(self) -> NDArray[np.int64]:
        """The terms' places in `terms`, the largest by size first."""
        return np.argsort(-np.abs(self.terms), kind="stable")

    def blocks(self) -> Sequence[Block]:
        trace, layer, j, lines = self.trace, self.layer, self.j, self.connections
        page, z, a = trace.page(layer), trace.letter("z", layer, j), trace.letter("a", layer, j)
        if lines.learned is None:
            return [page.sum_of(j), *self._activation(z, a)]
        terms, order = self.terms, self.order
        shown = [i for i in order[:SHOWN_TERMS] if terms[i] != 0]
        most = largest(np.array([*terms[shown], lines.bias or 0.0, self.z]))
        rows: list[Sequence[Cell]] = [
            (
                f"`{symbol('w', layer, *lines.learned[i])} · {page.letter_before(lines.places[i])}`",
                float(lines.weights[i]),
                float(self.inputs[i]),
                Bar(float(terms[i]), most),
            )
            for i in shown
        ]
        rest = order[len(shown) :]
        with np.errstate(all="ignore"):
            sum_of_rest = float(terms[rest].sum())
        silent = int((terms == 0).sum())
        if len(rest):
            words = f"{len(rest):,} further terms" + (f", {silent:,} of them 0" if silent else "")
            rows.append((words, "", "", Bar(sum_of_rest, most)))
        if lines.bias is not None:
            rows.append((f"bias `{symbol('b', layer, page.position(j)[0])}`", "", "", Bar(lines.bias, most)))
        rows.append((f"sum `{z}`", "", "", Bar(self.z, most)))
        sizes = f"the terms of `{z}`, the largest first"
        return [
            page.sum_of(j),
            Table(("term", "weight", "activation", "product"), rows, sizes, sums=1),
            *self._activation(z, a),
        ]

    def _activation(self, z: str, a: str) -> list[Block]:
        activation = self.trace.activation(self.layer)
        if activation.name == "linear" and self.connections.bias is None:
            return [Equation(f"{a} = {z}")]
        name = sigma(activation.name)
        if not isinstance(activation, Elementwise):
            all_of_them = symbol("z", self.layer)
            words = f"softmax divides `exp({z})` by the sum of all `exp({symbol('z', self.layer, 'i')})`"
            return [Equation(f"{a} = softmax({all_of_them}) = {number(self.a)}", words)]
        says_more = activation.formula not in ("z", f"{activation.name}(z)")
        formula = f" = {with_values(activation.formula, z=in_parentheses(self.z))}" if says_more else ""
        return [Equation(f"{a} = {name}({z}) = {name}({number(self.z)}){formula} = {number(self.a)}")]


def neuron_sum(trace: Trace, layer: int, j: int | tuple[int, ...]) -> NeuronSum:
    """Neuron j of layer 1 … L."""
    page = trace.page(layer)
    j = trace.neuron_at(layer, j)
    lines = page.incoming(j)
    inputs = trace.a(layer - 1)[lines.places]
    return NeuronSum(trace, layer, j, lines, inputs, float(trace.z(layer)[j]), float(trace.a(layer)[j]))


@dataclass(frozen=True, repr=False, eq=False)
class LayerFormula(Shown):
    """One layer as one matrix formula, a = σ(W a + b), with its shapes and what came out."""

    trace: Trace
    layer: int

    @property
    def page(self) -> Page[Any]:
        """The layer's page of explanation."""
        return self.trace.page(self.layer)

    def formula(self) -> str:
        """In the letters of the lessons."""
        return self.page.formula()

    def shapes(self) -> str:
        """The same with the shape of everything in it."""
        return self.page.shapes()

    def blocks(self) -> Sequence[Block]:
        page, count = self.page, sum(array.size for array in self.trace.learned[self.layer - 1].values())
        words = [f"the shapes; {count:,} parameters" if count else "the shapes; no parameters"]
        return [
            Equation(self.formula()),
            Equation(self.shapes(), "; ".join([*words, *page.in_words()])),
            self._channels() if page.over_image else self._neurons(),
        ]

    def _channels(self) -> Table:
        """What came out of a layer of images: a row a channel."""
        channels = self.trace.a(self.layer).reshape(self.trace.shape(self.layer))
        most = max(1.0, largest(channels))
        rows: list[Sequence[Cell]] = []
        for c, image in enumerate(channels[:SHOWN_NEURONS]):
            row, column = np.unravel_index(int(image.argmax()), image.shape)
            at = f"row {row}, column {column}"
            rows.append((f"{c}", Bar(float(image.max()), most), at, float(image.mean()), float(image.min())))
        some = (
            f"; the first {SHOWN_NEURONS} of {len(channels):,} channels" if len(channels) > len(rows) else ""
        )
        what = self.page.unit
        return Table(
            (what, "largest a", "at", "mean", "smallest"), rows, f"what came out, a row a {what}{some}"
        )

    def _neurons(self) -> Table:
        """What came out of a layer of single neurons: a row a neuron."""
        z, a = self.trace.z(self.layer), self.trace.a(self.layer)
        last = self.layer == self.trace.depth
        most = max(1.0, largest(a))
        rows = [
            (
                f"`{self.trace.letter('a', self.layer, j)}`" + (f"  {self.trace.name_of(j)}" if last else ""),
                float(z[j]),
                Bar(float(a[j]), most),
            )
            for j in range(min(len(a), SHOWN_NEURONS))
        ]
        more = f"; the first {SHOWN_NEURONS} of {len(a):,} neurons" if len(a) > SHOWN_NEURONS else ""
        return Table(("neuron", "z", "a"), rows, f"what came out{more}")


@dataclass(frozen=True, repr=False, eq=False)
class CostSum(Shown):
    """The cost of one image, output by output."""

    trace: Trace

    def blocks(self) -> Sequence[Block]:
        trace = self.trace
        a, y, terms = trace.a(trace.depth), trace.y[0], trace.cost_terms
        letters = {"a": symbol("a", None, "j"), "y": symbol("y", None, "j")}
        formula = f"C₀ = Σⱼ {with_values(trace.cost.term, **letters)}"
        most = largest(np.array([*terms, terms.sum()]))
        rows: list[Sequence[Cell]] = [
            (
                f"{j}  {trace.name_of(j)}" if trace.name_of(j) != str(j) else f"{j}",
                float(a[j]),
                float(y[j]),
                Bar(float(terms[j]), most),
            )
            for j in range(len(a))
        ]
        rows.append(("cost `C₀`", "", "", Bar(float(terms.sum()), most)))
        blocks: list[Block] = [
            Equation(formula, f"the {trace.cost.title} cost of this image"),
            Table(("output", "a", "wanted y", "its part of the cost"), rows, sums=1),
        ]
        known = np.isfinite(trace.used.cost)
        if known and not np.isclose(terms.sum(), trace.used.cost, rtol=1e-6, atol=1e-12):
            blocks.append(
                Note(
                    f"An output is so near to 0 or 1 that this form of the cost breaks down; from `z`, "
                    f"as training computes it, `C₀ = {number(trace.used.cost)}`.",
                    good=False,
                )
            )
        return blocks


def headline(trace: Trace) -> Paragraph:
    """What the network says of the image, in a sentence, and what dropout did to it."""
    return Paragraph(f"{_answer(trace)}{_dropout(trace)}")


def _dropout(trace: Trace) -> str:
    layers = [page.number for page in trace.pages if "dropped" in page.views]
    if not layers:
        return ""
    if trace.draw is None:
        return " Dropout passes everything on here, as it does outside of training."
    masks = [trace.params[layer - 1]["mask"] for layer in layers]
    off, size = sum(int((mask == 0).sum()) for mask in masks), sum(mask.size for mask in masks)
    return (
        f" Dropout switches off {off:,} of {size:,} numbers here, those that it switches off in epoch "
        f"{trace.draw.epoch} (seed {trace.draw.seed}) for training example {trace.draw.places[0]}; the "
        "parameters are those that the network has now."
    )


def _answer(trace: Trace) -> str:
    a, y = trace.a(trace.depth), trace.y[0]
    if not np.isfinite(a).all():
        return f"The network {trace.network} has no answer: its outputs are not all numbers."
    cost = f"The cost of this image is `C₀ = {number(trace.used.cost)}`."
    if trace.wanted is None:
        outputs, desired = (", ".join(number(float(value)) for value in values[:10]) for values in (a, y))
        more = ", …" if len(a) > 10 else ""
        return f"The network {trace.network} gives {outputs}{more}; wanted is {desired}{more}. {cost}"
    answer = f"{trace.name_of(trace.answer)} (its largest output, {number(float(a[trace.answer]))})"
    if trace.assumed:
        words = "No label was given: its own answer is taken as wanted."
        return f"The network {trace.network} answers {answer}. {words} {cost}"
    right = (
        "which is right" if trace.wanted == trace.answer else f"but {trace.name_of(trace.wanted)} is wanted"
    )
    return f"The network {trace.network} answers {answer}, {right}. {cost}"
