"""How sure an answer is: a temperature for a network's confidence, and a threshold for saying "not a digit".

A network that has learned long says 99.9 % where it is right in 98 of 100 cases. Dividing the last
weighted sums z by one number, the temperature T, mends that, and changes no answer: the confidence
is σ(z/T), or softmax(z/T). T is chosen on images that the network didn't learn from, where the cost
of its confidences is least.

Source: Guo, Pleiss, Sun, Weinberger, *On calibration of modern neural networks*, ICML (2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.activations import get_activation
from glassnet.arrays import Images
from glassnet.costs import COSTS, CanonicalCost
from glassnet.data import NOT_A_DIGIT, Split
from glassnet.errors import GlassnetError
from glassnet.layers import Parameterless
from glassnet.network import Network
from glassnet.training.prediction import Predictor

Numbers = NDArray[np.float64]

COLDEST, HOTTEST = 0.05, 20.0  # what lies outside says more about the images than about the network
HALVINGS = 60  # of the interval in which T is sought: to the last bit


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was chosen for a network, and by what.

    Raises:
        GlassnetError: a number that can't be one of these.
    """

    temperature: float  # T > 0
    threshold: float  # 0 … 1: below this confidence the answer is "not a digit"
    accepted: float  # the share of the validation digits that reach it
    passed: float | None  # the share of other pictures that reach it, too; None: none were tried
    digits: int  # how many validation digits there were
    not_digits: int  # and how many other pictures
    fonts: tuple[str, ...] = ()  # of the letters among these

    def __post_init__(self) -> None:
        shares = [self.threshold, self.accepted, *([] if self.passed is None else [self.passed])]
        if not (_is_number(self.temperature) and self.temperature > 0):
            raise GlassnetError(f"temperature is {self.temperature!r}: give a number above 0")
        if not all(_is_number(share) and 0 <= share <= 1 for share in shares):
            raise GlassnetError(f"threshold, accepted and passed are {shares}: give numbers from 0 to 1")
        counts = (self.digits, self.not_digits)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise GlassnetError(f"digits and not_digits are {counts}: give whole numbers, from 0")
        if isinstance(self.fonts, str) or not all(isinstance(name, str) for name in self.fonts):
            raise GlassnetError(f"fonts are {self.fonts!r}: give their names")
        object.__setattr__(self, "fonts", tuple(self.fonts))

    def to_dict(self) -> dict[str, Any]:
        """Its fields, as JSON takes them."""
        return asdict(self) | {"fonts": list(self.fonts)}


def calibrate(
    network: Network,
    digits: Split,
    not_digits: Images | None = None,
    *,
    class_names: Sequence[str] = tuple("0123456789"),
    fonts: Sequence[str] = (),
    accept: float = 0.995,
) -> Calibration:
    """Choose a temperature and a threshold.

    Args:
        network: with sigmoid or softmax outputs.
        digits: validation images: the network must not have learned from them.
        not_digits: pictures of no digit (n, …), to say how many reach the threshold; they don't move it.
        class_names: one for each output; "not a digit" may be one of them.
        fonts: the names of those that the pictures show.
        accept: the share of the digits that must reach the threshold.

    Raises:
        GlassnetError: other outputs, a share outside 0 … 1, no digits, or digits of which no best
            temperature can be told.

    >>> from glassnet.data import load
    >>> network = Network("784-10", seed=0)
    >>> calibrate(network, load("digits").validation).accepted >= 0.995
    True
    """
    check_share(accept)
    if not len(digits):
        raise GlassnetError("there are no digits to calibrate by: give validation images")
    pair, sums = probabilistic_cost(network), last_sums(network)
    z, y = float64(sums(digits.images)), float64(network.targets(digits.labels))  # (n, classes) each
    T = best_temperature(z, y, pair)
    scores = np.sort(best_confidence(confidences(network, z, T), class_names))  # (n,), the lowest first
    threshold = scores[len(scores) - ceil(accept * len(scores) - 1e-9)]
    passed, others = None, 0
    if not_digits is not None and len(not_digits):
        reached = best_confidence(confidences(network, sums(not_digits), T), class_names)
        passed, others = float((reached >= threshold).mean()), len(not_digits)
    return Calibration(
        temperature=T,
        threshold=float(threshold),
        accepted=float((scores >= threshold).mean()),
        passed=passed,
        digits=len(digits),
        not_digits=others,
        fonts=tuple(fonts),
    )


def check_share(accept: float) -> None:
    """Refuse a share of digits to accept that is none.

    Raises:
        GlassnetError: it is not between 0 and 1.
    """
    if not 0 < accept < 1:
        raise GlassnetError(f"accept is {accept}: give the share of digits to accept, such as 0.995")


def probabilistic_cost(network: Network) -> CanonicalCost:
    """The cost whose outputs are probabilities: of sigmoid the cross-entropy, of softmax the log-likelihood.

    Raises:
        GlassnetError: the outputs are others.

    >>> probabilistic_cost(Network("784-10:softmax", seed=0)).name
    'log_likelihood'
    """
    activation = network.layers[-1].activation
    for cost in COSTS.values():
        if isinstance(cost, CanonicalCost) and cost.natural == activation:
            return cost
    raise GlassnetError(
        f"{activation} outputs are no probabilities and can't be calibrated: "
        "train a network whose last layer is sigmoid or softmax"
    )


def last_sums(network: Network, engine: str = "native") -> Predictor:
    """A function from images to z of the last layer: the same network, its last activation left off.

    >>> sums = last_sums(Network("2-1", parameters={"1.weight": np.array([[1.0, 2]]), "1.bias": np.zeros(1)}))
    >>> sums(np.array([[0.5, 2.0]]))  # 0.5 · 1 + 2 · 2
    array([[4.5]], dtype=float32)
    """
    *before, last = network.layers
    layers = before if isinstance(last, Parameterless) else [*before, replace(last, activation="linear")]  # type: ignore[type-var]
    bare = Network(layers, network.input_shape, parameters=network.parameters, dtype=network.dtype)
    return Predictor(bare, engine)


def confidences(network: Network, z: Any, temperature: float) -> Numbers:
    """σ(z/T) or softmax(z/T), by the network's own last activation, (n, classes), in float64.

    >>> network = Network("784-3:softmax", seed=0)
    >>> confidences(network, [[0.0, 0.0, 4.0]], temperature=4).round(2)  # e / (e + 2) = 0.58
    array([[0.21, 0.21, 0.58]])
    """
    return float64(get_activation(network.layers[-1].activation).forward(float64(z) / temperature))


def best_confidence(confidence: Numbers, class_names: Sequence[str]) -> Numbers:
    """How sure a network is of the digit that it holds most likely: (n, classes) → (n,).

    >>> best_confidence(np.array([[0.1, 0.2, 0.7]]), ("0", "1", "not a digit"))
    array([0.2])
    """
    digits = [name != NOT_A_DIGIT for name in class_names]  # (classes,)
    if len(digits) != confidence.shape[1] or not any(digits):
        raise GlassnetError(
            f"class names {', '.join(class_names)} for {confidence.shape[1]} outputs: give one for each, "
            "at least one of them a digit's"
        )
    return confidence[:, digits].max(axis=1)


def mean_cost(z: Numbers, y: Numbers, pair: CanonicalCost, temperature: float) -> float:
    """C of the confidences at T: for softmax, the mean negative log-likelihood of the right answers."""
    return float(pair.value_from_z(z / temperature, y).mean())


def best_temperature(z: Numbers, y: Numbers, pair: CanonicalCost) -> float:
    """The T at which the cost of the confidences is least.

    C is convex in β = 1/T, with dC/dβ = mean Σ_j (a_j − y_j) z_j: δ of the scaled sums, times what is
    scaled. Where it changes its sign, C is least; the interval is halved in which it does.

    Args:
        z: the last weighted sums (n, classes).
        y: what is right, one-hot (n, classes).
        pair: the cost.

    Raises:
        GlassnetError: C falls or rises throughout: all answers are right, or no better than chance.

    Two sums of ±1, right in three of four cases: σ(1/T) = ¾, so T = 1 / ln 3.

    >>> z, y = np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([[1.0], [1.0], [1.0], [0.0]])
    >>> print(f"{best_temperature(z, y, COSTS['cross_entropy']):.4f}")
    0.9102
    """

    def slope(beta: float) -> float:
        a = get_activation(pair.natural).forward(beta * z)  # (n, classes)
        return float((pair.delta(a, y) * z).sum(axis=1).mean())

    low, high = 1 / HOTTEST, 1 / COLDEST
    if not slope(low) < 0 < slope(high):
        raise GlassnetError(
            f"no temperature from {COLDEST:g} to {HOTTEST:g} is best for these {len(z)} images: "
            "give more validation images, which the network finds neither all easy nor all hopeless"
        )
    for _ in range(HALVINGS):
        middle = sqrt(low * high)
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / sqrt(low * high)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def float64(numbers: Any) -> Numbers:
    """The same in float64: confidences near 1 are told apart that float32 rounds to 1."""
    return np.asarray(numbers, np.float64)
