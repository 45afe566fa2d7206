"""Figures that must hold on real digits, short enough to be asked on every run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import glassnet as gn

MNIST = Path(os.environ.get("GLASSNET_DATA", "nowhere")) / "mnist"
NEEDS_MNIST = pytest.mark.skipif(
    len(list(MNIST.glob("*-ubyte*"))) < 4, reason="MNIST's four files are not in $GLASSNET_DATA/mnist"
)


def test_the_default_recipe_reads_digits():
    digits, recipe = gn.load("digits"), gn.Recipe(seed=1)
    network = recipe.network()
    assert gn.evaluate(network, digits.test).accuracy < 0.3  # before it has learned anything
    records = gn.train(network, digits, recipe)
    assert gn.evaluate(network, digits.test).accuracy >= 0.93
    assert records[-1].training_cost < records[0].training_cost / 5


@NEEDS_MNIST
def test_the_books_network_reads_mnist_after_one_epoch():
    """Nielsen, chapter 1: 784-30-10, quadratic cost, η 3, N(0, 1); after one epoch the book has 91.29 %."""
    recipe = gn.Recipe(
        data="mnist",
        layers="784-30-10",
        cost="quadratic",
        learning_rate=3.0,
        batch_size=10,
        initializer="normal",
        epochs=1,
    )
    (record,) = gn.train(recipe.network(), gn.load("mnist"), recipe)
    assert record.validation_accuracy > 0.85
    assert record.validation_accuracy > record.training_accuracy  # which counts the first blunders, too
