"""Every activation: values worked by hand, derivatives against central differences, no overflow."""

from __future__ import annotations

import re
from math import exp, tanh

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS, Elementwise, get_activation
from glassnet.errors import GlassnetError

E = exp(1)

# name: rows of (z, a), from the definitions on Python floats.
VALUES = {
    "sigmoid": [([0.0, 1.0, -2.0], [0.5, E / (E + 1), 1 / (1 + exp(2))])],
    "tanh": [([0.0, 1.0, -2.0], [0.0, (E - 1 / E) / (E + 1 / E), -tanh(2)])],
    "relu": [([0.0, 3.5, -2.0], [0.0, 3.5, 0.0])],
    "linear": [([0.0, 3.5, -2.0], [0.0, 3.5, -2.0])],
    # e⁰, e¹, e⁰ over their sum 2 + e
    "softmax": [([0.0, 1.0, 0.0], [1 / (2 + E), E / (2 + E), 1 / (2 + E)]), ([5.0, 5.0], [0.5, 0.5])],
}

# name: (z, a) where e^z overflows.
EXTREMES = {
    "sigmoid": ([-1000.0, 1000.0], [0.0, 1.0]),
    "tanh": ([-1000.0, 1000.0], [-1.0, 1.0]),
    "relu": ([-1000.0, 1000.0], [0.0, 1000.0]),
    "linear": ([-1000.0, 1000.0], [-1000.0, 1000.0]),
    "softmax": ([-1000.0, 1000.0], [0.0, 1.0]),
}

# name: σ′(0) and σ′ at a place where it is known in closed form.
DERIVATIVES = {
    "sigmoid": [(0.0, 0.25), (np.log(3), 3 / 16)],  # σ(ln 3) = ¾, ¾ · ¼
    "tanh": [(0.0, 1.0), (np.log(2), 16 / 25)],  # tanh(ln 2) = (2 − ½)/(2 + ½) = ⅗, 1 − 9/25
    "relu": [(0.0, 0.0), (2.0, 1.0), (-2.0, 0.0)],  # 0 at the kink, by convention
    "linear": [(0.0, 1.0), (-7.0, 1.0)],
}

KINKS = {"sigmoid": (), "tanh": (), "relu": (0.0,), "linear": (), "softmax": ()}

Z = np.random.default_rng(1).normal(size=(4, 5)) * 2


def test_the_tables_miss_no_activation():
    assert set(VALUES) == set(EXTREMES) == set(KINKS) == set(ACTIVATIONS)
    elementwise = {name for name, activation in ACTIVATIONS.items() if isinstance(activation, Elementwise)}
    assert set(DERIVATIVES) == elementwise


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values(name, dtype):
    for z, a in VALUES[name]:
        found = ACTIVATIONS[name].forward(np.array([z], dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found, [a], rtol=4 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_overflows_at_a_thousand(name, dtype):
    z, a = EXTREMES[name]
    assert ACTIVATIONS[name].forward(np.array([z], dtype)).tolist() == [a]


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_known_in_closed_form(name):
    for z, expected in DERIVATIVES[name]:
        column = np.array([[z]])
        found = ACTIVATIONS[name].derivative(column, ACTIVATIONS[name].forward(column))
        assert found == pytest.approx(np.array([[expected]]), abs=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_is_the_slope_of_forward(name, dtype):
    """With C = Σ c ⊙ a, ∂C/∂a = c; ∂C/∂z by central differences, each z for itself."""
    activation, c, h = ACTIVATIONS[name], np.random.default_rng(2).normal(size=Z.shape), 1e-6
    assert (abs(Z) > 2 * h).all()  # no difference straddles the kink of relu
    slope = np.empty_like(Z)
    for place in np.ndindex(Z.shape):
        step = np.zeros_like(Z)
        step[place] = h
        slope[place] = (c * (activation.forward(Z + step) - activation.forward(Z - step))).sum() / (2 * h)
    z = Z.astype(dtype)
    found = activation.backward(z, activation.forward(z), c.astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, slope, rtol=0, atol=1e-9 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_declared_kink_is_where_the_slopes_of_the_two_sides_differ(name):
    assert ACTIVATIONS[name].kinks == KINKS[name]
    for kink in KINKS[name]:
        z = np.array([[kink - 0.1, kink, kink + 0.1]])
        left, middle, right = ACTIVATIONS[name].forward(z)[0]
        assert (middle - left) / 0.1 != pytest.approx((right - middle) / 0.1)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rows_are_examples_that_know_nothing_of_each_other(name):
    activation, c = ACTIVATIONS[name], np.random.default_rng(3).normal(size=Z.shape)
    a = activation.forward(Z)
    back = activation.backward(Z, a, c)
    for row in range(len(Z)):
        one = slice(row, row + 1)
        assert np.array_equal(activation.forward(Z[one]), a[one])
        assert np.array_equal(activation.backward(Z[one], a[one], c[one]), back[one])


def test_a_bias_of_minus_ten_means_only_above_ten():
    """Lesson 1: σ(s − 10) passes ½ where the weighted sum s passes 10."""
    sums = np.array([[0.0, 9.0, 10.0, 11.0, 20.0]])
    a = ACTIVATIONS["sigmoid"].forward(sums - 10)[0]
    assert (a > 0.5).tolist() == [False, False, False, True, True]
    assert a[2] == 0.5
    assert a[0] == pytest.approx(1 / (1 + exp(10)))


def test_sigmoid_is_flat_at_both_ends_and_never_steeper_than_a_quarter():
    sigmoid, z = ACTIVATIONS["sigmoid"], np.linspace(-20, 20, 401)[None]
    slope = sigmoid.derivative(z, sigmoid.forward(z))[0]
    assert slope.max() == slope[200] == 0.25
    assert slope[0] < 1e-8
    assert slope[-1] < 1e-8


def test_softmax_has_the_whole_jacobian():
    """J_ij = s_i (1[i=j] − s_j), worked for s = (½, ¼, ¼), that is z = ln (2, 1, 1)."""
    softmax = ACTIVATIONS["softmax"]
    z = np.log([[2.0, 1.0, 1.0]])
    s = softmax.forward(z)
    np.testing.assert_allclose(s, [[1 / 2, 1 / 4, 1 / 4]], rtol=1e-15)
    J = np.array(
        [
            [1 / 4, -1 / 8, -1 / 8],  # ½ · ½, −½ · ¼, −½ · ¼
            [-1 / 8, 3 / 16, -1 / 16],  # −¼ · ½, ¼ · ¾, −¼ · ¼
            [-1 / 8, -1 / 16, 3 / 16],
        ]
    )
    np.testing.assert_allclose(softmax.jacobian(s)[0], J, atol=1e-16)
    c = np.array([[3.0, -1.0, 2.0]])
    np.testing.assert_allclose(softmax.backward(z, s, c), c @ J, atol=1e-15)


def test_softmax_jacobian_is_the_slope_of_softmax():
    softmax, h = ACTIVATIONS["softmax"], 1e-6
    J = softmax.jacobian(softmax.forward(Z))  # (4, 5, 5)
    assert J.shape == (4, 5, 5)
    for j in range(5):
        step = np.zeros(5)
        step[j] = h
        slope = (softmax.forward(Z + step) - softmax.forward(Z - step)) / (2 * h)  # ∂s/∂z_j, (4, 5)
        np.testing.assert_allclose(J[:, :, j], slope, atol=1e-9)


def test_softmax_sums_to_one_and_ignores_a_shift():
    softmax = ACTIVATIONS["softmax"]
    np.testing.assert_allclose(softmax.forward(Z).sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(softmax.forward(Z + 700), softmax.forward(Z), rtol=1e-12)


# The formulas that are displayed, evaluated


def evaluate(formula, **letters):
    """A displayed formula as Python: the signs of mathematics, and its products without a sign."""
    text = formula.replace("e⁻ᶻ", "exp(−z)").replace("²", "**2").replace("−", "-").replace("·", "*")
    text = re.sub(r"Σᵢ exp\(zᵢ\)", "sum(map(exp, z))", text)
    text = re.sub(r"1\[(.*?)\]", r"float(\1)", text)  # 1 where that is true, else 0
    text = re.sub(r"(?<=[\w)]) (?=\()", " * ", text)  # a (1 − a)
    return eval(
        text,
        {"__builtins__": {}, "exp": exp, "tanh": tanh, "max": max, "sum": sum, "map": map, "float": float},
        letters,
    )


@pytest.mark.parametrize(("name", "activation"), ACTIVATIONS.items())
def test_the_displayed_formula_is_the_code(name, activation):
    a = activation.forward(Z)
    for row, places in zip(Z, a, strict=True):
        for z, found in zip(row, places, strict=True):
            letters = {"zj": z, "z": list(row)} if name == "softmax" else {"z": z}  # zⱼ is zj to Python
            assert evaluate(activation.formula, **letters) == pytest.approx(found, rel=1e-13)


@pytest.mark.parametrize("name", [name for name, of in ACTIVATIONS.items() if isinstance(of, Elementwise)])
def test_the_displayed_slope_is_the_code(name):
    activation = ACTIVATIONS[name]
    for z in [*Z.ravel(), 0.0]:
        column = np.array([[z]])
        a = activation.forward(column)
        found = activation.derivative(column, a).item()
        assert evaluate(activation.slope, z=z, a=a.item()) == pytest.approx(found, rel=1e-13)


def test_an_unknown_activation_is_refused_with_the_nearest():
    with pytest.raises(GlassnetError, match=r"unknown activation 'sigmod': did you mean 'sigmoid'\?"):
        get_activation("sigmod")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_is_found_under_its_own_name(name):
    assert get_activation(name).name == name
