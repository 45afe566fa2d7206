"""The textbook as an engine: the readable NumPy of the layers, one step after another (`step.py`).

NumPy's matrix products add up in another order when BLAS takes more threads. Here it takes one, so
that the bits don't depend on the number of cores; networks of this size are no slower for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from glassnet.arrays import Array, Images, Labels, Parameters
from glassnet.chunks import chunks
from glassnet.costs import Cost
from glassnet.draws import Draw
from glassnet.engine.engine import Batches, Task
from glassnet.engine.step import MiniBatch, Outcome, step
from glassnet.network import Gradient, Network

BLOCK = 256  # images that are floats at a time: they stay in the CPU's cache until they are used
BLAS = ThreadpoolController()  # NumPy's, found in this process


P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, with BLAS held to one thread while it runs."""
    return BLAS.wrap(limits=1, user_api="blas")(function)


class TextbookEngine:
    """Forward, backward, update, as the lessons have it."""

    name = "textbook"

    @one_blas_thread
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
        m, example_weights = task.batch_size, task.example_weights
        outcomes: list[Outcome] = []
        block = max(m, BLOCK // m * m)  # many mini-batches are scaled to floats at once
        for together in chunks(len(order), block):
            x, y = self._block(network, task, order[together], epoch)
            for batch in chunks(len(x), m):
                places = order[together][batch]
                weights = None if example_weights is None else example_weights[places]
                share = network.share(len(places), weights)
                mini_batch = MiniBatch(x[batch], y[batch], share, Draw(task.seed, epoch, places))
                done = len(outcomes)
                rate = task.learning_rate if learning_rates is None else float(learning_rates[done])
                outcomes.append(step(network, optimizer_state, task, mini_batch, rate, first_step + done))
        costs = np.concatenate([outcome.costs for outcome in outcomes]).astype(np.float64)  # (examples,)
        if example_weights is not None:
            costs *= example_weights[order]
        outputs = np.concatenate([outcome.a for outcome in outcomes])  # (examples, n_out)
        norms = np.array([outcome.norms for outcome in outcomes])  # (batches, weights)
        return Batches(costs, outputs.argmax(axis=1) == task.labels[order], norms)

    def _block(
        self, network: Network, task: Task, places: NDArray[np.int64], epoch: int
    ) -> tuple[Array, Array]:
        """Inputs (n, …) and desired outputs (n, n_out) of the examples at these places."""
        images = task.images[places]
        if task.augmentation is not None:
            images = task.augmentation.moved(images, task.seed, epoch, places)
        return network.inputs(images), network.targets(task.labels[places])

    def rows_at_a_time(self, network: Network, batch_size: int) -> int:
        return batch_size

    @one_blas_thread
    def evaluate(self, network: Network, images: Images, labels: Labels, cost: Cost) -> tuple[Array, Array]:
        outputs, costs = [], []
        for rows, a, caches in network.passes(images):
            outputs.append(a)
            costs.append(network.costs(caches[-1].z, a, network.targets(labels[rows]), cost))
        return np.concatenate(outputs), np.concatenate(costs)

    @one_blas_thread
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
        return network.gradient(
            images, y, cost, example_weights=example_weights, canonical=canonical, draw=draw
        )

    def predictor(self, network: Network) -> Callable[[Images], Array]:
        return one_blas_thread(network.copy().predict)
