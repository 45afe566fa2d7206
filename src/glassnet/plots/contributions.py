"""Heat maps over an image: what each pixel adds to a neuron's z, and how the cost depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Array, Images
from glassnet.document import number
from glassnet.errors import GlassnetError
from glassnet.plots.canvas import DIVERGING, GREY, LARGEST_SHEET, as_picture, bare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

ACROSS = 4  # neurons in a row
WIDTH, GAP = 8.7, 0.15  # inches: of all pictures, at most, and between two
ABOVE, BELOW = 0.25, 0.4  # a picture: room for its title, for its color bar


def contributions(
    image: Images,
    contributions: Array,
    dC_dx: Array,
    titles: Sequence[str] | None = None,
    *,
    title: str = "what each pixel adds to a neuron's z, and where ink would raise the cost",
    common_scale: bool = True,
) -> Figure:
    """The image, a·w for some neurons of the first layer, and ∂C₀/∂a⁽⁰⁾, pixel by pixel.

    Blue is positive, red negative, white 0. ∂C₀/∂a⁽⁰⁾ has a scale of its own.

    Args:
        image: (height, width) or (n_in,).
        contributions: (neurons, n_in): a·w.
        dC_dx: (n_in,): ∂C₀/∂a⁽⁰⁾.
        titles: of the neurons.
        title: of the figure.
        common_scale: one scale for all neurons; else each has its own.
    """
    from matplotlib.figure import Figure

    picture = as_picture(np.asarray(image))  # (height, width)
    slopes = np.asarray(dC_dx).ravel()  # (n_in,)
    if not 1 <= len(contributions) <= LARGEST_SHEET:
        raise GlassnetError(
            f"contributions to {len(contributions)} neurons: give those to 1 to {LARGEST_SHEET}"
        )
    rows = np.asarray(contributions).reshape(len(contributions), -1)  # (neurons, n_in)
    names = [f"neuron {j}" for j in range(len(rows))] if titles is None else list(titles)
    if {rows.shape[1], slopes.size} != {picture.size} or len(names) != len(rows):
        raise GlassnetError(
            f"an image of {picture.size} numbers, contributions {rows.shape}, {slopes.size} derivatives and "
            f"{len(names)} titles: give a number for each pixel, and a title for each neuron"
        )
    across = min(len(rows), ACROSS)
    down = ceil(len(rows) / across)
    side = min(2.0, WIDTH / (across + 2) - GAP)
    tall = side * min(2.0, max(0.2, picture.shape[0] / picture.shape[1]))
    between = ABOVE if common_scale else ABOVE + BELOW
    width, height = (across + 2) * (side + GAP) + GAP, down * (tall + between) + 0.35 + 1.4 * BELOW
    figure = Figure(figsize=(width, height))
    figure.text(GAP / width, 1 - 0.12 / height, title, va="top", fontsize=10, parse_math=False)
    top = height - 0.35 - ABOVE
    grid = figure.add_gridspec(
        down, across + 2, left=GAP / width, right=1 - GAP / width, wspace=GAP / side, hspace=between / tall,
        top=top / height, bottom=(top - down * tall - (down - 1) * between) / height,
    )  # fmt: skip

    first = _panel(figure.add_subplot(grid[0, 0]), "the image")
    first.imshow(picture, cmap="gray_r", aspect="auto")
    heats = []
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        axes = _panel(figure.add_subplot(grid[place // across, 1 + place % across]), name)
        heats.append(_heat(axes, row.reshape(picture.shape), rows if common_scale else row))
    last = _panel(figure.add_subplot(grid[0, across + 1]), "∂C₀/∂a⁽⁰⁾")
    _color_bar(figure, _heat(last, slopes.reshape(picture.shape), slopes), tall)
    for heat in heats if not common_scale else []:
        _color_bar(figure, heat, tall)
    if common_scale:  # one, below the last row's first two
        _color_bar(figure, heats[(down - 1) * across], tall, 2 + GAP / side if across > 1 else 1.0, "a·w")
    return figure


def _panel(axes: Axes, name: str) -> Axes:
    bare(axes)
    axes.set_title(name, fontsize=8, pad=3, parse_math=False)
    return axes


def _heat(axes: Axes, picture: Array, scaled_by: Array) -> AxesImage:
    """Red below 0, blue above, grey where there is no number."""
    import matplotlib

    limit = float(np.abs(scaled_by[np.isfinite(scaled_by)]).max(initial=0)) or 1.0
    cmap = matplotlib.colormaps[DIVERGING].with_extremes(bad=GREY)
    return axes.imshow(picture, cmap=cmap, vmin=-limit, vmax=limit, aspect="auto")


def _color_bar(figure: Figure, heat: AxesImage, tall: float, wide: float = 1.0, label: str = "") -> None:
    """Below the picture, which is `tall` inches high; as wide as so many pictures."""
    axes = heat.axes.inset_axes((0, -0.15 / tall, wide, 0.08 / tall))
    bar = figure.colorbar(heat, cax=axes, orientation="horizontal")
    _, limit = heat.get_clim()
    ticks = [-limit, 0.0, limit]
    bar.set_ticks(ticks, labels=[number(tick, 2) for tick in ticks])
    bar.set_label(label, fontsize=8, labelpad=1)
    bar.outline.set_visible(False)
    axes.tick_params(labelsize=7, length=2)
    first, _, last = axes.get_xticklabels()  # which shall keep apart from the neighbours'
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
