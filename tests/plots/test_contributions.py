"""Heat maps over an image: each pixel shows its own number."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.errors import GlassnetError

pytestmark = pytest.mark.table


def panels(figure):
    """The pictures by their titles."""
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


@pytest.mark.parametrize("common_scale", [True, False])
@pytest.mark.parametrize(
    ("shape", "neurons"),
    [((28, 28), 1), ((28, 28), 4), ((784,), 6), ((3, 5), 2), ((8, 4), 5), ((7,), 3), ((1,), 1)],
)
def test_panels_show_the_numbers(picture, shape, neurons, common_scale):
    rng = np.random.default_rng(8)
    image, slopes = rng.uniform(size=shape), rng.normal(size=np.prod(shape))
    products = rng.normal(size=(neurons, slopes.size)) * np.arange(1, neurons + 1)[:, None]
    figure = plots.contributions(image, products, slopes, common_scale=common_scale)
    picture(figure)
    assert figure.get_size_inches()[0] <= 9
    found = panels(figure)
    as_shown = found["the image"].images[0].get_array()
    np.testing.assert_array_equal(as_shown.ravel(), image.ravel())
    if len(shape) == 2:
        assert as_shown.shape == shape
    limits = np.abs(products).max() if common_scale else np.abs(products).max(axis=1)
    for j, limit in enumerate(np.broadcast_to(limits, neurons)):
        heat = found[f"neuron {j}"].images[0]
        np.testing.assert_array_equal(heat.get_array().ravel(), products[j])
        assert heat.get_array().shape == as_shown.shape
        assert heat.get_clim() == pytest.approx((-limit, limit))
    heat = found["∂C₀/∂a⁽⁰⁾"].images[0]
    np.testing.assert_array_equal(heat.get_array().ravel(), slopes)
    assert heat.get_clim() == pytest.approx((-np.abs(slopes).max(), np.abs(slopes).max()))
    assert len(found) == neurons + 2


@pytest.mark.parametrize("common_scale", [True, False])
def test_color_bars_tell_the_scales(common_scale):
    products = np.array([[1.0, -2.0, 0, 0], [0.25, 0, 0, 0]])
    figure = plots.contributions(
        np.ones((2, 2)), products, np.array([0.0, 0.5, 0, 0]), common_scale=common_scale
    )
    bars = [
        [label.get_text() for label in child.get_xticklabels()]
        for axes in figure.axes
        for child in axes.child_axes
    ]
    slopes = ["−0.5", "0", "0.5"]
    expected = [["−2", "0", "2"]] if common_scale else [["−2", "0", "2"], ["−0.25", "0", "0.25"]]
    assert sorted(bars) == sorted([*expected, slopes])


def test_titles(picture):
    figure = plots.contributions(
        np.ones(4), np.ones((2, 4)), np.ones(4), ["$z$ = 3", "second"], title="for $ 3 and $ 4"
    )
    picture(figure)
    assert [*panels(figure)] == ["the image", "$z$ = 3", "second", "∂C₀/∂a⁽⁰⁾"]
    assert figure.texts[0].get_text() == "for $ 3 and $ 4"


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_numbers_that_are_all_the_same_or_none(picture, value):
    figure = plots.contributions(np.full((28, 28), 0.0), np.full((3, 784), value), np.full(784, value))
    picture(figure)
    for axes in [*panels(figure).values()][1:]:
        assert axes.images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("contributions", "dC_dx", "titles", "message"),
    [
        (np.ones((2, 3)), np.ones(4), None, r"an image of 4 numbers, contributions \(2, 3\), 4 derivatives"),
        (np.ones((2, 4)), np.ones(5), None, "5 derivatives"),
        (np.ones((2, 4)), np.ones(4), ["one"], "and 1 titles"),
        (np.ones((0, 4)), np.ones(4), None, "contributions to 0 neurons: give those to 1 to 100"),
        (np.ones((101, 4)), np.ones(4), None, "contributions to 101 neurons"),
    ],
)
def test_what_does_not_belong_together(contributions, dC_dx, titles, message):
    with pytest.raises(GlassnetError, match=message):
        plots.contributions(np.ones((2, 2)), contributions, dC_dx, titles)
