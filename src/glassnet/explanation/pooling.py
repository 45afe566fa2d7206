"""Pooling's winners: of each window one number goes on, and the way back reaches no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.document import Block, Cell, Paragraph, Shown, Table
from glassnet.explanation.trace import Trace
from glassnet.layers import Cache, MaxPool, windows

SHOWN = 8  # maps in the table, at most


@dataclass(frozen=True, repr=False, eq=False)
class Winners(Shown):
    """Who won each window of a max pooling layer, and who got no gradient."""

    trace: Trace
    layer: int
    own: MaxPool

    @property
    def x(self) -> Array:
        """What is pooled, shape (maps, height, width)."""
        return self._cache.x[0]

    @cached_property
    def winners(self) -> NDArray[np.int64]:
        """Where in its window the winner stands, counted by rows: shape (maps, down, across)."""
        return self.own.winners(self._cache.x[:1])[0]

    @cached_property
    def all_equal(self) -> NDArray[np.bool_]:
        """The windows in which all numbers are equal: shape (maps, down, across)."""
        seen = self._windows
        return (seen == seen[..., :1, :1]).all(axis=(3, 4))

    @cached_property
    def won(self) -> NDArray[np.bool_]:
        """Which inputs won a window, shape (maps, height, width)."""
        won = np.zeros_like(self.x, dtype=np.bool_)
        won[self.places] = True
        return won

    @property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Map, row and column of the winner of each window, three arrays (maps · down · across,)."""
        size, stride = self.own.size, self.own.stride
        c, down, across = (index.ravel() for index in np.indices(self.winners.shape))
        i, j = np.divmod(self.winners.ravel(), size)
        return c, down * stride + i, across * stride + j

    @cached_property
    def dC_dx(self) -> Array:
        """How the cost changes with each input, shape (maps, height, width): 0 for all but winners."""
        passed = self.trace.delta_passed_back(self.layer).reshape(self._cache.z.shape)
        with np.errstate(all="ignore"):
            return self.own.dC_dx({}, self._cache, passed)[0]

    def blocks(self) -> Sequence[Block]:
        size, count = self.own.size, self.winners.size
        names = _names(size)
        tally = np.bincount(self.winners[~self.all_equal], minlength=size * size)
        rows: list[Sequence[Cell]] = [(str(c), *self._row(c)) for c in np.sort(self.busiest[:SHOWN])]
        rows.append(("all", *self._row(slice(None))))
        maps = len(self.x)
        some = f"; the {SHOWN} of {maps:,} that the gradient reaches most" if maps > SHOWN else ""
        blocks: list[Block] = [
            Paragraph(
                f"Of each window of {size}×{size} numbers layer {self.layer} takes the largest. That one "
                "alone has a say in what follows, so on the way back it alone gets the gradient, and the "
                "others get 0."
            ),
            Table(
                ("map", "windows", "all equal", "won", "no gradient"),
                rows,
                f"windows with all numbers equal; of the {self.x.shape[1]}×{self.x.shape[2]} numbers of a "
                f"map, how many won a window, and how many get no gradient{some}",
                sums=1,
            ),
        ]
        if self.all_equal.any():
            share = self.all_equal.mean()
            blocks.append(
                Paragraph(
                    f"In {share:.0%} of the {count:,} windows all numbers are equal: there the first by rows "
                    "is taken, and nothing was chosen."
                )
            )
        if len(names) <= 4 and tally.sum():
            cells = [f"{100 * won / tally.sum():.0f} %" for won in tally]
            blocks.append(Table(names, [cells], "where the winner stood in its window, of the others"))
        return blocks

    @property
    def busiest(self) -> NDArray[np.int64]:
        """The maps in the order of their gradient's length."""
        sizes = np.nan_to_num(np.square(self.dC_dx.astype(np.float64))).sum(axis=(1, 2))
        return np.argsort(-sizes, kind="stable")

    def _row(self, maps: Any) -> tuple[Cell, ...]:
        """Some of the maps, in numbers."""
        equal, won, without = self.all_equal[maps], self.won[maps], self.dC_dx[maps] == 0
        return (
            f"{equal.size:,}",
            f"{equal.mean():.0%}",
            f"{won.mean():.0%}",
            f"{without.mean():.0%}",
        )

    @property
    def _cache(self) -> Cache:
        return self.trace.chain.caches[self.layer - 1]

    @property
    def _windows(self) -> Array:
        return windows(self._cache.x[:1], self.own.size, self.own.stride)[0]


def winners(trace: Trace, layer: int) -> Winners:
    """Those of a max pooling layer.

    Raises:
        GlassnetError: the layer picks no winners.
    """
    return Winners(trace, layer, trace.page_with("winners", layer, "picks no winners").own)


def _names(size: int) -> tuple[str, ...]:
    """Where in a window something stands."""
    if size == 2:
        return ("upper left", "upper right", "lower left", "lower right")
    return tuple(f"row {i}, column {j}" for i in range(size) for j in range(size))
