"""What training asks of an engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images, Labels, Parameters
from glassnet.augmentation import Augmentation
from glassnet.costs import Cost
from glassnet.draws import Draw
from glassnet.network import Gradient, Network
from glassnet.optimizers import Optimizer


@dataclass(frozen=True)
class Task:
    """All that stays the same from one mini-batch to the next."""

    images: Images  # (n, …); to be moved, (n, height, width) or (n, channels, height, width)
    labels: Labels  # (n,)
    example_weights: Array | None  # (n,)
    cost: Cost
    optimizer: Optimizer
    learning_rate: float  # of all mini-batches for which no other is given
    batch_size: int
    l2: float
    seed: int = 0  # of what dropout switches off, and how images move
    l1: float = 0.0
    augmentation: Augmentation | None = None  # how they move; None: not at all


class Batches(NamedTuple):
    """What some mini-batches in a row showed, each before its own step."""

    costs: NDArray[np.float64]  # (examples,): weighted C₀
    correct: NDArray[np.bool_]  # (examples,): the largest output was the right one
    gradient_norms: NDArray[np.float64]  # (batches, weights): ‖∂C/∂W‖ of the data cost


class Engine(Protocol):
    """Computes steps and passes; changes a network's parameters in place and holds no state."""

    name: str

    def train_batches(
        self,
        network: Network,
        optimizer_state: Parameters,
        task: Task,
        order: NDArray[np.int64],
        epoch: int = 1,
        learning_rates: NDArray[np.float64] | None = None,
        first_step: int = 1,
    ) -> Batches:
        """A step for each mini-batch of `order`, the examples' places in the order of their use.

        `learning_rates` (batches,) are those of a schedule; the first step is number `first_step`. How an
        epoch is cut into calls changes nothing, as long as the cuts are between mini-batches.
        """

    def rows_at_a_time(self, network: Network, batch_size: int) -> int:
        """How many examples of a mini-batch it takes at a time, and needs memory for."""

    def evaluate(self, network: Network, images: Images, labels: Labels, cost: Cost) -> tuple[Array, Array]:
        """Outputs (n, n_out) and C₀ (n,) of every example, without changing anything."""

    def gradient(
        self,
        network: Network,
        images: Images,
        y: Any,
        cost: str | Cost = "quadratic",
        *,
        example_weights: Any = None,
        canonical: bool = True,
        draw: Draw | None = None,
    ) -> Gradient:
        """C, ∇C and every number on the way there, as `Network.gradient` has them, of one step not made."""

    def predictor(self, network: Network) -> Callable[[Images], Array]:
        """A function from images to outputs (n, n_out), with the parameters that the network has now."""
