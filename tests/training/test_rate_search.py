"""The search for a learning rate: its rates, its smoothing, where it ends, and that it changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.plots import rate_search as draw
from glassnet.schedules import Position
from glassnet.training import Recipe, Trainer, find_rate
from glassnet.training.rate_search import UNUSED, Growing, smoothed, suggested

pytestmark = pytest.mark.table

RECIPE = Recipe(seed=3)


@pytest.fixture(scope="module")
def search():
    return find_rate(RECIPE.network(), load("digits"), RECIPE)


def test_rates_grow_by_the_same_factor_from_the_first_to_the_last():
    rates = Growing(1e-4, 1.0, 5).factors(Position(np.arange(5), 5, 5, []))
    np.testing.assert_allclose(rates, [1e-4, 1e-3, 1e-2, 1e-1, 1.0], rtol=1e-12)


def test_a_smoothed_cost_is_the_mean_of_its_neighbors():
    # reach 2: weights 1/3, 2/3, 1, 2/3, 1/3; at the ends those that fall outside are left away
    costs = np.array([3.0, 0.0, 0.0, 6.0, 9.0])
    expected = [3 / 2, (2 / 3 * 3 + 6 / 3) / (8 / 3), (3 / 3 + 2 / 3 * 6 + 9 / 3) / 3]
    expected += [(6 + 2 / 3 * 9) / (8 / 3), (9 + 2 / 3 * 6) / 2]
    np.testing.assert_allclose(smoothed(costs, 2), expected, rtol=1e-12)
    np.testing.assert_allclose(smoothed(np.full(9, 4.0), 3), 4.0, rtol=1e-12)


@pytest.mark.slow
def test_the_costs_are_those_of_a_training_with_these_rates(search):
    """The first ones by hand: a step each with its own constant rate, from where the last one ended."""
    data, network = load("digits"), RECIPE.network()
    order = Trainer(network, data, RECIPE)._open.order
    for step in range(3):
        places = order[step * 10 : step * 10 + 10]
        images, labels = data.training.images[places], data.training.labels[places]
        gradient = network.gradient(images, labels, "cross_entropy")
        assert search.costs[step] == pytest.approx(gradient.cost, rel=1e-5)
        for name, g in gradient.parameters.items():
            network.parameters[name] -= search.rates[step] * g


def test_the_suggestion_is_better_than_a_thousandth_and_a_hundredfold(search):
    assert search.rates[0] == pytest.approx(1e-5)
    np.testing.assert_allclose(search.trials[:, 0], search.edge / np.array([3, 10, 30, 100, 300]), rtol=1e-12)
    costs = []
    for factor in (1e-3, 1, 100):
        recipe = RECIPE.replace(learning_rate=factor * search.suggestion, epochs=3)
        costs.append(list(Trainer(recipe.network(), load("digits"), recipe))[-1].training_cost)
    slow, good, wild = costs
    assert good < slow / 2
    assert good < wild / 2


@pytest.mark.parametrize(
    ("costs", "suggestion"),
    [
        ((1.0, 2.0, 3.0, 3.0), 8.0),
        ((1.6, 1.0, 1.4, 3.0), 2.0),  # 1.4 is alike, 1.6 and 3 are not
        ((1.0, 1.2, 1.5, 1.6), 2.0),
        ((np.inf, np.inf, 7.0, 11.0), 2.0),
        ((np.inf, 7.0, 7.0, 7.0), 1.0),
    ],
)
def test_of_rates_whose_costs_are_alike_the_smallest_is_suggested(costs, suggestion):
    assert suggested(np.array([(8.0, 4.0, 2.0, 1.0), costs]).T) == suggestion


def test_trials_that_all_break_down_are_said(monkeypatch):
    monkeypatch.setattr("glassnet.training.rate_search._trial", lambda *_: np.inf)
    with pytest.raises(GlassnetError, match=r"^training broke down with every rate from .* to .*: give a sm"):
        find_rate(RECIPE.network(), load("digits"), RECIPE, steps=60)


def test_a_trial_is_a_training_three_times_as_long_as_the_search():
    search = find_rate(RECIPE.network(), load("digits"), RECIPE, steps=60)  # an epoch has 120 mini-batches
    rate, cost = search.trials[1]
    trainer = Trainer(RECIPE.network(), load("digits"), RECIPE.replace(learning_rate=rate, epochs=2))
    costs = [trainer.step().cost for _ in range(180)]
    assert cost == pytest.approx(np.mean(costs[-18:]), rel=1e-6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_plateau_is_not_taken_for_learning(seed):
    """With Adam and sigmoids the cost is low, too, where every image gets the same answer."""
    recipe = RECIPE.replace(optimizer="adam", seed=seed)
    search = find_rate(recipe.network(), load("digits"), recipe)
    good = recipe.replace(learning_rate=search.suggestion, epochs=8)
    assert list(Trainer(good.network(), load("digits"), good))[-1].validation_accuracy > 0.8


def test_the_network_stays_as_it_is():
    network = RECIPE.network()
    before = {name: array.copy() for name, array in network.parameters.items()}
    find_rate(network, load("digits"), RECIPE, steps=20)
    assert all(np.array_equal(network.parameters[name], array) for name, array in before.items())


@pytest.mark.slow
def test_limits_and_schedule_of_the_recipe_do_not_count():
    short = RECIPE.replace(epochs=1, patience=1, keep="best", schedule="cosine", learning_rate=7.0)
    one, other = (
        find_rate(RECIPE.network(), load("digits"), recipe, steps=200) for recipe in (RECIPE, short)
    )
    assert np.array_equal(one.costs, other.costs)


def test_it_ends_where_the_cost_jumps_up_or_is_infinite():
    recipe = RECIPE.replace(layers="784-30:relu-10", cost="log_likelihood", initializer="he")
    search = find_rate(recipe.network(), load("digits"), recipe, highest=1e6)
    assert "4 times the lowest" in search.ended or "infinite" in search.ended
    assert len(search.costs) == len(search.rates) == len(search.smoothed) < 300
    assert search.edge < search.rates[-1]


def test_a_cost_that_is_infinite_at_once_is_said():
    recipe = RECIPE.replace(layers="784-30:relu-10", cost="log_likelihood", initializer="he")
    with pytest.raises(
        GlassnetError, match="the cost is infinite from the start, at η = 1e\\+30: give a smaller"
    ):
        find_rate(recipe.network(), load("digits"), recipe, lowest=1e30, highest=1e32)


def test_a_cost_that_no_rate_lowers_is_said():
    recipe = RECIPE.replace(layers="784-10:linear", cost="quadratic")
    with pytest.raises(GlassnetError, match=r"^no learning rate from 1 to .* lowered the cost"):
        find_rate(recipe.network(), load("digits"), recipe, lowest=1.0, steps=20)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lowest": 0.0}, "lowest is 0.0: give a positive rate"),
        ({"lowest": float("nan")}, "lowest is nan: give a positive rate"),
        ({"highest": float("inf")}, "highest is inf: give a positive rate"),
        ({"lowest": 1.0, "highest": 1.0}, "lowest is 1, highest is 1: give rates that grow"),
        ({"steps": 9}, "steps is 9: give a whole number from 10 to 1,000,000"),
        ({"steps": 2.5}, "steps is 2.5: give a whole number from 10 to 1,000,000"),
    ],
)
def test_what_makes_no_sense_is_refused(given, sentence):
    with pytest.raises(GlassnetError) as refused:
        find_rate(RECIPE.network(), load("digits"), RECIPE, **given)
    assert str(refused.value) == sentence


def test_the_picture_shows_costs_edge_and_suggestion(search):
    (axes,) = draw(search).axes
    dots, curve, edge, suggestion = axes.lines
    assert np.array_equal(dots.get_xdata(), search.rates)
    assert np.array_equal(dots.get_ydata(), search.costs)
    assert np.array_equal(curve.get_ydata(), search.smoothed)
    assert (edge.get_xdata()[0], suggestion.get_xdata()[0]) == (search.edge, search.suggestion)
    assert axes.get_xscale() == "log"


@pytest.mark.parametrize(("highest", "steps"), [(0.1, 200), (1e-3, 100), (1e-4, 300), (1e-4, 50)])
def test_it_says_when_the_highest_rate_was_not_high_enough(highest, steps):
    search = find_rate(Recipe().network(), load("digits"), Recipe(), highest=highest, steps=steps)
    assert search.ended == (
        f"the highest rate, {highest:g}, is reached, and the cost was still low: give a larger highest rate"
    )
    if (highest, steps) == (0.1, 200):  # the cost falls to the end, by more than its noise
        assert search.edge == search.rates[-1]


def test_it_says_nothing_of_that_when_the_cost_has_risen():
    assert "still low" not in find_rate(Recipe().network(), load("digits"), Recipe(), steps=40).ended


def test_what_does_not_count_does_not_count():
    other = Recipe(learning_rate=0.1, schedule="cosine", epochs=2, time_limit=0.01, patience=1, keep="best")
    assert {name for name in UNUSED if getattr(other, name) != getattr(Recipe(), name)} == set(UNUSED)
    one, same = (find_rate(of.network(), load("digits"), of, steps=30) for of in (Recipe(), other))
    np.testing.assert_array_equal(one.costs, same.costs)
    np.testing.assert_array_equal(one.trials, same.trials)
