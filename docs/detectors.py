"""Edge and corner detectors, set by hand: the numbers and pictures of detectors.md.

    python docs/detectors.py [FOLDER]

Prints what the page shows, and draws its pictures into the folder (docs/images).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import glassnet as gn
from glassnet.plots.canvas import DIVERGING, GREY, bare, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two filters

digits = gn.load("digits")
images = digits.test.images[[9, 46, 18]]  # a 0, a 1 and a 5

horizontal = np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]])  # ink below minus ink above
vertical = horizontal.T  # ink on the right minus ink on the left

parameters = {
    "1.weight": np.array([horizontal, vertical])[:, None],  # (filters 2, channels 1, 3, 3)
    "1.bias": np.zeros(2),
}
layers = [gn.Conv(2, size=3, padding=1, activation="linear"), gn.Flatten()]
edges = gn.Network(layers, (1, 28, 28), parameters=parameters)

_, caches = edges.forward(edges.inputs(images))
maps = caches[0].a  # (digits 3, filters 2, 28, 28)

x = edges.inputs(images)[0, 0]  # the 0
row, column = np.unravel_index(maps[0, 1].argmax(), (28, 28))
patch = x[row - 1 : row + 2, column - 1 : column + 2]
print(f"the strongest left edge of the 0 is at row {row}, column {column}, where the filter sees")
print(patch.round(2))
print(f"Σ weight · ink = {(vertical * patch).sum():.3f}, and in the map stands {maps[0, 1, row, column]:.3f}")

# Four detectors, and corners

four = np.array([horizontal, -horizontal, vertical, -vertical])  # upper, lower, left and right edges

right = np.array([[0.0, 0, 0], [0, 1, 1], [0, 0, 0]])  # here, and one place to the right
left, down = right[:, ::-1], right.T
up = down[::-1]
corners = np.zeros((4, 4, 3, 3))  # (corners, edges, 3, 3)
corners[0, 0], corners[0, 2] = right, down  # upper left: an upper edge goes right, a left edge goes down
corners[1, 0], corners[1, 3] = left, down  # upper right
corners[2, 1], corners[2, 2] = right, up  # lower left
corners[3, 1], corners[3, 3] = left, up  # lower right

parameters = {
    "1.weight": 6 * four[:, None],
    "1.bias": np.full(4, -6.0),  # z = 6 · (edge − 1): active where an edge is stronger than 1
    "3.weight": 8 * corners,
    "3.bias": np.full(4, -20.0),  # z = 8 · (pieces − 2.5): active where 3 of 4 pieces of edge are there
}
layers = [gn.Conv(4, 3, padding=1), gn.MaxPool(2), gn.Conv(4, 3, padding=1), gn.Flatten()]
detector = gn.Network(layers, (1, 28, 28), parameters=parameters)

_, (found_edges, pooled, found_corners, _) = detector.forward(detector.inputs(images))
names = ("upper left", "upper right", "lower left", "lower right")
print("corners       0  1  5")
for name, places in zip(names, (found_corners.a > 0.5).sum(axis=(2, 3)).T, strict=True):
    print(f"{name:<12}", *(f"{count:2}" for count in places))
print(f"{detector.parameter_count} parameters")


# The pictures


def draw_filter(axes: Axes, picture: Any, name: str = "", numbers: bool = True) -> None:
    """A filter's weights as squares, their values on them, a name on the left."""
    axes.imshow(picture, cmap=DIVERGING, vmin=-1.6, vmax=1.6)
    for (i, j), weight in np.ndenumerate(picture):
        if numbers:
            value = f"{weight:+.0f}".replace("-", "−") if weight else "0"
            axes.text(j, i, value, ha="center", va="center", fontsize=9)
    bare(axes)
    axes.spines[:].set(visible=True, color="#c8c8c8")
    axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10, labelpad=8)


def draw_digits(row: Any) -> None:
    """The digits themselves, above the columns of what is found in them."""
    for axes, image in zip(row, images, strict=True):
        axes.imshow(image, cmap="gray_r")
        bare(axes)


def edges_picture() -> Figure:
    """The two filters, and their maps below the digits."""
    figure = new_figure(7.4, 5.4)
    grid = figure.subplots(3, 4, width_ratios=[0.55, 1, 1, 1])
    grid[0, 0].set_visible(False)
    draw_digits(grid[0, 1:])
    for i, name in enumerate(("horizontal\nedges", "vertical\nedges")):
        draw_filter(grid[1 + i, 0], (horizontal, vertical)[i], name)
        for axes, of_digit in zip(grid[1 + i, 1:], maps, strict=True):
            shown = axes.imshow(of_digit[i], cmap=DIVERGING, vmin=-3, vmax=3)
            bare(axes)
    figure.colorbar(shown, ax=grid[1:, :], shrink=0.8, aspect=24, label="Σ weight · ink")
    return figure


def four_edges_picture() -> Figure:
    """Where the four detectors of edges are active."""
    figure = new_figure(6.6, 7.6)
    grid = figure.subplots(5, 4, width_ratios=[0.55, 1, 1, 1])
    grid[0, 0].set_visible(False)
    draw_digits(grid[0, 1:])
    for i, name in enumerate(("upper\nedge", "lower\nedge", "left\nedge", "right\nedge")):
        draw_filter(grid[1 + i, 0], four[i], name)
        for axes, of_digit in zip(grid[1 + i, 1:], found_edges.a, strict=True):
            shown = axes.imshow(of_digit[i], cmap="Blues", vmin=0, vmax=1)
            bare(axes)
    figure.colorbar(shown, ax=grid[1:, :], shrink=0.5, aspect=24, label="activation")
    return figure


def corners_picture() -> Figure:
    """The four detectors of corners, and where they are active on the digits."""
    figure = new_figure(8.2, 7.4)
    grid = figure.subplots(4, 5, width_ratios=[0.5, 0.5, 1, 1, 1])
    edge_names = ("upper edge", "lower edge", "left edge", "right edge")
    for i, name in enumerate(names):
        heard = np.flatnonzero(corners[i].any(axis=(1, 2)))  # two of the four edges
        for axes, edge in zip(grid[i, :2], heard, strict=True):
            draw_filter(axes, corners[i, edge], numbers=False)
            axes.set_title(edge_names[edge], fontsize=8, color=GREY, pad=3)
        grid[i, 0].set_ylabel(name.replace(" ", "\n"), rotation=0, ha="right", va="center", labelpad=8)
        for axes, image, of_digit in zip(grid[i, 2:], images, found_corners.a, strict=True):
            axes.imshow(image, cmap="gray_r", vmax=600)
            active = np.kron(of_digit[i], np.ones((2, 2)))  # each place after the pool is 2×2 pixels
            axes.imshow(np.zeros((28, 28)), cmap="Blues", vmin=-1, vmax=0, alpha=active)
            bare(axes)
            axes.spines[:].set(visible=True, color="#e6e6e6")
    return figure


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
    pictures = {"edges": edges_picture, "four_edges": four_edges_picture, "corners": corners_picture}
    for name, draw in pictures.items():
        (folder / f"{name}.png").write_bytes(png(draw()))


if __name__ == "__main__":
    main()
