"""PyTorch as an outside oracle: every slope that an explanation shows, by automatic differentiation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.draws import Draw
from glassnet.explanation import explain
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def pytorch():
    """Imported by the first test: it takes seconds, and most runs of the suite leave these tests out."""
    global torch, F
    torch = pytest.importorskip("torch", reason="the oracle PyTorch is not installed: make oracle")
    F = torch.nn.functional


TORCH_ACTIVATIONS = {
    "sigmoid": lambda z: torch.sigmoid(z),
    "tanh": lambda z: torch.tanh(z),
    "relu": lambda z: torch.relu(z),
    "linear": lambda z: z * 1,  # a tensor of its own: ∂C/∂a and ∂C/∂z are asked for apart
    "softmax": lambda z: torch.softmax(z, dim=0),
}
TORCH_LAYERS = {  # of the input x and what the layer works with: the weighted sums, as tensors of their own
    "dense": lambda layer, x, p: F.linear(x, p["weight"], p["bias"]),
    "conv": lambda layer, x, p: F.conv2d(x[None], p["weight"], p["bias"], layer.stride, layer.padding)[0],
    "max_pool": lambda layer, x, p: F.max_pool2d(x[None], layer.size, layer.stride)[0],
    "average_pool": lambda layer, x, p: F.avg_pool2d(x[None], layer.size, layer.stride)[0],
    "flatten": lambda layer, x, p: x.flatten() * 1,
    "dropout": lambda layer, x, p: x * (torch.tensor(p["mask"][0]) if "mask" in p else 1),
    "softmax": lambda layer, x, p: x * 1,
}
TORCH_COSTS = {  # of outputs a and desired outputs y
    "squared": lambda a, y: F.mse_loss(a, y, reduction="sum"),
    "quadratic": lambda a, y: F.mse_loss(a, y, reduction="sum") / 2,
    "cross_entropy": lambda a, y: F.binary_cross_entropy(a, y, reduction="sum"),
    "log_likelihood": lambda a, y: F.nll_loss(torch.log(a)[None], y.argmax()[None]),
}

# The last layers, of any size: one dense layer, or softmax on top of it.
ENDS = [(name, False) for name in ACTIVATIONS] + [(name, True) for name in ACTIVATIONS]
VALID = [
    (name, on_top, cost)
    for name, on_top in ENDS
    for cost in COSTS
    if ("softmax" if on_top else name) in COSTS[cost].allowed
]
SEEDS = range(4)
TOLERANCE = 1e-10


def test_there_are_five_hundred_cases():
    assert len(VALID) * len(ACTIVATIONS) * len(SEEDS) >= 500


def random_case(seed, hidden, activation, on_top):
    """A network of one or two hidden layers, of any small sizes, and an image: pixels or floats."""
    rng = np.random.default_rng(seed)
    n_in, *sizes, n_out = rng.integers(2, 6, size=3 + seed % 2)
    layers = [Dense(int(size), hidden) for size in sizes]
    layers += [Dense(int(n_out), activation), *([Softmax()] if on_top else [])]
    network = Network(layers, int(n_in), seed=seed, dtype=np.float64)
    pixels = rng.integers(0, 256, size=n_in, dtype=np.uint8) if seed % 3 else rng.normal(size=n_in)
    return network, pixels, int(rng.integers(n_out))


class Oracle:
    """The same pass in PyTorch: tensors of every z and a, which the slopes are asked for by."""

    def __init__(self, network, image, label, cost, draw=None):
        scaled = image / 255 if image.dtype == np.uint8 else image
        self.parameters = {
            name: torch.tensor(array, requires_grad=True) for name, array in network.parameters.items()
        }
        self.a, self.z = [torch.tensor(scaled, requires_grad=True)], [None]
        masks = [{}] * len(network.layers) if draw is None else network.in_training(draw)
        for i, (layer, mask) in enumerate(zip(network.layers, masks, strict=True)):
            params = {name[len(f"{i}.") :]: tensor for name, tensor in self.of_layer(i).items()} or mask
            z = TORCH_LAYERS[layer.kind](layer, self.a[-1], params)
            self.z.append(z)
            self.a.append(TORCH_ACTIVATIONS[layer.activation](z))
        self.cost = TORCH_COSTS[cost](self.a[-1], torch.eye(len(self.a[-1]), dtype=torch.float64)[label])

    def of_layer(self, i):
        names = [f"{i + 1}.weight", f"{i + 1}.bias"]
        return {name: self.parameters[name] for name in names if name in self.parameters}

    def slopes(self, of, by):
        """∂(a number) by some tensors, as arrays."""
        return [slope.numpy() for slope in torch.autograd.grad(of, by, retain_graph=True)]


def close(shown, wanted, what):
    np.testing.assert_allclose(shown, wanted, rtol=0, atol=TOLERANCE, err_msg=what)


@pytest.mark.parametrize(("activation", "on_top", "cost"), VALID)
def test_every_slope_shown_is_that_of_automatic_differentiation(activation, on_top, cost):
    for hidden, seed in product(ACTIVATIONS, SEEDS):
        network, image, label = random_case(seed, hidden, activation, on_top)
        explanation, oracle = explain(network, image, label, cost), Oracle(network, image, label, cost)
        trace, depth = explanation.trace, explanation.depth

        assert explanation.gradient.cost == pytest.approx(oracle.cost.item(), abs=TOLERANCE)
        assert trace.cost_terms.sum() == pytest.approx(oracle.cost.item(), abs=TOLERANCE)
        names = list(oracle.parameters)
        by_parameters = dict(
            zip(names, oracle.slopes(oracle.cost, [*oracle.parameters.values()]), strict=True)
        )
        for name, slope in by_parameters.items():
            close(explanation.gradient.parameters[name], slope, name)
            close(trace.used.parameters[name], slope, name)
        by_a, by_z = oracle.slopes(oracle.cost, oracle.a), oracle.slopes(oracle.cost, oracle.z[1:])
        close(explanation.pixels, by_a[0], "pixels")
        for layer in range(depth + 1):
            close(trace.a(layer), oracle.a[layer].detach().numpy(), f"a {layer}")
            close(trace.dC_da(layer), by_a[layer], f"∂C/∂a {layer}")
            if layer:
                close(trace.z(layer), oracle.z[layer].detach().numpy(), f"z {layer}")
                close(trace.delta(layer), by_z[layer - 1], f"δ {layer}")
                close(-explanation.wishes(layer).sums, by_a[layer - 1], f"wishes {layer}")

        rng = np.random.default_rng(seed)  # one parameter and one activation of every layer
        for layer in range(depth + 1):
            k = int(rng.integers(trace.a(layer).size))
            close(explanation.activation(layer, k).value, by_a[layer][k], "activation")
            if layer and trace.params[layer - 1]:
                j, k = (int(rng.integers(size)) for size in trace.params[layer - 1]["weight"].shape)
                close(explanation.weight(layer, j, k).value, by_parameters[f"{layer}.weight"][j, k], "w")
                close(explanation.bias(layer, j).used, by_parameters[f"{layer}.bias"][j], "b")


# Networks of images: strides, padding, windows that overlap, windows that leave some over, dropout.
IMAGES = {
    "stride": ((2, 8, 7), [Conv(3, 3, stride=2, activation="tanh"), Flatten(), Dense(3)]),
    "padding": ((1, 6, 6), [Conv(3, 3, padding=1, activation="relu"), MaxPool(2), Flatten(), Dense(3)]),
    "overlap": ((2, 8, 8), [Conv(3, 3, activation="tanh"), MaxPool(3, stride=1), Flatten(), Dense(3)]),
    "means": ((1, 9, 9), [Conv(2, 2), AveragePool(3, stride=2), Conv(3, 2), Flatten(), Dense(3, "softmax")]),
    "deep": (
        (1, 12, 12),
        [
            *(Conv(4, 3, activation="relu"), MaxPool(2), Conv(3, 2, activation="relu"), MaxPool(2)),
            *(Flatten(), Dense(6, "tanh"), Dropout(0.5), Dense(3), Softmax()),
        ],
    ),
    "dropout": ((2, 6, 6), [Dropout(0.3), Conv(3, 3), Dropout(0.5), Flatten(), Dense(3)]),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", IMAGES)
def test_every_slope_of_a_network_of_images_is_that_of_automatic_differentiation(name, seed):
    input_shape, layers = IMAGES[name]
    rng = np.random.default_rng(seed)
    network = Network(layers, input_shape, seed=seed, initializer="normal", dtype=np.float64)
    image = rng.normal(size=input_shape)
    for draw in (None, Draw(seed, 1, np.array([7]))):
        explanation = explain(network, image, 1, "quadratic", draw=draw)
        oracle, trace = Oracle(network, image, 1, "quadratic", draw), explanation.trace
        names = list(oracle.parameters)
        by_parameters = dict(
            zip(names, oracle.slopes(oracle.cost, [*oracle.parameters.values()]), strict=True)
        )
        for parameter, slope in by_parameters.items():
            close(explanation.gradient.parameters[parameter], slope, parameter)
            layer, kind = int(parameter.split(".")[0]), parameter.split(".")[1]
            for place in np.ndindex(slope.shape):  # every one, by the sum over its places
                shown = (
                    explanation.weight(layer, *place) if kind == "weight" else explanation.bias(layer, *place)
                )
                close(shown.sum, slope[place], f"{parameter}{place}")
        by_a, by_z = oracle.slopes(oracle.cost, oracle.a), oracle.slopes(oracle.cost, oracle.z[1:])
        for layer in range(explanation.depth + 1):
            close(trace.a(layer), oracle.a[layer].detach().numpy().ravel(), f"a {layer}")
            close(trace.dC_da(layer), by_a[layer].ravel(), f"∂C/∂a {layer}")
            for k in range(0, by_a[layer].size, 5):
                terms = sum(term.value for term in explanation.activation(layer, k).terms)
                if layer < explanation.depth:
                    close(terms, by_a[layer].flat[k], f"the terms of ∂C/∂a {layer}, {k}")
            if layer:
                close(trace.z(layer), oracle.z[layer].detach().numpy().ravel(), f"z {layer}")
                close(trace.delta(layer), by_z[layer - 1].ravel(), f"δ {layer}")
                close(-explanation.wishes(layer).sums, by_a[layer - 1].ravel(), f"wishes {layer}")
                j = int(rng.integers(trace.a(layer).size))
                tensors = [*oracle.of_layer(layer - 1).values(), oracle.a[layer - 1]]
                *by_own, by_before = oracle.slopes(oracle.a[layer].flatten()[j], tensors)
                ways = explanation.ways_to_raise(j, layer)
                close(ways.by_activations, by_before.ravel(), f"a {layer}, {j}")
                if by_own:
                    close(ways.by_weights, by_own[0][trace.position(layer, j)[0]], f"w {layer}, {j}")


@pytest.mark.parametrize(("activation", "on_top"), ENDS)
def test_the_ways_to_raise_are_those_of_automatic_differentiation(activation, on_top):
    for hidden, seed in product(ACTIVATIONS, SEEDS):
        network, image, label = random_case(seed, hidden, activation, on_top)
        explanation, oracle = explain(network, image, label), Oracle(network, image, label, "quadratic")
        for layer in range(1, explanation.depth + 1):
            tensors = [*oracle.of_layer(layer - 1).values(), oracle.a[layer - 1]]
            for j in range(len(oracle.a[layer])):
                ways = explanation.ways_to_raise(j, layer)
                *by_parameters, by_activations = oracle.slopes(oracle.a[layer][j], tensors)
                close(ways.by_activations, by_activations, f"a {layer}, {j}")
                if by_parameters:
                    close(ways.by_weights, by_parameters[0][j], f"w {layer}, {j}")
                    close(ways.by_bias, by_parameters[1][j], f"b {layer}, {j}")
                else:
                    assert ways.by_weights is ways.by_bias is None


@pytest.mark.parametrize(("activation", "on_top"), ENDS)
def test_softmaxs_jacobians_are_those_of_automatic_differentiation(activation, on_top):
    met = 0
    for hidden, seed in product(ACTIVATIONS, SEEDS):
        network, image, label = random_case(seed, hidden, activation, on_top)
        explanation, oracle = explain(network, image, label), Oracle(network, image, label, "quadratic")
        for layer, own in enumerate(network.layers, 1):
            if own.activation == "softmax":
                rows = [oracle.slopes(a_i, [oracle.z[layer]])[0] for a_i in oracle.a[layer]]
                close(explanation.jacobian(layer).matrix, np.stack(rows), f"{layer}")
                met += 1
    assert met >= len(SEEDS)
