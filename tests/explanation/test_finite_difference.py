"""Central differences against slopes in closed form, and all that is shown against central differences."""

from __future__ import annotations

from math import cos, exp, isnan, nan, sin

import numpy as np
import pytest

from glassnet.activations import Tanh
from glassnet.costs import COSTS, get_cost
from glassnet.data import load
from glassnet.document import number
from glassnet.explanation import check_gradient, explain, finite_difference
from glassnet.explanation.finite_difference import FiniteDifferences, relative_error
from glassnet.explanation.verdict import Verdict
from glassnet.layers import Dense, Softmax
from glassnet.network import Network
from glassnet.training import Recipe, train

pytestmark = pytest.mark.table

X, Y = np.random.default_rng(13).normal(size=(4, 3)), np.eye(2)[[0, 1, 1, 0]]


def network_of(*layers, n_in=3, seed=1):
    return Network(list(layers), n_in, seed=seed, initializer="normal", dtype=np.float64)


def slope_of(function, array, place, h=1e-5):
    """(f(w + h) − f(w − h)) / 2h, the number put back afterwards."""
    value = array[place]
    array[place] = value + h
    above = function()
    array[place] = value - h
    below = function()
    array[place] = value
    return (above - below) / (2 * h)


# The error


@pytest.mark.parametrize(
    ("gradient", "difference", "error"),
    [
        (2.0, 2.0, 0.0),
        (2.0, 1.0, 0.5),  # 1 / 2: relative to the larger
        (1.0, 2.0, 0.5),
        (-2.0, 2.0, 2.0),
        (1e-9, 0.0, 1e-6),  # 10⁻⁹ / 10⁻³: the absolute error counts where both are tiny
        (0.0, 0.0, 0.0),
        (nan, 1.0, np.inf),
        (1.0, np.inf, np.inf),
        (np.inf, np.inf, np.inf),
    ],
)
def test_the_relative_error(gradient, difference, error):
    assert relative_error(gradient, difference) == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "difference", "error", "ok"),
    [
        (2.0, 2.000001, 0.000001 / 2.000001, True),
        (2.0, 2.00001, 0.00001 / 2.00001, False),
        (1e-9, 1.5e-9, 1 / 3, True),  # 5·10⁻¹⁰ apart: nearly 0
        (1e-9, 3e-9, 2 / 3, False),
        (0.0, 0.0, 0.0, True),
        (0.0, 1e-12, 1.0, True),
        (-1.0, 1.0, 2.0, False),
    ],
)
def test_the_verdict(value, difference, error, ok):
    verdict = Verdict(value, difference)
    assert verdict.error == pytest.approx(error, rel=1e-9)
    assert verdict.ok == ok
    note = verdict.block("w")
    assert note.good == ok
    assert f"relative error {number(verdict.error, 2)}" in note.text
    assert ("nearly 0" in note.text) == (ok and error > 1e-6)


@pytest.mark.parametrize(("value", "difference"), [(nan, 1.0), (1.0, np.inf), (nan, nan), (np.inf, np.inf)])
def test_what_is_no_number_is_never_right(value, difference):
    verdict = Verdict(value, difference)
    assert not verdict.ok
    assert not verdict.block("w").good


def test_at_a_kink_no_verdict_is_given():
    note = Verdict(1.0, nan).block("w")
    assert note.text == (
        "No finite difference says anything here: a kink, or the end of what the cost is defined for, "
        "lies within its step."
    )
    assert not note.good


# The slopes


def test_slopes_known_in_closed_form():
    """Two sigmoids a layer of one: C = (σ(v σ(w x + b) + c) − y)², all by Python floats."""
    x, w, b, v, c, y = 0.7, 0.4, -0.3, 1.2, 0.1, 1.0
    parameters = {
        "1.weight": np.array([[w]]),
        "1.bias": np.array([b]),
        "2.weight": np.array([[v]]),
        "2.bias": np.array([c]),
    }
    network = Network("1-1-1", parameters=parameters, dtype=np.float64)
    differences = FiniteDifferences(network, np.array([[x]]), np.array([[y]]), get_cost("squared"), 1.0)
    a1 = 1 / (1 + exp(-w * x - b))
    a2 = 1 / (1 + exp(-v * a1 - c))
    delta2 = 2 * (a2 - y) * a2 * (1 - a2)
    delta1 = v * delta2 * a1 * (1 - a1)
    expected = {
        "1.weight": ((0, 0), delta1 * x),
        "1.bias": ((0,), delta1),
        "2.weight": ((0, 0), delta2 * a1),
        "2.bias": ((0,), delta2),
    }
    for name, (place, slope) in expected.items():
        assert differences.of_parameter(name, [place])[0] == pytest.approx(slope, abs=1e-10)
    slopes = [w * delta1, v * delta2, 2 * (a2 - y)]
    for layer, slope in enumerate(slopes):
        assert differences.of_activations(layer, [0])[0] == pytest.approx(slope, abs=1e-10)


@pytest.mark.parametrize("canonical", [True, False])
@pytest.mark.parametrize("cost", COSTS)
def test_slopes_are_those_of_changing_one_number_at_a_time(cost, canonical):
    """The cost as the network computes it, every row with its share, and the penalty (λ/2n) Σ w²."""
    network = network_of(Dense(4, "tanh"), Softmax(), Dense(2, COSTS[cost].natural))
    share, l2, n = np.array([[0.1], [0.4], [0.2], [0.3]]), 0.5, 10
    of_cost = get_cost(cost)
    differences = FiniteDifferences(network, X, Y, of_cost, share, canonical, l2, n)
    before = {name: array.copy() for name, array in network.parameters.items()}

    def C():
        a, caches = network.forward(X)
        data = share.ravel() @ network.costs(caches[-1].z, a, Y, of_cost, canonical)
        return data + l2 / (2 * n) * sum((network.parameters[name] ** 2).sum() for name in network.weights)

    for name, array in network.parameters.items():
        places = list(np.ndindex(array.shape))[::-1]  # in whatever order they are asked for
        expected = [slope_of(C, array, place) for place in places]
        np.testing.assert_allclose(differences.of_parameter(name, places), expected, rtol=0, atol=1e-9)
        assert np.array_equal(array, before[name])  # put back


@pytest.mark.parametrize("cost", COSTS)
def test_slopes_by_activations_are_those_of_changing_one_at_a_time(cost):
    """What lies behind the layer is computed anew by hand; in the last layer, the cost of the outputs."""
    network = network_of(Dense(4, "tanh"), Dense(3, "sigmoid"), Dense(2, COSTS[cost].natural))
    of_cost = get_cost(cost)
    differences = FiniteDifferences(network, X, Y, of_cost, 0.25)
    _, caches = network.forward(X)
    for layer, rows in enumerate([caches[0].x, *(cache.a for cache in caches)]):

        def C(layer=layer, rows=rows):
            a, z = rows, None
            for own, params in zip(network.layers[layer:], network.by_layer()[layer:], strict=True):
                a, (_, z, _) = own.forward(params, a)
            return (of_cost.value(a, Y) if z is None else network.costs(z, a, Y, of_cost)).sum() / 4

        neurons = list(range(rows.shape[1]))
        expected = []
        for k in neurons:
            h = 1e-5
            rows[:, k] += h
            above = C()
            rows[:, k] -= 2 * h
            below = C()
            rows[:, k] += h
            expected.append((above - below) / (2 * h))
        found = differences.of_activations(layer, neurons[::-1])[::-1]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 64])
def test_how_many_are_passed_on_at_a_time_changes_nothing(rows, monkeypatch):
    network = network_of(Dense(4, "tanh"), Dense(2))
    places = list(np.ndindex(4, 3))
    differences = FiniteDifferences(network, X, Y, get_cost("quadratic"), 0.25)
    whole = differences.of_parameter("1.weight", places)
    monkeypatch.setattr(finite_difference, "ROWS", rows)
    np.testing.assert_allclose(differences.of_parameter("1.weight", places), whole, rtol=0, atol=1e-12)


def test_no_place_is_no_slope():
    differences = FiniteDifferences(network_of(Dense(2)), X, Y, get_cost("quadratic"), 0.25)
    assert differences.of_parameter("1.bias", []).shape == (0,)


def test_the_quotient_is_symmetric():
    """C = (w x)²: (C(w+h) − C(w−h)) / 2h is 2 w x² for every h, where a one-sided one is off by h x²."""
    parameters = {"1.weight": np.array([[3.0]]), "1.bias": np.zeros(1)}
    network = Network([Dense(1, "linear")], 1, parameters=parameters, dtype=np.float64)
    differences = FiniteDifferences(network, np.array([[2.0]]), np.zeros((1, 1)), get_cost("squared"), 1.0)
    for h in (0.5, 0.125):
        assert differences.of_parameter("1.weight", [(0, 0)], h)[0] == 24


def relu(b):
    parameters = {"1.weight": np.ones((1, 1)), "1.bias": np.array([b])}
    network = Network([Dense(1, "relu")], 1, parameters=parameters, dtype=np.float64)
    return FiniteDifferences(network, np.ones((1, 1)), np.array([[-1.0]]), get_cost("quadratic"), 1.0)


def test_across_a_kink_there_is_no_slope():
    """a = relu(1 + b); at b = −1 it stands on the kink; h = 10⁻⁵."""
    assert isnan(relu(-1.0).of_parameter("1.bias", [(0,)])[0])
    assert isnan(relu(-1.0 + 0.9e-5).of_parameter("1.bias", [(0,)])[0])
    assert relu(-1.0 + 1.1e-5).of_parameter("1.bias", [(0,)])[0] == pytest.approx(1, abs=1e-4)  # a + 1
    assert relu(-1.0 - 1.1e-5).of_parameter("1.bias", [(0,)])[0] == 0
    assert isnan(relu(-1.0).of_activations(0, [0])[0])


def test_across_a_kink_of_a_later_layer_there_is_no_slope_either():
    """Two linear neurons, 1·x + 0 each, feed a ReLU: z = 1·x₀ + 0·x₁ − 1 stands on its kink at x₀ = 1.

    What reaches it through the weight 1 moves it across; what reaches it through the weight 0 does not.
    """
    parameters = {
        "1.weight": np.eye(2),
        "1.bias": np.zeros(2),
        "2.weight": np.array([[1.0, 0.0]]),
        "2.bias": np.array([-1.0]),
    }
    network = Network([Dense(2, "linear"), Dense(1, "relu")], 2, parameters=parameters, dtype=np.float64)
    differences = FiniteDifferences(network, np.ones((1, 2)), np.ones((1, 1)), get_cost("quadratic"), 1.0)
    assert np.isnan(differences.of_parameter("1.bias", [(0,), (1,)])).tolist() == [True, False]
    assert np.isnan(differences.of_parameter("1.weight", [(0, 1), (1, 1)])).tolist() == [True, False]
    for layer in (0, 1):
        assert np.isnan(differences.of_activations(layer, [0, 1])).tolist() == [True, False]


def test_an_activation_stands_behind_its_own_kink():
    """∂C/∂a of a neuron that stands on the kink: a itself is changed, and a − y = 0 + 1."""
    assert relu(-1.0).of_activations(1, [0])[0] == pytest.approx(1, abs=1e-9)


def test_where_the_cost_is_no_number_the_slope_is_infinite():
    network = network_of(Dense(2, "linear"))
    network.parameters["1.weight"][0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        differences = FiniteDifferences(network, X, Y, get_cost("quadratic"), 0.25)
        assert differences.of_parameter("1.bias", [(0,), (1,)]).tolist() == [np.inf, np.inf]


def test_a_wrong_activation_is_told_from_a_right_one(monkeypatch):
    """sin′ = cos: a difference knows the function alone, whatever its derivative claims."""
    monkeypatch.setattr(Tanh, "forward", lambda self, z: np.sin(z))
    parameters = {"1.weight": np.array([[0.5]]), "1.bias": np.array([0.2])}
    network = Network([Dense(1, "tanh")], 1, parameters=parameters, dtype=np.float64)
    bias = explain(network, np.ones(1), [0.0], "quadratic").bias(1, 0)
    assert bias.verdict.difference == pytest.approx(sin(0.7) * cos(0.7), abs=1e-9)
    assert not bias.verdict.ok


# Shown gradient ↔ finite difference: all 13,002 parameters of a trained network, 20 images, 0 exceptions

IMAGES = 20


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def trained(digits):
    recipe = Recipe(layers="784-16-16-10", cost="cross_entropy", learning_rate=0.5, epochs=8, seed=1)
    network = recipe.network()
    *_, last = train(network, digits, recipe)
    assert last.validation_accuracy > 0.8
    return network.astype(np.float64)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def own_cost(z, y, cost):
    """C₀ of sigmoid outputs from their z (…, 10), written out once more."""
    if cost == "quadratic":
        return ((sigmoid(z) - y) ** 2).sum(axis=-1) / 2
    return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-abs(z)))).sum(axis=-1)


def own_differences(parameters, x, y, cost, h=1e-5):
    """∂C₀/∂ every parameter for every image, by changing it: {name: (images, *shape)}, with NumPy alone."""
    W = [parameters[f"{i}.weight"] for i in (1, 2, 3)]
    b = [parameters[f"{i}.bias"] for i in (1, 2, 3)]

    def cost_behind(layer, z):
        for i in range(layer + 1, 3):
            z = sigmoid(z) @ W[i].T + b[i]
        return own_cost(z, y[:, None], cost)  # (images, changes)

    slopes, a = {}, x
    for layer in range(3):
        n_out, n_in = W[layer].shape
        z = a @ W[layer].T + b[layer]  # (images, n_out)
        weight, bias = np.empty((len(x), n_out, n_in)), np.empty((len(x), n_out))
        for j in range(n_out):
            sides = []
            for step in (h, -h):
                changed = W[layer][j] + step * np.eye(n_in)  # row k is w_j with its weight k changed
                moved = np.repeat(z[:, None], n_in + 1, axis=1)  # (images, changes, n_out)
                moved[:, :-1, j] = a @ changed.T + b[layer][j]
                moved[:, -1, j] = a @ W[layer][j] + (b[layer][j] + step)
                sides.append(cost_behind(layer, moved))
            quotient = (sides[0] - sides[1]) / (2 * h)  # (images, changes)
            weight[:, j], bias[:, j] = quotient[:, :-1], quotient[:, -1]
        slopes |= {f"{layer + 1}.weight": weight, f"{layer + 1}.bias": bias}
        a = sigmoid(z)
    return slopes


@pytest.mark.parametrize("cost", ["cross_entropy", "quadratic"])
def test_every_shown_gradient_of_a_trained_network_is_its_finite_difference(cost, digits, trained):
    """To 10⁻⁶, or to 10⁻⁹ where the gradient is tiny."""
    split = digits.test[:IMAGES]
    x, y = split.images.reshape(IMAGES, 784) / 255, np.eye(10)[split.labels]
    slopes = own_differences(trained.parameters, x, y, cost)
    count = 0
    for i in range(IMAGES):
        explanation = explain(trained, split.images[i], split.labels[i], cost)
        for way in (explanation.gradient, explanation.trace.used):
            for name, gradient in way.parameters.items():
                difference = slopes[name][i]
                apart = abs(gradient - difference)
                allowed = np.maximum(1e-9, 1e-6 * np.maximum(abs(gradient), abs(difference)))
                assert not (apart > allowed).any(), (i, name)
                count += gradient.size
    assert count == 2 * IMAGES * 13_002


@pytest.mark.slow
def test_the_check_of_a_trained_network_finds_no_exception(digits, trained):
    split = digits.test
    for i in range(4):
        check = explain(trained, split.images[i], split.labels[i], "cross_entropy").check()
        assert len(check.entries) == 13_002
        assert check.skipped == 0
        assert max(entry.error for entry in check.entries) <= 1e-6
        assert check.ok


def test_the_check_of_a_mini_batch_finds_no_exception(digits, trained):
    split = digits.test[:IMAGES]
    check = check_gradient(trained, split.images, split.labels, "quadratic")
    assert len(check.entries) == 13_002
    assert check.ok
