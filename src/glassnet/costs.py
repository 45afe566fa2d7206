"""Costs C₀ of one example, each beside its derivative ∂C₀/∂a, and the L2 penalty.

The last layer has two ways back. The *chain* goes from ∂C₀/∂a through the activation to
δ = ∂C₀/∂z; for saturated outputs that is 0·∞. Where a cost and an activation were made for each
other (the *canonical* pairs), C₀ can be had from z by log-sum-exp and δ is simply a − y, finite
whatever z is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Array
from glassnet.errors import GlassnetError, unknown_name


class Cost(ABC):
    """A cost of outputs a, shape (batch, n_out), that should be y, of the same shape."""

    name: ClassVar[str]
    term: ClassVar[str]  # what an output adds to C₀, as a text of its a and y
    slope: ClassVar[str]  # ∂C₀/∂a as a text, likewise
    allowed: ClassVar[tuple[str, ...]]  # the activations of the last layer for which it is defined
    natural: ClassVar[str]  # the one of them that is meant when none is named

    @property
    def title(self) -> str:
        """Its name in prose."""
        return self.name.replace("_", "-")

    @abstractmethod
    def value(self, a: Array, y: Array) -> Array:
        """C₀ of every row, shape (batch,)."""

    @abstractmethod
    def derivative(self, a: Array, y: Array) -> Array:
        """∂C₀/∂a, shape (batch, n_out)."""

    def room(self, a: Array, y: Array) -> Array:
        """How far each output is from where the cost ends, shape (batch, n_out): ∞, if it never does."""
        return np.full_like(a, np.inf)

    def check_activation(self, activation: str) -> None:
        """Refuse a last layer whose outputs this cost is not defined for."""
        if activation not in self.allowed:
            raise GlassnetError(
                f"cost {self.name!r} is not defined for {activation!r} outputs: "
                f"give the last layer the activation {' or '.join(self.allowed)}"
            )

    def check_targets(self, y: Array) -> None:
        """Refuse desired outputs y, shape (batch, n_out), that this cost is not defined for."""
        if not np.isfinite(y).all():
            raise GlassnetError("the targets hold NaN or infinite values: give finite desired outputs")


class CanonicalCost(Cost):
    """A cost with a partner activation for which δ = ∂C₀/∂z = a − y."""

    @abstractmethod
    def value_from_z(self, z: Array, y: Array) -> Array:
        """C₀ of every row, shape (batch,), from the weighted sums that the partner turns into a."""

    def delta(self, a: Array, y: Array) -> Array:
        """δ = a − y, shape (batch, n_out)."""
        return a - y


class Squared(Cost):
    """C₀ = Σ_j (a_j − y_j)²,  ∂C₀/∂a = 2 (a − y).

    >>> Squared().value(np.array([[0.5, 1.0]]), np.array([[0.0, 1.0]]))
    array([0.25])
    """

    name, allowed, natural = "squared", tuple(ACTIVATIONS), "sigmoid"
    term, slope = "(a − y)²", "2 (a − y)"

    def value(self, a: Array, y: Array) -> Array:
        return _row_sums((a - y) ** 2)

    def derivative(self, a: Array, y: Array) -> Array:
        return 2 * (a - y)


class Quadratic(Cost):
    """C₀ = ½ Σ_j (a_j − y_j)²,  ∂C₀/∂a = a − y."""

    name, allowed, natural = "quadratic", tuple(ACTIVATIONS), "sigmoid"
    term, slope = "½ (a − y)²", "a − y"

    def value(self, a: Array, y: Array) -> Array:
        return 0.5 * _row_sums((a - y) ** 2)

    def derivative(self, a: Array, y: Array) -> Array:
        return a - y


class CrossEntropy(CanonicalCost):
    """C₀ = −Σ_j [y_j ln a_j + (1 − y_j) ln(1 − a_j)],  ∂C₀/∂a = (a − y) / (a (1 − a)).

    With a = σ(z):  C₀ = Σ_j [ln(1 + e^{z_j}) − y_j z_j],  δ = a − y.
    """

    name, allowed, natural = "cross_entropy", ("sigmoid", "softmax"), "sigmoid"
    term, slope = "−[y ln(a) + (1 − y) ln(1 − a)]", "(a − y) / (a (1 − a))"

    def value(self, a: Array, y: Array) -> Array:
        return -_row_sums(_times_ln(y, a) + _times_ln(1 - y, 1 - a))

    def derivative(self, a: Array, y: Array) -> Array:
        return _quotient(1 - y, 1 - a) - _quotient(y, a)  # = (a − y) / (a (1 − a)), a term a logarithm

    def room(self, a: Array, y: Array) -> Array:
        return np.minimum(np.where(y == 0, np.inf, a), np.where(y == 1, np.inf, 1 - a))

    def value_from_z(self, z: Array, y: Array) -> Array:
        return _row_sums(np.logaddexp(0, z) - y * z)

    def check_targets(self, y: Array) -> None:
        super().check_targets(y)
        if ((y < 0) | (y > 1)).any():
            raise GlassnetError(f"cross_entropy wants targets from 0 to 1, not {y[(y < 0) | (y > 1)][0]:g}")


class LogLikelihood(CanonicalCost):
    """C₀ = −Σ_j y_j ln a_j, for one-hot y the −ln of the right output;  ∂C₀/∂a = −y / a.

    With a = softmax(z):  C₀ = ln Σ_j e^{z_j} − Σ_j y_j z_j,  δ = a − y (as Σ_j y_j = 1).
    """

    name, allowed, natural = "log_likelihood", ("softmax",), "softmax"
    term, slope = "−y ln(a)", "−y / a"

    def value(self, a: Array, y: Array) -> Array:
        return -_row_sums(_times_ln(y, a))

    def derivative(self, a: Array, y: Array) -> Array:
        return -_quotient(y, a)

    def room(self, a: Array, y: Array) -> Array:
        return np.where(y == 0, np.inf, a)

    def value_from_z(self, z: Array, y: Array) -> Array:
        largest: Array = z.max(axis=-1)  # (batch,); taken out of the sum, so that no e^z overflows
        log_sum = largest + np.log(_row_sums(np.exp(z - largest[:, None])))  # (batch,)
        return log_sum - _row_sums(y * z)

    def check_targets(self, y: Array) -> None:
        super().check_targets(y)
        sums = y.sum(axis=-1)  # (batch,)
        if (abs(sums - 1) > 1e-5).any() or (y < 0).any():
            raise GlassnetError("log_likelihood wants targets that are not negative and sum to 1 in each row")


COSTS: dict[str, Cost] = {
    cost.name: cost for cost in (Squared(), Quadratic(), CrossEntropy(), LogLikelihood())
}


def get_cost(name: str) -> Cost:
    """The cost of that name, or an error that names the nearest."""
    if not isinstance(name, str) or name not in COSTS:
        raise unknown_name("cost", name, COSTS)
    return COSTS[name]


def l2_penalty(weights: list[Array], l2: float, n: int) -> float:
    """(λ/2n) Σ w² over all weights, biases excepted; n is the number of training examples."""
    if not l2:
        return 0.0  # also where the weights are so large that their squares overflow
    return l2 / (2 * n) * sum(float(np.square(w, dtype=np.float64).sum()) for w in weights)


def l2_gradient(weight: Array, l2: float, n: int) -> Array:
    """Its derivative (λ/n) w, of the shape of `weight`."""
    return l2 / n * weight


def l1_penalty(weights: list[Array], l1: float, n: int) -> float:
    """(λ₁/n) Σ |w| over all weights, biases excepted."""
    if not l1:
        return 0.0
    return l1 / n * sum(float(np.abs(w).sum(dtype=np.float64)) for w in weights)


def l1_gradient(weight: Array, l1: float, n: int) -> Array:
    """Its derivative (λ₁/n) sgn w, of the shape of `weight`; at w = 0, where there is none, 0."""
    return l1 / n * np.sign(weight)


def _row_sums(terms: Array) -> Array:
    """Σ_j over each row, shape (batch,)."""
    return terms.sum(axis=-1)


def _times_ln(y: Array, a: Array) -> Array:
    """y ln a, and 0 where y is 0, whatever a is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y == 0, 0, y * np.log(a))


def _quotient(y: Array, a: Array) -> Array:
    """y / a, the derivative of y ln a: 0 where y is 0, ∞ where only a is, and there the chain breaks down."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y == 0, 0, y / a)
