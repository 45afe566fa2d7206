"""Pooling's winners: on a picture small enough to see who wins."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import Table, as_text
from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Dense, Flatten, MaxPool

IMAGE = np.array(
    [
        [0.1, 0.2, 0.5, 0.5, 0.9],
        [0.3, 0.0, 0.5, 0.5, 0.9],
        [0.7, 0.1, 0.2, 0.8, 0.9],
        [0.7, 0.6, 0.4, 0.3, 0.9],
    ]
)
# Windows of 2×2: the fifth column is not seen. Upper left: 0.3 wins, below left; upper right: all are
# equal, the first is taken; lower left: 0.7 twice, the upper one is taken; lower right: 0.8, above right.
WON = [(1, 0), (0, 2), (2, 0), (2, 3)]


def explained(pool=None, dead=False):
    layers = [MaxPool(2) if pool is None else pool, Flatten(), Dense(2)]
    network = gn.Network(layers, (1, 4, 5), seed=4, initializer="normal", dtype="float64")
    if dead:
        network.parameters["3.weight"][:, 3] = 0  # nobody hears the last window
    return gn.explain(network, IMAGE, 1, "squared")


def test_who_won():
    won = explained().winners(1)
    np.testing.assert_array_equal(won.winners, [[[2, 0], [0, 1]]])
    np.testing.assert_array_equal(won.all_equal, [[[False, True], [False, False]]])
    assert [*zip(*(index.tolist() for index in won.places[1:]), strict=True)] == WON
    assert {tuple(map(int, at)) for at in np.argwhere(won.won[0])} == set(WON)


def test_only_winners_get_a_gradient():
    """By a finite difference for every pixel; 0.7 twice and 0.5 four times are kinks, and left out."""
    explanation = explained()
    slopes, network, h = explanation.winners(1).dC_dx[0], explanation.trace.network, 1e-6
    for at in np.ndindex(IMAGE.shape):
        if at in WON:
            assert slopes[at] != 0
        else:
            assert slopes[at] == 0
        if IMAGE[at] in (0.5, 0.7):
            continue
        costs = []
        for step in (h, -h):
            moved = IMAGE.copy()
            moved[at] += step
            costs.append(float(((network.predict(moved[None])[0] - [0, 1]) ** 2).sum()))
        assert slopes[at] == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("dead", "reached"), [(False, 4), (True, 3)])
def test_what_is_said(dead, reached):
    shown = explained(dead=dead).winners(1)
    by_map, where = [block for block in shown.blocks() if isinstance(block, Table)]
    counts = ("4", "25%", "20%", f"{1 - reached / 20:.0%}")
    assert [tuple(row) for row in by_map.rows] == [("0", *counts), ("all", *counts)]
    assert where.header == ("upper left", "upper right", "lower left", "lower right")
    assert [*where.rows[0]] == ["33 %", "33 %", "33 %", "0 %"]  # of the three that are not all equal
    text = as_text(shown.blocks()).replace("\n", " ")
    assert "In 25% of the 4 windows all numbers are equal" in text


def test_windows_that_overlap():
    """3×3 at every place of the 4×5: 0.9 wins all on the right, some of them twice."""
    won = explained(MaxPool(3, 1)).winners(1)
    assert won.winners.shape == (1, 2, 3)
    expected = np.zeros((2, 3), int)
    for r, s in np.ndindex(2, 3):
        window = IMAGE[r : r + 3, s : s + 3].ravel()
        expected[r, s] = [*window].index(max(window))
    np.testing.assert_array_equal(won.winners[0], expected)
    assert len([block for block in won.blocks() if isinstance(block, Table)]) == 1  # nine places: no table


def test_no_window_is_all_equal():
    shown = explained(MaxPool(3)).winners(1)
    assert not shown.all_equal.any()
    assert "all numbers are equal" not in as_text(shown.blocks()).replace("\n", " ")


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (2, r"layer 2 \(flatten\) picks no winners: those that do are 1"),
        (0, "layer 0: .* has the layers 1 to 3"),
    ],
)
def test_layers_without_winners(layer, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        explained().winners(layer)


def test_a_mean_has_no_winner():
    with pytest.raises(GlassnetError, match=r"layer 1 \(average_pool\) picks no winners: no layer does"):
        explained(AveragePool(2)).winners(1)
