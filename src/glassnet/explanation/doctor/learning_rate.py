"""Is η too small or too large? Asked of the training itself: a short one with η, and some with others.

One step along −∇C tells less. Where η is too small, the network rests on the plateau where it knows
only how frequent the classes are, and no single step leads off it; where η is too large, the network
is often stuck where every small step is harmless.
"""

from __future__ import annotations

import warnings
from math import ceil, inf
from typing import NamedTuple

import numpy as np

from glassnet.data import Dataset
from glassnet.document import number
from glassnet.errors import GlassnetWarning
from glassnet.explanation.doctor.case import Case, spread
from glassnet.explanation.doctor.findings import Finding, NotExaminedError, Seen, percent
from glassnet.network import Network
from glassnet.schedules import parse_schedule
from glassnet.summary import summarize
from glassnet.training import DivergedError, Recipe, Trainer

FACTORS = tuple(4.0**k for k in range(-5, 5))  # times η
# A network that has come to a tenth of the cost of knowing nothing has learned with its η. Healthy ones:
# 1/10 and less after 10 epochs; a short training decides about the others.
LEARNED = 0.1
# An η leads on where a short training with it comes to half the cost of this network, and below that of
# knowing nothing. Where η itself leads on, it is not to blame. Where another does, and comes to half the cost
# of η itself, it is better. (Healthy: none comes to less than 0.96 of the lower of the two; ill: 0.39 and
# less, with η from 0.0005 to 0.1 and from 2 to 50 instead of 0.5.)
HALF = 0.5
BELOW = 0.9
FEWEST_STEPS = 100  # before them, not to have learned is no illness
PASSES = 20  # at most, in a short training
EXAMPLES = 20_000  # at most, all passes together
WORK = 2_000_000_000  # at most, examples times multiply-adds: a second or two
FEWEST_EXAMPLES = 4_000  # yet, where filters stand at many places: with fewer images no η leads anywhere


class Trials(NamedTuple):
    """What short trainings came to."""

    costs: dict[float, float]  # by their factor of η; ∞ where the training diverged
    images: int
    passes: int


def learning_rate(case: Case) -> Seen:
    """Has the network hardly learned, where another η would do?"""
    if case.recipe is None:
        raise NotExaminedError("η is not known: there is no recipe")
    trained, unknowing = case.training.cost, unknowing_cost(case)
    if trained <= LEARNED * unknowing:
        return Seen(f"C has come to {number(trained, 3)}, {percent(trained / unknowing)} of knowing nothing")
    trials = run_trials(case, case.recipe)
    eta, now, own = case.recipe.learning_rate, case.judged.cost, trials.costs[1]
    best = min(trials.costs, key=lambda factor: trials.costs[factor])
    other, reached = best * eta, trials.costs[best]
    told = ", ".join(f"{number(eta * by, 3)}: {number(cost, 3)}" for by, cost in trials.costs.items())
    measured = f"C {number(now, 3)}; after short trainings, η and C: {told}"
    enough = min(HALF * now, BELOW * unknowing)
    if own <= enough:
        return Seen(measured)
    if reached > min(enough, HALF * own):
        return Seen(measured, [] if own < inf else [_diverges(eta, trials)])
    word, illness = ("small", "small_learning_rate") if best > 1 else ("large", "large_learning_rate")
    with_own = f"came to {number(own, 3)}" if own < inf else "diverged"
    finding = Finding(
        illness,
        f"η = {number(eta, 3)} is too {word}: the network costs {number(now, 3)} on the {case.judge} images, "
        f"and to know nothing but how frequent the classes are costs {number(unknowing, 3)}. A fresh one, in "
        f"{trials.passes} passes over {trials.images:,} training images, came to {number(reached, 3)} with "
        f"η = {number(other, 3)}; with η = {number(eta, 3)} it {with_own}.",
        f"Begin again with --learning-rate {other:.3g}.",
        {
            "learning_rate": eta,
            "cost": now,
            "unknowing_cost": unknowing,
            "other_learning_rate": other,
            "other_cost": reached,
        }
        | ({"own_cost": own} if own < inf else {}),
    )
    return Seen(measured, [finding])


def _diverges(eta: float, trials: Trials) -> Finding:
    """With η, the cost becomes infinite, and with no other does it become small."""
    least = min(trials.costs) * eta
    return Finding(
        "large_learning_rate",
        f"η = {number(eta, 3)} is too large: with it, a fresh training diverges within {trials.passes} "
        f"passes over {trials.images:,} training images, nor does one with any η from {number(least, 3)} on "
        f"get far.",
        f"Begin again with a --learning-rate below {least:.3g}; where other findings stand here, cure those "
        f"first.",
        {"learning_rate": eta, "least_tried": least},
    )


def run_trials(case: Case, recipe: Recipe) -> Trials:
    """Train fresh networks of the recipe on some of the training images, each with another η."""
    training = case.data.training
    n = len(training)
    epochs = len(case.history) or recipe.epochs
    if epochs * ceil(n / recipe.batch_size) < FEWEST_STEPS:
        raise NotExaminedError(f"fewer than {FEWEST_STEPS} steps were made")
    affordable = WORK // max(1, summarize(case.network).multiply_adds)
    fewest = min(FEWEST_EXAMPLES, WORK // max(1, case.network.parameter_count))
    examples = min(EXAMPLES, max(1, affordable, fewest))
    passes = min(epochs, PASSES)
    some = training[spread(n, max(1, examples // passes))]
    data = Dataset("trial", some, some[:0], some[:0], case.data.class_names)
    by_validation = parse_schedule(recipe.schedule).by_validation  # a trial is over before that counts
    costs = {}
    for factor in FACTORS:
        if not 0 < factor * recipe.learning_rate < inf:
            continue
        network = Network(
            case.network.layers,
            case.network.input_shape,
            seed=recipe.seed,
            initializer=recipe.initializer,
            dtype=case.network.dtype,
        )
        trial = recipe.replace(
            learning_rate=factor * recipe.learning_rate,
            epochs=passes,
            patience=None,
            time_limit=None,
            keep="last",
            schedule="constant" if by_validation else recipe.schedule,
        )
        try:
            with warnings.catch_warnings(action="ignore", category=GlassnetWarning):  # that η is unusual
                trainer = Trainer(network, data, trial)
            for _ in trainer:
                pass
            cost = case.evaluate(network, case.data.splits[case.judge]).cost
        except DivergedError:
            cost = inf
        costs[factor] = cost if cost < inf else inf  # NaN is no better
    return Trials(costs, len(some), passes)


def unknowing_cost(case: Case) -> float:
    """C of the best answer that is the same for every image: how frequent the classes are."""
    k = len(case.data.class_names)
    frequency = np.bincount(case.data.training.labels, minlength=k) / len(case.data.training)  # (k,)
    if frequency.max() == 1:
        raise NotExaminedError("all training images are of one class")
    costs = case.cost.value(np.broadcast_to(frequency, (k, k)), np.eye(k))  # (k,): of an image of each class
    present = frequency > 0  # (k,); a class without images may cost ∞
    return float(frequency[present] @ costs[present])
