"""An explanation as a whole: what it says of the network, and that no formula it displays is untrue."""

from __future__ import annotations

import re
from math import exp, log, tanh

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.document import Equation, Note, Paragraph
from glassnet.explanation import Explanation, explain
from glassnet.explanation.letters import sigma
from glassnet.layers import Dense, Softmax
from glassnet.network import Network
from glassnet.storage import Model, load_model, save_model

pytestmark = pytest.mark.table

X = np.array([0.8, -0.4, 0.3])

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


def name_of(value):
    return "-".join(layer.activation for layer in value) if isinstance(value, list) else None


EACH = pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)


def network_of(*layers, dtype=np.float64):
    return Network(list(layers), 3, seed=7, initializer="normal", dtype=dtype)


@EACH
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_what_an_explanation_says_of_the_network(hidden, end, cost):
    network = network_of(Dense(4, hidden), *end)
    explanation = explain(network, X, 1, cost)
    gradient = network.gradient(X[None], [1], cost, canonical=False)
    assert explanation.depth == 1 + len(end)
    assert np.array_equal(explanation.outputs, network.predict(X[None])[0])
    assert explanation.answer == int(network.predict(X[None])[0].argmax())
    assert explanation.gradient.cost == gradient.cost
    for name, array in gradient.parameters.items():
        assert np.array_equal(explanation.gradient.parameters[name], array)


@EACH
def test_pixels_are_the_slopes_of_the_cost(end, cost):
    network = network_of(Dense(4, "tanh"), *end)
    explanation, h = explain(network, X, 1, cost), 1e-6
    assert explanation.pixels.shape == (3,)
    for k in range(3):
        step = h * np.eye(3)[k]
        above, below = (network.gradient((X + side)[None], [1], cost).cost for side in (step, -step))
        assert explanation.pixels[k] == pytest.approx((above - below) / (2 * h), abs=1e-8)
        assert explanation.pixels[k] == explanation.activation(0, k).value


@EACH
def test_the_steepest_weight_is_the_steepest(end, cost):
    network = network_of(Dense(4, "tanh"), *end)
    explanation = explain(network, X, 1, cost)
    gradient = network.gradient(X[None], [1], cost).parameters
    for layer in (1, 2):
        sizes = abs(gradient[f"{layer}.weight"])
        found, j, k = explanation.steepest_weight(layer)
        assert found == layer
        assert sizes[j, k] == sizes.max()
        assert abs(explanation.weight(layer, j, k).used) == sizes.max()


def test_the_check_is_of_this_image_and_this_cost():
    network = network_of(Dense(4, "tanh"), Dense(3, "sigmoid"))
    explanation = explain(network, X, [0.25, 0.5, 0.125], "cross_entropy")
    check = explanation.check()
    assert len(check.entries) == network.parameter_count
    assert check.ok
    for entry in check.entries:
        assert entry.gradient == explanation.trace.used.parameters[entry.name][entry.place]
    assert len(explanation.check(sample=5).entries) == 5


def test_an_explanation_begins_with_the_answer_and_has_every_layer():
    explanation = explain(network_of(Dense(4, "tanh"), Dense(3), Softmax()), X, 1, class_names=list("abc"))
    first, *others = explanation.blocks()
    assert isinstance(first, Paragraph)
    assert first.text.startswith(f"The network 3-4-3-softmax answers {'abc'[explanation.answer]} ")
    formulas = [block.formula for block in others if isinstance(block, Equation)]
    assert formulas[:3] == [
        "a⁽¹⁾ = tanh(W⁽¹⁾ a⁽⁰⁾ + b⁽¹⁾)",
        "a⁽²⁾ = σ(W⁽²⁾ a⁽¹⁾ + b⁽²⁾)",
        "a⁽³⁾ = softmax(a⁽²⁾)",
    ]
    assert not any(isinstance(block, Note) for block in others)


def test_a_network_from_a_file_is_explained_and_checked(tmp_path):
    network = Network("784-6-10", seed=1)
    save_model(tmp_path / "model.safetensors", Model(network, tuple("0123456789")))
    loaded = load_model(tmp_path / "model.safetensors").network
    image = load("digits").test.images[3]
    explanation = explain(loaded, image, 3)
    assert explanation.gradient.cost == explain(network, image, 3).gradient.cost
    assert explanation.check(sample=50).ok


def test_explanations_are_what_the_function_returns():
    assert isinstance(explain(network_of(Dense(3)), X, 1), Explanation)


# The displayed mathematics, evaluated

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NAMES = {  # of the functions of one number
    "exp": exp,
    "ln": log,
    "max": max,
    "σ": lambda z: 1 / (1 + exp(-z)),
    "tanh": tanh,
    "relu": lambda z: max(0.0, z),
    "linear": lambda z: z,
}


def test_the_names_miss_no_activation():
    assert {sigma(name) for name in ACTIVATIONS} - {"softmax"} <= set(NAMES)


def numeric(side):
    """The value of one side of an equation that holds nothing but numbers; None of any other."""
    words = set(re.findall(r"[^\W\d]+", re.sub(r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", "", side)))
    if not words <= set(NAMES) or "×" in side:  # × stands in shapes
        return None
    text = re.sub(r"·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda power: "e" + power[1].translate(SUPERSCRIPTS), side)
    text = text.replace("−", "-").replace("·", "*")
    text = re.sub(r"(?<=[\d)]) (?=[\d(])", "*", text)  # 2 (a − y)
    return float(eval(text, {"__builtins__": {}}, NAMES))


@pytest.mark.parametrize(
    ("side", "value"),
    [
        ("2 (0.75 − 1)", -0.5),
        ("(−0.5) · 1.5·10⁻³ · 2", -1.5e-3),
        ("1 / (1 + exp(−(−0)))", 0.5),
        ("(0.75 − 1) / (0.75 (1 − 0.75))", -4 / 3),
        ("max(0, (−2))", 0),
        ("a₀⁽¹⁾", None),
        ("(3) = σ( (3×2) · (2) + (3) )", None),
        ("2 (a₁ − y₁)", None),
    ],
)
def test_what_is_numeric_is_evaluated(side, value):
    assert numeric(side) == (value if value is None else pytest.approx(value))


@EACH
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_in_every_equation_shown_all_numbers_agree(hidden, end, cost):
    """Both sides of each = that hold numbers alone, as displayed: so to some units of the fourth digit."""
    explanation = explain(network_of(Dense(3, hidden), *end), X, 1, cost)
    shown = [explanation.nudges()]
    for layer, params in enumerate(explanation.trace.params, 1):
        for j in range(3):
            shown += [explanation.neuron(layer, j), explanation.ways_to_raise(j, layer)]
            shown += [explanation.activation(layer, j)]
            shown += [explanation.weight(layer, j, j), explanation.bias(layer, j)] if params else []
    compared = 0
    for block in (block for view in shown for block in view.blocks()):
        if isinstance(block, Equation):
            values = [value for side in block.formula.split(" = ") if (value := numeric(side)) is not None]
            assert values == pytest.approx(values[-1:] * len(values), rel=2e-3, abs=2e-5), block.formula
            compared += max(0, len(values) - 1)
    assert compared >= 15
