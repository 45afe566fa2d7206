"""Pooling layers explained: the twin of `layers/pool.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import Block, Cell, Equation, Table, number, symbol
from glassnet.explanation.layers.page import Connections, Page
from glassnet.explanation.layers.window import at_each_place
from glassnet.explanation.letters import times
from glassnet.layers import AveragePool, Cache, MaxPool, windows

SHOWN = 12  # numbers of a window
SHOWN_WINDOWS = 16  # with one input
# Numbers in a window that differ by less are as good as equal: products of the same numbers, added up in
# another order. Which of them wins changes no quotient.
EQUAL = 1e-13


P = TypeVar("P", MaxPool, AveragePool)


class _PoolPage(Page[P]):
    what: ClassVar[str]  # it makes of its window
    verb: ClassVar[str]

    def formula(self) -> str:
        at_p, patch = symbol("a", self.number, "p"), symbol("patch", self.number - 1, "p")
        return f"{at_p} = {self.what}({patch})"

    def shapes(self) -> str:
        return f"({times(self.cache.z.shape[1:])}) = {self.what}(({times(self.cache.x.shape[1:])}))"

    def in_words(self) -> list[str]:
        size = self.own.size
        places = at_each_place(self.own, self.cache.z.shape[1:])
        return [places, f"a patch is {size}×{size} numbers of one map"]

    def sum_of(self, j: int) -> Equation:
        size, x, seen = self.own.size, self.cache.x[0].ravel(), self.seen()[j]
        values = ", ".join(number(float(value)) for value in x[seen[:SHOWN]])
        more = ", …" if len(seen) > SHOWN else ""
        return Equation(
            f"{self.letter('z', j)} = {self.what}({values}{more}) = {self._z(j)}",
            f"the {self.verb} of the {size}×{size} numbers in its window{self._who(j)}",
        )

    def _who(self, j: int) -> str:
        return ""

    def seen(self) -> NDArray[np.int64]:
        """The inputs that each window sees: (windows, size · size)."""
        numbers = np.arange(self.cache.x[0].size).reshape(1, *self.cache.x.shape[1:])
        return windows(numbers, self.own.size, self.own.stride).reshape(self.cache.z[0].size, -1)

    def windows_with(self, k: int) -> NDArray[np.int64]:
        """The neurons in whose windows input k stands: (some,)."""
        return np.flatnonzero((self.seen() == k).any(axis=1))


class MaxPoolPage(_PoolPage[MaxPool]):
    """The winner of each window goes on alone, and the way back reaches no other."""

    what, verb = "max", "largest"
    hears = "the largest of the activations in its window"
    views = ("winners",)
    raised_by = "the largest activation in its window: what wins has the weight 1, all others 0"

    @property
    def subject(self) -> str:
        return "who won"

    def incoming(self, j: int) -> Connections:
        return Connections(self.winning()[[j]], np.ones(1))

    def outgoing(self, k: int) -> Connections:
        won = np.flatnonzero(self.winning() == k)
        return Connections(won, np.ones(len(won)))

    def winning(self) -> NDArray[np.int64]:
        """The input that won each window: (windows,)."""
        seen = self.seen()
        return seen[np.arange(len(seen)), self.own.winners(self.cache.x[:1]).ravel()]

    def _who(self, j: int) -> str:
        return f"; `{self.letter_before(self.winning()[j])}` has won, and goes on alone"

    def handed_back(self, k: int) -> str | None:
        count, won = len(self.windows_with(k)), len(self.outgoing(k).places)
        one = "its window" if count == 1 else f"all of its {count} windows"
        if not count:
            return None
        if not won:
            return f"it lost in {one} of layer {self.number}: the winner gets all, the others nothing"
        some = one if won == count else f"{won} of its {count} windows"
        return f"it won {some} of layer {self.number}: the winner gets all, the others nothing"

    def rivals(self, k: int) -> list[Block]:
        x, winning = self.cache.x[0].ravel(), self.winning()
        rows: list[Sequence[Cell]] = [
            (f"`{self.letter('a', j)}`", f"`{self.letter_before(winning[j])}`", float(x[winning[j]]))
            for j in self.windows_with(k)[:SHOWN_WINDOWS]
        ]
        caption = f"who was larger than its {number(float(x[k]))}, or as large and first"
        return [Table(("window", "won by", "with"), rows, caption)]

    @staticmethod
    def crossed_kinks(layer: MaxPool, cache: Cache, changes: int) -> NDArray[np.bool_]:
        """Changes by which another number of a window becomes the largest."""
        crossed, x = np.zeros(changes, np.bool_), cache.x
        winners = layer.winners(x).reshape(changes, 2, -1)  # (changes, 2, batch · windows)
        for change in np.flatnonzero((winners[:, 0] != winners[:, 1]).any(axis=1)):
            rows = x.reshape(changes, 2, -1, *x.shape[1:])[change]  # (2, batch, …)
            crossed[change] = _another_wins(layer, rows, winners[change])
        return crossed


class AveragePoolPage(_PoolPage[AveragePool]):
    """Each number of a window has the same share of the mean."""

    what, verb = "mean", "mean"
    hears = "the mean of the activations in its window"
    raised_by = "the activations in its window, of which each has the same weight"

    def incoming(self, j: int) -> Connections:
        seen = self.seen()[j]
        return Connections(seen, np.full(len(seen), 1 / self.own.size**2))

    def outgoing(self, k: int) -> Connections:
        places = self.windows_with(k)
        return Connections(places, np.full(len(places), 1 / self.own.size**2))

    def handed_back(self, k: int) -> str | None:
        if not len(self.windows_with(k)):
            return None
        size = self.own.size
        return f"layer {self.number} takes the mean of {size}×{size}: each gets the same share of it"


def _another_wins(layer: MaxPool, x: Array, winners: NDArray[np.int64]) -> bool:
    """Whether the winners of one side lose on the other, by more than rounding.

    Args:
        layer: whose windows they are.
        x: (2, batch, channels, height, width), the two sides.
        winners: (2, batch · windows).
    """
    seen = windows(x.reshape(-1, *x.shape[2:]), layer.size, layer.stride)
    above, below = seen.reshape(2, -1, layer.size**2)  # (batch · windows, size · size)
    changed = winners[0] != winners[1]
    for side, theirs in ((above, winners[1]), (below, winners[0])):
        best, other = side.max(axis=1), np.take_along_axis(side, theirs[:, None], 1)[:, 0]
        if (changed & ~(best - other <= EQUAL * np.maximum(1, np.abs(best)))).any():
            return True
    return False
