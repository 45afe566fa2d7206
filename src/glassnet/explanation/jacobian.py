"""Softmax's Jacobian, whole: it is not diagonal, and nothing here pretends that it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet.activations import Softmax
from glassnet.arrays import Array
from glassnet.document import Block, Equation, Shown, Table, grid, partial, symbol
from glassnet.errors import GlassnetError
from glassnet.explanation.trace import Trace


@dataclass(frozen=True, repr=False, eq=False)
class Jacobian(Shown):
    """Softmax's whole Jacobian ∂a/∂z of one layer: what it does to one output, every z has a part in."""

    trace: Trace
    layer: int
    matrix: Array  # (n, n): row i, column j is ∂a_i/∂z_j

    def blocks(self) -> Sequence[Block]:
        n = len(self.matrix)
        shown = min(n, 12)
        a_i, z_j = symbol("a", self.layer, "i"), symbol("z", self.layer, "j")
        cells, unit = grid(self.matrix[:shown, :shown])
        rows = [(f"`{symbol('a', self.layer, i)}`", *row) for i, row in enumerate(cells)]
        more = f"; the first {shown} of {n} rows and columns" if shown < n else ""
        return [
            Equation(
                f"{partial(a_i, z_j)} = {a_i} (1[i=j] − {symbol('a', self.layer, 'j')})",
                f"not diagonal: what raises one output lowers all others; every column sums to 0{more}",
            ),
            Table(("", *(f"`{symbol('z', self.layer, j)}`" for j in range(shown))), rows, f"∂a/∂z{unit}"),
        ]


def softmax_jacobian(trace: Trace, layer: int) -> Jacobian:
    """The Jacobian of layer 1 … L, whose activation must be softmax: all others' are diagonal."""
    activation = trace.activation(layer)
    if not isinstance(activation, Softmax):
        raise GlassnetError(
            f"layer {layer} is {activation.name}: its Jacobian is diagonal, and the diagonal is σ′(z), "
            "which weight() and bias() show; only softmax has a full one"
        )
    with np.errstate(all="ignore"):
        return Jacobian(trace, layer, activation.jacobian(trace.a(layer)))
