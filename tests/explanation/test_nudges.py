"""Nudges: the steepest, the words, the layers' shares and the step, each worked out once more."""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.document import Equation, Table, as_text
from glassnet.errors import GlassnetError
from glassnet.explanation import explain
from glassnet.explanation.nudges import in_words
from glassnet.layers import Dense, Softmax
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS

X = np.array([0.8, -0.4, 0.0])

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]
EACH = pytest.mark.parametrize(
    ("end", "cost"),
    VALID,
    ids=lambda value: "-".join(of.activation for of in value) if isinstance(value, list) else None,
)


def network_of(end, hidden="tanh"):
    return Network([Dense(5, hidden), *end], 3, seed=3, initializer="normal", dtype=np.float64)


def blocks_of(shown, kind):
    return [block for block in shown.blocks() if isinstance(block, kind)]


def all_nudges(network, cost, label=1):
    """(name, place, −∂C₀/∂(it)) of every parameter."""
    gradient = network.gradient(X[None], [label], cost).parameters
    return [
        (name, place, -float(gradient[name][place]))
        for name in gradient
        for place in np.ndindex(gradient[name].shape)
    ]


@EACH
def test_the_steepest_are_the_steepest_of_all(end, cost):
    network = network_of(end)
    nudges = explain(network, X, 1, cost).nudges()
    every = all_nudges(network, cost)
    sizes = sorted((abs(value) for *_, value in every), reverse=True)
    assert [abs(of.value) for of in nudges.steepest] == sizes[:12]
    assert {(of.parameter.name, of.parameter.place, of.value) for of in nudges.steepest} <= set(every)
    assert len({(of.parameter.name, of.parameter.place) for of in nudges.steepest}) == 12
    assert [of.words for of in nudges.steepest] == [in_words(of.value, sizes[0]) for of in nudges.steepest]


@EACH
def test_the_words_add_up_to_all_parameters(end, cost):
    """Cuts at 20 and 50 % of the largest, both ends belonging to the larger word."""
    network = network_of(end, "relu")
    every = [value for *_, value in all_nudges(network, cost)]
    most = max(map(abs, every))
    words = explain(network, X, 1, cost).nudges().words
    assert sum(words.values()) == network.parameter_count == len(every)
    for side, sign in (("increase", 1), ("decrease", -1)):
        parts = [sign * value / most for value in every]
        assert words[f"should {side} a lot"] == sum(part >= 0.5 for part in parts)
        assert words[f"should {side} somewhat"] == sum(0.2 <= part < 0.5 for part in parts)
        assert words[f"should {side} a little"] == sum(0 < part < 0.2 for part in parts)
    assert words["should stay as it is"] == sum(value == 0 for value in every)


@pytest.mark.parametrize(
    ("nudge", "words"),
    [
        (0.03, "should increase a little"),  # the slide's words, of 1.25
        (0.16, "should increase a little"),
        (0.31, "should increase somewhat"),
        (0.37, "should increase somewhat"),
        (0.78, "should increase a lot"),
        (0.82, "should increase a lot"),
        (1.25, "should increase a lot"),
        (-0.03, "should decrease a little"),
        (-0.37, "should decrease somewhat"),
        (-0.82, "should decrease a lot"),
        (0.25, "should increase somewhat"),  # a fifth
        (0.2499, "should increase a little"),
        (0.625, "should increase a lot"),  # half
        (0.6249, "should increase somewhat"),
        (0.0, "should stay as it is"),
        (-0.0, "should stay as it is"),
        (nan, "can't be said: no number"),
        (inf, "can't be said: no number"),
        (-inf, "can't be said: no number"),
    ],
)
def test_the_words(nudge, words):
    assert in_words(nudge, 1.25) == words


@EACH
def test_the_layers_share_out_the_gradient(end, cost):
    network = network_of(end)
    shares = explain(network, X, 1, cost).nudges().shares
    gradient = network.gradient(X[None], [1], cost).parameters
    squares = [sum((gradient[f"{i}.{name}"] ** 2).sum() for name in ("weight", "bias")) for i in (1, 2)]
    assert [of.layer for of in shares] == [1, 2]  # softmax on top has no parameters
    assert [of.norm for of in shares] == pytest.approx([sqrt(square) for square in squares], rel=1e-13)
    assert [of.share for of in shares] == pytest.approx([square / sum(squares) for square in squares])
    assert sum(of.share for of in shares) == pytest.approx(1, rel=1e-14)


@EACH
@pytest.mark.parametrize("learning_rate", [0.05, 2.0])
def test_a_step_does_what_it_says(end, cost, learning_rate):
    """The network with other parameters, and its cost."""
    network = network_of(end)
    gradient = network.gradient(X[None], [1], cost)
    nudges = explain(network, X, 1, cost).nudges(learning_rate)
    square = sum((array**2).sum() for array in gradient.parameters.values())
    moved = {
        name: array - learning_rate * gradient.parameters[name] for name, array in network.parameters.items()
    }
    after = Network(network.layers, 3, parameters=moved, dtype=np.float64).gradient(X[None], [1], cost).cost
    assert nudges.learning_rate == learning_rate
    assert nudges.before == pytest.approx(gradient.cost, rel=1e-14)
    assert nudges.predicted == pytest.approx(gradient.cost - learning_rate * square, rel=1e-12)
    assert nudges.after == pytest.approx(after, rel=1e-12)


@EACH
def test_a_short_step_does_what_the_slope_predicts(end, cost):
    """(C₀ − after) / η → ‖∇C₀‖², with an error in proportion to η."""
    explanation = explain(network_of(end), X, 1, cost)
    of = explanation.nudges(1e-6)
    square = sum(share.norm**2 for share in of.shares)
    assert (of.before - of.after) / 1e-6 == pytest.approx(square, rel=1e-3, abs=1e-9)


def one_linear(w, x, y):
    """C₀ = ½ (w x − y)² of one linear neuron: ∂C/∂w = (w x − y) x, ∂C/∂b = w x − y."""
    parameters = {"1.weight": np.array([[w]]), "1.bias": np.zeros(1)}
    network = Network([Dense(1, "linear")], 1, parameters=parameters, dtype=np.float64)
    return explain(network, np.array([x]), [y])


@pytest.mark.parametrize(
    ("learning_rate", "after", "words"),
    [
        # a = w + b = (1 − η) − η, C₀ = ½ (1 − 2η)², predicted ½ − 2η
        (0.125, 9 / 32, "88% of what the slope predicts; the longer the step, the less"),  # 7/32 of 1/4
        (0.5, 0.0, "50% of what the slope predicts; the longer the step, the less"),
        (1.0, 1 / 2, "0% of what the slope predicts; the longer the step, the less"),
        (2.0, 9 / 2, "−100% of what the slope predicts: the step is too long, the cost has risen"),
    ],
)
def test_what_is_said_of_a_step(learning_rate, after, words):
    nudges = one_linear(1.0, 1.0, 0.0).nudges(learning_rate)
    assert nudges.before == 1 / 2
    assert nudges.predicted == 1 / 2 - 2 * learning_rate
    assert nudges.after == after
    (equation,) = blocks_of(nudges, Equation)
    assert equation.words.startswith(words)


def test_it_says_when_training_took_other_steps():
    explanation = explain(Network("3-2", seed=1), np.array([0.2, 0.5, 0.1]), 1)
    said = {name: as_text(explanation.nudges(0.1, name).blocks()) for name in OPTIMIZERS}
    assert said["sgd"] == as_text(explanation.nudges(0.1).blocks())
    for name, text in said.items():
        words = f"(training took other steps: those of {name} depend on all gradients before, too)"
        assert (words in " ".join(text.split())) == (name != "sgd")


def test_however_long_a_step_is_it_is_shown():
    """η = 10³⁰⁷: the slope predicts −2·10⁻³, and the cost becomes 2·10³⁰⁴."""
    assert "the step is too long" in repr(one_linear(1e-155, 1.0, 0.0).nudges(1e307)).replace("\n", " ")


def test_norms_are_numbers_where_their_squares_are_none_in_float32():
    """δ = 10²⁰ and x = 1: both slopes are 10²⁰, ‖∇C₀‖ = √2 · 10²⁰."""
    parameters = {"1.weight": np.array([[1e20]]), "1.bias": np.zeros(1)}
    network = Network([Dense(1, "linear")], 1, parameters=parameters)
    (share,) = explain(network, np.ones(1), [0.0], dtype=np.float32).nudges().shares
    assert share.norm == pytest.approx(sqrt(2) * 1e20, rel=1e-6)
    assert share.share == 1


def test_a_network_that_has_nothing_to_learn():
    nudges = one_linear(1.0, 1.0, 1.0).nudges()
    assert nudges.steepest == ()
    assert {words: count for words, count in nudges.words.items() if count} == {"should stay as it is": 2}
    assert [of.share for of in nudges.shares] == [0]
    assert nudges.before == nudges.predicted == nudges.after == 0
    (equation,) = blocks_of(nudges, Equation)
    assert (equation.formula, equation.words) == ("ΔC₀ = 0", "no comparison can be made")


def test_a_network_without_parameters_has_no_nudges():
    nudges = explain(Network([Softmax()], 3, seed=0), X, 1).nudges()
    assert (nudges.steepest, nudges.shares, sum(nudges.words.values())) == ((), (), 0)
    assert nudges.after == nudges.before
    assert repr(nudges)


@pytest.mark.parametrize(
    ("activation", "cost"), [("sigmoid", "cross_entropy"), ("softmax", "log_likelihood")]
)
def test_nudges_are_those_that_training_makes(activation, cost):
    """By the short form, so that they are numbers where the long one breaks down."""
    network = network_of([Dense(3, activation)])
    network.parameters["2.bias"][:] = [1000, -1000, 0]
    explanation = explain(network, X, 1, cost)
    assert explanation.trace.broken
    nudges, used = explanation.nudges(), network.gradient(X[None], [1], cost).parameters
    assert len(nudges.steepest) == 12
    for of in nudges.steepest:
        assert of.value == -used[of.parameter.name][of.parameter.place]
    assert sum(nudges.words.values()) == network.parameter_count
    assert nudges.after < nudges.before == pytest.approx(2000, rel=1e-2)


@pytest.mark.parametrize("value", [nan, inf])
@pytest.mark.parametrize("name", ["1.weight", "1.bias", "2.weight", "2.bias"])
def test_what_is_no_number_is_counted_by_itself(name, value):
    network = network_of([Dense(3, "linear")], "relu")
    network.parameters[name][..., -1] = value
    explanation = explain(network, X, 1)
    flat = np.concatenate([array.ravel() for array in explanation.trace.used.parameters.values()])
    unknown = int((~np.isfinite(flat)).sum())
    assert 0 < unknown
    nudges = explanation.nudges()
    assert nudges.words["can't be said: no number"] == unknown
    assert len(nudges.steepest) == min(12, np.count_nonzero(flat[np.isfinite(flat)]))
    assert all(np.isfinite(of.value) for of in nudges.steepest)


@pytest.mark.parametrize("value", [nan, inf])
def test_the_words_add_up_where_no_nudge_is_a_number(value):
    nudges = one_linear(value, 1.0, 0.0).nudges()
    assert nudges.words["can't be said: no number"] == 2
    assert sum(nudges.words.values()) == 2


@pytest.mark.parametrize("learning_rate", [0, -1, 0.0, nan, inf, -inf, "0.5", None, 1j, [0.5]])
def test_a_learning_rate_is_a_positive_number(learning_rate):
    with pytest.raises(GlassnetError) as error:
        one_linear(1.0, 1.0, 0.0).nudges(learning_rate)
    assert str(error.value) == f"learning_rate is {learning_rate!r}: give a positive number"


@pytest.mark.parametrize("learning_rate", [1, 1.0, np.int64(1), np.float32(1), np.float64(1)])
def test_a_learning_rate_may_be_any_kind_of_number(learning_rate):
    assert one_linear(1.0, 1.0, 0.0).nudges(learning_rate).after == 1 / 2


def test_the_tables_hold_what_was_found():
    nudges = explain(network_of([Dense(3)]), X, 1).nudges()
    steepest, words, shares, costs = blocks_of(nudges, Table)
    assert [row[1] for row in steepest.rows] == [
        f"{of.parameter.name}[{', '.join(map(str, of.parameter.place))}]" for of in nudges.steepest
    ]
    assert [row[2].value for row in steepest.rows] == [of.value for of in nudges.steepest]
    assert {row[0]: row[1].value for row in words.rows} == nudges.words
    assert words.caption.startswith("all 38 parameters;")  # 3·5 + 5 + 5·3 + 3
    assert [row[2].value for row in shares.rows] == [of.share for of in nudges.shares]
    assert [row[1] for row in costs.rows] == [nudges.before, nudges.predicted, nudges.after]
