"""The trainer: the same bits however it is run, and every way to stop and to go on."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from glassnet.engine import ENGINES, get_engine
from glassnet.errors import GlassnetError
from glassnet.network import Network
from glassnet.training import History, Progress, Trainer, train

from .noise import DATA, RECIPE, WAYS, N, assert_same_bits, run, without_time

# `train`


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


def test_training_prints_nothing(capsys):
    run()
    assert capsys.readouterr() == ("", "")


# What a step is


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


# The same bits, however it is run


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


def test_fewer_epochs_than_were_made():
    trainer = Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=3))
    list(trainer)
    progress = trainer.progress
    with pytest.raises(GlassnetError, match="epochs is 2: this training has come to epoch 3, give more"):
        Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=2), progress=progress)


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


def test_halving_ends_training_and_says_why():
    """At this rate no answer changes: each epoch but the first brings nothing, and the eighth is the last."""
    recipe = RECIPE.replace(schedule="halve1", learning_rate=1e-12, epochs=100)
    trainer = Trainer(recipe.network(), DATA, recipe)
    rates = [record.learning_rate for record in trainer]
    assert rates == [1e-12, 1e-12, *(1e-12 / 2**k for k in range(1, 7))]
    assert trainer.finished == "the learning rate was halved 7 times, to 1/128"
    again = Trainer(recipe.network(), DATA, recipe.replace(epochs=200), progress=trainer.progress)
    assert again.finished == trainer.finished


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


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("limit", "seconds"), [(1, [1]), (8, [5, 3]), (12.5, [5, 5, 3]), (15, [5, 5, 5])])
def test_the_time_limit_ends_after_so_many_seconds_of_training(limit, seconds):
    trainer = Trainer(RECIPE.network(), DATA, RECIPE.replace(epochs=10, time_limit=limit))
    assert [record.seconds for record in trainer] == seconds
    assert trainer.finished == f"the time limit of {limit:g} s is reached in epoch {len(trainer.history)}"


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
