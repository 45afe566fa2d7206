"""Pooling: of each small square of an image, one number goes on: the largest, or the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Parameters, Shape
from glassnet.layers.layer import Cache, Connections
from glassnet.layers.parameterless import Parameterless
from glassnet.layers.window import slide, whole, windows


@dataclass(frozen=True)
class _Pool(Parameterless):
    size: int
    stride: int = 0  # 0: as the size

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole(f"size of a {self.kind} layer", self.size, 1))
        stride = whole(f"stride of a {self.kind} layer", self.stride, 0)
        object.__setattr__(self, "stride", stride or self.size)

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        name = f"{self.kind} of {self.size}×{self.size}"
        return (*input_shape[:1], *slide(name, input_shape, self.size, self.stride)), {}

    def seen(self, cache: Cache) -> NDArray[np.int64]:
        """The inputs, counted through, that each window sees: (windows, size · size)."""
        numbers = np.arange(cache.x[0].size).reshape(1, *cache.x.shape[1:])
        return windows(numbers, self.size, self.stride).reshape(cache.z[0].size, -1)


@dataclass(frozen=True)
class MaxPool(_Pool):
    """The largest of size × size numbers, at every `stride`-th place (0: as far apart as they are large).

    ∂C/∂x goes to the winner alone: of equal ones, the first by rows. What stands at the lower and
    right end, where no whole window fits, is not seen.

    >>> MaxPool(2).build((20, 24, 24))
    ((20, 12, 12), {})
    """

    kind: ClassVar[str] = "max_pool"

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        z = windows(x, self.size, self.stride).max(axis=(4, 5))  # (batch, channels, down, across)
        return z, Cache(x, z, z)

    def winners(self, x: Array) -> NDArray[np.int64]:
        """Where in its window the largest stands, counted by rows: (batch, channels, down, across)."""
        seen = windows(x, self.size, self.stride)
        return seen.reshape(*seen.shape[:4], -1).argmax(axis=-1)

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        back = np.zeros_like(cache.x)
        seen, winners = windows(back, self.size, self.stride), self.winners(cache.x)
        for i, j in np.ndindex(self.size, self.size):
            seen[..., i, j] += np.where(winners == i * self.size + j, dC_dz, 0)
        return back

    def incoming(self, params: Parameters, cache: Cache, j: int) -> Connections:
        return Connections(self._winning(cache)[[j]], np.ones(1))

    def outgoing(self, params: Parameters, cache: Cache, k: int) -> Connections:
        won = np.flatnonzero(self._winning(cache) == k)
        return Connections(won, np.ones(len(won)))

    def _winning(self, cache: Cache) -> NDArray[np.int64]:
        """Of the first example: the input, counted through, that won each window."""
        seen = self.seen(cache)
        return seen[np.arange(len(seen)), self.winners(cache.x[:1]).ravel()]


@dataclass(frozen=True)
class AveragePool(_Pool):
    """The mean of size × size numbers, at every `stride`-th place (0: as far apart as they are large).

    What stands at the lower and right end, where no whole window fits, is not seen.

    >>> AveragePool(2).build((20, 24, 24))
    ((20, 12, 12), {})
    """

    kind: ClassVar[str] = "average_pool"

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        seen = windows(x, self.size, self.stride)
        total = np.zeros(seen.shape[:4], x.dtype)  # (batch, channels, down, across)
        for i, j in np.ndindex(self.size, self.size):
            total += seen[..., i, j]  # in the engine's order: max pooling behind it may meet equal means
        z = total / self.size**2
        return z, Cache(x, z, z)

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        back = np.zeros_like(cache.x)
        seen = windows(back, self.size, self.stride)
        for i, j in np.ndindex(self.size, self.size):
            seen[..., i, j] += dC_dz / self.size**2  # each number's share of the mean
        return back

    def incoming(self, params: Parameters, cache: Cache, j: int) -> Connections:
        seen = self.seen(cache)[j]
        return Connections(seen, np.full(len(seen), 1 / self.size**2))

    def outgoing(self, params: Parameters, cache: Cache, k: int) -> Connections:
        places = np.flatnonzero((self.seen(cache) == k).any(axis=1))
        return Connections(places, np.full(len(places), 1 / self.size**2))
