"""What the records of a training show by themselves: overfitting, and a cost that goes up and down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassnet.document import number
from glassnet.explanation.doctor.findings import Finding, NotExaminedError, Seen, percent
from glassnet.training import Record

FEWEST_EPOCHS = 10
WINDOW = 5  # epochs: one alone may be high or low by chance
# All of the last 5 validation costs are so much above the lowest (the median of 5 epochs), while the
# training cost fell. Of 2,800 healthy trainings on digits, 10 rose by 20 %, 2 by 25 %; learning by heart
# (digits with a fifth of the labels changed, 200 epochs; 784-30-10 on 1,000 of MNIST's) brings 25 to 113 %.
RISEN = 0.25
FALLEN = 0.2
# An epoch goes up where its training cost is 10 % above that of the epoch before, and not yet small
# beside the first epoch's: about a small cost, healthy ones jump as well. Healthy: up to 7 % of the epochs;
# η = 2 instead of 0.5: 16 % and more.
JUMP = 0.1
SMALL = 0.1
OFTEN = 0.15


def overfitting(history: Sequence[Record]) -> Seen:
    """Since when has the validation cost risen while the training cost fell?"""
    _need(history)
    validation = [record.validation_cost for record in history if record.validation_cost is not None]
    if len(validation) < len(history):
        raise NotExaminedError("there is no validation cost")
    smooth = _medians(validation)  # by the first epoch of their window, counted from 0
    training = _medians([record.training_cost for record in history])
    start = int(smooth.argmin())
    epoch = start + 1 + WINDOW // 2
    lowest, now = float(smooth[start]), min(validation[-WINDOW:])
    then, last = float(training[start]), float(training[-1])
    rise = now / lowest - 1 if lowest else 0.0 if not now else np.inf
    fall = 1 - last / then if then else 0.0
    measured = (
        f"lowest median of {WINDOW} about epoch {epoch} of {len(history)}, {number(lowest, 3)}; "
        f"{number(now, 3)} or more in the last {WINDOW}"
    )
    if not (rise >= RISEN and fall >= FALLEN):
        return Seen(measured)
    finding = Finding(
        "overfitting",
        f"Overfitting since about epoch {epoch}: there the validation cost was {number(lowest, 3)}; in the "
        f"last {WINDOW} of {len(history)} epochs it was {number(now, 3)} or more ({_change(rise)}), while "
        f"the training cost fell from {number(then, 3)} to {number(last, 3)} ({_change(-fall)}).",
        "Stop there (--patience, --keep best), penalize large weights (--l2, --l1), take fewer neurons or "
        "dropout (dropout0.5 in --layers), or give it more training images, moved ones, for instance "
        "(--augmentation).",
        {
            "epoch": float(epoch),
            "lowest_validation_cost": lowest,
            "validation_cost": now,
            "training_cost_then": then,
            "training_cost": last,
        },
    )
    return Seen(measured, [finding])


def oscillating_cost(history: Sequence[Record]) -> Seen:
    """Does the training cost rise in many of the epochs?"""
    _need(history)
    costs = np.array([record.training_cost for record in history])  # (epochs,)
    before = np.where(costs[:-1] > 0, costs[:-1], np.inf)  # (epochs − 1,): a rise from nothing is no share
    rises = (costs[1:] - costs[:-1]) / before  # (epochs − 1,)
    up = (rises >= JUMP) & (costs[1:] >= SMALL * costs[0])
    measured = f"up by {percent(JUMP)} or more in {up.sum()} of {len(rises)} epochs"
    if up.mean() < OFTEN:
        return Seen(measured)
    finding = Finding(
        "oscillating_cost",
        f"The training cost goes up and down: in {up.sum()} of {len(rises)} epochs it rose by "
        f"{percent(JUMP)} or more, by {percent(float(rises[up].mean()))} on average, and in the end it is "
        f"{number(costs[-1], 3)}.",
        "The steps are too long: lower --learning-rate, or take a larger --batch-size, whose gradient "
        "wavers less.",
        {
            "epochs_up": float(up.sum()),
            "epochs": float(len(rises)),
            "mean_rise": float(rises[up].mean()),
            "training_cost": float(costs[-1]),
        },
    )
    return Seen(measured, [finding])


def _need(history: Sequence[Record]) -> None:
    if not history:
        raise NotExaminedError("there are no records")
    if len(history) < FEWEST_EPOCHS:
        raise NotExaminedError(f"that takes {FEWEST_EPOCHS} epochs, and there are {len(history)}")


def _medians(values: Sequence[float]) -> NDArray[np.float64]:
    """The median of every WINDOW values in a row."""
    windows = np.lib.stride_tricks.sliding_window_view(np.array(values), WINDOW)  # (some, WINDOW)
    return np.median(windows, axis=1)


def _change(share: float) -> str:
    return f"{'+' if share >= 0 else '−'}{percent(abs(share))}"
