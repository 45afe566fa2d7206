"""Attribution: which images pushed a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Array, Images, Labels
from glassnet.document import number
from glassnet.errors import GlassnetError
from glassnet.plots.canvas import as_pictures, shortened
from glassnet.plots.tiles import Strip, across_for_names, tiles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def attribution(
    images: Images,
    nudges: Array,
    labels: Labels,
    class_names: Sequence[str],
    title: str = "who pushed the weight",
    count: int = 8,
) -> Figure:
    """The images that pushed one weight up most, and those that pushed it down most.

    Args:
        images: (n, …).
        nudges: (n,): −∂C₀/∂w of each image, the way it wants the weight to go.
        labels: (n,): the images' classes.
        class_names: of the labels.
        title: of the figure.
        count: images each way, at most.
    """
    nudges = np.asarray(nudges)
    if not 1 <= count <= 10:
        raise GlassnetError(f"count is {count}: give from 1 to 10 images each way")
    if not len(images) == len(nudges) == len(labels):
        raise GlassnetError(
            f"{len(images)} images, {len(nudges)} nudges and {len(labels)} labels: give as many of each"
        )
    order = np.argsort(nudges, kind="stable")
    up = [i for i in order[::-1] if nudges[i] > 0]
    down = [i for i in order if nudges[i] < 0]
    strips = []
    for chosen, way, sign in ((up, "up", "+"), (down, "down", "")):
        these = ", these the most" if len(chosen) > count else ""
        heading = f"{len(chosen):,} of {len(nudges):,} images pushed it {way}{these}"
        most = np.array(chosen[:count], dtype=np.int64)
        names = [f"{sign}{number(float(nudges[i]), 2)}\n{shortened(class_names[labels[i]])}" for i in most]
        strips.append(
            Strip(
                heading,
                as_pictures(np.asarray(images)[most]),
                names,
                across_for_names(names, most=4),
                images=True,
            )
        )
    return tiles(strips, title)
