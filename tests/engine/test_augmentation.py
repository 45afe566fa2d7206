"""Augmentation in training: both engines see the same bytes, on any machine, and cut in any way."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from math import prod

import numpy as np
import pytest

from glassnet.augmentation import Augmentation, expanded
from glassnet.costs import COSTS
from glassnet.data import Dataset, Split
from glassnet.engine import ENGINES, Task, native
from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.training import Recipe, Trainer, train

TARGETS = [] if native.missing() else native._native.targets()
MACHINES = list(product(TARGETS, ["1", "2", "3"]))
EACH_ENGINE = pytest.mark.parametrize("engine", ENGINES)
NEEDS_NATIVE = pytest.mark.skipif(not TARGETS, reason="the native engine can't run")
EVERYTHING = Augmentation(shift=1.5, rotate=20, scale=0.2, shear=0.2, elastic=0.6)
SHAPES = [(28, 28), (8, 8), (5, 7), (3, 9, 12), (2, 33, 17), (1, 6, 40), (1, 1)]


def task_of(shape, n, n_out, batch_size, augmentation, dense=0.6):
    rng = np.random.default_rng(prod(shape))
    images = rng.integers(0, 256, size=(n, *shape), dtype=np.uint8)
    images[rng.random(images.shape) > dense] = 0
    return Task(
        images=images,
        labels=rng.integers(n_out, size=n),
        example_weights=None,
        cost=COSTS["quadratic"],
        optimizer=SGD(),
        learning_rate=0.1,
        batch_size=batch_size,
        l2=0.0,
        seed=5,
        augmentation=augmentation,
    )


def seen(engine, task, place, epoch):
    """The pixels that an engine trains on: a linear neuron of zeros that wants 1 learns 1 · x of η = 1."""
    size = prod(task.images.shape[1:])
    parameters = {"1.weight": np.zeros((1, size)), "1.bias": np.zeros(1)}
    network = Network([Dense(1, "linear")], size, parameters=parameters, dtype=np.float64)
    ENGINES[engine].train_batches(network, {}, task, np.array([place]), epoch)
    return np.rint(network.parameters["1.weight"] * 255).astype(int).reshape(task.images.shape[1:])


def some_words(side):
    """Every combination of words, strong enough to be seen."""
    full = {"shift": side * 0.2, "rotate": 40, "scale": 0.4, "shear": 0.5, "elastic": side * 0.1}
    for chosen in product([False, True], repeat=5):
        if any(chosen):
            yield Augmentation(**{word: full[word] for word, on in zip(full, chosen, strict=True) if on})


@EACH_ENGINE
@pytest.mark.parametrize("shape", SHAPES)
def test_engines_train_on_what_moved_shows_to_the_byte(engine, shape):
    changed = 0
    for augmentation in some_words(min(shape[-2:])):
        task = replace(task_of(shape, 12, 1, 1, augmentation), learning_rate=1.0)
        wanted = augmentation.moved(task.images, task.seed, 3)
        for place in (0, 7, 11):
            assert np.array_equal(seen(engine, task, place, 3), wanted[place]), augmentation.text
            changed += not np.array_equal(wanted[place], task.images[place])
    assert changed > 20 or shape == (1, 1)


@NEEDS_NATIVE
@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_instruction_set_moves_alike(isa, shape, monkeypatch):
    monkeypatch.setenv("GLASSNET_ISA", isa)
    side = min(shape[-2:])
    whole = replace(EVERYTHING, shift=side / 5, elastic=side / 9)
    for augmentation in (whole, replace(whole, elastic=0), Augmentation(rotate=180, scale=0.5, shear=1)):
        task = replace(task_of(shape, 30, 1, 1, augmentation), learning_rate=1.0)
        wanted = augmentation.moved(task.images, task.seed, 8)
        for place in range(30):
            assert np.array_equal(seen("native", task, place, 8), wanted[place])


# Layers, the shape of a picture, examples, mini-batch.
RUNS = {
    "rows": ([Dense(300, "relu"), Dropout(0.3), Dense(10)], (28, 28), 331, 300),
    "small batches of rows": ([Dense(400, "tanh"), Dense(10)], (28, 28), 43, 10),
    "images": (
        [Conv(20, 5, activation="relu"), MaxPool(2), Dropout(0.5), Flatten(), Dense(30, "relu"), Dense(10)],
        (28, 28),
        130,
        64,
    ),
    "images of three channels": (
        [Conv(9, 4, 2, 1, "tanh"), AveragePool(2, 1), Flatten(), Dense(40), Dense(10)],
        (3, 19, 30),
        71,
        33,
    ),
    "one by one": ([Conv(20, 5, activation="relu"), Flatten(), Dense(10)], (28, 28), 3, 1),
}


def trained(engine, run, task, cuts=(), epoch=2):
    layers, shape, n, _ = RUNS[run]
    input_shape = (1, *shape) if len(shape) == 2 and isinstance(layers[0], Conv) else shape
    network = Network(layers, prod(shape) if isinstance(layers[0], Dense) else input_shape, seed=1)
    order = np.random.default_rng(3).permutation(n)
    calls = [
        ENGINES[engine].train_batches(network, {}, task, order[a:b], epoch)
        for a, b in pairwise([0, *cuts, n])
    ]
    records = [np.concatenate([getattr(call, field) for call in calls]) for field in calls[0]._fields]
    return [array.tobytes() for array in (*network.parameters.values(), *records)]


def task_for(run, augmentation=EVERYTHING):
    _, shape, n, batch_size = RUNS[run]
    return task_of(shape, n, 10, batch_size, augmentation, dense=0.2)


@EACH_ENGINE
@pytest.mark.parametrize("run", RUNS)
def test_training_is_the_same_as_on_images_moved_before(engine, run):
    task = task_for(run)
    before = replace(task, images=EVERYTHING.moved(task.images, task.seed, 2), augmentation=None)
    assert trained(engine, run, task) == trained(engine, run, before)
    assert trained(engine, run, task) != trained(engine, run, replace(task, augmentation=None))
    assert trained(engine, run, task, epoch=3) != trained(engine, run, task)


@NEEDS_NATIVE
@pytest.mark.parametrize("run", RUNS)
def test_bits_depend_on_neither_threads_nor_instruction_set_nor_cuts(run, monkeypatch):
    task, results = task_for(run), []
    _, _, n, batch_size = RUNS[run]
    borders = list(range(batch_size, n, batch_size))
    for isa, threads in MACHINES:
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        results += [trained("native", run, task), trained("native", run, task, borders)]
    assert all(result == results[0] for result in results)


# Recipes


def dataset(images, labels):
    split = Split(images, labels)
    return Dataset("noise", split, split[:20], split[:0], tuple("abc"))


PIXELS = np.random.default_rng(0).integers(0, 256, size=(40, 9, 8), dtype=np.uint8)
DATA = dataset(PIXELS, np.random.default_rng(1).integers(3, size=40))
RECIPE = Recipe(
    layers="72-10-3", batch_size=7, epochs=3, l2=2.0, augmentation="shift1.5 rotate20 scale0.2 elastic0.5"
)


def parameters(trainer):
    list(trainer)
    return [array.tobytes() for array in trainer.network.parameters.values()]


@EACH_ENGINE
@pytest.mark.parametrize("layers", ["72-10-3", "9x8 conv4@3 pool2 dropout0.2 3"])
def test_a_training_resumed_ends_with_the_same_bits(engine, layers):
    recipe = RECIPE.replace(engine=engine, layers=layers)
    whole = parameters(Trainer(recipe.network(), DATA, recipe))
    first = Trainer(recipe.network(), DATA, recipe)
    first.epoch()
    first.step()  # lost
    assert parameters(Trainer(recipe.network(), DATA, recipe, progress=first.progress)) == whole
    assert whole != parameters(Trainer(recipe.network(), DATA, recipe.replace(augmentation="")))


@EACH_ENGINE
def test_rows_of_numbers_are_the_pictures_that_the_network_takes(engine):
    recipe = RECIPE.replace(engine=engine, layers="9x8 conv4@3 3")
    flat = dataset(DATA.training.images.reshape(40, 72), DATA.training.labels)
    assert parameters(Trainer(recipe.network(), flat, recipe)) == parameters(
        Trainer(recipe.network(), DATA, recipe)
    )


@EACH_ENGINE
def test_expanded_is_training_on_five_times_as_many(engine):
    """λ/n counts them, too; weights go with the image."""
    recipe = RECIPE.replace(engine=engine, augmentation="expanded", class_weights=(1, 2, 0.5))
    weights = np.random.default_rng(2).uniform(0, 2, 40)
    given = Trainer(recipe.network(), DATA, recipe, example_weights=weights)
    five = dataset(expanded(DATA.training.images), np.tile(DATA.training.labels, 5))
    plain = recipe.replace(augmentation="")
    by_hand = Trainer(plain.network(), five, plain, example_weights=np.tile(weights, 5))
    assert given.examples == by_hand.examples == 200
    assert parameters(given) == parameters(by_hand)
    assert len(DATA.training) == 40  # the data itself stays what it was


def test_expanded_takes_the_shape_of_the_picture():
    recipe = RECIPE.replace(augmentation="expanded", epochs=1)
    (record,) = train(recipe.network(), DATA, recipe)
    assert record.epoch == 1


@pytest.mark.parametrize(
    ("changes", "data", "sentence"),
    [
        ({"augmentation": "shift2"}, DATA, "shift 2 would move a digit out of its 9×8 image: give less"),
        ({}, dataset(DATA.training.images / 255, DATA.training.labels), "images of noise are float64"),
        (
            {},
            dataset(DATA.training.images.reshape(40, 72), DATA.training.labels),
            r"the images of noise are rows of 72 numbers; begin the layers with the picture",
        ),
        (
            {"augmentation": "expanded"},
            dataset(DATA.training.images.reshape(40, 72), DATA.training.labels),
            r"the images of noise are rows of 72 numbers",
        ),
    ],
)  # fmt: skip
def test_data_that_can_not_move_is_refused_before_the_first_step(changes, data, sentence):
    recipe = RECIPE.replace(**changes)
    with pytest.raises(GlassnetError, match=sentence):
        Trainer(recipe.network(), data, recipe)
