"""Is the gradient right? Backpropagation beside the slope that the cost itself shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any, NamedTuple

import numpy as np

from glassnet.arrays import Images
from glassnet.costs import l1_gradient, l2_gradient
from glassnet.document import Bar, Block, Note, Shown, Table, power_of_ten
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.explanation.finite_difference import STEP, TOLERANCE, FiniteDifferences, relative_error
from glassnet.explanation.verdict import undecided
from glassnet.network import Gradient, Network
from glassnet.rng import Purpose, Stream
from glassnet.summary import summarize

DECADES = range(-12, 0)  # of the histogram; its first and last bar hold what is beyond

WORK = 10**10  # multiply-adds: some seconds
LEAST = 100  # parameters, however large the network is, and however many the images are


class Entry(NamedTuple):
    """One parameter's gradient, computed in two ways."""

    name: str  # of the parameter array
    place: tuple[int, ...]  # in it
    gradient: float  # by backpropagation
    difference: float  # by the central difference
    error: float  # relative: |gradient − difference| / max(|gradient|, |difference|, 10⁻³ max(1, C))


@dataclass(frozen=True, repr=False)
class GradientCheck(Shown):
    """The outcome for all parameters that were looked at."""

    entries: list[Entry]
    skipped: int  # too near to a kink for a difference to say anything
    undecided: int = 0  # where the differences themselves are not exact enough to say anything
    broken: bool = False  # the full chain has no value (0·∞), where the short form has one

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
        if self.undecided:
            skipped += f", {self.undecided:,} undecided as the cost has too few digits"
        if (worst := self.worst) is None:
            return f"gradient not checked: no parameter was looked at{skipped}"
        place = ", ".join(map(str, worst.place))
        # The denominator is then not one of the two numbers shown.
        tiny = max(abs(worst.gradient), abs(worst.difference)) * worst.error < 0.99 * abs(
            worst.gradient - worst.difference
        )
        return (
            f"gradient {'right' if self.ok else 'WRONG'}: {len(self.entries):,} parameters checked{skipped}; "
            f"worst {worst.name}[{place}]: gradient {worst.gradient:.12g}, "
            f"finite difference {worst.difference:.12g}, relative error {worst.error:.1e}"
            f"{' (relative to 0.001, as both are small)' if tiny else ''}"
        )

    def histogram(self) -> dict[int, int]:
        """How many relative errors begin with each power of ten; smaller and larger ones at the ends.

        >>> GradientCheck([Entry("1.bias", (4,), 1.0, 1.25, 0.2)], skipped=0).histogram()[-1]
        1
        """
        counts = dict.fromkeys(DECADES, 0)
        for entry in self.entries:
            power = -np.inf if entry.error == 0 else np.inf if np.isinf(entry.error) else log10(entry.error)
            counts[floor(min(max(power, DECADES[0]), DECADES[-1]))] += 1
        return counts

    def blocks(self) -> Sequence[Block]:
        counts = self.histogram()
        most = max(counts.values(), default=0)
        reach = [power for power, count in counts.items() if count]
        rows = [
            (_decade(power), Bar(counts[power], most, f"{counts[power]:,}"))
            for power in DECADES
            if reach and reach[0] <= power <= max(reach[-1], -6)
        ]
        table = Table(
            ("relative error", "parameters"), rows, f"relative errors: right is {power_of_ten(-6)} or less"
        )
        blocks: list[Block] = [Note(f"{self}.", self.ok)]
        if self.broken:
            blocks.append(
                Note(
                    "The full chain breaks down: an output is exactly 0 or 1, and `0·∞` is no number. "
                    "Training uses the short form, `δ = a − y`, which is finite.",
                    good=False,
                )
            )
        return [*blocks, table] if rows else blocks


def quick_sample(network: Network, examples: int = 1) -> int | None:
    """How many parameters can be checked within seconds; None: all of them.

    >>> quick_sample(Network("784-16-16-10", seed=0))
    >>> quick_sample(Network("784-512-512-10", seed=0))  # of 669,706, by 2 · 668,672 multiply-adds each
    7000
    """
    most = max(LEAST, WORK // (2 * examples * max(1, summarize(network).multiply_adds)))
    if most >= network.parameter_count:
        return None
    unit: int = 10 ** (len(str(most)) - 1)
    return most // unit * unit  # a round number


def check_gradient(
    network: Network,
    images: Images,
    y: Any,
    cost: str = "quadratic",
    *,
    l2: float = 0.0,
    l1: float = 0.0,
    n: int | None = None,
    example_weights: Any = None,
    canonical: bool = True,
    sample: int | None = None,
    seed: int = 0,
    step: float = STEP,
    draw: Draw | None = None,
) -> GradientCheck:
    """Compare ∇C with central differences, in float64, parameter by parameter.

    Args:
        network: its parameters are not changed.
        images: a batch as `Network.inputs` takes it.
        y: labels or desired outputs as `Network.targets` takes them.
        cost: its name.
        l2: λ of the penalty (λ/2n) Σ w².
        l1: λ₁ of the penalty (λ₁/n) Σ |w|.
        n: the number of training examples in the penalties; the batch's, if not given.
        example_weights: (batch,) as in `Network.gradient`.
        canonical: check the canonical short cut where there is one; else the full chain.
        sample: look at so many parameters only, drawn at random by `seed`.
        seed: for the sample.
        step: h; tried again ten times as long where the difference seems wrong.
        draw: the training step, for what dropout switches off; None: nothing.

    >>> network = Network("3-4-2", seed=1)
    >>> check = check_gradient(network, np.array([[0.2, 0.5, 0.1]]), [1], "cross_entropy", l2=0.1)
    >>> len(check.entries), check.ok
    (26, True)
    """
    if not isinstance(network, Network):
        raise GlassnetError(
            f"{network!r} stands where a Network is wanted: check_gradient(network, images, y)"
        )
    network = network.astype(np.float64)
    checked = network.check_cost(cost)
    n = len(images) if n is None else n
    if n < 1 or not 0 < step < 1:
        raise GlassnetError(f"n is {n}, step is {step}: give 1 example or more, and a step between 0 and 1")
    for name, penalty in (("l2", l2), ("l1", l1)):
        if not 0 <= penalty < np.inf:
            raise GlassnetError(f"{name} is {penalty}: give a number of 0 or more")
    entries: list[Entry] = []
    looked_at = undecided_count = 0
    with np.errstate(all="ignore"):  # a number that is none is a wrong gradient, and told as that
        gradient = network.gradient(
            images, y, cost, example_weights=example_weights, canonical=canonical, draw=draw
        )
        for name in network.weights:
            w = network.parameters[name]
            gradient.parameters[name] += l2_gradient(w, l2, n) + l1_gradient(w, l1, n)
        x, targets = network.inputs(images), network.targets(y)
        share = network.share(len(x), example_weights)
        differences = FiniteDifferences(network, x, targets, checked, share, canonical, l2, n, draw, l1)
        for name, places in _places(network, sample, seed).items():
            found, open_ = _compare(gradient, name, places, differences, step)
            entries += found
            undecided_count += open_
            looked_at += len(places)
        broken = False
        if not canonical and network.canonical(checked) and not _is_finite(gradient):
            broken = _is_finite(network.gradient(images, y, cost, example_weights=example_weights, draw=draw))
    skipped = looked_at - len(entries) - undecided_count
    return GradientCheck(entries, skipped, undecided_count, broken)


def _compare(
    gradient: Gradient, name: str, places: list[tuple[int, ...]], differences: FiniteDifferences, step: float
) -> tuple[list[Entry], int]:
    """The entries of one array, without those at a kink, and how many are undecided."""

    def beside(places: list[tuple[int, ...]], h: float) -> dict[tuple[int, ...], Entry]:
        slopes = zip(places, differences.of_parameter(name, places, h), strict=True)
        exacts = gradient.parameters[name]
        pairs = ((place, float(exacts[place]), float(slope)) for place, slope in slopes)
        return {
            place: Entry(name, place, exact, slope, relative_error(exact, slope, gradient.cost))
            for place, exact, slope in pairs
            if not np.isnan(slope)
        }

    # A wrong gradient is wrong beside any quotient; where a right one only seems wrong, because
    # outputs near 0 or 1 leave the cost few digits, a longer step says so.
    entries = beside(places, step)
    doubtful = [place for place, entry in entries.items() if entry.error > TOLERANCE]
    open_ = 0
    for place, longer in beside(doubtful, 10 * step).items() if doubtful else ():
        entry = entries[place]
        entries[place] = best = min(entry, longer, key=lambda entry: entry.error)
        if best.error > TOLERANCE and undecided(best.gradient, entry.difference, longer.difference):
            del entries[place]
            open_ += 1
    return [*entries.values()], open_


def _is_finite(gradient: Gradient) -> bool:
    return all(np.isfinite(array).all() for array in gradient.parameters.values())


def _decade(power: int) -> str:
    low, high = (power_of_ten(exponent) for exponent in (power, power + 1))
    if power == DECADES[0]:
        return f"below {high}"
    return f"{low} … {high}" if power < DECADES[-1] else f"{low} and more"


def _places(network: Network, sample: int | None, seed: int) -> dict[str, list[tuple[int, ...]]]:
    """The index of every parameter, or of a random sample of them, array by array."""
    places = [
        (name, index) for name, array in network.parameters.items() for index in np.ndindex(array.shape)
    ]
    if sample is not None and sample < 1:
        raise GlassnetError(f"sample is {sample}: look at 1 parameter or more")
    if sample is not None and sample < len(places):
        order = Stream(seed, Purpose.GRADIENT_CHECK).permutation(len(places))
        places = [places[i] for i in order[:sample]]
    by_name: dict[str, list[tuple[int, ...]]] = {}
    for name, index in places:
        by_name.setdefault(name, []).append(index)
    return by_name
