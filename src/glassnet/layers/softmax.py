"""Softmax as a layer of its own, on top of another layer's activations (lesson 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Array, Parameters, Shape
from glassnet.errors import GlassnetError
from glassnet.layers.layer import Cache
from glassnet.layers.parameterless import Parameterless


@dataclass(frozen=True)
class Softmax(Parameterless):
    """a = softmax(x): no parameters, z is the input itself.

    For softmax on the weighted sums of a layer, give that layer the activation instead:
    `Dense(10, "softmax")`.

    >>> import numpy as np
    >>> a, _ = Softmax().forward({}, np.array([[0.0, 0.0, np.log(2)]]))
    >>> a.round(2)  # e⁰ : e⁰ : 2
    array([[0.25, 0.25, 0.5 ]])
    """

    kind: ClassVar[str] = "softmax"
    activation: ClassVar[str] = "softmax"

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        if len(input_shape) != 1:
            raise GlassnetError(
                f"softmax takes a row of numbers, not an input of shape {input_shape}: flatten it"
            )
        return input_shape, {}

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        a = ACTIVATIONS["softmax"].forward(x)  # (batch, n)
        return a, Cache(x, x, a)

    def delta(self, cache: Cache, dC_da: Array) -> Array:
        return ACTIVATIONS["softmax"].backward(cache.z, cache.a, dC_da)  # (batch, n)

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        return dC_dz  # (batch, n): x is z
