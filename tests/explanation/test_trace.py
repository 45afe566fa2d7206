"""What a trace holds, what it refuses, and where it says that numbers are none."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.errors import GlassnetError
from glassnet.explanation import Explanation, explain
from glassnet.layers import Dense, Softmax
from glassnet.network import Network

pytestmark = pytest.mark.table

IMAGE = np.array([0.2, 0.5, 0.1])


def three_four_two(dtype=np.float64):
    return Network([Dense(4, "tanh"), Dense(2)], 3, seed=1, initializer="normal", dtype=dtype)


def on_top():
    return Network([Dense(2, "tanh"), Softmax()], 3, seed=1)


def all_views(explanation):
    """Every object that an explanation can show, one of a kind and layer."""
    views = [explanation, explanation.cost, explanation.nudges(), explanation.check(sample=3)]
    for layer in range(explanation.depth + 1):
        views.append(explanation.activation(layer, 0))
        if layer == 0:
            continue
        views += [explanation.layer(layer), explanation.neuron(layer, 0)]
        views += [explanation.ways_to_raise(0, layer), explanation.wishes(layer)]
        if explanation.trace.params[layer - 1]:
            views += [explanation.weight(layer, 0, 0), explanation.bias(layer, 0)]
        if explanation.trace.layer_at(layer).activation == "softmax":
            views.append(explanation.jacobian(layer))
    return views


# Where things are


def test_layers_are_counted_from_the_input():
    """Layer l is the network's layer l − 1, and its parameters are those of that name."""
    network = three_four_two()
    trace = explain(network, IMAGE, 1).trace
    gradient = network.gradient(IMAGE[None], [1])
    assert trace.depth == 2
    assert np.array_equal(trace.a(0), IMAGE)
    for layer in (1, 2):
        assert np.array_equal(trace.z(layer), gradient.caches[layer - 1].z[0])
        assert np.array_equal(trace.a(layer), gradient.caches[layer - 1].a[0])
        assert np.array_equal(trace.delta(layer), gradient.layers[layer - 1].dC_dz[0])
        assert np.array_equal(trace.dC_da(layer), gradient.layers[layer - 1].dC_da[0])
        assert trace.layer_at(layer) is trace.network.layers[layer - 1]
        for name in ("weight", "bias"):
            assert np.array_equal(trace.params[layer - 1][name], network.parameters[f"{layer}.{name}"])
    assert np.array_equal(trace.dC_da(0), gradient.layers[0].dC_dz[0] @ network.parameters["1.weight"])
    assert trace.answer == int(network.predict(IMAGE[None]).argmax())


def test_pixels_are_scaled_and_floats_taken_as_they_are():
    network = three_four_two()
    assert explain(network, np.array([0, 51, 255], np.uint8), 1).trace.a(0).tolist() == [0.0, 0.2, 1.0]
    assert explain(network, np.array([-3.0, 0.0, 7.0]), 1).trace.a(0).tolist() == [-3.0, 0.0, 7.0]


def test_an_image_may_be_a_picture_or_a_row():
    network = Network("6-2", seed=1)
    picture = np.random.default_rng(11).integers(0, 256, size=(2, 3), dtype=np.uint8)
    traces = [explain(network, image, 1).trace for image in (picture, picture.ravel(), picture[None])]
    for trace in traces:
        assert trace.a(0).tolist() == (picture.ravel() / 255).tolist()
        assert trace.used.cost == traces[0].used.cost


@pytest.mark.parametrize("label", [1, np.int64(1), np.uint8(1), [0.0, 1.0], (0, 1), np.array([0.0, 1.0])])
def test_a_label_is_a_class_or_the_desired_outputs(label):
    trace = explain(three_four_two(), IMAGE, label).trace
    assert trace.y.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_everything_is_computed_in_the_dtype_asked_for(dtype):
    trace = explain(three_four_two(np.float32), IMAGE, 1, dtype=dtype).trace
    arrays = [*trace.network.parameters.values(), *trace.chain.parameters.values(), trace.dC_dx, trace.y]
    arrays += [array for layer in (1, 2) for array in (trace.z(layer), trace.a(layer), trace.delta(layer))]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_what_the_outputs_stand_for():
    assert explain(three_four_two(), IMAGE, 1).trace.name_of(1) == "1"
    named = explain(three_four_two(), IMAGE, 1, class_names=["cat", "a `dog`\n<b>"]).trace
    assert [named.name_of(j) for j in (0, 1)] == ["cat", "a ʼdogʼ <b>"]  # nothing taken for a formula


# The two ways back


@pytest.mark.parametrize(
    ("activation", "cost"), [(name, cost) for cost in COSTS for name in COSTS[cost].allowed]
)
def test_the_short_way_is_taken_by_the_canonical_pairs_alone(activation, cost):
    pairs = {("sigmoid", "cross_entropy"), ("softmax", "log_likelihood")}
    ends = [[Dense(3, activation)], [Dense(3, "tanh"), Softmax()]][: 2 if activation == "softmax" else 1]
    for end in ends:
        trace = explain(Network([Dense(4, "tanh"), *end], 3, seed=2), IMAGE, 1, cost).trace
        canonical = (end[-1].activation, cost) in pairs
        assert trace.canonical == canonical
        assert (trace.used is trace.chain) == (not canonical)
        assert trace.chain.layers[-1].dC_da is not None  # the long way goes through it
        assert (trace.used.layers[-1].dC_da is None) == canonical
        assert not trace.broken
        assert all(trace.way(layer) is trace.chain for layer in range(trace.depth + 1))


# Nothing is changed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_network_given_is_never_changed(dtype):
    for network in (three_four_two(dtype), on_top()):
        before = {name: array.copy() for name, array in network.parameters.items()}
        image, label = IMAGE.copy(), 1
        explanation = explain(network, image, label, "squared", dtype=dtype)
        own = {name: array.copy() for name, array in explanation.trace.network.parameters.items()}
        for view in all_views(explanation):
            repr(view)
        for name, array in network.parameters.items():
            assert array.tobytes() == before[name].tobytes()
            assert explanation.trace.network.parameters[name].tobytes() == own[name].tobytes()
        assert np.array_equal(image, IMAGE)


def test_what_happens_to_the_network_later_changes_no_explanation():
    network = three_four_two()
    explanation = explain(network, IMAGE, 1)
    wanted = repr(explain(network, IMAGE, 1).weight(1, 0, 0))
    for array in network.parameters.values():
        array[...] = np.nan
    assert repr(explanation.weight(1, 0, 0)) == wanted


# Refusals

THE_LAYERS = "the network 3-4-2 has the layers 1 to 2"
TO_AND_FROM = (
    "1.weight[j, k] leads to neuron j, 0 to 3, from input k, 0 to 2",
    "2.weight[j, k] leads to neuron j, 0 to 1, from neuron k of layer 1, 0 to 3",
)
OUT_OF_RANGE = [
    (lambda of: of.layer(0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.layer(3), f"layer 3: {THE_LAYERS}"),
    (lambda of: of.layer(-1), f"layer -1: {THE_LAYERS}"),
    (lambda of: of.layer(1.0), f"layer 1.0: {THE_LAYERS}"),
    (lambda of: of.layer("1"), f"layer 1: {THE_LAYERS}"),
    (lambda of: of.neuron(0, 0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.neuron(3, 0), f"layer 3: {THE_LAYERS}"),
    (lambda of: of.neuron(1, 4), "neuron 4 of layer 1: there are the numbers 0 to 3"),
    (lambda of: of.neuron(2, -1), "neuron -1 of layer 2: there are the numbers 0 to 1"),
    (lambda of: of.neuron(2, 0.0), "neuron 0.0 of layer 2: there are the numbers 0 to 1"),
    (lambda of: of.contributions(4), "neuron 4 of layer 1: there are the numbers 0 to 3"),
    (lambda of: of.weight(0, 0, 0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.weight(3, 0, 0), f"layer 3: {THE_LAYERS}"),
    (lambda of: of.weight(1, 4, 0), f"there is no 1.weight[4, 0]: {TO_AND_FROM[0]}"),
    (lambda of: of.weight(1, 0, 3), f"there is no 1.weight[0, 3]: {TO_AND_FROM[0]}"),
    (lambda of: of.weight(2, -1, 0), f"there is no 2.weight[-1, 0]: {TO_AND_FROM[1]}"),
    (lambda of: of.weight(2, 0, 1.5), f"there is no 2.weight[0, 1.5]: {TO_AND_FROM[1]}"),
    (lambda of: of.weight(2, 0), f"there is no 2.weight[0]: {TO_AND_FROM[1]}"),
    (lambda of: of.bias(0, 0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.bias(1, 4), "there is no 1.bias[4]: 1.bias[j] belongs to neuron j, 0 to 3"),
    (lambda of: of.bias(2, -1), "there is no 2.bias[-1]: 2.bias[j] belongs to neuron j, 0 to 1"),
    (lambda of: of.activation(3, 0), f"layer 3: {THE_LAYERS}"),
    (lambda of: of.activation(-1, 0), f"layer -1: {THE_LAYERS}"),
    (lambda of: of.activation(0, 3), "input 3: there are the numbers 0 to 2"),
    (lambda of: of.activation(1, 4), "neuron 4 of layer 1: there are the numbers 0 to 3"),
    (lambda of: of.ways_to_raise(2), "neuron 2 of layer 2: there are the numbers 0 to 1"),
    (lambda of: of.ways_to_raise(0, 0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.wishes(0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.wishes(3), f"layer 3: {THE_LAYERS}"),
    (lambda of: of.jacobian(0), f"layer 0: {THE_LAYERS}, 0 is the input"),
    (lambda of: of.steepest_weight(3), f"layer 3: {THE_LAYERS}"),
]


@pytest.mark.parametrize(("ask", "sentence"), OUT_OF_RANGE)
def test_an_index_out_of_range_is_refused_with_the_range(ask, sentence):
    with pytest.raises(GlassnetError) as error:
        ask(explain(three_four_two(), IMAGE, 1))
    assert str(error.value).startswith(sentence)


def test_numpys_whole_numbers_are_indices_too():
    explanation = explain(three_four_two(), IMAGE, 1)
    weight = explanation.weight(np.int64(1), np.int32(2), np.uint8(1))
    assert weight.place == (2, 1)
    assert weight.value == explanation.weight(1, 2, 1).value


@pytest.mark.parametrize(
    "ask",
    [
        lambda of: of.weight(2, 0, 0),
        lambda of: of.steepest_weight(2),
    ],
)
def test_a_layer_without_weights_is_refused_with_those_that_have_some(ask):
    with pytest.raises(GlassnetError) as error:
        ask(explain(on_top(), IMAGE, 1))
    assert str(error.value) == "layer 2 (softmax) has no weight: those with parameters are 1"


def test_a_layer_without_biases_is_refused():
    with pytest.raises(
        GlassnetError, match=r"^layer 2 \(softmax\) has no bias: those with parameters are 1$"
    ):
        explain(on_top(), IMAGE, 1).bias(2, 0)
    with pytest.raises(GlassnetError, match=r"^layer 1 \(softmax\) has no bias: no layer has parameters$"):
        explain(Network([Softmax()], 3, seed=0), IMAGE, 1).bias(1, 0)


# What is wrong, and how the sentence begins.
BAD = {
    "too small an image": ({"image": IMAGE[:2]}, "the image has 2 = 2 numbers: the network 3-4-2 takes 3"),
    "too large an image": (
        {"image": np.zeros((28, 28), np.uint8)},
        "the image has 28×28 = 784 numbers: the network 3-4-2 takes 3",
    ),
    "no image": ({"image": np.zeros(0)}, "the image has 0 = 0 numbers: the network 3-4-2 takes 3"),
    "one number": ({"image": np.float64(1)}, "the image has 1 = 1 numbers: the network 3-4-2 takes 3"),
    "NaN in the image": ({"image": np.array([0, np.nan, 0])}, "the images hold NaN or infinite values"),
    "infinity in the image": ({"image": np.array([0, 0, -np.inf])}, "the images hold NaN or infinite values"),
    "whole numbers": ({"image": np.arange(3)}, "images of dtype int64: give uint8 pixels or floats"),
    "a label too large": ({"label": 2}, "label 2: the network has the outputs 0 to 1"),
    "a negative label": ({"label": -1}, "label -1: the network has the outputs 0 to 1"),
    "half a label": ({"label": 0.5}, "targets of shape (1,) and dtype float64: give integer labels (batch,)"),
    "a word": ({"label": "one"}, "targets of shape (1,) and dtype <U3: give integer labels (batch,)"),
    "too many desired outputs": ({"label": [0.0, 1, 0]}, "targets of shape (1, 3) and dtype float64"),
    "a desired NaN": ({"label": [0.0, np.nan]}, "the targets hold NaN or infinite values"),
    "a desired output out of range": (
        {"label": [0.0, 1.5], "cost": "cross_entropy"},
        "cross_entropy wants targets from 0 to 1, not 1.5",
    ),
    "a cost for other outputs": (
        {"cost": "log_likelihood"},
        "cost 'log_likelihood' is not defined for 'sigmoid' outputs",
    ),
    "no such cost": ({"cost": "quadratc"}, "unknown cost 'quadratc': did you mean 'quadratic'?"),
    "too few names": ({"class_names": ["cat"]}, "1 class names for 2 outputs: give one for each"),
    "too many names": ({"class_names": list("abc")}, "3 class names for 2 outputs: give one for each"),
    "no such engine": ({"engine": "nativ"}, "unknown engine 'nativ'"),
    "no such dtype": ({"dtype": "float16"}, "dtype 'float16': parameters are float32 or float64"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_with_one_sentence(what):
    wrong, sentence = BAD[what]
    with pytest.raises(GlassnetError) as error:
        explain(three_four_two(), **({"image": IMAGE, "label": 1} | wrong))
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ragged", [{"image": [[1.0], [1.0, 2.0]]}, {"label": [[1.0], [0.0, 1.0]]}])
def test_rows_of_different_lengths_are_refused(ragged):
    with pytest.raises(GlassnetError):
        explain(three_four_two(), **({"image": IMAGE, "label": 1} | ragged))


@pytest.mark.parametrize("wrong", [None, "model.safetensors", {"1.weight": IMAGE}, Network])
def test_what_is_no_network_is_refused(wrong):
    with pytest.raises(
        GlassnetError, match=r"stands where a Network is wanted: explain\(network, image, label\)"
    ):
        explain(wrong, IMAGE, 1)


# Numbers that are none

NAMES = ["1.weight", "1.bias", "2.weight", "2.bias"]
LAST_PLACE = {"1.weight": (3, 2), "1.bias": (3,), "2.weight": (1, 3), "2.bias": (1,)}


def spoiled(**wrong: float) -> Explanation:
    """The 3-4-2 network with a number planted at the last place of each array named."""
    network = three_four_two()
    for name, value in wrong.items():
        network.parameters[name][LAST_PLACE[name]] = value
    return explain(network, IMAGE, 1, "cross_entropy")


def where(name):
    return f"{name}[{', '.join(map(str, LAST_PLACE[name]))}]"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_no_number_is_named(name, value):
    explanation = spoiled(**{name: value})
    assert explanation.trace.first_non_finite == f"{where(name)} is {value}"
    sentence = f"Not all numbers are finite. The first on the way: {where(name)} is {value}."
    assert sentence in " ".join(repr(explanation).split())


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("second", NAMES)
def test_of_several_the_first_on_the_way_forward_is_named(first, second):
    found = spoiled(**{first: np.nan, second: np.nan}).trace.first_non_finite
    assert found == f"{where(min(first, second, key=NAMES.index))} is nan"


def linear(*numbers, x):
    """A chain of linear neurons, w and b in turn, that should give 0."""
    arrays = [np.array([[w]]) for w in numbers[::2]], [np.array([b]) for b in numbers[1::2]]
    parameters = {
        f"{i}.{name}": array
        for name, of_kind in zip(("weight", "bias"), arrays, strict=True)
        for i, array in enumerate(of_kind, 1)
    }
    layers = [Dense(1, "linear") for _ in arrays[0]]
    network = Network(layers, 1, parameters=parameters, dtype=np.float64)
    return explain(network, np.array([x]), [0.0], "squared")


OVERFLOWS = {
    "z of layer 1[0] is inf": linear(1e308, 0.0, x=10.0),  # 10³⁰⁹
    "z of layer 2[0] is -inf": linear(1e200, 0.0, -1e200, 0.0, x=1.0),  # −10⁴⁰⁰
    "C₀ is inf": linear(1e200, 0.0, x=1.0),  # a = 10²⁰⁰, squared 10⁴⁰⁰
    # a = 10¹²⁰, C₀ = 10²⁴⁰, δ⁽²⁾ = 2·10¹²⁰, and times w = 10²⁰⁰ it is 2·10³²⁰
    "δ of layer 1[0] is inf": linear(0.0, 0.0, 1e200, 1e120, x=1.0),
    # a = 10¹⁰⁰, C₀ = 10²⁰⁰, δ = 2·10¹⁰⁰, and times x = 10²⁵⁰ it is 2·10³⁵⁰
    "the gradient of 1.weight[0, 0] is inf": linear(0.0, 1e100, x=1e250),
    # a⁽²⁾ = 10²⁰⁰, a⁽³⁾ = 10⁻¹⁰⁰·10²⁰⁰ + 10¹⁵⁰, δ⁽³⁾ = 2·10¹⁵⁰, and times a⁽²⁾ it is 2·10³⁵⁰. Further back
    # δ⁽²⁾ = 10⁻¹⁰⁰ δ⁽³⁾ = 2·10⁵⁰, and times w⁽²⁾ = 10³⁰⁰ that is 2·10³⁵⁰, too.
    "the gradient of 3.weight[0, 0] is inf": linear(0.0, 0.0, 1e300, 1e200, 1e-100, 1e150, x=1.0),
}


@pytest.mark.parametrize("where", OVERFLOWS)
def test_what_overflows_on_the_way_is_named(where):
    assert OVERFLOWS[where].trace.first_non_finite == where


def test_what_is_too_large_for_float32_is_infinite_in_it():
    network = three_four_two()
    network.parameters["2.weight"][1, 2] = -1e300
    trace = explain(network, IMAGE, 1, dtype=np.float32).trace
    assert trace.first_non_finite == "2.weight[1, 2] is -inf"
    assert explain(network, IMAGE, 1).trace.first_non_finite is None


@pytest.mark.parametrize("cost", COSTS)
def test_where_all_is_finite_nothing_is_named_and_nothing_is_said(cost):
    network = Network([Dense(4, "tanh"), Dense(2, COSTS[cost].natural)], 3, seed=1)
    explanation = explain(network, IMAGE, 1, cost)
    assert explanation.trace.first_non_finite is None
    assert explanation.warnings() == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e308])
def test_an_explanation_of_numbers_that_are_none_can_be_shown(value):
    for activation in ACTIVATIONS:
        for name in NAMES:
            network = Network([Dense(4, activation), Dense(2, activation)], 3, seed=1, dtype=np.float64)
            network.parameters[name][...] = value
            for view in all_views(explain(network, IMAGE * 30, 1)):
                assert repr(view)
                assert view._repr_html_()
