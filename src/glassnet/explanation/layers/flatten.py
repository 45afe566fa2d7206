"""Flatten explained: the twin of `layers/flatten.py`."""

from __future__ import annotations

from glassnet.document import symbol
from glassnet.explanation.layers.page import Page
from glassnet.explanation.letters import times
from glassnet.layers import Flatten


class FlattenPage(Page[Flatten]):
    """The same numbers, in one row."""

    one_to_one = True

    def formula(self) -> str:
        return f"{symbol('a', self.number)} = flatten({symbol('a', self.number - 1)})"

    def shapes(self) -> str:
        n_out, n_in = (times(of.shape[1:]) for of in (self.cache.z, self.cache.x))
        return f"({n_out}) = flatten(({n_in}))"
