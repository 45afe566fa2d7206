"""A small training that the tests share: much noise, three classes, and every way to run it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glassnet.data import Dataset, Split
from glassnet.training import Recipe, train

N, M = 23, 5  # training examples, mini-batch: 5 mini-batches an epoch, the last of 3


def split(n, seed, classes=3, features=6):
    """Pixels in which class k is brighter at the places k, k + 3, …, with much noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    images = rng.integers(0, 200, size=(n, features)) + 55 * (np.arange(features) % 3 == labels[:, None])
    return Split(images.astype(np.uint8), labels)


def dataset(training, validation=None, classes=3):
    validation = training[:0] if validation is None else validation
    names = tuple("abcdefgh"[:classes])
    return Dataset("noise", training, validation, training[:0], names, "0" * 64, "nobody's")


DATA = dataset(split(N, 0), split(40, 1))

RECIPE = Recipe(layers="6-4-3", learning_rate=0.8, batch_size=M, epochs=4, l2=0.7, seed=11, dtype="float64")


def run(recipe=RECIPE, data=DATA, **arguments):
    """The trained network and its records."""
    network = recipe.network()
    return network, train(network, data, recipe, **arguments)


def assert_same_bits(one, other):
    assert one.parameters.keys() == other.parameters.keys()
    for name, array in one.parameters.items():
        assert np.array_equal(array, other.parameters[name]), name


def without_time(records):
    return [replace(record, seconds=0, images_per_second=0) for record in records]


# The ways to run a training


def by_step(trainer):
    while not trainer.finished:
        trainer.step()


def by_slices(trainer):
    while not trainer.finished:
        trainer.advance(1e-9)


def by_long_slices(trainer):
    while not trainer.finished:
        trainer.advance(1e9)


def by_epoch(trainer):
    for _ in range(4):
        trainer.epoch()


def by_iteration(trainer):
    assert [record.epoch for record in trainer] == [1, 2, 3, 4]


def by_a_mixture(trainer):
    trainer.step()
    trainer.epoch()
    trainer.advance()
    trainer.step()
    list(trainer)


WAYS = [by_step, by_slices, by_long_slices, by_epoch, by_iteration, by_a_mixture]
