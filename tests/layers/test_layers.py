"""Every layer: shapes, names, the way forward and back against differences, and the lines between neurons."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from math import exp, prod

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.layers.layer import Cache
from glassnet.rng import Purpose, Stream

# A layer, an input shape, the output shape, the shapes of the parameters, and how many lines there are.
BUILT = {
    "dense": (Dense(3, "tanh"), (5,), (3,), {"weight": (3, 5), "bias": (3,)}, 3 * 5),
    # 2 · 3·2 neurons, each with a patch of 3×3
    "conv": (Conv(2, 3), (1, 5, 4), (2, 3, 2), {"weight": (2, 1, 3, 3), "bias": (2,)}, 12 * 9),
    # rows −1 … 1, 1 … 3, 3 … 5 of 0 … 5: 2 + 3 + 3 within; columns, of 0 … 4: 2 + 3 + 2
    "conv, strides and padding": (
        Conv(3, 3, stride=2, padding=1, activation="tanh"),
        (2, 6, 5),
        (3, 3, 3),
        {"weight": (3, 2, 3, 3), "bias": (3,)},
        3 * 2 * 8 * 7,
    ),
    # rows −2 … 0, −1 … 1, …, 2 … 4 of 0 … 2: 1 + 2 + 3 + 2 + 1 within; columns, of 0 … 1: 1 + 2 + 2 + 1
    "conv, wide padding": (
        Conv(2, 3, padding=2, activation="tanh"),
        (1, 3, 2),
        (2, 5, 4),
        {"weight": (2, 1, 3, 3), "bias": (2,)},
        2 * 9 * 6,
    ),
    "conv with gaps": (
        Conv(2, 2, stride=3),
        (2, 6, 7),
        (2, 2, 2),
        {"weight": (2, 2, 2, 2), "bias": (2,)},
        8 * 8,
    ),
    "conv of one pixel": (
        Conv(2, 1, activation="relu"),
        (3, 2, 3),
        (2, 2, 3),
        {"weight": (2, 3, 1, 1), "bias": (2,)},
        12 * 3,
    ),
    "conv of the whole image": (
        Conv(4, 3, activation="linear"),
        (1, 3, 3),
        (4, 1, 1),
        {"weight": (4, 1, 3, 3), "bias": (4,)},
        4 * 9,
    ),
    "max_pool": (MaxPool(2), (2, 4, 6), (2, 2, 3), {}, 12),  # a line to each winner
    "max_pool, overlapping": (MaxPool(3, 2), (2, 7, 5), (2, 3, 2), {}, 12),
    "max_pool, rows left over": (MaxPool(2), (1, 5, 7), (1, 2, 3), {}, 6),
    "max_pool with gaps": (MaxPool(2, 3), (1, 7, 6), (1, 2, 2), {}, 4),
    "average_pool": (AveragePool(2), (2, 4, 6), (2, 2, 3), {}, 12 * 4),
    "average_pool, overlapping": (AveragePool(3, 2), (2, 7, 5), (2, 3, 2), {}, 12 * 9),
    "average_pool, rows left over": (AveragePool(2), (1, 5, 7), (1, 2, 3), {}, 6 * 4),
    "average_pool with gaps": (AveragePool(2, 3), (1, 7, 6), (1, 2, 2), {}, 4 * 4),
    "flatten": (Flatten(), (2, 3, 4), (24,), {}, 24),
    "flatten of a row": (Flatten(), (5,), (5,), {}, 5),
    "dropout": (Dropout(0.4), (2, 3, 4), (2, 3, 4), {}, 24),
    "dropout in training": (Dropout(0.4), (7,), (7,), {}, 7),
    "softmax": (Softmax(), (4,), (4,), {}, 4),
}
EACH = pytest.mark.parametrize("which", BUILT)
KINDS = pytest.mark.parametrize("kind", LAYERS)


def parameters(rng, which, batch, dtype=np.float64):
    """Random ones, and the masks of a training step."""
    layer, inputs, _, shapes, _ = BUILT[which]
    params = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    if "in training" in which:
        words = rng.integers(2**32, size=(batch, *inputs), dtype=np.uint32)
        params["mask"] = layer.mask(words, np.dtype(dtype))
    return params


def distinct(rng, *shape):
    """Numbers from −2 to 2 in random order, no two of an example nearer than 0.03: no pool meets a tie."""
    batch, *sizes = shape
    n = prod(sizes)
    assert n <= 120
    return np.array([rng.permutation(n) for _ in range(batch)]).reshape(shape) * (4 / n) - 2 + 1 / n


def forward(which, batch):
    """A pass through a layer: the layer, its parameters, the cache, and a random ∂C/∂z."""
    layer, inputs, outputs, _, _ = BUILT[which]
    rng = np.random.default_rng(3)
    params = parameters(rng, which, batch)
    _, cache = layer.forward(params, distinct(rng, batch, *inputs))
    return layer, params, cache, rng.normal(size=(batch, *outputs))


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
    if shapes:  # each from its own stream
        assert np.array_equal(drawn["weight"], Stream(0, Purpose.WEIGHTS).normal(shapes["weight"]))
        assert np.array_equal(drawn["bias"], Stream(0, Purpose.BIASES).normal(shapes["bias"]))


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
    layer, inputs, outputs, shapes, _ = BUILT[which]
    rng = np.random.default_rng(6)
    params, x, c = parameters(rng, which, 2), distinct(rng, 2, *inputs), rng.normal(size=(2, *outputs))
    for array in (*params.values(), x, c):
        array.flags.writeable = False

    def all_of_it():
        a, cache = layer.forward(params, x)
        dC_dz = layer.delta(cache, c)
        gradients = layer.backward(params, cache, dC_dz)
        lines = [*layer.incoming(params, cache, 0)[:2], *layer.outgoing(params, cache, 0)[:2]]
        by_place = [layer.by_place(cache, dC_dz, name, (0,) * len(shape)) for name, shape in shapes.items()]
        back = layer.dC_dx(params, cache, dC_dz)
        return [a, *cache, dC_dz, *gradients.values(), back, *lines, *by_place]

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


# Lines: which neurons a neuron hears, and who hears it


@EACH
def test_the_lines_into_a_neuron_make_its_weighted_sum(which):
    """z_j = Σ weight · input over them, plus the bias where there is one; of the first example."""
    layer, params, cache, _ = forward(which, 2)
    x, z = cache.x[0].ravel(), cache.z[0].ravel()
    for j in range(len(z)):
        lines = layer.incoming(params, cache, j)
        assert len(lines.places) == len(lines.weights)
        assert (lines.bias is None) == (not BUILT[which][3])
        pairs = zip(lines.places, lines.weights, strict=True)
        total = sum(weight * x[place] for place, weight in pairs) + (lines.bias or 0)
        assert total == pytest.approx(z[j], abs=1e-14)


@EACH
def test_the_lines_from_an_input_bring_back_its_slope(which):
    """∂C/∂x_k = Σ weight · δ over them; of the first example."""
    layer, params, cache, delta = forward(which, 2)
    back, own = layer.dC_dx(params, cache, delta)[0].ravel(), delta[0].ravel()
    for k in range(len(back)):
        lines = layer.outgoing(params, cache, k)
        assert lines.bias is None
        pairs = zip(lines.places, lines.weights, strict=True)
        assert sum(weight * own[place] for place, weight in pairs) == pytest.approx(back[k], abs=1e-14)


@EACH
def test_each_line_is_seen_from_both_ends(which):
    layer, params, cache, _ = forward(which, 2)

    def seen(ends, count, lines_of):
        found = set()
        for end in range(count):
            lines = lines_of(params, cache, end)
            for other, weight in zip(lines.places, lines.weights, strict=True):
                found.add((*((end, int(other)) if ends == "in" else (int(other), end)), float(weight)))
        return found

    into = seen("in", cache.z[0].size, layer.incoming)
    assert into == seen("out", cache.x[0].size, layer.outgoing)
    assert len(into) == BUILT[which][4]


def test_the_lines_of_a_dense_layer_by_hand():
    """weight[j, k] leads to neuron j from input k: row 1 into neuron 1, column 0 out of input 0."""
    params = {"weight": np.array([[1.0, 2], [3, 4], [5, 6]]), "bias": np.array([10.0, 20, 30])}
    _, cache = Dense(3).forward(params, np.ones((1, 2)))
    into, out_of = Dense(3).incoming(params, cache, 1), Dense(3).outgoing(params, cache, 0)
    assert (into.places.tolist(), into.weights.tolist(), into.bias) == ([0, 1], [3, 4], 20)
    assert (out_of.places.tolist(), out_of.weights.tolist(), out_of.bias) == ([0, 1, 2], [1, 3, 5], None)


def test_a_softmax_layer_has_one_line_to_each_neuron():
    _, cache = Softmax().forward({}, np.ones((1, 4)))
    for lines in (Softmax().incoming({}, cache, 2), Softmax().outgoing({}, cache, 2)):
        assert (lines.places.tolist(), lines.weights.tolist(), lines.bias) == ([2], [1], None)


# One parameter's gradient, place by place


@EACH
def test_what_examples_and_places_want_adds_up_to_what_backward_says(which):
    layer, params, cache, delta = forward(which, 6)
    gradients = layer.backward(params, cache, delta)
    alone = [
        layer.backward(params, Cache(*(array[i : i + 1] for array in cache)), delta[i : i + 1])
        for i in range(6)
    ]
    places = cache.z.shape[2:]  # a dense neuron stands in one place
    for name, shape in BUILT[which][3].items():
        for place in np.ndindex(shape):
            each = layer.by_place(cache, delta, name, place)
            assert each.shape == (6, *places)
            of_examples = each.reshape(6, -1).sum(axis=1)
            assert of_examples == pytest.approx([gradient[name][place] for gradient in alone], abs=1e-13)
            assert each.sum() == pytest.approx(gradients[name][place], abs=1e-13)


@pytest.mark.parametrize("which", [which for which, (*_, shapes, _) in BUILT.items() if not shapes])
def test_a_layer_without_parameters_has_none_to_want(which):
    layer, _, cache, delta = forward(which, 2)
    with pytest.raises(GlassnetError, match=rf"^the {layer.kind} layer has no parameter 'weight'$"):
        layer.by_place(cache, delta, "weight", (0, 0))


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
