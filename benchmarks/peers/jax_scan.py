"""JAX: the whole epoch is one compiled call, a scan over the mini-batches; the images stay on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from peers import Contender
from peers.workload import Data, Workload

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "softmax": jax.nn.softmax}
jax.config.update("jax_cpu_enable_async_dispatch", False)  # handing over costs more than a small call

COSTS = {  # of the last layer's z: every image's
    "quadratic": lambda z, y: 0.5 * (jax.nn.sigmoid(z) - y) ** 2,
    "cross_entropy": lambda z, y: jax.nn.softplus(z) - y * z,
    "log_likelihood": lambda z, y: -y * jax.nn.log_softmax(z),
}


class Scan(Contender):
    """Its threads are as many as `NPROC` says: XLA has no setting for them."""

    package = "jax"

    def __init__(self, workload: Workload, data: Data) -> None:
        self._recipe = recipe = workload.recipe
        self._x, self._y = jnp.asarray(data.inputs), jnp.asarray(data.targets)
        hidden, cost, decay = ACTIVATIONS[recipe.activation], COSTS[recipe.cost], workload.decay
        output = ACTIVATIONS[recipe.last_activation]

        def z_of(parameters: list[jax.Array], x: jax.Array) -> jax.Array:
            z = x @ parameters[0].T + parameters[1]
            for W, b in zip(parameters[2::2], parameters[3::2], strict=True):
                z = hidden(z) @ W.T + b
            return z

        def mean_cost(parameters: list[jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
            return cost(z_of(parameters, x), y).sum() / len(x)

        def epoch(parameters: list[jax.Array], x: jax.Array, y: jax.Array, order: jax.Array) -> Any:
            def step(parameters: list[jax.Array], batch: jax.Array) -> tuple[list[jax.Array], None]:
                gradients = jax.grad(mean_cost)(parameters, x[batch], y[batch])
                return [
                    (p * decay if p.ndim == 2 else p) - recipe.learning_rate * gradient
                    for p, gradient in zip(parameters, gradients, strict=True)
                ], None

            whole = len(order) // recipe.batch_size * recipe.batch_size
            parameters, _ = jax.lax.scan(step, parameters, order[:whole].reshape(-1, recipe.batch_size))
            return step(parameters, order[whole:])[0] if whole < len(order) else parameters

        self._epoch = jax.jit(epoch, donate_argnums=0)
        self._predict = jax.jit(lambda parameters, x: output(z_of(parameters, x)))

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._parameters = [jnp.array(array) for array in parameters]

    def parameters(self) -> list[NDArray[Any]]:
        return [np.array(array) for array in self._parameters]

    def epoch(self, order: NDArray[Any]) -> None:
        self._parameters = self._epoch(self._parameters, self._x, self._y, jnp.asarray(order))
        jax.block_until_ready(self._parameters)

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        x = jnp.asarray(images)
        return lambda: self._predict(self._parameters, x).block_until_ready()
