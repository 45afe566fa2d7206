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
from glassnet.explanation.layers import WeightedPage
from glassnet.explanation.letters import sigma
from glassnet.explanation.trace import Trace
from glassnet.explanation.verdict import Verdict, judge

SHOWN_TERMS = 16  # of a sum over the next layer


@dataclass(frozen=True, repr=False, eq=False)
class ActivationDerivative(Shown):
    """∂C₀/∂a of one neuron: from the cost in the last layer, else the sum over the next layer."""

    trace: Trace
    layer: int  # 0 is the input
    k: int  # counted through
    value: float
    terms: tuple[Term, ...]  # one for each line to the next layer, if there is one: w, σ′(z), ∂C₀/∂a
    verdict: Verdict

    @property
    def symbol(self) -> str:
        """Such as ∂C₀/∂a₃⁽²⁾, or ∂C₀/∂a₃,₅,₆⁽²⁾ in an image."""
        return partial("C₀", self.trace.letter("a", self.layer, self.k))

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
        page, activation = self.trace.page(layer), self.trace.activation(layer)
        if not isinstance(page, WeightedPage) and not isinstance(activation, Elementwise):
            return [
                Equation(
                    f"{self.symbol} = {symbol('δ', layer, self.k)} = {number(self.value)}",
                    f"layer {layer} has no weights: its `z` are these activations",
                ),
                *through_softmax(self.trace, layer, self.k),
                *short_form(self.trace, layer, self.k),
            ]
        if not isinstance(page, WeightedPage):
            return self._passed_on()
        if not self.terms:
            return [self._unreached()]
        w, a_j = page.weight_back(self.k), partial("C₀", symbol("a", layer, "j"))
        slope, delta = f"{sigma(activation.name)}′({symbol('z', layer, 'j')})", symbol("δ", layer, "j")
        factors = (slope, a_j) if _by_factors(self.trace, layer) else (delta,)
        order = sorted(self.terms, key=lambda term: -abs(term.value))
        shown = [term for term in order[:SHOWN_TERMS] if term.value or not page.over_image]
        rows: list[Sequence[Cell]] = [
            (_index(self.trace, layer, term.j), *term.factors, term.value) for term in shown
        ]
        blank = [""] * (1 + len(factors))
        if rest := order[len(shown) :]:
            zeros = sum(not term.value for term in rest)
            silent = f", {zeros:,} of them 0" if zeros and page.over_image else ""
            rows.append((f"{len(rest):,} further ones{silent}", *blank, sum(term.value for term in rest)))
        rows.append((f"sum `{self.symbol}`", *blank, self.value))
        over = "" if page.one_to_one else "Σⱼ "
        product = " · ".join((w, *factors))
        return [
            Equation(f"{self.symbol} = {over}{product}", page.words_back(len(self.terms))),
            Table(("j", f"`{w}`", *(f"`{factor}`" for factor in factors), "product"), rows, sums=1),
        ]

    def _passed_on(self) -> list[Block]:
        """Through a layer that has no weights and no σ: pooling, flatten, dropout."""
        layer, terms, page = self.layer + 1, self.terms, self.trace.page(self.layer + 1)
        words = page.handed_back(self.k)
        if words is None:
            return [self._unreached()]
        if not terms:
            return [Equation(f"{self.symbol} = 0", words), *page.rivals(self.k)]
        deltas = [self.trace.letter("δ", layer, term.j) for term in terms]
        weights = {term.factors[0] for term in terms}
        share = "" if weights == {1.0} else f"{number(weights.pop())} · "
        inner = " + ".join(deltas[:SHOWN_TERMS]) + (" + …" if len(deltas) > SHOWN_TERMS else "")
        letters = f"{share}({inner})" if share and len(deltas) > 1 else f"{share}{inner}"
        return [Equation(f"{self.symbol} = {letters} = {number(self.value)}", words)]

    def _unreached(self) -> Equation:
        return Equation(
            f"{self.symbol} = 0", f"no window of layer {self.layer + 1} reaches it: the cost does not hear it"
        )


def _index(trace: Trace, layer: int, j: int) -> str:
    """J as a row's name: counted through, or by channel, row and column."""
    return ", ".join(map(str, trace.position(layer, j)))


def activation_derivative(trace: Trace, layer: int, k: int | tuple[int, ...]) -> ActivationDerivative:
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
    """w · σ′(z) · ∂C₀/∂a over the lines to the next layer; w · δ where it has no σ, or one that mixes."""
    following = layer + 1
    lines = trace.page(following).outgoing(k)
    activation = trace.activation(following)
    if trace.learned[layer] and _by_factors(trace, following):
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
