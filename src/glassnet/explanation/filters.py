"""A filter as numbers: its weights, and how the cost of this image changes with each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import Block, Equation, Paragraph, Shown, Table, grid, number, partial, symbol
from glassnet.errors import GlassnetError
from glassnet.explanation.parameter import is_index
from glassnet.explanation.trace import Trace
from glassnet.layers import Conv

SHOWN = 3  # channels whose numbers are listed; of more than that, those of the strongest alone


@dataclass(frozen=True, repr=False, eq=False)
class Filter(Shown):
    """One filter of a conv layer: a small square of weights for each channel that it looks at, and a bias."""

    trace: Trace
    layer: int
    o: int

    @property
    def weights(self) -> Array:
        """Shape (channels, size, size)."""
        return self.trace.params[self.layer - 1]["weight"][self.o]

    @property
    def bias(self) -> float:
        """What is added at every place."""
        return float(self.trace.params[self.layer - 1]["bias"][self.o])

    @property
    def gradient(self) -> Array:
        """∂C₀/∂w of each weight, the sum over all places: shape (channels, size, size)."""
        return self.trace.used.parameters[f"{self.layer}.weight"][self.o]

    @property
    def strongest(self) -> NDArray[np.int64]:
        """The channels in the order of ‖w‖."""
        sizes = np.nan_to_num(np.square(self.weights.astype(np.float64))).sum(axis=(1, 2))
        return np.argsort(-sizes, kind="stable")

    def blocks(self) -> Sequence[Block]:
        channels, size, _ = self.weights.shape
        layer, o = self.layer, self.o
        blocks: list[Block] = [
            Paragraph(
                f"Filter {o} of layer {layer} has {self.weights.size:,} weights, {size}×{size} for "
                f"{'the only channel' if channels == 1 else f'each of {channels:,} channels'}, and the bias "
                f"`{symbol('b', layer, o)} = {number(self.bias)}`. All places of the image share them."
            ),
            Equation(
                f"{symbol('z', layer, o)} = Σ {symbol('w', layer, o)} · {symbol('a', layer - 1)}"
                f" + {symbol('b', layer, o)}",
                f"at each place: the sum over {'' if channels == 1 else 'the channels and '}the "
                f"{size}×{size} numbers that the filter lies on",
            ),
        ]
        chosen = range(channels) if channels <= SHOWN else self.strongest[:1]
        for c in chosen:
            w = symbol("w", layer, o, int(c), "i", "j")
            which = "" if channels == 1 else f" for channel {c}"
            if channels > SHOWN:
                which += ", where they are largest"
            blocks += [
                Paragraph(f"Its weights `{w}`{which}, row `i` and column `j`, and the slopes of the cost:"),
                _square(self.weights[c], f"`{symbol('w', None)}`"),
                _square(self.gradient[c], f"`{partial('C₀', 'w')}`"),
            ]
        return blocks


def filter_of(trace: Trace, layer: int, o: int) -> Filter:
    """Filter o of a conv layer.

    Raises:
        GlassnetError: the layer has no filters, or not that many.
    """
    others = ("with filters", "has filters")
    own: Conv = trace.page_with("filter", layer, "has no filters", others).own
    if not is_index(o, own.filters):
        raise GlassnetError(f"filter {o} of layer {layer}: there are the numbers 0 to {own.filters - 1}")
    return Filter(trace, layer, int(o))


def _square(values: Array, caption: str) -> Table:
    cells, unit = grid(values)
    rows = [(f"{i}", *row) for i, row in enumerate(cells)]
    return Table(("", *map(str, range(values.shape[1]))), rows, f"{caption}{unit}")
