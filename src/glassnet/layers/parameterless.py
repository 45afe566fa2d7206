"""What layers without parameters have in common: nothing to draw, nothing to learn."""

from __future__ import annotations

from typing import ClassVar

from glassnet.arrays import Array, Parameters, Shape
from glassnet.initializers import Initializer
from glassnet.layers.layer import Cache
from glassnet.rng import Stream


class Parameterless:
    """A layer that passes numbers on, a = z, and learns nothing."""

    kind: ClassVar[str]
    activation: ClassVar[str] = "linear"

    def initial(
        self, input_shape: Shape, initializer: Initializer, weights: Stream, biases: Stream
    ) -> Parameters:
        return {}

    def delta(self, cache: Cache, dC_da: Array) -> Array:
        return dC_da  # a is z

    def backward(self, params: Parameters, cache: Cache, dC_dz: Array) -> Parameters:
        return {}
