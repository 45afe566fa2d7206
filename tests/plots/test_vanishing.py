"""The vanishing gradient: bars as long as ‖δ‖, and factors to both sides of 1."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet import plots
from glassnet.explanation import VanishingGradient
from glassnet.explanation.vanishing import BackStep
from glassnet.layers import Conv, Dense, Flatten, MaxPool

pytestmark = pytest.mark.table

NETWORKS = {
    "deep sigmoids": gn.Network("6-5-4-3-3-2", seed=1),
    "two layers": gn.Network("6-5-2", seed=1),
    "one layer": gn.Network("6-2", seed=1),
    "conv": gn.Network([Conv(3, 2, activation="relu"), MaxPool(2), Flatten(), Dense(2)], (1, 5, 5), seed=1),
}


def shown_of(network, count):
    images = np.random.default_rng(2).uniform(size=(count, *network.input_shape))
    return gn.vanishing_gradient(network, images, np.arange(count) % 2)


def bars(axes, container):
    return {
        round(bar.get_y() + bar.get_height() / 2, 9): (bar.get_x(), bar.get_x() + bar.get_width())
        for bar in axes.containers[container]
    }


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("name", NETWORKS)
def test_bars_are_the_numbers(picture, name, count):
    shown = shown_of(NETWORKS[name], count)
    figure = plots.vanishing_gradient(shown)
    picture(figure)
    top, bottom = figure.axes
    assert top.get_xscale() == bottom.get_xscale() == "log"
    low, high = top.get_xlim()
    steps = shown.steps[::-1]
    for row, step in enumerate(steps):
        start, end = bars(top, 0)[row]
        assert start == pytest.approx(low)
        assert end == pytest.approx(step.delta)
        assert low < step.delta < high
        for container, (beside, value) in enumerate(((-0.2, step.by_weights), (0.2, step.by_slope))):
            ends = bars(bottom, container)[row + beside]
            assert ends == pytest.approx((1, 1 if value is None else value))
            assert value is None or bottom.get_xlim()[0] < value < bottom.get_xlim()[1]
    names = [f"{step.layer}  {step.name}" for step in steps]
    for axes in (top, bottom):
        assert [label.get_text() for label in axes.get_yticklabels()] == names
        assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first layer on top
    said = "‖δ‖ of this image" if count == 1 else "‖δ‖ of the mean δ of 6 images"
    assert top.get_title(loc="left") == said


STRANGE = {
    "zero in front": [BackStep(2, "b", 0.5, None, None, 0.2), BackStep(1, "a", 0.0, 0.1, 0.0, 0.0)],
    "all zero": [BackStep(2, "b", 0.0, None, None, 0.2), BackStep(1, "a", 0.0, None, None, 0.0)],
    "not finite": [
        BackStep(2, "b", np.nan, None, None, np.nan),
        BackStep(1, "a", np.inf, np.inf, np.nan, np.nan),
    ],
    "far apart": [BackStep(2, "b", 1e30, None, None, 0.2), BackStep(1, "a", 1e-30, 1e-20, 1e-40, 0.0)],
    "exploding": [BackStep(2, "b", 1.0, None, None, 1.0), BackStep(1, "a", 1e6, 1e6, 1.0, 1.0)],
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_numbers_are_drawn_too(picture, name):
    shown = VanishingGradient(NETWORKS["two layers"], tuple(STRANGE[name]), 1)
    picture(plots.vanishing_gradient(shown))
