"""Training: the loop forward → cost → backward → adjust, epoch by epoch. It never prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import isfinite
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Parameters
from glassnet.augmentation import Augmentation
from glassnet.costs import CanonicalCost, l1_penalty, l2_penalty
from glassnet.data import Dataset
from glassnet.engine import Batches, Task, get_engine
from glassnet.errors import GlassnetError
from glassnet.memory import check_room
from glassnet.network import Network
from glassnet.optimizers import SGD, Adam, check_state, initial_state
from glassnet.rng import Purpose, Stream
from glassnet.schedules import Position, Schedule, parse_schedule
from glassnet.training.preparation import (
    USUAL_OF_ADAM,
    check_fit,
    check_schedule,
    training_examples,
    warn_of_settings,
)
from glassnet.training.recipe import Recipe
from glassnet.training.records import Record


class DivergedError(GlassnetError):
    """The cost became infinite or NaN; the network holds the parameters of the last good epoch.

    Attributes:
        epoch, batch: where, both from 1.
        progress: how far the training had come, with the records of its good epochs.

    >>> from glassnet.data import load
    >>> network, digits = Network("784-10:linear", seed=0), load("digits")
    >>> try:
    ...     train(network, digits, Recipe(layers="784-10:linear", cost="squared", learning_rate=1e9))
    ... except DivergedError as error:
    ...     print(error.epoch, error.progress.epoch)
    1 0
    """

    def __init__(self, epoch: int, batch: int, cause: str, progress: Progress) -> None:
        kept = f"parameters of epoch {epoch - 1}" if epoch > 1 else "initial parameters"
        super().__init__(
            f"the cost became infinite or NaN in epoch {epoch}, mini-batch {batch}: {cause}; "
            f"the network keeps its {kept}"
        )
        self.epoch, self.batch, self.progress = epoch, batch, progress


class Step(NamedTuple):
    """What one mini-batch showed before its step was made."""

    epoch: int  # from 1
    batch: int  # from 1
    cost: float
    accuracy: float
    gradient_norms: dict[str, float]


@dataclass
class OpenEpoch:
    """The epoch under way: the order of its examples, and the metrics of those already seen."""

    order: NDArray[np.int64]  # (n,): the examples' places
    done: int = 0  # examples met
    met: list[Batches] = field(default_factory=list)
    seconds: float = 0.0
    learning_rate: float = 0.0  # of the last mini-batch

    @property
    def finished(self) -> bool:
        """True once all examples were met."""
        return self.done == len(self.order)


@dataclass
class Progress:
    """How far a training has come: at the end of an epoch, all that is needed to go on from there."""

    parameters: Parameters
    optimizer_state: Parameters = field(default_factory=dict)
    history: list[Record] = field(default_factory=list)
    best_epoch: int | None = None
    best_parameters: Parameters | None = None
    finished: str | None = None  # why there is no further epoch

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return len(self.history)

    @property
    def best_accuracy(self) -> float:
        """The best validation accuracy so far; below 0 before there is one."""
        best = self.history[self.best_epoch - 1].validation_accuracy if self.best_epoch else None
        return -1.0 if best is None else best

    @property
    def seconds(self) -> float:
        """Time spent on training alone."""
        return sum(record.seconds for record in self.history)


class History(list[Record]):
    """The records of a training, one per epoch, and where it stopped.

    Attributes:
        progress: all that is needed to go on from there.
    """

    def __init__(self, progress: Progress) -> None:
        super().__init__(progress.history)
        self.progress = progress


class Trainer:
    """Trains a network in place: epoch by epoch, by the mini-batch, or in slices of time.

    Iterating over it is training: it yields a record per epoch while the training goes on.

    Args:
        network: what learns; usually `recipe.network()`.
        data: what it learns from; its test split is not looked at.
        recipe: how; the network is the one given, also where the recipe would make another.
        example_weights: (n,) for the training examples; they multiply the recipe's class weights.
        progress: where an earlier training stopped, to go on to the same bits.
        schedule: how the learning rate changes; instead of the one that the recipe names.

    Raises:
        GlassnetError: network, data and recipe don't fit each other.

    >>> from glassnet.data import load
    >>> recipe = Recipe(epochs=1)
    >>> trainer = Trainer(recipe.network(), load("digits"), recipe)
    >>> step = trainer.step()
    >>> step.epoch, step.batch, sorted(step.gradient_norms)
    (1, 1, ['1.weight', '2.weight', '3.weight'])
    >>> trainer.epoch().epoch  # what is left of it
    1
    >>> trainer.finished
    'epoch 1 of 1 is done'
    """

    def __init__(
        self,
        network: Network,
        data: Dataset,
        recipe: Recipe,
        *,
        example_weights: Any = None,
        progress: Progress | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        check_fit(network, data, recipe)
        self._schedule = parse_schedule(recipe.schedule) if schedule is None else schedule
        check_schedule(self._schedule, data, recipe)
        self.network, self.data, self.recipe = network, data, recipe
        self._engine = get_engine(recipe.engine)
        augmentation = Augmentation.parse(recipe.augmentation)
        examples = training_examples(network, data, recipe, augmentation, example_weights)
        n = len(examples.labels)
        rows = min(recipe.batch_size, n)
        at_a_time = self._engine.rows_at_a_time(network, rows)
        optimizer = recipe.make_optimizer()
        # What it remembers now, and at the end of the last epoch.
        remembered = 2 * len(optimizer.remembers) * network.parameter_count * network.dtype.itemsize
        check_room(
            network.bytes_in_training(at_a_time) + remembered,
            f"training {network} on {at_a_time:,} images at a time",
            "make its layers or the mini-batches smaller",
        )
        self._task = Task(
            images=examples.images,
            labels=examples.labels,
            example_weights=examples.weights,
            cost=network.check_cost(recipe.cost),
            optimizer=optimizer,
            learning_rate=recipe.learning_rate,
            batch_size=rows,
            l2=recipe.l2,
            seed=recipe.seed,
            l1=recipe.l1,
            augmentation=augmentation if augmentation.moves else None,
        )
        self._batches = -(-n // rows)  # in an epoch
        if not isinstance(progress, Progress | None):
            given = type(progress).__name__
            raise GlassnetError(f"progress is a {given}: give a Progress, such as history.progress")
        if progress is None:
            progress = Progress(_copy(network.parameters))
        if not progress.epoch and not progress.optimizer_state:
            progress = replace(progress, optimizer_state=initial_state(optimizer, network.parameters))
        if progress.epoch > recipe.epochs:
            raise GlassnetError(
                f"epochs is {recipe.epochs}: this training has come to epoch {progress.epoch}, give more"
            )
        check_state(optimizer, network.parameters, progress.optimizer_state)
        warn_of_settings(recipe)
        self.progress = replace(progress)  # what was given stays what it was
        self.progress.finished = self._reason_to_finish(self.progress, self._out_of_time(progress.seconds))
        self._seconds_per_batch: float | None = None
        self._optimizer_state: Parameters = {}
        self._open = OpenEpoch(np.empty(0, np.int64))
        self._rewind()  # which sets these two, and the network's parameters

    # Where training stands

    @property
    def history(self) -> list[Record]:
        """The records so far."""
        return self.progress.history

    @property
    def examples(self) -> int:
        """How many an epoch has: five for each training image where augmentation is `expanded`."""
        return len(self._task.labels)

    @property
    def finished(self) -> str | None:
        """Why there is no further epoch, or None while there is one."""
        return self.progress.finished

    @property
    def epoch_share(self) -> float:
        """How much of the present epoch is done, 0 … 1."""
        return self._open.done / len(self._open.order)

    # Going on

    def step(self) -> Step:
        """Train on one mini-batch."""
        epoch, batch = self.progress.epoch + 1, self._batches_done + 1
        met = self._run(1)
        norms = dict(zip(self.network.weights, met.gradient_norms[0].tolist(), strict=True))
        return Step(epoch, batch, float(met.costs.mean()), float(met.correct.mean()), norms)

    def advance(self, seconds: float = 0.1) -> Record | None:
        """Train for about that long, at most to the end of the epoch; its record, if it ended."""
        epochs = self.progress.epoch
        per_batch = self._seconds_per_batch
        self._run(1 if per_batch is None else max(1, int(seconds / per_batch)))
        return self.history[-1] if self.progress.epoch > epochs else None

    def epoch(self) -> Record:
        """Train to the end of the epoch."""
        while not (record := self.advance()):
            pass
        return record

    def __iter__(self) -> Iterator[Record]:
        """Train to the end: a record an epoch."""
        while not self.finished:
            yield self.epoch()

    # How

    def _next_epoch(self) -> OpenEpoch:
        """A new epoch, shuffled: the order depends on the seed and the epoch alone."""
        stream = Stream(self.recipe.seed, Purpose.SHUFFLE, epoch=self.progress.epoch + 1)
        return OpenEpoch(stream.permutation(len(self._task.labels)))

    @property
    def _batches_done(self) -> int:
        """Mini-batches of the open epoch that are done."""
        return self._open.done // self._task.batch_size

    def _run(self, batches: int) -> Batches:
        """The next so many mini-batches of the epoch, or those that are left of it."""
        if self.finished:
            raise GlassnetError(f"training is over, {self.finished}: raise the limit to go on")
        try:
            return self._advance_by(batches)
        except BaseException:  # Ctrl-C, say: some of these steps are made, some are not
            self._rewind()
            raise

    def _advance_by(self, batches: int) -> Batches:
        epoch, begun = self._open, self._batches_done
        places = epoch.order[epoch.done : epoch.done + batches * self._task.batch_size]
        steps = np.arange(begun, min(begun + batches, self._batches)) + self.progress.epoch * self._batches
        start = perf_counter()
        rates = self._learning_rates(steps)
        with np.errstate(over="ignore", invalid="ignore"):  # _check_finite says it better
            met = self._engine.train_batches(
                self.network,
                self._optimizer_state,
                self._task,
                places,
                self.progress.epoch + 1,
                rates,
                int(steps[0]) + 1,
            )
        seconds = max(perf_counter() - start, 1e-9)
        self._check_finite(met)
        epoch.met.append(met)
        epoch.done += len(places)
        epoch.seconds += seconds
        epoch.learning_rate = float(rates[-1])
        self._seconds_per_batch = seconds / len(met.gradient_norms)
        out_of_time = self._out_of_time(self.progress.seconds + epoch.seconds)
        if epoch.finished or out_of_time:
            self._close_epoch(out_of_time)
        return met

    def _close_epoch(self, out_of_time: bool) -> None:
        costs, correct, norms = (np.concatenate(arrays) for arrays in zip(*self._open.met, strict=True))
        accuracy, cost = None, None
        if len(self.data.validation):
            accuracy, cost = self._validate()
        weights = [self.network.parameters[name] for name in self.network.weights]
        record = Record(
            epoch=self.progress.epoch + 1,
            training_cost=float(costs.mean()),
            penalty=self._penalty(weights),
            training_accuracy=float(correct.mean()),
            validation_cost=cost,
            validation_accuracy=accuracy,
            gradient_norms=dict(zip(self.network.weights, norms.mean(axis=0).tolist(), strict=True)),
            seconds=self._open.seconds,
            images_per_second=len(costs) / self._open.seconds,
            learning_rate=self._open.learning_rate,
        )
        progress = replace(
            self.progress,
            parameters=_copy(self.network.parameters),
            optimizer_state=_copy(self._optimizer_state),
            history=[*self.history, record],
        )
        if accuracy is not None and accuracy > self.progress.best_accuracy:
            progress.best_epoch, progress.best_parameters = record.epoch, progress.parameters
        progress.finished = self._reason_to_finish(progress, out_of_time)
        self.progress = progress  # at once, so that a Ctrl-C finds the old epoch or the new one
        self._settle()
        self._open = self._next_epoch()

    def _learning_rates(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """η of each of these mini-batches, counted from 0 over all epochs: (batches,)."""
        in_all = self._batches * self.recipe.epochs
        at = Position(steps, self._batches, in_all, self._accuracies(self.progress))
        return self.recipe.learning_rate * self._schedule.factors(at)

    def _accuracies(self, progress: Progress) -> list[float]:
        """On the validation data, epoch by epoch, for a schedule that goes by them."""
        if not self._schedule.by_validation:
            return []
        return [record.validation_accuracy or 0.0 for record in progress.history]

    def _penalty(self, weights: list[Array]) -> float:
        """What is added to the cost for the size of the weights."""
        l2 = 0.0 if self._task.optimizer.decoupled else self.recipe.l2
        n = len(self._task.labels)
        return l2_penalty(weights, l2, n) + l1_penalty(weights, self.recipe.l1, n)

    def _validate(self) -> tuple[float, float]:
        validation = self.data.validation
        with np.errstate(over="ignore", invalid="ignore"):
            outputs, costs = self._engine.evaluate(
                self.network, validation.images, validation.labels, self._task.cost
            )
        accuracy, cost = float((outputs.argmax(axis=1) == validation.labels).mean()), float(costs.mean())
        if not isfinite(cost):
            self._diverged(-(-self._open.done // self._task.batch_size))
        return accuracy, cost

    def _out_of_time(self, seconds: float) -> bool:
        limit = self.recipe.time_limit
        return limit is not None and seconds >= limit

    def _reason_to_finish(self, progress: Progress, out_of_time: bool) -> str | None:
        recipe = self.recipe
        if progress.epoch >= recipe.epochs:
            return f"epoch {recipe.epochs} of {recipe.epochs} is done"
        if (
            recipe.patience
            and progress.best_epoch
            and progress.epoch - progress.best_epoch >= recipe.patience
        ):
            return f"{recipe.patience} epochs brought no better validation accuracy"
        if ended := self._schedule.has_ended(self._accuracies(progress)):
            return ended
        if out_of_time:
            return f"the time limit of {recipe.time_limit:g} s is reached in epoch {progress.epoch}"
        return None

    def _settle(self) -> None:
        """At the end, take the best parameters instead of the last, if the recipe wants that."""
        if self.finished and self.recipe.keep == "best" and self.progress.best_parameters:
            self.network.load_parameters(self.progress.best_parameters)

    # What can go wrong

    def _check_finite(self, met: Batches) -> None:
        finite = np.isfinite(met.costs)
        if not finite.all():
            self._diverged((self._open.done + int(finite.argmin())) // self._task.batch_size + 1)
        known = np.isfinite(met.gradient_norms).all(axis=1)
        if not known.all():
            self._diverged(self._batches_done + int(known.argmin()) + 1)
        arrays = *self.network.parameters.values(), *self._optimizer_state.values()
        if not all(np.isfinite(array).all() for array in arrays):
            self._diverged(self._batches_done + len(met.gradient_norms))

    def _rewind(self) -> None:
        """To where the last whole epoch ended; whoever goes on, goes on from there."""
        self.network.load_parameters(self.progress.parameters)
        self._optimizer_state = _copy(self.progress.optimizer_state)
        self._settle()
        self._open = self._next_epoch()

    def _diverged(self, batch: int) -> None:
        raise DivergedError(self.progress.epoch + 1, batch, self._likely_cause(), self.progress)

    def _likely_cause(self) -> str:
        recipe, images = self.recipe, self._task.images
        optimizer = self._task.optimizer
        shrink = recipe.learning_rate * recipe.l2 / len(images)
        if shrink >= 2 and (type(optimizer) is SGD or optimizer.decoupled):
            return f"ηλ/n is {shrink:g}, so the penalty makes the weights grow; lower l2 or learning_rate"
        cost = self._task.cost
        if isinstance(cost, CanonicalCost) and not self.network.canonical(cost):
            return (
                f"{cost.name} of {self.network.layers[-1].activation} outputs breaks down where an output is "
                f"exactly 0 or 1 and wrong; make the last layer {cost.natural}, or lower learning_rate"
            )
        if images.dtype != np.uint8 and (largest := float(np.abs(images).max())) > 10:
            return f"the inputs reach {largest:g}; scale them to about 0 … 1"
        eta = recipe.learning_rate
        lower = min(eta / 10, USUAL_OF_ADAM) if isinstance(optimizer, Adam) else eta / 10
        return f"the learning rate {eta:g} is probably too large; try {lower:g}"


def train(
    network: Network,
    data: Dataset,
    recipe: Recipe,
    *,
    example_weights: Any = None,
    progress: Progress | None = None,
) -> History:
    """Train a network in place, to the end of the recipe, and return its history.

    To see each record as its epoch ends, iterate over a `Trainer` instead.

    Calling it again with the same recipe is a new training of the same network: it begins with epoch 1,
    so that the examples come in the same order as before, and with an optimizer that remembers nothing.
    To go on instead, give the progress that the first call came to, and a recipe with more epochs: that
    leads to the same bits as a single training would, unless the schedule goes by the number of all
    epochs (cosine, onecycle).

    Args:
        network: it changes in place; usually `recipe.network()`.
        data: as for `Trainer`, like all that follows.
        recipe: says for how many epochs, among all else.
        example_weights: (n,) for the training examples.
        progress: `history.progress` of an earlier call, to go on from there; the network takes over its
            parameters.

    Raises:
        GlassnetError: network, data and recipe don't fit each other.
        DivergedError: the cost became infinite or NaN; the network has the parameters of the epoch
            before, and the error has the records up to there in `error.progress.history`.
        KeyboardInterrupt: Ctrl-C; the network has the parameters of the last whole epoch. A `Trainer` of
            one's own keeps the history, too.

    >>> from glassnet.data import load
    >>> recipe, digits = Recipe(epochs=2), load("digits")
    >>> network = recipe.network()
    >>> history = train(network, digits, recipe)
    >>> [record.epoch for record in history]
    [1, 2]
    >>> history = train(network, digits, recipe.replace(epochs=4), progress=history.progress)
    >>> [record.epoch for record in history]
    [1, 2, 3, 4]
    """
    trainer = Trainer(network, data, recipe, example_weights=example_weights, progress=progress)
    for _ in trainer:
        pass
    return History(trainer.progress)


def _copy(parameters: Parameters) -> Parameters:
    return {name: array.copy() for name, array in parameters.items()}
