"""δ = ∂C₀/∂z: through softmax's Jacobian, and by the short form of the canonical pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from glassnet.activations import Softmax
from glassnet.document import (
    Block,
    Cell,
    Equation,
    Note,
    Table,
    in_parentheses,
    number,
    partial,
    symbol,
)
from glassnet.explanation.trace import Trace


class Term(NamedTuple):
    """One term of a sum: a product of factors."""

    j: int  # whose term it is
    factors: tuple[float, ...]
    value: float


def jacobian_terms(trace: Trace, layer: int, j: int) -> tuple[Term, ...]:
    """∂a_i/∂z_j · ∂C₀/∂a_i for every output i of a softmax: their sum is δ_j. None for other activations."""
    activation = trace.activation(layer)
    if not isinstance(activation, Softmax):
        return ()
    with np.errstate(all="ignore"):
        column = activation.jacobian(trace.a(layer))[:, j]  # (n,)
        pairs = zip(column, trace.dC_da(layer), strict=True)
        return tuple(
            Term(i, (float(entry), float(slope)), float(entry * slope))
            for i, (entry, slope) in enumerate(pairs)
        )


def through_softmax(trace: Trace, layer: int, j: int) -> list[Block]:
    """How δ_j of a softmax comes about, term by term."""
    delta, a_i = symbol("δ", layer, j), partial("C₀", symbol("a", layer, "i"))
    entry = partial(symbol("a", layer, "i"), symbol("z", layer, j))
    terms = jacobian_terms(trace, layer, j)
    rows: list[Sequence[Cell]] = [(str(term.j), *term.factors, term.value) for term in terms]
    rows.append((f"sum `{delta}`", "", "", float(trace.delta(layer)[j])))
    return [
        Equation(
            f"{delta} = Σᵢ {entry} · {a_i}", "softmax mixes its inputs: this weighted sum moves every output"
        ),
        Table(("i", f"`{entry}`", f"`{a_i}`", "product"), rows, sums=1),
    ]


def short_form(trace: Trace, layer: int, j: int) -> list[Block]:
    """δ_j = a_j − y_j, where this is the last layer and the cost was made for it."""
    if not trace.canonical or layer != trace.depth:
        return []
    a, y = float(trace.a(layer)[j]), float(trace.y[0][j])
    a_j, y_j, delta = symbol("a", layer, j), symbol("y", None, j), symbol("δ", layer, j)
    value = number(float(trace.used.layers[-1].dC_dz[0].ravel()[j]))
    return [
        Equation(
            f"{delta} = {a_j} − {y_j} = {in_parentheses(a)} − {in_parentheses(y)} = {value}",
            f"the short form, by which training computes it: {trace.activation(layer).name} and "
            f"{trace.cost.title} were made for each other, and what the two bring in cancels to this",
        )
    ]


def breakdown(trace: Trace) -> list[Block]:
    """Why the long form has no value in the last layer, if it has none."""
    with np.errstate(all="ignore"):
        lost = np.flatnonzero(np.isnan(trace.chain.layers[-1].dC_dz[0].ravel()))
    slopes, a = trace.dC_da(trace.depth), trace.a(trace.depth)
    infinite = np.flatnonzero(np.isinf(slopes))
    if not lost.size or not infinite.size or not np.isfinite(a).all():
        return []
    i = int(infinite[0])
    a_i = symbol("a", trace.depth, i)
    then = "No other form is known for this cost and this activation: train with the cost made for it."
    if trace.broken:
        then = (
            "Training uses the short form, `δ = a − y`, which is finite; all layers before go on from there."
        )
    return [
        Note(
            f"The long form breaks down: `{a_i}` is exactly {number(float(a[i]))} in {trace.network.dtype}, "
            f"so that `{partial('C₀', a_i)}` is infinite where the activation is flat, and `0·∞` is no "
            f"number. {then}",
            good=False,
        )
    ]
