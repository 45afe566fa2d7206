"""The cost along the negative gradient: how far does the slope hold what it promises?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images, Labels
from glassnet.costs import Cost
from glassnet.document import Bar, Block, Paragraph, Shown, Table, number
from glassnet.errors import GlassnetError
from glassnet.explanation.landscape.cost_function import CostFunction
from glassnet.network import Network

ROWS = 13  # of the table


@dataclass(frozen=True, repr=False, eq=False)
class CostLine(Shown):
    """C(θ − t∇C) for parameters θ, over a range of t; at t = η, gradient descent's next step ends."""

    t: NDArray[np.float64]  # (points,), rising; 0 is among them
    costs: NDArray[np.float64]  # (points,); not finite where the cost isn't
    cost: float  # C at t = 0
    gradient_norm: float  # ‖∇C‖
    count: int  # of images
    learning_rate: float | None  # η, if one was given
    cost_at_learning_rate: float | None

    @property
    def prediction(self) -> NDArray[np.float64]:
        """C − t‖∇C‖², what the slope at t = 0 promises, shape (points,)."""
        return self.cost - self.t * self.gradient_norm**2

    @property
    def lowest(self) -> int:
        """The place of the lowest cost among the points; of several, the one nearest to t = 0."""
        return int(np.lexsort((np.abs(self.t), self.costs))[0])  # NaN and ∞ come last

    def blocks(self) -> Sequence[Block]:
        words = [f"The mean cost of {in_words(self.count)} is `C = {number(self.cost)}`"]
        if self.gradient_norm == 0:
            words.append("and its gradient is 0: there is no way down to follow.")
            return [Paragraph(" ".join(words))]
        lowest = self.lowest
        words.append(f"and its gradient has the length `‖∇C‖ = {number(self.gradient_norm)}`. Along `−∇C`")
        if self.t[lowest] > 0:
            words.append(f"it falls to `{number(self.costs[lowest])}` at `t = {number(self.t[lowest], 3)}`.")
        else:
            words.append("it does not fall.")
        if self.learning_rate is not None and self.cost_at_learning_rate is not None:
            words.append(
                f"A step of gradient descent with `η = {number(self.learning_rate)}` leads to "
                f"`{number(self.cost_at_learning_rate)}`."
            )
        shown = np.unique([*np.linspace(0, len(self.t) - 1, ROWS).round().astype(int), lowest])
        above = self.costs - self.costs[lowest]  # (points,)
        highest = float(above[np.isfinite(above)].max())
        rows = [
            (float(t), float(cost), float(promised), Bar(float(height), highest))
            for t, cost, promised, height in zip(
                self.t[shown], self.costs[shown], self.prediction[shown], above[shown], strict=True
            )
        ]
        header = ("`t`", "`C(θ − t∇C)`", "`C − t‖∇C‖²`", "above the lowest")
        return [Paragraph(" ".join(words)), Table(header, rows, "The cost, and what its slope promises")]


def cost_along_gradient(
    network: Network,
    images: Images,
    labels: Labels,
    cost: str | Cost = "quadratic",
    *,
    learning_rate: float | None = None,
    points: int = 61,
    engine: str = "native",
) -> CostLine:
    """Walk from a network's parameters along the negative gradient, and look at the cost.

    The line reaches past the first valley, to where the cost is again what it was; where it never
    is, to where going twice as far brings nothing more. A sixth of the points lie on the other side.

    Args:
        network: is not changed.
        images: (n, …) as the network takes them.
        labels: (n,).
        cost: its name.
        learning_rate: η, to be marked.
        points: on the line, 3 at least.
        engine: what computes the costs.

    Raises:
        GlassnetError: no images, labels or images that don't fit, or a cost or a gradient that is
            not finite.

    >>> network = Network("2-1", parameters={"1.weight": np.array([[1.0, -1.0]]), "1.bias": np.zeros(1)})
    >>> line = cost_along_gradient(network, np.array([[1.0, 0.5]]), [0], "squared")
    >>> bool(line.costs[line.lowest] < line.cost)
    True
    """
    check_points(points)
    C = CostFunction(network, images, labels, cost, engine)
    start, downhill = C(C.here), -C.gradient(C.here)
    squared_norm = float(downhill @ downhill)
    if not isfinite(start) or not isfinite(squared_norm):
        raise GlassnetError(
            f"the cost is {start:g} and ‖∇C‖² {squared_norm:g}: there is nothing to follow where they are "
            "not finite"
        )

    def along(t: float) -> float:
        return C(C.here + t * downhill)

    # The tangent reaches 0 there: the scale of it all, as no cost can fall so far and go on like this.
    scale = start / squared_norm if squared_norm else 0.0
    end = reach(along, start, scale) if 0 < scale < inf else 1.0
    if learning_rate is not None:
        if not (isfinite(learning_rate) and learning_rate > 0):
            raise GlassnetError(f"learning_rate is {learning_rate!r}: give a positive number")
        if end < 1.1 * learning_rate < 4 * end:  # else the picture would show little beside the step
            end = 1.1 * learning_rate
    before = points // 6
    t = end / (points - 1 - before) * np.arange(-before, points - before, dtype=np.float64)
    return CostLine(
        t=t,
        costs=np.array([along(step) for step in t]),
        cost=start,
        gradient_norm=squared_norm**0.5,
        count=C.count,
        learning_rate=learning_rate,
        cost_at_learning_rate=None if learning_rate is None else along(learning_rate),
    )


def reach(along: Callable[[float], float], start: float, scale: float) -> float:
    """How far the line goes; the cost at 0 is `start`, and the tangent there reaches 0 at `scale`."""
    t = scale / 1024
    for _ in range(40):
        if along(t) < start:
            break
        t /= 2
    fall = start - along(t)
    for _ in range(60):
        next_fall = start - along(2 * t)
        if not next_fall > 1.05 * fall:  # true for NaN, too
            break
        t, fall = 2 * t, next_fall
    # The valley is at t or little beyond. Now the place where the cost is back, if it is near.
    inside, outside = t, 2 * t
    while outside <= 4 * t and along(outside) < start:
        inside, outside = outside, 2 * outside
    if outside > 4 * t:
        return 2 * t
    for _ in range(6):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if along(middle) < start else (inside, middle)
    return 1.1 * outside


def check_points(points: int) -> None:
    """Refuse a number of points that makes no line."""
    if not isinstance(points, int | np.integer) or isinstance(points, bool) or not 3 <= points <= 10_000:
        raise GlassnetError(f"points is {points!r}: give a whole number from 3 to 10,000")


def in_words(count: int) -> str:
    """So many images."""
    return "one image" if count == 1 else f"{count:,} images"
