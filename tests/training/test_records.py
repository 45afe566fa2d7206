"""Records and steps: what they say, recomputed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.engine import ENGINES
from glassnet.rng import Purpose, Stream
from glassnet.training import Trainer

from .noise import DATA, RECIPE, M, N, assert_same_bits, dataset, run


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


# Seconds


@pytest.mark.usefixtures("clock")
def test_seconds_are_those_of_the_training_alone():
    """5 mini-batches of a second each; validation is not counted."""
    _, records = run()
    assert [record.seconds for record in records] == [5, 5, 5, 5]
    assert [record.images_per_second for record in records] == [N / 5] * 4


@pytest.mark.usefixtures("clock")
def test_the_record_of_an_epoch_cut_short_is_of_what_was_met():
    recipe = RECIPE.replace(time_limit=2)
    (record,) = Trainer(recipe.network(), DATA, recipe)
    trainer = Trainer(RECIPE.network(), DATA, RECIPE)
    steps = [trainer.step(), trainer.step()]
    assert record.training_cost == pytest.approx((steps[0].cost + steps[1].cost) / 2, rel=1e-12)
    assert record.images_per_second == 2 * M / 2


# Rate and penalty

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


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("optimizer", "counts_l2"), [("sgd", True), ("adam", True), ("adamw", False)])
def test_the_penalty_of_a_record_by_hand(engine, optimizer, counts_l2):
    """(λ/2n) Σ w² + (λ₁/n) Σ |w| of the weights; with AdamW λ is no penalty, w shrinks beside the step."""
    recipe = RECIPE.replace(engine=engine, optimizer=optimizer, learning_rate=0.01, l2=0.7, l1=0.3, epochs=1)
    network, (record,) = run(recipe)
    w = np.concatenate([network.parameters[name].ravel() for name in ("1.weight", "2.weight")])
    expected = counts_l2 * 0.7 / (2 * N) * (w**2).sum() + 0.3 / N * np.abs(w).sum()
    assert record.penalty == pytest.approx(expected, rel=1e-12)
