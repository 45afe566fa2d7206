"""The way forward: a neuron's weighted sum term by term, a layer as one matrix formula, the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import Activation, Elementwise
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
from glassnet.explanation.trace import Trace
from glassnet.layers import Connections

SHOWN_TERMS = 12  # of a weighted sum


def sigma(activation: Activation) -> str:
    """What formulas call an activation function: σ, or its name."""
    return "σ" if activation.name == "sigmoid" else activation.name


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
            terms: Array = self.connections.weights * self.inputs
        return terms

    @property
    def order(self) -> NDArray[np.int64]:
        """The terms' places in `terms`, the largest by size first."""
        return np.argsort(-np.abs(self.terms), kind="stable")

    def blocks(self) -> Sequence[Block]:
        layer, j = self.layer, self.j
        z, a, bias = symbol("z", layer, j), symbol("a", layer, j), self.connections.bias
        k = self.connections.places
        plus = f" + {symbol('b', layer, j)}" if bias is not None else ""
        if bias is None:  # a layer without weights: z is its input
            formula = f"{z} = {symbol('a', layer - 1, j)} = {number(self.z)}"
            return [Equation(formula), *self._activation(z, a)]
        terms, order = self.terms, self.order
        shown = [i for i in order[:SHOWN_TERMS] if terms[i] != 0]
        most = largest(np.array([*terms[shown], bias, self.z]))
        rows: list[Sequence[Cell]] = [
            (
                f"`{symbol('w', layer, j, k[i])} · {symbol('a', layer - 1, k[i])}`",
                float(self.connections.weights[i]),
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
        rows.append((f"bias `{symbol('b', layer, j)}`", "", "", Bar(bias, most)))
        rows.append((f"sum `{z}`", "", "", Bar(self.z, most)))
        sizes = f"the terms of `{z}`, the largest first"
        return [
            Equation(f"{z} = Σₖ {symbol('w', layer, j, 'k')} {symbol('a', layer - 1, 'k')}{plus}"),
            Table(("term", "weight", "activation", "product"), rows, sizes, sums=1),
            *self._activation(z, a),
        ]

    def _activation(self, z: str, a: str) -> list[Block]:
        activation = self.trace.activation(self.layer)
        name = sigma(activation)
        if not isinstance(activation, Elementwise):
            all_of_them = symbol("z", self.layer)
            words = f"softmax divides `exp({z})` by the sum of all `exp({symbol('z', self.layer, 'i')})`"
            return [Equation(f"{a} = softmax({all_of_them}) = {number(self.a)}", words)]
        says_more = activation.formula not in ("z", f"{activation.name}(z)")
        formula = f" = {with_values(activation.formula, z=in_parentheses(self.z))}" if says_more else ""
        return [Equation(f"{a} = {name}({z}) = {name}({number(self.z)}){formula} = {number(self.a)}")]


def neuron_sum(trace: Trace, layer: int, j: int) -> NeuronSum:
    """Neuron j of layer 1 … L."""
    own = trace.layer_at(layer)
    j = trace.neuron_at(layer, j)
    lines = own.incoming(trace.params[layer - 1], trace.chain.caches[layer - 1], j)
    inputs = trace.a(layer - 1)[lines.places]
    return NeuronSum(trace, layer, j, lines, inputs, float(trace.z(layer)[j]), float(trace.a(layer)[j]))


@dataclass(frozen=True, repr=False, eq=False)
class LayerFormula(Shown):
    """One layer as one matrix formula, a = σ(W a + b), with its shapes and what came out."""

    trace: Trace
    layer: int

    def formula(self) -> str:
        """In the letters of the lessons."""
        name = sigma(self.trace.activation(self.layer))
        a, before = symbol("a", self.layer), symbol("a", self.layer - 1)
        if "weight" not in self.trace.params[self.layer - 1]:
            return f"{a} = {name}({before})"
        return f"{a} = {name}({symbol('W', self.layer)} {before} + {symbol('b', self.layer)})"

    def shapes(self) -> str:
        """The same with the shape of everything in it."""
        n_out, n_in = self.trace.a(self.layer).size, self.trace.a(self.layer - 1).size
        name = sigma(self.trace.activation(self.layer))
        shapes = {name: array.shape for name, array in self.trace.params[self.layer - 1].items()}
        if "weight" not in shapes:
            return f"({n_out}) = {name}(({n_in}))"
        weight = "×".join(map(str, shapes["weight"]))
        bias = "×".join(map(str, shapes["bias"]))
        return f"({n_out}) = {name}( ({weight}) · ({n_in}) + ({bias}) )"

    def blocks(self) -> Sequence[Block]:
        count = sum(array.size for array in self.trace.params[self.layer - 1].values())
        words = f"{count:,} parameters" if count else "no parameters"
        z, a = self.trace.z(self.layer), self.trace.a(self.layer)
        last = self.layer == self.trace.depth
        most = max(1.0, largest(a))
        rows = [
            (
                f"`{symbol('a', self.layer, j)}`" + (f"  {self.trace.name_of(j)}" if last else ""),
                float(z[j]),
                Bar(float(a[j]), most),
            )
            for j in range(min(len(a), 32))
        ]
        more = f"; the first 32 of {len(a):,} neurons" if len(a) > 32 else ""
        return [
            Equation(self.formula()),
            Equation(self.shapes(), f"the shapes; {words}"),
            Table(("neuron", "z", "a"), rows, f"what came out{more}"),
        ]


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
    """What the network says of the image, in a sentence."""
    a, y = trace.a(trace.depth), trace.y[0]
    if not np.isfinite(a).all():
        return Paragraph(f"The network {trace.network} has no answer: its outputs are not all numbers.")
    cost = f"The cost of this image is `C₀ = {number(trace.used.cost)}`."
    if trace.wanted is None:
        outputs, desired = (", ".join(number(float(value)) for value in values[:10]) for values in (a, y))
        more = ", …" if len(a) > 10 else ""
        return Paragraph(
            f"The network {trace.network} gives {outputs}{more}; wanted is {desired}{more}. {cost}"
        )
    answer = f"{trace.name_of(trace.answer)} (its largest output, {number(float(a[trace.answer]))})"
    if trace.assumed:
        words = "No label was given: its own answer is taken as wanted."
        return Paragraph(f"The network {trace.network} answers {answer}. {words} {cost}")
    right = (
        "which is right" if trace.wanted == trace.answer else f"but {trace.name_of(trace.wanted)} is wanted"
    )
    return Paragraph(f"The network {trace.network} answers {answer}, {right}. {cost}")
