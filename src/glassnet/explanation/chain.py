"""The chain rule of one weight or bias, factor by factor, beside the finite difference.

A filter's weight stands at many places of the image, and moves the weighted sum at each of them: its
derivative is the sum over all its places of the products that a weight in one place has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from glassnet.arrays import Array
from glassnet.document import (
    Block,
    Cell,
    Equation,
    Note,
    Paragraph,
    Shown,
    Table,
    in_parentheses,
    number,
    partial,
    symbol,
)
from glassnet.explanation.activation_derivative import ActivationDerivative, activation_derivative
from glassnet.explanation.delta import Term, breakdown, jacobian_terms, short_form, through_softmax
from glassnet.explanation.factors import Factor, PlaceTerm, place_term
from glassnet.explanation.layers import WeightedPage
from glassnet.explanation.letters import sigma
from glassnet.explanation.parameter import Parameter
from glassnet.explanation.trace import Trace
from glassnet.explanation.verdict import Verdict, judge

SHOWN_PLACES = 8  # of a shared weight


@dataclass(frozen=True, repr=False, eq=False)
class ParameterDerivative(Shown):
    """∂C₀/∂ one weight or bias: what its places add, factor by factor, and the finite difference."""

    trace: Trace
    layer: int
    name: str  # of the array: "2.weight"
    place: tuple[int, ...]
    places: Array  # δ · a at each of its places, shape (down, across); of a single place, ()
    terms: tuple[PlaceTerm, ...]  # of the places that add most, the largest by size first
    value: float  # by the full chain
    used: float  # as training computes it
    upstream: ActivationDerivative  # ∂C₀/∂a of the neuron at the first of these places
    jacobian: tuple[Term, ...]  # J_ij · ∂C₀/∂a_i, where softmax mixes its inputs: their sum is δ
    verdict: Verdict

    @property
    def parameter(self) -> Parameter:
        """Which one it is."""
        return Parameter(self.name, self.place)

    @property
    def letter(self) -> str:
        """Such as w₃,₅⁽²⁾, or w₃,₀,₂,₁⁽²⁾ of a filter."""
        return self.parameter.letter

    @property
    def symbol(self) -> str:
        """Such as ∂C₀/∂w₃,₅⁽²⁾."""
        return partial("C₀", self.letter)

    @property
    def unit(self) -> str:
        """The unit that owns a row of its array: a neuron, or a filter."""
        return self._page.unit

    @property
    def shared(self) -> bool:
        """Whether the same parameter stands in many places."""
        return self.places.ndim > 0

    @property
    def sum(self) -> float:
        """What all places add, summed up place by place: `value`, but for the order of the additions."""
        with np.errstate(all="ignore"):
            return float(self.places.sum())

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Those of its place; of a shared parameter, of the place that adds most."""
        return self.terms[0].factors

    @property
    def product(self) -> float:
        """The factors, multiplied in the order shown and in the network's dtype."""
        dtype = self.trace.network.dtype.type
        with np.errstate(all="ignore"):
            return float(reduce(mul, (dtype(factor.value) for factor in self.factors)))

    def blocks(self) -> Sequence[Block]:
        value = number(float(self.trace.network.parameters[self.name][self.place]))
        leads = f" and leads {self._page.leads(self.place)}" if self._is_weight else ""
        blocks: list[Block] = [
            Paragraph(f"`{self.letter}`, which is {self.parameter}{leads}, has the value `{value}`."),
            *(self._all_places() if self.shared else []),
            *self._product(),
        ]
        if self.jacobian:
            blocks += through_softmax(self.trace, self.layer, self.place[0])
        blocks += [*self.upstream.derivation(), *self._short_form(), *breakdown(self.trace)]
        return [*blocks, self.verdict.block("w" if self._is_weight else "b")]

    @property
    def _page(self) -> WeightedPage[Any]:
        return self.trace.weighted_page(self.layer)

    @property
    def _is_weight(self) -> bool:
        return self.name.endswith(".weight")

    def _product(self) -> list[Block]:
        """The factors at the first place, in letters, in a table, and in numbers."""
        term = self.terms[0]
        letters = " · ".join(factor.symbol for factor in term.factors)
        numbers = " · ".join(in_parentheses(factor.value) for factor in term.factors)
        rows = [(f"`{factor.symbol}`", factor.value, factor.meaning) for factor in term.factors]
        table = Table(("factor", "value", "what it is"), rows, "from the cost back to the parameter")
        if self.shared:
            words = f"what it adds at {_in_words(term.at)}{', more than anywhere else' if term.value else ''}"
            return [table, Equation(f"{letters} = {numbers} = {number(term.value)}", words)]
        return [
            Equation(f"{self.symbol} = {letters}"),
            table,
            Equation(f"{self.symbol} = {numbers} = {number(self.value)}", self._towards()),
        ]

    def _towards(self) -> str:
        towards = "falls" if self.used < 0 else "rises" if self.used > 0 else ""
        return f"the cost {towards} when this parameter is raised a little" if towards else ""

    # Shared parameters

    def _all_places(self) -> list[Block]:
        """The sum over all places: its formula, the largest terms, and what backpropagation made of it."""
        count, zeros = self.places.size, int((self.places == 0).sum())
        with np.errstate(all="ignore"):
            rest = self.sum - sum(term.value for term in self.terms)
        rows: list[Sequence[Cell]] = [
            ("{}, {}".format(*term.at), *(factor.value for factor in term.factors), term.value)
            for term in self.terms
        ]
        blank = [""] * len(self.factors)
        if further := count - len(self.terms):
            silent = zeros - sum(term.value == 0 for term in self.terms)
            words = f"{further:,} others" + (f", {silent:,} of them 0" if silent else "")
            rows.append((words, *blank, rest))
        rows.append((f"sum `{self.symbol}`", *blank, self.sum))
        letters = self._letters()
        blocks: list[Block] = [
            Paragraph(
                f"It is shared: {self._page.shared(self.place)}. To change it is to change it everywhere, "
                "so that the cost changes by the sum of what it does at all its places."
            ),
            Equation(
                f"{self.symbol} = Σᵣ,ₛ {' · '.join(letters)}", "the sum over all places: row r, column s"
            ),
            Table(
                ("r, s", *(f"`{letter}`" for letter in letters), "product"),
                rows,
                "the places that add most",
                sums=1,
            ),
        ]
        if zeros == count:
            blocks.append(Note("It adds 0 at every place: this image says nothing about it.", good=False))
        return [*blocks, Equation(f"{self.symbol} = {number(self.value, 9)}", self._order_of_sums())]

    def _letters(self) -> list[str]:
        """The factors at any place (r, s)."""
        layer, o = self.layer, self.place[0]
        letters = [
            partial("C₀", symbol("a", layer, o, "r", "s")),
            f"{sigma(self.trace.activation(layer).name)}′({symbol('z', layer, o, 'r', 's')})",
        ]
        return [*letters, self._page.met_letter(self.place) if self._is_weight else "1"]

    def _order_of_sums(self) -> str:
        """How far the sum as shown is from what backpropagation computed, and why."""
        how = "by backpropagation, which takes all places together"
        apart = abs(self.sum - self.value)
        order = f"the sum above, its floats added in another order, differs by {number(apart, 2)}"
        if apart == 0:
            order = "the same as the sum above, to the last bit"
        return f"{how}: {order}; {self._towards()}".rstrip("; ")

    def _short_form(self) -> list[Block]:
        """(a − y), and what it makes of this parameter."""
        blocks = short_form(self.trace, self.layer, self.place[0])
        if blocks:
            a_j, y_j = symbol("a", self.layer, self.place[0]), symbol("y", None, self.place[0])
            last = f" · {self.factors[-1].symbol}" if self._is_weight else ""
            blocks.append(Equation(f"{self.symbol} = ({a_j} − {y_j}){last} = {number(self.used)}"))
        return blocks


def parameter_derivative(trace: Trace, layer: int, kind: str, *indices: int) -> ParameterDerivative:
    """∂C₀/∂ one parameter of layer 1 … L; kind is "weight" or "bias"."""
    place = trace.place_of(layer, kind, *indices)
    name, way = f"{layer}.{kind}", trace.way(layer)
    dC_dz = way.layers[layer - 1].dC_dz
    with np.errstate(all="ignore"):
        places = np.asarray(trace.page(layer).by_place(dC_dz, kind, place)[0])  # (down, across)
    terms = tuple(place_term(trace, layer, kind, place, at, float(places[at])) for at in _largest(places))
    value, used = float(way.parameters[name][place]), float(trace.used.parameters[name][place])
    verdict = judge(
        value if np.isfinite(value) else used,
        lambda h: float(trace.differences.of_parameter(name, [place], h)[0]),
        trace.used.cost,
        trace.network.dtype,
    )
    return ParameterDerivative(
        trace=trace,
        layer=layer,
        name=name,
        place=place,
        places=places,
        terms=terms,
        value=value,
        used=used,
        upstream=activation_derivative(trace, layer, terms[0].neuron),
        jacobian=jacobian_terms(trace, layer, terms[0].neuron),
        verdict=verdict,
    )


def _largest(places: Array) -> list[tuple[int, ...]]:
    """Where most is added, the largest by size first; without zeros, but one place at least."""
    sizes = np.abs(places).ravel()
    order = np.argsort(-sizes, kind="stable")[:SHOWN_PLACES]
    some = [order[0], *(i for i in order[1:] if sizes[i] != 0)]
    return [tuple(int(index) for index in np.unravel_index(i, places.shape)) for i in some]


def _in_words(at: tuple[int, ...]) -> str:
    row, column = at
    return f"row {row}, column {column}"
