"""Pooling's winners, on the maps that they were picked from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.document import symbol
from glassnet.explanation import Winners
from glassnet.plots.canvas import BLUE, GREY, RED
from glassnet.plots.tiles import Marks, Strip, tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, ACROSS = 4, 2  # maps, so large that each dot can be seen


def winners(found: Winners) -> Figure:
    """A dot on each number that won its window; where all were equal, none.

    A blue dot's number raises the cost, a red one's lowers it, a grey one's gets no gradient. The
    numbers themselves are grey, the darker the larger. Of more than four maps, those are drawn that
    the gradient reaches most.
    """
    chosen = np.sort(found.busiest[:MOST])
    all_c, rows, columns = found.places
    real = ~found.all_equal.ravel()  # (maps · down · across,)
    marks = []
    for c in chosen:
        here = real & (all_c == c)
        slopes = found.dC_dx[c][rows[here], columns[here]]
        colors = [BLUE if slope > 0 else RED if slope < 0 else GREY for slope in slopes]
        marks.append(Marks(rows[here], columns[here], colors))
    names = [f"map {c}: {found.all_equal[c].mean():.0%} of windows all equal" for c in chosen]
    a = symbol("a", found.layer - 1)
    strip = Strip(
        f"{a}; on winners a dot: more of it raises (blue) or lowers (red) the cost", found.x[chosen], names,
        ACROSS, a, marks=marks, colors="Greys",
    )  # fmt: skip
    some = f" in {len(chosen)} of {len(found.x):,} maps" if len(chosen) < len(found.x) else ""
    return tiles([strip], f"who won in layer {found.layer}{some}")
