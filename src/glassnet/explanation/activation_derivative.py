"""∂C₀/∂a: where the way back begins, and how it passes from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul

import numpy as np

from glassnet.activations import Elementwise
from glassnet.document import (
    Block,
    Cell,
    Equation,
    Shown,
    Table,
    in_parentheses,
    number,
    partial,
    symbol,
    with_values,
)
from glassnet.explanation.delta import Term, short_form, through_softmax
from glassnet.explanation.forward import sigma
from glassnet.explanation.trace import Trace
from glassnet.explanation.verdict import Verdict, judge

SHOWN_TERMS = 16  # of a sum over the next layer


@dataclass(frozen=True, repr=False, eq=False)
class ActivationDerivative(Shown):
    """∂C₀/∂a of one neuron: from the cost in the last layer, else the sum over the next layer."""

    trace: Trace
    layer: int  # 0 is the input
    k: int
    value: float
    terms: tuple[Term, ...]  # one for each neuron of the next layer, if there is one: w, σ′(z), ∂C₀/∂a
    verdict: Verdict

    @property
    def symbol(self) -> str:
        """Such as ∂C₀/∂a₃⁽²⁾."""
        return partial("C₀", symbol("a", self.layer, self.k))

    def derivation(self) -> list[Block]:
        """How it comes about."""
        return self._sum() if self.layer < self.trace.depth else [self._from_cost()]

    def blocks(self) -> Sequence[Block]:
        return [*self.derivation(), self.verdict.block("a")]

    def _from_cost(self) -> Equation:
        trace, k = self.trace, self.k
        a, y = float(trace.a(self.layer)[k]), float(trace.y[0][k])
        letters = with_values(trace.cost.slope, a=symbol("a", self.layer, k), y=symbol("y", None, k))
        values = with_values(trace.cost.slope, a=in_parentheses(a), y=in_parentheses(y))
        wanted = f"output {trace.name_of(k)} should be {number(y)}"
        return Equation(
            f"{self.symbol} = {letters} = {values} = {number(self.value)}",
            f"the way back begins at the {trace.cost.title} cost: {wanted}",
        )

    def _sum(self) -> list[Block]:
        layer = self.layer + 1
        if not self.trace.params[layer - 1]:  # it takes its inputs as they are
            return [
                Equation(
                    f"{self.symbol} = {symbol('δ', layer, self.k)} = {number(self.value)}",
                    f"layer {layer} has no weights: its `z` are these activations",
                ),
                *through_softmax(self.trace, layer, self.k),
                *short_form(self.trace, layer, self.k),
            ]
        w, a_j = symbol("w", layer, "j", self.k), partial("C₀", symbol("a", layer, "j"))
        slope, delta = (
            f"{sigma(self.trace.activation(layer))}′({symbol('z', layer, 'j')})",
            symbol("δ", layer, "j"),
        )
        factors = (slope, a_j) if _by_factors(self.trace, layer) else (delta,)
        order = sorted(self.terms, key=lambda term: -abs(term.value))
        rows: list[Sequence[Cell]] = [
            (str(term.j), *term.factors, term.value) for term in order[:SHOWN_TERMS]
        ]
        blank = [""] * (1 + len(factors))
        if rest := order[SHOWN_TERMS:]:
            rows.append((f"{len(rest):,} further ones", *blank, sum(term.value for term in rest)))
        rows.append((f"sum `{self.symbol}`", *blank, self.value))
        return [
            Equation(
                f"{self.symbol} = Σⱼ {' · '.join((w, *factors))}",
                f"the sum over layer {layer}: all the ways in which this activation acts on the cost",
            ),
            Table(("j", f"`{w}`", *(f"`{factor}`" for factor in factors), "product"), rows, sums=1),
        ]


def activation_derivative(trace: Trace, layer: int, k: int) -> ActivationDerivative:
    """∂C₀/∂a of neuron k of layer 0 … L."""
    k = trace.neuron_at(layer, k)
    with np.errstate(all="ignore"):
        terms = _terms(trace, layer, k) if layer < trace.depth else []
    value = float(trace.dC_da(layer)[k])
    verdict = judge(
        value,
        lambda h: float(trace.differences.of_activations(layer, [k], h)[0]),
        trace.used.cost,
        trace.network.dtype,
    )
    return ActivationDerivative(trace, layer, k, value, tuple(terms), verdict)


def _terms(trace: Trace, layer: int, k: int) -> list[Term]:
    """w · σ′(z) · ∂C₀/∂a over the next layer, or w · δ."""
    following = layer + 1
    lines = trace.layer_at(following).outgoing(trace.params[layer], trace.chain.caches[layer], k)
    activation = trace.activation(following)
    if _by_factors(trace, following):
        assert isinstance(activation, Elementwise)
        slopes = activation.derivative(trace.z(following), trace.a(following))
        columns = [slopes[lines.places], trace.dC_da(following)[lines.places]]
    else:
        columns = [trace.delta_passed_back(following)[lines.places]]
    products = reduce(mul, columns, lines.weights)
    rows = zip(lines.places, lines.weights, *columns, products, strict=True)
    return [Term(int(j), tuple(map(float, factors)), float(product)) for j, *factors, product in rows]


def _by_factors(trace: Trace, layer: int) -> bool:
    """Whether δ of a layer is σ′(z) ∂C₀/∂a: not where softmax mixes, nor where the long form breaks down."""
    return isinstance(trace.activation(layer), Elementwise) and not (trace.broken and layer == trace.depth)
