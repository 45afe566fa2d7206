"""The weights of a conv layer: its filters as small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.errors import GlassnetError
from glassnet.plots.feature_maps import MOST
from glassnet.plots.tiles import Strip, across_for, tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS = 12, 8  # filters and channels, where both are drawn


def filters(weight: Array, title: str = "the filters") -> Figure:
    """Filters as pictures: ink under blue raises z, ink under red lowers it.

    Filters of one channel stand side by side. Else there is a row for each filter, a picture for each
    channel that it looks at; of many, those with the largest weights.

    Args:
        weight: (filters, channels, size, size).
        title: of the figure.
    """
    weight = np.asarray(weight)
    if weight.ndim != 4 or 0 in weight.shape:
        raise GlassnetError(f"weights of shape {weight.shape}: give (filters, channels, size, size)")
    count, channels, size, _ = weight.shape
    lengths = np.nan_to_num(np.square(weight.astype(np.float64))).sum(axis=(2, 3))  # (filters, channels)
    if channels == 1:
        chosen = _largest(lengths[:, 0], MOST)
        names = [str(o) for o in chosen]
        some = f", the {len(chosen)} largest of {count:,}" if len(chosen) < count else ""
        strip = Strip(
            f"{size}×{size} weights each, a picture a filter{some}", weight[chosen, 0], names,
            across_for(len(chosen)), "weight", signed=True,
        )  # fmt: skip
        return tiles([strip], title)
    chosen, columns = _largest(lengths.sum(axis=1), ROWS), _largest(lengths.sum(axis=0), COLUMNS)
    rows, across = (
        f"{len(some)} of {of:,} {what}" if len(some) < of else what
        for some, of, what in ((chosen, count, "filters"), (columns, channels, "channels"))
    )
    largest = ", the largest" if rows + across != "filterschannels" else ""
    strip = Strip(
        f"rows: {rows}, columns: {across}{largest}",
        weight[np.ix_(chosen, columns)].reshape(-1, size, size),
        [str(c) for _ in chosen for c in columns],
        len(columns), "weight", signed=True, rows=[str(o) for o in chosen],
    )  # fmt: skip
    return tiles([strip], title)


def _largest(lengths: Array, count: int) -> NDArray[np.int64]:
    """The places of the largest ones, in order."""
    return np.sort(np.argsort(-lengths, kind="stable")[:count])
