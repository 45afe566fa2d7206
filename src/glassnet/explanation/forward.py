"""The way forward: a neuron's weighted sum term by term, a layer as one matrix formula, the cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

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
from glassnet.explanation.patch import inputs_of_window, met_by_filter
from glassnet.explanation.trace import Trace, times
from glassnet.layers import AveragePool, Connections, Conv, Dropout, Flatten, MaxPool

SHOWN_TERMS = 12  # of a weighted sum
SHOWN_NEURONS = 32  # or channels of a layer


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
        trace, layer, j = self.trace, self.layer, self.j
        z, a, bias = trace.letter("z", layer, j), trace.letter("a", layer, j), self.connections.bias
        if bias is None:
            return [self._passed_on(z), *self._activation(z, a)]
        own, k = trace.layer_at(layer), self.connections.places
        letters = [symbol("w", layer, j, place) for place in k]
        formula = (
            f"{z} = Σₖ {symbol('w', layer, j, 'k')} {symbol('a', layer - 1, 'k')} + {symbol('b', layer, j)}"
        )
        whole, b = "", symbol("b", layer, j)
        if isinstance(own, Conv):
            o, *at = trace.position(layer, j)
            met = met_by_filter(trace, layer, tuple(at))
            letters = [symbol("w", layer, o, *place) for place in np.argwhere(met >= 0)]
            b = symbol("b", layer, o)
            formula = f"{z} = Σₖ {symbol('w', layer, o, 'k')} {symbol('a', layer - 1, 'k')} + {b}"
            whole = (
                f"the sum over the patch that filter {o} sees here, {times(met.shape)} of "
                f"{self.trace.a(layer - 1).size:,} numbers"
            )
            if len(k) < met.size:
                whole += f"; {met.size - len(k)} of its weights stand over the padding and add 0"
        terms, order = self.terms, self.order
        shown = [i for i in order[:SHOWN_TERMS] if terms[i] != 0]
        most = largest(np.array([*terms[shown], bias, self.z]))
        rows: list[Sequence[Cell]] = [
            (
                f"`{letters[i]} · {trace.letter('a', layer - 1, k[i])}`",
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
        rows.append((f"bias `{b}`", "", "", Bar(bias, most)))
        rows.append((f"sum `{z}`", "", "", Bar(self.z, most)))
        sizes = f"the terms of `{z}`, the largest first"
        return [
            Equation(formula, whole),
            Table(("term", "weight", "activation", "product"), rows, sizes, sums=1),
            *self._activation(z, a),
        ]

    def _passed_on(self, z: str) -> Equation:
        """The sum of a layer without weights: of softmax, of flatten and dropout, of pooling."""
        trace, layer, own = self.trace, self.layer, self.trace.layer_at(self.layer)
        before = [trace.letter("a", layer - 1, k) for k in self.connections.places]
        if isinstance(own, MaxPool | AveragePool):
            what, verb = ("max", "largest") if isinstance(own, MaxPool) else ("mean", "mean")
            seen = inputs_of_window(trace, layer, self.j)
            words = f"the {verb} of the {own.size}×{own.size} numbers in its window"
            if isinstance(own, MaxPool):
                words += f"; `{before[0]}` has won, and goes on alone"
            values = ", ".join(number(float(value)) for value in trace.a(layer - 1)[seen[:SHOWN_TERMS]])
            more = ", …" if len(seen) > SHOWN_TERMS else ""
            return Equation(f"{z} = {what}({values}{more}) = {number(self.z)}", words)
        factor, words = "", ""
        if isinstance(own, Dropout):
            words = "dropout passes everything on outside of training, and so it does here"
            if "mask" in trace.params[layer - 1]:
                off = self.connections.weights[0] == 0
                words = (
                    "dropout switched it off in this training step"
                    if off
                    else f"dropout passed it on in this training step, times 1/(1 − {number(own.rate)})"
                )
                factor = f"{in_parentheses(float(self.connections.weights[0]))} · "
        return Equation(f"{z} = {factor}{before[0]} = {number(self.z)}", words)

    def _activation(self, z: str, a: str) -> list[Block]:
        activation = self.trace.activation(self.layer)
        if activation.name == "linear" and self.connections.bias is None:
            return [Equation(f"{a} = {z}")]
        name = sigma(activation)
        if not isinstance(activation, Elementwise):
            all_of_them = symbol("z", self.layer)
            words = f"softmax divides `exp({z})` by the sum of all `exp({symbol('z', self.layer, 'i')})`"
            return [Equation(f"{a} = softmax({all_of_them}) = {number(self.a)}", words)]
        says_more = activation.formula not in ("z", f"{activation.name}(z)")
        formula = f" = {with_values(activation.formula, z=in_parentheses(self.z))}" if says_more else ""
        return [Equation(f"{a} = {name}({z}) = {name}({number(self.z)}){formula} = {number(self.a)}")]


def neuron_sum(trace: Trace, layer: int, j: int | tuple[int, ...]) -> NeuronSum:
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
        layer, own = self.layer, self.trace.layer_at(self.layer)
        a, before, name = symbol("a", layer), symbol("a", layer - 1), sigma(self.trace.activation(layer))
        at_p, patch = symbol("a", layer, "p"), symbol("patch", layer - 1, "p")
        match own:
            case Conv():
                return f"{at_p} = {name}({symbol('W', layer)} · {patch} + {symbol('b', layer)})"
            case MaxPool():
                return f"{at_p} = max({patch})"
            case AveragePool():
                return f"{at_p} = mean({patch})"
            case Flatten():
                return f"{a} = flatten({before})"
            case Dropout():
                return f"{a} = {symbol('mask', layer)} ⊙ {before}" if self._masked else f"{a} = {before}"
        if "weight" not in self.trace.learned[layer - 1]:
            return f"{a} = {name}({before})"
        return f"{a} = {name}({symbol('W', layer)} {before} + {symbol('b', layer)})"

    def shapes(self) -> str:
        """The same with the shape of everything in it."""
        own, name = self.trace.layer_at(self.layer), sigma(self.trace.activation(self.layer))
        n_out, n_in = (times(self.trace.shape(layer)) for layer in (self.layer, self.layer - 1))
        shapes = {name: array.shape for name, array in self.trace.learned[self.layer - 1].items()}
        match own:
            case Conv():
                patch = prod(shapes["weight"][1:])
                return f"({own.filters}) = {name}( ({own.filters}×{patch}) · ({patch}) + ({own.filters}) )"
            case MaxPool() | AveragePool():
                what = "max" if isinstance(own, MaxPool) else "mean"
                return f"({n_out}) = {what}(({n_in}))"
            case Flatten():
                return f"({n_out}) = flatten(({n_in}))"
            case Dropout():
                return f"({n_out}) = ({n_out}) ⊙ ({n_in})" if self._masked else f"({n_out}) = ({n_in})"
        if "weight" not in shapes:
            return f"({n_out}) = {name}(({n_in}))"
        return f"({n_out}) = {name}( ({times(shapes['weight'])}) · ({n_in}) + ({times(shapes['bias'])}) )"

    @property
    def _masked(self) -> bool:
        return "mask" in self.trace.params[self.layer - 1]

    def _in_words(self) -> str:
        """What the shapes leave open."""
        own, shape, before = (
            self.trace.layer_at(self.layer),
            self.trace.shape(self.layer),
            self.trace.shape(self.layer - 1),
        )
        count = sum(array.size for array in self.trace.learned[self.layer - 1].values())
        words = [f"the shapes; {count:,} parameters" if count else "the shapes; no parameters"]
        if isinstance(own, Conv | MaxPool | AveragePool):
            _, down, across = shape
            step = "" if own.stride == 1 else f", {own.stride} apart"
            words.append(f"at each of {down}×{across} = {down * across:,} places p{step}")
        if isinstance(own, MaxPool | AveragePool):
            words.append(f"a patch is {own.size}×{own.size} numbers of one map")
        if isinstance(own, Conv):
            words.append(
                f"a patch is {before[0]}×{own.size}×{own.size} numbers of the ({times(before)}) before, and "
                f"all places together make ({times(shape)}), with the same weights"
            )
            if own.padding:
                words.append(f"with zeros around the image, {own.padding} on each side")
        if isinstance(own, Dropout):
            off = int((self.trace.params[self.layer - 1]["mask"] == 0).sum()) if self._masked else 0
            words.append(
                f"in this training step dropout {own.rate:g} switched off {off:,} of {prod(shape):,}, and "
                f"made the others {number(1 / (1 - own.rate))} times as large"
                if self._masked
                else f"dropout {own.rate:g} passes everything on outside of training, and so it does here"
            )
        return "; ".join(words)

    def blocks(self) -> Sequence[Block]:
        equations = [Equation(self.formula()), Equation(self.shapes(), self._in_words())]
        return [*equations, self._channels() if len(self.trace.shape(self.layer)) == 3 else self._neurons()]

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
        what = "filter" if isinstance(self.trace.layer_at(self.layer), Conv) else "channel"
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
    layers = [i for i, layer in enumerate(trace.network.layers, 1) if isinstance(layer, Dropout)]
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
