"""What dropout switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.document import symbol
from glassnet.errors import GlassnetError
from glassnet.explanation import Dropped
from glassnet.plots.feature_maps import MOST
from glassnet.plots.tiles import Strip, across_for, tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def dropped(found: Dropped) -> Figure:
    """The activations that came in, the switched off ones crossed out in orange."""
    if found.mask is None:
        raise GlassnetError(
            f"nothing is switched off in layer {found.layer}: explain the image as training saw it, draw=…"
        )
    a = symbol("a", found.layer - 1)
    left = np.where(found.mask != 0, found.x, np.nan)
    if left.ndim == 3:
        pictures, names = left[:MOST], [str(c) for c in range(min(MOST, len(left)))]
    else:
        pictures, names = found.folded(left, np.nan)[None], [""]
    across = across_for(len(pictures)) if left.ndim == 3 else 1
    heading = f"{a} as it came in; orange: switched off"
    strip = Strip(heading, pictures, names, across, a)
    return tiles([strip], f"what dropout switched off in layer {found.layer}")
