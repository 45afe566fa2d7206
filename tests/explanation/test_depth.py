"""The vanishing gradient: lengths and factors, by hand for sigmoids, and their product for everything."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import glassnet as gn
from glassnet.document import Note, Table, as_text
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.explanation import vanishing, vanishing_gradient
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax


def by_hand(network, images, labels):
    """δ̄, mean ∂C/∂a and mean σ′ of 6-5-4-3 sigmoids with the quadratic cost, front to back."""
    W = [network.parameters[f"{i}.weight"] for i in (1, 2, 3)]
    b = [network.parameters[f"{i}.bias"] for i in (1, 2, 3)]
    deltas, slopes_of_a, slopes = ([[], [], []] for _ in range(3))
    for x, label in zip(images, labels, strict=True):
        a = [x]
        for w, own in zip(W, b, strict=True):
            a.append(1 / (1 + np.exp(-(w @ a[-1] + own))))
        dC_da = a[3] - np.eye(3)[label]
        for i in (2, 1, 0):
            slope = a[i + 1] * (1 - a[i + 1])
            deltas[i].append(dC_da * slope)
            slopes_of_a[i].append(dC_da)
            slopes[i].append(slope.mean())
            dC_da = W[i].T @ deltas[i][-1]
    means = [[np.mean(column, axis=0) for column in columns] for columns in (deltas, slopes_of_a)]
    return [np.linalg.norm(d) for d in means[0]], [np.linalg.norm(d) for d in means[1]], [
        float(np.mean(s)) for s in slopes
    ]  # fmt: skip


def deep():
    return gn.Network("6-5-4-3", seed=5, initializer="normal", dtype="float64")


@pytest.mark.parametrize("count", [1, 7])
def test_lengths_and_factors_by_hand(count):
    network, images = deep(), np.random.default_rng(17).uniform(size=(count, 6))
    labels = np.arange(count) % 3
    deltas, of_a, slopes = by_hand(network, images, labels)
    if count == 1:
        shown = gn.explain(network, images[0], labels[0]).vanishing_gradient
    else:
        shown = vanishing_gradient(network, images, labels)
    assert shown.images == count
    np.testing.assert_allclose(shown.deltas, deltas, rtol=1e-12)
    assert [step.layer for step in shown.steps] == [3, 2, 1]
    assert shown.steps[0].ratio is None
    assert shown.steps[0].by_weights is None
    for step in shown.steps[1:]:
        i = step.layer - 1
        assert step.by_weights == pytest.approx(of_a[i] / deltas[i + 1], rel=1e-12)
        assert step.by_slope == pytest.approx(deltas[i] / of_a[i], rel=1e-12)
        assert step.ratio == pytest.approx(deltas[i] / deltas[i + 1], rel=1e-12)
        assert step.slope == pytest.approx(slopes[i], rel=1e-12)
        assert step.by_slope <= 0.25


NETWORKS = {
    "sigmoids": ([Dense(5), Dense(4), Dense(3)], (6,), "cross_entropy"),
    "relu and softmax": ([Dense(5, "relu"), Dense(4, "tanh"), Dense(3, "softmax")], (6,), "log_likelihood"),
    "softmax inside": ([Dense(5, "softmax"), Dense(4), Softmax()], (6,), "squared"),
    "conv": (
        [Conv(3, 3, padding=1), MaxPool(2), Conv(2, 2, activation="relu"), Flatten(), Dense(3, "softmax")],
        (2, 6, 6),
        "log_likelihood",
    ),
    "means and dropout": (
        [Conv(3, 3, activation="tanh"), AveragePool(2, 1), Dropout(0.5), Flatten(), Dense(3)],
        (1, 6, 6),
        "quadratic",
    ),
}


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_factors_multiplied_are_the_ratio(name, many):
    layers, shape, cost = NETWORKS[name]
    network = gn.Network(layers, shape, seed=9, initializer="normal", dtype="float64")
    images = np.random.default_rng(18).normal(size=(5, *shape))
    labels = np.array([0, 1, 2, 1, 0])
    if many:
        shown = vanishing_gradient(network, images, labels, cost)
        ways = network.gradient(images, labels, cost).layers
        deltas = [np.linalg.norm(way.dC_dz.sum(axis=0)) for way in ways]
    else:
        draw = Draw(0, 1, np.array([4]))
        shown = gn.explain(network, images[0], 0, cost, draw=draw).vanishing_gradient
        ways = network.gradient(images[:1], labels[:1], cost, draw=draw).layers
        deltas = [np.linalg.norm(way.dC_dz) for way in ways]
    np.testing.assert_allclose(shown.deltas, deltas, rtol=1e-12)
    for behind, step in zip(shown.steps, shown.steps[1:], strict=False):
        assert step.by_weights * step.by_slope == pytest.approx(step.delta / behind.delta, rel=1e-12)
        own = network.layers[step.layer - 1]
        assert (step.slope is None) == (own.activation == "softmax")
        if own.activation == "linear":
            assert step.by_slope == step.slope == 1


def test_the_mean_of_many_images_is_taken_before_its_length():
    """Two images that pull in opposite ways: each has a gradient, their mean has none."""
    one = np.array([[1.0]])
    network = gn.Network("1-1-1", parameters={"1.weight": one, "1.bias": np.zeros(1), "2.weight": one,
                                              "2.bias": np.array([-0.5])}, dtype="float64")  # fmt: skip
    images, wanted = np.zeros((2, 1)), np.array([[0.25], [0.75]])  # the output is σ(½ − ½) = ½ for both
    single = vanishing_gradient(network, images[:1], wanted[:1])
    assert single.deltas[1] == pytest.approx(0.25 / 4)
    both = vanishing_gradient(network, images, wanted)
    np.testing.assert_array_equal(both.deltas, 0)
    assert both.steps[1].ratio is None
    (note,) = [block for block in both.blocks() if isinstance(block, Note)]
    assert "From layer 2 on there is no gradient at all" in note.text


def test_how_images_are_cut_into_chunks_changes_nothing(monkeypatch):
    network, images = deep(), np.random.default_rng(19).uniform(size=(11, 6))
    labels = np.arange(11) % 3
    whole = vanishing_gradient(network, images, labels)
    monkeypatch.setattr(vanishing, "CHUNK", 4)
    cut = vanishing_gradient(network, images, labels)
    for one, other in zip(whole.steps, cut.steps, strict=True):
        assert (one.delta, one.slope) == pytest.approx((other.delta, other.slope), rel=1e-12)
        if one.layer < 3:
            factors = (other.by_weights, other.by_slope)
            assert (one.by_weights, one.by_slope) == pytest.approx(factors, rel=1e-12)


@pytest.mark.parametrize("engine", ["textbook", "native"])
def test_sigmoids_vanish(engine):
    """As in the book's chapter 5: each further hidden layer shortens the first one's δ several times."""
    split = gn.load("digits").training[:200]
    firsts = []
    for hidden in range(1, 5):
        network = gn.Network("-".join(["784", *["30"] * hidden, "10"]), seed=2)
        shown = vanishing_gradient(network, split.images, split.labels, "cross_entropy", engine=engine)
        assert all(0.05 < step.ratio < 0.6 for step in shown.steps[1:])
        firsts.append(shown.deltas[0])
    assert all(after < before / 2 for before, after in pairwise(firsts))
    text = as_text(shown.blocks()).replace("\n", " ")
    assert f"In layer 1 δ is {shown.deltas[-1] / shown.deltas[0]:.3g} times shorter than in layer 5" in text


def test_where_it_does_not_vanish():
    network = gn.Network([Dense(20, "tanh"), Dense(20, "tanh"), Dense(3)], 6, seed=1)
    images = np.random.default_rng(20).normal(size=(20, 6))
    shown = vanishing_gradient(network, images, np.arange(20) % 3, "cross_entropy")
    assert f"In layer 1 δ is {shown.deltas[0] / shown.deltas[-1]:.3g} times as long as in layer 3" in as_text(
        shown.blocks()
    )


def test_what_the_table_says():
    shown = gn.explain(deep(), np.random.default_rng(21).uniform(size=6), 1).vanishing_gradient
    (table,) = [block for block in shown.blocks() if isinstance(block, Table)]
    assert [row[0] for row in table.rows] == ["3  3:sigmoid", "2  4:sigmoid", "1  5:sigmoid"]
    assert [*table.rows[0][2:5]] == ["", "", ""]
    for row, step in zip(table.rows[1:], shown.steps[1:], strict=True):
        assert row[1] == step.delta
        values = (step.ratio, step.by_weights, step.by_slope, step.slope)
        for cell, value in zip(row[2:], values, strict=True):
            assert float(cell.replace("−", "-")) == pytest.approx(value, rel=6e-3)


def test_numbers_too_small_for_their_squares():
    network = gn.Network("2-2-2", seed=0, dtype="float64")
    network.parameters["2.weight"][:] *= 1e-200
    shown = gn.explain(network, np.ones(2), 0).vanishing_gradient
    assert 0 < shown.deltas[0] < 1e-190
    assert shown.steps[1].ratio == pytest.approx(shown.deltas[0] / shown.deltas[1])


def test_numbers_that_are_not_finite():
    network = deep()
    network.parameters["2.bias"][0] = np.nan
    shown = gn.explain(network, np.ones(6), 0).vanishing_gradient
    assert np.isnan(shown.deltas).all()
    assert "NaN" in as_text(shown.blocks())


@pytest.mark.parametrize(
    ("images", "labels"), [(np.ones((0, 6)), np.zeros(0, int)), (np.ones((2, 6)), [1]), (np.ones((1, 6)), 1)]
)
def test_images_and_labels_that_do_not_fit(images, labels):
    with pytest.raises(GlassnetError, match="give as many of both, at least one"):
        vanishing_gradient(deep(), images, labels)
