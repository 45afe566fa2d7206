"""Temperature and threshold: against hand-made cases, a fine grid, and the numbers of the forward pass."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import NOT_A_DIGIT, Split
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Flatten, Softmax
from glassnet.network import Network
from glassnet.training import Calibration, calibrate
from glassnet.training.calibration import (
    best_confidence,
    best_temperature,
    confidences,
    last_sums,
    mean_cost,
    probabilistic_cost,
)

PAIRS = [COSTS["log_likelihood"], COSTS["cross_entropy"]]
FIELDS = {
    "temperature": 1.5,
    "threshold": 0.8,
    "accepted": 0.99,
    "passed": 0.1,
    "digits": 100,
    "not_digits": 50,
    "fonts": ("A", "B"),
}


def two_classes():
    """z = (x, 0) of a single number x."""
    parameters = {"1.weight": np.array([[1.0], [0.0]]), "1.bias": np.zeros(2)}
    return Network([Dense(2, "softmax")], 1, parameters=parameters, dtype="float64")


def some_answers(n=400, classes=5):
    rng = np.random.default_rng(6)
    z = rng.normal(size=(n, classes)) * 3
    right = np.where(rng.random(n) < 0.7, z.argmax(axis=1), rng.integers(0, classes, n))
    return z, np.eye(classes)[right]


# Temperature


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_temperature_by_hand(classes):
    # z = (1, 0, …, 0), right in three of four: e^β / (e^β + k − 1) = ¾, so e^β = 3 (k − 1).
    z = np.tile(np.eye(classes)[0], (4, 1))
    y = np.eye(classes)[[0, 0, 0, 1]]
    assert best_temperature(z, y, COSTS["log_likelihood"]) == pytest.approx(1 / log(3 * (classes - 1)))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_no_temperature_of_a_fine_grid_is_better(pair):
    z, y = some_answers()

    def cost(T):  # by the plain formulas
        if pair.name == "log_likelihood":
            p = np.exp(z / T) / np.exp(z / T).sum(axis=1, keepdims=True)
            return -np.log((p * y).sum(axis=1)).mean()
        return np.log(1 + np.exp(np.where(y == 1, -z, z) / T)).sum(axis=1).mean()  # −ln σ(±z/T)

    T = best_temperature(z, y, pair)
    assert mean_cost(z, y, pair, T) == pytest.approx(cost(T))
    grid = np.geomspace(0.2, 20, 2001)
    assert abs(log(T / grid[np.argmin([cost(t) for t in grid])])) <= log(100) / 2000
    assert cost(T) < min(cost(T * 1.01), cost(T / 1.01))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_who_is_as_sure_as_right_keeps_a_temperature_of_1(pair):
    z, _ = some_answers()
    # What is right comes out as often as it is said to.
    y = ACTIVATIONS[pair.natural].forward(z)
    assert best_temperature(z, y, pair) == pytest.approx(1)
    assert best_temperature(3 * z, y, pair) == pytest.approx(3)


@pytest.mark.parametrize("right", [[0, 1, 0], [1, 0, 1]])
def test_no_temperature_for_all_right_or_all_wrong(right):
    z = np.array([[2.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    with pytest.raises(GlassnetError, match=r"^no temperature from 0.05 to 20 is best for these 3 images"):
        best_temperature(z, np.eye(2)[right], COSTS["log_likelihood"])


# What is divided by it


@pytest.mark.parametrize("engine", ["native", "textbook"])
@pytest.mark.parametrize(
    "layers",
    [
        [Dense(4, "relu"), Dense(3, "sigmoid")],
        [Dense(4, "relu"), Dense(3, "softmax")],
        [Dense(3, "tanh"), Softmax()],
        [Conv(2, 3, activation="relu"), Flatten(), Dense(3, "softmax")],
    ],
    ids=str,
)
def test_the_last_sums_are_those_of_the_forward_pass(layers, engine):
    network = Network(layers, (1, 5, 5) if isinstance(layers[0], Conv) else 25, seed=1, dtype="float64")
    x = np.random.default_rng(7).random((7, 25)).reshape(7, *network.input_shape)
    a, caches = network.forward(x)
    z = last_sums(network, engine)(x)
    np.testing.assert_allclose(z, caches[-1].z, rtol=1e-12)
    np.testing.assert_allclose(confidences(network, z, 1.0), a, rtol=1e-12)
    assert (confidences(network, z, 4.0).argmax(axis=1) == a.argmax(axis=1)).all()


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_only_probabilities_are_calibrated(activation):
    network = Network([Dense(3, activation)], 2, seed=1)
    if activation in ("sigmoid", "softmax"):
        assert probabilistic_cost(network).natural == activation
        return
    with pytest.raises(GlassnetError, match=rf"^{activation} outputs are no probabilities"):
        calibrate(network, Split(np.zeros((2, 2)), [0, 1]))


def test_confidences_of_float32_are_told_apart_near_1():
    network = two_classes().astype("float32")
    best = confidences(network, np.array([[20.0, 0.0], [25.0, 0.0]], np.float32), 1.0).max(axis=1)
    assert best[0] < best[1] < 1


# Threshold


@pytest.mark.parametrize(
    ("accept", "place"), [(0.75, 2), (0.74, 2), (0.76, 1), (0.99, 0), (0.5, 4), (0.1, 7)]
)
def test_a_threshold_by_hand(accept, place):
    # Eight digits, the answer 0 where x > 0; two of them wrong. The confidence is σ(|x|/T).
    x = np.array([0.5, -1.0, 1.5, -2.0, 2.5, -3.0, 3.5, -4.0])
    labels = [1, 1, 0, 0, 0, 1, 0, 1]
    found = calibrate(
        two_classes(),
        Split(x[:, None], labels),
        np.array([[1.2], [0.1], [9.0]]),
        class_names="01",
        accept=accept,
    )
    sure = [1 / (1 + exp(-abs(value) / found.temperature)) for value in x]  # the lowest first
    assert found.threshold == pytest.approx(sure[place])
    assert found.accepted == (8 - place) / 8 >= accept
    reached = [1 / (1 + exp(-value / found.temperature)) >= found.threshold for value in (1.2, 0.1, 9.0)]
    assert found.passed == sum(reached) / 3
    assert (found.digits, found.not_digits) == (8, 3)


def test_the_class_of_no_digits_lends_no_confidence():
    rows = np.array([[0.1, 0.3, 0.6], [0.5, 0.2, 0.3]])
    assert best_confidence(rows, ("0", "1", NOT_A_DIGIT)).tolist() == [0.3, 0.5]
    assert best_confidence(rows, ("0", "1", "2")).tolist() == [0.6, 0.5]


@pytest.mark.parametrize("names", [("0",), ("0", "1", "2"), (NOT_A_DIGIT, NOT_A_DIGIT)], ids=str)
def test_class_names_that_fit_no_network(names):
    with pytest.raises(
        GlassnetError, match=r"for 2 outputs: give one for each, at least one of them a digit's"
    ):
        calibrate(two_classes(), Split(np.array([[1.0], [1.0], [1.0]]), [0, 0, 1]), class_names=names)


def test_without_other_pictures_nothing_is_said_of_them():
    found = calibrate(two_classes(), Split(np.array([[1.0], [1.0], [1.0]]), [0, 0, 1]), class_names="01")
    assert (found.passed, found.not_digits) == (None, 0)


@pytest.mark.parametrize("accept", [0, 1, 1.5, -0.1, float("nan")])
def test_a_share_is_between_0_and_1(accept):
    with pytest.raises(GlassnetError, match=r"^accept is .*: give the share of digits"):
        calibrate(two_classes(), Split(np.ones((2, 1)), [0, 1]), class_names="01", accept=accept)


def test_digits_are_needed():
    with pytest.raises(GlassnetError, match=r"^there are no digits to calibrate by"):
        calibrate(two_classes(), Split(np.ones((0, 1)), []), class_names="01")


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": "1"},
        {"temperature": True},
        {"threshold": 1.1},
        {"threshold": None},
        {"accepted": -0.1},
        {"passed": float("inf")},
        {"digits": 1.5},
        {"not_digits": -1},
        {"fonts": "DejaVu"},
        {"fonts": [3]},
    ],
    ids=str,
)
def test_a_calibration_that_can_not_be(wrong):
    with pytest.raises(GlassnetError, match=next(iter(wrong))):
        Calibration(**(FIELDS | wrong))


def test_fields_survive_the_way_through_json():
    whole = Calibration(**FIELDS)
    assert Calibration(**whole.to_dict()) == whole
