"""Flatten: the numbers of an image as one row, channel by channel and row by row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from glassnet.arrays import Array, Parameters, Shape
from glassnet.layers.layer import Cache
from glassnet.layers.parameterless import Parameterless


@dataclass(frozen=True)
class Flatten(Parameterless):
    """The same numbers in one row: what a dense layer takes.

    >>> Flatten().build((40, 4, 4))
    ((640,), {})
    """

    kind: ClassVar[str] = "flatten"

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        return (prod(input_shape),), {}

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        z = x.reshape(len(x), prod(x.shape[1:]))  # (batch, n)
        return z, Cache(x, z, z)

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        return dC_dz.reshape(cache.x.shape)
