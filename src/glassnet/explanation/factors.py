"""What one place adds to a parameter's derivative: a product of factors.

Factors stand in the order in which the way back meets them, from the cost to the parameter, and
their product, multiplied in this order, is the very float that backpropagation computed there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.activations import Elementwise
from glassnet.document import partial
from glassnet.explanation.layers import OUTSIDE
from glassnet.explanation.letters import sigma
from glassnet.explanation.trace import Trace


class Factor(NamedTuple):
    """One factor of a derivative."""

    symbol: str
    value: float
    meaning: str


class PlaceTerm(NamedTuple):
    """What one place adds: a product of factors."""

    at: tuple[int, ...]  # the filter's row and column; () where the parameter stands in one place only
    neuron: int  # whose weighted sum the parameter is in there, counted through
    factors: tuple[Factor, ...]
    value: float  # their product


def place_term(
    trace: Trace, layer: int, kind: str, place: tuple[int, ...], at: tuple[int, ...], value: float
) -> PlaceTerm:
    """The factors at one place of a weight or bias, and the product that the way back made of them."""
    j = trace.neuron_at(layer, (place[0], *at))
    activation, z_j = trace.activation(layer), trace.letter("z", layer, j)
    if isinstance(activation, Elementwise):
        with np.errstate(all="ignore"):
            slope = float(activation.derivative(trace.z(layer), trace.a(layer))[j])
        factors = [
            Factor(
                partial("C₀", trace.letter("a", layer, j)),
                float(trace.dC_da(layer)[j]),
                "how the cost changes with the activation",
            ),
            Factor(
                f"{sigma(activation.name)}′({z_j})",
                slope,
                f"how the activation changes with the weighted sum: `{activation.slope}`",
            ),
        ]
    else:
        delta = float(trace.delta(layer)[j])
        factors = [
            Factor(trace.letter("δ", layer, j), delta, f"how the cost changes with the weighted sum `{z_j}`")
        ]
    factors.append(
        Factor("1", 1.0, "how the weighted sum changes with the bias")
        if kind == "bias"
        else _what_comes_in(trace, layer, place, at)
    )
    return PlaceTerm(at, j, tuple(factors), value)


def _what_comes_in(trace: Trace, layer: int, place: tuple[int, ...], at: tuple[int, ...]) -> Factor:
    """The activation that a weight meets at a place."""
    page = trace.weighted_page(layer)
    k = int(page.met(place)[at])
    if k == OUTSIDE:
        return Factor("0", 0.0, "there the weight stands over the padding")
    meaning = "how the weighted sum changes with the weight"
    return Factor(page.letter_before(k), float(trace.a(layer - 1)[k]), meaning)
