"""Sheets of pictures: of weights, of mistakes, of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Images, Labels
from glassnet.document import largest
from glassnet.errors import GlassnetError
from glassnet.evaluation import Evaluation
from glassnet.network import Network
from glassnet.plots.canvas import DIVERGING, GREY, LARGEST_SHEET, as_picture, bare, new_figure, sheet
from glassnet.plots.filters import filters

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weights(network: Network) -> Figure:
    """The weights of the first layer that has any, one picture per neuron (or filter): blue raises z."""
    names = network.weights
    if not names:
        raise GlassnetError(f"the network {network} has no weights to draw")
    layer, weight = names[0].partition(".")[0], network.parameters[names[0]]  # (n_out, n_in)
    if weight.ndim == 4:  # (filters, channels, size, size)
        return filters(weight, f"the filters of layer {layer} ({names[0]})")
    shown = weight[:LARGEST_SHEET]  # (neurons, n_in)
    which = (
        "one picture per neuron"
        if len(shown) == len(weight)
        else f"the first {len(shown)} of {len(weight)} neurons"
    )
    title = f"the weights of layer {layer} ({names[0]}), {which}"
    limit = largest(shown) or 1.0
    shown = np.where(np.isfinite(shown), shown, np.nan)  # blank
    figure, grid = sheet(len(shown), title)
    for j, (axes, row) in enumerate(zip(grid, shown, strict=True)):
        image = axes.imshow(as_picture(row), cmap=DIVERGING, vmin=-limit, vmax=limit)
        axes.set_title(f"{j}", fontsize=8, color=GREY, pad=2)
    figure.colorbar(image, ax=grid, shrink=0.7, label="weight", aspect=30)
    return figure


def mistakes(images: Images, evaluation: Evaluation, class_names: tuple[str, ...], count: int = 30) -> Figure:
    """The mistakes that cost most, each with what it is and what the network said."""
    worst = evaluation.worst(min(count, LARGEST_SHEET))
    total = int((evaluation.answers != evaluation.labels).sum())
    if not len(worst):
        raise GlassnetError(f"there is no mistake to show: all {len(evaluation.labels)} answers are right")
    figure, grid = sheet(len(worst), f"mistakes, the costliest first: {len(worst)} of {total:,}", side=1.0)
    for axes, i in zip(grid, worst, strict=True):
        axes.imshow(as_picture(images[i]), cmap="gray_r")
        truth, answer = class_names[evaluation.labels[i]], class_names[evaluation.answers[i]]
        axes.set_title(f"{truth} read as {answer}", fontsize=8, pad=3)
        axes.set_xlabel(f"no. {i}", fontsize=6, color=GREY, labelpad=2)
    return figure


def samples(images: Images, labels: Labels, class_names: tuple[str, ...], each: int = 10) -> Figure:
    """The first few images of every class, a row a class."""
    rows = [images[labels == k][:each] for k in range(len(class_names))]
    figure = new_figure(0.62 * each + 0.8, 0.62 * len(rows) + 0.3)
    grid = figure.subplots(len(rows), each, squeeze=False)
    for name, row, pictures in zip(class_names, grid, rows, strict=True):
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=11)
        for axes in row:
            bare(axes)
        for axes, picture in zip(row, pictures, strict=False):
            axes.imshow(as_picture(picture), cmap="gray_r")
    return figure
