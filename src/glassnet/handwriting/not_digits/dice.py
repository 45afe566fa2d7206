"""Random numbers for one picture, taken one after another from a stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glassnet.rng import Purpose, Stream

Item = TypeVar("Item")
ENOUGH = 1536  # numbers for any one picture


class Dice:
    """Numbers by (seed, picture): whoever throws them in the same order gets the same.

    >>> Dice(seed=0, picture=3).below(6) == Dice(seed=0, picture=3).below(6)
    True
    """

    def __init__(self, seed: int, picture: int) -> None:
        self._numbers = Stream(seed, Purpose.NOT_DIGITS, step=picture).uniform((ENOUGH,))
        self._used = 0

    def array(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Uniform numbers between 0 and 1, of that shape."""
        count = prod(shape)
        assert self._used + count <= ENOUGH, "a picture takes more random numbers than are drawn for it"
        self._used += count
        return self._numbers[self._used - count : self._used].reshape(shape)

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + (high - low) * float(self.array((1,))[0])

    def below(self, n: int) -> int:
        """A whole number from 0 to n − 1."""
        return int(self.between(0, n))

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of these."""
        return items[self.below(len(items))]
