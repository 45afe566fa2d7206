"""Dropout: in training, each number is switched off with some probability, anew for every example.

Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15 (2014); here those left are
scaled up, so that the sums behind them stay as large on average, and answers need no other weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Parameters, Shape
from glassnet.errors import GlassnetError
from glassnet.layers.layer import Cache
from glassnet.layers.parameterless import Parameterless


@dataclass(frozen=True)
class Dropout(Parameterless):
    """In training a = mask ⊙ x, the mask 0 with probability `rate` and 1/(1 − rate) otherwise; else a = x.

    A training step passes the mask like a parameter, under the name "mask": it is drawn anew for
    every example and epoch (`Network.in_training`). Without one, all numbers go on as they are.

    >>> layer, x = Dropout(0.5), np.ones((1, 4))
    >>> layer.forward({"mask": np.array([[0.0, 2.0, 2.0, 0.0]])}, x)[0]
    array([[0., 2., 2., 0.]])
    >>> layer.forward({}, x)[0]
    array([[1., 1., 1., 1.]])
    """

    kind: ClassVar[str] = "dropout"
    rate: float

    def __post_init__(self) -> None:
        number = isinstance(self.rate, int | float | np.number) and not isinstance(self.rate, bool)
        if not number or not 0 <= self.rate < 1:  # NaN is refused, too
            raise GlassnetError(f"rate of a dropout layer is {self.rate!r}: give a number from 0 to below 1")
        object.__setattr__(self, "rate", float(self.rate))

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        return input_shape, {}

    @property
    def threshold(self) -> int:
        """A number is switched off where its 32 random bits are below this."""
        return min(round(self.rate * 2**32), 2**32 - 1)

    @property
    def scale(self) -> float:
        """The factor of what is left."""
        return 1 / (1 - self.rate)

    def mask(self, words: NDArray[np.uint32], dtype: np.dtype[Any]) -> Array:
        """The mask that so many random words make: 0 or 1/(1 − rate), of their shape."""
        return (words >= self.threshold) * dtype.type(self.scale)

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        z = x * params["mask"] if "mask" in params else x  # (batch, …)
        return z, Cache(x, z, z)

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        return dC_dz * params["mask"] if "mask" in params else dC_dz  # (batch, …)
