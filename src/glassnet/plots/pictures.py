"""Sheets of pictures: of weights, of mistakes, of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Images, Labels
from glassnet.errors import GlassnetError
from glassnet.network import Network
from glassnet.plots.canvas import LARGEST_SHEET, as_pictures, new_figure, shortened
from glassnet.plots.filters import filters
from glassnet.plots.tiles import Strip, across_for, across_for_names, tiles
from glassnet.training import Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weights(network: Network) -> Figure:
    """The weights of the first layer that has any, one picture per neuron (or filter): blue raises z.

    A layer with one weight for each channel has a single picture, which is drawn where there are no others.
    """
    weighted = sorted(network.weights, key=lambda name: network.parameters[name].ndim == 1)
    if not weighted:
        raise GlassnetError(f"the network {network} has no weights to draw")
    layer, weight = weighted[0].partition(".")[0], network.parameters[weighted[0]]  # (n_out, n_in)
    if weight.ndim == 4:  # (filters, channels, size, size)
        return filters(weight, f"the filters of layer {layer} ({weighted[0]})")
    if weight.ndim == 1:  # (channels,)
        strip = Strip("one number per channel", as_pictures(weight[None]), [""], 1, "weight", signed=True)
        return tiles([strip], f"the weights of layer {layer} ({weighted[0]})")
    shown = weight[:LARGEST_SHEET]  # (neurons, n_in)
    which = (
        "one picture per neuron"
        if len(shown) == len(weight)
        else f"the first {len(shown)} of {len(weight)} neurons"
    )
    names = [f"{j}" for j in range(len(shown))]
    strip = Strip(which, as_pictures(shown), names, across_for(len(shown)), "weight", signed=True)
    return tiles([strip], f"the weights of layer {layer} ({weighted[0]})")


def mistakes(images: Images, evaluation: Evaluation, class_names: tuple[str, ...], count: int = 30) -> Figure:
    """The mistakes that cost most, each with what it is and what the network said."""
    images = np.asarray(images)
    worst = evaluation.worst(min(count, LARGEST_SHEET))
    total = int((evaluation.answers != evaluation.labels).sum())
    if not len(worst):
        raise GlassnetError(f"there is no mistake to show: all {len(evaluation.labels)} answers are right")
    classes = [shortened(name) for name in class_names]
    then = " " if max(map(len, classes)) <= 2 else "\n"  # short names fit on one line
    truths, answers = evaluation.labels[worst], evaluation.answers[worst]
    names = [
        f"{classes[truth]}{then}read as {classes[answer]}\nno. {i}"
        for truth, answer, i in zip(truths, answers, worst, strict=True)
    ]
    across = across_for_names(names, most=6)
    heading = f"the costliest first: {len(worst)} of {total:,}"
    return tiles([Strip(heading, as_pictures(images[worst]), names, across, images=True)], "mistakes")


def samples(images: Images, labels: Labels, class_names: tuple[str, ...], each: int = 10) -> Figure:
    """The first `each` images of every class, a row a class."""
    if not class_names or each < 1:
        raise GlassnetError(f"{each} images each of {len(class_names)} classes: give 1 or more of both")
    images, labels = np.asarray(images), np.asarray(labels)
    rows = [as_pictures(images[labels == k][:each]) for k in range(len(class_names))]
    _, height, width = rows[0].shape
    down, along = height + max(1, height // 14), width + max(1, width // 14)  # with what is left free between
    dtype = np.result_type(images.dtype, np.float32)
    sheet = np.full((len(rows), down, each, along), np.nan, dtype)
    for k, pictures in enumerate(rows):
        sheet[k, :height, : len(pictures), :width] = pictures.transpose(1, 0, 2)
    figure = new_figure(0.62 * each + 0.8, 0.62 * len(rows) + 0.3)
    axes = figure.subplots()
    axes.imshow(sheet.reshape(len(rows) * down, each * along), cmap="gray_r", interpolation="nearest")
    axes.set_yticks(down * np.arange(len(rows)) + (height - 1) / 2, map(shortened, class_names), fontsize=11)
    for name in axes.get_yticklabels():
        name.set_parse_math(False)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure
