"""A derivative beside its finite difference, and what that says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from glassnet.document import Note, number
from glassnet.explanation.finite_difference import STEP, TOLERANCE, relative_error

TOLERANCE_FLOAT32 = 1e-3  # a − y of a sure answer keeps four digits in float32


class Verdict(NamedTuple):
    """What backpropagation says, and what the cost itself shows."""

    value: float  # by backpropagation
    difference: float  # NaN where a kink, or the end of what the cost is defined for, lies within the step
    cost: float = 1.0  # C₀, whose rounding limits what a difference can tell
    other: float | None = None  # with a step ten times as long, where the first seemed wrong
    tolerance: float = TOLERANCE

    @property
    def error(self) -> float:
        """|value − difference| over the larger of the two; NaN where there is no difference."""
        larger = max(abs(self.value), abs(self.difference))
        return abs(self.value - self.difference) / larger if larger else 0.0

    @property
    def ok(self) -> bool:
        """Whether the two agree to 10⁻⁶, or to 10⁻⁹ (times the cost) where it is tiny."""
        return relative_error(self.value, self.difference, self.cost) <= self.tolerance

    @property
    def open(self) -> bool:
        """Whether the difference can't tell: two steps give two answers."""
        return not self.ok and self.other is not None and undecided(self.value, self.difference, self.other)

    def block(self, by: str) -> Note:
        """In a sentence; `by` is what was changed."""
        if np.isnan(self.difference):
            return Note(
                "No finite difference says anything here: a kink, or the end of what the cost is defined "
                "for, lies within its step.",
                good=False,
            )
        if np.isinf(self.difference):
            return Note("No finite difference can be taken: the cost itself is no finite number.", good=False)
        if self.open and self.other is not None:
            return Note(
                f"Backpropagation: `{number(self.value, 9)}`. The finite difference can't tell: the digits "
                f"of the cost don't reach that far, and two steps give `{number(self.difference, 4)}` and "
                f"`{number(self.other, 4)}`.",
                good=False,
            )
        tiny = ", as the two are nearly 0" if self.ok and self.error > self.tolerance else ""
        return Note(
            f"Backpropagation: `{number(self.value, 9)}`; finite difference "
            f"`(C₀({by} + h) − C₀({by} − h)) / 2h`: `{number(self.difference, 9)}`; "
            f"relative error {number(self.error, 2)}{tiny}.",
            self.ok,
        )


@np.errstate(all="ignore")  # what is no number is told
def judge(
    value: float, slope: Callable[[float], float], cost: float, dtype: np.dtype[np.floating] | type
) -> Verdict:
    """A value beside the slope with a step h; beside that with 10 h, too, where the first seems wrong."""
    tolerance = TOLERANCE if np.dtype(dtype) == np.float64 else TOLERANCE_FLOAT32
    first = Verdict(value, slope(STEP), cost, None, tolerance)
    if first.ok or not np.isfinite(first.difference):
        return first
    other = slope(10 * STEP)
    second = Verdict(value, other, cost, first.difference, tolerance)
    if np.isfinite(other) and second.ok:
        return second
    return first._replace(other=other)


def undecided(value: float, one: float, other: float) -> bool:
    """Whether the quotients of two steps differ as much from each other as from the value.

    A wrong value stands beside two quotients that agree; where they don't, it is they that are not exact.
    """
    with np.errstate(all="ignore"):
        return bool(abs(one - other) > 0.3 * min(abs(value - one), abs(value - other)))
