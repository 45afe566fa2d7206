"""Every cost: values worked by hand, derivatives against central differences, the canonical pairs."""

from __future__ import annotations

import re
from math import log

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS, CanonicalCost, get_cost, l2_gradient, l2_penalty
from glassnet.errors import GlassnetError

# name: C₀ of a = (½, ¼, ¼) against y = (0, 1, 0).
# The differences a − y are (½, −¾, ¼), their squares sum to ¼ + 9/16 + 1/16 = 7/8.
VALUES = {
    "squared": 7 / 8,
    "quadratic": 7 / 16,
    "cross_entropy": -(log(1 / 2) + log(1 / 4) + log(3 / 4)),  # ln(1−a₀) + ln a₁ + ln(1−a₂)
    "log_likelihood": -log(1 / 4),
}

# name: ∂C₀/∂a at the same place.
DERIVATIVES = {
    "squared": [1.0, -1.5, 0.5],
    "quadratic": [0.5, -0.75, 0.25],
    "cross_entropy": [2.0, -4.0, 4 / 3],  # ½/(½·½), −¾/(¼·¾), ¼/(¼·¾)
    "log_likelihood": [0.0, -4.0, 0.0],
}

# name: the activations that it takes; the others it must refuse.
ALLOWED = {
    "squared": {"sigmoid", "tanh", "relu", "linear", "softmax"},
    "quadratic": {"sigmoid", "tanh", "relu", "linear", "softmax"},
    "cross_entropy": {"sigmoid", "softmax"},  # outputs within (0, 1)
    "log_likelihood": {"softmax"},
}

# The pairs with δ = a − y.
CANONICAL = {"cross_entropy": "sigmoid", "log_likelihood": "softmax"}

A = np.array([[0.5, 0.25, 0.25]])
Y = np.array([[0.0, 1.0, 0.0]])


def random_outputs(n=6, k=4):
    """Outputs strictly within (0, 1) whose rows sum to 1, and targets that do."""
    rng = np.random.default_rng(2)
    a, y = rng.uniform(0.1, 1, size=(n, k)), rng.uniform(0, 1, size=(n, k))
    return a / a.sum(axis=1, keepdims=True), y / y.sum(axis=1, keepdims=True)


def test_the_tables_miss_no_cost():
    assert set(VALUES) == set(DERIVATIVES) == set(ALLOWED) == set(COSTS)
    assert set(CANONICAL) == {name for name, cost in COSTS.items() if isinstance(cost, CanonicalCost)}
    assert set().union(*ALLOWED.values()) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", COSTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_derivatives(name, dtype):
    a, y = A.astype(dtype), Y.astype(dtype)
    value, derivative = COSTS[name].value(a, y), COSTS[name].derivative(a, y)
    assert value.dtype == derivative.dtype == dtype
    np.testing.assert_allclose(value, [VALUES[name]], rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(derivative, [DERIVATIVES[name]], rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", COSTS)
def test_the_derivative_is_the_slope_of_the_value(name):
    cost, h = COSTS[name], 1e-6
    a, y = random_outputs()
    slope = np.empty_like(a)
    for j in range(a.shape[1]):
        step = np.zeros(a.shape[1])
        step[j] = h
        slope[:, j] = (cost.value(a + step, y) - cost.value(a - step, y)) / (2 * h)
    np.testing.assert_allclose(cost.derivative(a, y), slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", COSTS)
def test_a_cost_is_one_number_a_row(name):
    cost = COSTS[name]
    a, y = random_outputs(n=3)
    values = cost.value(a, y)
    assert values.shape == (3,)
    assert values.tolist() == [cost.value(a[i : i + 1], y[i : i + 1])[0] for i in range(3)]


@pytest.mark.parametrize("name", COSTS)
def test_a_right_answer_costs_nothing_and_a_wrong_one_more_than_a_doubtful_one(name):
    right, doubtful, wrong = np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]]), np.array([[0.99, 0.01]])
    values = [COSTS[name].value(a, right)[0] for a in (right, doubtful, wrong)]
    assert values[0] == 0
    assert values[0] < values[1] < values[2]


def test_the_cost_of_a_three():
    """Lesson 2: .0004 + .0009 + .0036 + .0009 + .0049 + .0004 + .0025 + .0036 + .0064 + .0016 = .0252."""
    a = np.array([[0.02, 0.03, 0.06, 0.97, 0.07, 0.02, 0.05, 0.06, 0.08, 0.04]])
    y = np.eye(10)[[3]]
    assert COSTS["squared"].value(a, y)[0] == pytest.approx(0.0252, abs=1e-15)
    assert COSTS["quadratic"].value(a, y)[0] == pytest.approx(0.0126, abs=1e-15)


# The formulas that are displayed, evaluated


def evaluate(formula, a, y):
    """A displayed formula as Python: the signs of mathematics, and its products without a sign."""
    text = formula.translate(str.maketrans({"−": "-", "½": "0.5", "²": "**2", "[": "(", "]": ")"}))
    text = re.sub(r"(?<=[\w)]) (?=[\w(])", " * ", text)  # y ln(a), a (1 − a), ½ (a − y)
    return eval(text, {"__builtins__": {}, "ln": log}, {"a": a, "y": y})


@pytest.mark.parametrize(("name", "cost"), COSTS.items())
def test_the_displayed_formulas_are_the_code(name, cost):
    """C₀ is the sum of the terms of all outputs, and each slope that of its own output."""
    a, y = random_outputs()
    for outputs, wanted, value, slopes in zip(a, y, cost.value(a, y), cost.derivative(a, y), strict=True):
        pairs = list(zip(outputs, wanted, strict=True))
        assert sum(evaluate(cost.term, *pair) for pair in pairs) == pytest.approx(value, rel=1e-13)
        assert [evaluate(cost.slope, *pair) for pair in pairs] == pytest.approx(slopes, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", COSTS)
def test_a_cost_is_called_by_its_name_in_prose(name):
    titles = {"cross_entropy": "cross-entropy", "log_likelihood": "log-likelihood"}
    assert COSTS[name].title == titles.get(name, name)


# Which activation a cost takes


@pytest.mark.parametrize("name", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_cost_refuses_outputs_that_it_is_not_defined_for(name, activation):
    if activation in ALLOWED[name]:
        COSTS[name].check_activation(activation)
    else:
        with pytest.raises(GlassnetError, match=f"cost '{name}' is not defined for '{activation}' outputs"):
            COSTS[name].check_activation(activation)


@pytest.mark.parametrize("name", COSTS)
def test_the_natural_activation_is_one_that_is_allowed(name):
    assert COSTS[name].natural == CANONICAL.get(name, "sigmoid")
    assert COSTS[name].natural in ALLOWED[name]


# The canonical pairs


@pytest.mark.parametrize("name", CANONICAL)
def test_canonical_is_the_chain_where_nothing_is_saturated(name):
    cost, activation = COSTS[name], ACTIVATIONS[CANONICAL[name]]
    rng = np.random.default_rng(3)
    z = rng.uniform(-4, 4, size=(50, 5))
    _, y = random_outputs(50, 5)
    for targets in (y, np.eye(5)[rng.integers(5, size=50)]):
        a = activation.forward(z)
        np.testing.assert_allclose(cost.value_from_z(z, targets), cost.value(a, targets), rtol=1e-12)
        chain = activation.backward(z, a, cost.derivative(a, targets))
        np.testing.assert_allclose(cost.delta(a, targets), chain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CANONICAL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_canonical_stays_finite_and_right_at_a_thousand(name, dtype):
    """z = (1000, −1000): a = (1, 0). Right, the cost is 0.

    Wrong, cross-entropy has ln(1 + e¹⁰⁰⁰) = 1000 from each output, log-likelihood
    ln(e¹⁰⁰⁰ + e⁻¹⁰⁰⁰) − (−1000) = 2000.
    """
    cost = COSTS[name]
    z = np.array([[1000, -1000], [1000, -1000]], dtype)
    y = np.array([[1, 0], [0, 1]], dtype)
    a = ACTIVATIONS[CANONICAL[name]].forward(z)
    assert cost.value_from_z(z, y).tolist() == [0.0, 2000.0]
    assert cost.delta(a, y).tolist() == [[0.0, 0.0], [1.0, -1.0]]
    assert cost.value_from_z(z, y).dtype == cost.delta(a, y).dtype == dtype


@pytest.mark.parametrize("name", CANONICAL)
def test_the_chain_breaks_down_where_canonical_does_not(name):
    """σ(1000) is exactly 1: the chain meets 0 · ∞. This is why training takes the short cut."""
    cost, activation = COSTS[name], ACTIVATIONS[CANONICAL[name]]
    z, y = np.array([[1000.0, -1000.0]]), np.array([[0.0, 1.0]])
    a = activation.forward(z)
    with np.errstate(invalid="ignore"):
        assert np.isnan(activation.backward(z, a, cost.derivative(a, y))).any()
    assert np.isfinite(cost.delta(a, y)).all()


# Targets


@pytest.mark.parametrize("name", COSTS)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_refused(name, wrong):
    with pytest.raises(GlassnetError, match="targets hold NaN or infinite values"):
        COSTS[name].check_targets(np.array([[0.0, wrong]]))


@pytest.mark.parametrize("name", COSTS)
def test_one_hot_targets_are_taken(name):
    COSTS[name].check_targets(np.eye(3))


def test_cross_entropy_wants_targets_from_0_to_1():
    COSTS["cross_entropy"].check_targets(np.array([[0.0, 0.3, 1.0]]))
    with pytest.raises(GlassnetError, match=r"cross_entropy wants targets from 0 to 1, not 1\.5"):
        COSTS["cross_entropy"].check_targets(np.array([[0.0, 1.5]]))


@pytest.mark.parametrize("y", [[0.5, 0.6], [0.0, 0.0], [1.5, -0.5]])
def test_log_likelihood_wants_targets_that_sum_to_1(y):
    with pytest.raises(GlassnetError, match="log_likelihood wants targets"):
        COSTS["log_likelihood"].check_targets(np.array([y]))


def test_an_unknown_cost_is_refused_with_the_nearest():
    with pytest.raises(GlassnetError, match=r"unknown cost 'quadratc': did you mean 'quadratic'\?"):
        get_cost("quadratc")


# L2


def test_l2_by_hand():
    """λ = 2, n = 4, weights 1, −2, 3: (2/8) (1 + 4 + 9) = 3.5; derivative (2/4) w."""
    weights = [np.array([[1.0, -2.0]]), np.array([[3.0]])]
    assert l2_penalty(weights, 2.0, 4) == 3.5
    assert l2_gradient(weights[0], 2.0, 4).tolist() == [[0.5, -1.0]]


def test_l2_gradient_is_the_slope_of_the_penalty():
    w, h = np.random.default_rng(4).normal(size=(2, 3)), 1e-6
    for place in np.ndindex(w.shape):
        step = np.zeros_like(w)
        step[place] = h
        slope = (l2_penalty([w + step], 0.7, 5) - l2_penalty([w - step], 0.7, 5)) / (2 * h)
        assert l2_gradient(w, 0.7, 5)[place] == pytest.approx(slope, abs=1e-8)


# An output that is exactly 0 or 1, as float32 makes them: where it is right, the derivative is the
# limit of −y/a + (1 − y)/(1 − a); where it is wrong, it is infinite, and the chain breaks down.


@pytest.mark.parametrize(
    ("cost", "a", "y", "expected"),
    [
        ("cross_entropy", 1.0, 1.0, -1.0),
        ("cross_entropy", 0.0, 0.0, 1.0),
        ("cross_entropy", 0.0, 1.0, -np.inf),
        ("cross_entropy", 1.0, 0.0, np.inf),
        ("log_likelihood", 1.0, 1.0, -1.0),
        ("log_likelihood", 0.0, 0.0, 0.0),
        ("log_likelihood", 0.0, 1.0, -np.inf),
    ],
)
def test_the_derivative_of_saturated_outputs(cost, a, y, expected):
    assert COSTS[cost].derivative(np.array([[a]]), np.array([[y]])).tolist() == [[expected]]
