"""A kind of layer that glassnet lacks, with a weight for each channel and no bias, is explained, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from glassnet import plots
from glassnet.document import Section, as_text, page, symbol
from glassnet.errors import GlassnetError
from glassnet.explanation import (
    attribute,
    check_gradient,
    cost_plane,
    explain,
    vanishing_gradient,
    what_examples_want,
)
from glassnet.explanation.layers import PAGES, Connections, WeightedPage
from glassnet.layers import LAYERS, Cache, Conv, Dense, Flatten
from glassnet.network import Network
from glassnet.summary import summarize
from glassnet.workflows.walkthrough import (
    layer_section,
    neuron_section,
    pixels_section,
    raise_section,
    walkthrough,
    weight_sections,
)


@dataclass(frozen=True)
class Scale:
    """z = w_c x, a = z."""

    kind: ClassVar[str] = "scale"
    activation: ClassVar[str] = "linear"

    def build(self, input_shape):
        return input_shape, {"weight": input_shape[:1]}

    def initial(self, input_shape, initializer, weights, biases):
        return {"weight": weights.normal(input_shape[:1])}

    def forward(self, params, x):
        z = self._along(params["weight"], x) * x
        return z, Cache(x, z, z)

    def delta(self, cache, dC_da):
        return dC_da

    def backward(self, params, cache, dC_dz):
        places = tuple(axis for axis in range(cache.x.ndim) if axis != 1)
        return {"weight": (dC_dz * cache.x).sum(axis=places)}

    def dC_dx(self, params, cache, dC_dz):
        return self._along(params["weight"], cache.x) * dC_dz

    def _along(self, weight, x):
        return weight.reshape(-1, *[1] * (x.ndim - 2))


class ScalePage(WeightedPage[Scale]):
    hears = "the one activation before it, times the weight of its channel"
    raised_by = "the one activation before it, in proportion to its weight"
    one_to_one = True

    def formula(self):
        return f"{symbol('a', self.number)} = {symbol('w', self.number)} ⊙ {symbol('a', self.number - 1)}"

    def shapes(self):
        return "(n) = (n) ⊙ (n)"

    def incoming(self, j):
        c = self.position(j)[0]
        return Connections(np.array([j]), self.params["weight"][[c]], np.array([[c]]))

    def outgoing(self, k):
        return self.incoming(k)

    def met(self, place):
        return np.arange(self.cache.x[0].size).reshape(self.cache.x.shape[1:])[place[0]]

    def leads(self, place):
        return f"to channel {place[0]} of layer {self.number}"

    def weight_into(self, o):
        return symbol("w", self.number, o)

    def weight_back(self, k):
        return symbol("w", self.number, self.position(k)[0])


NETWORKS = {
    "of images": ([Scale(), Conv(2, 2, activation="relu"), Scale(), Flatten(), Scale(), Dense(3)], (2, 4, 3)),
    "of rows": ([Scale(), Dense(4, "tanh"), Scale(), Dense(3)], (6,)),
    "alone": ([Scale()], (3,)),
}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(LAYERS, "scale", Scale)
    monkeypatch.setitem(PAGES, "scale", ScalePage)


@pytest.fixture(params=NETWORKS)
def network(request):
    layers, shape = NETWORKS[request.param]
    return Network(layers, shape, seed=3, dtype="float64")


def image_of(network, seed):
    return np.random.default_rng(seed).normal(size=network.input_shape)


def test_every_slope_is_the_difference(network):
    x = np.stack([image_of(network, seed) for seed in range(4)])
    check = check_gradient(network, x, [0, 1, 2, 0])
    assert check.ok
    assert len(check.entries) == network.parameter_count


def test_the_factors_make_the_gradient_and_the_wishes_add_up(network):
    explanation = explain(network, image_of(network, 5), 1)
    for layer in range(1, explanation.depth + 1):
        wishes = explanation.wishes(layer)
        np.testing.assert_allclose(wishes.sums, -explanation.trace.dC_da(layer - 1), atol=1e-14)
        for place in np.ndindex(network.shapes.get(f"{layer}.weight", (0,))):
            weight = explanation.weight(layer, *place)
            assert weight.sum == pytest.approx(weight.value, abs=1e-14)
            assert weight.verdict.ok


def test_the_ways_to_raise_an_activation_of_a_single_weight():
    """a = w x: the weight raises it by x, the activation before by w."""
    network = Network([Scale()], (2,), parameters={"1.weight": np.array([2.0, -3])}, dtype="float64")
    ways = explain(network, np.array([5.0, 7]), 0).ways_to_raise(1)
    assert (ways.count, ways.by_bias, ways.by_weights.item()) == (2, None, 7)
    assert ways.by_activations.tolist() == [0, -3]
    text = repr(ways)
    assert "It can be raised in two ways." in text
    assert "first: increase its weight, in proportion to the activation that comes in" in text


def test_everything_shows_itself_and_nothing_speaks_of_filters_or_neurons_that_are_none(network):
    explanation = explain(network, image_of(network, 6), 1)
    sections = walkthrough(explanation, 0.5, True)
    for layer in [i for i, own in enumerate(network.layers, 1) if own.kind == "scale"]:
        own = [layer_section(explanation, layer, True), neuron_section(explanation, layer, 1)]
        own += weight_sections(explanation, explanation.steepest_weight(layer), True)
        own.append(raise_section(explanation, layer, 1))
        own.append(Section("a slope", explanation.activation(layer - 1, 0).blocks()))
        text = " ".join(as_text(own).split())
        assert "filter" not in text
        assert "Σₖ" not in text
        assert "the one activation before it, times the weight of its channel" in text
        assert "first: increase its weight, in proportion to the activation that comes in" in text
        assert "by way of the neuron in its place in layer" in text
        sections += own
    assert page("all of it", sections).count("<img") >= 2
    assert "NaN" not in as_text(sections)
    if network.layers[0].kind == "scale":
        assert "filter" not in as_text([pixels_section(explanation, True)])


def test_many_images_and_pictures(network):
    x, labels = np.stack([image_of(network, seed) for seed in range(6)]), np.array([0, 1, 2] * 2)
    nudges = attribute(network, x, labels, ("1.weight", (1,)), engine="textbook").nudges
    mean = network.gradient(x, labels).parameters["1.weight"][1]
    assert nudges.mean() == pytest.approx(-mean, abs=1e-14)
    assert "⁽¹⁾" in repr(what_examples_want(network, x, labels))  # a weight of the layer is among them
    shown = vanishing_gradient(network, x, labels)
    assert [step.name for step in shown.steps].count("scale") == len(network.weights) - sum(
        own.kind != "scale" and "weight" in own.build(shape)[1]
        for own, shape in zip(network.layers, (network.input_shape, *network.output_shapes), strict=False)
    )
    plane = cost_plane(network, x.reshape(6, -1), labels, points=3, engine="textbook")
    assert np.ptp(plane.costs) > 0
    assert summarize(network).parameters == network.parameter_count
    assert plots.png(plots.weights(network))
    assert plots.png(plots.gradient_by_layer(network.gradient(x, labels)))


def test_its_places_are_named(network):
    places = r"1.weight\[j\] belongs to channel j, 0 to"
    with pytest.raises(GlassnetError, match=rf"^there is no 1.weight\[1, 2\]: {places}"):
        explain(network, image_of(network, 7), 1).weight(1, 1, 2)
