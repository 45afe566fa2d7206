"""A filter in numbers: the network's own weights, and slopes that finite differences confirm."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import Table, as_text, grid
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Flatten, MaxPool

IMAGE = np.random.default_rng(8).uniform(size=(1, 9, 9))


def explained(channels=1):
    layers = [Conv(channels, 2), Conv(3, 3, activation="tanh"), MaxPool(2), Flatten(), Dense(2)]
    network = gn.Network(layers, (1, 9, 9), seed=2, initializer="normal", dtype="float64")
    return gn.explain(network, IMAGE, 1, "squared")


def tables(shown):
    return [block for block in shown.blocks() if isinstance(block, Table)]


def numbers(table):
    """The numbers of a grid, in the unit that its caption names."""
    exponent = table.caption.partition("10")[2].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    rows = [[float(cell.replace("−", "-")) for cell in row[1:]] for row in table.rows]
    return np.array(rows) * 10.0 ** int(exponent or 0)


def test_weights_and_slopes_of_a_filter():
    explanation = explained()
    shown, network, h = explanation.filter(2, 1), explanation.trace.network.copy(), 1e-6
    np.testing.assert_array_equal(shown.weights, network.parameters["2.weight"][1])
    assert shown.bias == network.parameters["2.bias"][1]

    def cost():
        return float(((network.predict(IMAGE[None])[0] - [0, 1]) ** 2).sum())

    slopes, weight = np.zeros((1, 3, 3)), network.parameters["2.weight"][1]
    for place in np.ndindex(slopes.shape):
        weight[place] += h
        above = cost()
        weight[place] -= 2 * h
        slopes[place] = (above - cost()) / (2 * h)
        weight[place] += h
    np.testing.assert_allclose(shown.gradient, slopes, rtol=1e-6, atol=1e-9)
    written, falls = tables(shown)
    for table, values in ((written, shown.weights[0]), (falls, slopes[0])):
        assert np.abs(numbers(table) - values).max() <= 0.006 * np.abs(values).max()


@pytest.mark.parametrize(("channels", "listed"), [(1, 1), (3, 3), (4, 1), (9, 1)])
def test_few_channels_are_all_shown_of_many_the_strongest(channels, listed):
    shown = explained(channels).filter(2, 0)
    found = tables(shown)
    assert len(found) == 2 * listed
    sizes = [np.linalg.norm(shown.weights[c]) for c in range(channels)]
    assert [*shown.strongest] == sorted(range(channels), key=lambda c: -sizes[c])
    if listed < channels:
        best = int(np.argmax(sizes))
        assert f"for channel {best}, where they are largest" in as_text(shown.blocks()).replace("\n", " ")
        cells, _ = grid(shown.weights[best])
        assert [list(row[1:]) for row in found[0].rows] == cells


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ((2, 3), "filter 3 of layer 2: there are the numbers 0 to 2"),
        ((2, -1), "filter -1 of layer 2: there are the numbers 0 to 2"),
        ((3, 0), r"layer 3 \(max_pool\) has no filters: those with filters are 1, 2"),
        ((5, 0), r"layer 5 \(dense\) has no filters"),
        ((6, 0), "layer 6: .* has the layers 1 to 5"),
    ],
)
def test_filters_that_are_not_there(place, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        explained().filter(*place)


def test_a_network_without_filters():
    with pytest.raises(GlassnetError, match="no layer has filters"):
        gn.explain(gn.Network("4-2", seed=0), np.ones(4), 0).filter(1, 0)
