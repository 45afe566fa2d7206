"""Training: the records recomputed by hand, the same bits however it is run, and every way to stop."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace

import numpy as np
import pytest

from glassnet.data import Dataset, Split
from glassnet.engine import ENGINES, get_engine
from glassnet.errors import GlassnetError, GlassnetWarning
from glassnet.network import Network
from glassnet.rng import Purpose, Stream
from glassnet.schedules import Cosine, HalveOnPlateau
from glassnet.training import DivergedError, History, Progress, Recipe, Trainer, train
from glassnet.training import trainer as training

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


# What the records say


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def by_hand(recipe, data, weights):
    """The same training in plain NumPy: for each epoch what its record should say, and the parameters."""
    p = {name: array.copy() for name, array in recipe.network().parameters.items()}
    x, y = data.training.images / 255, np.eye(3)[data.training.labels]
    n, m, eta, l2 = len(x), recipe.batch_size, recipe.learning_rate, recipe.l2
    for epoch in range(1, recipe.epochs + 1):
        order = Stream(recipe.seed, Purpose.SHUFFLE, epoch=epoch).permutation(n)
        costs, right, norms = [], [], []
        for start in range(0, n, m):
            rows = order[start : start + m]
            w = weights[rows][:, None]
            h = sigmoid(x[rows] @ p["1.weight"].T + p["1.bias"])
            a = sigmoid(h @ p["2.weight"].T + p["2.bias"])
            costs += list(-w[:, 0] * (y[rows] * np.log(a) + (1 - y[rows]) * np.log(1 - a)).sum(axis=1))
            right += list(a.argmax(axis=1) == data.training.labels[rows])
            d2 = w * (a - y[rows]) / len(rows)
            d1 = d2 @ p["2.weight"] * h * (1 - h)
            gradients = {
                "1.weight": d1.T @ x[rows],
                "1.bias": d1.sum(axis=0),
                "2.weight": d2.T @ h,
                "2.bias": d2.sum(axis=0),
            }
            norms.append([np.sqrt((gradients[name] ** 2).sum()) for name in ("1.weight", "2.weight")])
            for name, gradient in gradients.items():
                shrink = 1 - eta * l2 / n if name.endswith("weight") else 1
                p[name] = shrink * p[name] - eta * gradient
        v, u = data.validation.images / 255, np.eye(3)[data.validation.labels]
        a = sigmoid(sigmoid(v @ p["1.weight"].T + p["1.bias"]) @ p["2.weight"].T + p["2.bias"])
        yield (
            p,
            {
                "epoch": epoch,
                "training_cost": sum(costs) / n,
                "penalty": l2 / (2 * n) * ((p["1.weight"] ** 2).sum() + (p["2.weight"] ** 2).sum()),
                "training_accuracy": sum(right) / n,
                "validation_cost": -(u * np.log(a) + (1 - u) * np.log(1 - a)).sum() / len(u),
                "validation_accuracy": (a.argmax(axis=1) == data.validation.labels).mean(),
                "gradient_norms": dict(zip(["1.weight", "2.weight"], np.mean(norms, axis=0), strict=True)),
                "learning_rate": eta,
            },
        )


def test_train_trains_and_returns_the_history():
    network = RECIPE.network()
    before = network.copy()
    history = train(network, DATA, RECIPE)
    trainer = Trainer(RECIPE.network(), DATA, RECIPE)
    assert without_time(history) == without_time(list(trainer))
    assert_same_bits(network, trainer.network)
    assert not np.array_equal(network.parameters["1.weight"], before.parameters["1.weight"])
    assert (history.progress.epoch, history.progress.finished) == (4, "epoch 4 of 4 is done")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_train_goes_on_from_the_progress_of_an_earlier_call(engine, optimizer):
    recipe = RECIPE.replace(engine=engine, optimizer=optimizer, learning_rate=0.01)
    network, whole = run(recipe)
    history = train(recipe.network(), DATA, recipe.replace(epochs=1))
    another = Network("6-4-3", seed=99, dtype=recipe.dtype)  # it takes over the parameters
    history = train(another, DATA, recipe, progress=history.progress)
    assert without_time(history) == without_time(whole)
    assert_same_bits(another, network)


@pytest.mark.parametrize("wrong", [5, "x", {}, History(Progress({}))])
def test_a_progress_of_another_kind_is_refused(wrong):
    with pytest.raises(
        GlassnetError, match=r"^progress is a \w+: give a Progress, such as history\.progress$"
    ):
        train(RECIPE.network(), DATA, RECIPE, progress=wrong)


def test_train_called_again_is_a_new_training_with_the_same_order():
    """Two calls of one epoch are epoch 1 twice; an optimizer forgets its momentum in between."""
    recipe = RECIPE.replace(optimizer="momentum", learning_rate=0.1, epochs=1)
    network = recipe.network()
    histories = [train(network, DATA, recipe) for _ in range(2)]
    assert [[record.epoch for record in history] for history in histories] == [[1], [1]]
    begun_twice = recipe.network()
    Trainer(begun_twice, DATA, recipe).epoch()
    Trainer(begun_twice, DATA, recipe).epoch()
    assert_same_bits(network, begun_twice)
    went_on = train(recipe.network(), DATA, recipe.replace(epochs=2)).progress
    assert not np.array_equal(went_on.parameters["1.weight"], network.parameters["1.weight"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weighted", [False, True])
def test_records_are_what_they_say(engine, weighted):
    recipe = RECIPE.replace(engine=engine)
    weights = np.random.default_rng(3).uniform(0, 2, size=N) if weighted else np.ones(N)
    network = recipe.network()
    records = Trainer(network, DATA, recipe, example_weights=weights if weighted else None)
    for record, (parameters, expected) in zip(records, by_hand(recipe, DATA, weights), strict=True):
        for name, value in expected.items():
            assert getattr(record, name) == pytest.approx(value, rel=1e-11), name
        for name, array in parameters.items():
            np.testing.assert_allclose(network.parameters[name], array, rtol=0, atol=1e-12)


def test_without_validation_data_there_are_no_validation_figures():
    _, records = run(data=dataset(DATA.training))
    assert [record.validation_cost for record in records] == [None] * 4
    assert [record.validation_accuracy for record in records] == [None] * 4


def test_validation_data_change_nothing_but_their_own_figures():
    with_, without = run()[0], run(data=dataset(DATA.training))[0]
    assert_same_bits(with_, without)


def test_a_step_says_what_its_mini_batch_showed():
    network, weights = RECIPE.network(), np.linspace(0, 2, N)
    trainer = Trainer(network, DATA, RECIPE, example_weights=weights)
    order = Stream(11, Purpose.SHUFFLE, epoch=1).permutation(N)
    for batch in range(1, 6):
        rows = order[(batch - 1) * M : batch * M]
        images, labels = DATA.training.images[rows], DATA.training.labels[rows]
        gradient = network.gradient(images, labels, "cross_entropy", example_weights=weights[rows])
        accuracy = (network.predict(images).argmax(axis=1) == labels).mean()
        step = trainer.step()
        assert (step.epoch, step.batch, step.accuracy) == (1, batch, accuracy)
        assert step.cost == pytest.approx(gradient.cost, rel=1e-12)
        for name, norm in step.gradient_norms.items():
            assert norm == pytest.approx(np.linalg.norm(gradient.parameters[name]), rel=1e-12)
    assert (trainer.step().epoch, len(trainer.history)) == (2, 1)


def test_training_prints_nothing(capsys):
    run()
    assert capsys.readouterr() == ("", "")


# The same bits, however it is run


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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_bits(engine, dtype, way):
    recipe = RECIPE.replace(engine=engine, dtype=dtype)
    network, records = run(recipe)
    trainer = Trainer(recipe.network(), DATA, recipe)
    way(trainer)
    assert_same_bits(trainer.network, network)
    assert without_time(trainer.history) == without_time(records)
    assert trainer.finished == "epoch 4 of 4 is done"


def test_the_seed_and_the_order_matter():
    network = run()[0]
    other = RECIPE.network()
    train(other, DATA, RECIPE.replace(seed=12))  # the same first parameters, another order
    assert not np.array_equal(network.parameters["1.weight"], other.parameters["1.weight"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("duplicate", [lambda progress: progress, copy.deepcopy], ids=["itself", "copy"])
@pytest.mark.parametrize("steps", [0, 2])  # beyond the end of the second epoch: they are made again
def test_a_resumed_training_ends_with_the_same_bits(engine, duplicate, steps):
    recipe = RECIPE.replace(engine=engine, keep="best")
    whole, records = run(recipe)
    first = Trainer(recipe.network(), DATA, recipe)
    for _ in range(2):
        first.epoch()
    for _ in range(steps):
        first.step()
    second = Trainer(
        Network("6-4-3", seed=99, dtype="float64"), DATA, recipe, progress=duplicate(first.progress)
    )
    assert [record.epoch for record in second] == [3, 4]
    assert_same_bits(second.network, whole)
    assert without_time(second.history) == without_time(records)


def test_a_finished_training_goes_on_when_its_limit_is_raised():
    whole = run(RECIPE.replace(epochs=6))[0]
    first = Trainer(RECIPE.network(), DATA, RECIPE)
    list(first)
    second = Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=6), progress=first.progress)
    assert first.finished
    assert not second.finished
    list(second)
    assert_same_bits(second.network, whole)


def test_going_on_leaves_what_was_given_alone():
    recipe = RECIPE.replace(optimizer="adam", learning_rate=0.01)
    first = Trainer(recipe.network(), DATA, recipe)
    first.epoch()
    given = first.progress
    arrays = [*given.parameters.values(), *given.optimizer_state.values()]
    before = [array.copy() for array in arrays]
    list(Trainer(recipe.network(), DATA, recipe, progress=given))
    assert (given.epoch, given.finished) == (1, None)
    for array, wanted in zip(arrays, before, strict=True):
        assert np.array_equal(array, wanted)


# When it stops


def test_no_epochs_is_no_training():
    network, records = run(RECIPE.replace(epochs=0))
    assert records == []
    assert_same_bits(network, RECIPE.network())


def test_a_training_that_is_over_says_so():
    trainer = Trainer(RECIPE.network(), DATA, RECIPE)
    list(trainer)
    with pytest.raises(GlassnetError, match="training is over, epoch 4 of 4 is done: raise the limit"):
        trainer.step()
    assert list(trainer) == []


def test_a_mini_batch_of_everything_is_gradient_descent():
    """One step an epoch, along the gradient of the whole set; the order counts for rounding alone."""
    recipe = RECIPE.replace(batch_size=N, l2=0.0)
    network = run(recipe)[0]
    mine = recipe.network()
    for _ in range(4):
        gradient = mine.gradient(DATA.training.images, DATA.training.labels, "cross_entropy")
        for name, array in gradient.parameters.items():
            mine.parameters[name] -= 0.8 * array
    for name, array in mine.parameters.items():
        np.testing.assert_allclose(network.parameters[name], array, rtol=0, atol=1e-13)
    assert_same_bits(run(recipe.replace(batch_size=1000))[0], network)


def test_patience_ends_when_nothing_gets_better():
    """With a step of 10⁻¹² no answer changes: the first epoch stays the best."""
    trainer = Trainer(RECIPE.network(), DATA, RECIPE.replace(learning_rate=1e-12, epochs=50, patience=3))
    assert [record.epoch for record in trainer] == [1, 2, 3, 4]
    assert trainer.finished == "3 epochs brought no better validation accuracy"
    assert trainer.progress.best_epoch == 1


@pytest.mark.parametrize("patience", [1, 2, 5, 8])
def test_patience_counts_from_the_best_epoch(patience):
    recipe = RECIPE.replace(epochs=60, batch_size=1, learning_rate=2.0)
    accuracies = [record.validation_accuracy for record in run(recipe)[1]]
    best, end = 0, len(accuracies)
    for epoch in range(len(accuracies)):
        if accuracies[epoch] > accuracies[best]:
            best = epoch
        if epoch - best == patience:
            end = epoch + 1
            break
    assert 1 + patience < end < 60  # it got better once, and stopped by patience
    assert len(run(recipe.replace(patience=patience))[1]) == end


def test_keep_best_ends_with_the_first_best_epoch():
    recipe = RECIPE.replace(epochs=25, batch_size=1, learning_rate=2.0)
    copies, accuracies, network = [], [], recipe.network()
    for record in Trainer(network, DATA, recipe):
        copies.append(network.copy())
        accuracies.append(record.validation_accuracy)
    best = accuracies.index(max(accuracies))
    assert best < 24  # the last is not the best

    trainer = Trainer(recipe.network(), DATA, recipe.replace(keep="best"))
    list(trainer)
    assert trainer.progress.best_epoch == best + 1
    assert trainer.progress.best_accuracy == max(accuracies)
    assert_same_bits(trainer.network, copies[best])
    assert_same_bits(trainer.progress, copies[-1])  # from there a training would go on


class Clock:
    """One second passes with each look at it: every mini-batch takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(training, "perf_counter", Clock())


@pytest.mark.usefixtures("clock")
def test_seconds_are_those_of_the_training_alone():
    """5 mini-batches of a second each; validation is not counted."""
    _, records = run()
    assert [record.seconds for record in records] == [5, 5, 5, 5]
    assert [record.images_per_second for record in records] == [N / 5] * 4


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("limit", "seconds"), [(1, [1]), (8, [5, 3]), (12.5, [5, 5, 3]), (15, [5, 5, 5])])
def test_the_time_limit_ends_after_so_many_seconds_of_training(limit, seconds):
    trainer = Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=10, time_limit=limit))
    assert [record.seconds for record in trainer] == seconds
    assert trainer.finished == f"the time limit of {limit:g} s is reached in epoch {len(trainer.history)}"


@pytest.mark.usefixtures("clock")
def test_the_record_of_an_epoch_cut_short_is_of_what_was_met():
    recipe = RECIPE.replace(time_limit=2)
    (record,) = Trainer(recipe.network(), DATA, recipe)
    trainer = Trainer(RECIPE.network(), DATA, RECIPE)
    steps = [trainer.step(), trainer.step()]
    assert record.training_cost == pytest.approx((steps[0].cost + steps[1].cost) / 2, rel=1e-12)
    assert record.images_per_second == 2 * M / 2


@pytest.mark.usefixtures("clock")
def test_a_resumed_training_has_used_up_the_time_before():
    first = Trainer(RECIPE.network(), DATA, RECIPE)
    first.epoch()
    first.epoch()
    again = Trainer(RECIPE.network(), DATA, RECIPE.replace(time_limit=10), progress=first.progress)
    assert again.finished == "the time limit of 10 s is reached in epoch 2"
    longer = Trainer(RECIPE.network(), DATA, RECIPE.replace(time_limit=12), progress=first.progress)
    assert [record.seconds for record in longer] == [2]


def test_how_much_of_the_epoch_is_done():
    trainer = Trainer(RECIPE.network(), DATA, RECIPE)
    shares = [trainer.epoch_share]
    for _ in range(5):
        trainer.step()
        shares.append(trainer.epoch_share)
    assert shares == [0, 5 / 23, 10 / 23, 15 / 23, 20 / 23, 0]


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


# Optimizers, schedules, penalties


RATES = {
    "constant": [0.8, 0.8, 0.8, 0.8],
    "step2x0.5": [0.8, 0.8, 0.4, 0.4],
    # the last of five mini-batches of each epoch, of twenty in all
    "cosine": [0.8 * (1 + np.cos(np.pi * s / 20)) / 2 for s in (4, 9, 14, 19)],
    "onecycle0.5": [
        0.8 * (0.04 + 0.96 * (1 - np.cos(np.pi * 4 / 9)) / 2),
        0.8,
        0.8 * (4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * 5 / 10)) / 2),
        0.8 * 4e-6,
    ],
}


@pytest.mark.parametrize("schedule", RATES)
def test_a_record_has_the_rate_of_its_last_mini_batch(schedule):
    _, records = run(RECIPE.replace(schedule=schedule))
    assert [record.learning_rate for record in records] == pytest.approx(RATES[schedule], rel=1e-12)


def test_halving_ends_training_and_says_why():
    """At this rate no answer changes: each epoch but the first brings nothing, and the eighth is the last."""
    recipe = RECIPE.replace(schedule="halve1", learning_rate=1e-12, epochs=100)
    trainer = Trainer(recipe.network(), DATA, recipe)
    rates = [record.learning_rate for record in trainer]
    assert rates == [1e-12, 1e-12, *(1e-12 / 2**k for k in range(1, 7))]
    assert trainer.finished == "the learning rate was halved 7 times, to 1/128"
    again = Trainer(recipe.network(), DATA, recipe.replace(epochs=200), progress=trainer.progress)
    assert again.finished == trainer.finished


@pytest.mark.parametrize("schedule", ["cosine", 0.5, Cosine, []])
def test_a_schedule_of_ones_own_must_be_one(schedule):
    with pytest.raises(GlassnetError, match=r"^schedule is .*: give one such as schedules\.Cosine\(\)"):
        Trainer(RECIPE.network(), DATA, RECIPE, schedule=schedule)


class Tenth:
    """No more than a schedule must have: a tenth of η, from first to last."""

    by_all_epochs = by_validation = False

    def factors(self, at):
        return np.full(len(at.steps), 0.1)

    def has_ended(self, accuracies):
        return None


def test_a_schedule_of_ones_own_is_gone_by():
    trainer = Trainer(RECIPE.network(), DATA, RECIPE, schedule=Tenth())
    assert trainer.epoch().learning_rate == RECIPE.learning_rate * 0.1


def test_a_schedule_of_ones_own_has_the_validation_data_that_it_goes_by():
    alone = replace(DATA, validation=DATA.validation[:0])
    with pytest.raises(GlassnetError, match="has no validation data"):
        Trainer(RECIPE.network(), alone, RECIPE, schedule=HalveOnPlateau(2))
    with pytest.raises(GlassnetError, match="has no validation data"):
        Trainer(RECIPE.network(), alone, RECIPE.replace(schedule="halve2"))
    Trainer(RECIPE.network(), alone, RECIPE.replace(schedule="halve2"), schedule=Cosine())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_bits_with_a_memory_and_a_schedule(engine, way):
    recipe = RECIPE.replace(
        engine=engine, optimizer="adam", learning_rate=0.01, schedule="onecycle0.3", l1=0.1
    )
    network, records = run(recipe)
    trainer = Trainer(recipe.network(), DATA, recipe)
    way(trainer)
    assert_same_bits(trainer.network, network)
    assert without_time(trainer.history) == without_time(records)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("optimizer", "counts_l2"), [("sgd", True), ("adam", True), ("adamw", False)])
def test_the_penalty_of_a_record_by_hand(engine, optimizer, counts_l2):
    """(λ/2n) Σ w² + (λ₁/n) Σ |w| of the weights; with AdamW λ is no penalty, w shrinks beside the step."""
    recipe = RECIPE.replace(engine=engine, optimizer=optimizer, learning_rate=0.01, l2=0.7, l1=0.3, epochs=1)
    network, (record,) = run(recipe)
    w = np.concatenate([network.parameters[name].ravel() for name in ("1.weight", "2.weight")])
    expected = counts_l2 * 0.7 / (2 * N) * (w**2).sum() + 0.3 / N * np.abs(w).sum()
    assert record.penalty == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_l1_step_is_the_slope_of_cost_and_penalty(engine):
    """One step over all examples at η = 1 is −∂(C + penalty)/∂w, by central differences of both."""
    recipe = RECIPE.replace(
        engine=engine, layers="6-3", learning_rate=1.0, batch_size=N, l2=0.7, l1=0.9, epochs=1
    )
    before = recipe.network()
    after, _ = run(recipe)

    def C(w):
        network = before.copy()
        network.parameters["1.weight"][:] = w
        data_cost = network.gradient(DATA.training.images, DATA.training.labels, "cross_entropy").cost
        return data_cost + 0.7 / (2 * N) * (w**2).sum() + 0.9 / N * np.abs(w).sum()

    w, h = before.parameters["1.weight"], 1e-6
    for place in np.ndindex(w.shape):
        nudge = np.zeros_like(w)
        nudge[place] = h
        slope = (C(w + nudge) - C(w - nudge)) / (2 * h)
        assert w[place] - after.parameters["1.weight"][place] == pytest.approx(slope, abs=1e-8)


def test_a_progress_without_any_epoch_needs_no_memory():
    recipe = RECIPE.replace(optimizer="adam", learning_rate=0.01)
    whole = run(recipe)[0]
    begun = Trainer(
        Network("6-4-3", seed=9, dtype="float64"),
        DATA,
        recipe,
        progress=Progress(recipe.network().parameters),
    )
    list(begun)
    assert_same_bits(begun.network, whole)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda state: state.clear(), "the optimizer's state has no '1.weight.m', which adam remembers"),
        (lambda state: state.pop("2.bias.v"), "the optimizer's state has no '2.bias.v'"),
        (
            lambda state: state.update({"1.bias.m": np.zeros(3)}),
            r"'1.bias.m' of the optimizer's state is float64 of",
        ),
        (lambda state: state.update({"1.bias.velocity": np.zeros(4)}), "which adam does not remember"),
    ],
)
def test_a_memory_that_does_not_fit_is_refused(change, sentence):
    recipe = RECIPE.replace(optimizer="adam", learning_rate=0.01)
    first = Trainer(recipe.network(), DATA, recipe)
    first.epoch()
    progress = copy.deepcopy(first.progress)
    change(progress.optimizer_state)
    with pytest.raises(GlassnetError, match=sentence):
        Trainer(recipe.network(), DATA, recipe, progress=progress)


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


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interruption_within_a_step_takes_the_epoch_back(engine, monkeypatch):
    recipe = RECIPE.replace(engine=engine, epochs=2)
    trainer = Trainer(recipe.network(), DATA, recipe)
    trainer.step()
    kind = type(get_engine(engine))
    train_batches = kind.train_batches

    def interrupted(*arguments):
        train_batches(*arguments)
        raise KeyboardInterrupt  # the steps are made, and nobody hears of it

    with monkeypatch.context() as patch:
        patch.setattr(kind, "train_batches", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trainer.epoch()
    assert trainer.epoch_share == 0
    list(trainer)
    assert_same_bits(trainer.network, run(recipe)[0])


@pytest.mark.parametrize("moment", ["_validate", "_settle", "_next_epoch"])
@pytest.mark.parametrize("keep", ["last", "best"])
def test_an_interruption_between_epochs_leaves_a_whole_one(moment, keep, monkeypatch):
    recipe = RECIPE.replace(epochs=2, keep=keep)
    for epochs_before in (0, 1):  # also at the very end, where there is no next epoch
        trainer = Trainer(recipe.network(), DATA, recipe)
        for _ in range(epochs_before):
            trainer.epoch()
        real, calls = getattr(Trainer, moment), []

        def interrupted(self, real=real, calls=calls):
            calls.append(1)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return real(self)

        with monkeypatch.context() as patch:
            patch.setattr(Trainer, moment, interrupted)
            with pytest.raises(KeyboardInterrupt):
                trainer.epoch()
        assert trainer.epoch_share == 0
        list(trainer)
        assert_same_bits(trainer.network, run(recipe)[0])
        assert [record.epoch for record in trainer.history] == [1, 2]
        assert trainer.finished == "epoch 2 of 2 is done"


def test_fewer_epochs_than_were_made():
    trainer = Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=3))
    list(trainer)
    progress = trainer.progress
    with pytest.raises(GlassnetError, match="epochs is 2: this training has come to epoch 3, give more"):
        Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=2), progress=progress)
