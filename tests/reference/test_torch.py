"""PyTorch as an outside oracle: the same gradients by automatic differentiation, the same training steps."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.data import Dataset, Split
from glassnet.layers import LAYERS, Dense, Softmax
from glassnet.network import Network
from glassnet.recipe import Recipe
from glassnet.rng import Purpose, Stream
from glassnet.training import Trainer

torch = pytest.importorskip("torch", reason="the oracle PyTorch is not installed: make oracle")

TORCH_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda z: z,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
F = torch.nn.functional
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


def test_the_oracle_knows_every_component():
    assert set(TORCH_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(TORCH_COSTS) == set(COSTS)
    assert set(LAYERS) == {"dense", "softmax"}  # what `forward` below knows


def tensors(network):
    return {
        name: torch.tensor(array, dtype=torch.float64, requires_grad=True)
        for name, array in network.parameters.items()
    }


def forward(network, parameters, x):
    for i, layer in enumerate(network.layers):
        if layer.kind == "dense":
            x = F.linear(x, parameters[f"{i}.weight"], parameters[f"{i}.bias"])
        x = TORCH_ACTIVATIONS[layer.activation](x)
    return x


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
