"""Feature maps: a filter's answers, as a loop over all places finds them."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import Bar, Table, as_text
from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Conv, Dense, Flatten, MaxPool

LAYERS = [
    Conv(3, 3, stride=2, padding=1, activation="tanh"),
    MaxPool(2, 1),
    Conv(2, 2, activation="relu"),
    AveragePool(2, 1),
    Flatten(),
    Dense(3),
]
NETWORK = gn.Network(LAYERS, (2, 8, 9), seed=3, initializer="normal", dtype="float64")
IMAGE = np.random.default_rng(5).uniform(-1, 1, (2, 8, 9))
EXPLANATION = gn.explain(NETWORK, IMAGE, 1)


def first_layer_by_hand():
    """z[o, r, s] = Σ w[o, c, i, j] · x[c, 2r + i − 1, 2s + j − 1] + b[o], x being 0 outside."""
    weight, bias = NETWORK.parameters["1.weight"], NETWORK.parameters["1.bias"]
    z = np.zeros((3, 4, 5))
    for o, r, s in np.ndindex(z.shape):
        z[o, r, s] = bias[o]
        for c, i, j in np.ndindex(2, 3, 3):
            y, x = 2 * r + i - 1, 2 * s + j - 1
            if 0 <= y < 8 and 0 <= x < 9:
                z[o, r, s] += weight[o, c, i, j] * IMAGE[c, y, x]
    return z


def test_the_maps_of_the_first_layer_by_hand():
    maps, z = EXPLANATION.feature_maps(1), first_layer_by_hand()
    np.testing.assert_allclose(maps.z, z, rtol=1e-12)
    np.testing.assert_allclose(maps.a, np.tanh(z), rtol=1e-12)
    for o in range(3):
        best = max(np.ndindex(4, 5), key=lambda at, o=o: z[o][at])
        assert tuple(maps.peaks[o]) == best
        assert maps.positive[o] == sum(z[o][at] > 0 for at in np.ndindex(4, 5)) / 20
    tops = [z[o].max() for o in range(3)]
    assert [*maps.strongest] == sorted(range(3), key=lambda o: -tops[o])


def test_what_the_table_says():
    z = first_layer_by_hand()
    (table,) = [block for block in EXPLANATION.feature_maps(1).blocks() if isinstance(block, Table)]
    assert [row[0] for row in table.rows] == ["0", "1", "2"]
    for o, (_, top, at, mean, share) in enumerate(table.rows):
        assert isinstance(top, Bar)
        assert top.value == pytest.approx(np.tanh(z[o].max()))
        assert z[o][tuple(map(int, at.split(", ")))] == z[o].max()
        assert mean == pytest.approx(np.tanh(z[o]).mean())
        assert share == f"{(z[o] > 0).mean():.0%}"


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [
        (1, "filter", "Layer 1 answers with 3 maps of 4×5 places, each the same filter"),
        (2, "channel", "Layer 2 answers with 3 maps of 3×4 places, each made of one map of layer 1"),
        (3, "filter", "Layer 3 answers with 2 maps of 2×3 places"),
        (4, "channel", "Layer 4 answers with 2 maps of 1×2 places"),
    ],
)
def test_every_layer_that_keeps_the_image_has_maps(layer, kind, words):
    maps = EXPLANATION.feature_maps(layer)
    assert maps.unit == kind
    assert maps.a.shape == NETWORK.output_shapes[layer - 1]
    assert words in as_text(maps.blocks()).replace("\n", " ")


def test_of_many_maps_the_strongest_are_listed():
    network = gn.Network([Conv(40, 2), Flatten(), Dense(2)], (1, 3, 3), seed=1, initializer="normal")
    image = np.random.default_rng(6).uniform(size=(3, 3))
    maps = gn.explain(network, image, 1).feature_maps(1)
    (table,) = [block for block in maps.blocks() if isinstance(block, Table)]
    listed = [int(row[0]) for row in table.rows]
    assert listed == sorted(listed)
    tops = maps.a.reshape(40, -1).max(axis=1)
    assert set(listed) == set(np.argsort(-tops)[:24])
    assert "the 24 of 40 with the largest answers" in table.caption


def test_maps_that_are_not_finite():
    network = NETWORK.copy()
    network.parameters["1.weight"][1, 0, 0, 0] = np.nan
    maps = gn.explain(network, IMAGE, 1).feature_maps(1)
    assert tuple(maps.peaks[0]) == tuple(EXPLANATION.feature_maps(1).peaks[0])
    assert maps.strongest[-1] == 1  # NaN · 0 is NaN, too: all of the map is none
    assert "NaN" in as_text(maps.blocks())


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (5, r"layer 5 \(flatten\) makes a row of numbers, no feature maps: those with maps are 1, 2, 3, 4"),
        (6, r"layer 6 \(dense\) makes a row"),
        (0, "layer 0: .* has the layers 1 to 6"),
        (7, "layer 7: .* has the layers 1 to 6"),
    ],
)
def test_layers_without_maps(layer, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        EXPLANATION.feature_maps(layer)


def test_a_network_without_maps():
    with pytest.raises(GlassnetError, match=r"layer 1 \(dense\) .*: no layer has maps"):
        gn.explain(gn.Network("4-2", seed=0), np.ones(4), 0).feature_maps(1)
