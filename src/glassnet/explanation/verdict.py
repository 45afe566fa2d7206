"""A derivative beside its finite difference."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.document import Note, number
from glassnet.explanation.finite_difference import TOLERANCE, relative_error


class Verdict(NamedTuple):
    """What backpropagation says, and what the cost itself shows."""

    value: float  # by backpropagation
    difference: float  # NaN where a kink lies within the step
    cost: float = 1.0  # C₀, whose rounding limits what a difference can tell

    @property
    def error(self) -> float:
        """|value − difference| over the larger of the two; NaN where there is no difference."""
        larger = max(abs(self.value), abs(self.difference))
        return abs(self.value - self.difference) / larger if larger else 0.0

    @property
    def ok(self) -> bool:
        """Whether the two agree to 10⁻⁶, or to 10⁻⁹ (times the cost) where it is tiny."""
        return relative_error(self.value, self.difference, self.cost) <= TOLERANCE

    def block(self, by: str) -> Note:
        """In a sentence; `by` is what was changed."""
        if np.isnan(self.difference):
            return Note("No finite difference says anything here: a kink lies within its step.", good=False)
        if np.isinf(self.difference):
            return Note("No finite difference can be taken: the cost itself is no finite number.", good=False)
        tiny = ", the two being as small as they are" if self.ok and self.error > TOLERANCE else ""
        return Note(
            f"Backpropagation: `{number(self.value, 9)}`; finite difference "
            f"`(C₀({by} + h) − C₀({by} − h)) / 2h`: `{number(self.difference, 9)}`; "
            f"relative error {number(self.error, 2)}{tiny}.",
            self.ok,
        )
