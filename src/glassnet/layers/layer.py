"""What a layer is: hyperparameters, a way forward and a way back."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from glassnet.arrays import Array, Parameters, Shape
from glassnet.initializers import Initializer
from glassnet.rng import Stream


class Cache(NamedTuple):
    """What a layer saw and made on the way forward, one row an example."""

    x: Array  # its input
    z: Array  # its weighted sums
    a: Array  # its activations σ(z)


class Layer(Protocol):
    """A frozen dataclass of hyperparameters; parameters are passed in, nothing is hidden.

    The way back is in two steps, which meet at δ = ∂C/∂z: `delta` goes back through the
    activation, `backward` from there to the parameters and the input. The canonical pairs of
    cost and activation know δ without the first step.
    """

    @property
    def kind(self) -> str:
        """The name of this kind of layer in files and texts."""

    @property
    def activation(self) -> str:
        """The name of the activation function that makes a from z."""

    def build(self, input_shape: Shape) -> tuple[Shape, dict[str, Shape]]:
        """The output shape (without batch) and the parameters' shapes, for inputs of that shape."""

    def initial(
        self, input_shape: Shape, initializer: Initializer, weights: Stream, biases: Stream
    ) -> Parameters:
        """Parameters of a layer that has learned nothing, in float64."""

    def forward(self, params: Parameters, x: Array) -> tuple[Array, Cache]:
        """The activations a for inputs x, and what the way back needs."""

    def delta(self, cache: Cache, dC_da: Array) -> Array:
        """∂C/∂z from ∂C/∂a."""

    def backward(self, params: Parameters, cache: Cache, dC_dz: Array) -> Parameters:
        """∂C/∂(each parameter) from ∂C/∂z, summed over the batch."""

    def dC_dx(self, params: Parameters, cache: Cache, dC_dz: Array) -> Array:
        """∂C/∂x from ∂C/∂z: what the layer before gets as its ∂C/∂a."""
