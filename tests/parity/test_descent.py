"""Every optimizer and penalty: the native engine goes where the textbook goes, and remembers the same."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from glassnet.costs import COSTS
from glassnet.engine import ENGINES, Task, native
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS, SGD, initial_state, make_optimizer

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

NATIVE, TEXTBOOK = ENGINES["native"], ENGINES["textbook"]
N = 300
NETWORKS = {
    "dense": ((90,), [Dense(33, "relu"), Dense(17, "tanh"), Dense(5, "softmax")]),
    "convolution with dropout": (
        (1, 10, 9),
        [
            Conv(5, 3, padding=1, activation="relu"),
            MaxPool(2),
            Conv(18, 2, activation="tanh"),
            Flatten(),
            Dropout(0.3),
            Dense(21, "relu"),
            Dropout(0.5),
            Dense(5, "softmax"),
        ],
    ),
}
# One, fewer than 12, a whole number of blocks, more than a chunk of 128, all.
BATCH_SIZES = [1, 7, 64, 200, N]
PENALTIES = list(product([0.0, 3.0], [0.0, 2.0]))  # λ, λ₁
# Of ‖parameters‖, after some steps. In float32, Adam's step of a gradient that nearly cancels may go either
# way: ε is 10⁻⁸, and rounding is no less.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
ADAMS = {"float64": 1e-12, "float32": 1e-3}


def images_of(shape, n=N, seed=0):
    """Most pixels are 0, and each image has others: weights must move without a gradient, too."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 256, size=(n, *shape), dtype=np.uint8)
    return np.where(rng.random(images.shape) < 0.15, images, 0).astype(np.uint8)


def task_of(optimizer, shape, batch_size, l2, l1):
    return Task(
        images=images_of(shape),
        labels=np.random.default_rng(1).integers(5, size=N),
        example_weights=None,
        cost=COSTS["log_likelihood"],
        optimizer=optimizer,
        learning_rate=0.01,
        batch_size=batch_size,
        l2=l2,
        seed=3,
        l1=l1,
    )


def trained(engine, network, task, order, rates, cuts=1):
    """Parameters and what is remembered of them, after so many calls with as many mini-batches each."""
    network, state = network.copy(), initial_state(task.optimizer, network.parameters)
    batches = len(rates) // cuts
    for i in range(cuts):
        part = order[i * batches * task.batch_size : (i + 1) * batches * task.batch_size]
        engine.train_batches(
            network, state, task, part, 2, rates[i * batches : (i + 1) * batches], i * batches + 1
        )
    return network.parameters | state


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("which", NETWORKS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_engine_goes_where_the_textbook_goes(name, which, batch_size, dtype):
    """Some steps, with other rates each, and all the penalties."""
    shape, layers = NETWORKS[which]
    optimizer = make_optimizer(name, momentum=0.8, beta1=0.7, beta2=0.99)
    network = Network(layers, shape, seed=1, dtype=np.dtype(dtype))
    tolerance = (ADAMS if "adam" in name else TOLERANCE)[dtype]
    for l2, l1 in PENALTIES:
        task = task_of(optimizer, shape, batch_size, l2, l1)
        order = np.random.default_rng(2).permutation(N)[: 8 * batch_size]
        if batch_size == N:
            order = np.tile(order, 3)
        rates = 0.01 * (1 + np.arange(-(-len(order) // batch_size)) % 3)
        mine = trained(NATIVE, network, task, order, rates)
        wanted = trained(TEXTBOOK, network, task, order, rates)
        assert mine.keys() == wanted.keys()
        for key, array in wanted.items():
            assert mine[key].dtype == array.dtype == np.dtype(dtype)
            before = np.linalg.norm(network.parameters.get(key, 0))
            assert np.linalg.norm(array - network.parameters.get(key, 0)) > 0, key  # it moved
            distance = np.linalg.norm(mine[key] - array) / max(np.linalg.norm(array), before)
            assert distance <= tolerance, (key, l2, l1)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_how_an_epoch_is_cut_into_calls_changes_no_bit(name, engine):
    """η changes within the calls and between them."""
    for shape, layers in NETWORKS.values():
        network = Network(layers, shape, seed=1, dtype=np.float32)
        task = task_of(make_optimizer(name), shape, 30, 2.0, 1.0)
        order, rates = np.random.default_rng(2).permutation(N)[:180], np.linspace(0.001, 0.01, 6)
        whole = trained(engine, network, task, order, rates)
        for cuts in (2, 6):
            parts = trained(engine, network, task, order, rates, cuts)
            assert all(np.array_equal(array, parts[key]) for key, array in whole.items())
        constant = trained(engine, network, task, order, np.full(6, rates.mean()))
        assert not np.array_equal(constant["1.weight"], whole["1.weight"])


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_with_both_penalties_by_hand(engine, dtype):
    """One linear neuron with w = 2, −1, 0, b = 0, no input but 0, wanted 1; η = ½, λ = 2, λ₁ = 1, n = 2.

    ∂C/∂w = 0; λ/n w = 2, −1, 0 and λ₁/n sgn w = ½, −½, 0. The bias follows ∂C/∂b = −1 alone.
    """
    for name, w, b in [
        ("sgd", [2 - 1.25, -1 + 0.75, 0], 0.5),
        # Adam: about η against the sign; AdamW: w − ½·(2, −1, 0) first, and η against the sign of L1's
        ("adam", [1.5, -0.5, 0], 0.5),
        ("adamw", [0.5, 0, 0], 0.5),
    ]:
        parameters = {"1.weight": np.array([[2.0, -1.0, 0.0]]), "1.bias": np.zeros(1)}
        network = Network([Dense(1, "linear")], 3, parameters=parameters, dtype=dtype)
        optimizer = make_optimizer(name)
        task = Task(
            np.zeros((2, 3)), np.zeros(2, int), None, COSTS["quadratic"], optimizer, 0.5, 2, 2.0, l1=1.0
        )
        engine.train_batches(network, initial_state(optimizer, network.parameters), task, np.arange(2))
        np.testing.assert_allclose(network.parameters["1.weight"], [w], rtol=0, atol=1e-6)
        np.testing.assert_allclose(network.parameters["1.bias"], b, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_array_that_can_not_be_changed_leaves_all_others_as_they_are(name):
    shape, layers = NETWORKS["dense"]
    network, optimizer = Network(layers, shape, seed=1, dtype=np.float32), make_optimizer(name)
    state = initial_state(optimizer, network.parameters)
    task, order = task_of(optimizer, shape, 10, 1.0, 1.0), np.arange(20)
    network.parameters["2.weight"].flags.writeable = False
    before = {key: array.copy() for key, array in (network.parameters | state).items()}
    with pytest.raises(GlassnetError, match=r"2\.weight is not an array of float32 in rows that can be writ"):
        NATIVE.train_batches(network, state, task, order)
    assert all(np.array_equal(array, before[key]) for key, array in (network.parameters | state).items())


def test_an_optimizer_of_ones_own_is_for_the_textbook():
    class Sign(SGD):
        name = "sign"

        def move(self, w, g, memory, learning_rate, step):
            w -= learning_rate * np.sign(g)

    shape, layers = NETWORKS["dense"]
    network = Network(layers, shape, seed=1, dtype=np.float64)
    task = task_of(Sign(), shape, 10, 0.0, 0.0)
    moved = network.copy()
    TEXTBOOK.train_batches(moved, {}, task, np.arange(10))
    steps = np.abs(moved.parameters["3.bias"] - network.parameters["3.bias"])
    np.testing.assert_allclose(steps, 0.01, rtol=1e-9)
    with pytest.raises(GlassnetError, match=r"the native engine has no .*Sign.*: give engine = 'textbook'"):
        NATIVE.train_batches(network, {}, task, np.arange(10))
