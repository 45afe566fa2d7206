"""The convolutional layer: small filters, each passed over the whole image with the same weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glassnet.activations import ACTIVATIONS, Elementwise, get_activation
from glassnet.arrays import Array, Parameters, Shape
from glassnet.errors import GlassnetError
from glassnet.initializers import Initializer
from glassnet.layers.layer import Cache
from glassnet.layers.window import Windowed, slide, whole, windows
from glassnet.rng import Stream


@dataclass(frozen=True)
class Conv(Windowed):
    """`filters` detectors of size × size, each at every place of the image: z = W patch + b, a = σ(z).

    At each place it is a dense layer of the patch there; what makes it a convolution is that all
    places share the weights. Hence ∂C/∂w is the sum over all places. As everywhere in neural networks,
    the filter is not turned around first, as it is in the mathematicians' convolution.

    Parameters: `weight` (filters, channels, size, size), where weight[o, c, i, j] leads to filter o from
    row i and column j of the patch in channel c, and `bias` (filters,).

    >>> Conv(20, size=5).build((1, 28, 28))
    ((20, 24, 24), {'weight': (20, 1, 5, 5), 'bias': (20,)})
    """

    kind: ClassVar[str] = "conv"
    filters: int
    size: int
    stride: int = 1
    padding: int = 0  # rows and columns of zeros around the image
    activation: str = "sigmoid"

    def __post_init__(self) -> None:
        for name, least in (("filters", 1), ("size", 1), ("stride", 1), ("padding", 0)):
            object.__setattr__(self, name, whole(f"{name} of a conv layer", getattr(self, name), least))
        if self.padding >= self.size:
            raise GlassnetError(
                f"padding {self.padding} of a conv layer of size {self.size}: give less than the size, "
                "or filters see nothing but zeros there"
            )
        if not isinstance(get_activation(self.activation), Elementwise):
            raise GlassnetError(
                f"a conv layer can't have {self.activation}, which wants a row of numbers: end with dense"
            )

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        places = slide(f"conv{self.filters}@{self.size}", input_shape, self.size, self.stride, self.padding)
        weight = (self.filters, input_shape[0], self.size, self.size)
        return (self.filters, *places), {"weight": weight, "bias": (self.filters,)}

    def initial(
        self, input_shape: Shape, initializer: Initializer, weights: Stream, biases: Stream
    ) -> Parameters:
        channels, area = input_shape[0], self.size * self.size
        shape = (self.filters, channels, self.size, self.size)
        return {
            "weight": initializer.weight(weights, shape, channels * area, self.filters * area),
            "bias": initializer.bias(biases, (self.filters,)),
        }

    def patches(self, x: Array) -> Array:
        """What the filters see: (batch, channels · size · size, places)."""
        seen = windows(self._padded(x), self.size, self.stride)  # (batch, channels, down, across, size, size)
        _, channels, down, across, *_ = seen.shape
        rows = channels * self.size * self.size
        return seen.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), rows, down * across)

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        output_shape, _ = self.build(x.shape[1:])
        rows = params["weight"].reshape(self.filters, -1)  # (filters, channels · size · size)
        z = rows @ self.patches(x) + params["bias"][:, None]  # (batch, filters, places)
        z = z.reshape(len(x), *output_shape)  # (batch, filters, down, across)
        a = ACTIVATIONS[self.activation].forward(z)
        return a, Cache(x, z, a)

    def delta(self, cache: Cache, dC_da: Array) -> Array:
        return ACTIVATIONS[self.activation].backward(cache.z, cache.a, dC_da)

    def backward(self, params: Parameters, cache: Cache, dC_dz: Array) -> Parameters:
        by_place = dC_dz.reshape(len(dC_dz), self.filters, -1)  # (batch, filters, places)
        # ∂C/∂w = Σ over the batch and all places of δ · what that weight met there
        weight = np.tensordot(by_place, self.patches(cache.x), ((0, 2), (0, 2)))
        return {"weight": weight.reshape(params["weight"].shape), "bias": dC_dz.sum(axis=(0, 2, 3))}

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        back = self._padded(np.zeros_like(cache.x))
        seen = windows(back, self.size, self.stride)  # (batch, channels, down, across, size, size)
        by_place = dC_dz.reshape(len(dC_dz), self.filters, -1)  # (batch, filters, places)
        for i, j in np.ndindex(self.size, self.size):
            # ∂C/∂x of what stood in row i, column j of each patch: Σ_o w_o δ_o
            seen[..., i, j] += (params["weight"][:, :, i, j].T @ by_place).reshape(seen.shape[:4])
        inner = slice(self.padding, -self.padding or None)
        return back[:, :, inner, inner]

    def _padded(self, x: Array) -> Array:
        p = self.padding
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) if p else x
