"""PyTorch as an outside oracle: the same gradients by automatic differentiation, the same training steps."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import Dataset, Split
from glassnet.draws import Draw
from glassnet.engine import Task, get_engine
from glassnet.initializers import Initializer
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.rng import Purpose, Stream
from glassnet.training import Recipe, Trainer

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
    "linear": lambda z: z,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
TORCH_LAYERS = {  # of the input x and the layer's parameters p: the weighted sums
    "dense": lambda layer, x, p: F.linear(x, p["weight"], p["bias"]),
    "conv": lambda layer, x, p: F.conv2d(x, p["weight"], p["bias"], layer.stride, layer.padding),
    "max_pool": lambda layer, x, p: F.max_pool2d(x, layer.size, layer.stride),
    "average_pool": lambda layer, x, p: F.avg_pool2d(x, layer.size, layer.stride),
    "flatten": lambda layer, x, p: torch.flatten(x, start_dim=1),
    "dropout": lambda layer, x, p: x * p["mask"] if "mask" in p else x * 1,
    "softmax": lambda layer, x, p: x,
}
TORCH_COSTS = {  # of outputs a and one-hot y: the mean over the rows
    "squared": lambda a, y: F.mse_loss(a, y, reduction="sum") / len(a),
    "quadratic": lambda a, y: F.mse_loss(a, y, reduction="sum") / (2 * len(a)),
    "cross_entropy": lambda a, y: F.binary_cross_entropy(a, y, reduction="sum") / len(a),
    "log_likelihood": lambda a, y: F.nll_loss(torch.log(a), y.argmax(dim=1)),
}

ENDS = [[Dense(3, name)] for name in ACTIVATIONS] + [[Dense(3, name), Softmax()] for name in ACTIVATIONS]
VALID = [(end, cost) for end in ENDS for cost in COSTS if end[-1].activation in COSTS[cost].allowed]


def name_of(value):
    return "-".join(layer.activation for layer in value) if isinstance(value, list) else None


def tensors(network):
    return {
        name: torch.tensor(array, dtype=torch.float64, requires_grad=True)
        for name, array in network.parameters.items()
    }


def passes(network, parameters, x, masks=None):
    """z and a of every layer."""
    made = []
    for i, (layer, params) in enumerate(zip(network.layers, network.by_layer(parameters), strict=True)):
        if masks and "mask" in masks[i]:
            params = {"mask": torch.tensor(masks[i]["mask"])}
        z = TORCH_LAYERS[layer.kind](layer, x, params)
        x = TORCH_ACTIVATIONS[layer.activation](z)
        made.append((z, x))
    return made


def forward(network, parameters, x):
    return passes(network, parameters, x)[-1][1]


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("end", "cost"), VALID, ids=name_of)
def test_gradients_are_those_of_automatic_differentiation(hidden, end, cost):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = Network([Dense(6, hidden), Dense(5, hidden), *end], 7, seed=seed, dtype=np.float64)
        images = rng.integers(0, 256, size=(4, 7), dtype=np.uint8)
        labels = rng.integers(3, size=4)

        parameters = tensors(network)
        outputs = forward(network, parameters, torch.tensor(images / 255))
        C = TORCH_COSTS[cost](outputs, torch.tensor(np.eye(3)[labels]))
        C.backward()

        np.testing.assert_allclose(network.predict(images), outputs.detach().numpy(), rtol=0, atol=1e-12)
        for canonical in (True, False):
            ours = network.gradient(images, labels, cost, canonical=canonical)
            assert ours.cost == pytest.approx(C.item(), abs=1e-10)
            for name, tensor in parameters.items():
                np.testing.assert_allclose(
                    ours.parameters[name], tensor.grad.numpy(), rtol=0, atol=1e-10, err_msg=name
                )


# Networks that see images: the shape of an image, the layers, the cost.
IMAGES = {
    "of the book": (
        (1, 28, 28),
        [
            Conv(4, 5, activation="relu"),
            MaxPool(2),
            Conv(6, 5, activation="relu"),
            MaxPool(2),
            Flatten(),
            Dense(20, "relu"),
            Dense(3, "softmax"),
        ],
        "log_likelihood",
    ),
    "strides, paddings and channels": (
        (3, 11, 14),
        [
            Conv(5, 4, stride=2, padding=3, activation="tanh"),
            Conv(2, 3, padding=1, activation="sigmoid"),
            Flatten(),
            Dense(3),
        ],
        "cross_entropy",
    ),
    "overlapping pools": (
        (2, 15, 10),
        [
            Conv(3, 2, activation="linear"),
            MaxPool(3, 2),
            AveragePool(3, 1),
            MaxPool(2, 1),
            Flatten(),
            Dense(3, "tanh"),
        ],
        "squared",
    ),
    "rows left over": (
        (1, 13, 9),
        [
            AveragePool(2),
            Conv(4, 2, stride=3, activation="tanh"),
            MaxPool(1, 2),
            Flatten(),
            Dense(3, "linear"),
        ],
        "quadratic",
    ),
    "pools with gaps": (
        (4, 9, 12),
        [MaxPool(2, 3), Conv(2, 2, padding=1, activation="tanh"), AveragePool(1, 2), Flatten(), Dense(3)],
        "squared",
    ),
    "dropout everywhere": (
        (2, 8, 7),
        [
            Dropout(0.1),
            Conv(3, 3, activation="relu"),
            Dropout(0.5),
            MaxPool(2),
            Flatten(),
            Dense(9, "tanh"),
            Dropout(0.3),
            Dense(3, "sigmoid"),
            Softmax(),
        ],
        "log_likelihood",
    ),
    "no dense layer": ((2, 6, 8), [Conv(3, 6, activation="tanh"), AveragePool(1, 3), Flatten()], "quadratic"),
}


@pytest.mark.parametrize("which", IMAGES)
@pytest.mark.parametrize("canonical", [True, False])
@pytest.mark.parametrize("draw", [None, Draw(3, 2, np.array([70, 2, 5, 9]))], ids=["as it is", "in training"])
def test_networks_that_see_images_are_those_of_torch(which, canonical, draw):
    """Forward and back: every z and a, every slope by them, every parameter's gradient, and one SGD step."""
    shape, layers, cost = IMAGES[which]
    rng = np.random.default_rng(5)
    network = Network(layers, shape, seed=5, dtype=np.float64)
    images = rng.integers(0, 256, size=(4, *shape), dtype=np.uint8)
    labels = rng.integers(3, size=4)

    parameters = tensors(network)
    x = torch.tensor(images / 255, requires_grad=True)  # so that every number on the way has a slope
    made = passes(network, parameters, x, draw and network.in_training(draw))
    for tensor in (tensor for pair in made for tensor in pair):
        tensor.retain_grad()
    C = TORCH_COSTS[cost](made[-1][1], torch.tensor(np.eye(network.output_shape[0])[labels]))
    C.backward()

    def close(ours, tensor):
        np.testing.assert_allclose(ours, tensor.detach().numpy(), rtol=0, atol=1e-10)

    gradient = network.gradient(images, labels, cost, canonical=canonical, draw=draw)
    assert gradient.cost == pytest.approx(C.item(), abs=1e-10)
    for cache, back, (z, a) in zip(gradient.caches, gradient.layers, made, strict=True):
        close(cache.z, z)
        close(cache.a, a)
        close(back.dC_dz, z.grad)
        if back.dC_da is not None:
            close(back.dC_da, a.grad)
    for name, tensor in parameters.items():
        close(gradient.parameters[name], tensor.grad)
    if draw is None:
        close(network.predict(images), made[-1][1])

    torch.optim.SGD(parameters.values(), lr=0.3).step()
    if draw:
        all_images, all_labels = np.zeros((71, *shape), np.uint8), np.zeros(71, np.int64)
        all_images[draw.places], all_labels[draw.places] = images, labels
        task = Task(all_images, all_labels, None, network.check_cost(cost), SGD(), 0.3, 4, 0.0, draw.seed)
        get_engine("textbook").train_batches(network, {}, task, draw.places, draw.epoch)
        for name, tensor in parameters.items():
            close(network.parameters[name], tensor)


@pytest.mark.parametrize("shape", [(20, 1, 5, 5), (40, 20, 5, 5), (3, 4, 2, 2), (7, 1, 1, 1)])
def test_fans_are_those_of_torch(shape):
    asked = []

    def spy(stream, shape, fan_in, fan_out):
        asked.append((fan_in, fan_out))
        return np.zeros(shape)

    streams = Stream(0, Purpose.WEIGHTS), Stream(0, Purpose.BIASES)
    initializer = Initializer("spy", spy, lambda stream, shape: np.zeros(shape))
    Conv(shape[0], shape[2]).initial((shape[1], 9, 9), initializer, *streams)
    assert asked == [torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))]


RUNS = [
    ("7-6-3", "sigmoid", "squared"),
    ("7-6-3", "tanh", "quadratic"),
    ("7-6-5-3", "relu", "cross_entropy"),
    ("7-6-3", "sigmoid", "log_likelihood"),
    ("7-6-3-softmax", "tanh", "log_likelihood"),
    ("7-6-3-softmax", "linear", "squared"),
]


def test_the_runs_miss_no_cost():
    assert {cost for _, _, cost in RUNS} == set(COSTS)


@pytest.mark.parametrize(("layers", "activation", "cost"), RUNS)
@pytest.mark.parametrize("l2", [0.0, 2.0])
def test_fifty_steps_of_training_are_those_of_torch(layers, activation, cost, l2):
    """torch's weight_decay d adds d·w to the gradient: d = λ/n, for the weights alone."""
    rng = np.random.default_rng(1)
    n, m = 40, 7  # the sixth mini-batch of an epoch has 5
    split = Split(rng.integers(0, 256, size=(n, 7), dtype=np.uint8), rng.integers(3, size=n))
    data = Dataset("random", split, split[:0], split[:0], ("a", "b", "c"), "0" * 64, "nobody's")
    recipe = Recipe(
        layers=layers,
        activation=activation,
        cost=cost,
        learning_rate=0.3,
        batch_size=m,
        l2=l2,
        epochs=100,
        seed=8,
        dtype="float64",
    )
    network = recipe.network()
    parameters = tensors(network)
    groups = [
        {"params": [t for name, t in parameters.items() if "weight" in name], "weight_decay": l2 / n},
        {"params": [t for name, t in parameters.items() if "bias" in name], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.3)
    x, y = torch.tensor(split.images / 255), torch.tensor(np.eye(3)[split.labels])

    trainer = Trainer(network, data, recipe)
    for step in range(50):
        epoch, batch = divmod(step, 6)
        order = Stream(8, Purpose.SHUFFLE, epoch=epoch + 1).permutation(n)
        places = torch.tensor(order[batch * m : (batch + 1) * m])
        optimizer.zero_grad()
        C = TORCH_COSTS[cost](forward(network, parameters, x[places]), y[places])
        C.backward()
        norms = {name: t.grad.norm().item() for name, t in parameters.items() if "weight" in name}
        optimizer.step()

        met = trainer.step()
        assert (met.epoch, met.batch) == (epoch + 1, batch + 1)
        assert met.cost == pytest.approx(C.item(), abs=1e-9)
        assert met.gradient_norms == pytest.approx(norms, abs=1e-9)
    for name, tensor in parameters.items():
        assert not np.allclose(
            tensor.detach().numpy(), recipe.network().parameters[name], atol=1e-3
        )  # it moved
        np.testing.assert_allclose(network.parameters[name], tensor.detach().numpy(), rtol=0, atol=1e-9)
