"""Learning rates that change on the way, each as a text:

    constant        η from first to last
    step10x0.5      η is multiplied by 0.5 after every 10 epochs
    halve10         η is halved whenever 10 epochs brought no better validation accuracy; training ends
                    when it is 1/128 of what it was (the exercise of Nielsen's chapter 3)
    cosine          from η to 0 along half a cosine
    onecycle0.3     up from η/25 to η in the first 0.3 of all mini-batches, and down to nearly 0, both
                    along half a cosine

A schedule is a function of where training stands, and of nothing else: a resumed run goes on as if it
had never stopped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.exact import cos_sin_of_turn, power
from glassnet.grammar import Form, Grammar, quoted

Numbers = NDArray[np.float64]


class Position(NamedTuple):
    """Where training stands."""

    steps: NDArray[np.int64]  # (batches,): the mini-batches in question, counted from 0 over all epochs
    per_epoch: int  # mini-batches
    in_all: int  # of all epochs
    accuracies: Sequence[float]  # on the validation data, after each epoch so far


@runtime_checkable
class Schedule(Protocol):
    """How the learning rate changes.

    Attributes:
        by_all_epochs: Whether it depends on how many epochs there will be.
        by_validation: Whether it depends on the validation accuracy.
    """

    by_all_epochs: ClassVar[bool]
    by_validation: ClassVar[bool]

    def factors(self, at: Position) -> Numbers:
        """By what η is multiplied in each of these mini-batches, (batches,)."""

    def has_ended(self, accuracies: Sequence[float]) -> str | None:
        """Why it ends training after these epochs, or None."""


@dataclass(frozen=True)
class Constant:
    """η from first to last.

    >>> at = Position(steps=np.arange(3), per_epoch=3, in_all=30, accuracies=[])
    >>> Constant().factors(at)
    array([1., 1., 1.])
    """

    name: ClassVar[str] = "constant"
    by_all_epochs: ClassVar[bool] = False
    by_validation: ClassVar[bool] = False

    def factors(self, at: Position) -> Numbers:
        return np.ones(len(at.steps))

    def has_ended(self, accuracies: Sequence[float]) -> str | None:
        return None


@dataclass(frozen=True)
class StepDecay(Constant):
    """η is multiplied by a factor after every so many epochs.

    >>> at = Position(steps=np.arange(6), per_epoch=1, in_all=30, accuracies=[])
    >>> StepDecay(epochs=2, factor=0.5).factors(at)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25, 0.25])
    """

    epochs: int
    factor: float = 0.1

    name: ClassVar[str] = "step"

    def factors(self, at: Position) -> Numbers:
        times = at.steps // at.per_epoch // self.epochs  # (batches,)
        return np.array([power(self.factor, int(k)) for k in times])


@dataclass(frozen=True)
class HalveOnPlateau(Constant):
    """η is halved whenever so many epochs brought no better validation accuracy.

    >>> at = Position(steps=np.arange(2), per_epoch=2, in_all=60, accuracies=[0.8, 0.9, 0.9, 0.7])
    >>> HalveOnPlateau(epochs=2).factors(at)
    array([0.5, 0.5])
    """

    epochs: int

    MOST: ClassVar[int] = 7  # halvings: 1/128

    name: ClassVar[str] = "halve"
    by_validation: ClassVar[bool] = True

    def factors(self, at: Position) -> Numbers:
        return np.full(len(at.steps), power(0.5, self._halvings(at.accuracies)))

    def has_ended(self, accuracies: Sequence[float]) -> str | None:
        if self._halvings(accuracies) < self.MOST:
            return None
        return f"the learning rate was halved {self.MOST} times, to 1/{2**self.MOST}"

    def _halvings(self, accuracies: Sequence[float]) -> int:
        best, waited, halvings = -1.0, 0, 0
        for accuracy in accuracies:
            waited = 0 if accuracy > best else waited + 1
            best = max(best, accuracy)
            if waited == self.epochs:
                waited, halvings = 0, halvings + 1
        return halvings


@dataclass(frozen=True)
class Cosine(Constant):
    """From η to 0 along half a cosine: ½ (1 + cos π s/S) in mini-batch s of S.

    Source: Loshchilov and Hutter (2017), without restarts.

    >>> at = Position(steps=np.array([0, 5]), per_epoch=1, in_all=10, accuracies=[])
    >>> Cosine().factors(at)
    array([1. , 0.5])
    """

    name: ClassVar[str] = "cosine"
    by_all_epochs: ClassVar[bool] = True

    def factors(self, at: Position) -> Numbers:
        return _half_cosine(1.0, 0.0, at.steps / at.in_all)


@dataclass(frozen=True)
class OneCycle(Constant):
    """Up from η/25 to η, and down to η/250,000, each along half a cosine.

    The first mini-batch has the one, the last has the other. Source: Smith and Topin (2018); the
    numbers are those of PyTorch's OneCycleLR.

    >>> at = Position(steps=np.array([0, 29, 63]), per_epoch=1, in_all=100, accuracies=[])
    >>> OneCycle(rising=0.3).factors(at).round(4)
    array([0.04  , 1.    , 0.5224])
    """

    rising: float = 0.3  # the share of all mini-batches

    FIRST: ClassVar[float] = 1 / 25
    LAST: ClassVar[float] = 1 / 250_000

    name: ClassVar[str] = "onecycle"
    by_all_epochs: ClassVar[bool] = True

    def factors(self, at: Position) -> Numbers:
        top = self.rising * at.in_all - 1  # the mini-batch with the largest rate
        up = _half_cosine(self.FIRST, 1.0, at.steps / max(top, 1.0))
        down = _half_cosine(1.0, self.LAST, (at.steps - top) / (at.in_all - 1 - top))
        return np.where(at.steps < top, up, down)


MOST_EPOCHS = 1_000_000_000


def _epochs(number: str) -> int:
    if len(number) > 10 or not 1 <= int(number) <= MOST_EPOCHS:
        raise GlassnetError(f"give a number of epochs from 1 to {MOST_EPOCHS:,}")
    return int(number)


def _share(number: str, what: str) -> float:
    decimal = re.fullmatch(r"0?\.\d+|\d+e-\d+|\d\.\d+e-\d+", number) is not None
    if not (decimal and 0 < float(number) < 1):
        raise GlassnetError(f"give a {what} between 0 and 1, such as 0.5")
    return float(number)


def _decay(epochs: str, factor: str | None) -> dict[str, Any]:
    every = {"epochs": _epochs(epochs)}
    return every if factor is None else {**every, "factor": _share(factor, "factor")}


def _rising(share: str) -> dict[str, Any]:
    return {"rising": _share(share, "share of the mini-batches")} if share else {}


GRAMMAR = Grammar(
    "schedule",
    {
        "constant": Form(Constant, r"", ("constant",)),
        "step": Form(
            StepDecay,
            r"(\d+)(?:x(.*))?",
            ("step10x0.5",),
            _decay,
            lambda step: f"{step.epochs}x{step.factor!r}",
            "after every 10 epochs half of η",
        ),
        "halve": Form(
            HalveOnPlateau,
            r"(\d+)",
            ("halve10",),
            lambda epochs: {"epochs": _epochs(epochs)},
            lambda halve: f"{halve.epochs}",
            "half of η after 10 epochs without a better accuracy",
        ),
        "cosine": Form(Cosine, r"", ("cosine",)),
        "onecycle": Form(
            OneCycle, r"(.*)", ("onecycle0.3", "onecycle"), _rising, lambda cycle: f"{cycle.rising!r}"
        ),
    },
)
SCHEDULES: dict[str, type[Constant]] = {name: form.kind for name, form in GRAMMAR.forms.items()}


def parse_schedule(text: str) -> Constant:
    """The schedule that a text tells of.

    Raises:
        GlassnetError: it tells of none.

    >>> parse_schedule("step10x0.5"), parse_schedule("onecycle")
    (StepDecay(epochs=10, factor=0.5), OneCycle(rising=0.3))
    """
    if not isinstance(text, str):
        raise GlassnetError(f"schedule is {quoted(text)}: give a text, such as 'constant' or 'step10x0.5'")
    try:
        name, settings = GRAMMAR.read(text)
    except GlassnetError as error:
        raise GlassnetError(f"schedule {error}") from error
    return SCHEDULES[name](**settings)


def format_schedule(schedule: Constant) -> str:
    """The text that `parse_schedule` makes this schedule of.

    >>> format_schedule(StepDecay(10, 0.5)), format_schedule(OneCycle())
    ('step10x0.5', 'onecycle0.3')
    """
    return GRAMMAR.write(schedule)


def _half_cosine(first: float, last: float, share: NDArray[Any]) -> Numbers:
    """From `first` to `last`, level at both ends: last + ½ (first − last) (1 + cos π·share)."""
    cos, _ = cos_sin_of_turn(share / 2)
    return last + (first - last) / 2 * (1 + cos)
