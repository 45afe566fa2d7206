"""Nudges: −∇C₀ in words and numbers (lesson 3), and what one step along it really does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from glassnet.arrays import Array, Parameters
from glassnet.document import Bar, Block, Equation, Paragraph, Shown, Table, largest, number
from glassnet.errors import GlassnetError
from glassnet.explanation.finite_difference import params_of
from glassnet.explanation.parameter import Parameter
from glassnet.explanation.trace import Trace
from glassnet.optimizers import SGD

# The lesson says "a little" of 0.03 and 0.16, "somewhat" of 0.31 and 0.37, "a lot" of 0.78, 0.82
# and 1.25: cuts at these shares of the largest give its words.
SOMEWHAT, A_LOT = 0.2, 0.5
SHOWN = 12


class Nudge(NamedTuple):
    """What the gradient asks of one parameter."""

    parameter: Parameter
    value: float  # −∂C₀/∂(it)
    words: str


class LayerShare(NamedTuple):
    """How much of the gradient lies in one layer."""

    layer: int
    norm: float  # ‖∂C₀/∂(its parameters)‖
    share: float  # of ‖∇C₀‖²


def in_words(nudge: float, most: float) -> str:
    """A component of −∇C₀ in the lesson's words; `most` is the largest of them by size.

    >>> [in_words(nudge, 1.25) for nudge in (0.31, 0.03, -1.25, 0.0)]
    ['should increase somewhat', 'should increase a little', 'should decrease a lot', 'should stay as it is']
    """
    if nudge == 0:
        return "should stay as it is"
    if not np.isfinite(nudge):
        return "can't be said: no number"
    share = abs(nudge) / most
    size = "a lot" if share >= A_LOT else "somewhat" if share >= SOMEWHAT else "a little"
    return f"should {'increase' if nudge > 0 else 'decrease'} {size}"


@dataclass(frozen=True, repr=False, eq=False)
class Nudges(Shown):
    """−∇C₀: the steepest parameters, the words for all of them, the layers' shares, and a step's effect."""

    trace: Trace
    steepest: tuple[Nudge, ...]
    words: dict[str, int]  # how many parameters should do what
    shares: tuple[LayerShare, ...]
    learning_rate: float
    before: float  # C₀
    predicted: float  # C₀ − η ‖∇C₀‖²
    after: float  # C₀ at the parameters − η ∇C₀
    optimizer: str  # by which the network learned

    def blocks(self) -> Sequence[Block]:
        most = abs(self.steepest[0].value) if self.steepest else 0.0
        rows = [
            (f"`{nudge.parameter.letter}`", f"{nudge.parameter}", Bar(nudge.value, most), nudge.words)
            for nudge in self.steepest
        ]
        counts = max(self.words.values(), default=0)
        cuts = f"{SOMEWHAT:.0%} and {A_LOT:.0%} of the largest nudge are the cuts between the words"
        eta = number(self.learning_rate)
        return [
            Paragraph("The negative gradient says for every parameter which way to nudge it, and how much."),
            Table(("", "name", "nudge `−∂C₀/∂w`", "in words"), rows, "the steepest parameters"),
            Table(
                ("in words", "parameters"),
                [(words, Bar(count, counts, f"{count:,}")) for words, count in self.words.items()],
                f"all {sum(self.words.values()):,} parameters; {cuts}",
            ),
            Table(
                ("layer", "`‖∇C₀‖` in it", "share of `‖∇C₀‖²`"),
                [
                    (
                        str(of.layer),
                        of.norm,
                        Bar(of.share, 1.0, f"{of.share:.1%}" if np.isfinite(of.share) else "NaN"),
                    )
                    for of in self.shares
                ],
                "how the gradient is shared out between the layers",
            ),
            Paragraph(
                f"One step of gradient descent on this image alone, with `η = {eta}`{self._in_training()}:"
            ),
            Table(
                ("cost of this image", "`C₀`"),
                [
                    ("before", self.before),
                    ("predicted by the slope: `C₀ − η ‖∇C₀‖²`", self.predicted),
                    ("after the step", self.after),
                ],
            ),
            Equation(f"ΔC₀ = {number(self.after - self.before)}", self._comparison()),
        ]

    def _in_training(self) -> str:
        if self.optimizer == SGD.name:
            return ""
        return f" (training took other steps: those of {self.optimizer} depend on all gradients before, too)"

    def _comparison(self) -> str:
        expected, real = self.predicted - self.before, self.after - self.before
        if not (np.isfinite(expected) and np.isfinite(real)) or expected == 0:
            return "no comparison can be made"
        if abs(expected) < 1e-9 * abs(self.before):
            return "too little for the digits of the cost to show"
        percent = 100 * real / expected
        share = f"{round(percent):,}%".replace("-", "−") if np.isfinite(percent) else number(percent)
        end = "; the longer the step, the less the slope at its start says"
        if real > 0:
            end = ": the step is too long, the cost has risen"
        return f"{share} of what the slope predicts{end}"


@np.errstate(all="ignore")  # what is no number is counted as that
def nudges(trace: Trace, learning_rate: float, optimizer: str = SGD.name) -> Nudges:
    """−∇C₀ as training computes it, and a step of η along it, whatever optimizer the network learned by."""
    if not (isinstance(learning_rate, int | float | np.integer | np.floating) and 0 < learning_rate < np.inf):
        raise GlassnetError(f"learning_rate is {learning_rate!r}: give a positive number")
    gradients = trace.used.parameters.values()
    flat: Array = np.concatenate([-gradient.ravel() for gradient in gradients] or [np.zeros(0)])
    most = largest(flat)
    squares = [_square(layer.parameters, most) for layer in trace.used.layers]
    total = sum(squares)
    before = trace.used.cost
    return Nudges(
        trace=trace,
        steepest=tuple(_nudge_at(trace, i, flat, most) for i in _order(flat)),
        words=_count(flat, most),
        shares=tuple(
            LayerShare(i, float(most * np.sqrt(square)), square / total if total else 0.0)
            for i, square in enumerate(squares, 1)
            if trace.learned[i - 1]
        ),
        learning_rate=learning_rate,
        before=before,
        predicted=before - learning_rate * total * most * most,
        after=_cost_after(trace, learning_rate),
        optimizer=optimizer,
    )


def _count(flat: Array, most: float) -> dict[str, int]:
    """How many parameters should do what."""
    share = np.abs(flat) / most if most else np.zeros_like(flat)
    finite = np.isfinite(flat)
    sizes = (("a lot", A_LOT, np.inf), ("somewhat", SOMEWHAT, A_LOT), ("a little", 0, SOMEWHAT))
    counts = {
        f"should {towards} {size}": int((side & finite & (share >= low) & (share < high)).sum())
        for towards, side in (("increase", flat > 0), ("decrease", flat < 0))
        for size, low, high in sizes
    }
    counts["should stay as it is"] = int((flat == 0).sum())
    if unknown := int((~finite).sum()):
        counts["can't be said: no number"] = unknown
    return counts


def _square(gradients: Parameters, most: float) -> float:
    """‖∇C₀‖² in one layer, in units of the largest component's: the squares themselves may overflow."""
    units = (array.astype(np.float64) / (most or 1.0) for array in gradients.values())
    return sum(float(np.square(array).sum()) for array in units)


def _cost_after(trace: Trace, learning_rate: float) -> float:
    """C₀ of the same image after the step."""
    moved = trace.network.copy()
    for name, gradient in trace.used.parameters.items():
        moved.parameters[name] -= learning_rate * gradient
    a, caches = moved.forward(trace.x, params_of(moved, trace.draw))
    return float(moved.costs(caches[-1].z, a, trace.y, trace.cost)[0])


def _order(flat: Array) -> list[int]:
    """The places of the largest numbers by size, without zeros and what is no number."""
    sizes = np.where(np.isfinite(flat), np.abs(flat), 0)
    count = min(SHOWN, len(flat))
    some = np.argpartition(-sizes, count - 1)[:count] if count else np.zeros(0, int)
    return [int(i) for i in some[np.argsort(-sizes[some], kind="stable")] if sizes[i]]


def _nudge_at(trace: Trace, i: int, flat: Array, most: float) -> Nudge:
    value = float(flat[i])
    for name, shape in trace.network.shapes.items():
        size = int(np.prod(shape))
        if i < size:
            place = tuple(int(index) for index in np.unravel_index(i, shape))
            return Nudge(Parameter(name, place), value, in_words(value, most))
        i -= size
    raise AssertionError(i)
