"""What all figures share: their colors, their bareness, and how they become files."""

from __future__ import annotations

import io
import warnings
from math import ceil, isqrt
from typing import TYPE_CHECKING, Literal

from glassnet.arrays import Images

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, RED = "#2066a8", "#d1652b", "#8c8c8c", "#b2182b"
DIVERGING = "RdBu"  # red below 0, blue above
LARGEST_SHEET = 100  # pictures of neurons or images on one figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file's bytes, the same for the same figure."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # names in other scripts are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that finds the room for its labels by itself."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def sheet(count: int, title: str, side: float = 1.15) -> tuple[Figure, list[Axes]]:
    """A figure with a grid of `count` bare pictures."""
    columns = min(count, max(4, ceil(count**0.5 * 1.3)))
    rows = ceil(count / columns)
    figure = new_figure(max(side * columns, 3.6) + 0.9, side * 1.15 * rows + 0.5)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        bare(axes)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def bare(axes: Axes) -> None:
    """Leave the picture alone: no ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def tidy(axes: Axes, measured: Literal["x", "y"] = "y") -> None:
    """A frame on two sides, and quiet lines across the axis that measures."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=measured, color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def as_picture(image: Images) -> Images:
    """An image as it is, a row of numbers as a square where it fills one, else as a single row."""
    if image.ndim >= 2 and image.size == image.shape[-2] * image.shape[-1]:
        return image.reshape(image.shape[-2:])
    side = isqrt(image.size)
    return image.reshape((side, side) if side * side == image.size else (1, image.size))
