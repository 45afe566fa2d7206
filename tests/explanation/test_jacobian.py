"""Softmax's Jacobian as it is shown: whole, against differences; and no other activation has one."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.document import Equation, Table
from glassnet.errors import GlassnetError
from glassnet.explanation import explain
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

# Softmax on z of the last layer, in the middle, as a layer of its own, on top of itself: (layers, places).
PLACES = {
    "on z": ([Dense(3, "tanh"), Dense(4, "softmax")], [2]),
    "in the middle": ([Dense(4, "softmax"), Dense(3)], [1]),
    "on top": ([Dense(3), Softmax()], [2]),
    "twice": ([Dense(3, "softmax"), Softmax()], [1, 2]),
    "first": ([Softmax(), Dense(3)], [1]),
}


def softmax(z):
    e = np.exp(z)
    return e / e.sum()


@pytest.mark.parametrize("where", PLACES)
def test_the_whole_jacobian_is_the_slope_of_softmax(where):
    layers, places = PLACES[where]
    explanation = explain(Network(layers, 2, seed=1, initializer="normal"), np.array([0.3, -0.9]), 1)
    for layer in places:
        z, h = explanation.trace.z(layer), 1e-6
        matrix = explanation.jacobian(layer).matrix
        assert matrix.shape == (len(z), len(z))
        for j in range(len(z)):
            step = h * np.eye(len(z))[j]
            slope = (softmax(z + step) - softmax(z - step)) / (2 * h)  # ∂a/∂z_j, (n,)
            np.testing.assert_allclose(matrix[:, j], slope, rtol=0, atol=1e-9)
        off_diagonal = matrix[~np.eye(len(z), dtype=bool)]
        assert (off_diagonal < 0).all()  # what raises one output lowers all others


def test_the_jacobian_by_hand():
    """z = ln (5, 3, 2): s = (½, 3/10, ⅕), J_ij = s_i (1[i=j] − s_j): ½ · ½, −½ · 3/10, −½ · ⅕, …"""
    parameters = {"1.weight": np.zeros((3, 1)), "1.bias": np.log([5.0, 3, 2])}
    network = Network([Dense(3, "softmax")], 1, parameters=parameters, dtype=np.float64)
    jacobian = explain(network, np.zeros(1), 0).jacobian(1)
    J = [[0.25, -0.15, -0.1], [-0.15, 0.21, -0.06], [-0.1, -0.06, 0.16]]
    assert jacobian.matrix == pytest.approx(np.array(J), abs=1e-15)
    equation, table = jacobian.blocks()
    assert isinstance(equation, Equation)
    assert equation.formula == "∂aᵢ⁽¹⁾/∂zⱼ⁽¹⁾ = aᵢ⁽¹⁾ (1[i=j] − aⱼ⁽¹⁾)"
    assert isinstance(table, Table)
    assert list(table.header) == ["", "`z₀⁽¹⁾`", "`z₁⁽¹⁾`", "`z₂⁽¹⁾`"]
    assert table.caption == "∂a/∂z in units of 10⁻¹"
    assert [list(row) for row in table.rows] == [
        ["`a₀⁽¹⁾`", "+2.50", "−1.50", "−1.00"],
        ["`a₁⁽¹⁾`", "−1.50", "+2.10", "−0.60"],
        ["`a₂⁽¹⁾`", "−1.00", "−0.60", "+1.60"],
    ]


def test_delta_is_the_jacobian_transposed_times_the_slope_of_the_cost():
    network = Network([Dense(3, "tanh"), Dense(4, "softmax")], 2, seed=1)
    for cost in ("squared", "cross_entropy", "log_likelihood"):
        explanation = explain(network, np.array([0.3, -0.9]), 1, cost)
        delta = explanation.jacobian(2).matrix.T @ explanation.trace.dC_da(2)
        assert explanation.trace.delta(2) == pytest.approx(delta, abs=1e-14)


def test_of_a_large_one_the_first_rows_and_columns_are_shown():
    explanation = explain(Network([Dense(20, "softmax")], 2, seed=1), np.ones(2), 0)
    equation, table = explanation.jacobian(1).blocks()
    assert equation.words.endswith("; the first 12 of 20 rows and columns")
    assert len(table.rows) == 12
    assert {len(row) for row in table.rows} == {13}


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_the_others_have_no_jacobian_to_show(activation):
    explanation = explain(Network([Dense(3, activation), Softmax()], 2, seed=1), np.ones(2), 0)
    with pytest.raises(GlassnetError) as error:
        explanation.jacobian(1)
    assert str(error.value).startswith(f"layer 1 is {activation}: its Jacobian is diagonal")
    assert "\n" not in str(error.value)
    assert explanation.jacobian(2).matrix.shape == (3, 3)
