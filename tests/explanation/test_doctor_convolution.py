"""The doctor at convolutional networks: a filter lives or dies as a whole, and its places add up."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Dataset, Split
from glassnet.explanation.doctor import case, diagnose
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.training import Recipe, train

pytestmark = pytest.mark.table

DIGITS = gn.load("digits")
IMAGES = np.random.default_rng(4).uniform(0, 1, size=(40, 4, 4))
SMALL = Split(IMAGES, np.arange(40) % 2)
DATA = Dataset("small", SMALL, SMALL[:10], SMALL[:10], ("even", "odd"))


def filters(activation, weight, bias):
    """A conv layer of 1×1 filters with these weights and biases on 4×4 images, and two outputs."""
    layers = [Conv(len(bias), 1, activation=activation), Flatten(), Dense(2)]
    parameters = {
        "1.weight": np.reshape(np.array(weight, float), (-1, 1, 1, 1)),
        "1.bias": np.array(bias, float),
        "3.weight": np.random.default_rng(5).normal(size=(2, 16 * len(bias))),
        "3.bias": np.zeros(2),
    }
    return Network(layers, (1, 4, 4), parameters=parameters)


def found(diagnosis, illness):
    return [finding for finding in diagnosis.findings if finding.illness == illness]


def test_a_filter_is_dead_where_no_place_of_any_image_wakes_it():
    """Pixels go from 0 to 1: x − 2 and −x never pass 0, and x + 1 always does."""
    (finding,) = found(diagnose(filters("relu", [1, -1, 1, 1], [-2, 0, -3, 1]), DATA), "dead_relus")
    assert (finding.layer, finding.neurons) == (1, (0, 1, 2))
    assert finding.evidence == {"dead": 3, "filters": 4, "images": 40}
    assert "3 of the 4 filters in layer 1 are dead: a = 0 at every place of all of 40" in finding.what


def test_one_place_of_one_image_is_enough_to_live():
    brightest = IMAGES.max()
    threshold = (brightest + np.sort(IMAGES, axis=None)[-2]) / 2
    diagnosis = diagnose(filters("relu", [1, 1, 1], [-threshold, -2, -2]), DATA)
    assert diagnosis.examined["ReLUs"] == "layer 1: 2 of 3 filters dead"
    assert not found(diagnosis, "dead_relus")  # two thirds are fewer than three quarters


def test_a_filter_is_stuck_where_it_is_flat_at_all_places():
    """σ′(±6) = 0.0025 is flat and σ′(±3) = 0.045 is not; the weights are 0."""
    (finding,) = found(diagnose(filters("sigmoid", [0] * 5, [6, -6, 3, 6, -3]), DATA), "saturated_neurons")
    assert (finding.layer, finding.neurons) == (1, (0, 1, 3))
    assert finding.evidence == pytest.approx({"flat": 3 / 5, "stuck": 3, "filters": 5})
    assert "3 of its 5 filters have σ′ < 0.01 at all places" in finding.what


def test_a_sharp_detector_is_not_stuck():
    """σ(100 x − 90) is flat at nearly all places, but not at those near 0.9, which are what it looks for."""
    diagnosis = diagnose(filters("sigmoid", [100, 100], [-90, -80]), DATA)
    assert diagnosis.examined["hidden neurons"].endswith("0 of 2 filters stuck")
    assert not found(diagnosis, "saturated_neurons")


def test_what_the_places_of_a_filter_hear_adds_up():
    """δ of a filter: the square root of the sum of the squares over its places, by one image at a time."""
    network = Network("1x4x4 conv3@2:tanh pool2 5:tanh 2", seed=1)
    diagnosis = diagnose(network, DATA, "quadratic")
    squares = {1: [], 4: [], 5: []}
    for image, label in zip(IMAGES, SMALL.labels, strict=True):
        layers = network.astype("float64").gradient(image[None], [label]).layers
        squares[1].append(np.square(layers[0].dC_dz[0]).sum(axis=(1, 2)))
        squares[4].append(np.square(layers[3].dC_dz[0]))
        squares[5].append(np.square(layers[4].dC_dz[0]))
    sizes = [np.sqrt(np.mean(of)) for of in squares.values()]
    said = diagnosis.examined["gradients"].removeprefix("δ ").split(" from ")[0].split(", ")
    assert [float(size) for size in said] == pytest.approx(sizes, rel=0.05)


@pytest.mark.parametrize(
    "layers",
    [
        "conv6@5:relu pool2 conv6@5:relu pool2 20:relu 10",
        "conv6@5:tanh avgpool2 conv6@5:tanh pool2 dropout0.5 20:tanh 10",
    ],
)
def test_nothing_is_found_in_a_healthy_network(layers):
    recipe = Recipe(
        layers=layers, cost="cross_entropy", learning_rate=0.05, epochs=4, initializer="he", engine="textbook"
    )
    network = recipe.network()
    history = train(network, DIGITS, recipe)
    assert history[-1].validation_accuracy > 0.9
    diagnosis = diagnose(network, DIGITS, recipe=None, history=history, cost="cross_entropy")
    assert diagnosis.findings == ()
    assert {"numbers", "inputs", "gradients", "classes"} <= set(diagnosis.examined)


def test_sigmoids_that_learn_late_are_not_said_to_vanish():
    """As drawn, δ of a single neuron in layer 1 is 1/2,000 of the outputs', yet the network learns."""
    network = Network("conv8@5 pool2 conv8@5 pool2 32 10", seed=1)
    assert not found(diagnose(network, DIGITS, "cross_entropy"), "vanishing_gradients")


def test_deep_sigmoids_vanish_in_conv_layers_too():
    layers = [layer for _ in range(5) for layer in (Conv(3, 3), Dropout(0.1))]
    network = Network([*layers, AveragePool(2), Flatten(), Dense(10), Dense(10)], (1, 28, 28), seed=0)
    (finding,) = found(diagnose(network, DIGITS, "cross_entropy"), "vanishing_gradients")
    assert finding.layer == 1
    assert finding.evidence["ratio"] < 1 / 1500


def test_of_large_networks_fewer_images_are_looked_at(monkeypatch):
    network = Network([Conv(2, 1), MaxPool(2), Flatten(), Dense(2)], (1, 4, 4), seed=0)
    assert len(case.Case(network, DATA, network.check_cost("quadratic"), None, []).sample) == 40
    monkeypatch.setattr(case, "NUMBERS", 10 * (32 + 8 + 8 + 2))
    assert len(case.Case(network, DATA, network.check_cost("quadratic"), None, []).sample) == 10
