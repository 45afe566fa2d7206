"""Every layer: shapes, names, the way forward and back against differences."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from math import exp, prod

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS
from glassnet.layers import LAYERS, Dense, Softmax
from glassnet.rng import Purpose, Stream

from .built import BUILT, EACH, KINDS, distinct, forward, parameters


def test_the_table_misses_no_layer():
    assert {layer.kind for layer, *_ in BUILT.values()} == set(LAYERS)


@KINDS
def test_each_is_found_under_its_own_kind(kind):
    assert type(BUILT[kind][0]) is LAYERS[kind]


@EACH
def test_shapes(which):
    layer, inputs, outputs, shapes, _ = BUILT[which]
    assert layer.build(inputs) == (outputs, shapes)
    rng = np.random.default_rng(4)
    a, cache = layer.forward(parameters(rng, which, 7), distinct(rng, 7, *inputs))
    assert a.shape == cache.a.shape == cache.z.shape == (7, *outputs)
    assert cache.x.shape == (7, *inputs)


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_keep_their_type_on_the_way_forward_and_back(which, dtype):
    layer, inputs, outputs, _, _ = BUILT[which]
    rng = np.random.default_rng(5)
    params, c = parameters(rng, which, 3, dtype), rng.normal(size=(3, *outputs)).astype(dtype)
    a, cache = layer.forward(params, distinct(rng, 3, *inputs).astype(dtype))
    dC_dz = layer.delta(cache, c)
    back = layer.backward(params, cache, dC_dz)
    for array in (a, *cache, dC_dz, *back.values(), layer.dC_dx(params, cache, dC_dz)):
        assert array.dtype == dtype


@EACH
def test_initial_parameters_have_the_names_and_shapes_of_build(which):
    layer, inputs, _, shapes, _ = BUILT[which]
    drawn = layer.initial(
        inputs, INITIALIZERS["normal"], Stream(0, Purpose.WEIGHTS), Stream(0, Purpose.BIASES)
    )
    assert {name: array.shape for name, array in drawn.items()} == shapes
    for name, purpose in (("weight", Purpose.WEIGHTS), ("bias", Purpose.BIASES)):  # each from its own stream
        if name in shapes:
            assert np.array_equal(drawn[name], Stream(0, purpose).normal(shapes[name]))


# kind: what it refuses, and how; None takes any shape.
ROW, IMAGE = "a row of numbers", "an image of shape (channels, height, width)"
REFUSED = {
    "dense": ((28, 28), f"a dense layer takes {ROW}, not an input of shape (28, 28): flatten it"),
    "conv": ((784,), f"conv2@3 takes {IMAGE}, not an input of shape (784,)"),
    "max_pool": ((28, 28), f"max_pool of 2×2 takes {IMAGE}, not an input of shape (28, 28)"),
    "average_pool": ((784,), f"average_pool of 2×2 takes {IMAGE}, not an input of shape (784,)"),
    "flatten": None,
    "dropout": None,
    "softmax": ((1, 2, 2), f"softmax takes {ROW}, not an input of shape (1, 2, 2): flatten it"),
}


@KINDS
def test_inputs_of_a_wrong_shape_are_refused(kind):
    layer = BUILT[kind][0]
    if REFUSED[kind] is None:
        for shape in ((5,), (2, 3), (2, 3, 4)):
            assert prod(layer.build(shape)[0]) == prod(shape)
        return
    shape, sentence = REFUSED[kind]
    with pytest.raises(GlassnetError) as error:
        layer.build(shape)
    assert str(error.value) == sentence


@KINDS
def test_a_layer_holds_no_state(kind):
    with pytest.raises((FrozenInstanceError, AttributeError)):
        BUILT[kind][0].size = 9


@EACH
def test_a_layer_changes_nothing_that_it_is_given_and_repeats_itself(which):
    layer, inputs, outputs, *_ = BUILT[which]
    rng = np.random.default_rng(6)
    params, x, c = parameters(rng, which, 2), distinct(rng, 2, *inputs), rng.normal(size=(2, *outputs))
    for array in (*params.values(), x, c):
        array.flags.writeable = False

    def all_of_it():
        a, cache = layer.forward(params, x)
        dC_dz = layer.delta(cache, c)
        gradients = layer.backward(params, cache, dC_dz)
        back = layer.dC_dx(params, cache, dC_dz)
        return [a, *cache, dC_dz, *gradients.values(), back]

    for first, again in zip(all_of_it(), all_of_it(), strict=True):
        assert np.array_equal(first, again)


@EACH
def test_the_way_back_is_the_slope_of_the_way_forward(which):
    """C = Σ c ⊙ a, so ∂C/∂a = c; every parameter and every input by central differences."""
    layer, inputs, outputs, shapes, _ = BUILT[which]
    rng, h = np.random.default_rng(7), 1e-6
    params, x, c = parameters(rng, which, 4), distinct(rng, 4, *inputs), rng.normal(size=(4, *outputs))

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
    assert set(gradients) == set(shapes)
    for name in shapes:
        np.testing.assert_allclose(gradients[name], slopes(params[name]), atol=3e-8, err_msg=name)
    np.testing.assert_allclose(layer.dC_dx(params, cache, dC_dz), slopes(x), atol=1e-8)


@EACH
def test_examples_pass_by_themselves(which):
    """The pass of each alone is its row of the pass together, forward and back."""
    layer, params, cache, delta = forward(which, 5)
    back = layer.dC_dx(params, cache, delta)
    for i in range(5):
        own = {name: array[i : i + 1] if name == "mask" else array for name, array in params.items()}
        a, alone = layer.forward(own, cache.x[i : i + 1])
        np.testing.assert_allclose(a, cache.a[i : i + 1], rtol=0, atol=1e-14)
        np.testing.assert_allclose(layer.dC_dx(own, alone, delta[i : i + 1])[0], back[i], rtol=0, atol=1e-14)


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
    rng = np.random.default_rng(8)
    params, x = parameters(rng, "dense", 2), rng.normal(size=(2, 5))
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
