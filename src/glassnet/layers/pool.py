"""Pooling: of each small square of an image, one number goes on: the largest, or the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Parameters, Shape
from glassnet.layers.layer import Cache
from glassnet.layers.parameterless import Parameterless
from glassnet.layers.window import Windowed, slide, whole, windows


@dataclass(frozen=True)
class _Pool(Windowed, Parameterless):
    size: int
    stride: int = 0  # 0: as the size

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", whole(f"size of a {self.kind} layer", self.size, 1))
        stride = whole(f"stride of a {self.kind} layer", self.stride, 0)
        object.__setattr__(self, "stride", stride or self.size)

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        name = f"{self.kind} of {self.size}×{self.size}"
        return (*input_shape[:1], *slide(name, input_shape, self.size, self.stride)), {}


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
