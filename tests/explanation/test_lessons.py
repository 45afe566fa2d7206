"""The lessons' worked numbers come out of `explain`: each is derived by hand in a comment."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from glassnet.document import Bar, Equation, Table
from glassnet.explanation import explain
from glassnet.layers import Dense, Softmax
from glassnet.network import Network


def close(value):
    return pytest.approx(value, rel=1e-13, abs=1e-15)


def equations(shown):
    return [block.formula for block in shown.blocks() if isinstance(block, Equation)]


def tables(shown):
    return [block for block in shown.blocks() if isinstance(block, Table)]


# A 2-3-2 network whose biases make every activation a fraction: σ(0) = ½, σ(±ln 3) = ¾ and ¼, so that
# σ′ is ¼ or 3/16. The image is (¾, ¼), the label 1, the cost squared.
#
#   z⁽¹⁾ = (1·¾ − 3·¼ + 0, −1·¾ + 3·¼ + ln 3, 2·¾ − 2·¼ − 1 − ln 3) = (0, ln 3, −ln 3)
#   a⁽¹⁾ = (½, ¾, ¼),                                          σ′ = (¼, 3/16, 3/16)
#   z⁽²⁾ = (2·½ − 1·¾ + 3·¼ + ln 3 − 1, 1·½ + 1·¾ − 2·¼ − ¾)    = (ln 3, 0)
#   a⁽²⁾ = (¾, ½),                                             σ′ = (3/16, ¼)
#   C₀   = (¾ − 0)² + (½ − 1)² = 9/16 + 1/4 = 13/16
#
#   ∂C/∂a⁽²⁾ = (2·¾, 2·(−½)) = (3/2, −1)
#   δ⁽²⁾     = (3/2 · 3/16, −1 · ¼) = (9/32, −¼)
#   ∂C/∂a⁽¹⁾ = (2·9/32 − 1·¼, −1·9/32 − 1·¼, 3·9/32 + 2·¼) = (5/16, −17/32, 43/32)
#   δ⁽¹⁾     = (5/16 · ¼, −17/32 · 3/16, 43/32 · 3/16) = (5/64, −51/512, 129/512)
#   ∂C/∂a⁽⁰⁾ = (1·5/64 + 1·51/512 + 2·129/512, −3·5/64 − 3·51/512 − 2·129/512) = (349/512, −531/512)
W1, B1 = [[1, -3], [-1, 3], [2, -2]], [0, log(3), -1 - log(3)]
W2, B2 = [[2, -1, 3], [1, 1, -2]], [log(3) - 1, -3 / 4]
Z = {1: [0, log(3), -log(3)], 2: [log(3), 0]}
A = {0: [3 / 4, 1 / 4], 1: [1 / 2, 3 / 4, 1 / 4], 2: [3 / 4, 1 / 2]}
SLOPES = {1: [1 / 4, 3 / 16, 3 / 16], 2: [3 / 16, 1 / 4]}
DC_DA = {0: [349 / 512, -531 / 512], 1: [5 / 16, -17 / 32, 43 / 32], 2: [3 / 2, -1]}
DELTA = {1: [5 / 64, -51 / 512, 129 / 512], 2: [9 / 32, -1 / 4]}
WEIGHTS = {1: W1, 2: W2}
# δ_j · a_k, with the activations (¾, ¼) and (½, ¾, ¼)
DC_DW = {
    1: [[15 / 256, 5 / 256], [-153 / 2048, -51 / 2048], [387 / 2048, 129 / 2048]],
    2: [[9 / 64, 27 / 128, 9 / 128], [-1 / 8, -3 / 16, -1 / 16]],
}
PLACES = [
    (layer, j, k) for layer, rows in DC_DW.items() for j in range(len(rows)) for k in range(len(rows[0]))
]
NEURONS = [(layer, j) for layer in (1, 2) for j in range(len(A[layer]))]


def two_three_two(cost="squared"):
    arrays = {"1.weight": W1, "1.bias": B1, "2.weight": W2, "2.bias": B2}
    parameters = {name: np.array(values, float) for name, values in arrays.items()}
    network = Network("2-3-2", parameters=parameters, dtype=np.float64)
    return explain(network, np.array(A[0]), 1, cost)


def forward(parameters):
    """C₀ of the same image in plain numbers, for what has no fraction."""
    a = A[0]
    for W, b in parameters:
        rows = zip(W, b, strict=True)
        a = [1 / (1 + exp(-sum(w * x for w, x in zip(row, a, strict=True)) - bias)) for row, bias in rows]
    return (a[0] - 0) ** 2 + (a[1] - 1) ** 2


@pytest.mark.parametrize(("layer", "j"), NEURONS)
def test_each_weighted_sum_of_the_2_3_2_network(layer, j):
    neuron = two_three_two().neuron(layer, j)
    assert neuron.connections.weights.tolist() == WEIGHTS[layer][j]
    assert neuron.connections.bias == (B1, B2)[layer - 1][j]
    assert neuron.inputs == close(np.array(A[layer - 1]))
    products = [w * a for w, a in zip(WEIGHTS[layer][j], A[layer - 1], strict=True)]
    assert neuron.terms == close(np.array(products))
    assert neuron.z == close(Z[layer][j])
    assert neuron.a == close(A[layer][j])


def test_the_terms_of_a_weighted_sum_stand_in_a_table_the_bias_last():
    """z₂⁽¹⁾ = 2·¾ − 2·¼ − 1 − ln 3 = −ln 3."""
    (table,) = tables(two_three_two().neuron(1, 2))
    first, second, bias, total = table.rows
    most = bias[3].largest
    assert most == close(1 + log(3))  # of all that is shown, the bias is the largest
    assert first == ("`w₂,₀⁽¹⁾ · a₀⁽⁰⁾`", 2.0, 0.75, Bar(1.5, most))
    assert second == ("`w₂,₁⁽¹⁾ · a₁⁽⁰⁾`", -2.0, 0.25, Bar(-0.5, most))
    assert (bias[0], bias[3].value) == ("bias `b₂⁽¹⁾`", -1 - log(3))
    assert (total[0], total[3].value) == ("sum `z₂⁽¹⁾`", close(-log(3)))
    assert table.sums == 1


def test_the_answer_and_the_cost_of_the_2_3_2_network():
    explanation = two_three_two()
    assert explanation.outputs == close(np.array(A[2]))
    assert explanation.answer == 0
    assert explanation.gradient.cost == close(13 / 16)
    assert explanation.trace.cost_terms == close(np.array([9 / 16, 1 / 4]))


@pytest.mark.parametrize(("layer", "k"), [(0, 0), (0, 1), *NEURONS])
def test_each_slope_of_an_activation_of_the_2_3_2_network(layer, k):
    activation = two_three_two().activation(layer, k)
    assert activation.value == close(DC_DA[layer][k])
    assert activation.verdict.difference == pytest.approx(DC_DA[layer][k], abs=1e-9)
    if layer == 2:
        assert activation.terms == ()
        return
    following = layer + 1
    assert [term.j for term in activation.terms] == list(range(len(A[following])))
    for j, factors, value in activation.terms:  # the sum over the next layer, term by term
        assert factors == close((WEIGHTS[following][j][k], SLOPES[following][j], DC_DA[following][j]))
        assert value == close(WEIGHTS[following][j][k] * DELTA[following][j])


@pytest.mark.parametrize(("layer", "j", "k"), PLACES)
def test_each_weights_chain_of_the_2_3_2_network(layer, j, k):
    weight = two_three_two().weight(layer, j, k)
    expected = (DC_DA[layer][j], SLOPES[layer][j], A[layer - 1][k])
    assert [factor.value for factor in weight.factors] == close(list(expected))
    assert weight.value == close(DC_DW[layer][j][k])
    assert weight.used == weight.value  # squared cost has no short form
    assert weight.verdict.difference == pytest.approx(DC_DW[layer][j][k], abs=1e-9)
    assert weight.verdict.ok


@pytest.mark.parametrize(("layer", "j"), NEURONS)
def test_each_bias_of_the_2_3_2_network(layer, j):
    bias = two_three_two().bias(layer, j)
    assert [factor.value for factor in bias.factors] == close([DC_DA[layer][j], SLOPES[layer][j], 1.0])
    assert bias.value == close(DELTA[layer][j])
    assert bias.verdict.difference == pytest.approx(DELTA[layer][j], abs=1e-9)


def test_the_formulas_of_the_2_3_2_network():
    explanation = two_three_two()
    assert equations(explanation.layer(1)) == ["a⁽¹⁾ = σ(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)", "(3) = σ( (3×2) · (2) + (3) )"]
    assert equations(explanation.layer(2)) == ["a⁽²⁾ = σ(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)", "(2) = σ( (2×3) · (3) + (2) )"]
    assert equations(explanation.weight(2, 1, 0)) == [
        "∂C₀/∂w₁,₀⁽²⁾ = ∂C₀/∂a₁⁽²⁾ · σ′(z₁⁽²⁾) · a₀⁽¹⁾",
        "∂C₀/∂w₁,₀⁽²⁾ = (−1) · 0.25 · 0.5 = −0.125",
        "∂C₀/∂a₁⁽²⁾ = 2 (a₁⁽²⁾ − y₁) = 2 (0.5 − 1) = −1",
    ]
    assert equations(explanation.weight(1, 0, 1)) == [
        "∂C₀/∂w₀,₁⁽¹⁾ = ∂C₀/∂a₀⁽¹⁾ · σ′(z₀⁽¹⁾) · a₁⁽⁰⁾",
        "∂C₀/∂w₀,₁⁽¹⁾ = 0.3125 · 0.25 · 0.25 = 0.019531",  # 5/256 = 0.01953125
        "∂C₀/∂a₀⁽¹⁾ = Σⱼ wⱼ,₀⁽²⁾ · σ′(zⱼ⁽²⁾) · ∂C₀/∂aⱼ⁽²⁾",
    ]


def test_the_short_form_of_the_2_3_2_network():
    """Cross-entropy: C₀ = −ln(1 − ¾) − ln ½ = 3 ln 2; ∂C/∂a = (¾/(¾·¼), −½/(½·½)) = (4, −2).

    Times σ′: (4 · 3/16, −2 · ¼) = (¾, −½), which is a − y.
    """
    explanation = two_three_two("cross_entropy")
    assert explanation.gradient.cost == close(3 * log(2))
    assert [explanation.activation(2, j).value for j in (0, 1)] == close([4.0, -2.0])
    for j, delta in enumerate([3 / 4, -1 / 2]):
        bias = explanation.bias(2, j)
        assert bias.value == close(delta)
        assert bias.used == close(delta)
    assert equations(explanation.weight(2, 0, 1))[-2:] == [
        "δ₀⁽²⁾ = a₀⁽²⁾ − y₀ = 0.75 − 0 = 0.75",
        "∂C₀/∂w₀,₁⁽²⁾ = (a₀⁽²⁾ − y₀) · a₁⁽¹⁾ = 0.5625",  # ¾ · ¾
    ]


def test_three_ways_to_raise_an_output_of_the_2_3_2_network():
    """σ′(z₀) = 3/16, times 1, times a = (½, ¾, ¼), times w = (2, −1, 3)."""
    ways = two_three_two().ways_to_raise(0)
    assert ways.by_bias == close(3 / 16)
    assert ways.by_weights == close(np.array([3 / 32, 9 / 64, 3 / 64]))
    assert ways.by_activations == close(np.array([3 / 8, -3 / 16, 9 / 16]))


def test_three_ways_to_raise_a_hidden_activation_of_the_2_3_2_network():
    """σ′(z₁) = 3/16, a = (¾, ¼), w = (−1, 3)."""
    ways = two_three_two().ways_to_raise(1, layer=1)
    assert ways.by_bias == close(3 / 16)
    assert ways.by_weights == close(np.array([9 / 64, 3 / 64]))
    assert ways.by_activations == close(np.array([-3 / 16, 9 / 16]))


def test_the_wishes_of_the_2_3_2_network():
    """−w_jk δ_j with δ = (9/32, −¼); the sums are −∂C/∂a⁽¹⁾."""
    wishes = two_three_two().wishes()
    expected = [[-9 / 16, 1 / 4], [9 / 32, 1 / 4], [-27 / 32, -1 / 2]]
    assert wishes.wishes == close(np.array(expected))
    assert wishes.sums == close(np.array([-5 / 16, 17 / 32, -43 / 32]))


def test_the_steepest_nudges_of_the_2_3_2_network():
    """All 17 by size: 9/32 > 129/512 > ¼ > 27/128 > 387/2048 > 3/16 > 9/64 > ⅛ > 51/512 > 5/64 > 153/2048 …

    9/64 is exactly half of 9/32, and half is "a lot"; a fifth of it is 0.05625.
    """
    steepest = two_three_two().nudges().steepest
    assert [(of.parameter.name, of.parameter.place) for of in steepest[:8]] == [
        ("2.bias", (0,)),
        ("1.bias", (2,)),
        ("2.bias", (1,)),
        ("2.weight", (0, 1)),
        ("1.weight", (2, 0)),
        ("2.weight", (1, 1)),
        ("2.weight", (0, 0)),
        ("2.weight", (1, 0)),
    ]
    values = [-9 / 32, -129 / 512, 1 / 4, -27 / 128, -387 / 2048, 3 / 16, -9 / 64, 1 / 8]
    assert [of.value for of in steepest[:8]] == close(values)
    assert [of.words for of in steepest[5:8]] == [
        "should increase a lot",
        "should decrease a lot",
        "should increase somewhat",
    ]


def test_the_words_of_the_2_3_2_network():
    assert two_three_two().nudges().words == {
        "should increase a lot": 2,  # ¼, 3/16
        "should increase somewhat": 4,  # ⅛, 51/512, 153/2048, 1/16
        "should increase a little": 1,  # 51/2048
        "should decrease a lot": 5,  # 9/32, 129/512, 27/128, 387/2048, 9/64
        "should decrease somewhat": 4,  # 5/64, 9/128, 129/2048, 15/256
        "should decrease a little": 1,  # 5/256
        "should stay as it is": 0,
    }


def test_a_step_of_the_2_3_2_network():
    """‖∇C‖² is Σ δ² (Σ a² + 1) in each layer, as a neuron's weights have δ a and its bias δ.

    Layer 1: (25/4096 + 2601/262144 + 16641/262144) (9/16 + 1/16 + 1) = 20842/262144 · 13/8
    Layer 2: (81/1024 + 1/16) (1/4 + 9/16 + 1/16 + 1)                 = 145/1024 · 15/8
    """
    squares = [20842 / 262144 * 13 / 8, 145 / 1024 * 15 / 8]
    eta = 0.25
    nudges = two_three_two().nudges(eta)
    assert [of.layer for of in nudges.shares] == [1, 2]
    assert [of.norm for of in nudges.shares] == close([sqrt(square) for square in squares])
    assert [of.share for of in nudges.shares] == close([square / sum(squares) for square in squares])
    assert nudges.before == close(13 / 16)
    assert nudges.predicted == close(13 / 16 - eta * sum(squares))

    moved = [
        (
            [[w - eta * g for w, g in zip(*rows, strict=True)] for rows in zip(W, DC_DW[layer], strict=True)],
            [b - eta * g for b, g in zip(bias, DELTA[layer], strict=True)],
        )
        for layer, W, bias in ((1, W1, B1), (2, W2, B2))
    ]
    assert nudges.after == close(forward(moved))
    assert forward([(W1, B1), (W2, B2)]) == close(13 / 16)


# Lesson 1


def test_the_three_by_two_matrix():
    """[w₁ w₂; w₃ w₄; w₅ w₆] · [a₁; a₂] + [b₁; b₂; b₃] with w = 1 … 6, a = (½, 2), b = (10, 20, 30).

    1·½ + 2·2 + 10 = 14.5;  3·½ + 4·2 + 20 = 29.5;  5·½ + 6·2 + 30 = 44.5
    """
    parameters = {"1.weight": np.array([[1.0, 2], [3, 4], [5, 6]]), "1.bias": np.array([10.0, 20, 30])}
    network = Network([Dense(3, "linear")], 2, parameters=parameters)
    explanation = explain(network, np.array([0.5, 2.0]), 0)
    formula, shapes = equations(explanation.layer(1))
    assert formula == "a⁽¹⁾ = linear(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)"
    assert shapes == "(3) = linear( (3×2) · (2) + (3) )"
    (table,) = tables(explanation.layer(1))
    assert [row[1] for row in table.rows] == [14.5, 29.5, 44.5]
    assert [explanation.neuron(1, j).terms.tolist() for j in range(3)] == [[0.5, 4], [1.5, 8], [2.5, 12]]
    # 4 is larger than 0.5: the largest term stands first
    assert explanation.neuron(1, 0).order.tolist() == [1, 0]


def one_neuron(w, b):
    return Network("1-1", parameters={"1.weight": np.array([[w]]), "1.bias": np.array([b])}, dtype=np.float64)


@pytest.mark.parametrize(("total", "active"), [(0, False), (9, False), (11, True), (20, True)])
def test_a_bias_of_minus_ten_means_only_above_ten(total, active):
    neuron = explain(one_neuron(1.0, -10.0), np.array([float(total)]), [1.0]).neuron(1, 0)
    assert neuron.z == total - 10
    assert (neuron.a > 0.5) == active
    assert neuron.a == close(1 / (1 + exp(10 - total)))


# Lesson 2

THREE = [0.02, 0.03, 0.06, 0.97, 0.07, 0.02, 0.05, 0.06, 0.08, 0.04]


def outputs_of_a_three(cost):
    """A network whose outputs are its inputs: the unit matrix, linear."""
    parameters = {"1.weight": np.eye(10), "1.bias": np.zeros(10)}
    network = Network([Dense(10, "linear")], 10, parameters=parameters, dtype=np.float64)
    return explain(network, np.array(THREE), 3, cost)


@pytest.mark.parametrize(("cost", "factor"), [("squared", 1), ("quadratic", 1 / 2)])
def test_the_cost_of_a_three(cost, factor):
    """.0004 + .0009 + .0036 + .0009 + .0049 + .0004 + .0025 + .0036 + .0064 + .0016 = .0252, or half."""
    explanation = outputs_of_a_three(cost)
    terms = [0.0004, 0.0009, 0.0036, 0.0009, 0.0049, 0.0004, 0.0025, 0.0036, 0.0064, 0.0016]
    assert explanation.gradient.cost == pytest.approx(0.0252 * factor, abs=1e-15)
    (table,) = tables(explanation.cost)
    *rows, total = table.rows
    assert [row[0] for row in rows] == list("0123456789")
    assert [row[1] for row in rows] == THREE
    assert [row[2] for row in rows] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert [row[3].value for row in rows] == pytest.approx([term * factor for term in terms], abs=1e-15)
    assert total[3].value == pytest.approx(0.0252 * factor, abs=1e-15)
    assert explanation.answer == 3


@pytest.mark.parametrize(("cost", "factor"), [("squared", 2), ("quadratic", 1)])
def test_the_slopes_of_the_cost_of_a_three(cost, factor):
    """Squared: 2(a − y), quadratic: a − y. Only the 3 should rise, by 0.03."""
    explanation = outputs_of_a_three(cost)
    differences = [0.02, 0.03, 0.06, -0.03, 0.07, 0.02, 0.05, 0.06, 0.08, 0.04]
    slopes = [explanation.activation(1, j).value for j in range(10)]
    assert slopes == pytest.approx([factor * difference for difference in differences], abs=1e-15)


# Lesson 3


def test_downhill_from_1_1_is_minus_3_minus_1():
    """C(x, y) = 3/2 x² + 1/2 y² is the quadratic cost of two linear neurons.

    Their weights from their own inputs, √3 and 1, are x and y, and their targets 0:
    a = (√3 x, y), C₀ = ½ (3 x² + y²). At (1, 1) the cost is 2.
    """
    parameters = {"1.weight": np.eye(2), "1.bias": np.zeros(2)}
    network = Network([Dense(2, "linear")], 2, parameters=parameters, dtype=np.float64)
    explanation = explain(network, np.array([sqrt(3), 1]), [0.0, 0.0], "quadratic")
    assert explanation.gradient.cost == close(2)
    x, y = explanation.weight(1, 0, 0), explanation.weight(1, 1, 1)
    assert [-x.value, -y.value] == close([-3.0, -1.0])
    assert [x.verdict.difference, y.verdict.difference] == pytest.approx([3.0, 1.0], abs=1e-9)


def test_the_slides_words():
    """Seven biases whose nudges, y − a, are the slide's numbers; the input is 0, so no weight matters."""
    nudges = [0.31, 0.03, -1.25, 0.78, -0.37, 0.16, -0.82]
    network = Network(
        [Dense(7, "linear")],
        1,
        parameters={"1.weight": np.ones((7, 1)), "1.bias": np.zeros(7)},
        dtype=np.float64,
    )
    found = explain(network, np.array([0.0]), nudges, "quadratic").nudges()
    assert [(of.parameter.place, of.value, of.words) for of in found.steepest] == [
        ((2,), -1.25, "should decrease a lot"),
        ((6,), -0.82, "should decrease a lot"),
        ((3,), 0.78, "should increase a lot"),
        ((4,), -0.37, "should decrease somewhat"),
        ((0,), 0.31, "should increase somewhat"),
        ((5,), 0.16, "should increase a little"),
        ((1,), 0.03, "should increase a little"),
    ]
    assert {words: count for words, count in found.words.items() if count} == {
        "should decrease a lot": 2,
        "should increase a lot": 1,
        "should decrease somewhat": 1,
        "should increase somewhat": 1,
        "should increase a little": 2,
        "should stay as it is": 7,
    }


# Lesson 4


def test_one_neuron_a_layer():
    """x = 2, y = 1; w = 1, 4, −2 and b = −2, −2, 1: every z is 0, every a is ½, every σ′(z) is ¼.

    ∂C/∂a: 2(½ − 1) = −1;  −2 · ¼ · −1 = ½;  4 · ¼ · ½ = ½;  of the input 1 · ¼ · ½ = ⅛
    ∂C/∂w: −1 · ¼ · ½ = −⅛;  ½ · ¼ · ½ = 1/16;  ½ · ¼ · 2 = ¼
    """
    values = [("1", 1, -2), ("2", 4, -2), ("3", -2, 1)]
    parameters = {f"{i}.weight": np.array([[float(w)]]) for i, w, _ in values}
    parameters |= {f"{i}.bias": np.array([float(b)]) for i, _, b in values}
    explanation = explain(
        Network("1-1-1-1", parameters=parameters, dtype=np.float64), np.array([2.0]), [1.0], "squared"
    )
    assert [explanation.activation(layer, 0).value for layer in range(4)] == [1 / 8, 1 / 2, 1 / 2, -1]
    chains = {3: (-1, 1 / 4, 1 / 2), 2: (1 / 2, 1 / 4, 1 / 2), 1: (1 / 2, 1 / 4, 2)}
    for layer, factors in chains.items():
        weight, bias = explanation.weight(layer, 0, 0), explanation.bias(layer, 0)
        assert tuple(factor.value for factor in weight.factors) == factors
        assert tuple(factor.value for factor in bias.factors) == (*factors[:2], 1)
        assert weight.value == factors[0] * factors[1] * factors[2]
        assert bias.value == factors[0] * factors[1]


# Lesson 5


@pytest.mark.parametrize(("w", "b", "output"), [(0.6, 0.9, 0.82), (2.0, 2.0, 0.98)])
def test_one_neuron_far_from_its_target(w, b, output):
    """Input 1, target 0, quadratic: ∂C/∂w = (a − 0) · a (1 − a) · 1."""
    explanation = explain(one_neuron(w, b), np.array([1.0]), [0.0], "quadratic")
    a = 1 / (1 + exp(-w - b))
    assert round(explanation.outputs[0], 2) == output
    assert explanation.weight(1, 0, 0).value == close(a * a * (1 - a))
    nudges = explanation.nudges(0.15)
    step = 0.15 * a * a * (1 - a)
    assert nudges.after == close(0.5 * (1 / (1 + exp(-w - b + 2 * step))) ** 2)


def test_far_away_the_slope_is_small_with_quadratic_cost_and_large_with_cross_entropy():
    """Quadratic: a · a (1 − a), 0.82² · 0.18 = 0.12 near and 0.98² · 0.02 = 0.017 far away.

    Cross-entropy: δ = a − y, which is a.
    """

    def slopes(cost):
        places = [(0.6, 0.9), (2.0, 2.0)]
        return [explain(one_neuron(w, b), np.array([1.0]), [0.0], cost).bias(1, 0).value for w, b in places]

    near, far = 1 / (1 + exp(-1.5)), 1 / (1 + exp(-4))
    assert slopes("quadratic") == close([near**2 * (1 - near), far**2 * (1 - far)])
    assert slopes("cross_entropy") == close([near, far])


def test_softmax_on_top_of_sigmoids():
    """z = (0, ln 3): a = (½, ¾); s_j = e^{a_j} / Σ e^{a_i};  ∂C/∂w_jk = (s_j − y_j) σ′(z_j) a_k."""
    parameters = {"1.weight": np.array([[0.0, 0.0], [0.0, 0.0]]), "1.bias": np.array([0.0, log(3)])}
    network = Network([Dense(2), Softmax()], 2, parameters=parameters, dtype=np.float64)
    explanation = explain(network, np.array([1.0, 2.0]), 0, "log_likelihood")
    s = [exp(1 / 2) / (exp(1 / 2) + exp(3 / 4)), exp(3 / 4) / (exp(1 / 2) + exp(3 / 4))]
    assert explanation.outputs == close(np.array(s))
    assert explanation.gradient.cost == close(-log(s[0]))
    for j, (error, slope) in enumerate([(s[0] - 1, 1 / 4), (s[1], 3 / 16)]):
        assert explanation.activation(1, j).value == close(error)
        for k, a in enumerate([1, 2]):
            weight = explanation.weight(1, j, k)
            assert [factor.value for factor in weight.factors] == close([error, slope, a])
            assert weight.value == close(error * slope * a)
