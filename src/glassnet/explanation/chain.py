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

from glassnet.activations import Elementwise
from glassnet.document import (
    Block,
    Equation,
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
from glassnet.explanation.forward import sigma
from glassnet.explanation.parameter import Parameter
from glassnet.explanation.trace import Trace
from glassnet.explanation.verdict import Verdict, judge


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
        return Parameter(self.name, self.place).letter

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
        own, value = Parameter(self.name, self.place), self.trace.network.parameters[self.name][self.place]
        letters = " · ".join(factor.symbol for factor in self.factors)
        numbers = " · ".join(in_parentheses(factor.value) for factor in self.factors)
        rows = [(f"`{factor.symbol}`", factor.value, factor.meaning) for factor in self.factors]
        towards = "falls" if self.used < 0 else "rises" if self.used > 0 else ""
        words = f"the cost {towards} when this parameter is raised a little" if towards else ""
        blocks: list[Block] = [
            Paragraph(f"`{self.letter}`, which is {own}, has the value `{number(value)}`."),
            Equation(f"{self.symbol} = {letters}"),
            Table(("factor", "value", "what it is"), rows, "from the cost back to the parameter"),
            Equation(f"{self.symbol} = {numbers} = {number(self.value)}", words),
        ]
        if self.jacobian:
            blocks += through_softmax(self.trace, self.layer, self.place[0])
        blocks += [*self.upstream.derivation(), *self._short_form(), *breakdown(self.trace)]
        return [*blocks, self.verdict.block("w" if self.name.endswith("weight") else "b")]

    def _short_form(self) -> list[Block]:
        """(a − y), and what it makes of this parameter."""
        blocks = short_form(self.trace, self.layer, self.place[0])
        if blocks:
            a_j, y_j = symbol("a", self.layer, self.place[0]), symbol("y", None, self.place[0])
            last = f" · {self.factors[-1].symbol}" if self.name.endswith("weight") else ""
            blocks.append(Equation(f"{self.symbol} = ({a_j} − {y_j}){last} = {number(self.used)}"))
        return blocks


def parameter_derivative(trace: Trace, layer: int, kind: str, *indices: int) -> ParameterDerivative:
    """∂C₀/∂ one parameter of layer 1 … L; kind is "weight" or "bias"."""
    place = trace.place_of(layer, kind, *indices)
    name, j = f"{layer - 1}.{kind}", place[0]
    activation, z_j = trace.activation(layer), symbol("z", layer, j)
    upstream = activation_derivative(trace, layer, j)
    if isinstance(activation, Elementwise):
        with np.errstate(all="ignore"):
            slope = float(activation.derivative(trace.z(layer), trace.a(layer))[j])
        factors = [
            Factor(upstream.symbol, upstream.value, "how the cost changes with the activation"),
            Factor(
                f"{sigma(activation)}′({z_j})",
                slope,
                f"how the activation changes with the weighted sum: `{activation.slope}`",
            ),
        ]
    else:
        delta = float(trace.delta(layer)[j])
        factors = [
            Factor(symbol("δ", layer, j), delta, f"how the cost changes with the weighted sum `{z_j}`")
        ]
    if kind == "weight":
        k = place[1]
        comes_in = float(trace.a(layer - 1)[k])
        factors.append(
            Factor(symbol("a", layer - 1, k), comes_in, "how the weighted sum changes with the weight")
        )
    else:
        factors.append(Factor("1", 1.0, "how the weighted sum changes with the bias"))
    value, used = float(trace.way(layer).parameters[name][place]), float(trace.used.parameters[name][place])
    verdict = judge(
        value if np.isfinite(value) else used,
        lambda h: float(trace.differences.of_parameter(name, [place], h)[0]),
        trace.used.cost,
        trace.network.dtype,
    )
    jacobian = jacobian_terms(trace, layer, j)
    return ParameterDerivative(
        trace, layer, name, place, tuple(factors), value, used, upstream, jacobian, verdict
    )
