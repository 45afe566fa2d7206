"""Costs that are infinite or NaN: found where it happens, explained, and undone."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import Split
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetWarning
from glassnet.network import Network
from glassnet.training import DivergedError, Recipe, Trainer

from .noise import assert_same_bits, by_long_slices, by_slices, by_step, dataset, run

# Divergence: a linear neuron with input 1, wanted 1, from w = b = 0. With e = a − 1 the step is
# w, b ← w − ηe, b − ηe, so e ← (1 − 2η) e, from −1: with η = 50.5, |e| = 100ᵏ before step k + 1.
# In float32 e² > 3.4·10³⁸ first at k = 10, step 11; in float64 e² > 1.8·10³⁰⁸ first at k = 78, step 79
# (100⁷⁷ = 10¹⁵⁴, whose square is 10³⁰⁸). Four examples, one a mini-batch, are four steps an epoch.
ONES = dataset(Split(np.ones((4, 1)), [0, 0, 0, 0]), classes=1)
DIVERGING = Recipe(
    layers="1-1",
    output_activation="linear",
    cost="quadratic",
    initializer="zeros",
    learning_rate=50.5,
    batch_size=1,
    epochs=100,
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", [by_step, by_slices, by_long_slices, list])
@pytest.mark.parametrize(("dtype", "epoch", "batch"), [("float32", 3, 3), ("float64", 20, 3)])
def test_divergence_is_found_where_it_happens(engine, way, dtype, epoch, batch):
    recipe = DIVERGING.replace(engine=engine, dtype=dtype)
    trainer = Trainer(recipe.network(), ONES, recipe)
    with pytest.raises(DivergedError) as error:
        way(trainer)
    assert (error.value.epoch, error.value.batch) == (epoch, batch)
    assert f"infinite or NaN in epoch {epoch}, mini-batch {batch}: " in str(error.value)
    assert f"the network keeps its parameters of epoch {epoch - 1}" in str(error.value)
    assert error.value.progress.history == trainer.history
    assert len(trainer.history) == epoch - 1
    good = run(recipe.replace(epochs=epoch - 1), ONES)[0]
    assert_same_bits(trainer.network, good)
    assert all(np.isfinite(array).all() for array in trainer.network.parameters.values())


def test_divergence_in_the_first_epoch_leaves_the_first_parameters():
    recipe = DIVERGING.replace(learning_rate=1e30)
    trainer = Trainer(recipe.network(), ONES, recipe)
    with pytest.raises(DivergedError) as error:
        trainer.epoch()
    assert (error.value.epoch, error.value.batch) == (1, 2)  # e = 2·10³⁰, e² overflows
    assert_same_bits(trainer.network, recipe.network())


def test_after_a_divergence_training_stands_where_the_good_parameters_do():
    trainer = Trainer(DIVERGING.network(), ONES, DIVERGING)
    for _ in range(2):  # another try makes the same steps again
        with pytest.raises(DivergedError) as error:
            by_step(trainer)
        assert (error.value.epoch, error.value.batch) == (3, 3)
        assert trainer.epoch_share == 0
        assert_same_bits(trainer.network, trainer.progress)


def test_divergence_on_validation_data_belongs_to_the_last_mini_batch():
    huge = dataset(Split(np.ones((5, 1)), [0] * 5), Split(np.full((1, 1), 1e30), [0]), classes=1)
    recipe = DIVERGING.replace(learning_rate=0.1, batch_size=2)
    with pytest.raises(DivergedError) as error:
        run(recipe, huge)
    assert (error.value.epoch, error.value.batch) == (1, 3)  # 2 + 2 + 1 examples


@pytest.mark.parametrize(
    ("changes", "scale", "cause"),
    [
        ({}, 1, "the learning rate 50.5 is probably too large; try 5.05"),
        ({"learning_rate": 0.5}, 1000, "the inputs reach 1000; scale them to about 0 … 1"),
        # ηλ/n = 0.5 · 160 / 4 = 20: the weights are multiplied by 1 − 20 in each step
        ({"learning_rate": 0.5, "l2": 160.0}, 1, "ηλ/n is 20, so the penalty makes the weights grow"),
        (
            {"learning_rate": 0.05, "l2": 1600.0, "optimizer": "adamw"},
            1,
            "ηλ/n is 20, so the penalty makes the weights grow",
        ),
        ({"optimizer": "momentum"}, 1, "the learning rate 50.5 is probably too large; try 5.05"),
    ],
)
def test_divergence_names_its_likely_cause(changes, scale, cause):
    data = dataset(Split(np.full((4, 1), float(scale)), [0] * 4), classes=1)
    with pytest.raises(DivergedError) as error:
        run(DIVERGING.replace(**changes), data)
    assert cause in str(error.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_an_optimizer_remembers_may_not_overflow_unseen(engine):
    """No input, but w = 10¹⁹ and λ/n = 1000: the penalty's gradient is 10²², its square no float32.

    Adam's v would be infinite, and the weight stand still for ever.
    """
    data = dataset(Split(np.zeros((1, 1)), [0]), classes=1)
    recipe = DIVERGING.replace(engine=engine, optimizer="adam", learning_rate=0.001, l2=1000.0)
    network = recipe.network()
    network.parameters["1.weight"][:] = 1e19
    with pytest.raises(DivergedError, match="epoch 1, mini-batch 1: "):
        Trainer(network, data, recipe).epoch()


def test_adam_is_told_of_a_rate_that_is_usual_for_it():
    data = dataset(Split(np.ones((4, 1)), [0] * 4), classes=1)
    with pytest.warns(
        GlassnetWarning, match=r"adam moves every parameter by about .*, 1e\+30: 0\.001 is usual"
    ):
        trainer = Trainer(DIVERGING.network(), data, DIVERGING.replace(optimizer="adam", learning_rate=1e30))
    with pytest.raises(DivergedError, match=r"the learning rate 1e\+30 is probably too large; try 0\.001;"):
        list(trainer)


# A pair of cost and outputs that can break down


def test_softmax_with_cross_entropy_survives_answers_that_are_exactly_right():
    # z = 200·(1, −1, −1) makes softmax (1, 0, 0) in float32; y is the same: δ = Jᵀ ∂C/∂a = 0.
    parameters = {"1.weight": np.array([[200.0], [-200.0], [-200.0]]), "1.bias": np.zeros(3)}
    network = Network("1-3:softmax", parameters=parameters)
    recipe = Recipe(layers="1-3", cost="cross_entropy", output_activation="softmax", epochs=2)
    (first, second) = list(Trainer(network, dataset(Split(np.ones((4, 1)), [0] * 4), classes=3), recipe))
    assert (first.training_cost, second.training_accuracy) == (0.0, 1.0)
    assert np.array_equal(network.parameters["1.weight"], parameters["1.weight"])


def test_where_softmax_with_cross_entropy_breaks_down_it_says_so():
    parameters = {"1.weight": np.array([[200.0], [-200.0], [-200.0]]), "1.bias": np.zeros(3)}
    network = Network("1-3:softmax", parameters=parameters)
    recipe = Recipe(layers="1-3", cost="cross_entropy", output_activation="softmax", epochs=2)
    wrong = dataset(Split(np.ones((4, 1)), [1] * 4), classes=3)
    with pytest.raises(DivergedError, match=r"softmax outputs breaks down .* last layer sigmoid"):
        Trainer(network, wrong, recipe).epoch()
