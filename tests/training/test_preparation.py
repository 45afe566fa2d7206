"""Before the first step: what does not fit is refused, what is hardly meant is told, what counts how much."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from glassnet.data import Split
from glassnet.errors import GlassnetError, GlassnetWarning
from glassnet.network import Network
from glassnet.schedules import Cosine, HalveOnPlateau
from glassnet.training import Progress, Trainer, train

from .noise import DATA, RECIPE, N, assert_same_bits, dataset, run

# What doesn't fit


@pytest.mark.parametrize(
    ("changes", "data", "arguments", "sentence"),
    [
        ({"layers": "6-4-2"}, DATA, {}, "the network 6-4-2 has 2 outputs: noise has 3 classes"),
        ({"layers": "6-4-4"}, DATA, {}, "the network 6-4-4 has 4 outputs: noise has 3 classes"),
        ({"layers": "5-3"}, DATA, {}, "have 6 = 6 numbers: the network 5-3 takes 5, begin its layers with 6"),
        ({"patience": 2}, dataset(DATA.training), {}, "noise has no validation data"),
        ({"keep": "best"}, dataset(DATA.training), {}, "noise has no validation data"),
        ({"class_weights": (1, 2)}, DATA, {}, "2 class_weights: noise has 3 classes"),
        ({}, DATA, {"example_weights": np.ones(5)}, "give one for each of the 23 examples"),
        ({}, DATA, {"example_weights": -np.ones(N)}, "finite and not negative"),
        ({}, DATA, {"progress": Progress({"1.weight": np.zeros((3, 6))})}, "the network 6-4-3"),
        ({"schedule": "halve2"}, dataset(DATA.training), {}, "noise has no validation data"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(changes, data, arguments, sentence):
    recipe = RECIPE.replace(**changes)
    with pytest.raises(GlassnetError, match=sentence):
        Trainer(recipe.network(), data, recipe, **arguments)


def test_a_cost_that_does_not_fit_a_network_of_ones_own_is_refused():
    with pytest.raises(GlassnetError, match="cost 'log_likelihood' is not defined for 'sigmoid' outputs"):
        Trainer(Network("6-3", seed=0), DATA, RECIPE.replace(cost="log_likelihood"))


def test_nan_among_the_inputs_is_refused():
    images = DATA.training.images / 255
    data = dataset(Split(images, DATA.training.labels))
    images[17, 2] = np.nan  # a split doesn't copy, so it can't know
    recipe = RECIPE.replace(layers="6-3")
    network = recipe.network()
    with pytest.raises(GlassnetError, match="the images hold NaN or infinite values"):
        train(network, data, recipe)
    assert all(np.isfinite(array).all() for array in network.parameters.values())


@pytest.mark.parametrize("schedule", ["cosine", 0.5, Cosine, []])
def test_a_schedule_of_ones_own_must_be_one(schedule):
    with pytest.raises(GlassnetError, match=r"^schedule is .*: give one such as schedules\.Cosine\(\)"):
        Trainer(RECIPE.network(), DATA, RECIPE, schedule=schedule)


def test_a_schedule_of_ones_own_has_the_validation_data_that_it_goes_by():
    alone = replace(DATA, validation=DATA.validation[:0])
    with pytest.raises(GlassnetError, match="has no validation data"):
        Trainer(RECIPE.network(), alone, RECIPE, schedule=HalveOnPlateau(2))
    with pytest.raises(GlassnetError, match="has no validation data"):
        Trainer(RECIPE.network(), alone, RECIPE.replace(schedule="halve2"))
    Trainer(RECIPE.network(), alone, RECIPE.replace(schedule="halve2"), schedule=Cosine())


# What is hardly meant


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"optimizer": "adamw", "learning_rate": 0.5}, "a step of adamw moves every parameter by about the"),
        ({"momentum": 0.5}, "momentum is 0.5, and sgd has none: it changes nothing"),
        ({"optimizer": "momentum", "beta1": 0.5}, "beta1 is 0.5, and momentum has none"),
        ({"optimizer": "adam", "momentum": 0.5, "learning_rate": 0.01}, "momentum is 0.5, and adam has none"),
    ],
)
def test_settings_that_are_hardly_meant_are_told(changes, sentence):
    recipe = RECIPE.replace(**changes)
    with pytest.warns(GlassnetWarning, match=sentence):
        Trainer(recipe.network(), DATA, recipe)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "momentum", "momentum": 0.5},
        {"optimizer": "nesterov", "momentum": 0.5},
        {"optimizer": "adam", "learning_rate": 0.05, "beta1": 0.7, "beta2": 0.9},
    ],
)
def test_settings_that_are_meant_are_not(changes):
    recipe = RECIPE.replace(**changes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Trainer(recipe.network(), DATA, recipe)


# Weights


def test_class_weights_are_example_weights():
    labels = DATA.training.labels
    by_class = run(RECIPE.replace(class_weights=(0.5, 1.0, 3.0)))[0]
    by_example = run(example_weights=np.array([0.5, 1.0, 3.0])[labels])[0]
    assert_same_bits(by_class, by_example)
    assert not np.array_equal(by_class.parameters["1.weight"], run()[0].parameters["1.weight"])


def test_class_and_example_weights_multiply():
    labels, given = DATA.training.labels, np.linspace(0, 2, N)
    both = run(RECIPE.replace(class_weights=(2.0, 1.0, 4.0)), example_weights=given)[0]
    product = run(example_weights=given * np.array([2.0, 1.0, 4.0])[labels])[0]
    assert_same_bits(both, product)


def test_an_example_of_weight_two_counts_as_two():
    """Gradient descent on three examples, the last weighted 2: as on four, the last twice, at η · 4/3."""
    three, four = (
        Split(DATA.training.images[rows], DATA.training.labels[rows]) for rows in ([0, 1, 2], [0, 1, 2, 2])
    )
    recipe = RECIPE.replace(batch_size=10, l2=0.0, learning_rate=0.4)
    once = run(recipe, dataset(three), example_weights=[1, 1, 2])[0]
    twice = run(recipe.replace(learning_rate=0.4 * 4 / 3), dataset(four))[0]
    for name, array in once.parameters.items():
        np.testing.assert_allclose(array, twice.parameters[name], rtol=0, atol=1e-13)


def test_examples_of_weight_zero_are_not_learned_from():
    network, records = run(RECIPE.replace(l2=0.0), example_weights=np.zeros(N))
    assert_same_bits(network, RECIPE.network())
    assert records[0].training_cost == 0
