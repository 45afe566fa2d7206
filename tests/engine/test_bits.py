"""The same bits whatever the engine runs on: threads, instruction sets, slices, resumption, company."""

from __future__ import annotations

import hashlib
import sys
import threading
from dataclasses import replace
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest

from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.draws import Draw
from glassnet.engine import Task, native
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.training import Recipe, Trainer

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

NATIVE, TARGETS = native.NativeEngine(), native._native.targets()
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
THREADS = ["1", "2", "3", "8"]
X86 = ["x86-64-v4", "x86-64-v3"]
MACHINES = [
    pytest.param(isa, threads, marks=pytest.mark.skipif(isa not in TARGETS, reason=f"no {isa} here"))
    for isa, threads in product(X86 if set(X86) & set(TARGETS) else TARGETS, THREADS)
]


def sparse_task(n, shape, n_out, *, cost, batch_size, seed=0, inked=0.25, **changes):
    """Drawings: most pixels are 0, many of them in all images."""
    rng, n_in = np.random.default_rng(seed), prod(shape)
    images = rng.integers(1, 256, size=(n, n_in), dtype=np.uint8)
    images[rng.random((n, n_in)) >= inked] = 0
    images[:, rng.random(n_in) < 0.3] = 0
    parts = {"example_weights": None, "optimizer": SGD(), "learning_rate": 0.1, "l2": 0.0}
    parts |= {"images": images.reshape(n, *shape), "labels": rng.integers(n_out, size=n), "seed": seed}
    return Task(cost=COSTS[cost], batch_size=batch_size, **(parts | changes))


def sha256(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def trained(layers, task, order, dtype, cuts=()):
    """The bits of the parameters and of the records, after training on `order` in so many calls."""
    network = Network(layers, task.images.shape[1:], seed=1, dtype=dtype)
    edges = [0, *cuts, len(order)]
    calls = [NATIVE.train_batches(network, {}, task, order[a:b], 2) for a, b in pairwise(edges)]
    records = [np.concatenate([getattr(call, field) for call in calls]) for field in calls[0]._fields]
    return sha256(*network.parameters.values()), sha256(*records)


BOOK = [
    Conv(20, 5, activation="relu"),
    MaxPool(2),
    Conv(40, 5, activation="relu"),
    MaxPool(2),
    Flatten(),
    Dense(100, "relu"),
    Dropout(0.5),
    Dense(10, "softmax"),
]
ODD = [
    Dropout(0.1),
    Conv(7, 4, stride=2, padding=3, activation="tanh"),
    AveragePool(3, 2),
    Conv(33, 2, activation="sigmoid"),
    MaxPool(3, 1),
    Dropout(0.3),
    Flatten(),
    Dense(10),
]
SIX = [Dense(300, "relu"), Dropout(0.5), Dense(33, "tanh"), Dropout(0.2), Dense(10)]

# What is trained: layers, cost, the shape of an example, examples, mini-batch, λ. All are large enough for
# several threads, which take 2²⁰ multiplications each at least; the widths and the batches are no multiples
# of anything.
RUNS = {
    "the network of the lessons": (
        [Dense(256), Dense(64), Dense(10)],
        "cross_entropy",
        (784,),
        512,
        256,
        0.0,
    ),
    "more than a chunk": (
        [Dense(250, "tanh"), Dense(10, "softmax")],
        "log_likelihood",
        (784,),
        500,
        300,
        2.0,
    ),
    "a small mini-batch": (
        [Dense(300, "relu"), Dense(33, "tanh"), Dense(10)],
        "squared",
        (500,),
        67,
        10,
        2.0,
    ),
    "fewer rows than threads": ([Dense(900, "tanh"), Dense(10, "linear")], "quadratic", (700,), 7, 3, 0.0),
    "one row": ([Dense(2000), Dense(17), Dense(3)], "cross_entropy", (784,), 3, 1, 1.0),
    "softmax below and on top": (
        [Softmax(), Dense(200, "softmax"), Dense(10, "sigmoid"), Softmax()],
        "cross_entropy",
        (300,),
        400,
        131,
        2.0,
    ),
    "full batch": ([Dense(100, "relu"), Dense(10, "softmax")], "quadratic", (784,), 1000, 1000, 0.0),
    "dropout": (SIX, "squared", (500,), 400, 131, 2.0),
    "dropout, a small mini-batch": (SIX, "squared", (500,), 67, 10, 0.0),
    "the book's convolutions": (BOOK, "log_likelihood", (1, 28, 28), 47, 10, 1.0),
    "the same, in larger batches": (BOOK, "log_likelihood", (1, 28, 28), 130, 64, 0.0),
    "more than a chunk of images": (BOOK, "cross_entropy", (1, 28, 28), 331, 300, 1.0),
    "images one by one": (BOOK, "log_likelihood", (1, 28, 28), 3, 1, 1.0),
    "odd images": (ODD, "quadratic", (3, 19, 30), 71, 33, 0.0),
    "odd images, fewer than 16": (ODD, "cross_entropy", (3, 19, 30), 20, 7, 2.0),
    "wide convolutions": (
        [Conv(70, 3, padding=1, activation="relu"), Conv(65, 3, activation="tanh"), Flatten(), Dense(10)],
        "squared",
        (5, 9, 11),
        35,
        17,
        0.0,
    ),
}


def test_the_runs_miss_no_layer():
    assert {layer.kind for layers, *_ in RUNS.values() for layer in layers} == set(LAYERS)


@pytest.fixture(scope="module")
def alone():
    """Bits by one thread of the fastest instruction set: computed once for all comparisons."""
    return {}


@EACH_DTYPE
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
def test_bits_depend_on_neither_threads_nor_instruction_set(isa, threads, run, dtype, alone, monkeypatch):
    layers, cost, shape, n, batch_size, l2 = RUNS[run]
    weights = np.random.default_rng(4).uniform(0, 2, n) if l2 else None
    task = sparse_task(
        n,
        shape,
        10 if run != "one row" else 3,
        cost=cost,
        batch_size=batch_size,
        l2=l2,
        example_weights=weights,
    )
    order = np.random.default_rng(3).permutation(n)

    def on(isa, threads):
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        return trained(layers, task, order, dtype)

    if (run, dtype) not in alone:
        alone[run, dtype] = on(TARGETS[0], "1")
    assert on(isa, threads) == alone[run, dtype]


# Layers, the shape of an example, how many of them.
PASSES = {
    "rows": ([Dense(120, "tanh"), Dropout(0.2), Dense(17, "sigmoid"), Softmax()], (300,), 1100),
    "images": ([*BOOK[:-1], Dense(17, "softmax")], (1, 28, 28), 140),
    "odd images": ([*ODD[:-1], Dense(17, "softmax")], (3, 19, 30), 140),
}


@EACH_DTYPE
@pytest.mark.parametrize("which", PASSES)
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
def test_bits_of_passes_and_gradients_depend_on_neither(isa, threads, which, dtype, alone, monkeypatch):
    layers, shape, n = PASSES[which]
    task = sparse_task(n, shape, 17, cost="log_likelihood", batch_size=1)
    network, draw = Network(layers, shape, seed=1, dtype=dtype), Draw(4, 7, np.arange(n) * 10**5)

    def on(isa, threads):
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        a, costs = NATIVE.evaluate(network, task.images, task.labels, task.cost)
        numbers = [a, costs]
        for of_step in (None, draw):
            gradient = NATIVE.gradient(
                network, task.images, task.labels, task.cost, canonical=False, draw=of_step
            )
            numbers += [np.array(gradient.cost), *gradient.parameters.values()]
            numbers += [array for cache in gradient.caches for array in cache]
            numbers += [array for layer in gradient.layers for array in (layer.dC_da, layer.dC_dz)]
        assert np.array_equal(NATIVE.predictor(network)(task.images), a)
        return sha256(*numbers)

    if ("passes", which, dtype) not in alone:
        alone["passes", which, dtype] = on(TARGETS[0], "1")
    assert on(isa, threads) == alone["passes", which, dtype]


COMPANY = {
    "rows": ([Dense(40, "tanh"), Dense(10, "softmax")], (300,), 1000),
    "images": (
        [Conv(5, 3, activation="relu"), MaxPool(2), Flatten(), Dense(10, "softmax")],
        (1, 13, 12),
        270,
    ),
    "odd images": (
        [Conv(17, 4, 2, 1, "tanh"), AveragePool(2, 1), Flatten(), Dense(10, "softmax")],
        (3, 9, 12),
        270,
    ),
    "padding within": (
        [
            Conv(5, 3, 1, 2, "relu"),
            Dropout(0.0),
            MaxPool(3, 2),
            Conv(33, 2, 2, 1),
            Flatten(),
            Dense(10, "softmax"),
        ],
        (3, 8, 7),
        135,
    ),
    "pooling first": (
        [MaxPool(2), Conv(20, 3, 1, 1), AveragePool(2), Flatten(), Dense(10, "softmax")],
        (5, 8, 7),
        135,
    ),
    "dropout first": ([Dropout(0.0), AveragePool(3, 1), Flatten(), Dense(10, "softmax")], (2, 8, 7), 135),
}


@EACH_DTYPE
@pytest.mark.parametrize("which", COMPANY)
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
@pytest.mark.parametrize("pixels", [np.uint8, np.float32, np.float64])
def test_an_image_has_the_same_outputs_in_any_company(isa, threads, pixels, which, dtype, monkeypatch):
    """Alone, in eights (which go a shorter way), in odd numbers, by the thousand, in training."""
    monkeypatch.setenv("GLASSNET_ISA", isa)
    monkeypatch.setenv("GLASSNET_THREADS", threads)
    layers, shape, n = COMPANY[which]
    network = Network(layers, shape, seed=2, dtype=dtype)
    task = sparse_task(n, shape, 10, cost="log_likelihood", batch_size=n)
    images = task.images if pixels is np.uint8 else (task.images / 255).astype(pixels)
    predict = NATIVE.predictor(network)
    whole = predict(images)
    for size in (1, 3, 8, 9, 16, 17, 129):
        parts = [predict(images[start : start + size]) for start in range(0, n, size)]
        assert np.array_equal(np.concatenate(parts), whole), size
    a, costs = NATIVE.evaluate(network, images, task.labels, task.cost)
    _, few = NATIVE.evaluate(network, images[:5], task.labels[:5], task.cost)
    assert np.array_equal(a, whole)
    assert np.array_equal(few, costs[:5])
    of_137 = NATIVE.gradient(network, images[:137], task.labels[:137], task.cost).caches[-1].a
    assert np.array_equal(of_137, whole[:137])
    order = np.random.default_rng(0).permutation(n)
    task = replace(task, images=images)
    assert np.array_equal(NATIVE.train_batches(network, {}, task, order).costs, costs[order])


@EACH_DTYPE
@pytest.mark.parametrize("threads", THREADS)
def test_what_is_switched_off_does_not_depend_on_the_company(threads, dtype, monkeypatch):
    """Each example's z and a, in training, alone and among others: masks are its own."""
    monkeypatch.setenv("GLASSNET_THREADS", threads)
    for layers, shape, n in ((ODD, (3, 19, 30), 40), (SIX, (200,), 150)):
        task = sparse_task(n, shape, 10, cost="quadratic", batch_size=1)
        network = Network(layers, shape, seed=1, dtype=dtype)
        places = np.random.default_rng(1).permutation(10**6)[:n]

        def caches(rows, task=task, network=network, places=places):
            draw = Draw(3, 2, places[rows])
            return NATIVE.gradient(network, task.images[rows], task.labels[rows], draw=draw).caches

        whole = caches(np.arange(n))
        for rows in (np.array([5]), np.array([9, 0, 9]), np.arange(n)[::-1], np.arange(17)):
            for cache, wanted in zip(caches(rows), whole, strict=True):
                assert np.array_equal(cache.a, wanted.a[rows])


def test_a_predictor_keeps_the_parameters_it_was_made_with():
    network = Network("20-5-3", seed=0)
    predict, images = NATIVE.predictor(network), np.random.default_rng(0).random((9, 20))
    before = [predict(images), predict(images[:2])]
    for array in network.parameters.values():
        array += 1
    assert np.array_equal(predict(images), before[0])
    assert np.array_equal(predict(images[:2]), before[1])
    assert not np.array_equal(NATIVE.predictor(network)(images), before[0])


# Slices


@EACH_DTYPE
@pytest.mark.parametrize("run", RUNS)
def test_how_the_order_is_cut_into_calls_changes_no_bit(run, dtype, monkeypatch):
    layers, cost, shape, n, batch_size, l2 = RUNS[run]
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    rng = np.random.default_rng(5)
    n_out = layers[-1].size if isinstance(layers[-1], Dense) else 10
    task = sparse_task(n, shape, n_out, cost=cost, batch_size=batch_size, l2=l2)
    order = rng.permutation(n)
    parameters, records = trained(layers, task, order, dtype)
    borders = np.arange(batch_size, n, batch_size)
    for _ in range(3):
        cuts = borders[rng.random(len(borders)) < 0.4].tolist()
        assert trained(layers, task, order, dtype, cuts)[0] == parameters, cuts
    assert trained(layers, task, order, dtype, borders.tolist()) == (parameters, records)


@EACH_DTYPE
def test_a_smaller_batch_at_the_end_is_the_same_by_itself(dtype):
    """In the whole call it is one chunk among mini-batches of several, by itself it is a small one."""
    for inked in (0.005, 0.05, 0.5):
        task = sparse_task(400, (200,), 3, cost="cross_entropy", batch_size=300, inked=inked)
        layers, order = [Dense(20, "tanh"), Dense(3)], np.arange(400)
        assert trained(layers, task, order, dtype) == trained(layers, task, order, dtype, [300])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("threads", "batch_size", "layers"),
    [
        ("1", 10, "784-30-10"),
        ("2", 300, "784-30-10"),
        ("3", 1, "784-30-10"),
        ("2", 10, "dropout0.1 30 dropout0.5 10"),
        ("2", 30, "conv4@5s2:relu pool2 dropout0.5 conv6@3p1:tanh avgpool2 30 dropout0.2 10"),
    ],
)
def test_a_training_interrupted_and_resumed_ends_with_the_same_bits(
    dtype, threads, batch_size, layers, monkeypatch
):
    recipe = Recipe(
        layers=layers,
        batch_size=batch_size,
        epochs=3,
        l2=0.1,
        dtype=dtype,
        engine="native",
        learning_rate=0.1,
    )
    data = load("digits")
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    whole = Trainer(recipe.network(), data, recipe)
    list(whole)

    monkeypatch.setenv("GLASSNET_THREADS", threads)
    first = Trainer(recipe.network(), data, recipe)
    first.epoch()
    first.step()  # lost, as nobody saves within an epoch
    network = recipe.network()
    second = Trainer(network, data, recipe, progress=first.progress)
    second.step()
    for seconds in (0.001, 0.003, 1):
        if not second.finished:
            second.advance(seconds)
    list(second)
    assert sha256(*network.parameters.values()) == sha256(*whole.network.parameters.values())
    for mine, wanted in zip(second.history, whole.history, strict=True):
        for field in (
            "training_cost",
            "training_accuracy",
            "validation_cost",
            "validation_accuracy",
            "gradient_norms",
        ):
            assert getattr(mine, field) == getattr(wanted, field), (mine.epoch, field)


# Threads of Python


def in_threads(*functions):
    """Run them side by side; their results."""
    results, start = [None] * len(functions), threading.Barrier(len(functions))

    def run(place, function):
        start.wait()
        results[place] = function()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


def test_threads_that_train_at_the_same_time_get_the_bits_that_they_get_alone(monkeypatch):
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    layers = [Dense(200, "tanh"), Dense(10)]
    tasks = [
        sparse_task(600, (300,), 10, cost="quadratic", batch_size=size, seed=size) for size in (50, 128, 300)
    ]
    network, order = Network(layers, 300, seed=0), np.arange(600).repeat(4)

    def train(task, dtype):
        return lambda: [trained(layers, task, order, dtype) for _ in range(3)]

    def passes():
        predict = NATIVE.predictor(network)
        return [
            sha256(
                predict(tasks[0].images),
                *NATIVE.evaluate(network, tasks[1].images, tasks[1].labels, tasks[1].cost),
            )
            for _ in range(10)
        ]

    work = [train(task, np.float32) for task in tasks] + [train(tasks[1], np.float64), passes]
    assert in_threads(*work) == [function() for function in work]


def test_one_predictor_may_serve_many_threads(monkeypatch):
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    task = sparse_task(700, (300,), 10, cost="quadratic", batch_size=1)
    predict = NATIVE.predictor(Network([Dense(300, "tanh"), Dense(10)], 300, seed=0))
    whole = predict(task.images)

    def ask(size):
        return lambda: np.concatenate([predict(task.images[i : i + size]) for i in range(0, 700, size)])

    for outputs in in_threads(*(ask(size) for size in (1, 5, 8, 100, 350, 700))):
        assert np.array_equal(outputs, whole)


@pytest.mark.parametrize("what", ["train", "evaluate", "gradient", "predict"])
def test_other_threads_of_python_go_on_meanwhile(what, monkeypatch):
    """Whoever held the interpreter would have let none of these turns through while it computed."""
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    task = sparse_task(3000, (784,), 10, cost="quadratic", batch_size=3000, inked=0.9)
    network = Network([Dense(300), Dense(300), Dense(10)], 784, seed=0)
    calls = {
        "train": lambda: NATIVE.train_batches(network, {}, task, np.arange(3000)),
        "evaluate": lambda: NATIVE.evaluate(network, task.images, task.labels, task.cost),
        "gradient": lambda: NATIVE.gradient(network, task.images, task.labels),
        "predict": lambda: NATIVE.predictor(network)(task.images),
    }
    turns, stop, ready = [], threading.Event(), threading.Event()

    def count():
        while not stop.wait(0.001):
            turns.append(None)
            ready.set()

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    assert ready.wait(10)
    old, sys_interval = len(turns), sys.getswitchinterval()
    try:
        sys.setswitchinterval(100)  # nobody takes the interpreter away: it must be given
        for _ in range(5):
            calls[what]()
        met = len(turns) - old
    finally:
        sys.setswitchinterval(sys_interval)
        stop.set()
        counter.join(10)
    assert met >= 5
