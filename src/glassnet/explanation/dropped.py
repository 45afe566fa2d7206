"""What dropout switched off, where an image is shown as training saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import Block, Cell, Paragraph, Pixels, Shown, Table, number, symbol
from glassnet.explanation.trace import Trace

LISTED = 24  # neurons by their numbers, at most


@dataclass(frozen=True, repr=False, eq=False)
class Dropped(Shown):
    """What one dropout layer switched off for this image in one epoch of training; else nothing."""

    trace: Trace
    layer: int
    rate: float  # the probability with which each number is switched off

    @property
    def mask(self) -> Array | None:
        """0 or 1/(1 − rate) for each number, in the layer's shape; None where nothing was drawn."""
        mask = self.trace.params[self.layer - 1].get("mask")
        return None if mask is None else mask[0]

    @property
    def x(self) -> Array:
        """What came in, in the layer's shape."""
        return self.trace.chain.caches[self.layer - 1].x[0]

    @property
    def off(self) -> NDArray[np.int64]:
        """The numbers that are switched off, counted through."""
        return np.flatnonzero(self.mask == 0) if self.mask is not None else np.zeros(0, np.int64)

    def blocks(self) -> Sequence[Block]:
        x, mask, rate = self.x, self.mask, number(self.rate)
        if mask is None:
            return [
                Paragraph(
                    f"Dropout (layer {self.layer}) switches numbers off in training alone, each with the "
                    f"probability {rate}, anew for every image and epoch. Here the network answers, and all "
                    f"{x.size:,} numbers go on as they are; an epoch's draw shows which were off in it."
                )
            ]
        off = self.off
        rows: list[Sequence[Cell]] = [
            ("switched off", f"{off.size:,}", f"{off.size / mask.size:.0%}", _norm(x[mask == 0])),
            ("go on", f"{mask.size - off.size:,}", f"{1 - off.size / mask.size:.0%}", _norm(x[mask != 0])),
        ]
        a = symbol("a", self.layer - 1)
        blocks: list[Block] = [
            Paragraph(
                f"In this epoch of training, dropout (layer {self.layer}) switched off {off.size:,} of this "
                f"image's {mask.size:,} numbers; each was in danger with the probability {rate}. Those left "
                f"are multiplied by {number(1 / (1 - self.rate))}, so that sums stay as large on average. "
                "What is off has no say, and gets no gradient."
            ),
            Table(("", "numbers", "share", f"`‖{a}‖` of them"), rows),
        ]
        if mask.ndim == 1:
            which = ", ".join(map(str, off[:LISTED])) + (" …" if off.size > LISTED else "")
            on = self.folded((mask != 0).astype(np.float64), 0.0)
            blocks.append(Pixels(on, f"white goes on, black is off: {which or 'none'}"))
        return blocks

    def folded(self, row: Array, fill: float) -> Array:
        """The layer's numbers in rows of a picture; `fill` stands where none is left."""
        across = int(np.ceil(np.sqrt(2 * row.size))) if row.size > LISTED else row.size
        return np.pad(row, (0, -row.size % across), constant_values=fill).reshape(-1, across)


def dropped(trace: Trace, layer: int) -> Dropped:
    """What a dropout layer switched off.

    Raises:
        GlassnetError: the layer switches nothing off.
    """
    return Dropped(trace, layer, trace.page_with("dropped", layer, "switches nothing off").own.rate)


def _norm(values: Array) -> float:
    return float(np.linalg.norm(values.astype(np.float64)))
