"""Activation functions a = σ(z), each with its way back from ∂C/∂a to ∂C/∂z.

Elementwise functions have a derivative σ′(z), and ∂C/∂z = σ′(z) ⊙ ∂C/∂a. Softmax mixes its
inputs: its derivative is a full Jacobian J = ∂a/∂z, and ∂C/∂z = Jᵀ ∂C/∂a.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from glassnet.arrays import Array
from glassnet.errors import unknown_name


class Activation(ABC):
    """A function of the weighted sums z, shape (batch, n), applied row by row."""

    name: ClassVar[str]
    formula: ClassVar[str]  # a as a text, of z
    kinks: ClassVar[tuple[float, ...]] = ()  # the z at which σ′ jumps
    saturates: ClassVar[bool] = False  # whether σ′ goes to 0 far from z = 0, on both sides
    dies: ClassVar[bool] = False  # whether σ′ is 0 on one side

    @abstractmethod
    def forward(self, z: Array) -> Array:
        """a = σ(z), shape (batch, n)."""

    @abstractmethod
    def backward(self, z: Array, a: Array, dC_da: Array) -> Array:
        """∂C/∂z, shape (batch, n), from ∂C/∂a and what forward saw and made."""


class Elementwise(Activation):
    """An activation in which a_j depends on z_j alone."""

    slope: ClassVar[str]  # σ′(z) as a text, of z and a

    @abstractmethod
    def derivative(self, z: Array, a: Array) -> Array:
        """σ′(z), shape (batch, n)."""

    def backward(self, z: Array, a: Array, dC_da: Array) -> Array:
        return dC_da * self.derivative(z, a)


class Sigmoid(Elementwise):
    """σ(z) = 1 / (1 + e⁻ᶻ),  σ′(z) = σ(z) (1 − σ(z)).

    >>> Sigmoid().forward(np.array([0.0, -10.0, 1000.0]))
    array([5.00000000e-01, 4.53978687e-05, 1.00000000e+00])
    """

    name, formula, slope = "sigmoid", "1 / (1 + exp(−z))", "a (1 − a)"
    saturates = True

    @np.errstate(over="ignore")  # e⁻ᶻ = ∞ gives the right answer, 0
    def forward(self, z: Array) -> Array:
        return 1 / (1 + np.exp(-z))

    def derivative(self, z: Array, a: Array) -> Array:
        return a * (1 - a)


class Tanh(Elementwise):
    """Tanh z,  tanh′(z) = 1 − tanh²(z)."""

    name, formula, slope = "tanh", "tanh(z)", "1 − a²"
    saturates = True

    def forward(self, z: Array) -> Array:
        return np.tanh(z)

    def derivative(self, z: Array, a: Array) -> Array:
        return 1 - a * a


class ReLU(Elementwise):
    """max(0, z), with derivative 1 where z > 0 and 0 elsewhere (at the kink, too)."""

    name, formula, slope = "relu", "max(0, z)", "1[z > 0]"
    kinks = (0.0,)
    dies = True

    def forward(self, z: Array) -> Array:
        return np.maximum(z, 0)

    def derivative(self, z: Array, a: Array) -> Array:
        return (z > 0).astype(z.dtype)


class Linear(Elementwise):
    """a = z: the weighted sum itself."""

    name, formula, slope = "linear", "z", "1"

    def forward(self, z: Array) -> Array:
        return z

    def derivative(self, z: Array, a: Array) -> Array:
        return np.ones_like(z)


class Softmax(Activation):
    """s_i = e^{z_i} / Σ_j e^{z_j};  J_ij = ∂s_i/∂z_j = s_i (1[i=j] − s_j).

    >>> Softmax().forward(np.array([[0.0, 0.0, 1000.0]]))
    array([[0., 0., 1.]])
    """

    name, formula = "softmax", "exp(zⱼ) / Σᵢ exp(zᵢ)"

    def forward(self, z: Array) -> Array:
        e = np.exp(z - z.max(axis=-1, keepdims=True))  # (batch, n); the shift cancels in the quotient
        return e / e.sum(axis=-1, keepdims=True)

    def jacobian(self, a: Array) -> Array:
        """J for every row of a, shape (batch, n, n)."""
        identity = np.eye(a.shape[-1], dtype=a.dtype)  # (n, n)
        return a[..., :, None] * (identity - a[..., None, :])

    def backward(self, z: Array, a: Array, dC_da: Array) -> Array:
        # Jᵀ ∂C/∂a = s ⊙ (∂C/∂a − Σ_i s_i ∂C/∂a_i), without building J
        return a * (dC_da - (a * dC_da).sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation for activation in (Sigmoid(), Tanh(), ReLU(), Linear(), Softmax())
}


def get_activation(name: str) -> Activation:
    """The activation of that name, or an error that names the nearest."""
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
