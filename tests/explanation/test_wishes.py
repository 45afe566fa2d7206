"""Three ways to raise an activation, and the wishes of a layer: differences, and loops over neurons."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.document import Bar, Equation, Table
from glassnet.explanation import explain
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

X = np.array([0.8, -0.4])
H = 1e-6

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


def name_of(value):
    return "-".join(layer.activation for layer in value) if isinstance(value, list) else None


def network_of(*layers, n_in=2, seed=2):
    return Network(list(layers), n_in, seed=seed, initializer="normal", dtype=np.float64)


def blocks_of(shown, kind):
    return [block for block in shown.blocks() if isinstance(block, kind)]


# Three ways


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("end", ENDS, ids=name_of)
def test_each_way_raises_the_activation_as_it_says(hidden, end):
    """The bias, each weight and each activation before are changed by themselves, up and down by h."""
    network = network_of(Dense(4, hidden), *end)
    explanation = explain(network, X, 1)
    for layer in range(1, explanation.depth + 1):
        own, params = network.layers[layer - 1], network.by_layer()[layer - 1]
        inputs = explanation.trace.a(layer - 1).copy()

        def rises(array, place, j, own=own, params=params, inputs=inputs):
            value, sides = array[place], []
            for changed in (value + H, value - H):
                array[place] = changed
                sides.append(own.forward(params, inputs[None])[0][0, j])
            array[place] = value
            return (sides[0] - sides[1]) / (2 * H)

        for j in range(explanation.trace.a(layer).size):
            ways = explanation.ways_to_raise(j, layer)
            wanted = [rises(inputs, k, j) for k in range(len(inputs))]
            np.testing.assert_allclose(ways.by_activations, wanted, rtol=0, atol=1e-8)
            if params:
                wanted = [rises(params["weight"], (j, k), j) for k in range(len(inputs))]
                np.testing.assert_allclose(ways.by_weights, wanted, rtol=0, atol=1e-8)
                assert ways.by_bias == pytest.approx(rises(params["bias"], j, j), abs=1e-8)
            else:
                assert (ways.by_bias, ways.by_weights) == (None, None)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_weights_rise_in_proportion_to_activations_and_activations_to_weights(activation):
    explanation = explain(network_of(Dense(4, "tanh"), Dense(3, activation)), X, 1)
    W, a = explanation.trace.params[1]["weight"], explanation.trace.a(1)
    for j in range(3):
        ways = explanation.ways_to_raise(j)
        assert ways.by_weights == pytest.approx(ways.by_bias * a, rel=1e-14)
        assert ways.by_activations == pytest.approx(ways.by_bias * W[j], rel=1e-14)


def test_softmax_is_raised_by_lowering_the_others_too():
    """∂a_j/∂a_k = Σ_i J_ji w_ik, not J_jj w_jk alone."""
    explanation = explain(network_of(Dense(4, "tanh"), Dense(3, "softmax")), X, 1)
    W, s = explanation.trace.params[1]["weight"], explanation.outputs
    for j in range(3):
        J = [s[j] * ((i == j) - s[i]) for i in range(3)]
        ways = explanation.ways_to_raise(j)
        assert ways.by_activations == pytest.approx(sum(J[i] * W[i] for i in range(3)), abs=1e-15)
        assert ways.by_bias == pytest.approx(J[j], abs=1e-15)


def test_the_last_layer_is_meant_where_none_is_named():
    explanation = explain(network_of(Dense(4), Dense(3)), X, 1)
    assert explanation.ways_to_raise(2).layer == 2
    assert explanation.wishes().layer == 2
    assert np.array_equal(explanation.ways_to_raise(2).by_weights, explanation.ways_to_raise(2, 2).by_weights)


@pytest.mark.parametrize("end", ENDS, ids=name_of)
def test_the_ways_are_shown_the_strongest_first(end):
    explanation = explain(network_of(Dense(12, "tanh"), *end), X, 1)
    for layer in range(1, explanation.depth + 1):
        ways = explanation.ways_to_raise(0, layer)
        tables = blocks_of(ways, Table)
        assert len(tables) == (1 if ways.by_weights is None else 2)
        assert len(blocks_of(ways, Equation)) == (1 if ways.by_weights is None else 3)
        for table, values in zip(tables, [ways.by_weights, ways.by_activations][-len(tables) :], strict=True):
            sizes = sorted((abs(value) for value in values if value), reverse=True)[:8]
            assert [abs(row[-1].value) for row in table.rows] == sizes


# Wishes


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_wishes_are_minus_w_delta_and_add_up_to_minus_the_slope(hidden, end, cost):
    explanation = explain(network_of(Dense(4, hidden), *end), X, 1, cost)
    trace = explanation.trace
    for layer in range(1, trace.depth + 1):
        n_in, n_out = trace.a(layer - 1).size, trace.a(layer).size
        W = trace.params[layer - 1].get("weight", np.eye(n_out))
        wishes = explanation.wishes(layer)
        delta = trace.delta(layer)
        wanted = [[-W[j, k] * delta[j] for j in range(n_out)] for k in range(n_in)]
        assert wishes.wishes.shape == (n_in, n_out)
        np.testing.assert_allclose(wishes.wishes, wanted, rtol=1e-14, atol=1e-16)
        np.testing.assert_allclose(wishes.sums, -trace.dC_da(layer - 1), rtol=0, atol=1e-14)


def test_an_output_wishes_by_way_of_itself_alone():
    """The cost's slope where output 0 alone hears that activation k is raised: the others keep their z."""
    explanation = explain(network_of(Dense(4, "tanh"), Dense(3, "sigmoid")), X, 1, "squared")
    trace = explanation.trace
    for j in range(3):
        for k in range(4):
            costs = []
            for step in (H, -H):
                z = trace.z(2).copy()
                z[j] += trace.params[1]["weight"][j, k] * step
                costs.append(((1 / (1 + np.exp(-z)) - trace.y[0]) ** 2).sum())
            slope = (costs[0] - costs[1]) / (2 * H)
            assert explanation.wishes().wishes[k, j] == pytest.approx(-slope, abs=1e-9)


@pytest.mark.parametrize(
    ("activation", "cost"), [("sigmoid", "cross_entropy"), ("softmax", "log_likelihood")]
)
def test_where_the_long_form_breaks_down_wishes_still_add_up_to_the_slope(activation, cost):
    """They are then w (a − y), as training has it."""
    network = network_of(Dense(4, "tanh"), Dense(3, activation))
    network.parameters["2.bias"][:] = [1000, -1000, 0]
    explanation = explain(network, X, 1, cost)
    assert explanation.trace.broken
    W, error = network.parameters["2.weight"], explanation.outputs - [0, 1, 0]
    np.testing.assert_allclose(explanation.wishes().wishes, -(W * error[:, None]).T, rtol=1e-14)
    np.testing.assert_allclose(explanation.wishes().sums, -explanation.trace.dC_da(1), rtol=0, atol=1e-12)


def test_the_wishes_are_shown_under_the_names_of_the_outputs():
    explanation = explain(network_of(Dense(4, "tanh"), Dense(3)), X, 1, class_names=["cat", "dog", "`cow`"])
    (table,) = blocks_of(explanation.wishes(), Table)
    assert list(table.header) == ["", "cat", "dog", "ʼcowʼ", "sum"]
    assert [row[0] for row in table.rows] == [f"`a{'₀₁₂₃'[k]}⁽¹⁾`" for k in range(4)]
    (hidden,) = blocks_of(explanation.wishes(1), Table)
    assert list(hidden.header) == ["", "0", "1", "2", "3", "sum"]


def test_of_many_wishes_the_strongest_are_shown_in_the_order_of_the_neurons():
    explanation = explain(network_of(Dense(40, "tanh"), Dense(12)), X, 1)
    wishes = explanation.wishes()
    (table,) = blocks_of(wishes, Table)
    strongest = sorted(np.argsort(-abs(wishes.sums), kind="stable")[:24])
    below = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    assert [row[0] for row in table.rows] == [f"`a{str(k).translate(below)}⁽¹⁾`" for k in strongest]
    assert {len(row) for row in table.rows} == {1 + 10 + 1}
    assert "(the first 10 of 12)" in table.caption
    assert table.caption.endswith("; the 24 strongest of 40")


def test_bars_are_measured_by_the_strongest():
    ways = explain(network_of(Dense(4), Dense(3)), X, 1).ways_to_raise(0)
    for table, values in zip(blocks_of(ways, Table), (ways.by_weights, ways.by_activations), strict=True):
        bars = [cell for row in table.rows for cell in row if isinstance(cell, Bar)]
        assert {bar.largest for bar in bars} == {abs(values).max()}
