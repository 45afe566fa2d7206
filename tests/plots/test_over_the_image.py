"""Filters, feature maps, places, winners and masks: each picture shows the numbers that it was given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

import glassnet as gn
from glassnet import plots
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.plots.canvas import BLUE, ORANGE, RED

pytestmark = pytest.mark.table

DRAW = Draw(1, 1, np.array([0]))


def explained(*layers, shape=(1, 12, 10), draw=None):
    layers = [*layers, Flatten(), Dense(20, "tanh"), Dropout(0.5), Dense(3)]
    network = gn.Network(layers, shape, seed=2, initializer="normal", dtype="float64")
    return gn.explain(network, np.random.default_rng(12).uniform(size=shape), 1, "squared", draw=draw)


def pictures(figure):
    """The tiles in the order of drawing, without color bars."""
    return figure.axes[0].images


def boxes(figure):
    return [image.get_extent() for image in pictures(figure)]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def is_narrow(figure):
    assert figure.get_size_inches()[0] == pytest.approx(5.2)
    left, right = 0.0, 5.2
    for one, other, below, above in boxes(figure):
        assert left < one < other < right
        assert 0 < below < above < figure.get_size_inches()[1]


# Feature maps


@pytest.mark.parametrize("count", [1, 2, 3, 8, 20, 40, 64, 70])
def test_feature_maps_are_the_networks(picture, count):
    maps = explained(Conv(count, 3, activation="relu")).feature_maps(1)
    figure = plots.feature_maps(maps)
    if count in (3, 40):
        picture(figure)
    is_narrow(figure)
    tops = maps.a.reshape(count, -1).max(axis=1)
    chosen = sorted(np.argsort(-tops, kind="stable")[:64])
    shown = pictures(figure)
    assert len(shown) == 2 * len(chosen)
    z, a = shown[: len(chosen)], shown[len(chosen) :]
    for tiles, values in ((z, maps.z), (a, maps.a)):
        for tile, o in zip(tiles, chosen, strict=True):
            np.testing.assert_array_equal(tile.get_array(), values[o])
            assert tile.get_label() == str(o)
    assert {tile.get_clim() for tile in z} == {(-np.abs(maps.z[chosen]).max(), np.abs(maps.z[chosen]).max())}
    assert {tile.get_clim() for tile in a} == {(0, maps.a[chosen].max())}
    assert len(figure.axes[0].child_axes) == 2  # a color bar each
    assert ("the 64 strongest of 70" in words(figure)[0]) == (count == 70)


def test_tiles_do_not_overlap():
    figure = plots.feature_maps(explained(Conv(20, 3)).feature_maps(1))
    for i, (left, right, below, above) in enumerate(boxes(figure)):
        for other_left, other_right, other_below, other_above in boxes(figure)[:i]:
            apart = right < other_left or other_right < left or above < other_below or other_above < below
            assert apart


def test_where_a_is_z_it_is_drawn_once(picture):
    explanation = explained(Conv(4, 3, activation="tanh"), AveragePool(2))
    figure = plots.feature_maps(explanation.feature_maps(2))
    picture(figure)
    assert len(pictures(figure)) == 4
    limit = np.abs(explanation.feature_maps(2).a).max()
    assert pictures(figure)[0].get_clim() == (-limit, limit)  # some are negative


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_maps_that_are_not_finite(picture, number):
    explanation = explained(Conv(3, 3))
    network = explanation.trace.network.copy()
    network.parameters["1.bias"][1] = number
    maps = gn.explain(network, np.random.default_rng(13).uniform(size=(12, 10)), 1).feature_maps(1)
    figure = plots.feature_maps(maps)
    picture(figure)
    z = pictures(figure)[1]
    masked = np.ma.masked_invalid(z.get_array())
    assert to_hex(z.to_rgba(masked)[0, 0]) == ORANGE


def test_maps_that_are_all_zero(picture):
    explanation = explained(Conv(3, 3, activation="relu"))
    network = explanation.trace.network.copy()
    network.parameters["1.weight"][:], network.parameters["1.bias"][:] = 0, -1
    image = np.random.default_rng(14).uniform(size=(12, 10))
    figure = plots.feature_maps(gn.explain(network, image, 1).feature_maps(1))
    picture(figure)
    assert pictures(figure)[-1].get_clim() == (0, 1)


# Filters


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (6, 6), (64, 64), (80, 64)])
def test_filters_of_one_channel(picture, count, shown):
    weight = np.random.default_rng(15).normal(size=(count, 1, 5, 5))
    figure = plots.filters(weight, "the filters")
    picture(figure)
    is_narrow(figure)
    lengths = (weight**2).sum(axis=(1, 2, 3))
    chosen = sorted(np.argsort(-lengths)[:shown])
    assert [tile.get_label() for tile in pictures(figure)] == [str(o) for o in chosen]
    for tile, o in zip(pictures(figure), chosen, strict=True):
        np.testing.assert_array_equal(tile.get_array(), weight[o, 0])
        limit = np.abs(weight[chosen]).max()
        assert tile.get_clim() == (-limit, limit)


@pytest.mark.parametrize(
    ("count", "channels", "said"),
    [
        (4, 3, "rows: filters, columns: channels"),
        (12, 8, "rows: filters, columns: channels"),
        (40, 3, "rows: 12 of 40 filters, columns: channels, the largest"),
        (40, 20, "rows: 12 of 40 filters, columns: 8 of 20 channels, the largest"),
    ],
)
def test_filters_of_several_channels(picture, count, channels, said):
    weight = np.random.default_rng(16).normal(size=(count, channels, 3, 3))
    figure = plots.filters(weight)
    picture(figure)
    is_narrow(figure)
    squares = (weight**2).sum(axis=(2, 3))
    rows = sorted(np.argsort(-squares.sum(axis=1))[:12])
    columns = sorted(np.argsort(-squares.sum(axis=0))[:8])
    tiles = iter(pictures(figure))
    for place, o in enumerate(rows):
        for column, c in enumerate(columns):
            tile = next(tiles)
            np.testing.assert_array_equal(tile.get_array(), weight[o, c])
            first = pictures(figure)[column]
            assert tile.get_extent()[:2] == pytest.approx(first.get_extent()[:2])  # under its channel
            if place:
                assert tile.get_extent()[3] < first.get_extent()[2]
    assert next(tiles, None) is None
    assert said in words(figure)
    assert {str(c) for c in columns} | {str(o) for o in rows} <= set(words(figure))


def test_filters_around_zero():
    """All weights positive: 0 is still the middle of the colors."""
    (tile,) = pictures(plots.filters(np.full((1, 1, 2, 2), 0.5)))
    assert tile.get_clim() == (-0.5, 0.5)


@pytest.mark.parametrize("shape", [(3, 4), (0, 1, 2, 2)])
def test_weights_that_are_no_filters(shape):
    with pytest.raises(GlassnetError, match=r"give \(filters, channels, size, size\)"):
        plots.filters(np.zeros(shape))


# The places of a shared weight


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 2), (2, 0), (3, 1)])
@pytest.mark.parametrize("at", [(0, 0), (2, 1)])
def test_every_place_is_drawn_where_the_weight_stands(picture, stride, padding, at):
    explanation = explained(Conv(2, 3, stride=stride, padding=padding))
    shared = explanation.shared_weight(1, 1, 0, *at)
    figure = plots.shared_weight(shared)
    picture(figure)
    image, met, delta, products = pictures(figure)
    for tile, values in (
        (image, shared.before), (met, shared.met), (delta, shared.delta), (products, shared.products),
    ):  # fmt: skip
        np.testing.assert_array_equal(tile.get_array(), values)
    left, right, below, above = image.get_extent()
    pixel = (right - left) / 10
    assert (above - below) / 12 == pytest.approx(pixel)
    met_left, met_right, met_below, met_above = met.get_extent()
    down, across = shared.met.shape
    panel = products.get_extent()[0] - delta.get_extent()[0]  # from the left panel to the right one
    # The middle of place (0, 0) is the middle of the pixel that the weight meets there.
    x = (met_left - panel - left + (met_right - met_left) / across / 2) / pixel
    y = (above - met_above + (met_above - met_below) / down / 2) / pixel
    assert (y, x) == pytest.approx((at[0] - padding + 0.5, at[1] - padding + 0.5))
    assert (met_right - met_left) / across == pytest.approx(stride * pixel)
    for tile in (delta, products):
        low, high = tile.get_clim()
        assert low == -high == -np.abs(tile.get_array()).max()
    assert f"{shared.total:.5g}".replace("-", "−") in " ".join(words(figure))


def test_places_in_a_deeper_layer(picture):
    explanation = explained(Conv(3, 3, activation="tanh"), MaxPool(2), Conv(2, 2))
    figure = plots.shared_weight(explanation.shared_weight(3, 1, 2, 0, 1))
    picture(figure)
    assert "map 2 of layer 2" in " ".join(words(figure))
    image, *_ = pictures(figure)
    assert image.get_clim()[0] < 0  # tanh: red below 0


# Winners


def test_a_dot_on_every_winner(picture):
    explanation = explained(Conv(6, 3, activation="relu"), MaxPool(2))
    found = explanation.winners(2)
    figure = plots.winners(found)
    picture(figure)
    is_narrow(figure)
    lengths = (found.dC_dx**2).sum(axis=(1, 2))
    chosen = sorted(np.argsort(-lengths, kind="stable")[:4])
    dots = figure.axes[0].collections
    assert len(pictures(figure)) == len(dots) == 4
    for tile, marks, c in zip(pictures(figure), dots, chosen, strict=True):
        np.testing.assert_array_equal(tile.get_array(), found.x[c])
        left, right, below, above = tile.get_extent()
        height, width = found.x[c].shape
        met = {}
        for (along, up), color in zip(marks.get_offsets(), marks.get_facecolors(), strict=False):
            column = (along - left) / (right - left) * width - 0.5
            row = (above - up) / (above - below) * height - 0.5
            assert (row, column) == pytest.approx((round(row), round(column)))
            met[round(row), round(column)] = to_hex(color)
        expected = {}
        for r, s in np.ndindex(height // 2, width // 2):
            window = found.x[c, 2 * r : 2 * r + 2, 2 * s : 2 * s + 2]
            if np.ptp(window):
                i, j = np.unravel_index(window.argmax(), (2, 2))
                at = (2 * r + int(i), 2 * s + int(j))
                expected[at] = BLUE if found.dC_dx[c][at] > 0 else RED
        assert met == expected


def test_winners_where_all_are_equal(picture):
    explanation = explained(MaxPool(2))
    even = gn.explain(explanation.trace.network, np.zeros((12, 10)), 1)
    figure = plots.winners(even.winners(1))
    picture(figure)
    assert len(figure.axes[0].collections[0].get_offsets()) == 0
    assert "map 0: 100% of windows all equal" in words(figure)


# Dropout


def test_what_is_off_is_orange(picture):
    explanation = explained(Conv(3, 3), Dropout(0.3), draw=DRAW)
    for layer, count in ((2, 3), (5, 1)):
        found = explanation.dropped(layer)
        figure = plots.dropped(found)
        picture(figure)
        is_narrow(figure)
        tiles = pictures(figure)
        assert len(tiles) == count
        shown = np.stack([np.ma.filled(tile.get_array(), np.nan) for tile in tiles])
        expected = np.where(found.mask == 0, np.nan, found.x)
        np.testing.assert_array_equal(shown.ravel()[: expected.size], expected.ravel())


def test_without_a_draw_there_is_nothing_to_draw():
    with pytest.raises(GlassnetError, match="nothing is switched off in layer 4"):
        plots.dropped(explained(MaxPool(2)).dropped(4))
