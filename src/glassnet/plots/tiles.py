"""Many small pictures on one figure, narrow enough for a phone: rows of tiles under headings.

The drawing's coordinates are inches. All tiles of a strip share one scale of colors.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import largest, number
from glassnet.plots.canvas import DIVERGING, LARGEST_SHEET, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

WIDTH = 5.2  # of the whole figure
MARGIN, GAP = 0.12, 0.1  # at its edges; between two tiles
NAME, HEADING, BAR = 0.2, 0.3, 0.38  # room above a tile, above a strip, and below it for the color bar
LINE = 0.14  # of a name, where it has more than one
TITLE, SIZE_OF_NAMES = 10.5, 8.5  # points
LARGEST_TILE, LARGEST_OF_ROWS = 2.4, 0.6
FRAME, NAMES = "#c8c8c8", "#555555"


class Box(NamedTuple):
    """Where a picture is drawn."""

    left: float
    top: float
    wide: float
    tall: float


class Scale(NamedTuple):
    """From where to where the colors go, and which they are."""

    low: float
    high: float
    colors: str


class Marks(NamedTuple):
    """Dots on a tile, at rows and columns of its picture."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    colors: Sequence[str]


@dataclass(frozen=True)
class Strip:
    """Tiles of one kind, in the order of reading."""

    heading: str
    pictures: Array  # (n, height, width)
    names: Sequence[str]
    across: int  # tiles in a row
    label: str = ""  # of the color bar; none without it
    signed: bool = False  # whether 0 is in the middle of the colors, even if nothing is below it
    marks: Sequence[Marks] = field(default=())
    colors: str = ""  # of numbers that are 0 or more, where not blue
    rows: Sequence[str] = ()  # names of the rows; then those of the first row name the columns
    images: bool = False  # as they are seen: in shades of grey, from the smallest number to the largest

    @property
    def tile(self) -> tuple[float, float]:
        """Width and height of a tile, in inches."""
        _, height, width = self.pictures.shape
        room = (WIDTH - 2 * MARGIN - self.before - GAP * (self.across - 1)) / self.across
        side = min(room, LARGEST_OF_ROWS if self.rows else LARGEST_TILE)
        return side, side * shape_of(height, width)

    @property
    def height(self) -> float:
        """Of all its rows, with what stands above and below."""
        rows = ceil(len(self.pictures) / self.across)
        below = (BAR if self.label else 0) + NAME
        return HEADING + self.above + rows * self.tile[1] + max(0, rows - 1) * self.between + below

    @property
    def above(self) -> float:
        """Room for the name of a tile."""
        return NAME + LINE * max((name.count("\n") for name in self.names), default=0)

    @property
    def before(self) -> float:
        """Room for the names of rows."""
        return 0.1 + 0.07 * max(map(len, self.rows)) if self.rows else 0.0

    @property
    def between(self) -> float:
        """Room from one row of tiles to the next."""
        return GAP if self.rows else self.above + 0.04


def shape_of(height: int, width: int) -> float:
    """Height by width of a picture; very flat or tall ones are stretched, so that they can be seen."""
    return min(2.0, max(0.15, height / width))


def across_for(count: int) -> int:
    """How many tiles stand in a row.

    >>> [across_for(count) for count in (1, 3, 8, 20, 40, 64, 100)]
    [2, 3, 4, 5, 8, 8, 10]
    """
    limits = ((2, 2), (3, 3), (4, 16), (5, 20), (6, 30), (8, 64), (10, LARGEST_SHEET))
    return next(across for across, most in limits if count <= most)


def across_for_names(names: Sequence[str], most: int) -> int:
    """How many tiles stand in a row so that their names keep apart: `most`, or fewer where names are long."""
    lines = {line for name in names for line in name.split("\n")}
    longest = max((width_of(line, SIZE_OF_NAMES) for line in lines), default=0.0)
    return min(most, max(1, int((WIDTH - 2 * MARGIN + GAP) / (longest + GAP))))


def width_of(line: str, size: float) -> float:
    """Of a line in letters of so many points, in inches; a little more, as they are set to whole pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with warnings.catch_warnings():  # letters of other scripts are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        font = FontProperties(size=size)
        width, _, _ = text_to_path.get_text_width_height_descent(line, font, ismath=False)
    return 1.07 * float(width) / 72


def wrapped(title: str) -> list[str]:
    """The title in as many lines as its words need."""
    lines = [""]
    for word in title.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width_of(longer, TITLE) > WIDTH - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def scale_of(values: Array, signed: bool = False) -> Scale:
    """Red and blue around 0 where there are negative numbers; else from white to blue."""
    limit = largest(values) or 1.0
    if signed or bool((values[np.isfinite(values)] < 0).any()):
        return Scale(-limit, limit, DIVERGING)
    return Scale(0.0, limit, "Blues")


def scale_of_images(images: Array) -> Scale:
    """From white at 0, or at the smallest number if that is less, to black at the largest."""
    finite = images[np.isfinite(images)]
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    return Scale(low, high if high > low else low + 1, "gray_r")


def inches(height: float, title: str) -> tuple[Figure, Axes]:
    """An empty figure, and axes all over it whose coordinates are inches.

    A title that takes more than one line makes the figure higher; below, nothing moves.
    """
    from matplotlib.figure import Figure

    lines = wrapped(title)
    height += 1.25 * TITLE / 72 * (len(lines) - 1)
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1), frameon=False)
    axes.set(xlim=(0, WIDTH), ylim=(0, height), xticks=[], yticks=[], autoscale_on=False)
    axes.text(
        MARGIN,
        height - MARGIN,
        "\n".join(lines),
        va="top",
        fontsize=TITLE,
        linespacing=1.25,
        parse_math=False,
    )
    return figure, axes


def tiles(strips: Sequence[Strip], title: str) -> Figure:
    """The strips below each other."""
    height = HEADING + sum(strip.height for strip in strips)
    figure, axes = inches(height, title)
    top = height - HEADING
    for strip in strips:
        _draw(axes, strip, top)
        top -= strip.height
    return figure


def draw_picture(axes: Axes, picture: Array, box: Box, scale: Scale, name: str = "") -> AxesImage:
    """A picture that fills the box; what is no number is orange."""
    import matplotlib

    cmap = matplotlib.colormaps[scale.colors].with_extremes(bad=ORANGE)
    limits = axes.get_xlim(), axes.get_ylim()
    image = axes.imshow(
        picture, cmap=cmap, vmin=scale.low, vmax=scale.high, aspect="auto", interpolation="nearest",
        extent=(box.left, box.left + box.wide, box.top - box.tall, box.top), label=name,
    )  # fmt: skip
    axes.set(xlim=limits[0], ylim=limits[1])  # which imshow moves
    return image


def draw_frame(axes: Axes, box: Box, name: str = "", color: str = FRAME, style: str = "-") -> None:
    """Lines around the box, and a name above it."""
    from matplotlib.patches import Rectangle

    frame = Rectangle((box.left, box.top - box.tall), box.wide, box.tall)
    frame.set(fill=False, edgecolor=color, linestyle=style, linewidth=0.7)
    axes.add_patch(frame)
    axes.text(
        box.left, box.top + 0.03, name, va="bottom", fontsize=SIZE_OF_NAMES, color=NAMES, parse_math=False
    )


def color_bar(axes: Axes, image: AxesImage, left: float, top: float, wide: float, label: str = "") -> None:
    """A bar below `top`, with what it measures to the right of it."""
    figure = axes.figure
    assert figure is not None
    bar_axes = axes.inset_axes((left, top - 0.17, wide, 0.09), transform=axes.transData)
    bar = figure.colorbar(image, cax=bar_axes, orientation="horizontal")
    low, high = image.get_clim()
    ticks = [low, 0.0, high] if low < 0 else [0.0, high]
    bar.set_ticks(ticks, labels=[number(tick, 3) for tick in ticks])
    bar.outline.set_visible(False)
    bar_axes.tick_params(labelsize=8.5, length=2)
    labels = bar_axes.get_xticklabels()  # which stay within the bar
    labels[0].set_horizontalalignment("left")
    labels[-1].set_horizontalalignment("right")
    axes.text(left + wide + 0.1, top - 0.13, label, va="center", fontsize=9, parse_math=False)


def _draw(axes: Axes, strip: Strip, top: float) -> None:
    wide, tall = strip.tile
    scale = scale_of_images(strip.pictures) if strip.images else scale_of(strip.pictures, strip.signed)
    if strip.colors and scale.low == 0:
        scale = scale._replace(colors=strip.colors)
    axes.text(MARGIN, top - 0.07, strip.heading, va="top", fontsize=9.5, parse_math=False)
    for place, (picture, name) in enumerate(zip(strip.pictures, strip.names, strict=True)):
        row, column = divmod(place, strip.across)
        upper = top - HEADING - strip.above - row * (tall + strip.between)
        box = Box(MARGIN + strip.before + column * (wide + GAP), upper, wide, tall)
        image = draw_picture(axes, picture, box, scale, name)
        draw_frame(axes, box, "" if row and strip.rows else name)
        if strip.rows and not column:
            axes.text(
                box.left - 0.07, upper - tall / 2, strip.rows[row], ha="right", va="center", fontsize=8.5,
                color=NAMES,
            )  # fmt: skip
        if strip.marks:
            _mark(axes, strip.marks[place], picture, box)
    if strip.label:
        color_bar(axes, image, MARGIN, upper - tall, (WIDTH - 2 * MARGIN) / 2, strip.label)


def _mark(axes: Axes, marks: Marks, picture: Array, box: Box) -> None:
    height, width = picture.shape
    across, down = box.wide / width, box.tall / height  # of a number
    size = (0.55 * 72 * min(across, down)) ** 2  # of a dot, in points²
    along, up = box.left + (marks.columns + 0.5) * across, box.top - (marks.rows + 0.5) * down
    axes.scatter(along, up, s=size, c=list(marks.colors), linewidths=0)
