"""The textbook as an engine: the readable NumPy of the layers, one mini-batch after another.

NumPy's matrix products add up in another order when BLAS takes more threads. Here it takes one, so
that the bits don't depend on the number of cores; networks of this size are no slower for it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from glassnet.arrays import Array, Images, Labels, Parameters
from glassnet.costs import Cost, l1_gradient, l2_gradient
from glassnet.engine.engine import Batches, Task
from glassnet.network import Draw, Gradient, Network
from glassnet.optimizers import update

BLOCK = 256  # images that are floats at a time: they stay in the CPU's cache until they are used
BLAS = ThreadpoolController()  # NumPy's, found in this process


P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, with BLAS held to one thread while it runs."""
    held: Callable[P, R] = BLAS.wrap(limits=1, user_api="blas")(function)
    return held


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
        m = task.batch_size
        n = len(task.images)
        weights = network.weights
        costs: list[Array] = []
        correct: list[NDArray[np.bool_]] = []
        norms: list[list[float]] = []

        block = max(m, BLOCK // m * m)  # many mini-batches are scaled to floats at once
        for first in range(0, len(order), block):
            places = order[first : first + block]
            labels = task.labels[places]
            images = task.images[places]
            if task.augmentation is not None:
                images = task.augmentation.moved(images, task.seed, epoch, places)
            x, y = network.inputs(images), network.targets(labels)
            met: list[tuple[Array, Array]] = []  # z and a of the last layer
            for start in range(0, len(places), m):
                batch = slice(start, start + m)
                x_batch, y_batch = x[batch], y[batch]  # (m, …), (m, n_out); the last ones may be fewer
                of_batch = None if task.example_weights is None else task.example_weights[places[batch]]
                share = network.share(len(x_batch), of_batch)

                params = network.in_training(Draw(task.seed, epoch, places[batch]))
                _, caches = network.forward(x_batch, params)
                back = network.backward(caches, y_batch, task.cost, share, params)
                gradients = network.by_name(layer.parameters for layer in back)

                met.append((caches[-1].z, caches[-1].a))
                norms.append([sqrt(np.vdot(gradients[name], gradients[name])) for name in weights])
                made = len(norms) - 1
                rate = task.learning_rate if learning_rates is None else float(learning_rates[made])
                for name in weights:
                    w, g = network.parameters[name], gradients[name]
                    if task.l1:
                        g += l1_gradient(w, task.l1, n)
                    if task.l2 and task.optimizer.decoupled:
                        w -= rate * l2_gradient(w, task.l2, n)
                    elif task.l2:
                        g += l2_gradient(w, task.l2, n)
                update(
                    task.optimizer, network.parameters, gradients, optimizer_state, rate, first_step + made
                )

            z, a = (np.concatenate(arrays) for arrays in zip(*met, strict=True))
            costs.append(network.costs(z, a, y, task.cost))
            correct.append(a.argmax(axis=1) == labels)

        of_examples = np.concatenate(costs).astype(np.float64)
        if task.example_weights is not None:
            of_examples *= task.example_weights[order]
        return Batches(
            of_examples, np.concatenate(correct), np.array(norms).reshape(len(norms), len(weights))
        )

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
