"""The cost as a landscape: a walk along the negative gradient, and a plane with training's path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.document import number
from glassnet.explanation import CostLine, CostPlane
from glassnet.plots.canvas import BLUE, GREY, ORANGE, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVELS = 25  # of the contours
FLAT = 1e-12  # relative differences that are rounding's
HOLES, LEVEL = "#d9d9d9", "#c6dbef"


def cost_line(line: CostLine) -> Figure:
    """The cost along −∇C, what its slope promises, and where the learning rate leads."""
    figure = new_figure(7, 4.2)
    axes = figure.subplots()
    tidy(axes)
    costs = np.where(np.isfinite(line.costs), line.costs, np.nan)  # (points,); a gap where there is none
    at, low, high = line.lowest, float(np.nanmin(costs)), float(np.nanmax(costs))
    fall = line.cost - low or high - low
    if fall <= FLAT * line.cost:
        fall = line.cost or 1.0
    # What rises by more than it falls runs out of the picture, so that the valley stays in sight.
    axes.set_ylim(low - 0.15 * fall, min(high, line.cost + fall) + 0.1 * fall)
    axes.set_xlim(float(line.t[0]), float(line.t[-1]))
    axes.plot(line.t, line.prediction, "--", color=ORANGE, linewidth=1.4, label="C − t‖∇C‖², the slope")
    axes.plot(line.t, costs, color=BLUE, linewidth=1.8, label="C(θ − t∇C)")
    if line.learning_rate is not None:
        beyond = "" if line.learning_rate <= line.t[-1] else ", further right"
        label = f"η = {number(line.learning_rate)}{beyond}"
        axes.axvline(line.learning_rate, color=GREY, linestyle=":", linewidth=1.4, label=label)
    axes.plot(0, line.cost, "o", color="black", label="the network")
    if line.t[at] > 0:
        axes.plot(line.t[at], low, "o", color=BLUE, fillstyle="none", markeredgewidth=1.6, label="the lowest")
    axes.set_xlabel("t")
    axes.set_ylabel("mean cost C")
    cost, lowest, t = (number(float(value), 3) for value in (line.cost, low, line.t[at]))
    falls = f"falls from {cost} to {lowest}, at t = {t}" if line.t[at] > 0 else f"does not fall from {cost}"
    axes.set_title(f"along −∇C the cost {falls}", loc="left", fontsize=10)
    figure.legend(frameon=False, loc="outside lower left", ncols=3, fontsize=9)
    return figure


def cost_plane(plane: CostPlane) -> Figure:
    """The cost over two directions, the darker the higher; with training's path, if it has one."""
    figure = new_figure(7, 5.8)
    axes = figure.subplots()
    _contours(figure, axes, plane)
    if plane.path is not None and plane.epochs is not None:
        (first, *_), (last, *_) = plane.epochs, plane.epochs[::-1]
        label = f"training, epoch {first} to {last}"
        axes.plot(*plane.path.T, "o-", color=ORANGE, markersize=2.5, linewidth=1.4, label=label)
        axes.plot(*plane.path[0], "o", color=ORANGE, markerfacecolor="white", label=f"epoch {first}")
    axes.plot(*plane.here, "X", color="black", markersize=9, markeredgecolor="white", label="the network")
    axes.set_xlim(plane.alpha[0], plane.alpha[-1])
    axes.set_ylim(plane.beta[0], plane.beta[-1])
    of_path = ("", "") if plane.shares is None else (f" ({100 * s:.2g} % of the path)" for s in plane.shares)
    along, up = (f"{name}{share}" for name, share in zip(plane.names, of_path, strict=True))
    axes.set_xlabel(along)
    axes.set_ylabel(up)
    axes.set_title(
        f"the cost around the network, where it is {number(plane.cost, 3)}", loc="left", fontsize=10
    )
    if not np.isfinite(plane.costs).all():
        axes.fill([], [], color=HOLES, label="not finite")
    figure.legend(frameon=False, loc="outside lower left", ncols=4, fontsize=9)
    return figure


def _contours(figure: Figure, axes: Axes, plane: CostPlane) -> None:
    from matplotlib.colors import LogNorm, Normalize

    axes.set_facecolor(HOLES)
    costs = np.ma.masked_invalid(plane.costs)  # (points, points)
    if not costs.count():
        return
    low, high = float(costs.min()), float(costs.max())
    if high - low <= FLAT * high:
        axes.contourf(plane.alpha, plane.beta, costs, [low - 1, high + 1], colors=[LEVEL])
        return
    norm = (LogNorm if plane.in_decades else Normalize)(low, high)
    levels = (np.geomspace if plane.in_decades else np.linspace)(low, high, LEVELS)
    # The ends are rounded; what lies beyond by a bit belongs to them.
    filled = axes.contourf(plane.alpha, plane.beta, costs, levels, cmap="Blues", norm=norm, extend="both")
    axes.contour(plane.alpha, plane.beta, costs, levels[::3], colors="white", linewidths=0.6)
    bar = figure.colorbar(filled, ax=axes, label="mean cost C", aspect=30, extendfrac=0)
    ticks = [float(level) for level in levels[::3]]
    bar.set_ticks(ticks, labels=[number(tick, 2) for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
