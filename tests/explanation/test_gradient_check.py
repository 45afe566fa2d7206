"""Every formula of the way back against central differences, and the checker against broken formulas."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS, Sigmoid, Tanh
from glassnet.activations import Softmax as SoftmaxActivation
from glassnet.costs import COSTS, CrossEntropy, Squared
from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.explanation import check_gradient, gradient_check
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

IMAGES, LABELS = np.random.default_rng(5).normal(size=(3, 3)), np.array([0, 1, 1])

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(2, name)] for name in ACTIVATIONS] + [[Dense(2, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


def name_of(value):
    return "-".join(layer.activation for layer in value) if isinstance(value, list) else None


def test_every_cost_is_among_the_ends():
    assert {cost for _, cost in VALID} == set(COSTS)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_every_combination_is_right(hidden, end, cost):
    network = Network([Dense(4, hidden), *end], 3, seed=1)
    for canonical in (True, False):
        for l2, l1 in ((0.0, 0.0), (0.5, 0.3)):
            check = check_gradient(network, IMAGES, LABELS, cost, l2=l2, l1=l1, canonical=canonical)
            assert check.ok, f"canonical {canonical}, l2 {l2}, l1 {l1}: {check}"
            assert len(check.entries) == network.parameter_count  # nothing skipped, nothing forgotten


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("cost", COSTS)
def test_a_sample_of_the_lessons_network_is_right_on_digits(hidden, cost):
    digits = load("digits").training[:8]
    network = Network(
        [Dense(16, hidden), Dense(16, hidden), Dense(10, COSTS[cost].natural)],
        784,
        seed=2,
        initializer="glorot",
    )
    check = check_gradient(network, digits.images, digits.labels, cost, l2=5, n=1197, sample=60)
    assert check.ok, str(check)
    assert len(check.entries) + check.skipped == 60
    assert len(check.entries) > 50


def test_one_parameter_by_hand():
    """Linear, w = 2, b = 1, x = 3, y = 1, quadratic: a = 7, ∂C/∂w = 6 · 3 = 18, ∂C/∂b = 6.

    With the example's weight ½ that is 9 and 3; the penalty with λ = 0.5, n = 10 adds 0.05 · 2 = 0.1.
    """
    parameters = {"1.weight": np.array([[2.0]]), "1.bias": np.array([1.0])}
    network = Network([Dense(1, "linear")], 1, parameters=parameters)
    check = check_gradient(network, [[3.0]], [[1.0]], l2=0.5, n=10, example_weights=[0.5])
    weight, bias = check.entries
    assert (weight.name, weight.place, bias.name, bias.place) == ("1.weight", (0, 0), "1.bias", (0,))
    assert [weight.gradient, bias.gradient] == pytest.approx([9.1, 3], abs=1e-13)
    assert [weight.difference, bias.difference] == pytest.approx([9.1, 3], abs=1e-8)


def test_the_l1_penalty_by_hand():
    """As above, w = −2 and λ₁ = 0.6: a = −5, ∂C/∂w = −6 · 3 = −18; the penalty adds −0.6/10. At w = 0 its
    slope jumps, and the quotient says nothing."""
    parameters = {"1.weight": np.array([[-2.0, 0.0]]), "1.bias": np.array([1.0])}
    network = Network([Dense(1, "linear")], 2, parameters=parameters)
    check = check_gradient(network, [[3.0, 1.0]], [[1.0]], l1=0.6, n=10)
    weight, bias = check.entries
    assert (weight.place, bias.name, check.skipped) == ((0, 0), "1.bias", 1)
    assert [weight.gradient, bias.gradient] == pytest.approx([-18.06, -6], abs=1e-13)
    assert [weight.difference, bias.difference] == pytest.approx([-18.06, -6], abs=1e-8)


@pytest.mark.parametrize("name", ["l1", "l2"])
@pytest.mark.parametrize("penalty", [-0.1, np.nan, np.inf])
def test_a_penalty_is_0_or_more(name, penalty):
    with pytest.raises(GlassnetError, match=rf"^{name} is .*: give a number of 0 or more"):
        check_gradient(Network("3-2", seed=0), IMAGES, LABELS, **{name: penalty})


def test_the_error_is_relative_to_the_larger_and_to_a_thousandth_at_least():
    network = Network("3-4-2", seed=1)
    check = check_gradient(network, IMAGES * 1e-4, LABELS)
    for entry in check.entries:
        largest = max(abs(entry.gradient), abs(entry.difference), 1e-3)
        assert entry.error == abs(entry.gradient - entry.difference) / largest
    assert check.worst.error == max(entry.error for entry in check.entries)


# Broken on purpose

SIGMOIDS = [Dense(4, "sigmoid"), Dense(2, "sigmoid")]
TANHS = [Dense(4, "tanh"), Dense(2, "sigmoid")]
SOFTMAX = [Dense(4, "tanh"), Dense(2, "softmax")]

# What breaks it: (class, method, the wrong formula, layers, cost, canonical).
BROKEN = {
    "σ′ without its second factor": (Sigmoid, "derivative", lambda self, z, a: a, SIGMOIDS, "squared", True),
    "tanh′ of a, not a²": (Tanh, "derivative", lambda self, z, a: 1 - a, TANHS, "squared", True),
    "the 2 of the square forgotten": (
        Squared,
        "derivative",
        lambda self, a, y: a - y,
        TANHS,
        "squared",
        True,
    ),
    "δ with the wrong sign": (CrossEntropy, "delta", lambda self, a, y: y - a, TANHS, "cross_entropy", True),
    "softmax as if its Jacobian were diagonal": (
        SoftmaxActivation,
        "backward",
        lambda self, z, a, dC_da: dC_da * a * (1 - a),
        SOFTMAX,
        "squared",
        False,
    ),
    "W where its transpose belongs": (
        Dense,
        "dC_dx",
        lambda self, params, cache, dC_dz: dC_dz @ params["weight"][:, ::-1],
        TANHS,
        "squared",
        True,
    ),
    "NaN": (Tanh, "derivative", lambda self, z, a: a * np.nan, TANHS, "squared", True),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_formula_is_found(what, monkeypatch):
    where, method, wrong, layers, cost, canonical = BROKEN[what]
    network = Network(layers, 3, seed=1, initializer="normal")
    assert check_gradient(network, IMAGES, LABELS, cost, canonical=canonical).ok
    monkeypatch.setattr(where, method, wrong)
    check = check_gradient(network, IMAGES, LABELS, cost, canonical=canonical)
    assert not check.ok
    assert str(check).startswith("gradient WRONG: ")


@pytest.mark.parametrize(("name", "place"), [("1.weight", (3, 1)), ("2.weight", (0, 2)), ("2.bias", (1,))])
@pytest.mark.parametrize("factor", [1.001, -1.0, np.nan])
def test_the_one_entry_that_is_wrong_is_named(name, place, factor, monkeypatch):
    right = Dense.backward
    layer, array = name.split(".")
    n_out = {"1": 4, "2": 2}[layer]

    def one_wrong(self, params, cache, dC_dz):
        gradients = right(self, params, cache, dC_dz)
        if self.size == n_out:
            gradients[array][place] *= factor
        return gradients

    monkeypatch.setattr(Dense, "backward", one_wrong)
    network = Network(TANHS, 3, seed=1, initializer="normal")
    check = check_gradient(network, IMAGES, LABELS)
    worst = check.worst
    assert not check.ok
    assert (worst.name, worst.place) == (name, place)
    assert [entry for entry in check.entries if entry.error > 1e-6] == [worst]
    if np.isfinite(factor):
        assert worst.gradient == pytest.approx(factor * worst.difference, rel=1e-6)
    assert f"worst {name}[{', '.join(map(str, place))}]: gradient {worst.gradient:.12g}" in str(check)


def test_a_forgotten_penalty_is_found_in_the_weights(monkeypatch):
    monkeypatch.setattr(gradient_check, "l2_gradient", lambda weight, l2, n: 0 * weight)
    check = check_gradient(Network(TANHS, 3, seed=1), IMAGES, LABELS, l2=0.5)
    assert not check.ok
    wrong = {entry.name for entry in check.entries if entry.error > 1e-6}
    assert wrong == {"1.weight", "2.weight"}


# Kinks


def relu_neuron(w, b):
    parameters = {"1.weight": np.array([[w]]), "1.bias": np.array([b])}
    return Network([Dense(1, "relu")], 1, parameters=parameters, dtype=np.float64)


@pytest.mark.parametrize(
    ("w", "b", "x", "skipped"),
    [
        (1.0, 0.0, 0.0, 1),  # z = 0: b moves it over the kink, w doesn't, because x = 0
        (1.0, -1.0, 1.0, 2),  # z = 0: both do
        (1.0, -1.0 + 5e-6, 1.0, 2),  # z is nearer than the step of 10⁻⁵
        (1.0, -1.0 + 5e-5, 1.0, 0),  # z is farther
        (1.0, -1.0 - 5e-5, 1.0, 0),
        (1.0, -10.0 + 5e-5, 10.0, 0),  # w would move z ten times as far as b, so its step is a tenth
        (1.0, -10.0 + 5e-6, 10.0, 2),
    ],
)
def test_parameters_at_a_kink_are_skipped(w, b, x, skipped):
    check = check_gradient(relu_neuron(w, b), [[x]], [[-1.0]])
    assert check.skipped == skipped
    assert len(check.entries) == 2 - skipped
    assert check.ok == (skipped < 2)


def test_a_kink_in_a_hidden_layer_is_seen_too():
    parameters = {
        "1.weight": np.array([[1.0], [1.0]]),
        "1.bias": np.array([-1.0, 1.0]),  # z = 0 and 2
        "2.weight": np.array([[1.0, 1.0]]),
        "2.bias": np.array([0.0]),
    }
    network = Network([Dense(2, "relu"), Dense(1, "tanh")], 1, parameters=parameters)
    check = check_gradient(network, [[1.0]], [[0.0]])
    assert check.skipped == 2
    seen = {(entry.name, entry.place) for entry in check.entries}
    assert seen.isdisjoint({("1.weight", (0, 0)), ("1.bias", (0,))})
    assert check.ok


def test_nothing_checked_is_not_ok():
    check = check_gradient(relu_neuron(1.0, -1.0), [[1.0]], [[-1.0]])
    assert check.worst is None
    assert not check.ok
    assert str(check) == "gradient not checked: no parameter was looked at, 2 skipped at a kink"


def test_nearly_saturated_outputs_give_no_false_alarm():
    # 1 − a₀ = 1/(1 + e^14.5) = 5·10⁻⁷ keeps ten digits; in ln(1 − a₀) they are worth ±10⁻¹⁰, and divided
    # by 2·10⁻⁵ they hide more than the sixth digit of the slope. A step ten times as long shows it.
    parameters = {"1.weight": np.array([[14.5], [0.0]]), "1.bias": np.zeros(2)}
    network = Network([Dense(2, "softmax")], 1, parameters=parameters, dtype=np.float64)
    check = check_gradient(network, [[1.0]], [1], "cross_entropy")
    assert len(check.entries) == 4
    assert check.ok


# The sample, and what the check leaves alone


def test_a_sample_looks_at_different_places_and_repeats():
    network = Network("3-4-2", seed=1)

    def places(**arguments):
        entries = check_gradient(network, IMAGES, LABELS, **arguments).entries
        return [(entry.name, entry.place) for entry in entries]

    assert places(sample=9, seed=3) == places(sample=9, seed=3)
    assert places(sample=9, seed=3) != places(sample=9, seed=4)
    assert len(set(places(sample=9, seed=3))) == 9
    everything = [(name, place) for name, shape in network.shapes.items() for place in np.ndindex(shape)]
    assert places() == places(sample=26) == places(sample=1000) == everything


@pytest.mark.parametrize("sample", [0, -1])
def test_an_empty_sample_is_refused(sample):
    with pytest.raises(GlassnetError, match=f"sample is {sample}: look at 1 parameter or more"):
        check_gradient(Network("3-2", seed=1), IMAGES, LABELS, sample=sample)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_network_is_not_changed(dtype):
    network = Network("3-4-2", seed=1, dtype=dtype)
    before = {name: array.copy() for name, array in network.parameters.items()}
    check_gradient(network, IMAGES, LABELS, l2=1.0)
    for name, array in network.parameters.items():
        assert array.dtype == dtype
        assert np.array_equal(array, before[name])
