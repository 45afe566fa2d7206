"""Central differences: the slope of the cost as the cost itself shows it.

A partial derivative is the limit of (C(w+h) − C(w−h)) / 2h. In float64 with h = 10⁻⁵ the
quotient is good to about ten digits, enough to tell a right formula from a wrong one.

What lies before the layer that is changed stays as it was, so it is not computed again; and the
layers behind it take many changed examples in one pass.

Where a kink lies between the two sides, the quotient is the mean of two slopes and says nothing: ReLU has
one at z = 0, the L1 penalty at w = 0, and max pooling wherever another number of a window becomes the
largest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Parameters
from glassnet.chunks import at_a_time, chunks
from glassnet.costs import Cost, l1_penalty, l2_penalty
from glassnet.draws import Draw
from glassnet.explanation.layers import crossed_kinks
from glassnet.forecast import patches
from glassnet.layers import Cache
from glassnet.network import Network

STEP = 1e-5  # h
TOLERANCE = 1e-6  # of the relative error
ROWS = 4096  # changed examples that are passed on at a time
NUMBERS = 2**21  # and no more than make so many numbers in the layers behind, to bound the memory
# Where a gradient is smaller than this (times the cost, if that is above 1), the rounding of the cost,
# divided by 2h, hides the relative error; the absolute error counts instead: 10⁻⁶ of 10⁻³ is 10⁻⁹.
SMALL = 1e-3


def relative_error(gradient: float, difference: float, cost: float = 1.0) -> float:
    """|gradient − difference| / max(|gradient|, |difference|, 10⁻³ max(1, C)); ∞ where one is no number.

    >>> round(relative_error(2.0, 2.002), 6)
    0.000999
    """
    with np.errstate(all="ignore"):
        larger = max(abs(gradient), abs(difference), SMALL * max(1.0, abs(cost)))
        error = abs(gradient - difference) / larger
    return error if np.isfinite(error) else np.inf


def params_of(network: Network, draw: Draw | None) -> list[Parameters]:
    """What the layers work with, a dictionary a layer: in a training step, dropout's masks, too."""
    return network.by_layer() if draw is None else network.in_training(draw)


class FiniteDifferences:
    """Slopes of C = Σ share · C₀ (+ the penalty) for one network, which is changed and put back.

    Args:
        network: its parameters are changed for a moment: give a copy, in float64.
        x: (batch, *input_shape).
        targets: (batch, n_out).
        cost: one that the last layer's outputs are defined for.
        share: of each row in C, a number or (batch, 1).
        canonical: whether C₀ is computed from z where the pair is canonical.
        l2: λ of the penalty (λ/2n) Σ w².
        n: the number of training examples in the penalties.
        draw: the training step, for what dropout switches off; None: nothing.
        l1: λ₁ of the penalty (λ₁/n) Σ |w|.

    >>> network = Network("2-1", parameters={"1.weight": np.array([[1.0, -1.0]]), "1.bias": np.zeros(1)},
    ...     dtype="float64")
    >>> from glassnet.costs import get_cost
    >>> slopes = FiniteDifferences(network, np.full((1, 2), 2.0), np.zeros((1, 1)), get_cost("squared"), 1.0)
    >>> slopes.of_parameter("1.weight", [(0, 0), (0, 1)]).round(9)  # a · σ′(z) · 2(a − y) = 2 · ¼ · 2 · ½
    array([0.5, 0.5])
    """

    def __init__(
        self,
        network: Network,
        x: Array,
        targets: Array,
        cost: Cost,
        share: float | Array,
        canonical: bool = True,
        l2: float = 0.0,
        n: int = 1,
        draw: Draw | None = None,
        l1: float = 0.0,
    ) -> None:
        self._network, self._targets, self._cost = network, targets, cost
        self._share = np.broadcast_to(np.ravel(share), len(x))  # (batch,)
        self._canonical, self._l1, self._l2, self._n = canonical, l1, l2, n
        self._params = params_of(network, draw)  # the network's own arrays: changing one changes the cost
        _, self._caches = network.forward(x, self._params)

    def of_parameter(self, name: str, places: Sequence[tuple[int, ...]], h: float = STEP) -> Array:
        """∂C/∂(the parameters at these places of `name`), shape (places,).

        NaN where a kink lies within the step, ∞ where the cost is no number.
        """
        number, _, own_name = name.partition(".")
        i = int(number) - 1
        layer, params, cache = self._network.layers[i], self._params[i], self._caches[i]
        parameter = params[own_name]
        l1, l2 = (self._l1, self._l2) if name in self._network.weights else (0.0, 0.0)
        if name in self._network.weights:  # as far as z is moved, not the weight
            h = h / max(1.0, float(np.abs(cache.x).max(initial=0.0)))
        slopes = np.empty(len(places))
        for these in chunks(len(places), self._at_a_time(i)):
            met: list[Cache] = []
            penalties: list[float] = []
            for place in places[these]:
                value = parameter[place]
                for changed in (value + h, value - h):
                    parameter[place] = changed
                    met.append(layer.forward(params, cache.x)[1])
                    w = [np.array(changed)]
                    penalties.append(l2_penalty(w, l2, self._n) + l1_penalty(w, l1, self._n))
                parameter[place] = value
            z, a = (np.concatenate(arrays) for arrays in zip(*((of.z, of.a) for of in met), strict=True))
            slopes[these] = self._slopes(i, Cache(cache.x, z, a), np.array(penalties), h)
        if l1:
            slopes[[abs(parameter[place]) < h for place in places]] = np.nan
        return slopes

    def of_activations(self, layer: int, neurons: Sequence[int], h: float = STEP) -> Array:
        """∂C/∂a of these neurons, summed over the batch, shape (neurons,); layer 0 is the input.

        In the last layer, steps are shorter near where the cost ends: ln a is steep near 0.
        """
        if layer == len(self._caches):
            return np.array([self._of_output(k, h) for k in neurons])
        a = self._caches[0].x if layer == 0 else self._caches[layer - 1].a
        rows = a.reshape(len(a), -1)  # (batch, n)
        slopes = np.empty(len(neurons))
        for these in chunks(len(neurons), self._at_a_time(layer)):
            some = neurons[these]
            changed = np.tile(rows, (2 * len(some), 1)).reshape(len(some), 2, *rows.shape)
            for of_neuron, k in zip(changed, some, strict=True):
                of_neuron[0, :, k] += h
                of_neuron[1, :, k] -= h
            x = changed.reshape(-1, *a.shape[1:])  # (neurons · 2 · batch, …)
            _, cache = self._network.layers[layer].forward(self._for_rows(layer, len(x)), x)
            slopes[these] = self._slopes(layer, cache, np.zeros(2 * len(some)), h)
        return slopes

    def _of_output(self, k: int, h: float) -> float:
        """∂C/∂a of output k, from the cost's own value; NaN where it ends within the step."""
        a, y = self._caches[-1].a, self._targets
        h = min(h, 10 * h * float(self._cost.room(a, y)[:, k].min()))
        above, below = a.copy(), a.copy()
        above[:, k] += h
        below[:, k] -= h
        moved = above[:, k] - below[:, k]  # (batch,): 2h, as it is in floats
        if not moved.all():
            return np.nan
        slopes = (self._cost.value(above, y) - self._cost.value(below, y)) / moved  # (batch,)
        slope = float((slopes * self._share).sum())
        return np.inf if np.isnan(slope) else slope

    def _slopes(self, i: int, cache: Cache, penalties: Array, h: float) -> Array:
        """From layer i, whose rows are changed upwards and downwards in turn, on to the quotients."""
        z, a = cache.z, cache.a  # (changes · 2 · batch, …)
        crossed = self._crossed(i, cache)
        for later in range(i + 1, len(self._caches)):
            a, cache = self._network.layers[later].forward(self._for_rows(later, len(a)), a)
            z = cache.z
            crossed |= self._crossed(later, cache)
        targets = np.tile(self._targets, (len(a) // len(self._targets), 1))
        costs = self._network.costs(z, a, targets, self._cost, self._canonical)
        slopes = self._quotients(costs, penalties, h)
        slopes[crossed] = np.nan
        return slopes

    def _quotients(self, costs: Array, penalties: Array, h: float) -> Array:
        """(C(w+h) − C(w−h)) / 2h."""
        above, below = (costs.reshape(-1, len(self._share)) @ self._share + penalties).reshape(-1, 2).T
        slopes: Array = (above - below) / (2 * h)
        return np.where(np.isnan(slopes), np.inf, slopes)

    def _crossed(self, i: int, cache: Cache) -> NDArray[np.bool_]:
        """For which changes a kink of layer i lies between the two sides, shape (changes,)."""
        return crossed_kinks(self._network.layers[i], cache, len(cache.z) // (2 * len(self._share)))

    def _at_a_time(self, i: int) -> int:
        """How many numbers before or in layer i are changed in one pass through the layers behind."""
        numbers: int = self._caches[i].x[0].size
        for params, cache in zip(self._params[i:], self._caches[i:], strict=True):
            numbers += cache.z[0].size
            numbers += patches(params["weight"].shape, cache.z.shape[1:]) if "weight" in params else 0
        return max(1, at_a_time(numbers, most=ROWS, room=NUMBERS) // (2 * len(self._share)))

    def _for_rows(self, i: int, rows: int) -> Parameters:
        """What layer i works with; a mask, which each example has its own, for all its changes."""
        params = self._params[i]
        if "mask" not in params:
            return params
        mask = params["mask"]  # (batch, …)
        return {"mask": np.tile(mask, (rows // len(mask), *[1] * (mask.ndim - 1)))}
