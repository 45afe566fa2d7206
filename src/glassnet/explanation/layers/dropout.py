"""Dropout explained: the twin of `layers/dropout.py`."""

from __future__ import annotations

from math import prod

import numpy as np

from glassnet.document import Equation, in_parentheses, number, symbol
from glassnet.explanation.layers.page import Connections, Page
from glassnet.explanation.letters import times
from glassnet.layers import Dropout

PASSES_ON = "passes everything on outside of training, and so it does"


class DropoutPage(Page[Dropout]):
    """In a training step some numbers are switched off; else all are handed on."""

    views = ("dropped",)
    one_to_one = True

    @property
    def masked(self) -> bool:
        """True in a training step, for which a mask was drawn."""
        return "mask" in self.params

    @property
    def subject(self) -> str:
        return "what was switched off" if self.masked else "what training switches off"

    def formula(self) -> str:
        a, before = symbol("a", self.number), symbol("a", self.number - 1)
        return f"{a} = {symbol('mask', self.number)} ⊙ {before}" if self.masked else f"{a} = {before}"

    def shapes(self) -> str:
        n = times(self.cache.z.shape[1:])
        return f"({n}) = ({n}) ⊙ ({n})" if self.masked else f"({n}) = ({n})"

    def in_words(self) -> list[str]:
        rate, size = self.own.rate, prod(self.cache.z.shape[1:])
        if not self.masked:
            return [f"dropout {rate:g} {PASSES_ON} here"]
        off = int((self.params["mask"] == 0).sum())
        return [
            f"in this training step dropout {rate:g} switched off {off:,} of {size:,}, and made the others "
            f"{number(self.own.scale)} times as large"
        ]

    def incoming(self, j: int) -> Connections:
        factor = float(self.params["mask"][0].flat[j]) if self.masked else 1.0
        return Connections(np.array([j]), np.array([factor]))

    def sum_of(self, j: int) -> Equation:
        factor = f"{in_parentheses(float(self.incoming(j).weights[0]))} · " if self.masked else ""
        words = self._did(j) if self.masked else f"dropout {PASSES_ON} here"
        return Equation(f"{self.letter('z', j)} = {factor}{self.letter_before(j)} = {self._z(j)}", words)

    def handed_back(self, k: int) -> str | None:
        if not self.masked:
            return f"dropout {PASSES_ON} in layer {self.number} here"
        unheard = "" if self.incoming(k).weights[0] else ": the cost does not hear it"
        return f"{self._did(k)}{unheard}"

    def _did(self, j: int) -> str:
        if self.incoming(j).weights[0]:
            return f"dropout passed it on in this training step, times 1/(1 − {number(self.own.rate)})"
        return "dropout switched it off in this training step"
