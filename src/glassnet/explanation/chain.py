"""The chain rule of one weight or bias, factor by factor, beside the finite difference.

Factors stand in the order in which the way back meets them, from the cost to the parameter, and
their product, multiplied in this order, is the very float that backpropagation computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import NamedTuple

import numpy as np

from glassnet.activations import Elementwise, Softmax
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
from glassnet.explanation.activation_derivative import ActivationDerivative, Term, activation_derivative
from glassnet.explanation.forward import sigma
from glassnet.explanation.trace import Trace
from glassnet.explanation.verdict import Verdict


class Factor(NamedTuple):
    """One factor of a derivative."""

    symbol: str
    value: float
    meaning: str


@dataclass(frozen=True, repr=False, eq=False)
class ParameterDerivative(Shown):
    """∂C₀/∂ one weight or bias: its factors, their product, and the finite difference."""

    trace: Trace
    layer: int
    name: str  # of the array: "1.weight"
    place: tuple[int, ...]
    factors: tuple[Factor, ...]
    value: float  # by the full chain
    used: float  # as training computes it
    upstream: ActivationDerivative  # ∂C₀/∂a of its neuron
    jacobian: tuple[Term, ...]  # J_ij · ∂C₀/∂a_i, where softmax mixes its inputs: their sum is δ
    verdict: Verdict

    @property
    def letter(self) -> str:
        """Such as w₃,₅⁽²⁾."""
        return symbol("w" if self.name.endswith("weight") else "b", self.layer, *self.place)

    @property
    def symbol(self) -> str:
        """Such as ∂C₀/∂w₃,₅⁽²⁾."""
        return partial("C₀", self.letter)

    @property
    def product(self) -> float:
        """The factors, multiplied in the order shown and in the network's dtype."""
        dtype = self.trace.network.dtype.type
        with np.errstate(all="ignore"):
            return float(reduce(mul, (dtype(factor.value) for factor in self.factors)))

    def blocks(self) -> Sequence[Block]:
        index = ", ".join(map(str, self.place))
        value = float(self.trace.network.parameters[self.name][self.place])
        letters = " · ".join(factor.symbol for factor in self.factors)
        numbers = " · ".join(in_parentheses(factor.value) for factor in self.factors)
        rows = [(f"`{factor.symbol}`", factor.value, factor.meaning) for factor in self.factors]
        towards = "falls" if self.used < 0 else "rises" if self.used > 0 else ""
        words = f"the cost {towards} when this parameter is raised a little" if towards else ""
        blocks: list[Block] = [
            Paragraph(f"`{self.letter}`, which is {self.name}[{index}], has the value `{number(value)}`."),
            Equation(f"{self.symbol} = {letters}"),
            Table(("factor", "value", "what it is"), rows, "from the cost back to the parameter"),
            Equation(f"{self.symbol} = {numbers} = {number(self.value)}", words),
        ]
        blocks += self._through_softmax() if self.jacobian else []
        blocks += self.upstream.derivation()
        blocks += self._short_form()
        if self.trace.broken:
            blocks.append(breakdown(self.trace))
        return [*blocks, self.verdict.block("w" if self.name.endswith("weight") else "b")]

    def _through_softmax(self) -> list[Block]:
        """δ by a row of softmax's Jacobian."""
        layer, j = self.layer, self.place[0]
        delta, a_i = symbol("δ", layer, j), partial("C₀", symbol("a", layer, "i"))
        entry = partial(symbol("a", layer, "i"), symbol("z", layer, j))
        rows: list[Sequence[Cell]] = [(str(term.j), *term.factors, term.value) for term in self.jacobian]
        rows.append((f"sum `{delta}`", "", "", float(self.trace.delta(layer)[j])))
        words = "softmax mixes its inputs: this weighted sum moves every output"
        return [
            Equation(f"{delta} = Σᵢ {entry} · {a_i}", words),
            Table(("i", f"`{entry}`", f"`{a_i}`", "product"), rows, sums=1),
        ]

    def _short_form(self) -> list[Block]:
        """δ = a − y, where the last layer and the cost were made for each other."""
        trace, j = self.trace, self.place[0]
        if not trace.canonical or self.layer != trace.depth:
            return []
        a, y = float(trace.a(self.layer)[j]), float(trace.y[0][j])
        a_j, y_j, delta = symbol("a", self.layer, j), symbol("y", None, j), symbol("δ", self.layer, j)
        value = number(float(trace.used.layers[-1].dC_dz[0].ravel()[j]))
        last = f" · {self.factors[-1].symbol}" if self.name.endswith("weight") else ""
        pair = f"{trace.activation(self.layer).name} and {trace.cost.title} were made for each other"
        return [
            Equation(
                f"{delta} = {a_j} − {y_j} = {in_parentheses(a)} − {number(y)} = {value}",
                f"{pair}: what the cost and the activation bring in cancels to this",
            ),
            Equation(
                f"{self.symbol} = ({a_j} − {y_j}){last} = {number(self.used)}",
                "the short form, by which training computes it",
            ),
        ]


def parameter_derivative(trace: Trace, layer: int, kind: str, *indices: int) -> ParameterDerivative:
    """∂C₀/∂ one parameter of layer 1 … L; kind is "weight" or "bias"."""
    place = trace.place_of(layer, kind, *indices)
    name, j = f"{layer - 1}.{kind}", place[0]
    activation, z_j = trace.activation(layer), symbol("z", layer, j)
    jacobian: tuple[Term, ...] = ()
    upstream = activation_derivative(trace, layer, j)
    with np.errstate(all="ignore"):
        if isinstance(activation, Softmax):
            column = activation.jacobian(trace.a(layer))[:, j]  # (n,): ∂a_i/∂z_j
            pairs = zip(column, trace.dC_da(layer), strict=True)
            jacobian = tuple(
                Term(i, (float(entry), float(slope)), float(entry * slope))
                for i, (entry, slope) in enumerate(pairs)
            )
            delta = float(trace.delta(layer)[j])
            factors = [
                Factor(symbol("δ", layer, j), delta, f"how the cost changes with the weighted sum `{z_j}`")
            ]
        else:
            assert isinstance(activation, Elementwise)
            slope = float(activation.derivative(trace.z(layer), trace.a(layer))[j])
            factors = [
                Factor(upstream.symbol, upstream.value, "how the cost changes with the activation"),
                Factor(
                    f"{sigma(activation)}′({z_j})",
                    slope,
                    f"how the activation changes with the weighted sum: `{activation.slope}`",
                ),
            ]
        difference = float(trace.differences.of_parameter(name, [place])[0])
    if kind == "weight":
        k = place[1]
        comes_in = float(trace.a(layer - 1)[k])
        factors.append(
            Factor(symbol("a", layer - 1, k), comes_in, "how the weighted sum changes with the weight")
        )
    else:
        factors.append(Factor("1", 1.0, "how the weighted sum changes with the bias"))
    value, used = float(trace.way(layer).parameters[name][place]), float(trace.used.parameters[name][place])
    verdict = Verdict(value if np.isfinite(value) else used, difference, trace.used.cost)
    return ParameterDerivative(
        trace, layer, name, place, tuple(factors), value, used, upstream, jacobian, verdict
    )


def breakdown(trace: Trace) -> Note:
    """Why the long form has no value here."""
    j = int(np.flatnonzero(~np.isfinite(trace.chain.layers[-1].dC_dz[0]))[0])
    slopes = trace.dC_da(trace.depth)
    i = j if not np.isfinite(slopes[j]) else int(np.flatnonzero(~np.isfinite(slopes))[0])
    a, slope = symbol("a", trace.depth, i), partial("C₀", symbol("a", trace.depth, i))
    return Note(
        f"The long form breaks down: `{a}` is exactly {number(float(trace.a(trace.depth)[i]))} in "
        f"{trace.network.dtype}, so that `{slope}` is infinite where the activation is flat, and `0·∞` "
        f"is no number. Training uses the short form, `δ = a − y`, which is finite; all layers before it "
        f"go on from there.",
        good=False,
    )
