"""Is the gradient right? Backpropagation beside the slope that the cost itself shows.

A partial derivative is the limit of (C(w+h) − C(w−h)) / 2h. In float64 with h = 10⁻⁵ the
quotient is good to about ten digits, enough to tell a right formula from a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Images
from glassnet.costs import l2_gradient, l2_penalty
from glassnet.errors import GlassnetError
from glassnet.layers import Cache
from glassnet.network import Network
from glassnet.rng import Purpose, Stream

TOLERANCE = 1e-6
# Where a gradient is smaller than this, the quotient's own error hides the relative one; the
# absolute error counts instead: 10⁻⁶ of 10⁻³ is 10⁻⁹.
SMALL = 1e-3


class Entry(NamedTuple):
    """One parameter's gradient, computed in two ways."""

    name: str  # of the parameter array
    place: tuple[int, ...]  # in it
    gradient: float  # by backpropagation
    difference: float  # by the central difference
    error: float  # relative: |gradient − difference| / max(|gradient|, |difference|, 10⁻³)


@dataclass(frozen=True)
class GradientCheck:
    """The outcome for all parameters that were looked at."""

    entries: list[Entry]
    skipped: int  # too near to a kink for a difference to say anything

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest error."""
        return max(self.entries, key=lambda entry: entry.error, default=None)

    @property
    def ok(self) -> bool:
        """Whether something was checked and no error is above 10⁻⁶."""
        return self.worst is not None and self.worst.error <= TOLERANCE  # NaN is not

    def __str__(self) -> str:
        """The verdict in a sentence."""
        skipped = f", {self.skipped:,} skipped at a kink" if self.skipped else ""
        if (worst := self.worst) is None:
            return f"gradient not checked: no parameter was looked at{skipped}"
        place = ", ".join(map(str, worst.place))
        return (
            f"gradient {'right' if self.ok else 'WRONG'}: {len(self.entries):,} parameters checked{skipped}; "
            f"worst {worst.name}[{place}]: gradient {worst.gradient:.12g}, "
            f"finite difference {worst.difference:.12g}, relative error {worst.error:.1e}"
        )


def check_gradient(
    network: Network,
    images: Images,
    y: Any,
    cost: str = "quadratic",
    *,
    l2: float = 0.0,
    n: int | None = None,
    example_weights: Any = None,
    canonical: bool = True,
    sample: int | None = None,
    seed: int = 0,
    step: float = 1e-5,
) -> GradientCheck:
    """Compare ∇C with central differences, in float64, parameter by parameter.

    Args:
        network: its parameters are not changed.
        images: a batch as `Network.inputs` takes it.
        y: labels or desired outputs as `Network.targets` takes them.
        cost: its name.
        l2: λ of the penalty (λ/2n) Σ w².
        n: the number of training examples in the penalty; the batch's, if not given.
        example_weights: (batch,) as in `Network.gradient`.
        canonical: check the canonical short cut where there is one; else the full chain.
        sample: look at so many parameters only, drawn at random by `seed`.
        seed: for the sample.
        step: h; tried again ten times as long where the difference seems wrong.

    >>> network = Network("3-4-2", seed=1)
    >>> check = check_gradient(network, np.array([[0.2, 0.5, 0.1]]), [1], "cross_entropy", l2=0.1)
    >>> len(check.entries), check.ok
    (26, True)
    """
    network = network.astype(np.float64)
    checked = network.check_cost(cost)
    n = len(images) if n is None else n
    if n < 1 or not 0 < step < 1:
        raise GlassnetError(f"n is {n}, step is {step}: give 1 example or more, and a step between 0 and 1")
    gradient = network.gradient(images, y, cost, example_weights=example_weights, canonical=canonical)
    for name in network.weights:
        gradient.parameters[name] += l2_gradient(network.parameters[name], l2, n)

    x, targets = network.inputs(images), network.targets(y)
    share = np.ravel(network.share(len(x), example_weights))
    params = network.by_layer()  # the network's own arrays: changing one changes the cost

    def cost_and_sides() -> tuple[float, list[NDArray[np.bool_]]]:
        a, caches = network.forward(x, params)
        data = (share * network.costs(caches[-1].z, a, targets, checked, canonical)).sum()
        penalty = l2_penalty([network.parameters[name] for name in network.weights], l2, n)
        return float(data) + penalty, _sides(network, caches)

    def central_difference(name: str, place: tuple[int, ...], h: float) -> float | None:
        """(C(w+h) − C(w−h)) / 2h, or None where a kink lies between the two."""
        parameter = network.parameters[name]
        value = parameter[place]
        parameter[place] = value + h
        above, sides_above = cost_and_sides()
        parameter[place] = value - h
        below, sides_below = cost_and_sides()
        parameter[place] = value
        if any((up != down).any() for up, down in zip(sides_above, sides_below, strict=True)):
            return None
        return (above - below) / (2 * h)

    entries, skipped = [], 0
    for name, place in _places(network, sample, seed):
        exact = float(gradient.parameters[name][place])
        # A wrong gradient is wrong beside any quotient; where a right one only seems wrong, because
        # outputs near 0 or 1 leave the cost few digits, a longer step says so.
        seen = []
        for h in (step, 10 * step):
            if (difference := central_difference(name, place, h)) is None:
                break
            error = abs(exact - difference) / max(abs(exact), abs(difference), SMALL)
            seen.append(Entry(name, place, exact, difference, error if np.isfinite(error) else np.inf))
            if error <= TOLERANCE:
                break
        if seen:
            entries.append(min(seen, key=lambda entry: entry.error))
        else:
            skipped += 1
    return GradientCheck(entries, skipped)


def _sides(network: Network, caches: list[Cache]) -> list[NDArray[np.bool_]]:
    """On which side of each kink of its activation every z lies."""
    pairs = zip(network.layers, caches, strict=True)
    return [cache.z > kink for layer, cache in pairs for kink in ACTIVATIONS[layer.activation].kinks]


def _places(network: Network, sample: int | None, seed: int) -> list[tuple[str, tuple[int, ...]]]:
    """Name and index of every parameter, or of a random sample of them."""
    places = [
        (name, index) for name, array in network.parameters.items() for index in np.ndindex(array.shape)
    ]
    if sample is None or sample >= len(places):
        return places
    if sample < 1:
        raise GlassnetError(f"sample is {sample}: look at 1 parameter or more")
    order = Stream(seed, Purpose.GRADIENT_CHECK).permutation(len(places))
    return [places[i] for i in order[:sample]]
