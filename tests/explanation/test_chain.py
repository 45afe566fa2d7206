"""The chain of one parameter: its factors make the shown gradient to the last bit, breakdowns included."""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import mul

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.document import Equation, Note, Table
from glassnet.engine import ENGINES
from glassnet.explanation import explain
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

X = np.array([0.8, -0.4])
DTYPES = [np.float32, np.float64]
PAIRS = {"sigmoid": "cross_entropy", "softmax": "log_likelihood"}

# What may end a network: a layer with any activation, or softmax on top of one.
ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


def name_of(value):
    return "-".join(layer.activation for layer in value) if isinstance(value, list) else None


def parameter_derivatives(explanation):
    """Those of every weight and bias."""
    for layer, params in enumerate(explanation.trace.params, 1):
        for j, k in np.ndindex(params["weight"].shape if params else (0, 0)):
            yield explanation.weight(layer, j, k)
        for j in range(len(params["bias"]) if params else 0):
            yield explanation.bias(layer, j)


def same_float(one, other):
    return one == other or (np.isnan(one) and np.isnan(other))


def multiplied(values, dtype):
    """From left to right, in the numbers of that dtype."""
    with np.errstate(all="ignore"):
        return reduce(mul, [dtype(value) for value in values])


def test_every_cost_is_among_the_ends():
    assert {cost for _, cost in VALID} == set(COSTS)


# The product of the shown factors, in the order shown, is the shown gradient: exactly, always


@st.composite
def wild_cases(draw):
    """Any small network, any image, with numbers planted that are very large, very small, or none."""
    dtype = draw(st.sampled_from(DTYPES))
    layers = draw(
        st.lists(
            st.one_of(
                st.just(Softmax()),
                st.builds(Dense, st.integers(1, 3), st.sampled_from(sorted(ACTIVATIONS))),
            ),
            min_size=1,
            max_size=3,
        )
    )
    network = Network(layers, draw(st.integers(1, 3)), seed=draw(st.integers(0, 99)), dtype=dtype)
    tiny, huge = float(np.finfo(dtype).smallest_subnormal), float(np.finfo(dtype).max)
    finite = [0.0, -0.0, tiny, -5 * tiny, huge, -huge, 1000.0, -1000.0, 17.0, 1.0]
    for array in network.parameters.values():
        array *= dtype(10.0 ** draw(st.integers(-2, 5)))
        planted = st.tuples(
            st.integers(0, array.size - 1), st.sampled_from([*finite, np.nan, np.inf, -np.inf])
        )
        for place, value in draw(st.lists(planted, max_size=3)):
            array.flat[place] = value
    pixel = st.one_of(st.floats(-3, 3, width=32), st.sampled_from(finite))
    image = np.array([draw(pixel) for _ in range(network.input_shape[0])], dtype)
    label = draw(st.integers(0, network.output_shape[0] - 1))
    cost = draw(st.sampled_from([name for name in COSTS if layers[-1].activation in COSTS[name].allowed]))
    return network, image, label, cost


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(case=wild_cases())
def test_the_product_of_the_factors_is_the_gradient_to_the_last_bit(engine, case):
    network, image, label, cost = case
    dtype = network.dtype.type
    explanation = explain(network, image, label, cost, engine=engine, dtype=dtype)
    for derivative in parameter_derivatives(explanation):
        by_hand = multiplied([factor.value for factor in derivative.factors], dtype)
        assert same_float(derivative.value, by_hand), derivative.letter
        assert same_float(derivative.product, derivative.value), derivative.letter
        way = explanation.trace.way(derivative.layer)
        assert same_float(derivative.value, float(way.parameters[derivative.name][derivative.place]))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_the_product_of_the_factors_for_every_layer_activation_and_cost(hidden, end, cost):
    for dtype, engine in product(DTYPES, ENGINES):
        network = Network([Dense(3, hidden), *end], 2, seed=3, initializer="normal", dtype=dtype)
        explanation = explain(network, X, 1, cost, engine=engine, dtype=dtype)
        for derivative in parameter_derivatives(explanation):
            assert derivative.value == multiplied([factor.value for factor in derivative.factors], dtype)
            assert derivative.value == derivative.product
            assert np.isfinite(derivative.value)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_the_terms_of_every_sum_make_its_value(hidden, end, cost):
    """To rounding: each sum may be off by some units of the last place of its terms.

    Softmax's δ is computed as s_j (∂C/∂a_j − Σ s_i ∂C/∂a_i), so by units of ∂C/∂a.
    """
    for dtype in DTYPES:
        network = Network([Dense(3, hidden), *end], 2, seed=4, initializer="normal", dtype=dtype)
        explanation = explain(network, X, 1, cost, dtype=dtype)
        trace, rounding = explanation.trace, 8 * float(np.finfo(dtype).eps)

        for layer in range(trace.depth):
            for k in range(trace.a(layer).size):
                activation = explanation.activation(layer, k)
                values = [multiplied(term.factors, dtype) for term in activation.terms]
                assert [term.value for term in activation.terms] == values
                assert activation.value == trace.dC_da(layer)[k]
                assert abs(sum(values) - activation.value) <= rounding * sum(map(abs, values))

        for derivative in parameter_derivatives(explanation):
            layer, j = derivative.layer, derivative.place[0]
            assert bool(derivative.jacobian) == (trace.activation(layer).name == "softmax")
            if derivative.jacobian:
                values = [multiplied(term.factors, dtype) for term in derivative.jacobian]
                assert [term.value for term in derivative.jacobian] == values
                assert derivative.factors[0].value == trace.delta(layer)[j]
                assert abs(sum(values) - trace.delta(layer)[j]) <= rounding * abs(trace.dC_da(layer)).sum()


@pytest.mark.parametrize("activation", PAIRS)
def test_the_short_form_is_the_long_one_where_nothing_is_saturated(activation):
    for seed in range(20):
        network = Network([Dense(5, "tanh"), Dense(4, activation)], 3, seed=seed, initializer="normal")
        explanation = explain(
            network, np.random.default_rng(seed).normal(size=3), seed % 4, PAIRS[activation]
        )
        assert abs(explanation.trace.z(2)).max() < 10
        for derivative in parameter_derivatives(explanation):
            assert abs(derivative.used - derivative.value) <= 1e-12


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_each_stands_beside_its_finite_difference(hidden, end, cost):
    network = Network([Dense(3, hidden), *end], 2, seed=5, initializer="normal")
    explanation = explain(network, X, 1, cost)
    for derivative in parameter_derivatives(explanation):
        assert derivative.verdict.value == derivative.value
        assert derivative.verdict.ok, derivative
        assert derivative.upstream.verdict.ok, derivative


# Names and what is shown


def test_a_derivative_names_its_parameter():
    explanation = explain(Network("3-4-2", seed=1), np.ones(3), 0)
    weight, bias = explanation.weight(1, 3, 2), explanation.bias(2, 1)
    assert (weight.name, weight.place, weight.letter, weight.symbol) == (
        "1.weight",
        (3, 2),
        "w₃,₂⁽¹⁾",
        "∂C₀/∂w₃,₂⁽¹⁾",
    )
    assert (bias.name, bias.place, bias.letter, bias.symbol) == ("2.bias", (1,), "b₁⁽²⁾", "∂C₀/∂b₁⁽²⁾")
    assert [factor.symbol for factor in weight.factors] == ["∂C₀/∂a₃⁽¹⁾", "σ′(z₃⁽¹⁾)", "a₂⁽⁰⁾"]
    assert [factor.symbol for factor in bias.factors] == ["∂C₀/∂a₁⁽²⁾", "σ′(z₁⁽²⁾)", "1"]


def test_softmax_pretends_no_diagonal():
    """δ is one factor, made of the whole row of the Jacobian, term by term."""
    network = Network([Dense(3, "softmax"), Dense(2)], 2, seed=1)
    weight = explain(network, np.ones(2), 0).weight(1, 2, 1)
    assert [factor.symbol for factor in weight.factors] == ["δ₂⁽¹⁾", "a₁⁽⁰⁾"]
    assert [term.j for term in weight.jacobian] == [0, 1, 2]
    formulas = [block.formula for block in weight.blocks() if isinstance(block, Equation)]
    assert "δ₂⁽¹⁾ = Σᵢ ∂aᵢ⁽¹⁾/∂z₂⁽¹⁾ · ∂C₀/∂aᵢ⁽¹⁾" in formulas


def test_below_softmax_the_sum_over_the_next_layer_has_its_deltas():
    network = Network([Dense(3, "tanh"), Dense(4, "softmax")], 2, seed=1)
    explanation = explain(network, np.ones(2), 0)
    W, delta = explanation.trace.params[1]["weight"], explanation.trace.delta(2)
    for k in range(3):
        terms = explanation.activation(1, k).terms
        assert [term.factors for term in terms] == [(W[j, k], delta[j]) for j in range(4)]


def test_below_a_softmax_layer_each_neuron_has_one_line_of_weight_1():
    explanation = explain(Network([Dense(3), Softmax()], 2, seed=1), np.ones(2), 0)
    for k in range(3):
        (term,) = explanation.activation(1, k).terms
        assert (term.j, term.factors) == (k, (1.0, explanation.trace.delta(2)[k]))


@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_what_is_shown_are_the_factors_the_sums_and_the_short_form(end, cost):
    explanation = explain(Network([Dense(3, "tanh"), *end], 2, seed=1), np.ones(2), 0, cost)
    for layer in (1, 2):
        derivative = explanation.weight(layer, 0, 1)
        blocks = derivative.blocks()
        factors, *sums = [block for block in blocks if isinstance(block, Table)]
        assert [row[:2] for row in factors.rows] == [
            (f"`{factor.symbol}`", factor.value) for factor in derivative.factors
        ]
        expected = [explanation.trace.delta(layer)[0]] if derivative.jacobian else []
        expected += [derivative.upstream.value] if derivative.upstream.terms else []
        assert [table.rows[-1][-1] for table in sums] == expected
        short = any(isinstance(block, Equation) and "the short form" in block.words for block in blocks)
        softmax_follows = layer < explanation.depth and not explanation.trace.params[layer]
        assert short == (explanation.trace.canonical and (layer == explanation.depth or softmax_follows))
        verdict = blocks[-1]
        assert isinstance(verdict, Note)
        assert verdict.good
        assert "finite difference" in verdict.text


def test_a_sum_over_many_neurons_shows_the_largest_and_what_the_others_add():
    network = Network("3-2-40-1", seed=1, initializer="normal")
    activation = explain(network, np.ones(3), [1.0]).activation(1, 0)
    (table,) = [block for block in activation.blocks() if isinstance(block, Table)]
    *shown, rest, total = table.rows
    sizes = [abs(row[-1]) for row in shown]
    assert sizes == sorted((abs(term.value) for term in activation.terms), reverse=True)[:16]
    assert rest[0] == "24 further ones"
    assert sum(row[-1] for row in shown) + rest[-1] == pytest.approx(activation.value, abs=1e-15)
    assert total[-1] == activation.value


# Where the long form breaks down: 0·∞

# z of the last layer is (1000, −1000, 0) and the right answer 1: a = (1, 0, ½) for sigmoids and (1, 0, 0)
# for softmax, the cost 1000 + 1000 + ln 2 or 2000, and δ = a − y.
BROKEN = {
    "sigmoid": ([Dense(3, "sigmoid")], [1.0, -1.0, 0.5], 2000 + np.log(2)),
    "softmax": ([Dense(3, "softmax")], [1.0, -1.0, 0.0], 2000),
    "softmax on top": ([Dense(3, "linear"), Softmax()], [1.0, -1.0, 0.0], 2000),
}
EACH_BROKEN = pytest.mark.parametrize("what", BROKEN)


def broken(what, engine="textbook", dtype=np.float64):
    end, delta, cost = BROKEN[what]
    network = Network([Dense(2, "tanh"), *end], 2, seed=6, initializer="normal", dtype=np.float64)
    x = np.array([0.3, -0.7])
    hidden = np.tanh(network.parameters["1.weight"] @ x + network.parameters["1.bias"])
    network.parameters["2.bias"][:] = [1000, -1000, 0] - network.parameters["2.weight"] @ hidden
    explanation = explain(network, x, 1, PAIRS[end[-1].activation], engine=engine, dtype=dtype)
    return explanation, np.array(delta), cost, hidden


@EACH_BROKEN
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_where_the_long_form_breaks_down_the_short_one_is_right(what, engine, dtype):
    explanation, delta, cost, hidden = broken(what, engine, dtype)
    trace, tolerance = explanation.trace, 1e-3 if dtype == np.float32 else 1e-9
    assert trace.broken
    assert trace.first_non_finite is None  # nothing that training used
    assert trace.used.cost == pytest.approx(cost, rel=1e-6)
    for j in range(3):
        assert explanation.bias(2, j).used == pytest.approx(delta[j], abs=tolerance)
        for k in range(2):
            assert explanation.weight(2, j, k).used == pytest.approx(delta[j] * hidden[k], abs=tolerance)


@EACH_BROKEN
@pytest.mark.parametrize("engine", ENGINES)
def test_where_the_long_form_breaks_down_it_is_shown_as_it_is(what, engine):
    """Infinite times 0, and the product is no number; in a sigmoid layer the third output is fine."""
    explanation, *_ = broken(what, engine)
    last = explanation.trace.chain.layers[-1].dC_dz[0]
    assert np.isnan(last).tolist() == [True, True, what != "sigmoid"]
    if what == "softmax on top":
        return  # the last layer has no weights; those of layer 2 lie behind the breakdown
    for j in range(3):
        fine = what == "sigmoid" and j == 2
        for derivative in (explanation.weight(2, j, 0), explanation.bias(2, j)):
            assert np.isnan(derivative.value) != fine
            assert same_float(derivative.product, derivative.value)
    wrong = explanation.weight(2, 0, 0)
    if what == "sigmoid":
        assert [factor.value for factor in wrong.factors[:2]] == [np.inf, 0.0]


@EACH_BROKEN
@pytest.mark.parametrize("engine", ENGINES)
def test_behind_a_breakdown_all_is_finite_and_right(what, engine):
    """∂C/∂a⁽¹⁾ = W⁽²⁾ᵀ (a − y), and σ′ = 1 − tanh²."""
    explanation, delta, _, hidden = broken(what, engine)
    slopes = explanation.trace.params[1]["weight"].T @ delta
    for k in range(2):
        activation = explanation.activation(1, k)
        assert activation.value == pytest.approx(slopes[k], rel=1e-12)
        assert activation.verdict.ok
        for derivative, x in ((explanation.bias(1, k), 1), (explanation.weight(1, k, 0), 0.3)):
            assert derivative.value == pytest.approx(slopes[k] * (1 - hidden[k] ** 2) * x, rel=1e-12)
            assert derivative.value == derivative.product == derivative.used
            assert derivative.verdict.ok
    assert np.isfinite(explanation.pixels).all()
    assert explanation.activation(0, 1).verdict.ok


@EACH_BROKEN
def test_behind_a_breakdown_the_terms_are_w_times_a_minus_y(what):
    explanation, delta, *_ = broken(what)
    W = explanation.trace.params[1]["weight"]
    for k in range(2):
        activation = explanation.activation(1, k)
        factors = [term.factors for term in activation.terms]
        if what == "softmax on top":  # the layer before it is linear, and has its own slope
            factors = [(w, slope * dC_da) for w, slope, dC_da in factors]
        assert factors == [pytest.approx((W[j, k], delta[j])) for j in range(3)]
        assert sum(term.value for term in activation.terms) == pytest.approx(activation.value, rel=1e-12)


@EACH_BROKEN
def test_the_verdict_of_a_breakdown_is_on_what_training_used(what):
    explanation, *_ = broken(what)
    for derivative in parameter_derivatives(explanation):
        assert derivative.verdict.value == derivative.used or np.isfinite(derivative.value)
        assert derivative.verdict.value == pytest.approx(derivative.used, rel=1e-12)
        assert derivative.verdict.ok
    assert explanation.check().ok


@EACH_BROKEN
def test_a_breakdown_is_told(what):
    explanation, *_ = broken(what)
    for derivative in parameter_derivatives(explanation):
        texts = [block.text for block in derivative.blocks() if isinstance(block, Note)]
        assert sum("The long form breaks down" in text for text in texts) == 1
        assert "The long form breaks down" in derivative._repr_html_()
    assert "breaks down" in repr(explanation.cost)
    assert "breaks down" in explanation._repr_html_()


def test_the_breakdown_names_the_output_and_its_value():
    (note,) = [block for block in broken("sigmoid")[0].weight(2, 0, 0).blocks() if "breaks" in str(block)]
    assert note.text.startswith(
        "The long form breaks down: `a₀⁽²⁾` is exactly 1 in float64, so that `∂C₀/∂a₀⁽²⁾` is infinite"
    )
    (note,) = [block for block in broken("softmax")[0].weight(2, 0, 0).blocks() if "breaks" in str(block)]
    assert note.text.startswith(
        "The long form breaks down: `a₁⁽²⁾` is exactly 0 in float64, so that `∂C₀/∂a₁⁽²⁾` is infinite"
    )


def test_seventeen_is_one_in_float32_and_not_in_float64():
    """1 − σ(17) = 4·10⁻⁸ is less than half of float32's 1.2·10⁻⁷."""
    network = Network(
        "1-1", parameters={"1.weight": np.array([[17.0]]), "1.bias": np.zeros(1)}, dtype=np.float64
    )
    single = explain(network, np.ones(1), [0.0], "cross_entropy", dtype=np.float32)
    double = explain(network, np.ones(1), [0.0], "cross_entropy")
    assert single.trace.broken
    assert not double.trace.broken
    assert single.bias(1, 0).used == 1
    assert double.bias(1, 0).value == pytest.approx(double.bias(1, 0).used, rel=1e-8)
    assert "is exactly 1 in float32" in repr(single.bias(1, 0)).replace("\n", " ")


def test_a_right_answer_however_sure_breaks_nothing():
    """∂C/∂a = −1 at a = y = 1, times a flat slope: 0."""
    for activation, cost in PAIRS.items():
        parameters = {"1.weight": np.zeros((2, 1)), "1.bias": np.array([1000.0, -1000.0])}
        network = Network([Dense(2, activation)], 1, parameters=parameters)
        explanation = explain(network, np.ones(1), 0, cost)
        assert not explanation.trace.broken
        assert [explanation.bias(1, j).value for j in (0, 1)] == [0, 0]


def test_where_there_is_no_short_form_nothing_is_called_a_breakdown():
    """Softmax with cross-entropy has only the long form: training would see the same NaN."""
    parameters = {"1.weight": np.zeros((2, 1)), "1.bias": np.array([1000.0, -1000.0])}
    network = Network([Dense(2, "softmax")], 1, parameters=parameters)
    explanation = explain(network, np.ones(1), 1, "cross_entropy")
    assert not explanation.trace.broken
    assert np.isnan(explanation.bias(1, 0).used)
    assert not explanation.bias(1, 0).verdict.ok
    assert explanation.trace.first_non_finite == "C₀ is inf"
