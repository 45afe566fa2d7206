"""How parameters follow their gradient downhill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from glassnet.arrays import Parameters


@dataclass(frozen=True)
class SGD:
    """Gradient descent, stochastic where the gradient is a mini-batch's: w ← w − η ∂C/∂w.

    An optimizer is a pair of functions over visible state: `initial_state` makes it, `update`
    changes it and the parameters in place. This one needs none.

    >>> import numpy as np
    >>> w = {"w": np.array([1.0, 1.0])}
    >>> SGD().update(w, {"w": np.array([3.0, 1.0])}, {}, learning_rate=0.1)
    >>> w["w"]
    array([0.7, 0.9])
    """

    name: ClassVar[str] = "sgd"

    def initial_state(self, parameters: Parameters) -> Parameters:
        """Arrays to remember from step to step: none."""
        return {}

    def update(
        self, parameters: Parameters, gradients: Parameters, state: Parameters, learning_rate: float
    ) -> None:
        """One step, in place; gradients under the parameters' names."""
        for name, gradient in gradients.items():
            parameters[name] -= learning_rate * gradient
