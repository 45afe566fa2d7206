"""Every layer: shapes, names, the way forward and back against loops, and networks as text."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.activations import ACTIVATIONS
from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS
from glassnet.layers import LAYERS, Dense, Softmax, format_layers, parse_layers
from glassnet.layers.text import LARGEST_SIZE
from glassnet.rng import Purpose, Stream

RNG = np.random.default_rng(3)

# kind: (a layer, an input shape, the output shape, the shapes of the parameters).
BUILT = {
    "dense": (Dense(3, "tanh"), (5,), (3,), {"weight": (3, 5), "bias": (3,)}),
    "softmax": (Softmax(), (4,), (4,), {}),
}
KINDS = pytest.mark.parametrize("kind", LAYERS)


def parameters(kind):
    return {name: RNG.normal(size=shape) for name, shape in BUILT[kind][3].items()}


def test_the_table_misses_no_layer():
    assert set(BUILT) == set(LAYERS)


@KINDS
def test_each_is_found_under_its_own_kind(kind):
    assert LAYERS[kind].kind == kind
    assert isinstance(BUILT[kind][0], LAYERS[kind])


@KINDS
def test_shapes(kind):
    layer, inputs, outputs, shapes = BUILT[kind]
    assert layer.build(inputs) == (outputs, shapes)
    a, cache = layer.forward(parameters(kind), RNG.normal(size=(7, *inputs)))
    assert a.shape == cache.a.shape == cache.z.shape == (7, *outputs)
    assert cache.x.shape == (7, *inputs)


@KINDS
def test_initial_parameters_have_the_names_and_shapes_of_build(kind):
    layer, inputs, _, shapes = BUILT[kind]
    drawn = layer.initial(
        inputs, INITIALIZERS["normal"], Stream(0, Purpose.WEIGHTS), Stream(0, Purpose.BIASES)
    )
    assert {name: array.shape for name, array in drawn.items()} == shapes


@KINDS
def test_a_picture_is_refused_where_a_row_is_wanted(kind):
    with pytest.raises(GlassnetError, match=r"takes a row of numbers, not an input of shape \(28, 28\)"):
        BUILT[kind][0].build((28, 28))


@KINDS
def test_a_layer_holds_no_state(kind):
    with pytest.raises((FrozenInstanceError, AttributeError)):
        BUILT[kind][0].size = 9


@KINDS
def test_the_way_back_is_the_slope_of_the_way_forward(kind):
    """C = Σ c ⊙ a, so ∂C/∂a = c; every parameter and every input by central differences."""
    layer, inputs, outputs, _ = BUILT[kind]
    params, x, c, h = parameters(kind), RNG.normal(size=(4, *inputs)), RNG.normal(size=(4, *outputs)), 1e-6

    def slopes(array):
        slope = np.empty_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + h
            above = (c * layer.forward(params, x)[0]).sum()
            array[place] = value - h
            below = (c * layer.forward(params, x)[0]).sum()
            array[place] = value
            slope[place] = (above - below) / (2 * h)
        return slope

    _, cache = layer.forward(params, x)
    dC_dz = layer.delta(cache, c)
    gradients = layer.backward(params, cache, dC_dz)
    assert set(gradients) == set(params)
    for name, array in params.items():
        np.testing.assert_allclose(gradients[name], slopes(array), atol=1e-8, err_msg=name)
    np.testing.assert_allclose(layer.dC_dx(params, cache, dC_dz), slopes(x), atol=1e-8)


# Lines: which neurons a neuron hears, and who hears it


@KINDS
def test_the_lines_into_a_neuron_make_its_weighted_sum(kind):
    """z_j = Σ weight · input over them, plus the bias where there is one."""
    layer, inputs, outputs, shapes = BUILT[kind]
    params, x = parameters(kind), RNG.normal(size=inputs)
    _, cache = layer.forward(params, x[None])
    for j in range(outputs[0]):
        lines = layer.incoming(params, j)
        assert len(lines.places) == len(lines.weights)
        assert (lines.bias is None) == (not shapes)
        pairs = zip(lines.places, lines.weights, strict=True)
        z = sum(weight * x[place] for place, weight in pairs) + (lines.bias or 0)
        assert z == pytest.approx(cache.z[0, j], abs=1e-14)


@KINDS
def test_the_lines_from_an_input_bring_back_its_slope(kind):
    """∂C/∂x_k = Σ weight · δ over them."""
    layer, inputs, outputs, _ = BUILT[kind]
    params, delta = parameters(kind), RNG.normal(size=outputs)
    _, cache = layer.forward(params, RNG.normal(size=(1, *inputs)))
    back = layer.dC_dx(params, cache, delta[None])[0]
    for k in range(inputs[0]):
        lines = layer.outgoing(params, k)
        assert lines.bias is None
        pairs = zip(lines.places, lines.weights, strict=True)
        assert sum(weight * delta[place] for place, weight in pairs) == pytest.approx(back[k], abs=1e-14)


@KINDS
def test_each_line_is_seen_from_both_ends(kind):
    layer, inputs, outputs, _ = BUILT[kind]
    params = parameters(kind)

    def seen(ends, count, lines_of):
        found = set()
        for end in range(count):
            lines = lines_of(params, end)
            for other, weight in zip(lines.places, lines.weights, strict=True):
                found.add((*((end, int(other)) if ends == "in" else (int(other), end)), float(weight)))
        return found

    into, out_of = seen("in", outputs[0], layer.incoming), seen("out", inputs[0], layer.outgoing)
    assert into == out_of
    assert len(into) == {"dense": 15, "softmax": 4}[kind]


def test_the_lines_of_a_dense_layer_by_hand():
    """weight[j, k] leads to neuron j from input k: row 1 into neuron 1, column 0 out of input 0."""
    params = {"weight": np.array([[1.0, 2], [3, 4], [5, 6]]), "bias": np.array([10.0, 20, 30])}
    into, out_of = Dense(3).incoming(params, 1), Dense(3).outgoing(params, 0)
    assert (into.places.tolist(), into.weights.tolist(), into.bias) == ([0, 1], [3, 4], 20)
    assert (out_of.places.tolist(), out_of.weights.tolist(), out_of.bias) == ([0, 1, 2], [1, 3, 5], None)


def test_a_softmax_layer_has_one_line_to_each_neuron():
    for lines in (Softmax().incoming({}, 2), Softmax().outgoing({}, 2)):
        assert (lines.places.tolist(), lines.weights.tolist(), lines.bias) == ([2], [1], None)


# One parameter's gradient, example by example


@KINDS
def test_what_the_examples_want_adds_up_to_what_backward_says(kind):
    layer, inputs, outputs, shapes = BUILT[kind]
    params, delta = parameters(kind), RNG.normal(size=(6, *outputs))
    _, cache = layer.forward(params, RNG.normal(size=(6, *inputs)))
    gradients = layer.backward(params, cache, delta)
    alone = [
        layer.backward(params, type(cache)(*(array[i : i + 1] for array in cache)), delta[i : i + 1])
        for i in range(6)
    ]
    for name, shape in shapes.items():
        for place in np.ndindex(shape):
            each = layer.per_example(cache, delta, name, place)
            assert each.shape == (6,)
            assert each == pytest.approx([gradient[name][place] for gradient in alone], abs=1e-15)
            assert each.sum() == pytest.approx(gradients[name][place], abs=1e-14)


def test_a_softmax_layer_has_no_parameter_to_want():
    with pytest.raises(GlassnetError, match=r"^the softmax layer has no parameter 'weight'$"):
        Softmax().per_example(Softmax().forward({}, np.ones((2, 3)))[1], np.ones((2, 3)), "weight", (0, 0))


def test_the_worked_three_by_two_matrix():
    """Lesson 1: [w₁ w₂; w₃ w₄; w₅ w₆] · [a₁; a₂] + [b₁; b₂; b₃].

    1·½ + 2·2 + 10 = 14.5;  3·½ + 4·2 + 20 = 29.5;  5·½ + 6·2 + 30 = 44.5
    """
    params = {"weight": np.array([[1.0, 2], [3, 4], [5, 6]]), "bias": np.array([10.0, 20, 30])}
    a, cache = Dense(3, "linear").forward(params, np.array([[0.5, 2.0]]))
    assert cache.z.tolist() == a.tolist() == [[14.5, 29.5, 44.5]]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_is_the_sum_over_inputs_for_each_neuron(activation):
    """weight[j, k] leads to neuron j from input k: the sums of the lessons, one by one."""
    params, x = parameters("dense"), RNG.normal(size=(2, 5))
    _, cache = Dense(3, activation).forward(params, x)
    W, b = params["weight"], params["bias"]
    for row in range(2):
        for j in range(3):
            z = sum(W[j, k] * x[row, k] for k in range(5)) + b[j]
            assert cache.z[row, j] == pytest.approx(z, abs=1e-14)
    np.testing.assert_array_equal(cache.a, ACTIVATIONS[activation].forward(cache.z))


def test_softmax_of_activations_by_hand():
    """x = (0, 1): e⁰ = 1, e¹ = e."""
    a, cache = Softmax().forward({}, np.array([[0.0, 1.0]]))
    e = exp(1)
    np.testing.assert_allclose(a, [[1 / (1 + e), e / (1 + e)]], rtol=1e-15)
    assert cache.z is cache.x  # the layer has no weighted sums of its own


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "16", None])
def test_a_dense_layer_has_a_whole_number_of_neurons(size):
    with pytest.raises(GlassnetError, match=r"a dense layer of size .*: give a whole number of neurons"):
        Dense(size)


def test_a_dense_layer_knows_its_activations():
    with pytest.raises(GlassnetError, match=r"unknown activation 'rellu': did you mean 'relu'\?"):
        Dense(3, "rellu")


# Networks as text

SIZE = st.integers(1, LARGEST_SIZE)
PART = st.one_of(
    st.just("softmax"),
    st.tuples(SIZE, st.none() | st.sampled_from(list(ACTIVATIONS))),
)
SPACE = st.sampled_from(["", " ", "  "])


@settings(deadline=None)
@given(SIZE, st.lists(PART, min_size=1, max_size=6), SPACE)
def test_text_says_what_it_names(n_in, parts, space):
    dense = [place for place, part in enumerate(parts) if part != "softmax"]
    texts, expected = [f"{n_in}"], []
    for place, part in enumerate(parts):
        if part == "softmax":
            texts.append("softmax")
            expected.append(Softmax())
        else:
            size, named = part
            texts.append(f"{size}" if named is None else f"{size}:{space}{named}")
            default = "linear" if place == dense[-1] else "tanh"
            expected.append(Dense(size, named or default))
    text = f"{space}-{space}".join(texts)
    assert parse_layers(text, "tanh", "linear") == ((n_in,), expected)


@settings(deadline=None)
@given(SIZE, st.lists(PART, min_size=1, max_size=6))
def test_formatted_text_reads_back_as_the_same_sizes(n_in, parts):
    layers = tuple(Softmax() if part == "softmax" else Dense(part[0]) for part in parts)
    assert parse_layers(format_layers((n_in,), layers)) == ((n_in,), list(layers))


@settings(deadline=None)
@given(st.text(alphabet="0123456789-: softmaxrelu²٣", max_size=12))
def test_any_text_is_layers_or_refused(text):
    try:
        (n_in,), layers = parse_layers(text)
    except GlassnetError:
        return
    assert n_in >= 1
    assert layers


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "name the inputs and at least one layer"),
        ("784", "name the inputs and at least one layer"),
        ("784-", "'' is not a number of neurons"),
        ("784--10", "'' is not a number of neurons"),
        ("784-1.5", "'1.5' is not a number of neurons"),
        ("784-²", "'²' is not a number of neurons"),
        ("784-0-10", "a layer of 0 neurons; give each layer from 1 to 1,000,000"),
        ("784-1000001", "a layer of 1000001 neurons"),
        ("784-" + "9" * 20, "give each layer from 1 to 1,000,000"),
        ("784-sofmax", "unknown layer 'sofmax': did you mean 'softmax'?"),
        ("784-16:rellu-10", "unknown activation 'rellu': did you mean 'relu'?"),
        ("784-16:-10", "unknown activation ''"),
        ("softmax-10", "'softmax' is not a number of neurons"),
        ("784-softmax:relu", "'softmax' is not a number of neurons"),
    ],
)
def test_texts_that_are_refused(text, sentence):
    with pytest.raises(GlassnetError) as error:
        parse_layers(text)
    assert sentence in str(error.value)
