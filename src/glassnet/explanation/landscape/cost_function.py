"""The cost as a function of all parameters in a row, θ; the images are what it is given once and for all."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images, Labels, Parameters
from glassnet.chunks import chunks
from glassnet.costs import Cost
from glassnet.data import Split
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.explanation.wants import rows_at_a_time
from glassnet.network import Network

Row = NDArray[np.float64]  # (P,): one number a parameter


class CostFunction:
    """C(θ), the mean cost of some images, without penalty; computed in float64.

    Near a minimum the cost changes by less than float32 can tell. The network is not changed.

    >>> network = Network("2-1", parameters={"1.weight": np.array([[1.0, -1.0]]), "1.bias": np.zeros(1)})
    >>> C = CostFunction(network, np.array([[0.5, 0.5]]), [0], "squared")
    >>> C.here
    array([ 1., -1.,  0.])
    >>> C(C.here)  # (σ(0) − 1)²
    0.25
    """

    def __init__(
        self,
        network: Network,
        images: Images,
        labels: Labels,
        cost: str | Cost = "quadratic",
        engine: str = "native",
    ) -> None:
        if not isinstance(network, Network):
            raise GlassnetError(f"{network!r} stands where a Network is wanted: give the network first")
        split = Split(images, labels)
        if not len(split):
            raise GlassnetError("there are no images to compute the cost of: give one at least")
        for name, array in network.parameters.items():
            if not np.isfinite(array).all():
                raise GlassnetError(f"{name} holds NaN or infinite values: give a network of finite numbers")
        if not network.parameters:
            raise GlassnetError(f"the network {network} has no parameters: its cost is a single number")
        self._network = network.astype(np.float64)
        self._images, self._labels = np.ascontiguousarray(split.images), split.labels
        self._cost = network.check_cost(cost)
        self._engine = get_engine(engine)
        self.here = self.row(network.parameters)

    @property
    def count(self) -> int:
        """How many images the cost is the mean of."""
        return len(self._labels)

    @property
    def network(self) -> Network:
        """Whose cost it is, in float64; its parameters are those of the last θ."""
        return self._network

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays that θ is made of, in their order."""
        return self._network.shapes

    def row(self, parameters: Parameters) -> Row:
        """A network's arrays one after the other, shape (P,)."""
        return np.concatenate([parameters[name].ravel().astype(np.float64) for name in self.shapes])

    def arrays(self, row: Row) -> Parameters:
        """The row's parts as a network's arrays: views of the same memory."""
        ends = np.cumsum([prod(shape) for shape in self.shapes.values()])
        parts = np.split(row, ends[:-1])
        return {
            name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def __call__(self, theta: Row) -> float:
        self._network.parameters = self.arrays(theta)
        with np.errstate(all="ignore"):  # far away the cost may be infinite, and then says so
            _, costs = self._engine.evaluate(self._network, self._images, self._labels, self._cost)
            return float(costs.mean())

    def gradient(self, theta: Row) -> Row:
        """∇C at θ, shape (P,)."""
        self._network.parameters = self.arrays(theta)
        total = np.zeros_like(theta)
        with np.errstate(all="ignore"):
            for rows in chunks(self.count, rows_at_a_time(self._network)):
                images, labels = self._images[rows], self._labels[rows]
                of_chunk = self._engine.gradient(self._network, images, labels, self._cost)
                total += len(images) / self.count * self.row(of_chunk.parameters)
        return total
