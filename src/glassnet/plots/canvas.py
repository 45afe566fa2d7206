"""What all figures share: their colors, their bareness, and how they become files."""

from __future__ import annotations

import io
import warnings
from math import isqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.arrays import Images

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, RED = "#2066a8", "#d1652b", "#8c8c8c", "#b2182b"
DIVERGING = "RdBu"  # red below 0, blue above
LARGEST_SHEET = 100  # pictures of neurons or images on one figure
LONGEST_NAME = 16  # characters of a class


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


def as_pictures(images: Images) -> Images:
    """The same of many, shape (n, height, width).

    >>> as_pictures(np.zeros((5, 784))).shape, as_pictures(np.zeros((0, 7))).shape
    ((5, 28, 28), (0, 1, 7))
    """
    return images.reshape(len(images), *as_picture(np.empty(images.shape[1:])).shape)


def shortened(name: str) -> str:
    """The name of a class, cut where it is long.

    >>> shortened("trouser"), shortened("hippopotamus amphibius")
    ('trouser', 'hippopotamus am…')
    """
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
