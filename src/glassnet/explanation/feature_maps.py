"""Feature maps: what each filter of a layer answered, place by place over the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import Bar, Block, Cell, Paragraph, Shown, Table, largest, symbol
from glassnet.errors import GlassnetError
from glassnet.explanation.trace import Trace

SHOWN = 24  # maps in the table, at most


@dataclass(frozen=True, repr=False, eq=False)
class FeatureMaps(Shown):
    """The answers of a layer that keeps the image: one map a filter, or a channel where there are none."""

    trace: Trace
    layer: int

    @property
    def z(self) -> Array:
        """The weighted sums, shape (maps, down, across)."""
        return self.trace.chain.caches[self.layer - 1].z[0]

    @property
    def a(self) -> Array:
        """The activations, shape (maps, down, across)."""
        return self.trace.chain.caches[self.layer - 1].a[0]

    @cached_property
    def peaks(self) -> NDArray[np.int64]:
        """Row and column of each map's largest activation, shape (maps, 2)."""
        rows = np.where(np.isfinite(self.a), self.a, -np.inf).reshape(len(self.a), -1)
        return np.stack(np.unravel_index(rows.argmax(axis=1), self.a.shape[1:]), axis=1)

    @property
    def positive(self) -> Array:
        """The share of each map's places where z > 0, shape (maps,)."""
        with np.errstate(invalid="ignore"):
            return (self.z > 0).mean(axis=(1, 2))

    @property
    def strongest(self) -> NDArray[np.int64]:
        """The maps in the order of their largest activation."""
        tops = np.where(np.isfinite(self.a), self.a, -np.inf).max(axis=(1, 2))
        return np.argsort(-tops, kind="stable")

    @property
    def unit(self) -> str:
        """What makes a map: a filter, or a channel that is passed on."""
        return self.trace.page(self.layer).unit

    def blocks(self) -> Sequence[Block]:
        maps, down, across = self.a.shape
        chosen = np.sort(self.strongest[:SHOWN])
        tops = np.array([self.a[o, *self.peaks[o]] for o in chosen])
        most = largest(tops)
        rows: list[Sequence[Cell]] = [
            (
                str(o),
                Bar(float(top), most),
                f"{self.peaks[o, 0]}, {self.peaks[o, 1]}",
                float(self.a[o].mean()),
                f"{self.positive[o]:.0%}",
            )
            for o, top in zip(chosen, tops, strict=True)
        ]
        name = symbol("a", self.layer)
        some = f"; the {len(chosen)} of {maps:,} with the largest answers" if len(chosen) < maps else ""
        own = self.trace.page(self.layer).a_map
        return [
            Paragraph(
                f"Layer {self.layer} answers with {maps:,} map{'s' if maps > 1 else ''} of {down}×{across} "
                f"places, {own}."
            ),
            Table(
                (self.unit, f"largest `{name}`", "at", "mean", "`z > 0`"),
                rows,
                f"`{name}`: the largest, at its row and column; the mean; and at how many places "
                f"`z > 0`{some}",
            ),
        ]


def feature_maps(trace: Trace, layer: int) -> FeatureMaps:
    """The maps of layer 1 … L.

    Raises:
        GlassnetError: there is no such layer, or what it makes is no image.
    """
    own = trace.layer_at(layer)
    if len(trace.network.output_shapes[layer - 1]) != 3:
        keep = [i for i, shape in enumerate(trace.network.output_shapes, 1) if len(shape) == 3]
        which = f"those with maps are {', '.join(map(str, keep))}" if keep else "no layer has maps"
        raise GlassnetError(f"layer {layer} ({own.kind}) makes a row of numbers, no feature maps: {which}")
    return FeatureMaps(trace, layer)
