"""Figures. Each function returns a matplotlib Figure; `png` makes a file's bytes of it."""

from __future__ import annotations

import io
from math import ceil, isqrt
from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Images, Labels
from glassnet.errors import GlassnetError
from glassnet.evaluation import Evaluation
from glassnet.network import Network
from glassnet.records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#2066a8", "#d1652b", "#8c8c8c"
LARGEST_SHEET = 100  # pictures of neurons or images on one figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG file's bytes, the same for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def learning_curve(history: list[Record]) -> Figure:
    """Cost and accuracy, epoch by epoch, on the training and on the validation examples."""
    if not history:
        raise GlassnetError("there is no epoch to draw a learning curve of: train for one at least")
    epochs = [record.epoch for record in history]
    figure = _figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    marker = "o" if len(epochs) == 1 else None  # a line of one point is invisible
    for axes, quantity, scale in ((left, "cost", 1.0), (right, "accuracy", 100.0)):
        for which, color in (("training", BLUE), ("validation", ORANGE)):
            values = [getattr(record, f"{which}_{quantity}") for record in history]
            if None not in values:
                line = [scale * value for value in values]
                axes.plot(epochs, line, color=color, label=which, marker=marker, linewidth=1.8)
        _tidy(axes)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    left.set_title("cost C, mean of the examples", loc="left")
    left.set_ylim(bottom=0)
    right.set_title("right answers, %", loc="left")
    right.legend(frameon=False, loc="lower right")
    return figure


def confusion(evaluation: Evaluation, class_names: tuple[str, ...]) -> Figure:
    """How often each class was taken for each other one."""
    counts = evaluation.confusion
    k = len(counts)
    mistakes = counts * (1 - np.eye(k, dtype=int))
    figure = _figure(max(5.0, 0.52 * k + 1.6), max(4.8, 0.48 * k + 1.6))
    axes = figure.subplots()
    deepest = max(5, mistakes.max())  # so that a single mistake doesn't look like a disaster
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=deepest)
    for (truth, answer), count in np.ndenumerate(counts):
        if count and k <= 30:
            dark = mistakes[truth, answer] > 0.6 * deepest
            color = GREY if truth == answer else "white" if dark else "black"
            axes.text(answer, truth, f"{count}", ha="center", va="center", color=color, fontsize=9)
    for set_ticks in (axes.set_xticks, axes.set_yticks):
        set_ticks(range(k), class_names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("answer of the network")
    axes.set_ylabel("true class")
    axes.set_title(
        f"{evaluation.accuracy:.2%} right, {mistakes.sum():,} of {counts.sum():,} wrong", loc="left"
    )
    return figure


def weights(network: Network) -> Figure:
    """The first layer's weights, a picture a neuron: ink on blue raises its z, ink on red lowers it."""
    names = network.weights
    if not names:
        raise GlassnetError(f"the network {network} has no weights to draw")
    weight = network.parameters[names[0]]  # (n_out, n_in)
    shape = _picture_shape(weight[0].size)
    shown = weight[:LARGEST_SHEET].reshape(-1, *shape)
    which = (
        "a picture a neuron"
        if len(shown) == len(weight)
        else f"the first {len(shown)} of {len(weight)} neurons"
    )
    title = f"the first layer's weights ({names[0]}), {which}"
    limit = float(np.abs(shown).max()) or 1.0
    figure, grid = _sheet(len(shown), title)
    for j, (axes, picture) in enumerate(zip(grid, shown, strict=True)):
        image = axes.imshow(picture, cmap="RdBu", vmin=-limit, vmax=limit)
        axes.set_title(f"{j}", fontsize=8, color=GREY, pad=2)
    figure.colorbar(image, ax=grid, shrink=0.7, label="weight", aspect=30)
    return figure


def mistakes(images: Images, evaluation: Evaluation, class_names: tuple[str, ...], count: int = 30) -> Figure:
    """The mistakes that cost most, each with what it is and what the network said."""
    worst = evaluation.worst(min(count, LARGEST_SHEET))
    total = int((evaluation.answers != evaluation.labels).sum())
    if not len(worst):
        raise GlassnetError(f"there is no mistake to show: all {len(evaluation.labels)} answers are right")
    figure, grid = _sheet(len(worst), f"mistakes, the costliest first: {len(worst)} of {total:,}", side=1.0)
    shape = images.shape[1:] if images.ndim == 3 else _picture_shape(images.shape[1])
    for axes, i in zip(grid, worst, strict=True):
        axes.imshow(images[i].reshape(shape), cmap="gray_r")
        truth, answer = class_names[evaluation.labels[i]], class_names[evaluation.answers[i]]
        axes.set_title(f"{truth} read as {answer}", fontsize=8, pad=3)
        axes.set_xlabel(f"no. {i}", fontsize=6, color=GREY, labelpad=2)
    return figure


def samples(images: Images, labels: Labels, class_names: tuple[str, ...], each: int = 10) -> Figure:
    """The first few images of every class, a row a class."""
    rows = [images[labels == k][:each] for k in range(len(class_names))]
    figure = _figure(0.62 * each + 0.8, 0.62 * len(rows) + 0.3)
    grid = figure.subplots(len(rows), each, squeeze=False)
    for name, row, pictures in zip(class_names, grid, rows, strict=True):
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=11)
        for axes in row:
            _bare(axes)
        for axes, picture in zip(row, pictures, strict=False):
            shape = picture.shape if picture.ndim == 2 else _picture_shape(picture.size)
            axes.imshow(picture.reshape(shape), cmap="gray_r")
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _sheet(count: int, title: str, side: float = 1.15) -> tuple[Figure, list[Axes]]:
    """A figure with a grid of `count` bare pictures."""
    columns = min(count, max(4, ceil(count**0.5 * 1.3)))
    rows = ceil(count / columns)
    figure = _figure(max(side * columns, 3.6) + 0.9, side * 1.15 * rows + 0.5)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        _bare(axes)
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)


def _picture_shape(size: int) -> tuple[int, int]:
    """The square that so many numbers fill, or else a single row."""
    side = isqrt(size)
    return (side, side) if side * side == size else (1, size)
