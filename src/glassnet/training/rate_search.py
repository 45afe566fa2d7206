"""Which learning rate? Train for a moment with rates that grow, and look at what the cost does.

As long as η is too small, the cost stays where it is; where it jumps up, η is too large. A tenth of
the largest rate at which the cost was low is often good; but a cost may be as low as it is without
anything having been learned of the images. So five rates below that edge are tried, for a while longer.
With a large rate a network may soon get somewhere and then stay there, as sigmoids do with Adam: of rates
whose costs are much alike, the smallest is suggested.

Source: Smith (2017), "Cyclical learning rates for training neural networks"; the trials are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from glassnet.data import Dataset
from glassnet.errors import GlassnetError
from glassnet.network import Network
from glassnet.schedules import Constant, Position
from glassnet.training.recipe import Recipe
from glassnet.training.trainer import DivergedError, Trainer

Numbers = NDArray[np.float64]

LOWEST, HIGHEST = 1e-5, 100.0
STEPS = 300  # mini-batches
NEIGHBORS = 0.05  # of all steps, on each side, that a smoothed cost is the mean of
RECENT = 5  # mini-batches whose mean tells whether to go on
TOO_MUCH = 4.0  # times the lowest cost: the search ends there
NEARLY = 0.05  # of the whole fall: a cost so near to the lowest is as good
BELOW = (3.0, 10.0, 30.0, 100.0, 300.0)  # the edge by so many times: rates that are tried
LONGER = 3  # times the search's mini-batches: a trial's
ALIKE = 1.5  # times the lowest cost of all trials: a cost up to that is much like it
# None, in a search.
LIMITS: dict[str, Any] = {"schedule": "constant", "time_limit": None, "patience": None, "keep": "last"}
UNUSED = ("learning_rate", "epochs", *LIMITS)  # fields of a recipe that don't count here
LAST = 0.1  # of a trial's mini-batches, by whose cost it is judged


@dataclass(frozen=True)
class RateSearch:
    """What a search for the learning rate met.

    Attributes:
        rates: (steps,), the learning rate of each mini-batch.
        costs: (steps,), its cost.
        smoothed: (steps,), the weighted mean of each and its neighbors.
        edge: the largest rate at which `smoothed` was nearly as low as it ever was.
        trials: (5, 2): a third of that and further rates below, each with the cost that it came to;
            infinite where training broke down.
        suggestion: the smallest of these rates whose cost is at most 1.5 times the lowest.
        ended: why the search ended.
    """

    rates: Numbers
    costs: Numbers
    smoothed: Numbers
    edge: float
    trials: Numbers
    suggestion: float
    ended: str


@dataclass(frozen=True)
class Growing(Constant):
    """Each mini-batch's rate is the one before's, times the same factor.

    >>> Growing(0.1, 10.0, 3).factors(Position(np.arange(3), 3, 3, []))
    array([ 0.1,  1. , 10. ])
    """

    first: float
    last: float
    steps: int

    name: ClassVar[str] = "growing"

    def factors(self, at: Position) -> Numbers:
        share = at.steps / max(1, self.steps - 1)  # (batches,)
        return self.first * (self.last / self.first) ** share

    def has_ended(self, accuracies: Sequence[float]) -> str | None:
        return None


@dataclass(frozen=True)
class Steady(Constant):
    """The recipe's rate, times a factor, from first to last."""

    factor: float

    name: ClassVar[str] = "steady"

    def factors(self, at: Position) -> Numbers:
        return np.full(len(at.steps), self.factor)


def find_rate(
    network: Network,
    data: Dataset,
    recipe: Recipe,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
) -> RateSearch:
    """Search for a learning rate; the network stays as it is.

    Args:
        network: usually `recipe.network()`.
        data: what it would learn from; only the training split is used.
        recipe: how; its learning rate, epochs, schedule and limits don't count here.
        lowest: the first rate.
        highest: the last rate, if the cost doesn't jump up before.
        steps: mini-batches from the one to the other; then, five trials of three times as many.

    Raises:
        GlassnetError: rates or steps that make no sense, a cost that no rate has lowered, or only trials
            that broke down.

    >>> from glassnet.data import load
    >>> recipe = Recipe()
    >>> search = find_rate(recipe.network(), load("digits"), recipe, steps=50)
    >>> 1e-5 < search.suggestion < 10 and len(search.rates) == len(search.costs)
    True
    """
    for name, rate in (("lowest", lowest), ("highest", highest)):
        if not 0 < rate < np.inf:  # false for NaN, too
            raise GlassnetError(f"{name} is {rate!r}: give a positive rate")
    if lowest >= highest:
        raise GlassnetError(f"lowest is {lowest:g}, highest is {highest:g}: give rates that grow")
    if not isinstance(steps, int) or not 10 <= steps <= 1_000_000:
        raise GlassnetError(f"steps is {steps!r}: give a whole number from 10 to 1,000,000")

    unlimited = recipe.replace(learning_rate=lowest, epochs=steps, **LIMITS)
    growing = Growing(1.0, highest / lowest, steps)
    alone = replace(data, validation=data.validation[:0])
    trainer = Trainer(network.copy(), alone, unlimited, schedule=growing)
    rates: list[float] = []
    costs: list[float] = []
    ended = f"the highest rate, {highest:g}, is reached"
    all_rates = lowest * growing.factors(Position(np.arange(steps), 1, steps, []))
    recent = lowest_recent = np.inf
    for rate in all_rates.tolist():
        try:
            cost = trainer.step().cost
        except DivergedError:
            ended = f"at η = {rate:.2g} the cost became infinite"
            break
        rates.append(rate)
        costs.append(cost)
        if len(costs) >= RECENT:
            recent = sum(costs[-RECENT:]) / RECENT
            lowest_recent = min(lowest_recent, recent)
        if recent > TOO_MUCH * lowest_recent:
            ended = f"at η = {rate:.2g} the cost was {TOO_MUCH:g} times the lowest"
            break
    if len(costs) < 2:
        raise GlassnetError(
            f"the cost is infinite from the start, at η = {lowest:g}: give a smaller lowest rate"
        )
    reach = max(1, round(NEIGHBORS * steps))
    smooth = smoothed(np.array(costs), reach)
    if smooth.min() == smooth[0]:
        raise GlassnetError(
            f"no learning rate from {lowest:g} to {rates[-1]:g} lowered the cost: give a smaller lowest rate"
        )
    fall = smooth[0] - smooth.min()
    last_low = int(np.flatnonzero(smooth <= smooth.min() + NEARLY * fall)[-1])
    edge = rates[last_low]
    if len(rates) == steps and (last_low + reach >= steps or fall < NEARLY * smooth[0]):
        ended += ", and the cost was still low: give a larger highest rate"
    longer = unlimited.replace(epochs=LONGER * steps)  # enough of them, though each were one mini-batch
    trials = np.array([(edge / below, _trial(network, alone, longer, edge / below)) for below in BELOW])
    if not np.isfinite(trials[:, 1]).any():
        raise GlassnetError(
            f"training broke down with every rate from {trials[-1, 0]:.2g} to {trials[0, 0]:.2g}: "
            "give a smaller highest rate"
        )
    return RateSearch(np.array(rates), np.array(costs), smooth, edge, trials, suggested(trials), ended)


def suggested(trials: Numbers) -> float:
    """The smallest rate whose cost is much like the lowest; trials (n, 2) of rates and costs.

    >>> suggested(np.array([[0.9, np.inf], [0.3, 1.0], [0.1, 1.4], [0.03, 2.5]]))
    0.1
    """
    alike = trials[trials[:, 1] <= ALIKE * trials[:, 1].min()]
    return float(alike[:, 0].min())


def _trial(network: Network, data: Dataset, recipe: Recipe, rate: float) -> float:
    """The cost at the end of so many mini-batches with a constant rate; infinite if training broke down."""
    steps = recipe.epochs
    trainer = Trainer(network.copy(), data, recipe, schedule=Steady(rate / recipe.learning_rate))
    try:
        costs = [trainer.step().cost for _ in range(steps)]
    except DivergedError:
        return np.inf
    return float(np.mean(costs[-max(1, round(LAST * steps)) :]))


def smoothed(costs: Numbers, reach: int) -> Numbers:
    """The mean of each cost and of its neighbors up to `reach` away, the nearer ones counting more.

    Neighbors on both sides: a mean of those before alone would lag behind.

    >>> smoothed(np.array([0.0, 4.0, 0.0]), 1)  # weights ½, 1, ½; at the ends, those that are there
    array([1.33333333, 2.        , 1.33333333])
    """
    weights = 1 - np.abs(np.arange(-reach, reach + 1)) / (reach + 1)  # (2 reach + 1,)
    here = slice(reach, reach + len(costs))
    sums = np.convolve(costs, weights)[here]  # (steps,)
    return sums / np.convolve(np.ones(len(costs)), weights)[here]
