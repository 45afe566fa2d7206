"""Convolutional networks explained: shared weights, pooling, flatten, dropout; by hand and by differences."""

from __future__ import annotations

from functools import reduce
from operator import mul

import numpy as np
import pytest

from glassnet.document import Equation, Note, Table
from glassnet.draws import Draw
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.explanation import attribute, check_gradient, explain, what_examples_want
from glassnet.explanation.finite_difference import FiniteDifferences
from glassnet.explanation.forward import headline
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network

pytestmark = pytest.mark.table

DTYPES = [np.float32, np.float64]
STEP_SEEN = Draw(seed=3, epoch=2, places=np.array([17]))

# Small networks of every layer, with strides, padding, windows that overlap and windows that leave some over.
NETWORKS = {
    "plain": ((1, 6, 6), [Conv(3, 3), Flatten(), Dense(2)]),
    "stride": ((2, 7, 6), [Conv(2, 3, stride=2, activation="tanh"), Flatten(), Dense(3)]),
    "padding": ((2, 5, 4), [Conv(3, 3, padding=2, activation="relu"), Flatten(), Dense(3)]),
    "both": ((2, 6, 6), [Conv(2, 3, stride=2, padding=1), MaxPool(2), Flatten(), Dense(3, "softmax")]),
    "max": ((1, 7, 7), [Conv(3, 2, activation="relu"), MaxPool(2), Flatten(), Dense(3)]),
    "overlapping": ((2, 7, 7), [Conv(3, 3, activation="tanh"), MaxPool(3, stride=1), Flatten(), Dense(3)]),
    "left over": ((1, 8, 7), [Conv(2, 3), MaxPool(2), AveragePool(2), Flatten(), Dense(2, "softmax")]),
    "means": ((2, 8, 8), [AveragePool(3, stride=2), Conv(3, 2, activation="relu"), Flatten(), Dense(2)]),
    "pool first": ((1, 8, 8), [MaxPool(2), Conv(3, 2, activation="linear"), Flatten(), Dense(2), Softmax()]),
    "two convs": (
        (1, 10, 10),
        [Conv(3, 3, activation="relu"), MaxPool(2), Conv(2, 2, activation="relu"), Flatten(), Dense(3)],
    ),
    "dropout": (
        (1, 6, 6),
        [Dropout(0.2), Conv(3, 3), Dropout(0.5), MaxPool(2), Flatten(), Dense(6), Dropout(0.5), Dense(3)],
    ),
    "flat at the end": ((2, 4, 4), [Conv(1, 3, activation="tanh"), Dropout(0.3), Flatten()]),
    "on top": ((1, 4, 4), [Conv(2, 3), Flatten(), Softmax()]),
}


def network_of(name, dtype=np.float64, seed=1):
    input_shape, layers = NETWORKS[name]
    return Network(layers, input_shape, seed=seed, initializer="normal", dtype=dtype)


def image_of(name, seed=5):
    return np.random.default_rng(seed).normal(size=NETWORKS[name][0])


def explained(name, dtype=np.float64, draw=None, **how):
    return explain(network_of(name, dtype), image_of(name).astype(dtype), 0, dtype=dtype, draw=draw, **how)


def draws(name):
    """The image as it is answered and, where there is dropout, as a training step sees it."""
    dropped = any(isinstance(layer, Dropout) for layer in NETWORKS[name][1])
    return [None, STEP_SEEN] if dropped else [None]


def parameters_of(explanation):
    """Every parameter: its layer, its kind and its place."""
    for layer, params in enumerate(explanation.trace.learned, 1):
        for kind, array in params.items():
            for place in np.ndindex(array.shape):
                yield layer, kind, place


def derivative(explanation, layer, kind, place):
    return explanation.weight(layer, *place) if kind == "weight" else explanation.bias(layer, *place)


def test_every_layer_is_in_the_table():
    assert {type(layer) for _, layers in NETWORKS.values() for layer in layers} == set(LAYERS.values())


# By hand: a 3×3 image, one 2×2 filter, everything linear
#
#     x = 1 2 0      w = 1 −1     z = w₀₀x_rs + w₀₁x_r,s+1 + w₁₀x_r+1,s + w₁₁x_r+1,s+1 + b, with b = ½:
#         0 1 3          2  0
#         4 0 1
#     z₀₀ = 1 − 2 + 2·0 + ½ = −½      z₀₁ = 2 − 0 + 2·1 + ½ = 4½
#     z₁₀ = 0 − 1 + 2·4 + ½ = 7½      z₁₁ = 1 − 3 + 2·0 + ½ = −1½
#
# One linear output of the four, with the weights v = (1, 2, −1, 3) and no bias:
#     a = −½ + 9 − 7½ − 4½ = −3½,   y = ½,   C₀ = (a − y)² = 16,   ∂C₀/∂a = 2 (a − y) = −8
#     δ of the four places: −8 v = (−8, −16, 8, −24)

X = np.array([[1.0, 2, 0], [0, 1, 3], [4, 0, 1]])
W = np.array([[1.0, -1], [2, 0]])
V = np.array([[1.0, 2, -1, 3]])


def by_hand(*between, v=V, activation="linear"):
    """That filter, its outputs flattened, and one linear neuron."""
    layers = [Conv(1, 2, activation=activation), *between, Flatten(), Dense(1, "linear")]
    last = len(layers)
    parameters = {
        "1.weight": W[None, None],
        "1.bias": np.array([0.5]),
        f"{last}.weight": v,
        f"{last}.bias": np.zeros(1),
    }
    network = Network(layers, (1, 3, 3), parameters=parameters, dtype=np.float64)
    return explain(network, X, [0.5], "squared")


def test_one_filter_by_hand():
    """∂C₀/∂w is the sum over all four places: of w₁₀, which meets x₁₀, x₁₁, x₂₀ and x₂₁,

    (−8)·0 + (−16)·1 + 8·4 + (−24)·0 = 16.
    """
    explanation = by_hand()
    assert explanation.trace.z(1).tolist() == [-0.5, 4.5, 7.5, -1.5]
    assert explanation.outputs.tolist() == [-3.5]
    assert explanation.trace.used.cost == 16
    assert explanation.trace.delta(1).tolist() == [-8, -16, 8, -24]
    weight = explanation.weight(1, 0, 0, 1, 0)
    assert weight.shared
    assert weight.places.tolist() == [[0, -16], [32, 0]]
    assert weight.value == weight.sum == weight.used == 16
    assert [(term.at, term.value) for term in weight.terms] == [((1, 0), 32), ((0, 1), -16)]
    first = weight.terms[0]
    assert [(factor.symbol, factor.value) for factor in first.factors] == [
        ("∂C₀/∂a₀,₁,₀⁽¹⁾", 8),
        ("linear′(z₀,₁,₀⁽¹⁾)", 1),
        ("a₀,₂,₀⁽⁰⁾", 4),
    ]
    assert (first.neuron, weight.upstream.k, weight.upstream.value) == (2, 2, 8)
    # The others: w₀₀ meets 1, 2, 0, 1; w₀₁ meets 2, 0, 1, 3; w₁₁ meets 1, 3, 0, 1.
    sums = {(0, 0): -8 - 32 - 24, (0, 1): -16 + 8 - 72, (1, 1): -8 - 48 - 24}
    for (i, j), value in sums.items():
        assert explanation.weight(1, 0, 0, i, j).value == value
    bias = explanation.bias(1, 0)
    assert bias.places.tolist() == [[-8, -16], [8, -24]]
    assert bias.value == -40
    assert all(explanation.weight(1, 0, 0, i, j).verdict.ok for i, j in np.ndindex(2, 2))


def test_a_pixel_by_hand():
    """X₁₁ stands in all four patches: w₁₁ δ₀₀ + w₁₀ δ₀₁ + w₀₁ δ₁₀ + w₀₀ δ₁₁ = 0 − 32 − 8 − 24 = −64."""
    pixel = by_hand().activation(0, (0, 1, 1))
    assert pixel.k == 4
    assert pixel.symbol == "∂C₀/∂a₀,₁,₁⁽⁰⁾"
    assert pixel.value == -64
    assert [(term.j, term.factors) for term in pixel.terms] == [
        (3, (1.0, 1.0, -24.0)),
        (2, (-1.0, 1.0, 8.0)),
        (1, (2.0, 1.0, -16.0)),
        (0, (0.0, 1.0, -8.0)),
    ]
    corner = by_hand().activation(0, 0)  # in one patch: w₀₀ δ₀₀
    assert (corner.value, len(corner.terms)) == (-8, 1)


def test_a_neuron_by_hand():
    neuron = by_hand().neuron(1, (0, 1, 0))
    assert neuron.connections.places.tolist() == [3, 4, 6, 7]  # x₁₀, x₁₁, x₂₀, x₂₁
    assert neuron.terms.tolist() == [0, -1, 8, 0]
    assert (neuron.z, neuron.connections.bias) == (7.5, 0.5)
    assert "`w₀,₀,₁,₀⁽¹⁾ · a₀,₂,₀⁽⁰⁾`" in [row[0] for row in tables(neuron)[0].rows]
    assert by_hand().contributions((0, 1, 0)).tolist() == [0, 0, 0, 0, -1, 0, 8, 0, 0]


def test_three_ways_to_raise_a_neuron_by_hand():
    """∂a/∂w is the patch, ∂a/∂x the filter, laid where the patch is."""
    ways = by_hand().ways_to_raise((0, 1, 0), 1)
    assert ways.by_bias == 1
    assert ways.by_weights.tolist() == [[[0, 1], [4, 0]]]
    assert ways.by_activations.tolist() == [0, 0, 0, 1, -1, 0, 2, 0, 0]


def test_the_winner_of_max_pooling_by_hand():
    """Of −½, 4½, 7½, −1½ the third wins. With v = 1: a = 7½, ∂C₀/∂a = 2 (7½ − ½) = 14, for the winner alone.

    W₁₀ met x₂₀ = 4 there: ∂C₀/∂w₁₀ = 14 · 4 = 56, and 0 from the other places.
    """
    explanation = by_hand(MaxPool(2), v=np.ones((1, 1)))
    assert explanation.outputs.tolist() == [7.5]
    assert explanation.trace.dC_da(1).tolist() == [0, 0, 14, 0]
    weight = explanation.weight(1, 0, 0, 1, 0)
    assert weight.value == 56
    assert weight.places.tolist() == [[0, 0], [56, 0]]
    winner, loser = explanation.activation(1, 2), explanation.activation(1, (0, 0, 1))
    assert [(term.j, term.factors) for term in winner.terms] == [(0, (1.0, 14.0))]
    assert "it won its window of layer 2: the winner gets all" in words_of(winner)
    assert loser.terms == ()
    assert loser.value == 0
    assert "it lost in its window of layer 2: the winner gets all, the others nothing" in words_of(loser)
    assert tables(loser)[0].rows == [("`a₀,₀,₀⁽²⁾`", "`a₀,₁,₀⁽¹⁾`", 7.5)]
    pooled = explanation.neuron(2, 0)
    assert equations(pooled)[0].formula == "z₀,₀,₀⁽²⁾ = max(−0.5, 4.5, 7.5, −1.5) = 7.5"
    assert explanation.ways_to_raise(0, 2).by_activations.tolist() == [0, 0, 1, 0]


def test_the_shares_of_average_pooling_by_hand():
    """The mean of −½, 4½, 7½, −1½ is 2½; with v = 1, ∂C₀/∂a = 2 (2½ − ½) = 4, and each gets a quarter."""
    explanation = by_hand(AveragePool(2), v=np.ones((1, 1)))
    assert explanation.outputs.tolist() == [2.5]
    for k in range(4):
        share = explanation.activation(1, k)
        assert share.value == 1
        assert [term.factors for term in share.terms] == [(0.25, 4.0)]
        assert "each gets the same share" in words_of(share)
    assert explanation.weight(1, 0, 0, 1, 0).places.tolist() == [[0, 1], [4, 0]]
    assert explanation.ways_to_raise((0, 0, 0), 2).by_activations.tolist() == [0.25] * 4


def test_flatten_passes_on_by_hand():
    flat = by_hand().activation(1, 1)
    assert flat.value == -16
    assert equations(flat)[0].formula == "∂C₀/∂a₀,₀,₁⁽¹⁾ = δ₁⁽²⁾ = −16"


def test_a_relu_filter_by_hand():
    """Two of the four places are off: only 4½ and 7½ go on, a = 9 − 7½ = 1½, ∂C₀/∂a = 2 (1½ − ½) = 2.

    δ = (0, 2·2, 2·(−1), 0), and ∂C₀/∂w₁₀ = 4·1 − 2·4 = −4.
    """
    explanation = by_hand(activation="relu")
    assert explanation.trace.delta(1).tolist() == [0, 4, -2, 0]
    weight = explanation.weight(1, 0, 0, 1, 0)
    assert weight.places.tolist() == [[0, 4], [-8, 0]]
    assert weight.value == -4


def test_padding_meets_zeros_by_hand():
    """One 2×2 filter on a single pixel 3 with a border of zeros: at four places, each weight meets it."""
    parameters = {
        "1.weight": W[None, None],
        "1.bias": np.zeros(1),
        "3.weight": np.ones((1, 4)),
        "3.bias": np.zeros(1),
    }
    layers = [Conv(1, 2, padding=1, activation="linear"), Flatten(), Dense(1, "linear")]
    network = Network(layers, (1, 1, 1), parameters=parameters, dtype=np.float64)
    explanation = explain(network, np.array([[3.0]]), [5.5], "quadratic")
    # z = 3 w₁₁, 3 w₁₀, 3 w₀₁, 3 w₀₀ = 0, 6, −3, 3; their sum is 6, and ∂C₀/∂a = 6 − 5½ = ½.
    assert explanation.trace.z(1).tolist() == [0, 6, -3, 3]
    weight = explanation.weight(1, 0, 0, 1, 0)
    assert weight.places.tolist() == [[0, 1.5], [0, 0]]
    assert "a₀,ᵣ,ₛ₋₁⁽⁰⁾" in equations(weight)[0].formula
    neuron = explanation.neuron(1, (0, 0, 1))
    assert neuron.connections.places.tolist() == [0]
    assert "3 of its weights stand over the padding" in equations(neuron)[0].words


def test_all_zero_places_are_told_and_show_the_padding():
    """Over a black image every place adds 0; the first stands over the padding."""
    network = network_of("padding")
    weight = explain(network, np.zeros((2, 5, 4)), 0).weight(1, 0, 1, 0, 0)
    assert weight.value == 0
    assert len(weight.terms) == 1
    assert weight.factors[-1] == ("0", 0.0, "there the weight stands over the padding")
    assert any(isinstance(block, Note) and "adds 0 at every place" in block.text for block in weight.blocks())


# What is shown


def tables(view):
    return [block for block in view.blocks() if isinstance(block, Table)]


def equations(view):
    return [block for block in view.blocks() if isinstance(block, Equation)]


def words_of(view):
    return " ".join(equation.words for equation in equations(view))


def test_a_shared_weight_is_shown_with_its_places():
    explanation = explained("stride")
    weight = explanation.weight(1, 1, 0, 2, 1)
    assert weight.letter == "w₁,₀,₂,₁⁽¹⁾"
    assert (
        weight.trace.page(weight.layer).leads(weight.place)
        == "to filter 1 of layer 1 from channel 0 of the image, row 2, column 1 of its window"
    )
    formula = equations(weight)[0].formula
    assert formula == "∂C₀/∂w₁,₀,₂,₁⁽¹⁾ = Σᵣ,ₛ ∂C₀/∂a₁,ᵣ,ₛ⁽¹⁾ · tanh′(z₁,ᵣ,ₛ⁽¹⁾) · a₀,₂ᵣ₊₂,₂ₛ₊₁⁽⁰⁾"
    places, factors = tables(weight)[:2]
    assert "3×2 = 6 places" in repr(weight)
    *rows, total = places.rows
    assert [row[-1] for row in rows] == [term.value for term in weight.terms]
    assert total[-1] == weight.sum
    assert [row[1] for row in factors.rows] == [factor.value for factor in weight.factors]
    assert weight.verdict.ok


def test_the_rest_of_the_places_is_one_row():
    weight = explained("plain").weight(1, 0, 0, 1, 1)
    *shown, rest, total = tables(weight)[0].rows
    assert len(shown) == 8
    assert rest[0] == f"{4 * 4 - 8} others"
    assert sum(row[-1] for row in shown) + rest[-1] == pytest.approx(total[-1], abs=1e-14)
    sizes = [abs(row[-1]) for row in shown]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes == np.sort(abs(weight.places), axis=None)[:-9:-1].tolist()


@pytest.mark.parametrize("name", NETWORKS)
def test_everything_shows_itself(name):
    for draw in draws(name):
        explanation = explained(name, draw=draw)
        views = [explanation, explanation.cost, explanation.nudges()]
        for layer in range(explanation.depth + 1):
            views += [
                explanation.activation(layer, k) for k in range(min(4, explanation.trace.a(layer).size))
            ]
            if layer:
                views += [explanation.layer(layer), explanation.wishes(layer)]
                views += [explanation.neuron(layer, 0), explanation.ways_to_raise(0, layer)]
            if layer and explanation.trace.learned[layer - 1]:
                views.append(explanation.weight(*explanation.steepest_weight(layer)))
            if layer and "bias" in explanation.trace.learned[layer - 1]:
                views.append(explanation.bias(layer, 0))
        for view in views:
            assert repr(view)
            assert "<math" in view._repr_html_()


def test_layers_as_formulas():
    explanation = explained("left over")
    formulas = [
        ("aₚ⁽¹⁾ = σ(W⁽¹⁾ · patchₚ⁽⁰⁾ + b⁽¹⁾)", "(2) = σ( (2×9) · (9) + (2) )"),
        ("aₚ⁽²⁾ = max(patchₚ⁽¹⁾)", "(2×3×2) = max((2×6×5))"),
        ("aₚ⁽³⁾ = mean(patchₚ⁽²⁾)", "(2×1×1) = mean((2×3×2))"),
        ("a⁽⁴⁾ = flatten(a⁽³⁾)", "(2) = flatten((2×1×1))"),
        ("a⁽⁵⁾ = softmax(W⁽⁵⁾ a⁽⁴⁾ + b⁽⁵⁾)", "(2) = softmax( (2×2) · (2) + (2) )"),
    ]
    for layer, (formula, shapes) in enumerate(formulas, 1):
        assert (explanation.layer(layer).formula(), explanation.layer(layer).shapes()) == (formula, shapes)
    assert "at each of 6×5 = 30 places" in words_of(explanation.layer(1))
    assert "a patch is 2×2 numbers of one map" in words_of(explanation.layer(2))


def test_what_no_window_reaches_is_told():
    """Of 6×5 neurons 2×2 windows leave the last column over: nothing hears it."""
    explanation = explained("left over")
    unseen = explanation.activation(1, (1, 3, 4))
    assert unseen.value == 0
    assert unseen.terms == ()
    assert "no window of layer 2 reaches it" in words_of(unseen)


# The invariants, for every network


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_product_of_the_shown_factors_is_the_very_float_at_every_shown_place(name, dtype, engine):
    for draw in draws(name):
        explanation = explained(name, dtype, draw, engine=engine)
        for layer, kind, place in parameters_of(explanation):
            found = derivative(explanation, layer, kind, place)
            for term in found.terms:
                assert term.value == float(reduce(mul, (dtype(factor.value) for factor in term.factors)))
                assert term.value == found.places[term.at]
            # Summed up place by place: the same but for the order of the additions.
            rounding = 1e-12 if dtype == np.float64 else 1e-5
            assert abs(found.sum - found.value) <= rounding * abs(found.places).sum()
            assert found.value == explanation.gradient.parameters[found.name][found.place]
            assert found.shared == (len(explanation.trace.shape(layer)) == 3)


def tied(trace, layer, k):
    """Whether some other number of a window to be pooled is as large as this one, nearly to the step 10⁻⁵."""
    own = trace.network.layers[layer]
    if not isinstance(own, MaxPool):
        return False
    size, a = own.size, trace.a(layer).reshape(trace.shape(layer))
    c, row, column = trace.position(layer, k)
    for r, s in np.ndindex(trace.shape(layer + 1)[1:]):
        top, left = r * own.stride, s * own.stride
        if top <= row < top + size and left <= column < left + size:
            window = a[c, top : top + size, left : left + size]
            if np.sum(abs(window - a[c, row, column]) < 2e-5) > 1 and window.max() < a[c, row, column] + 2e-5:
                return True
    return False


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_and_activation_stands_beside_its_finite_difference(name):
    for draw in draws(name):
        explanation = explained(name, draw=draw)
        for layer, kind, place in parameters_of(explanation):
            found = derivative(explanation, layer, kind, place)
            assert found.verdict.ok, found
        for layer in range(explanation.depth + 1):
            for k in range(explanation.trace.a(layer).size):
                found = explanation.activation(layer, k)
                assert found.verdict.ok or tied(explanation.trace, layer, k), found
                assert found.value == pytest.approx(sum(term.value for term in found.terms), abs=1e-12) or (
                    layer == explanation.depth
                )


@pytest.mark.parametrize("name", NETWORKS)
def test_the_check_finds_every_parameter_right(name):
    for draw in draws(name):
        check = explained(name, draw=draw).check()
        assert len(check.entries) == network_of(name).parameter_count
        assert check.ok, check


def test_a_mini_batch_is_checked_too_each_example_with_its_own_mask():
    network = network_of("dropout")
    images = np.random.default_rng(2).normal(size=(5, 1, 6, 6))
    draw = Draw(seed=1, epoch=4, places=np.array([3, 99, 7, 0, 12]))
    check = check_gradient(network, images, [0, 1, 2, 0, 1], "cross_entropy", l2=0.3, draw=draw)
    assert len(check.entries) == network.parameter_count
    assert check.ok
    slopes = {entry.name + str(entry.place): entry.gradient for entry in check.entries}
    other = check_gradient(network, images, [0, 1, 2, 0, 1], "cross_entropy", l2=0.3)
    assert other.ok
    assert any(entry.gradient != slopes[entry.name + str(entry.place)] for entry in other.entries)


@pytest.mark.parametrize("name", NETWORKS)
def test_wishes_add_up_to_the_slopes_before(name):
    for draw in draws(name):
        explanation = explained(name, draw=draw)
        for layer in range(1, explanation.depth + 1):
            wishes, before = explanation.wishes(layer), explanation.trace.dC_da(layer - 1)
            np.testing.assert_allclose(wishes.sums, -before, rtol=0, atol=1e-13)
            shape = explanation.trace.shape(layer)
            columns = 1 if explanation.trace.page(layer).one_to_one else shape[0]
            assert wishes.wishes.shape == (len(before), columns)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_ways_to_raise_are_finite_differences(name):
    h = 1e-6
    for draw in draws(name):
        explanation = explained(name, draw=draw)
        trace = explanation.trace
        for layer in range(1, explanation.depth + 1):
            own, params, x = trace.layer_at(layer), trace.params[layer - 1], trace.chain.caches[layer - 1].x
            for j in (0, trace.a(layer).size - 1):
                ways = explanation.ways_to_raise(j, layer)
                for k in range(x.size):
                    if tied(trace, layer - 1, k):
                        continue
                    step = np.zeros_like(x)
                    step.flat[k] = h
                    sides = [own.forward(params, x + sign * step)[0].flat[j] for sign in (1, -1)]
                    assert ways.by_activations[k] == pytest.approx((sides[0] - sides[1]) / (2 * h), abs=1e-8)
                if ways.by_weights is not None:
                    o = trace.position(layer, j)[0]
                    assert ways.by_weights.shape == params["weight"].shape[1:]
                    for place in np.ndindex(ways.by_weights.shape):
                        sides = []
                        for sign in (1, -1):
                            weight = params["weight"].copy()
                            weight[(o, *place)] += sign * h
                            sides.append(own.forward({**params, "weight": weight}, x)[0].flat[j])
                        slope = (sides[0] - sides[1]) / (2 * h)
                        assert ways.by_weights[place] == pytest.approx(slope, abs=1e-8)


# Neurons by number or by place


def test_a_neuron_may_be_named_by_channel_row_and_column():
    explanation = explained("max")  # 3×6×6, pooled to 3×3×3
    assert [explanation.trace.shape(layer) for layer in range(5)] == [
        (1, 7, 7),
        (3, 6, 6),
        (3, 3, 3),
        (27,),
        (3,),
    ]
    assert explanation.neuron(1, (2, 3, 4)).j == 2 * 36 + 3 * 6 + 4
    assert explanation.neuron(1, 94).z == explanation.neuron(1, (2, 3, 4)).z
    assert explanation.activation(2, (1, 0, 2)).k == 11
    assert explanation.activation(0, (0, 6, 6)).k == 48
    assert explanation.ways_to_raise((2, 3, 4), 1).j == 94
    assert explanation.activation(4, (2,)).k == 2
    assert explanation.trace.letter("a", 1, 94) == "a₂,₃,₄⁽¹⁾"
    assert explanation.trace.in_words(1, 94) == "neuron 94 of layer 1 (channel 2, row 3, column 4)"


FILTERS = (
    "1.weight[o, c, i, j] leads to filter o, 0 to 2, from channel c, 0 to 0, row i, 0 to 1, column j, 0 to 1"
)
OUT_OF_RANGE = [
    (
        lambda of: of.neuron(1, 108),
        "neuron 108 of layer 1: there are the numbers 0 to 107, or (channel, row, column) in 3×6×6",
    ),
    (
        lambda of: of.neuron(1, (3, 0, 0)),
        "neuron (3, 0, 0) of layer 1: there are the numbers 0 to 107, or (channel, row, column) in 3×6×6",
    ),
    (
        lambda of: of.activation(0, (7, 0)),
        "input (7, 0): there are the numbers 0 to 48, or (channel, row, column) in 1×7×7",
    ),
    (lambda of: of.neuron(3, (1, 0, 0)), "neuron (1, 0, 0) of layer 3: there are the numbers 0 to 26"),
    (
        lambda of: of.weight(1, 0, 0),
        f"there is no 1.weight[0, 0]: {FILTERS}",
    ),
    (
        lambda of: of.weight(1, 3, 0, 0, 0),
        f"there is no 1.weight[3, 0, 0, 0]: {FILTERS}",
    ),
    (lambda of: of.weight(2, 0, 0), "layer 2 (max_pool) has no weight: those with parameters are 1, 4"),
    (lambda of: of.steepest_weight(3), "layer 3 (flatten) has no weight: those with parameters are 1, 4"),
    (lambda of: of.bias(1, 3), "there is no 1.bias[3]: 1.bias[j] belongs to filter j, 0 to 2"),
]


@pytest.mark.parametrize(("ask", "sentence"), OUT_OF_RANGE)
def test_what_there_is_not_is_refused_with_the_shape(ask, sentence):
    with pytest.raises(GlassnetError) as error:
        ask(explained("max"))
    assert str(error.value) == sentence


def test_the_steepest_weight_of_a_filter():
    explanation = explained("two convs")
    layer, *place = explanation.steepest_weight(3)
    sizes = abs(explanation.trace.used.parameters["3.weight"])
    assert layer == 3
    assert sizes[tuple(place)] == sizes.max()
    assert abs(explanation.weight(layer, *place).value) == sizes.max()


# Kinks


def pooled(*biases):
    """A 1×2 image of ones; a filter 1×1 with bias for each number, the larger of each two goes on."""
    parameters = {
        "1.weight": np.ones((1, 1, 1, 1)),
        "1.bias": np.array(biases),
        "4.weight": np.ones((1, 1)),
        "4.bias": np.zeros(1),
    }
    layers = [Conv(1, 1, activation="linear"), MaxPool(2), Flatten(), Dense(1, "linear")]
    return Network(layers, (1, 2, 2), parameters=parameters, dtype=np.float64)


def slopes(network, image, h=1e-5):
    differences = FiniteDifferences(
        network, np.array(image)[None, None], np.zeros((1, 1)), network.check_cost("quadratic"), 1.0
    )
    return differences.of_activations(1, range(4), h), differences


def test_where_another_number_wins_within_the_step_there_is_no_slope():
    """The largest two are 1 and 1 − 10⁻⁶: a step of 10⁻⁵ of one of them changes who wins; of the others, not.

    The cost is ½ a², so that the slope is a = 1 for a winner that is far ahead.
    """
    found, differences = slopes(pooled(0.0), [[1.0, 1 - 1e-6], [0.0, 0.5]])
    assert np.isnan(found).tolist() == [True, True, False, False]
    assert found[2:].tolist() == [0, 0]
    # The weight moves both by nearly as much, and the bias by as much: who wins stays.
    assert differences.of_parameter("1.weight", [(0, 0, 0, 0)])[0] == pytest.approx(1, abs=1e-9)
    assert differences.of_parameter("1.bias", [(0,)])[0] == pytest.approx(1, abs=1e-9)
    far, _ = slopes(pooled(0.0), [[1.0, 1 - 1e-4], [0.0, 0.5]])
    assert far == pytest.approx([1, 0, 0, 0], abs=1e-9)


def test_a_tie_of_what_does_not_move_is_no_kink():
    """Behind a dead ReLU all are 0, and stay so."""
    layers = [Conv(1, 1, activation="relu"), MaxPool(2), Flatten(), Dense(1, "linear")]
    parameters = pooled(-3.0).parameters
    network = Network(layers, (1, 2, 2), parameters=parameters, dtype=np.float64)
    check = check_gradient(network, np.ones((1, 1, 2, 2)), [[1.0]])
    assert (len(check.entries), check.skipped) == (4, 0)
    assert check.ok


def test_a_tie_that_moves_together_is_no_kink_and_one_that_comes_apart_is():
    """All four are equal. The bias moves them alike; a single one that moves is the winner, or it isn't."""
    found, differences = slopes(pooled(0.5), [[1.0, 1.0], [1.0, 1.0]])
    assert np.isnan(found).all()
    assert differences.of_parameter("1.bias", [(0,)])[0] == pytest.approx(1.5, abs=1e-9)


def test_undecided_kinks_are_counted_as_skipped():
    """Two filters, 1 and 1 + 10⁻⁷ at the only place… of one window: whichever is nudged may lose it."""
    layers = [
        Conv(1, 1, activation="linear"),
        MaxPool(1, stride=1),
        MaxPool(2),
        Flatten(),
        Dense(1, "linear"),
    ]
    parameters = {f"{5 if name[0] == '4' else 1}.{name[2:]}": a for name, a in pooled(0.0).parameters.items()}
    network = Network(layers, (1, 2, 2), parameters=parameters, dtype=np.float64)
    image = np.array([[[[1.0, -1.0], [0.0, 0.0]]]])  # w = 0 would make all equal: 1·w and −1·w cross there
    network.parameters["1.weight"][...] = 2e-6
    check = check_gradient(network, image, [[1.0]])
    assert check.skipped == 1
    assert {entry.name for entry in check.entries} == {"1.bias", "5.weight", "5.bias"}
    assert check.ok


def test_how_many_are_passed_on_at_a_time_changes_nothing(monkeypatch):
    network = network_of("two convs")
    whole = check_gradient(network, image_of("two convs")[None], [0])
    monkeypatch.setattr("glassnet.explanation.finite_difference.NUMBERS", 1)
    one_by_one = check_gradient(network, image_of("two convs")[None], [0])
    for entry, other in zip(whole.entries, one_by_one.entries, strict=True):
        assert entry[:3] == other[:3]
        assert entry.difference == pytest.approx(other.difference, abs=1e-9)


# Dropout


def test_without_a_draw_dropout_passes_everything_on_and_says_so():
    explanation = explained("dropout")
    assert explanation.trace.a(3).tolist() == explanation.trace.a(2).tolist()
    assert "Dropout passes everything on here" in headline(explanation.trace).text
    assert explanation.layer(3).formula() == "a⁽³⁾ = a⁽²⁾"
    assert "outside of training" in words_of(explanation.activation(2, 0))
    assert "Dropout" not in headline(explained("max").trace).text


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_draw_shows_the_training_step_masks_included(dtype):
    network, image = network_of("dropout", dtype), image_of("dropout").astype(dtype)
    explanation = explain(network, image, 0, "cross_entropy", draw=STEP_SEEN, dtype=dtype)
    trained = network.gradient(image[None], [0], "cross_entropy", draw=STEP_SEEN)
    trace = explanation.trace
    for name, gradient in trained.parameters.items():
        assert np.array_equal(trace.used.parameters[name], gradient)
    masks = [params["mask"] for params in trace.params if "mask" in params]
    expected = [params["mask"] for params in network.in_training(STEP_SEEN) if "mask" in params]
    assert all(np.array_equal(mask, other) for mask, other in zip(masks, expected, strict=True))
    assert len(masks) == 3
    mask = masks[1].ravel()  # of layer 3
    off, on = int(np.flatnonzero(mask == 0)[0]), int(np.flatnonzero(mask)[0])
    assert explanation.neuron(3, off).z == 0
    assert explanation.neuron(3, on).z == dtype(2) * trace.a(2)[on]
    assert explanation.activation(2, off).value == 0
    assert "switched it off in this training step" in words_of(explanation.activation(2, off))
    assert explanation.activation(2, on).terms[0].factors[0] == 2
    switched = sum(int((mask == 0).sum()) for mask in masks)
    size = sum(mask.size for mask in masks)
    assert f"Dropout switches off {switched:,} of {size:,} numbers here" in headline(trace).text
    assert explanation.layer(3).formula() == "a⁽³⁾ = mask⁽³⁾ ⊙ a⁽²⁾"


def test_a_step_is_tried_with_the_same_mask():
    """C₀ after the step η ∇C₀, and its prediction: for a small η they agree only if both drop the same."""
    nudges = explained("dropout", draw=STEP_SEEN).nudges(1e-6)
    assert nudges.before == explained("dropout", draw=STEP_SEEN).trace.used.cost
    assert nudges.after - nudges.before == pytest.approx(nudges.predicted - nudges.before, rel=1e-3)
    assert nudges.before != explained("dropout").nudges(1e-6).before


def test_without_a_label_the_answer_of_that_step_is_taken():
    network, image = network_of("dropout"), image_of("dropout")
    answers = set()
    for place in range(12):
        trace = explain(network, image, None, draw=Draw(0, 1, np.array([place]))).trace
        assert trace.wanted == trace.answer
        answers.add(trace.answer)
    assert len(answers) > 1  # not always that of the whole network


@pytest.mark.parametrize(
    "draw", [Draw(0, 0, np.array([1])), Draw(0, 1, np.array([1, 2])), Draw(0, 1, np.array([-1]))]
)
def test_a_draw_is_that_of_one_example(draw):
    with pytest.raises(GlassnetError, match=r"^draw is Draw\("):
        explained("dropout", draw=draw)


def test_a_draw_may_name_its_place_by_a_number():
    one = explained("dropout", draw=Draw(3, 2, 17)).trace.used.cost
    assert one == explained("dropout", draw=STEP_SEEN).trace.used.cost


# Many images


def test_what_every_image_wants_of_a_filters_weight():
    network = network_of("two convs")
    images, labels = np.random.default_rng(3).normal(size=(6, 1, 10, 10)), [0, 1, 2, 0, 1, 2]
    places = [("1.weight", (2, 0, 1, 2)), ("3.weight", (1, 2, 0, 1)), ("3.bias", (1,))]
    wants = what_examples_want(network, images, labels, parameters=places)
    for row, (name, place) in zip(wants.nudges, places, strict=True):
        alone = [
            network.gradient(images[i : i + 1], labels[i : i + 1]).parameters[name][place] for i in range(6)
        ]
        np.testing.assert_allclose(row, -np.array(alone), rtol=0, atol=1e-14)
        found = attribute(network, images, labels, (name, place), engine="textbook")
        np.testing.assert_allclose(found.nudges, row, rtol=0, atol=1e-14)
    whole = network.gradient(images, labels).parameters["1.weight"][2, 0, 1, 2]
    assert wants.means[0] == pytest.approx(-whole, abs=1e-14)
    assert {len(parameter.place) for parameter in what_examples_want(network, images, labels).parameters} == {
        1,
        2,
        4,
    }


def test_few_images_at_a_time_change_nothing(monkeypatch):
    network = network_of("two convs")
    images, labels = np.random.default_rng(3).normal(size=(6, 1, 10, 10)), [0, 1, 2, 0, 1, 2]
    where = ("1.weight", (0, 0, 0, 0))
    whole = attribute(network, images, labels, where, engine="textbook").nudges
    monkeypatch.setattr("glassnet.explanation.wants.NUMBERS", 1)
    np.testing.assert_allclose(
        attribute(network, images, labels, where, engine="textbook").nudges, whole, atol=1e-14
    )


# Where numbers are none


def test_the_first_that_is_no_number_is_named_in_a_filter():
    network = network_of("two convs")
    network.parameters["3.weight"][1, 2, 0, 1] = np.nan
    explanation = explain(network, image_of("two convs"), 0)
    assert explanation.trace.first_non_finite == "3.weight[1, 2, 0, 1] is nan"
    for view in (explanation, explanation.weight(3, 1, 2, 0, 1), explanation.weight(1, 0, 0, 0, 0)):
        assert repr(view)


def test_a_z_that_overflows_is_named_by_its_place():
    network = network_of("plain")
    network.parameters["1.weight"][...] = 1e308
    with np.errstate(all="ignore"):
        found = explain(network, np.full((1, 6, 6), 9.0), 0).trace.first_non_finite
    assert found == "z of layer 1[0, 0, 0] is inf"


# Grey images of any form


@pytest.mark.parametrize("shape", [(7, 7), (1, 7, 7), (49,)])
def test_the_picture_of_a_grey_image(shape):
    image = np.arange(49, dtype=np.uint8)
    trace = explain(network_of("max"), image.reshape(shape), 0).trace
    assert np.array_equal(trace.picture, image.reshape(7, 7))


def test_two_channels_are_no_grey_picture():
    assert explained("stride").trace.picture is None
