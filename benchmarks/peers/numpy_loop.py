"""A bare NumPy loop, written by hand for speed: floats prepared once, everything else in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers import Contender
from peers.workload import Data, Workload

Array = NDArray[np.float32]


class Loop(Contender):
    """Its threads are those of NumPy's matrix products."""

    package = "numpy"

    def __init__(self, workload: Workload, data: Data) -> None:
        self._recipe, self._decay = workload.recipe, np.float32(workload.decay)
        self._x, self._y = data.inputs, data.targets

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._weights = [array.copy() for array in parameters[0::2]]
        self._biases = [array.copy() for array in parameters[1::2]]

    def parameters(self) -> list[NDArray[Any]]:
        layers = zip(self._weights, self._biases, strict=True)
        return [array for layer in layers for array in layer]

    def epoch(self, order: NDArray[Any]) -> None:
        m = self._recipe.batch_size
        with np.errstate(over="ignore"):  # e^−z where σ is 0
            for start in range(0, len(order), m):
                batch = order[start : start + m]
                self._step(self._x.take(batch, axis=0), self._y.take(batch, axis=0))

    def predictor(self, images: Array) -> Callable[[], Any]:
        return lambda: self._forward(images)[-1]

    def _forward(self, x: Array) -> list[Array]:
        """The inputs and every layer's a."""
        hidden, last = ACTIVATIONS[self._recipe.activation], ACTIVATIONS[self._recipe.last_activation]
        activations = [x]
        for i, (W, b) in enumerate(zip(self._weights, self._biases, strict=True)):
            z = activations[-1] @ W.T
            z += b
            (hidden if i < len(self._weights) - 1 else last)(z)
            activations.append(z)
        return activations

    def _step(self, x: Array, y: Array) -> None:
        sigmoid = self._recipe.activation == "sigmoid"
        activations = self._forward(x)
        a = activations[-1]
        delta = a - y
        if self._recipe.cost == "quadratic":  # the other costs and their outputs are canonical pairs
            delta *= a * (1 - a)
        delta *= np.float32(self._recipe.learning_rate / len(x))  # here it meets the fewest numbers
        for i in reversed(range(len(self._weights))):
            a, W = activations[i], self._weights[i]
            back = delta @ W if i else delta
            if self._decay != 1:
                W *= self._decay
            W -= delta.T @ a
            self._biases[i] -= np.add.reduce(delta, axis=0)
            if i:
                back *= a * (1 - a) if sigmoid else a > 0
                delta = back


def sigmoid(z: Array) -> None:
    """σ = 1 / (1 + e^−z), in place."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    np.reciprocal(z, out=z)


def relu(z: Array) -> None:
    """max(0, z), in place."""
    np.maximum(z, 0, out=z)


def softmax(z: Array) -> None:
    """e^z / Σ e^z, in place."""
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)


ACTIVATIONS = {"sigmoid": sigmoid, "relu": relu, "softmax": softmax}
