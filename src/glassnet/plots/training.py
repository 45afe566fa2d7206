"""How training went, and where the network goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import GlassnetError
from glassnet.plots.canvas import BLUE, GREY, ORANGE, new_figure, tidy
from glassnet.training import Evaluation, Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(history: list[Record]) -> Figure:
    """Cost and accuracy, epoch by epoch, on the training and on the validation examples."""
    if not history:
        raise GlassnetError("there is no epoch to draw a learning curve of: train for one at least")
    epochs = [record.epoch for record in history]
    figure = new_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    marker = "o" if len(epochs) == 1 else None  # a line of one point is invisible
    for axes, quantity, scale in ((left, "cost", 1.0), (right, "accuracy", 100.0)):
        for which, color in (("training", BLUE), ("validation", ORANGE)):
            values = [getattr(record, f"{which}_{quantity}") for record in history]
            if None not in values:
                line = [scale * value for value in values]
                axes.plot(epochs, line, color=color, label=which, marker=marker, linewidth=1.8)
        tidy(axes)
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
    figure = new_figure(max(5.0, 0.52 * k + 1.6), max(4.8, 0.48 * k + 1.6))
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
