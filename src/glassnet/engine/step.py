"""One step of learning: the loop of the lessons, once through, for one mini-batch."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from glassnet.arrays import Array, Parameters
from glassnet.engine.engine import Task
from glassnet.network import Draw, Network
from glassnet.optimizers import update


class MiniBatch(NamedTuple):
    """The m examples of one step."""

    x: Array  # (m, …): inputs
    y: Array  # (m, n_out): desired outputs
    share: float | Array  # of each example in C: 1/m; (m, 1) where examples are weighted
    draw: Draw  # what dropout switches off


class Outcome(NamedTuple):
    """What a mini-batch showed before its step was made."""

    a: Array  # (m, n_out): the outputs
    costs: Array  # (m,): C₀
    norms: list[float]  # ‖∂C/∂W⁽ˡ⁾‖ of each layer that has weights, without the penalty


def step(
    network: Network, state: Parameters, task: Task, batch: MiniBatch, learning_rate: float, number: int
) -> Outcome:
    """Step number `number` (from 1) of learning: the network's parameters change in place."""
    params = network.in_training(batch.draw)
    # Forward:  z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾,  a⁽ˡ⁾ = σ(z⁽ˡ⁾)
    a, caches = network.forward(batch.x, params)
    # Cost:  C = (1/m) Σ C₀ over the mini-batch, for instance with C₀ = ½ Σ (a − y)²
    costs = network.costs(caches[-1].z, a, batch.y, task.cost)
    # Backward:  δ⁽ᴸ⁾ = ∂C/∂a⁽ᴸ⁾ ⊙ σ′(z⁽ᴸ⁾),  δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ⊙ σ′(z⁽ˡ⁾)
    #            ∂C/∂W⁽ˡ⁾ = Σ δ⁽ˡ⁾ a⁽ˡ⁻¹⁾ᵀ,  ∂C/∂b⁽ˡ⁾ = Σ δ⁽ˡ⁾ over the mini-batch
    layers = network.backward(caches, batch.y, task.cost, batch.share, params)
    gradient = network.by_name(layer.parameters for layer in layers)
    norms = [sqrt(np.vdot(gradient[name], gradient[name])) for name in network.weights]
    # Penalty:  the derivative of (λ/2n) Σ w² is (λ/n) w
    for name in network.weights:
        w, g = network.parameters[name], gradient[name]
        task.optimizer.penalize(w, g, task.l1, task.l2, len(task.images), learning_rate)
    # Update:  w ← w − η ∂C/∂w,  b ← b − η ∂C/∂b
    update(task.optimizer, network.parameters, gradient, state, learning_rate, number)
    return Outcome(a, costs, norms)
