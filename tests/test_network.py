"""Networks: the worked examples of the lessons, forward and back against loops over neurons, refusals."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from glassnet import memory
from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS, Quadratic
from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS
from glassnet.layers import Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import CHUNK, Network
from glassnet.optimizers import SGD, update
from glassnet.rng import Purpose, Stream


def sigmoid(z):
    return 1 / (1 + exp(-z))


def one_neuron(w, b, activation="sigmoid", dtype=np.float64):
    """A network of one input and one neuron."""
    return Network(
        [Dense(1, activation)],
        1,
        parameters={"1.weight": np.array([[float(w)]]), "1.bias": np.array([float(b)])},
        dtype=dtype,
    )


# The lessons' worked examples


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("784-16-16-10", 784 * 16 + 16 * 16 + 16 * 10 + 16 + 16 + 10),
        ("784-30-10", 784 * 30 + 30 * 10 + 30 + 10),
        ("784-10-softmax", 784 * 10 + 10),
    ],
)
def test_parameter_counts(text, count):
    network = Network(text, seed=0)
    assert network.parameter_count == count
    assert sum(array.size for array in network.parameters.values()) == count


def test_the_lessons_network_has_13002_parameters():
    assert Network("784-16-16-10", seed=0).parameter_count == 13_002


def test_the_chain_rule_of_one_neuron_a_layer():
    """x = 2, y = 1; w = 1, 4, −2 and b = −2, −2, 1: every z is 0, every a is ½, every σ′(z) is ¼.

    Squared cost: C = (½ − 1)² = ¼.
    layer 3: ∂C/∂a = 2(½ − 1) = −1,     δ = ¼ · −1 = −¼,  ∂C/∂w = a₂ δ = ½ · −¼ = −⅛,  ∂C/∂b = −¼
    layer 2: ∂C/∂a = w₃ δ₃ = −2·−¼ = ½, δ = ¼ · ½ = ⅛,    ∂C/∂w = a₁ δ = ½ · ⅛ = 1/16, ∂C/∂b = ⅛
    layer 1: ∂C/∂a = w₂ δ₂ = 4 · ⅛ = ½, δ = ¼ · ½ = ⅛,    ∂C/∂w = x δ = 2 · ⅛ = ¼,     ∂C/∂b = ⅛
    """
    values = [("1", 1, -2), ("2", 4, -2), ("3", -2, 1)]
    parameters = {f"{i}.weight": np.array([[float(w)]]) for i, w, _ in values}
    parameters |= {f"{i}.bias": np.array([float(b)]) for i, _, b in values}
    network = Network("1-1-1-1", parameters=parameters, dtype=np.float64)
    gradient = network.gradient([[2.0]], [[1.0]], "squared")

    assert [cache.z.item() for cache in gradient.caches] == [0, 0, 0]
    assert [cache.a.item() for cache in gradient.caches] == [1 / 2, 1 / 2, 1 / 2]
    assert gradient.cost == 1 / 4
    assert [layer.dC_da.item() for layer in gradient.layers] == [1 / 2, 1 / 2, -1]
    assert [layer.dC_dz.item() for layer in gradient.layers] == [1 / 8, 1 / 8, -1 / 4]
    assert {name: array.item() for name, array in gradient.parameters.items()} == {
        "1.weight": 1 / 4,
        "1.bias": 1 / 8,
        "2.weight": 1 / 16,
        "2.bias": 1 / 8,
        "3.weight": -1 / 8,
        "3.bias": -1 / 4,
    }


def test_downhill_from_1_1_is_minus_3_minus_1():
    """Lesson 3: C(x, y) = 3/2 x² + 1/2 y², −∇C(1, 1) = (−3, −1); by differences, as a network, as a step.

    As a network, x and y are the weights of one linear neuron. The inputs (√3, 0) and (0, 1) give
    a = √3 x and a = y; with targets 0, quadratic cost and weights 2 that make up for the mean over
    the two, C = ½ (2 · ½ · 3x² + 2 · ½ · y²).
    """
    h = 1e-5

    def C(x, y):
        return 3 / 2 * x**2 + 1 / 2 * y**2

    differences = [(C(1 + h, 1) - C(1 - h, 1)) / (2 * h), (C(1, 1 + h) - C(1, 1 - h)) / (2 * h)]
    assert differences == pytest.approx([3, 1], abs=1e-9)

    network = Network(
        [Dense(1, "linear")],
        2,
        parameters={"1.weight": np.ones((1, 2)), "1.bias": np.zeros(1)},
        dtype=np.float64,
    )
    gradient = network.gradient([[sqrt(3), 0], [0, 1.0]], [[0.0], [0.0]], "quadratic", example_weights=[2, 2])
    assert gradient.cost == pytest.approx(C(1, 1), abs=1e-15)
    assert gradient.parameters["1.weight"] == pytest.approx(np.array([[3, 1]]), abs=1e-15)

    weight = {"1.weight": network.parameters["1.weight"]}
    before = weight["1.weight"].copy()
    update(SGD(), weight, {"1.weight": gradient.parameters["1.weight"]}, {}, learning_rate=0.25)
    assert (weight["1.weight"] - before) / 0.25 == pytest.approx(np.array([[-3, -1]]), abs=1e-14)


def learn(network, cost, steps, eta=0.15):
    """Outputs for the input 1 after 0, 1, … steps towards the target 0."""
    x, y, outputs = [[1.0]], [[0.0]], []
    for _ in range(steps):
        outputs.append(network.predict(np.array(x)).item())
        update(SGD(), network.parameters, network.gradient(x, y, cost).parameters, {}, eta)
    return [*outputs, network.predict(np.array(x)).item()]


def test_far_away_progress_is_slow_with_quadratic_cost():
    """Lesson 5: input 1, target 0, η = 0.15, 300 steps."""
    near, far = learn(one_neuron(0.6, 0.9), "quadratic", 300), learn(one_neuron(2, 2), "quadratic", 300)
    assert [round(near[0], 2), round(near[-1], 2)] == [0.82, 0.09]
    assert [round(far[0], 2), round(far[-1], 2)] == [0.98, 0.20]
    assert far[100] > 0.95  # a third of the time is gone, and hardly anything has moved
    assert near[100] < 0.25


def test_far_away_progress_is_rapid_with_cross_entropy():
    """δ = a − 0, so w and b both fall by η a, and z = w + b by 2 η a = 0.3 σ(z)."""
    z = [4.0]
    for _ in range(300):
        z.append(z[-1] - 0.3 * sigmoid(z[-1]))
    outputs = learn(one_neuron(2, 2), "cross_entropy", 300)
    assert outputs == pytest.approx([sigmoid(value) for value in z], abs=1e-12)
    assert outputs[-1] < 0.02
    assert outputs[0] - outputs[20] > 0.6  # quadratic cost: less than 0.03 in 100 steps


def test_softmax_on_top_of_sigmoids():
    """Lesson 5: ∂C/∂w_jk = (s_j − y_j) σ′(z_j) x_k, where s is softmax of the activations σ(z)."""
    network = Network("4-3-softmax", seed=1, dtype=np.float64)
    x, label = np.random.default_rng(4).normal(size=4), 2
    gradient = network.gradient(x[None], [label], "log_likelihood")
    W, b = network.parameters["1.weight"], network.parameters["1.bias"]
    a = [sigmoid(sum(W[j, k] * x[k] for k in range(4)) + b[j]) for j in range(3)]
    s = [exp(a[j]) / sum(exp(other) for other in a) for j in range(3)]
    assert gradient.cost == pytest.approx(-log(s[label]), abs=1e-14)
    for j in range(3):
        delta = (s[j] - (j == label)) * a[j] * (1 - a[j])
        assert gradient.parameters["1.bias"][j] == pytest.approx(delta, abs=1e-15)
        for k in range(4):
            assert gradient.parameters["1.weight"][j, k] == pytest.approx(delta * x[k], abs=1e-15)


def test_softmax_on_weighted_sums():
    """∂C/∂w_jk = (s_j − y_j) x_k, where s is softmax of z."""
    network = Network([Dense(3, "softmax")], 4, seed=1, dtype=np.float64)
    x = np.random.default_rng(5).normal(size=4)
    z = network.parameters["1.weight"] @ x + network.parameters["1.bias"]
    s = np.array([exp(value) for value in z]) / sum(exp(value) for value in z)
    gradient = network.gradient(x[None], [0], "log_likelihood")
    expected = np.outer(s - [1, 0, 0], x)
    np.testing.assert_allclose(gradient.parameters["1.weight"], expected, atol=1e-15)


# Forward and back against sums over neurons, written with the indices of lesson 4

HIDDEN = {  # σ and σ′ on Python floats
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
    "linear": (lambda z: z, lambda z: 1.0),
}


@pytest.mark.parametrize("activation", HIDDEN)
def test_many_neurons_by_the_sums_of_the_lessons(activation):
    sizes = [4, 3, 5, 2]
    network = Network([Dense(size, activation) for size in sizes[1:]], 4, seed=2, dtype=np.float64)
    W = [network.parameters[f"{i}.weight"] for i in (1, 2, 3)]
    b = [network.parameters[f"{i}.bias"] for i in (1, 2, 3)]
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=4), rng.normal(size=2)
    σ, slope = HIDDEN[activation]

    a, z = [list(x)], []
    for i in range(3):
        z.append([sum(W[i][j, k] * a[i][k] for k in range(sizes[i])) + b[i][j] for j in range(sizes[i + 1])])
        a.append([σ(value) for value in z[i]])
    dC_da = [2 * (a[3][j] - y[j]) for j in range(2)]
    gradient = network.gradient(x[None], y[None], "squared")
    assert gradient.cost == pytest.approx(sum((a[3][j] - y[j]) ** 2 for j in range(2)), rel=1e-13)
    for i in (2, 1, 0):
        for j in range(sizes[i + 1]):
            dC_dz = slope(z[i][j]) * dC_da[j]
            assert gradient.layers[i].dC_dz[0, j] == pytest.approx(dC_dz, rel=1e-12, abs=1e-13)
            assert gradient.parameters[f"{i + 1}.bias"][j] == pytest.approx(dC_dz, rel=1e-12, abs=1e-13)
            for k in range(sizes[i]):
                dC_dw = a[i][k] * dC_dz
                found = gradient.parameters[f"{i + 1}.weight"][j, k]
                assert found == pytest.approx(dC_dw, rel=1e-12, abs=1e-13)
        dC_da = [
            sum(W[i][j, k] * slope(z[i][j]) * dC_da[j] for j in range(sizes[i + 1])) for k in range(sizes[i])
        ]


def test_the_sums_above_miss_no_elementwise_activation():
    assert set(HIDDEN) == set(ACTIVATIONS) - {"softmax"}  # whose sums stand in the two tests before


# The gradient of a batch

FORMS = {  # cost: layers after the hidden one
    "squared": [Dense(3, "sigmoid")],
    "quadratic": [Dense(3, "tanh")],
    "cross_entropy": [Dense(3, "sigmoid")],
    "log_likelihood": [Dense(3, "sigmoid"), Softmax()],
}


def test_the_forms_miss_no_cost():
    assert set(FORMS) == set(COSTS)


@pytest.fixture(params=COSTS)
def problem(request):
    """A network, its cost, and a batch of 7 with labels."""
    network = Network([Dense(5, "tanh"), *FORMS[request.param]], 6, seed=3, dtype=np.float64)
    rng = np.random.default_rng(7)
    return network, request.param, rng.normal(size=(7, 6)), rng.integers(3, size=7)


def each(network, cost, x, labels):
    return [network.gradient(x[i : i + 1], labels[i : i + 1], cost) for i in range(len(x))]


def test_the_gradient_of_a_batch_is_the_mean_of_its_examples(problem):
    network, cost, x, labels = problem
    whole, ones = network.gradient(x, labels, cost), each(*problem)
    assert whole.cost == pytest.approx(np.mean([one.cost for one in ones]), rel=1e-13)
    for name, array in whole.parameters.items():
        mean = np.mean([one.parameters[name] for one in ones], axis=0)
        np.testing.assert_allclose(array, mean, atol=1e-15, err_msg=name)


def test_example_weights_weigh_the_examples(problem):
    """C = (1/m) Σ weight · C₀, so ∇C = (1/m) Σ weight · ∇C₀."""
    network, cost, x, labels = problem
    weights = np.array([0, 1, 2, 0.5, 1, 3, 1])
    whole = network.gradient(x, labels, cost, example_weights=weights)
    ones = each(*problem)
    costs = [w * one.cost for w, one in zip(weights, ones, strict=True)]
    assert whole.cost == pytest.approx(sum(costs) / 7, rel=1e-13)
    for name, array in whole.parameters.items():
        terms = [w * one.parameters[name] for w, one in zip(weights, ones, strict=True)]
        np.testing.assert_allclose(array, sum(terms) / 7, atol=1e-15, err_msg=name)


def test_weights_of_one_change_nothing(problem):
    network, cost, x, labels = problem
    plain = network.gradient(x, labels, cost)
    weighted = network.gradient(x, labels, cost, example_weights=np.ones(7))
    assert weighted.cost == pytest.approx(plain.cost, rel=1e-14)
    for name, array in plain.parameters.items():
        np.testing.assert_allclose(weighted.parameters[name], array, atol=1e-16)


def test_labels_are_one_hot_targets(problem):
    network, cost, x, labels = problem
    by_label, by_target = network.gradient(x, labels, cost), network.gradient(x, np.eye(3)[labels], cost)
    assert by_label.cost == by_target.cost
    for name, array in by_label.parameters.items():
        assert np.array_equal(by_target.parameters[name], array)


def test_the_gradient_leaves_the_network_alone(problem):
    network, cost, x, labels = problem
    before = {name: array.copy() for name, array in network.parameters.items()}
    network.gradient(x, labels, cost)
    assert all(np.array_equal(network.parameters[name], array) for name, array in before.items())


# The two ways back from the last layer

PAIRS = {
    "cross_entropy": [[Dense(3, "sigmoid")]],
    "log_likelihood": [[Dense(3, "softmax")], [Dense(3, "sigmoid"), Softmax()]],
}
EACH_PAIR = pytest.mark.parametrize(
    ("cost", "last"), [(cost, last) for cost, lasts in PAIRS.items() for last in lasts]
)


@EACH_PAIR
def test_the_short_cut_is_the_full_chain(cost, last):
    network = Network([Dense(5, "tanh"), *last], 6, seed=4, dtype=np.float64)
    rng = np.random.default_rng(8)
    x, labels = rng.normal(size=(9, 6)), rng.integers(3, size=9)
    short = network.gradient(x, labels, cost)
    chain = network.gradient(x, labels, cost, canonical=False)
    assert short.layers[-1].dC_da is None  # it says that it went around ∂C/∂a
    assert chain.layers[-1].dC_da is not None
    assert short.cost == pytest.approx(chain.cost, abs=1e-12)
    for name, array in short.parameters.items():
        np.testing.assert_allclose(array, chain.parameters[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("cost", "activation"), [("cross_entropy", "sigmoid"), ("log_likelihood", "softmax")]
)
def test_the_short_cut_is_finite_at_a_thousand(cost, activation, dtype):
    """z = (1000, −1000) and the answer is the second: C = 2000 and δ = (1, −1), for both pairs."""
    parameters = {"1.weight": np.array([[1000.0], [-1000.0]]), "1.bias": np.zeros(2)}
    network = Network([Dense(2, activation)], 1, parameters=parameters, dtype=dtype)
    gradient = network.gradient([[1.0]], [1], cost)
    assert gradient.cost == 2000
    assert gradient.layers[-1].dC_dz.tolist() == [[1, -1]]
    assert gradient.parameters["1.weight"].tolist() == [[1], [-1]]
    right = network.gradient([[1.0]], [0], cost)
    assert right.cost == 0
    assert right.layers[-1].dC_dz.tolist() == [[0, 0]]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_pair_that_is_not_defined_is_refused(cost, activation):
    network = Network([Dense(3, activation)], 4, seed=0)
    if activation in COSTS[cost].allowed:
        assert np.isfinite(network.gradient(np.zeros((1, 4)), [0], cost).cost)
    else:
        with pytest.raises(GlassnetError, match=f"cost '{cost}' is not defined for '{activation}' outputs"):
            network.gradient(np.zeros((1, 4)), [0], cost)


# First parameters


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_layer_is_drawn_from_its_own_streams(name, dtype):
    network = Network("6-5-softmax-4", seed=9, initializer=name, dtype=dtype)
    rule, expected = INITIALIZERS[name], {}
    for i, n_out, n_in in [(0, 5, 6), (2, 4, 5)]:
        weights, biases = (Stream(9, purpose, step=i) for purpose in (Purpose.WEIGHTS, Purpose.BIASES))
        expected[f"{i + 1}.weight"] = rule.weight(weights, (n_out, n_in), n_in, n_out)
        expected[f"{i + 1}.bias"] = rule.bias(biases, (n_out,))
    assert list(network.parameters) == list(network.shapes) == list(expected)
    for key, array in network.parameters.items():
        assert array.dtype == dtype
        assert np.array_equal(array, expected[key].astype(dtype))


def test_zeros_keep_the_neurons_of_a_layer_alike():
    network = Network("4-3-2", seed=0, initializer="zeros", dtype=np.float64)
    rng = np.random.default_rng(9)
    for _ in range(5):
        gradient = network.gradient(rng.normal(size=(6, 4)), [0, 1, 0, 1, 1, 1], "quadratic")
        update(SGD(), network.parameters, gradient.parameters, {}, 1.0)
    weight = network.parameters["1.weight"]
    assert weight.any()
    assert (weight == weight[0]).all()


# Inputs and targets


def test_pixels_are_scaled_and_floats_taken_as_they_are():
    network = Network("3-1", seed=0)
    found = network.inputs(np.array([[0, 51, 255]], dtype=np.uint8))
    assert found.dtype == np.float32
    assert found.tolist() == [[0, np.float32(0.2), 1]]
    assert network.inputs(np.array([[0, 51, 255.0]])).tolist() == [[0, 51, 255]]


def test_pictures_are_read_row_by_row():
    pictures = np.arange(12.0).reshape(2, 2, 3)
    assert Network("6-1", seed=0).inputs(pictures).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_predict_takes_any_number_of_images():
    network = Network("3-2", seed=0, dtype=np.float64)
    images = np.random.default_rng(10).normal(size=(CHUNK + 5, 3))
    outputs = network.predict(images)
    W, b = network.parameters["1.weight"], network.parameters["1.bias"]
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-(images @ W.T + b))), rtol=1e-13)
    assert network.predict(images[:0]).shape == (0, 2)
    assert network.predict(images[:1]).shape == (1, 2)


BAD = np.array([[0.0, np.nan, 1.0]])


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((2, 4)), r"images of shape \(2, 4\): the network takes"),
        (np.zeros((2, 28, 28), dtype=np.uint8), r"images of shape \(2, 28, 28\)"),
        (BAD, "the images hold NaN or infinite values"),
        (np.array([[1.0, -np.inf, 0.0]]), "the images hold NaN or infinite values"),
        (BAD.astype(np.float32), "the images hold NaN or infinite values"),
        (np.array([[0.0, 1e300, 1.0]]), r"the images hold NaN or infinite values \(as float32\)"),
        (np.array([["a", "b", "c"]]), "images of dtype <U1: give uint8 pixels or floats"),
        (np.zeros((1, 3), dtype=complex), "images of dtype complex128"),
        (np.zeros((1, 3), dtype=int), "images of dtype int64: give uint8 pixels or floats"),
        ([[1.0, 2.0], [3.0]], "images don't make an array"),
    ],
)
def test_images_that_are_refused(images, sentence):
    network = Network("3-2", seed=0)
    with pytest.raises(GlassnetError, match=sentence):
        network.gradient(images, [0] * len(images))
    with pytest.raises(GlassnetError, match=sentence):
        network.predict(images)


IMAGE = "1x6x5 conv2@3 4"


@pytest.mark.parametrize("shape", [(2, 6, 5), (2, 1, 6, 5), (2, 30), (2, 6, 5, 1)])
def test_one_channel_may_be_left_out_and_pixels_may_come_in_a_row(shape):
    pixels = np.random.default_rng(11).random(60)
    network = Network(IMAGE, seed=0, dtype=np.float64)
    x = network.inputs(pixels.reshape(shape))
    assert x.shape == (2, 1, 6, 5)
    assert np.array_equal(x.ravel(), pixels)
    flat = Network("30-4", seed=0, dtype=np.float64)  # takes any shape of as many, row by row
    assert np.array_equal(flat.inputs(pixels.reshape(shape)).ravel(), pixels)


@pytest.mark.parametrize(
    ("layers", "shape", "sentence"),
    [
        (IMAGE, (2, 3, 6, 5), "(any number, 1, 6, 5); they have 3 channels, not 1"),
        (IMAGE, (2, 6, 5, 3), "(any number, 1, 6, 5); they have 3 channels, not 1"),
        ("3x6x5 conv2@3 4", (2, 6, 5, 3), "their channels stand last, give images.transpose(0, 3, 1, 2)"),
        ("3x6x5 conv2@3 4", (2, 6, 5), "(any number, 3, 6, 5); they have 1 channel, not 3"),
        ("3x6x5 conv2@3 4", (2, 1, 6, 5), "(any number, 3, 6, 5); they have 1 channel, not 3"),
        ("3x6x5 conv2@3 4", (3, 6, 5), "; give a batch, for a single image image[None]"),
        (
            "3x6x5 conv2@3 4",
            (2, 6, 15),
            "images of shape (2, 6, 15): the network takes (any number, 3, 6, 5)",
        ),
        (IMAGE, (6, 5), "(any number, 1, 6, 5); give a batch, for a single image image[None]"),
        (IMAGE, (2, 5, 6), "images of shape (2, 5, 6): the network takes (any number, 1, 6, 5)"),
        (IMAGE, (2, 3, 10), "images of shape (2, 3, 10): the network takes (any number, 1, 6, 5)"),
        (IMAGE, (2, 31), "images of shape (2, 31): the network takes (any number, 1, 6, 5)"),
        (IMAGE, (2, 1, 1, 6, 5), "shape (2, 1, 1, 6, 5): the network takes (any number, 1, 6, 5)"),
    ],
)
def test_images_of_other_channels_or_shapes_are_refused(layers, shape, sentence):
    """Where as many numbers in another order would pass, the network would see something else."""
    network = Network(layers, seed=0)
    for ask in (network.predict, lambda images: network.gradient(images, [0] * len(images))):
        with pytest.raises(GlassnetError) as error:
            ask(np.zeros(shape))
        assert str(error.value).endswith(sentence)


def test_a_single_image_is_not_a_batch():
    with pytest.raises(GlassnetError, match=r"give a batch, for a single image image\[None\]"):
        Network("3-2", seed=0).predict(np.zeros(3))


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        ([2, 0], "label 2: the network has the outputs 0 to 1"),
        ([-1, 0], "label -1"),
        ([0.0, 1.0], r"targets of shape \(2,\)"),
        (np.zeros((2, 3)), r"targets of shape \(2, 3\)"),
        ([0], "2 images and 1 targets"),
        ([[np.nan, 0], [0, 1]], "targets hold NaN"),
    ],
)
def test_targets_that_are_refused(y, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        Network("3-2", seed=0).gradient(np.zeros((2, 3)), y)


def test_an_empty_batch_has_no_gradient():
    with pytest.raises(GlassnetError, match="0 images and 0 targets"):
        Network("3-2", seed=0).gradient(np.zeros((0, 3)), np.zeros((0, 2)))


@pytest.mark.parametrize("weights", [[1.0], [[1.0, 1.0]], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_example_weights_that_are_refused(weights):
    with pytest.raises(GlassnetError, match="example weights"):
        Network("3-2", seed=0).gradient(np.zeros((2, 3)), [0, 1], example_weights=weights)


# Making networks


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layers": [Dense(3)], "seed": 0}, "needs the input_shape"),
        ({"layers": [], "input_shape": 3, "seed": 0}, "at least one layer"),
        ({"layers": "3-2"}, "either seed=… .* or parameters=…"),
        ({"layers": "3-2", "seed": 0, "parameters": {}}, "either seed=… .* or parameters=…"),
        (
            {"layers": "3-2", "seed": 0, "dtype": np.float16},
            "dtype .*float16.*: parameters are float32 or float64",
        ),
        ({"layers": "3-2", "seed": 0, "initializer": "glorit"}, "unknown initializer 'glorit'"),
        ({"layers": "3-2", "input_shape": (28, 28), "seed": 0}, "the layers '3-2' have 3 inputs"),
        ({"layers": [Dense(2)], "input_shape": (28, 28), "seed": 0}, "flatten it"),
        ({"layers": [Dense(2)], "input_shape": 0, "seed": 0}, "input_shape 0: give positive whole numbers"),
        ({"layers": [Dense(2)], "input_shape": (), "seed": 0}, r"input_shape \(\)"),
        ({"layers": [Dense(2)], "input_shape": 2.5, "seed": 0}, r"input_shape 2\.5: give positive"),
        ({"layers": "3-2", "seed": -1}, "seed is -1"),
        (
            {"layers": "3-2", "parameters": {"1.weight": np.zeros((2, 3))}},
            "parameters 1.bias: the network 3-2",
        ),
        (
            {"layers": "3-2", "parameters": {"1.weight": np.zeros((3, 2)), "1.bias": np.zeros(2)}},
            r"1.weight is float64 \(3, 2\): the network 3-2 needs floats \(2, 3\)",
        ),
        (
            {"layers": "3-2", "parameters": {"1.weight": np.zeros((2, 3)), "1.bias": np.zeros(2, int)}},
            r"1.bias is int64 \(2,\)",
        ),
    ],
)
def test_networks_that_are_refused(arguments, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        Network(**arguments)


def test_the_layer_that_does_not_fit_is_named():
    sentence = r"layer 3 of 28×28 conv2@9 pool9 conv2@5 3: conv2@5: its window of 5×5 is larger than the"
    with pytest.raises(GlassnetError, match=sentence):
        Network("conv2@9 pool9 conv2@5 3", seed=0)
    with pytest.raises(GlassnetError, match=r"layer 2 of .*: conv2@3: a stride of 27 leaves nothing of the"):
        Network("conv2@3 conv2@3s27 3", seed=0)
    with pytest.raises(GlassnetError, match=r"layer 2 of 4-3-conv2@1: .* not an input of shape \(3,\)"):
        Network("4-3-conv2@1", seed=0)


def test_a_text_without_an_image_takes_the_one_that_is_given():
    assert Network("conv2@3 4", (3, 8, 8), seed=0).input_shape == (3, 8, 8)
    assert Network("conv2@3 4", seed=0).input_shape == (1, 28, 28)
    with pytest.raises(GlassnetError, match=r"input_shape \(1, 8, 8\): the layers .* have 3×8×8 inputs"):
        Network("3x8x8 conv2@3 4", (1, 8, 8), seed=0)


# How large


def test_what_training_takes_counted_by_hand():
    """3×8×8 → 4 of 3×3 → 4×6×6 → 4×3×3 → 36 → 36 → 5, on 7 images, in float64.

    Parameters: 4·(27 + 1) + 5·(36 + 1) = 297, four times. Of an image: 192 pixels; z, a, δ and ∂C/∂a of
    144 + 36 + 36 + 36 + 5 = 257 numbers, the 144 once more; twice 36 patches of 27.
    """
    layers = [Conv(4, 3), MaxPool(2), Dropout(0.5), Flatten(), Dense(5)]
    network = Network(layers, (3, 8, 8), seed=0, dtype=np.float64)
    assert network.bytes_in_training(7) == 8 * (4 * 297 + 7 * (192 + 4 * 257 + 144 + 2 * 36 * 27))
    assert Network("784-10", seed=0).bytes_in_training(1) == 4 * (4 * 7850 + 784 + 40 + 10)


def refused_to_draw(*_):
    raise AssertionError("numbers were drawn")


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ("100000-100000-10", r"100000-100000-10 would have 10,001,100,010 parameters, 40\.0 GB: make its"),
        (
            "conv1000000@28 10",
            r"would have 795,000,010 parameters, 3\.18 GB: make its layers smaller, for 100,",
        ),
        # 5 times 1,000 maps of 1,996 × 1,996, twice their patches of 75: 20·3.984·10⁹ + 8·75·3.984·10⁶
        ("3x2000x2000 conv1000@5 pool1996 10", r"would take about 82\.1 GB of memory, and 8\.00 GB are free"),
        ("1000000x1000000 pool1000000 2", r"would take about 4\.00 TB of memory"),
    ],
)
def test_what_is_too_large_is_refused_before_a_number_is_drawn(layers, sentence, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 8 * 10**9)
    monkeypatch.setattr("glassnet.rng.words", refused_to_draw)
    with pytest.raises(GlassnetError, match=sentence):
        Network(layers, seed=0)


def test_drawing_takes_memory_too(monkeypatch):
    """48 bytes for each of 5 million weights, while they are drawn; afterwards four times 4."""
    monkeypatch.setattr(memory, "available", lambda: 200_000_000)
    monkeypatch.setattr("glassnet.rng.words", refused_to_draw)
    with pytest.raises(GlassnetError, match="would take about 240 MB of memory, and 200 MB are free"):
        Network("5000-1000", seed=0)


def test_numbers_beyond_all_machines_are_counted(monkeypatch):
    layers = [Conv(10**30, 1), Flatten(), Dense(10**30)]
    with pytest.raises(GlassnetError, match="parameters, 4,000,"):
        Network(layers, (1, 10**30, 10**30), seed=0)


def test_numpy_numbers_are_sizes_too():
    assert Network([Dense(2)], np.int64(3), seed=0).input_shape == (3,)


def test_a_copy_learns_on_its_own():
    network = Network("3-2", seed=0)
    copy, wide = network.copy(), network.astype(np.float64)
    network.parameters["1.weight"][:] = 7
    assert not (copy.parameters["1.weight"] == 7).any()
    assert (wide.parameters["1.weight"] == copy.parameters["1.weight"]).all()
    assert wide.parameters["1.weight"].dtype == np.float64


def test_given_parameters_are_copied():
    mine = {"1.weight": np.zeros((2, 3)), "1.bias": np.zeros(2)}
    network = Network("3-2", parameters=mine, dtype=np.float64)
    mine["1.weight"][:] = 1
    assert not network.parameters["1.weight"].any()


def test_by_layer_and_by_name_are_each_others_inverse():
    network = Network("3-2-softmax-4", seed=0)
    rows = network.by_layer()
    assert [sorted(row) for row in rows] == [["bias", "weight"], [], ["bias", "weight"]]
    back = network.by_name(rows)
    assert list(back) == list(network.parameters)
    assert all(back[name] is array for name, array in network.parameters.items())


def test_weights_are_the_parameters_without_the_biases():
    assert Network("3-2-softmax-4", seed=0).weights == ["1.weight", "3.weight"]


def test_a_network_describes_itself():
    network = Network("784-16:relu-10-softmax", seed=0)
    assert str(network) == "784-16-10-softmax"
    assert repr(network).startswith("<Network 784-16-10-softmax: Dense(size=16, activation='relu'), ")
    assert repr(network).endswith("; 12,730 parameters, float32>")  # 784·16 + 16 + 16·10 + 10


def test_costs_may_be_given_themselves():
    network = one_neuron(1, 0, "linear")
    assert network.gradient([[3.0]], [[1.0]], Quadratic()).cost == 2  # ½ (3 − 1)²
