"""What each filter of a layer answered, as maps over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.document import symbol
from glassnet.explanation import FeatureMaps
from glassnet.plots.tiles import Strip, across_for, tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 64  # maps


def feature_maps(maps: FeatureMaps) -> Figure:
    """The maps of one layer: z, red below 0 and blue above, and a; each kind on one scale of its own.

    Where the layer has no activation function, a is z, and is drawn alone. Of more than 64 maps, those
    with the largest activations are drawn.
    """
    chosen = np.sort(maps.strongest[:MOST])
    names = [str(o) for o in chosen]
    across = across_for(len(chosen))
    z, a = symbol("z", maps.layer), symbol("a", maps.layer)
    strips = [Strip(f"activations {a}", maps.a[chosen], names, across, a)]
    if not np.array_equal(maps.z, maps.a, equal_nan=True):
        heading = f"weighted sums {z}: blue above 0, red below"
        strips = [Strip(heading, maps.z[chosen], names, across, z, signed=True), *strips]
    some = f", the {MOST} strongest of {len(maps.a):,}" if len(maps.a) > MOST else ""
    return tiles(strips, f"the feature maps of layer {maps.layer}, one a {maps.unit}{some}")
