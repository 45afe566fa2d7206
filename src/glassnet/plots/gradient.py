"""The gradient's length, layer by layer: where learning happens, and where the gradient vanishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Array
from glassnet.document import number
from glassnet.errors import GlassnetError
from glassnet.network import Gradient
from glassnet.plots.canvas import BLUE, GREY, ORANGE, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (("weight", "‖∂C/∂W‖", BLUE), ("bias", "‖∂C/∂b‖", ORANGE))
DECADES = 50  # the largest norm over the smallest from which on only logarithms show both


def gradient_by_layer(gradient: Gradient) -> Figure:
    """Each layer's ‖∂C/∂W‖ and ‖∂C/∂b‖, and the share of ‖∇C‖² that lies in the layer."""
    layers = [(i, layer.parameters) for i, layer in enumerate(gradient.layers, 1) if layer.parameters]
    if not layers:
        raise GlassnetError("there is no gradient to draw: the network has no parameters")
    with np.errstate(all="ignore"):  # a gradient that is not finite shows itself
        norms = {
            kind: np.array([_length(arrays[kind]) if kind in arrays else 0.0 for _, arrays in layers])
            for kind, _, _ in KINDS
        }  # (layers,) each
        squares = np.sum([row**2 for row in norms.values()], axis=0)  # (layers,)
        total = float(squares.sum())
        shares = 100 * squares / total if total > 0 else squares

    figure = new_figure(9, 1.3 + max(0.3, min(0.6, 8 / len(layers))) * len(layers))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    rows = np.arange(len(layers), dtype=float)
    for place, (kind, label, color) in enumerate(KINDS):
        has = np.array([kind in arrays for _, arrays in layers])
        _bars(left, (rows + 0.4 * (place - 0.5))[has], norms[kind][has], label, color)
    _reach(left, np.concatenate([*norms.values()]))
    left.set_yticks(rows, [f"layer {i}" for i, _ in layers])
    left.set_ylim(len(layers) - 0.5, -0.5)  # the first layer on top
    left.set_title("length of the gradient", loc="left", fontsize=10)
    figure.legend(*left.get_legend_handles_labels(), frameon=False, loc="outside lower left", ncols=2)

    _bars(right, rows, shares, "", GREY, height=0.5, unit=" %")
    right.set_xlim(0, 125)
    right.set_xticks(range(0, 101, 20))
    right.set_title(f"share of ‖∇C‖² = {number(total, 3)}", loc="left", fontsize=10)
    for axes in (left, right):
        tidy(axes, "x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure


def _length(gradient: Array) -> float:
    return float(np.linalg.norm(gradient.astype(np.float64)))


def _bars(
    axes: Axes, rows: Array, values: Array, label: str, color: str, height: float = 0.36, unit: str = ""
) -> None:
    """Bars, each with its number at its end; of what is not finite, the word alone."""
    lengths = np.where(np.isfinite(values), values, 0)
    axes.barh(rows, lengths, height, color=color, label=label)
    for row, value, length in zip(rows, values, lengths, strict=True):
        axes.annotate(
            f"{number(float(value), 3)}{unit}",
            (length, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )


def _reach(axes: Axes, values: Array) -> None:
    """An axis with room for the numbers, logarithmic if the values differ by much."""
    seen = values[np.isfinite(values) & (values > 0)]
    if not seen.size:
        axes.set_xlim(0, 1)
    elif seen.max() > DECADES * seen.min():
        axes.set_xscale("log")
        low, high = seen.min() / 3, seen.max()
        axes.set_xlim(low, high * (high / low) ** 0.25)
    else:
        axes.set_xlim(0, 1.25 * seen.max())
