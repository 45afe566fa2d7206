"""The vanishing gradient: how δ shrinks or grows from layer to layer, and which of two factors did it.

On the way back, δ⁽ˡ⁾ = (what the next layer hands back, ∂C/∂a⁽ˡ⁾) ⊙ σ′(z⁽ˡ⁾). Of lengths, therefore,
‖δ⁽ˡ⁾‖/‖δ⁽ˡ⁺¹⁾‖ is a product: ‖∂C/∂a⁽ˡ⁾‖/‖δ⁽ˡ⁺¹⁾‖, which is the weights' doing, times ‖δ⁽ˡ⁾‖/‖∂C/∂a⁽ˡ⁾‖,
which is a typical |σ′(z)|, for sigmoids ¼ at most.

Source: Nielsen, Neural Networks and Deep Learning, chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet.activations import ACTIVATIONS, Elementwise
from glassnet.arrays import Array, Images
from glassnet.chunks import chunks
from glassnet.costs import Cost
from glassnet.document import Block, Cell, Equation, Note, Paragraph, Shown, Table, number
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.examples import as_array
from glassnet.explanation.trace import Trace
from glassnet.layers import format_layer
from glassnet.network import Gradient, Network

CHUNK = 256  # images at a time
SHORT = 0.1  # of the last layer's ‖δ‖: from here on it is called shorter


class BackStep(NamedTuple):
    """One layer on the way back."""

    layer: int
    name: str  # of the layer, such as conv20@5:relu
    delta: float  # ‖δ⁽ˡ⁾‖
    by_weights: float | None  # ‖∂C/∂a⁽ˡ⁾‖ / ‖δ⁽ˡ⁺¹⁾‖; None in the last layer, where the way back begins
    by_slope: float | None  # ‖δ⁽ˡ⁾‖ / ‖∂C/∂a⁽ˡ⁾‖
    slope: float | None  # the mean |σ′(z)| of its neurons; None where σ mixes them

    @property
    def ratio(self) -> float | None:
        """‖δ⁽ˡ⁾‖ / ‖δ⁽ˡ⁺¹⁾‖: the product of both factors."""
        if self.by_weights is None or self.by_slope is None:
            return None
        return self.by_weights * self.by_slope


@dataclass(frozen=True, repr=False, eq=False)
class VanishingGradient(Shown):
    """δ's length, layer by layer, from the last one back to the first."""

    network: Network
    steps: tuple[BackStep, ...]  # the last layer first
    images: int  # of how many images the mean was taken

    @property
    def deltas(self) -> Array:
        """‖δ‖ of layer 1 … L, shape (L,)."""
        return np.array([step.delta for step in self.steps[::-1]])

    def blocks(self) -> Sequence[Block]:
        return [
            Paragraph(
                "On the way back δ is multiplied, layer after layer, by weights and by slopes `σ′(z)`. "
                "The slope of a sigmoid is ¼ at most, so that with sigmoids the gradient tends to vanish in "
                "front layers; that of a ReLU is 0 or 1. With large weights the gradient can also explode."
            ),
            Equation(
                "‖δ⁽ˡ⁾‖ / ‖δ⁽ˡ⁺¹⁾‖ = (‖∂C/∂a⁽ˡ⁾‖ / ‖δ⁽ˡ⁺¹⁾‖) · (‖δ⁽ˡ⁾‖ / ‖∂C/∂a⁽ˡ⁾‖)",
                "the first factor is what the next layer did on the way back, by its weights (or by pooling, "
                "or a mask); the second is a typical slope `|σ′(z)|`",
            ),
            *self.numbers(),
        ]

    def numbers(self) -> list[Block]:
        """The table, and what it comes to."""
        whose = "this image" if self.images == 1 else f"the mean δ of {self.images:,} images"
        rows: list[Sequence[Cell]] = [
            (
                f"{step.layer}  {step.name}",
                step.delta,
                *(
                    "" if value is None else number(value, 3)
                    for value in (step.ratio, step.by_weights, step.by_slope, step.slope)
                ),
            )
            for step in self.steps
        ]
        return [
            Table(
                ("layer", "`‖δ‖`", "times", "= way back", "· slope", "mean `|σ′|`"),
                rows,
                f"from the last layer to the first, of {whose}",
            ),
            *self._verdict(),
        ]

    def _verdict(self) -> list[Block]:
        last, first = self.steps[0].delta, self.steps[-1].delta
        if not np.isfinite([last, first]).all() or len(self.steps) == 1:
            return []
        if last == 0 or first == 0:
            where = next(step.layer for step in self.steps if step.delta == 0)
            return [Note(f"From layer {where} on there is no gradient at all: `δ = 0`.", good=False)]
        share = first / last
        if share < SHORT:
            times = f"{number(1 / share, 3)} times shorter than in layer {self.steps[0].layer}"
            return [Paragraph(f"In layer 1 δ is {times}: the front learns that much more slowly.")]
        compared = f"{number(share, 3)} times as long as in layer {self.steps[0].layer}"
        return [Paragraph(f"In layer 1 δ is {compared}.")]


def vanishing_gradient_of(trace: Trace) -> VanishingGradient:
    """That of one image, as training computes it."""
    sums = _lengths(trace.network, [trace.used])
    return VanishingGradient(trace.network, sums, 1)


def vanishing_gradient(
    network: Network,
    images: Images,
    labels: Any,
    cost: str | Cost = "quadratic",
    *,
    engine: str = "textbook",
) -> VanishingGradient:
    """The same for the mean gradient of many images: the length of the mean δ, not the mean length.

    Args:
        network: it is not changed.
        images: (n, …) as `Network.inputs` takes them.
        labels: (n,), or desired outputs (n, n_out).
        cost: its name.
        engine: what computes it: textbook or native.

    Raises:
        GlassnetError: no images, or labels that the network lacks.

    >>> network = Network("2-3-3-2", seed=1, dtype="float64")
    >>> shown = vanishing_gradient(network, np.eye(2), [0, 1])
    >>> first = shown.steps[-1]
    >>> bool(np.isclose(first.by_weights * first.by_slope, shown.deltas[0] / shown.deltas[1]))
    True
    """
    images, labels = as_array(images, "images"), as_array(labels, "labels")
    count = len(images) if images.ndim else 0
    if count == 0 or labels.ndim == 0 or len(labels) != count:
        raise GlassnetError(f"{count} images and {labels.size} labels: give as many of both, at least one")
    run = get_engine(engine)
    with np.errstate(all="ignore"):
        gradients = (run.gradient(network, images[rows], labels[rows], cost) for rows in chunks(count, CHUNK))
        return VanishingGradient(network, _lengths(network, gradients), count)


class _Layer:
    """Sums over the images seen so far, for one layer."""

    def __init__(self) -> None:
        self.images = 0
        self.delta: Array = np.zeros(())  # Σ of δ
        self.dC_da: Array | None = np.zeros(())  # Σ of ∂C/∂a; None where the short form went around it
        self.slopes = 0.0  # Σ of the mean |σ′(z)|

    def add(self, gradient: Gradient, i: int, activation: Elementwise | None) -> None:
        back, cache, m = gradient.layers[i], gradient.caches[i], len(gradient.caches[i].z)
        self.images += m
        # Each row of δ holds its share 1/m of the chunk's mean.
        self.delta = self.delta + m * back.dC_dz.astype(np.float64).sum(axis=0)
        if back.dC_da is None or self.dC_da is None:
            self.dC_da = None
        else:
            self.dC_da = self.dC_da + m * back.dC_da.astype(np.float64).sum(axis=0)
        if activation is not None:
            self.slopes += m * float(np.abs(activation.derivative(cache.z, cache.a)).mean())


@np.errstate(all="ignore")
def _lengths(network: Network, gradients: Iterable[Gradient]) -> tuple[BackStep, ...]:
    found = [ACTIVATIONS[layer.activation] for layer in network.layers]
    elementwise = [activation if isinstance(activation, Elementwise) else None for activation in found]
    sums = [_Layer() for _ in network.layers]
    for gradient in gradients:
        for i, (own, activation) in enumerate(zip(sums, elementwise, strict=True)):
            own.add(gradient, i, activation)
    steps: list[BackStep] = []
    behind: float | None = None  # ‖δ⁽ˡ⁺¹⁾‖
    for i in reversed(range(len(sums))):
        own, name = sums[i], format_layer(network.layers[i], activation=True)
        delta = _length(own.delta / own.images)
        by_weights = by_slope = None
        if behind and own.dC_da is not None:  # behind δ = 0 nothing is left to be multiplied
            handed_back = _length(own.dC_da / own.images)
            by_weights = handed_back / behind
            by_slope = delta / handed_back if handed_back else None
        slope = own.slopes / own.images if elementwise[i] is not None else None
        steps.append(BackStep(i + 1, name, delta, by_weights, by_slope, slope))
        behind = delta
    return tuple(steps)


def _length(values: Array) -> float:
    """The norm, in units of the largest number: the squares themselves may be too small or too large."""
    if not np.isfinite(values).all():
        return float("nan")
    most = float(np.abs(values).max(initial=0))
    return most * float(np.linalg.norm(values / most)) if most else 0.0
