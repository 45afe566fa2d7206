"""How well a network reads images that it didn't learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Labels
from glassnet.data import Split
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.network import Network


@dataclass(frozen=True)
class Evaluation:
    """What a network answered to n examples of k classes."""

    outputs: Array  # (n, k)
    costs: Array  # (n,): C₀
    labels: Labels  # (n,)

    @property
    def answers(self) -> Labels:
        """The class of the largest output, shape (n,)."""
        return self.outputs.argmax(axis=1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which answers are right, shape (n,)."""
        return self.answers == self.labels

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0 … 1."""
        return float(self.right.mean())

    @property
    def score(self) -> str:
        """The accuracy as a text, with the counts behind it."""
        return f"{self.accuracy:.2%} ({self.right.sum():,} of {len(self.labels):,})"

    @property
    def cost(self) -> float:
        """C, the mean of the examples' costs, without penalty."""
        return float(self.costs.mean())

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts (k, k): row, the true class; column, the answer."""
        k = self.outputs.shape[1]
        return np.bincount(self.labels * k + self.answers, minlength=k * k).reshape(k, k)

    def worst(self, count: int) -> NDArray[np.int64]:
        """Places of the mistakes that cost most, the worst first, at most `count`."""
        mistakes = np.flatnonzero(~self.right)
        return mistakes[np.argsort(-self.costs[mistakes], kind="stable")][:count]


def evaluate(network: Network, split: Split, cost: str = "quadratic", engine: str = "native") -> Evaluation:
    """Pass a split through a network and compare.

    Raises:
        GlassnetError: an empty split, images that don't fit the network, or a cost that its
            outputs don't allow.

    >>> from glassnet.data import load
    >>> evaluation = evaluate(Network("784-10", seed=0), load("digits").test)
    >>> evaluation.outputs.shape, evaluation.confusion.sum()
    ((360, 10), np.int64(360))
    """
    if not isinstance(split, Split):
        raise GlassnetError(f"{split!r} stands where a Split is wanted: give for example load('digits').test")
    if not len(split):
        raise GlassnetError("there are no images to evaluate on: give a split that has some")
    outputs, costs = get_engine(engine).evaluate(
        network, split.images, split.labels, network.check_cost(cost)
    )
    return Evaluation(outputs, costs, split.labels)
