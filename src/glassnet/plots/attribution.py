"""Attribution: which images pushed a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Array, Images, Labels
from glassnet.document import number
from glassnet.errors import GlassnetError
from glassnet.plots.canvas import BLUE, RED, as_picture, bare, new_figure

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
        count: images a row, at most.
    """
    nudges = np.asarray(nudges)
    if not 1 <= count <= 10:
        raise GlassnetError(f"count is {count}: give from 1 to 10 images a row")
    if not len(images) == len(nudges) == len(labels):
        raise GlassnetError(
            f"{len(images)} images, {len(nudges)} nudges and {len(labels)} labels: give as many of each"
        )
    order = np.argsort(nudges, kind="stable")
    up = [i for i in order[::-1] if nudges[i] > 0]
    down = [i for i in order if nudges[i] < 0]
    figure = new_figure(max(1.1 * count, 4.5), 3.7)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left", parse_math=False)
    halves = np.array(figure.subfigures(2, 1))
    for half, chosen, way, color in zip(halves, (up, down), ("up", "down"), (BLUE, RED), strict=True):
        these = ", these the most" if len(chosen) > count else ""
        words = f"{len(chosen):,} of {len(nudges):,} images pushed it {way}{these}"
        half.suptitle(words, fontsize=9, x=0.01, ha="left", color=color)
        grid = half.subplots(1, count, squeeze=False)[0]
        for axes in grid:
            bare(axes)
        for axes, i in zip(grid, chosen, strict=False):
            axes.imshow(as_picture(np.asarray(images[i])), cmap="gray_r")
            nudge = number(float(nudges[i]), 2)
            axes.set_title(f"+{nudge}" if way == "up" else nudge, fontsize=8, pad=3, color=color)
            axes.set_xlabel(class_names[labels[i]], fontsize=8, labelpad=2, parse_math=False)
    return figure
