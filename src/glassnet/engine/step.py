"""One step of learning: the loop of the lessons, once through, for one mini-batch."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from glassnet.arrays import Array, Parameters
from glassnet.draws import Draw
from glassnet.engine.engine import Task
from glassnet.network import Network
from glassnet.optimizers import update


class MiniBatch(NamedTuple):
    """The m examples of one step."""

    x: Array  # (m, …): inputs
    y: Array  # (m, n_out): desired outputs
    share: float | Array  # of each example in C: 1/m; where examples are weighted, weight/m (m, 1)
    draw: Draw  # what dropout switches off


class Outcome(NamedTuple):
    """The outputs, costs and gradient norms of a mini-batch, before its step."""

    a: Array  # (m, n_out): the outputs
    costs: Array  # (m,): C₀
    norms: list[float]  # ‖∂C/∂W⁽ˡ⁾‖ of each layer that has weights, without the penalty


def step(
    network: Network, state: Parameters, task: Task, batch: MiniBatch, learning_rate: float, t: int
) -> Outcome:
    """Learn from one mini-batch: the network's parameters change in place. It is step t, from 1."""
    params = network.in_training(batch.draw)
    # Forward (here of dense layers):  z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾,  a⁽ˡ⁾ = σ(z⁽ˡ⁾)
    a, caches = network.forward(batch.x, params)
    # Cost:  C = (1/m) Σ C₀ over the m examples, for instance with C₀ = ½ Σ (a − y)²
    costs = network.costs(caches[-1].z, a, batch.y, task.cost)
    # Backward:  δ⁽ᴸ⁾ = (1/m) ∂C₀/∂a⁽ᴸ⁾ ⊙ σ′(z⁽ᴸ⁾),  δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ⊙ σ′(z⁽ˡ⁾)
    #            ∂C/∂W⁽ˡ⁾ = Σ δ⁽ˡ⁾ a⁽ˡ⁻¹⁾ᵀ,  ∂C/∂b⁽ˡ⁾ = Σ δ⁽ˡ⁾ over the m examples; their 1/m is batch.share
    layers = network.backward(caches, batch.y, task.cost, batch.share, params)
    gradient = network.by_name(layer.parameters for layer in layers)
    norms = [sqrt(np.vdot(gradient[name], gradient[name])) for name in network.weights]
    # Penalty:  ∂C/∂w ← ∂C/∂w + (λ/n) w, the derivative of (λ/2n) Σ w² (AdamW shrinks w itself)
    for name in network.weights:
        w, g = network.parameters[name], gradient[name]
        task.optimizer.penalize(w, g, task.l1, task.l2, len(task.images), learning_rate)
    # Update:  w ← w − η ∂C/∂w,  b ← b − η ∂C/∂b (so SGD; momentum, Adam: optimizers.py)
    update(task.optimizer, network.parameters, gradient, state, learning_rate, t)
    return Outcome(a, costs, norms)
