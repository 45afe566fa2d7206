"""One image on its way through the layers: every neuron a circle, the darker the more active.

The drawing's coordinates are inches, so that a circle is round and the text beside it has room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import number, symbol
from glassnet.errors import GlassnetError
from glassnet.layers import Cache
from glassnet.plots.canvas import BLUE, DIVERGING, GREY, ORANGE, as_picture, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_IN_A_COLUMN = 40  # neurons; more are folded into a grid
MOST_COLUMNS = 9  # of more layers, those in the middle are left out
HEIGHT, SIDE = 4.3, 1.9  # of the longest column; of an image or a grid
SIDE_OF_MAPS = 1.7  # of all feature maps of a layer together
WIDTH = 9.0  # of the whole, at most
MARGIN = 0.3
ROOM_FOR_NUMBERS = 0.25  # the smallest circle that its value is written in


@dataclass(frozen=True)
class Column:
    """One layer's activations, row by row of a grid, and the room they take."""

    layer: int
    values: Array  # (n,)
    across: int  # neurons in a row
    cell: float  # the side of each
    is_image: bool
    maps: tuple[int, int, int] | None = None  # how many, and the height and width of each

    @property
    def width(self) -> float:
        """In inches."""
        return self.cell * self.across

    @property
    def height(self) -> float:
        """In inches."""
        return self.cell * ceil(self.values.size / self.across)

    @property
    def scale(self) -> tuple[float, float]:
        """From where to where the colors go."""
        finite = self.values[np.isfinite(self.values)]
        largest = float(np.abs(finite).max(initial=0))
        if finite.min(initial=0) < 0:
            return -largest, largest
        return 0.0, max(1.0, largest)

    def centers(self, left: float, middle: float) -> NDArray[np.float64]:
        """Where the neurons are, shape (n, 2), if the column begins at `left`."""
        row, place = np.divmod(np.arange(self.values.size), self.across)
        top = middle + self.height / 2
        return np.stack([left + (place + 0.5) * self.cell, top - (row + 0.5) * self.cell], axis=1)


def activations(caches: Sequence[Cache], class_names: Sequence[str], label: int | None = None) -> Figure:
    """An image, and what every layer makes of it, up to the answer.

    Neurons are white at 0 and darken up to 1, or to the layer's largest activation if that is more;
    where some are negative, red is below 0 and blue above. What is not finite is orange.

    Args:
        caches: what `Network.forward` returned, a cache a layer; their first row is drawn.
        class_names: a name an output.
        label: the class that is right, if it is known.
    """
    from matplotlib.figure import Figure

    columns = _columns(caches)
    outputs = columns[-1]
    names = [shortened(name) for name in class_names]
    if len(names) != outputs.values.size:
        raise GlassnetError(f"{len(names)} class names for {outputs.values.size} outputs: give one for each")
    listed = outputs.across == 1
    beside = 1.3 + 0.085 * max(map(len, names)) if listed else MARGIN  # for what stands beside the outputs
    gaps, filled = len(columns) - 1, sum(column.width for column in columns)
    least = 0.5 if any(column.maps for column in columns) else 0.25
    gap = min(0.9, max(least, (WIDTH - MARGIN - filled - beside) / gaps))
    title = _title(outputs.values, names, label)
    width = max(MARGIN + filled + gap * gaps + beside, 0.6 + 0.095 * len(title))
    tallest = max(column.height for column in columns)
    height = tallest + 1.35

    # With feature maps it is so wide that it is shown smaller: then letters must be larger.
    wide = max(1.0, width / WIDTH) if any(column.maps for column in columns) else 1.0
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1), frameon=False)
    axes.set(xlim=(0, width), ylim=(0, height), xticks=[], yticks=[])
    axes.text(MARGIN, height - 0.2, title, va="top", fontsize=11 * wide, parse_math=False)
    left, middle = MARGIN, 0.5 + tallest / 2
    for place, column in enumerate(columns):
        _draw(axes, column, left, middle)
        _describe(axes, column, left, middle, column.width + gap, wide)
        if place and column.layer > columns[place - 1].layer + 1 and len(caches) > MOST_COLUMNS:
            axes.text(left - gap / 2, middle, "…", ha="center", va="center", color=GREY)
        left += column.width + gap
    if listed:
        _name_outputs(axes, outputs, outputs.centers(left - gap - outputs.width, middle), names, label)
    return figure


def _columns(caches: Sequence[Cache]) -> list[Column]:
    """The input and the layers, without those in the middle where there are too many."""
    arrays = [caches[0].x[0], *(cache.a[0] for cache in caches)]
    layers = [*range(len(arrays))]
    if len(layers) > MOST_COLUMNS:
        half = MOST_COLUMNS // 2
        layers = [*layers[: half + 1], *layers[-half:]]
    columns: list[Column] = []
    for layer in layers:
        array, values = arrays[layer], arrays[layer].ravel()
        before = arrays[max(0, layer - 1)]
        flattened = array.ndim == 1 and before.ndim > 1 and values.size == before.size
        if flattened and layer < len(caches):  # the same numbers again; outputs are drawn, with their names
            continue
        if array.ndim == 3 and len(array) > 1:
            columns.append(_mosaic(layer, array))
        elif layer == 0 and (array.ndim > 1 or _is_square(values.size)):
            shape = as_picture(array).shape
            columns.append(Column(layer, values, shape[1], SIDE / max(shape), is_image=True))
        elif values.size > MOST_IN_A_COLUMN:
            across = ceil(values.size**0.5)
            columns.append(Column(layer, values, across, SIDE / across, is_image=False))
        else:
            columns.append(Column(layer, values, 1, min(0.32, HEIGHT / values.size), is_image=False))
    return columns


def _is_square(count: int) -> bool:
    """Whether so many inputs look like an image."""
    return count >= 25 and isqrt(count) ** 2 == count


def _mosaic(layer: int, maps: Array) -> Column:
    """Feature maps side by side, as one picture, with a line of zeros between them."""
    count, height, width = maps.shape
    across = ceil((count * height / width) ** 0.5)
    down = ceil(count / across)
    picture = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1), maps.dtype)
    for o, one in enumerate(maps):
        row, column = divmod(o, across)
        top, left = row * (height + 1), column * (width + 1)
        picture[top : top + height, left : left + width] = one
    cell = SIDE_OF_MAPS / max(picture.shape)
    return Column(layer, picture.ravel(), picture.shape[1], cell, True, (count, height, width))


def _draw(axes: Axes, column: Column, left: float, middle: float) -> None:
    import matplotlib
    from matplotlib.collections import EllipseCollection
    from matplotlib.patches import Rectangle

    low, high = column.scale
    colors = DIVERGING if low else "gray_r" if column.is_image and not column.layer else "Blues"
    cmap = matplotlib.colormaps[colors].with_extremes(bad=ORANGE)
    name = symbol("a", column.layer)
    if column.is_image:
        top = middle + column.height / 2
        corners = (left, left + column.width, top - column.height, top)
        picture = column.values.reshape(-1, column.across)
        axes.imshow(picture, cmap=cmap, vmin=low, vmax=high, extent=corners, aspect="auto", label=name)
        frame = Rectangle((left, top - column.height), column.width, column.height)
        frame.set(fill=False, edgecolor=GREY, linewidth=0.7)
        axes.add_patch(frame)
        if column.maps is not None:
            _draw_frames(axes, column, left, top)
        return
    centers = column.centers(left, middle)
    sides = np.full(column.values.size, 0.88 * column.cell)
    circles = EllipseCollection(
        sides, sides, np.zeros_like(sides), units="x", offsets=centers, offset_transform=axes.transData,
        cmap=cmap, edgecolor=GREY, linewidth=0.7 if column.cell > 0.1 else 0.4, label=name,
    )  # fmt: skip
    circles.set_array(np.ma.masked_invalid(column.values))
    circles.set_clim(low, high)
    axes.add_collection(circles)
    if column.cell >= ROOM_FOR_NUMBERS:
        for (along, up), value in zip(centers, column.values, strict=True):
            color = "white" if abs(value) > 0.55 * high else "black"
            axes.text(along, up, _written(float(value)), ha="center", va="center", fontsize=6, color=color)


def _draw_frames(axes: Axes, column: Column, left: float, top: float) -> None:
    """A line around each map."""
    from matplotlib.patches import Rectangle

    assert column.maps is not None
    count, height, width = column.maps
    across = (column.across + 1) // (width + 1)
    for o in range(count):
        row, place = divmod(o, across)
        corner = (left + place * (width + 1) * column.cell, top - (row * (height + 1) + height) * column.cell)
        frame = Rectangle(corner, width * column.cell, height * column.cell)
        frame.set(fill=False, edgecolor=GREY, linewidth=0.4)
        axes.add_patch(frame)


def _describe(axes: Axes, column: Column, left: float, middle: float, room: float, wide: float) -> None:
    """Its symbol above, how many neurons and which scale below."""
    along = left + column.width / 2
    above, below = middle + column.height / 2 + 0.1, middle - column.height / 2 - 0.1
    axes.text(along, above, symbol("a", column.layer), ha="center", va="bottom", fontsize=9 * wide)
    low, high = column.scale
    what = "" if room < 0.75 else " inputs" if column.layer == 0 else " neurons"
    if column.values.size == 1:
        what = what[:-1]
    count = f"{column.values.size:,}{what}" if column.maps is None else "×".join(map(str, column.maps))
    words = f"{count}\n{number(low, 2)} … {number(high, 2)}"
    axes.text(along, below, words, ha="center", va="top", fontsize=7 * wide, color=GREY)


def _name_outputs(
    axes: Axes, column: Column, centers: NDArray[np.float64], names: Sequence[str], label: int | None
) -> None:
    """Beside each output its name, and whether it is the answer and the desired one."""
    answer = int(column.values.argmax())
    for j, ((along, up), value, name) in enumerate(zip(centers, column.values, names, strict=True)):
        words = [name]
        if column.cell < ROOM_FOR_NUMBERS:
            words.append(_written(float(value)))
        if j in (answer, label):
            words.append("◀ desired" if j != answer else "◀ answer ✓" if j == label else "◀ answer")
        axes.text(
            along + 0.5 * column.cell + 0.1,
            up,
            "  ".join(words),
            va="center",
            fontsize=min(9, 65 * column.cell),
            color=ORANGE
            if j == answer and label not in (None, j)
            else BLUE
            if j in (answer, label)
            else "black",
            fontweight="bold" if j in (answer, label) else "normal",
            parse_math=False,
        )


def _title(outputs: Array, names: Sequence[str], label: int | None) -> str:
    answer = int(outputs.argmax())
    said = f"answer: {names[answer]} ({_written(float(outputs[answer]))})"
    if label is None:
        return said
    return f"{said}, as desired" if label == answer else f"{said}, desired: {names[label]}"


def _written(value: float) -> str:
    """A number in the little room of a circle.

    >>> _written(0.973), _written(-12.34), _written(54321.0)
    ('0.97', '−12', '5e4')
    """
    size = abs(value)
    text = f"{value:.2f}" if size < 9.995 else f"{value:.0f}" if size < 999.5 else f"{value:.0e}"
    return text.replace("-", "−").replace("e+0", "e").replace("e+", "e").replace("inf", "∞")
