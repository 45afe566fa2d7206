"""The fully connected layer: every neuron hears every input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glassnet.activations import ACTIVATIONS, get_activation
from glassnet.arrays import Array, Parameters, Shape
from glassnet.errors import GlassnetError
from glassnet.initializers import Initializer
from glassnet.layers.layer import Cache
from glassnet.rng import Stream


@dataclass(frozen=True)
class Dense:
    """`size` neurons: z = W x + b, a = σ(z).

    Parameters: `weight` (n_out, n_in), where weight[j, k] leads to neuron j from input k, and
    `bias` (n_out,).

    >>> Dense(16).build((784,))
    ((16,), {'weight': (16, 784), 'bias': (16,)})
    """

    kind: ClassVar[str] = "dense"
    size: int
    activation: str = "sigmoid"

    def __post_init__(self) -> None:
        if isinstance(self.size, np.integer):
            object.__setattr__(self, "size", int(self.size))
        if type(self.size) is not int or self.size < 1:
            raise GlassnetError(
                f"a dense layer of size {self.size!r}: give a whole number of neurons, 1 or more"
            )
        get_activation(self.activation)

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        if len(input_shape) != 1:
            raise GlassnetError(
                f"a dense layer takes a row of numbers, not an input of shape {input_shape}: flatten it"
            )
        return (self.size,), {"weight": (self.size, input_shape[0]), "bias": (self.size,)}

    def initial(
        self, input_shape: Shape, initializer: Initializer, weights: Stream, biases: Stream
    ) -> Parameters:
        (n_in,) = input_shape
        return {
            "weight": initializer.weight(weights, (self.size, n_in), n_in, self.size),
            "bias": initializer.bias(biases, (self.size,)),
        }

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        z = x @ params["weight"].T + params["bias"]  # (batch, n_out)
        a = ACTIVATIONS[self.activation].forward(z)  # (batch, n_out)
        return a, Cache(x, z, a)

    def delta(self, cache: Cache, dC_da: Array) -> Array:
        return ACTIVATIONS[self.activation].backward(cache.z, cache.a, dC_da)  # (batch, n_out)

    def backward(self, params: Parameters, cache: Cache, dC_dz: Array) -> Parameters:
        return {
            "weight": dC_dz.T @ cache.x,  # (n_out, n_in): ∂C/∂w_jk = Σ over the batch of δ_j x_k
            "bias": dC_dz.sum(axis=0),  # (n_out,): ∂C/∂b_j = Σ over the batch of δ_j
        }

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        return dC_dz @ params["weight"]  # (batch, n_in): ∂C/∂x_k = Σ_j w_jk δ_j
