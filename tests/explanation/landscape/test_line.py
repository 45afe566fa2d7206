"""The cost along the negative gradient, against formulas by hand and against the textbook's gradient."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.explanation.landscape import CostLine, cost_along_gradient
from glassnet.explanation.landscape.cost_function import CostFunction
from glassnet.explanation.wants import CHUNK
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

DIGITS = load("digits").training[:40]
SATURATED = Network(
    [Dense(2, "softmax")], 1, parameters={"1.weight": np.array([[1e4], [0.0]]), "1.bias": np.zeros(2)}
)


def neuron(w, b):
    """One linear neuron, whose desired output for label 0 is 1."""
    return Network([Dense(1, "linear")], 1, parameters={"1.weight": np.array([[w]]), "1.bias": np.array([b])})


X, ZEROS = np.array([[1.0], [3.0]]), [0, 0]  # C = ½ [(w + b − 1)² + (3w + b − 1)²]


def bowl(w, b):
    return ((w + b - 1) ** 2 + (3 * w + b - 1) ** 2) / 2


# One neuron


def test_a_bowl_by_hand():
    """At w = 2, b = 0 the differences are 1 and 5: C = ½ (1 + 25) = 13,
    ∂C/∂w = 1·1 + 5·3 = 16, ∂C/∂b = 1 + 5 = 6, ‖∇C‖² = 256 + 36 = 292."""
    line = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared", points=41)
    assert line.cost == 13
    assert line.gradient_norm == pytest.approx(np.sqrt(292), rel=1e-15)
    np.testing.assert_allclose(line.costs, bowl(2 - 16 * line.t, -6 * line.t), rtol=1e-12)
    np.testing.assert_allclose(line.prediction, 13 - 292 * line.t, rtol=1e-12)


def test_the_range_goes_through_the_valley_and_up_to_where_the_cost_was():
    """Along the line C is a parabola, 13 − 292 t + ½ t² (16, 6) H (16, 6)ᵀ with H = ((10, 4), (4, 2)),
    thus ½ · 3400 t²; its lowest point is at t = 292 / 3400, and at twice that it is 13 again."""
    line = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared", points=61)
    np.testing.assert_allclose(line.costs, 13 - 292 * line.t + 1700 * line.t**2, rtol=1e-9)
    lowest, step = 292 / 3400, line.t[1] - line.t[0]
    assert abs(line.t[line.lowest] - lowest) <= step / 2 + 1e-12
    assert 2 * lowest < line.t[-1] < 2.5 * lowest
    assert line.t[10] == 0
    assert line.costs[10] == line.cost
    assert line.t[0] == pytest.approx(-line.t[-1] / 5)
    np.testing.assert_allclose(np.diff(line.t), step)


@pytest.mark.parametrize("points", [3, 4, 7, 61])
def test_as_many_points_as_asked_for(points):
    line = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared", points=points)
    assert line.t.shape == line.costs.shape == line.prediction.shape == (points,)
    assert 0 in line.t


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_range_finds_the_valley_on_any_scale(scale):
    """With inputs so many times as large, the valley is about so many times as narrow, squared."""
    line = cost_along_gradient(neuron(2.0, 0.5), scale * X, ZEROS, "squared")
    assert line.costs[line.lowest] < line.cost
    assert 5 < line.lowest < 58
    assert line.costs[-1] >= line.cost


# Any network

ENDS = [[Dense(10, name)] for name in ACTIVATIONS] + [[Dense(10), Softmax()]]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


@pytest.mark.parametrize(("end", "cost"), VALID, ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_point_is_the_cost_of_parameters_that_went_so_far(engine, end, cost):
    network = Network([Dense(6, "tanh"), *end], 784, seed=2)
    before = {name: array.copy() for name, array in network.parameters.items()}
    line = cost_along_gradient(network, DIGITS.images, DIGITS.labels, cost, points=9, engine=engine)

    exact = network.astype(np.float64)
    gradient = exact.gradient(DIGITS.images, DIGITS.labels, cost)
    assert line.cost == pytest.approx(gradient.cost, rel=1e-12)
    assert line.gradient_norm**2 == pytest.approx(
        sum((array**2).sum() for array in gradient.parameters.values()), rel=1e-10
    )
    for t, found in zip(line.t, line.costs, strict=True):
        moved = {name: exact.parameters[name] - t * gradient.parameters[name] for name in exact.shapes}
        there = Network(exact.layers, 784, parameters=moved, dtype=np.float64)
        assert found == pytest.approx(there.gradient(DIGITS.images, DIGITS.labels, cost).cost, rel=1e-9)
    assert line.costs[line.lowest] < line.cost
    for name, array in before.items():
        np.testing.assert_array_equal(network.parameters[name], array)


def test_the_slope_at_0_is_minus_the_squared_norm_of_the_gradient():
    network = Network("784-16-16-10", seed=3)
    C = CostFunction(network, DIGITS.images, DIGITS.labels, "cross_entropy")
    gradient = C.gradient(C.here)
    line = cost_along_gradient(network, DIGITS.images, DIGITS.labels, "cross_entropy")
    h = 1e-7
    slope = (C(C.here - h * gradient) - C(C.here + h * gradient)) / (2 * h)
    assert slope == pytest.approx(-(line.gradient_norm**2), rel=1e-6)


def test_a_gradient_of_many_images_is_the_same_in_chunks():
    data = load("digits").training
    assert len(data) > CHUNK
    network = Network("784-5-10", seed=3)
    C = CostFunction(network, data.images, data.labels, "quadratic")
    whole = network.astype(np.float64).gradient(data.images, data.labels, "quadratic").parameters
    for name, array in C.arrays(C.gradient(C.here)).items():
        np.testing.assert_allclose(array, whole[name], rtol=1e-9, atol=1e-15)


def test_a_valley_without_an_end():
    """For σ(w) with cross-entropy and y = 1 the cost falls forever: the line ends where it is nearly flat."""
    network = Network(
        [Dense(1, "sigmoid")], 1, parameters={"1.weight": np.array([[0.0]]), "1.bias": np.array([0.0])}
    )
    line = cost_along_gradient(network, np.array([[1.0]]), [0], "cross_entropy")
    assert line.lowest == len(line.t) - 1
    assert line.costs[-1] < 1e-3 * line.cost
    assert np.median(line.costs) > 1e-2 * line.cost  # and not far beyond


def test_no_gradient():
    dead = Network("784-5:relu-10:relu", seed=0, initializer="zeros")
    line = cost_along_gradient(dead, DIGITS.images, DIGITS.labels)
    assert line.gradient_norm == 0
    assert (line.costs == 0.5).all()  # ½ (0 − 1)²
    assert line.t[line.lowest] == 0
    assert "its gradient is 0" in str(line)


@pytest.mark.parametrize("w", [1e-60, 1e-90])
def test_a_gradient_so_small_that_nothing_comes_of_it(w):
    """C = w²x² with x = 10⁻⁷⁰: ∂C/∂w = 2wx², whose square is too small a number."""
    network = Network([Dense(1, "linear")], 1, parameters={"1.weight": np.array([[w]]), "1.bias": np.ones(1)},
                      dtype=np.float64)  # fmt: skip
    line = cost_along_gradient(network, np.array([[1e-70]]), [0], "squared")
    assert np.isfinite(line.t).all()
    assert line.t[line.lowest] == 0
    assert "not fall" in str(line) or "gradient is 0" in str(line)


# The learning rate


@pytest.mark.parametrize(
    ("learning_rate", "within", "written"),
    [
        (1e-6, True, "1·10⁻⁶"),
        (0.05, True, "0.05"),
        (0.3, True, "0.3"),
        (0.5, True, "0.5"),
        (1000.0, False, "1000"),
    ],
)
def test_the_learning_rate_lies_in_the_picture_unless_it_is_far_beyond(learning_rate, within, written):
    plain = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared")
    line = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared", learning_rate=learning_rate)
    assert line.cost_at_learning_rate == pytest.approx(
        bowl(2 - 16 * learning_rate, -6 * learning_rate), rel=1e-9
    )
    assert (line.t[-1] >= learning_rate) == within
    assert line.t[-1] >= plain.t[-1]
    assert f"`η = {written}`" in line.blocks()[0].text


# How it shows itself


def test_what_it_says():
    line = cost_along_gradient(neuron(2.0, 0.0), X, ZEROS, "squared", learning_rate=0.1)
    paragraph, table = line.blocks()
    assert (
        "The mean cost of 2 images is `C = 13` and its gradient has the length `‖∇C‖ = 17.088`"
        in paragraph.text
    )
    assert "A step of gradient descent with `η = 0.1` leads to `0.8`" in paragraph.text  # 13 − 29.2 + 17
    for t, cost, promised, bar in table.rows:
        assert cost == pytest.approx(13 - 292 * t + 1700 * t**2)
        assert promised == pytest.approx(13 - 292 * t)
        assert bar.value == pytest.approx(cost - line.costs[line.lowest])
        assert bar.value <= bar.largest
    assert line.t[line.lowest] in [row[0] for row in table.rows]
    assert "C − t‖∇C‖²" in str(line)
    assert "<table" in line._repr_html_()


def test_costs_that_are_not_finite_are_shown_as_they_are():
    costs = np.array([np.nan, 2.0, 1.0, 3.0, np.inf])
    line = CostLine(np.arange(-1.0, 4), costs, 2.0, 1.0, 1, None, None)
    assert line.lowest == 2
    text = str(line)
    assert "it falls to `1` at `t = 1`." in line.blocks()[0].text
    assert "NaN" in text
    assert "∞" in text
    assert "The mean cost of one image" in text


def test_a_line_that_only_rises_says_so():
    line = CostLine(np.arange(-1.0, 3), np.array([3.0, 2.0, 4.0, 9.0]), 2.0, 1e-9, 1, None, None)
    assert line.blocks()[0].text.endswith("Along `−∇C` it does not fall.")


# What can't be


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": X[:0], "labels": []}, "there are no images to compute the cost of"),
        ({"labels": [0]}, "there are 2 images and 1 labels"),
        ({"labels": [0, 1]}, "label 1: the network has the outputs 0 to 0"),
        ({"images": np.ones((2, 3))}, r"images of shape \(2, 3\)"),
        ({"images": np.array([[1.0], [np.nan]])}, "image 1 holds nan"),
        ({"cost": "sqared"}, "did you mean 'squared'"),
        ({"cost": "cross_entropy"}, "not defined for 'linear' outputs"),
        ({"engine": "nativ"}, "did you mean 'native'"),
        ({"points": 2}, "points is 2: give a whole number from 3"),
        ({"points": 5.0}, "points is 5.0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give a positive number"),
        ({"learning_rate": np.nan}, "learning_rate is nan"),
        ({"network": "784-10"}, "'784-10' stands where a Network is wanted"),
        ({"network": neuron(np.inf, 0.0)}, "1.weight holds NaN or infinite values"),
        ({"network": Network("1-softmax", seed=0)}, "the network 1-softmax has no parameters"),
    ],
)
def test_what_is_refused(changes, message):
    given = {"network": neuron(2.0, 0.0), "images": X, "labels": ZEROS, "cost": "squared"} | changes
    with pytest.raises(GlassnetError, match=message):
        cost_along_gradient(**given)


def test_a_cost_that_is_not_finite_has_no_way_down():
    """Softmax of (10⁴, 0) is exactly (1, 0), so that the wrong label costs −ln 0."""
    with pytest.raises(GlassnetError, match="the cost is inf"):
        cost_along_gradient(SATURATED, np.array([[1.0]]), [1], "cross_entropy")
