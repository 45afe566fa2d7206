"""Dense layers explained: the twin of `layers/dense.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Shape
from glassnet.document import symbol
from glassnet.explanation.layers.page import Connections, WeightedPage
from glassnet.explanation.letters import sigma, times
from glassnet.layers import Dense


class DensePage(WeightedPage[Dense]):
    """Every neuron hears every input."""

    unit = "neuron"
    hears = "every activation of the layer before, times its weight"

    def formula(self) -> str:
        a, before, W, b = (
            symbol("a", self.number),
            symbol("a", self.number - 1),
            symbol("W", self.number),
            symbol("b", self.number),
        )
        return f"{a} = {sigma(self.own.activation)}({W} {before} + {b})"

    def shapes(self) -> str:
        n_out, n_in = self.params["weight"].shape
        return f"({n_out}) = {sigma(self.own.activation)}( ({times((n_out, n_in))}) · ({n_in}) + ({n_out}) )"

    def incoming(self, j: int) -> Connections:
        weights = self.params["weight"][j]  # (n_in,)
        inputs = np.arange(len(weights))
        learned = np.column_stack([np.full_like(inputs, j), inputs])
        return Connections(inputs, weights, learned, float(self.params["bias"][j]))

    def outgoing(self, k: int) -> Connections:
        neurons = np.arange(self.own.size)
        learned = np.column_stack([neurons, np.full_like(neurons, k)])
        return Connections(neurons, self.params["weight"][:, k], learned)

    def met(self, place: tuple[int, ...]) -> NDArray[np.int64]:
        _, k = place
        return np.array(k)

    def leads(self, place: tuple[int, ...]) -> str:
        j, k = place
        source = f"neuron {k} of layer {self.number - 1}" if self.number > 1 else f"input {k}"
        return f"to neuron {j} of layer {self.number} from {source}"

    @classmethod
    def weight_ranges(cls, number: int, shape: Shape) -> str:
        source = f"neuron k of layer {number - 1}" if number > 1 else "input k"
        return (
            f"{number}.weight[j, k] leads to neuron j, 0 to {shape[0] - 1}, from {source}, "
            f"0 to {shape[1] - 1}"
        )

    def weight_into(self, o: int) -> str:
        return symbol("w", self.number, o, "k")

    def weight_back(self, k: int) -> str:
        return symbol("w", self.number, "j", k)
