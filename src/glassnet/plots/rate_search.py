"""What the cost does as the learning rate grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.plots.canvas import BLUE, GREY, ORANGE, new_figure, tidy
from glassnet.training import RateSearch

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def rate_search(search: RateSearch) -> Figure:
    """Each mini-batch's cost over its learning rate, what it is on average there, and the suggestion."""
    figure = new_figure(7.2, 3.8)
    axes = figure.subplots()
    axes.plot(search.rates, search.costs, ".", color=GREY, markersize=2.5, label="a mini-batch")
    axes.plot(search.rates, search.smoothed, color=BLUE, linewidth=1.8, label="mean of its neighbors")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.3 * search.costs[: max(2, len(search.costs) // 2)].max())  # what it began with
    axes.axvline(search.edge, color=GREY, linewidth=1, linestyle=":")
    axes.axvline(search.suggestion, color=ORANGE, linewidth=1.5)
    for rate, text, color, height in (
        (search.suggestion, f"suggestion {search.suggestion:.2g} ", ORANGE, 0.98),
        (search.edge, f"edge {search.edge:.2g} ", GREY, 0.90),
    ):
        axes.text(rate, height, text, color=color, transform=axes.get_xaxis_transform(), va="top", ha="right")
    tidy(axes)
    axes.set_xlabel("learning rate η, growing from mini-batch to mini-batch")
    axes.set_title("cost C", loc="left")
    axes.legend(frameon=False, loc="lower left")
    return figure
