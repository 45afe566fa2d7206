"""Every optimizer has the same bits with any threads and instruction set, and after an interruption."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.engine import Task, native
from glassnet.layers import Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS, initial_state, make_optimizer
from glassnet.schedules import SCHEDULES
from glassnet.storage import RunFolder, read_tensors
from glassnet.training import Recipe, Trainer

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

NATIVE, TARGETS = native.NativeEngine(), native._native.targets()
MACHINES = [machine for machine in product(TARGETS, ["1", "2", "3"]) if machine != (TARGETS[0], "1")]
# Large enough for several threads, which take 2²⁰ multiplications each at least: layers, shape, mini-batch.
NETWORKS = {
    "dense": ([Dense(256, "relu"), Dense(33, "tanh"), Dense(10, "softmax")], (784,), 100),
    "more than a chunk": ([Dense(130, "relu"), Dense(10, "softmax")], (784,), 200),
    "images": (
        [
            Conv(20, 5, activation="relu"),
            MaxPool(2),
            Conv(33, 3, activation="relu"),
            MaxPool(2),
            Flatten(),
            Dense(70, "relu"),
            Dropout(0.5),
            Dense(10, "softmax"),
        ],
        (1, 28, 28),
        50,
    ),
}


def trained(name, which, dtype):
    """The bits of four steps, η another in each."""
    layers, shape, batch_size = NETWORKS[which]
    rng, n = np.random.default_rng(0), 4 * batch_size
    images = np.where(rng.random((n, *shape)) < 0.2, rng.integers(1, 256, size=(n, *shape)), 0)
    optimizer = make_optimizer(name)
    task = Task(
        images.astype(np.uint8),
        rng.integers(10, size=n),
        None,
        COSTS["log_likelihood"],
        optimizer,
        0.1,
        batch_size,
        2.0,
        l1=1.0,
    )
    network = Network(layers, shape, seed=1, dtype=dtype)
    state = initial_state(optimizer, network.parameters)
    met = NATIVE.train_batches(
        network, state, task, rng.permutation(n), 1, np.array([0.01, 0.03, 0.02, 0.001])
    )
    return [array.tobytes() for array in (*network.parameters.values(), *state.values(), *met)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("which", NETWORKS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_bits_depend_on_neither_threads_nor_instruction_set(name, which, dtype, monkeypatch):
    monkeypatch.setenv("GLASSNET_ISA", TARGETS[0])
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    alone = trained(name, which, dtype)
    for isa, threads in MACHINES:
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        assert trained(name, which, dtype) == alone, (isa, threads)


RUNS = {
    "sgd": "halve1",
    "momentum": "step1x0.5",
    "nesterov": "cosine",
    "adam": "onecycle0.3",
    "adamw": "constant",
}


def test_the_runs_miss_neither_optimizer_nor_schedule():
    assert set(RUNS) == set(OPTIMIZERS)
    assert {schedule.rstrip("0123456789.x") for schedule in RUNS.values()} == set(SCHEDULES)


@pytest.mark.parametrize("engine", ["native", "textbook"])
@pytest.mark.parametrize("layers", ["784-12-10", "conv4@5s2:relu pool2 dropout0.5 10"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_goes_on_from_its_folder_to_the_same_bits(name, layers, engine, tmp_path, monkeypatch):
    """Stopped in the third epoch of four, it begins that one again, with what the optimizer remembered."""
    data = load("digits")
    recipe = Recipe(
        layers=layers,
        learning_rate=0.01,
        batch_size=100,
        epochs=4,
        optimizer=name,
        schedule=RUNS[name],
        l2=0.1,
        l1=0.1,
        engine=engine,
    )
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    whole = Trainer(recipe.network(), data, recipe)
    list(whole)

    first = Trainer(recipe.network(), data, recipe)
    first.epoch(), first.epoch(), first.step()
    run = RunFolder.create(tmp_path / "run", recipe)
    run.save_progress(first.progress, recipe, data.sha256)
    arrays, _ = read_tensors(run.checkpoint)
    kinds = OPTIMIZERS[name].remembers
    assert {key for key in arrays if key.startswith("optimizer/")} == {
        f"optimizer/{parameter}.{kind}" for parameter in first.network.parameters for kind in kinds
    }
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    reopened = RunFolder.open(run.path)
    progress = reopened.load_progress(reopened.recipe(), data.sha256)
    second = Trainer(recipe.network(), data, reopened.recipe(), progress=progress)
    second.step()
    assert [record.epoch for record in second] == [3, 4]
    for mine, wanted in (
        (second.progress.parameters, whole.progress.parameters),
        (second.progress.optimizer_state, whole.progress.optimizer_state),
    ):
        assert mine.keys() == wanted.keys()
        assert all(np.array_equal(array, wanted[key]) for key, array in mine.items())
    for mine, wanted in zip(second.history, whole.history, strict=True):
        for field in ("training_cost", "penalty", "validation_cost", "gradient_norms", "learning_rate"):
            assert getattr(mine, field) == getattr(wanted, field), (mine.epoch, field)
