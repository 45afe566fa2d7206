"""The way forward as it is shown: weighted sums term by term, layers as formulas, the cost by outputs."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.document import Equation, Note, Table
from glassnet.explanation import explain
from glassnet.explanation.forward import headline
from glassnet.explanation.letters import sigma
from glassnet.layers import Dense, Softmax
from glassnet.network import Network


def blocks_of(shown, kind):
    return [block for block in shown.blocks() if isinstance(block, kind)]


def value_of(cell):
    return cell.value if hasattr(cell, "value") else cell


# One neuron


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weighted_sum_is_its_terms_and_the_bias(activation, dtype):
    network = Network([Dense(4, "tanh"), Dense(3, activation)], 5, seed=1, initializer="normal")
    x = np.array([0.3, -0.8, 0.0, 1.5, 0.7])
    explanation = explain(network, x, 1, dtype=dtype)
    for layer, (count, before) in enumerate([(4, x), (3, explanation.trace.a(1))], 1):
        W, b = network.parameters[f"{layer}.weight"], network.parameters[f"{layer}.bias"]
        for j in range(count):
            neuron = explanation.neuron(layer, j)
            assert neuron.inputs == pytest.approx(before)
            assert neuron.terms == pytest.approx([W[j, k] * before[k] for k in range(len(before))])
            assert neuron.connections.bias == b[j]
            size = abs(neuron.terms).sum() + abs(b[j])
            rounding = 8 * float(np.finfo(dtype).eps) * float(size)
            assert neuron.z == pytest.approx(neuron.terms.sum() + b[j], abs=rounding)
            assert neuron.z == explanation.trace.z(layer)[j]
            assert neuron.a == explanation.trace.a(layer)[j]
            sizes = abs(neuron.terms[neuron.order])
            assert sorted(neuron.order) == list(range(len(before)))
            assert all(sizes[:-1] >= sizes[1:])


def test_the_terms_shown_are_the_largest_and_what_the_others_add():
    """w·a = 1 … 20 with alternating signs, and five that are 0: 12 are shown, 8 and the zeros add up."""
    sizes = np.arange(1, 21) * np.where(np.arange(20) % 2, 1, -1)  # −1, 2, −3, … 20
    weights = np.concatenate([sizes, np.zeros(3), np.ones(2)]).astype(float)
    image = np.concatenate([np.ones(20), np.ones(3), np.zeros(2)])
    network = Network(
        [Dense(1, "linear")],
        25,
        parameters={"1.weight": weights[None], "1.bias": np.array([0.5])},
    )
    (table,) = blocks_of(explain(network, image, [0.0]).neuron(1, 0), Table)
    *shown, rest, bias, total = table.rows
    assert [row[0] for row in shown[:2]] == ["`w₀,₁₉⁽¹⁾ · a₁₉⁽⁰⁾`", "`w₀,₁₈⁽¹⁾ · a₁₈⁽⁰⁾`"]
    assert [row[3].value for row in shown] == [20, -19, 18, -17, 16, -15, 14, -13, 12, -11, 10, -9]
    assert rest[0] == "13 further terms, 5 of them 0"
    assert rest[3].value == 8 - 7 + 6 - 5 + 4 - 3 + 2 - 1
    assert (bias[0], bias[3].value) == ("bias `b₀⁽¹⁾`", 0.5)
    assert (total[0], total[3].value) == ("sum `z₀⁽¹⁾`", 10.5)  # (20 − 19) + (18 − 17) + … = 10
    assert {row[3].largest for row in table.rows} == {20}


def test_an_empty_image_leaves_the_bias_alone():
    network = Network("4-2", seed=1)
    (table,) = blocks_of(explain(network, np.zeros(4), 0).neuron(1, 1), Table)
    assert [row[0] for row in table.rows] == [
        "4 further terms, 4 of them 0",
        "bias `b₁⁽¹⁾`",
        "sum `z₁⁽¹⁾`",
    ]
    assert table.rows[-1][3].value == network.parameters["1.bias"][1]


def test_a_neuron_of_a_softmax_layer_takes_what_comes_in():
    explanation = explain(Network([Dense(3), Softmax()], 2, seed=1), np.ones(2), 0)
    neuron = explanation.neuron(2, 1)
    assert neuron.terms.tolist() == [explanation.trace.a(1)[1]] == [neuron.z]
    assert blocks_of(neuron, Table) == []
    assert blocks_of(neuron, Equation)[0].formula.startswith("z₁⁽²⁾ = a₁⁽¹⁾ = 0.")


# z = 3/2 and what becomes of it, to five digits: 1/(1 + e^−1.5) = 0.817574…, tanh 1.5 = 0.905148….
SHOWN_ACTIVATIONS = {
    "sigmoid": "a₀⁽¹⁾ = σ(z₀⁽¹⁾) = σ(1.5) = 1 / (1 + exp(−1.5)) = 0.81757",
    "tanh": "a₀⁽¹⁾ = tanh(z₀⁽¹⁾) = tanh(1.5) = 0.90515",
    "relu": "a₀⁽¹⁾ = relu(z₀⁽¹⁾) = relu(1.5) = max(0, 1.5) = 1.5",
    "linear": "a₀⁽¹⁾ = linear(z₀⁽¹⁾) = linear(1.5) = 1.5",
    "softmax": "a₀⁽¹⁾ = softmax(z⁽¹⁾) = 1",  # a single one
}


def test_the_shown_activations_miss_none():
    assert set(SHOWN_ACTIVATIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_how_the_activation_is_shown(activation):
    parameters = {"1.weight": np.ones((1, 1)), "1.bias": np.array([0.5])}
    network = Network([Dense(1, activation)], 1, parameters=parameters)
    neuron = explain(network, np.ones(1), [0.0]).neuron(1, 0)
    assert blocks_of(neuron, Equation)[-1].formula == SHOWN_ACTIVATIONS[activation]


def test_sigmoid_is_called_sigma_and_the_others_by_their_names():
    assert {name: sigma(name) for name in ACTIVATIONS} == {
        name: "σ" if name == "sigmoid" else name for name in ACTIVATIONS
    }


def test_contributions_are_the_terms_where_the_pixels_are():
    image = np.random.default_rng(14).integers(0, 256, size=6, dtype=np.uint8)
    network = Network("6-3-2", seed=1)
    explanation = explain(network, image, 0)
    for j in range(3):
        wanted = network.parameters["1.weight"][j] * (image / 255)
        assert explanation.contributions(j) == pytest.approx(wanted)
    first_softmax = explain(Network([Softmax(), Dense(2)], 3, seed=1), np.array([0.1, 0.2, 0.3]), 0)
    assert first_softmax.contributions(1).tolist() == [0, 0.2, 0]


# One layer


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_layer_is_one_formula_with_its_shapes(activation):
    explanation = explain(Network([Dense(16), Dense(10, activation)], 784, seed=1), np.zeros(784), 3)
    name = "σ" if activation == "sigmoid" else activation
    layer = explanation.layer(2)
    assert layer.formula() == f"a⁽²⁾ = {name}(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)"
    assert layer.shapes() == f"(10) = {name}( (10×16) · (16) + (10) )"
    equations = blocks_of(layer, Equation)
    assert [block.formula for block in equations] == [layer.formula(), layer.shapes()]
    assert equations[1].words == "the shapes; 170 parameters"  # 10 · 16 + 10
    assert blocks_of(explanation.layer(1), Equation)[1].words == "the shapes; 12,560 parameters"


def test_a_softmax_layer_is_one_formula_too():
    layer = explain(Network([Dense(3), Softmax()], 2, seed=1), np.ones(2), 0).layer(2)
    assert (layer.formula(), layer.shapes()) == ("a⁽²⁾ = softmax(a⁽¹⁾)", "(3) = softmax((3))")
    assert blocks_of(layer, Equation)[1].words == "the shapes; no parameters"


def test_what_came_out_of_a_layer():
    explanation = explain(Network("3-40-2", seed=1), np.ones(3), 0, class_names=["cat", "dog"])
    (hidden,), (last,) = (blocks_of(explanation.layer(layer), Table) for layer in (1, 2))
    assert len(hidden.rows) == 32
    assert hidden.caption == "what came out; the first 32 of 40 neurons"
    assert [row[0] for row in last.rows] == ["`a₀⁽²⁾`  cat", "`a₁⁽²⁾`  dog"]
    for layer, table in ((1, hidden), (2, last)):
        for j, row in enumerate(table.rows):
            assert (row[1], row[2].value) == (explanation.trace.z(layer)[j], explanation.trace.a(layer)[j])


# The cost

# Of a = (¾, ½) against y = (0, 1): ¾² and ½², half of them, −ln ¼ and −ln ½.
TERMS = {
    "squared": [9 / 16, 1 / 4],
    "quadratic": [9 / 32, 1 / 8],
    "cross_entropy": [log(4), log(2)],
    "log_likelihood": [0, log(4)],  # of softmax's a = (¾, ¼): −ln ¼
}
FORMULAS = {
    "squared": "C₀ = Σⱼ (aⱼ − yⱼ)²",
    "quadratic": "C₀ = Σⱼ ½ (aⱼ − yⱼ)²",
    "cross_entropy": "C₀ = Σⱼ −[yⱼ ln(aⱼ) + (1 − yⱼ) ln(1 − aⱼ)]",
    "log_likelihood": "C₀ = Σⱼ −yⱼ ln(aⱼ)",
}
TITLES = {"cross_entropy": "cross-entropy", "log_likelihood": "log-likelihood"}


def test_the_tables_miss_no_cost():
    assert set(TERMS) == set(FORMULAS) == set(COSTS)


def cost_of(cost, bias, label=1, **arguments):
    end = Dense(len(bias), COSTS[cost].natural)
    parameters = {"1.weight": np.zeros((len(bias), 1)), "1.bias": np.array(bias)}
    network = Network([end], 1, parameters=parameters, dtype=np.float64)
    return explain(network, np.zeros(1), label, cost, **arguments)


@pytest.mark.parametrize("cost", COSTS)
def test_the_cost_output_by_output(cost):
    explanation = cost_of(cost, [log(3), 0.0])  # σ(ln 3) = ¾, σ(0) = ½; softmax: ¾, ¼
    assert explanation.trace.cost_terms == pytest.approx(TERMS[cost], rel=1e-14)
    (equation,), (table,) = (blocks_of(explanation.cost, kind) for kind in (Equation, Table))
    assert equation.formula == FORMULAS[cost]
    assert equation.words == f"the {TITLES.get(cost, cost)} cost of this image"
    *rows, total = table.rows
    assert [row[0] for row in rows] == ["0", "1"]
    assert [row[1] for row in rows] == pytest.approx([3 / 4, 1 / 4 if cost == "log_likelihood" else 1 / 2])
    assert [row[2] for row in rows] == [0, 1]
    assert [row[3].value for row in rows] == pytest.approx(TERMS[cost], rel=1e-14)
    assert total[3].value == pytest.approx(sum(TERMS[cost]), rel=1e-14)
    assert total[3].value == pytest.approx(explanation.trace.used.cost, rel=1e-14)
    assert blocks_of(explanation.cost, Note) == []


@pytest.mark.parametrize("cost", COSTS)
def test_the_parts_add_up_to_the_cost_that_training_sees(cost):
    for seed in range(10):
        network = Network([Dense(4, "tanh"), Dense(5, COSTS[cost].natural)], 3, seed=seed)
        explanation = explain(network, np.random.default_rng(seed).normal(size=3), seed % 5, cost)
        assert explanation.trace.cost_terms.shape == (5,)
        assert explanation.trace.cost_terms.sum() == pytest.approx(explanation.trace.used.cost, rel=1e-12)


def test_outputs_go_by_their_names():
    (table,) = blocks_of(cost_of("squared", [0.0, 0.0], class_names=["cat", "1"]).cost, Table)
    assert [row[0] for row in table.rows] == ["0  cat", "1", "cost `C₀`"]


@pytest.mark.parametrize("cost", ["cross_entropy", "log_likelihood"])
def test_where_the_cost_breaks_down_the_one_from_z_is_told(cost):
    """z = (1000, −1000), the second wanted: ln(1 + e¹⁰⁰⁰) twice, or 1000 − (−1000)."""
    (note,) = blocks_of(cost_of(cost, [1000.0, -1000.0]).cost, Note)
    assert not note.good
    assert note.text.endswith("from `z`, as training computes it, `C₀ = 2000`.")


# The sentence


def test_the_headline_says_what_the_network_answers():
    """σ(ln 3) = ¾ is the largest; squared: 9/16 + 1/4 = 0.8125, or 1/16 + 1/4 = 0.3125."""
    wrong = cost_of("squared", [log(3), 0.0], class_names=["cat", "dog"])
    assert headline(wrong.trace).text == (
        "The network 1-2 answers cat (its largest output, 0.75), but dog is wanted. "
        "The cost of this image is `C₀ = 0.8125`."
    )
    right = cost_of("squared", [log(3), 0.0], label=0, class_names=["cat", "dog"])
    assert headline(right.trace).text == (
        "The network 1-2 answers cat (its largest output, 0.75), which is right. "
        "The cost of this image is `C₀ = 0.3125`."
    )
