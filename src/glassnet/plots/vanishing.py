"""How δ shrinks on the way back, and by which factors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.document import number
from glassnet.explanation import VanishingGradient
from glassnet.plots.canvas import BLUE, GREY, ORANGE, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glassnet.arrays import Array

WIDTH = 5.2  # inches, for a phone


def vanishing_gradient(shown: VanishingGradient) -> Figure:
    """‖δ‖ of every layer on a scale of powers of ten, and the two factors between neighbours."""
    steps = shown.steps[::-1]
    figure = new_figure(WIDTH, 1.9 + 0.56 * len(steps))
    top, bottom = figure.subplots(2, 1, height_ratios=(2, 3))
    rows = np.arange(len(steps), dtype=float)
    whose = "of this image" if shown.images == 1 else f"of the mean δ of {shown.images:,} images"
    _lengths(top, rows, shown.deltas)
    top.set_title(f"‖δ‖ {whose}", loc="left", fontsize=10)
    factors = [
        np.array([np.nan if factor is None else factor for factor in column])
        for column in zip(*((step.by_weights, step.by_slope) for step in steps), strict=True)
    ]
    _factors(bottom, rows, factors)
    bottom.set_title("what made it of the ‖δ‖ below it: two factors", loc="left", fontsize=10)
    for axes in (top, bottom):
        axes.set_yticks(rows, [f"{step.layer}  {step.name}" for step in steps])
        axes.set_ylim(len(rows) - 0.5, -0.5)  # the first layer on top
        tidy(axes, "x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(labelsize=8.5)
        axes.tick_params(axis="y", length=0)
    figure.legend(frameon=False, fontsize=8, loc="outside lower left", ncols=2)
    return figure


def _lengths(axes: Axes, rows: Array, lengths: Array) -> None:
    """A bar for each length, on a scale that begins at a power of ten below them all."""
    seen = lengths[np.isfinite(lengths) & (lengths > 0)]
    least, most = (float(seen.min()), float(seen.max())) if seen.size else (1.0, 1.0)
    low = 10.0 ** np.floor(np.log10(least) - 0.15)
    _in_powers(axes, low, max(most, 3 * least) * (most / low) ** 0.25)
    ends = np.where(np.isfinite(lengths), np.maximum(lengths, low), low)
    axes.barh(rows, ends - low, 0.6, left=low, color=BLUE)
    for row, value, end in zip(rows, lengths, ends, strict=True):
        _say(axes, float(value), float(end), float(row))


def _factors(axes: Axes, rows: Array, factors: Sequence[Array]) -> None:
    """Bars from 1 to the right where a factor is more, to the left where it is less."""
    every = np.concatenate([[0.5, 2.0], *factors])
    every = every[np.isfinite(every) & (every > 0)]
    reach = float(every.max() / every.min())
    _in_powers(axes, float(every.min()) / reach**0.25, float(every.max()) * reach**0.25)
    axes.axvline(1, color="black", linewidth=0.8)
    looks = ((-0.2, "the way back through the next layer", GREY), (0.2, "the slope σ′", ORANGE))
    for values, (beside, label, color) in zip(factors, looks, strict=True):
        known = np.isfinite(values) & (values > 0)
        ends = np.where(known, values, 1.0)
        axes.barh(rows + beside, ends - 1, 0.36, left=1, color=color, label=label)
        for row, value in zip(rows, values, strict=True):
            if not np.isnan(value) and value != 1:  # 1 changes nothing
                _say(axes, float(value), float(value) or 1.0, float(row + beside))


def _in_powers(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    few = high / low < 100
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if few else (1,), numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 2)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _say(axes: Axes, value: float, end: float, row: float) -> None:
    """The number at the end of its bar."""
    left = 0 < value < 1 and end == value and bool(axes.lines)  # a bar to the left of 1
    axes.annotate(
        number(value, 3), (end, row), xytext=(-4 if left else 4, 0), textcoords="offset points", va="center",
        ha="right" if left else "left", fontsize=8.5,
    )  # fmt: skip
