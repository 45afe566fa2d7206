"""Landscapes: the drawn lines and levels are those of the costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_hex

from glassnet import plots
from glassnet.explanation.landscape import CostLine, CostPlane
from glassnet.plots.landscape import HOLES, LEVEL

pytestmark = pytest.mark.table

T = np.linspace(-0.5, 2.5, 31)
LINE = CostLine(T, 2 - 2 * T + T**2, 2.0, np.sqrt(2), 10, 0.5, 1.25)  # falls to 1 at t = 1
GRID = np.linspace(-1, 1, 9)
BOWL = 1 + GRID**2 + 2 * GRID[:, None] ** 2
PLANE = CostPlane(("one", "other"), GRID, 2 * GRID, BOWL, (0.0, 0.0), 1.0, 10)
PATH = {
    "path": np.array([[-0.8, 1.0], [-0.5, 0.1], [0.0, 0.0]]),
    "epochs": (0, 7, 13),
    "shares": (0.92, 0.0012),
}


def lines(figure):
    """What stands in the legend, and the lines' data."""
    return {line.get_label(): np.array(line.get_xydata()) for line in figure.axes[0].get_lines()}


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


# The line


def test_cost_line(picture):
    figure = plots.cost_line(LINE)
    picture(figure)
    drawn = lines(figure)
    np.testing.assert_array_equal(drawn["C(θ − t∇C)"], np.stack([T, LINE.costs], axis=1))
    np.testing.assert_allclose(drawn["C − t‖∇C‖², the slope"], np.stack([T, 2 - 2 * T], axis=1), atol=1e-12)
    np.testing.assert_allclose(drawn["the network"], [[0, 2]])
    np.testing.assert_allclose(drawn["the lowest"], [[1, 1]])
    assert drawn["η = 0.5"][:, 0].tolist() == [0.5, 0.5]
    assert legend(figure) == [*drawn]
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "along −∇C the cost falls from 2 to 1, at t = 1"
    assert axes.get_xlim() == (-0.5, 2.5)
    low, high = axes.get_ylim()
    assert 0.5 < low < 1  # the tangent runs out of the picture, not the curve into a corner
    assert 2.5 < high < 3.5


def test_without_a_learning_rate_or_one_far_away(picture):
    assert not [label for label in lines(plots.cost_line(replace(LINE, learning_rate=None))) if "η" in label]
    figure = plots.cost_line(replace(LINE, learning_rate=30.0))
    picture(figure)
    assert "η = 30, further right" in lines(figure)
    assert figure.axes[0].get_xlim() == (-0.5, 2.5)


def test_a_steep_other_side_does_not_hide_the_valley(picture):
    figure = plots.cost_line(replace(LINE, costs=np.where(T < -0.3, 1e6, LINE.costs)))
    picture(figure)
    assert figure.axes[0].get_ylim()[1] < 4


@pytest.mark.parametrize("cost", [0.0, 0.5, 1e9])
def test_a_flat_line(picture, cost):
    figure = plots.cost_line(CostLine(T, cost * (1 + 1e-16 * np.arange(31)), cost, 0.0, 10, None, None))
    picture(figure)
    assert "the cost does not fall" in figure.axes[0].get_title(loc="left")
    assert "the lowest" not in lines(figure)


def test_a_line_that_only_rises(picture):
    figure = plots.cost_line(replace(LINE, costs=2 + T**2))
    picture(figure)
    assert figure.axes[0].get_title(loc="left") == "along −∇C the cost does not fall from 2"
    assert figure.axes[0].get_ylim()[1] > 4


def test_costs_on_the_line_that_are_not_finite_are_gaps(picture):
    costs = np.where(T > 2, np.inf, np.where(T < -0.2, np.nan, LINE.costs))
    figure = plots.cost_line(replace(LINE, costs=costs))
    picture(figure)
    shown = lines(figure)["C(θ − t∇C)"][:, 1]
    np.testing.assert_array_equal(np.isnan(shown), (T > 2) | (T < -0.2))


# The plane


def levels(figure):
    """Of the filled contours."""
    (filled, *_) = figure.axes[0].collections
    return np.array(filled.levels), filled


def test_cost_plane(picture):
    figure = plots.cost_plane(PLANE)
    picture(figure)
    heights, filled = levels(figure)
    assert (heights[0], heights[-1]) == (1, 4)
    np.testing.assert_allclose(np.diff(heights), np.diff(heights)[0])
    assert filled.zmin == 1
    assert filled.zmax == 4
    axes, bar = figure.axes
    assert axes.get_xlim() == (-1, 1)
    assert axes.get_ylim() == (-2, 2)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("one", "other")
    assert axes.get_title(loc="left") == "the cost around the network, where it is 1"
    assert bar.get_ylabel() == "mean cost C"
    assert [label.get_text() for label in bar.get_yticklabels()][::8] == ["1", "4"]
    assert legend(figure) == ["the network"]
    np.testing.assert_array_equal(lines(figure)["the network"], [[0, 0]])


def test_each_level_lies_where_the_cost_is_so_high():
    """C = 2 + α: the color between two levels reaches from α = level − 2 to the next."""
    heights, filled = levels(plots.cost_plane(replace(PLANE, costs=2 + GRID + 0 * GRID[:, None])))
    bands = filled.get_paths()[1:-1]  # the first and the last are for what lies outside
    assert len(bands) == len(heights) - 1
    for level, following, band in zip(heights, heights[1:], bands, strict=False):
        extent = band.get_extents()
        assert (extent.x0, extent.x1) == pytest.approx((level - 2, following - 2), abs=1e-9)
        assert (extent.y0, extent.y1) == (-2, 2)


def test_costs_over_decades_have_levels_by_their_logarithms(picture):
    plane = replace(PLANE, costs=10 ** (BOWL - 3))
    figure = plots.cost_plane(plane)
    picture(figure)
    heights, filled = levels(figure)
    assert isinstance(filled.norm, LogNorm)
    np.testing.assert_allclose(np.log10(heights), np.linspace(-2, 1, len(heights)), atol=1e-12)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()][::8] == ["0.01", "10"]


def test_the_path(picture):
    figure = plots.cost_plane(replace(PLANE, **PATH))
    picture(figure)
    drawn = lines(figure)
    np.testing.assert_array_equal(drawn["training, epoch 0 to 13"], PATH["path"])
    np.testing.assert_array_equal(drawn["epoch 0"], PATH["path"][:1])
    assert legend(figure) == ["training, epoch 0 to 13", "epoch 0", "the network"]
    axes = figure.axes[0]
    assert axes.get_xlabel() == "one (92 % of the path)"
    assert axes.get_ylabel() == "other (0.12 % of the path)"


def test_a_path_of_one_place(picture):
    figure = plots.cost_plane(replace(PLANE, path=np.zeros((1, 2)), epochs=(0,), shares=(0.0, 0.0)))
    picture(figure)
    assert "training, epoch 0 to 0" in lines(figure)


def test_holes(picture):
    costs = BOWL.copy()
    costs[0, :4], costs[8, 8] = np.nan, np.inf
    figure = plots.cost_plane(replace(PLANE, costs=costs))
    picture(figure)
    assert legend(figure) == ["the network", "not finite"]
    assert to_hex(figure.axes[0].get_facecolor()) == HOLES
    _, filled = levels(figure)
    assert not any(path.contains_point((-0.9, -1.9)) for path in filled.get_paths())


def test_nothing_but_holes(picture):
    figure = plots.cost_plane(replace(PLANE, costs=np.full((9, 9), np.nan), cost=np.inf))
    picture(figure)
    assert legend(figure) == ["the network", "not finite"]


@pytest.mark.parametrize("cost", [0.0, 0.3, 1e-20, 1e12])
def test_a_flat_plane_has_one_color(picture, cost):
    figure = plots.cost_plane(replace(PLANE, costs=np.full((9, 9), cost) * (1 + 1e-15 * BOWL), cost=cost))
    picture(figure)
    _, filled = levels(figure)
    assert [to_hex(color) for color in filled.get_facecolor()] == [LEVEL]
    assert len(figure.axes) == 1  # a color bar would tell nothing


@pytest.mark.parametrize("points", [3, 4, 60])
def test_coarse_and_fine_planes(picture, points):
    axis = np.linspace(-1, 1, points)
    costs = np.exp(8 * (axis**2 + axis[:, None] ** 2))
    picture(plots.cost_plane(replace(PLANE, alpha=axis, beta=axis, costs=costs)))


def test_long_names_fit(picture):
    names = ("principal direction 1", "12.weight[1023, 65535]")
    picture(plots.cost_plane(replace(PLANE, names=names, **PATH)))
