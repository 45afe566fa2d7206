"""How parameters follow their gradient downhill.

An optimizer changes an array of parameters w in place, from its gradient g = ∂C/∂w, the learning rate
η, and what it remembers of earlier steps: arrays of w's shape that stand in the open, under the
parameter's own name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Protocol

import numpy as np

from glassnet.arrays import Array, Parameters
from glassnet.costs import l1_gradient, l2_gradient
from glassnet.errors import GlassnetError, unknown_name
from glassnet.exact import power


class Optimizer(Protocol):
    """A way to make a step.

    Attributes:
        name: What recipes call it.
        remembers: Names of the arrays that it keeps for each parameter.
        decoupled: Whether L2 shrinks the weights directly, by ηλ/n, instead of being part of g.
    """

    name: ClassVar[str]
    remembers: ClassVar[tuple[str, ...]]
    decoupled: ClassVar[bool]

    def penalize(self, w: Array, g: Array, l1: float, l2: float, n: int, learning_rate: float) -> None:
        """Let the penalty (λ/2n) Σ w² + (λ₁/n) Σ |w| act on weights w or on their gradient g, in place."""

    def move(self, w: Array, g: Array, memory: list[Array], learning_rate: float, step: int) -> None:
        """One step, in place, of w and of what is remembered of it; `step` counts from 1."""

    def corrections(self, step: int) -> tuple[float, float]:
        """By how much the two arrays that it remembers are too small at that step."""


@dataclass(frozen=True)
class SGD:
    """Gradient descent, stochastic where the gradient is a mini-batch's: w ← w − η g.

    >>> import numpy as np
    >>> w = np.array([1.0, 1.0])
    >>> SGD().move(w, np.array([3.0, 1.0]), [], learning_rate=0.1, step=1)
    >>> w
    array([0.7, 0.9])
    """

    name: ClassVar[str] = "sgd"
    remembers: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False

    def penalize(self, w: Array, g: Array, l1: float, l2: float, n: int, learning_rate: float) -> None:
        """g ← g + (λ₁/n) sgn w + (λ/n) w: the penalty's gradient is part of g."""
        if l1:
            g += l1_gradient(w, l1, n)
        if l2:
            g += l2_gradient(w, l2, n)

    def move(self, w: Array, g: Array, memory: list[Array], learning_rate: float, step: int) -> None:
        w -= learning_rate * g

    def corrections(self, step: int) -> tuple[float, float]:
        return 1.0, 1.0


@dataclass(frozen=True)
class Momentum(SGD):
    """Steps that build up speed, as of a ball that rolls downhill: v ← μ v − η g, w ← w + v.

    Source: Polyak (1964), written as in Nielsen's chapter 3.

    >>> import numpy as np
    >>> w, v = np.zeros(1), np.zeros(1)
    >>> for step in (1, 2):
    ...     Momentum(0.5).move(w, np.ones(1), [v], learning_rate=1.0, step=step)
    >>> v, w
    (array([-1.5]), array([-2.5]))
    """

    momentum: float = 0.9  # μ

    name: ClassVar[str] = "momentum"
    remembers: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        _check_share("momentum", self.momentum)

    def move(self, w: Array, g: Array, memory: list[Array], learning_rate: float, step: int) -> None:
        (v,) = memory
        v *= self.momentum
        v -= learning_rate * g
        w += v


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Momentum that looks ahead: v ← μ v − η g, w ← w + μ v − η g.

    The gradient is that of the place which the speed alone leads to; written for parameters that
    stand there already. Source: Sutskever, Martens, Dahl, Hinton (2013).

    >>> import numpy as np
    >>> w, v = np.zeros(1), np.zeros(1)
    >>> Nesterov(0.5).move(w, np.ones(1), [v], learning_rate=1.0, step=1)
    >>> v, w
    (array([-1.]), array([-1.5]))
    """

    name: ClassVar[str] = "nesterov"

    def move(self, w: Array, g: Array, memory: list[Array], learning_rate: float, step: int) -> None:
        (v,) = memory
        v *= self.momentum
        v -= learning_rate * g
        w += self.momentum * v
        w -= learning_rate * g


@dataclass(frozen=True)
class Adam(SGD):
    """Steps of about η for every parameter, however large its gradients are.

    m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  w ← w − η m̂ / (√v̂ + ε)

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up for both having begun with 0. Source: Kingma and
    Ba (2015).

    >>> import numpy as np
    >>> w, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    >>> Adam().move(w, np.array([100.0, -0.01]), [m, v], learning_rate=0.1, step=1)
    >>> w.round(6)
    array([-0.1,  0.1])
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: ClassVar[float] = 1e-8

    name: ClassVar[str] = "adam"
    remembers: ClassVar[tuple[str, ...]] = ("m", "v")

    def __post_init__(self) -> None:
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)

    def move(self, w: Array, g: Array, memory: list[Array], learning_rate: float, step: int) -> None:
        m, v = memory
        m *= self.beta1
        m += (1 - self.beta1) * g
        v *= self.beta2
        v += (1 - self.beta2) * g * g
        of_m, of_v = self.corrections(step)
        w -= learning_rate * (m * of_m) / (np.sqrt(v * of_v) + self.epsilon)

    def corrections(self, step: int) -> tuple[float, float]:
        """1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ)."""
        return 1 / (1 - power(self.beta1, step)), 1 / (1 - power(self.beta2, step))


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam, with weights that shrink by η (λ/n) w beside its step, however large their gradients are.

    In Adam, the penalty's gradient is divided by √v̂ like all of g. Source: Loshchilov and Hutter (2019).

    >>> import numpy as np
    >>> w, g = np.array([2.0]), np.array([5.0])
    >>> AdamW().penalize(w, g, l1=0.0, l2=10.0, n=100, learning_rate=0.5)
    >>> w, g  # 2 − 0.5 · 10/100 · 2
    (array([1.9]), array([5.]))
    """

    name: ClassVar[str] = "adamw"
    decoupled: ClassVar[bool] = True

    def penalize(self, w: Array, g: Array, l1: float, l2: float, n: int, learning_rate: float) -> None:
        """w ← w − η (λ/n) w, and g ← g + (λ₁/n) sgn w."""
        super().penalize(w, g, l1, 0.0, n, learning_rate)
        if l2:
            w -= learning_rate * l2_gradient(w, l2, n)


OPTIMIZERS: dict[str, type[SGD]] = {kind.name: kind for kind in (SGD, Momentum, Nesterov, Adam, AdamW)}


def make_optimizer(name: str, **settings: float) -> Optimizer:
    """The optimizer of that name, with those of the settings that are its own.

    Raises:
        GlassnetError: no such name, or a setting that makes no sense.

    >>> make_optimizer("momentum", momentum=0.8, beta1=0.9)
    Momentum(momentum=0.8)
    """
    if name not in OPTIMIZERS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    kind = OPTIMIZERS[name]
    own = {field.name for field in fields(kind)}
    return kind(**{setting: value for setting, value in settings.items() if setting in own})


def initial_state(optimizer: Optimizer, parameters: Parameters) -> Parameters:
    """The optimizer's memory before its first step: arrays of zeros, with names such as "1.weight.m".

    >>> initial_state(Momentum(), {"1.bias": np.ones(2)})
    {'1.bias.velocity': array([0., 0.])}
    """
    return {
        f"{name}.{kind}": np.zeros_like(array, order="C")
        for name, array in parameters.items()
        for kind in optimizer.remembers
    }


def check_state(optimizer: Optimizer, parameters: Parameters, state: Parameters) -> None:
    """Refuse a state in which the optimizer, with these parameters, could not have come to be.

    Raises:
        GlassnetError: an array is missing, one too many, of other shape or dtype, or not finite.
    """
    wanted = initial_state(optimizer, parameters)
    for name in state.keys() - wanted.keys():
        raise GlassnetError(
            f"the optimizer's state has {name!r}, which {optimizer.name} does not remember: "
            "go on with the optimizer that it was saved by"
        )
    for name, zeros in wanted.items():
        if name not in state:
            raise GlassnetError(
                f"the optimizer's state has no {name!r}, which {optimizer.name} remembers: "
                "go on from a checkpoint that was saved with it"
            )
        array = state[name]
        if array.shape != zeros.shape or array.dtype != zeros.dtype:
            raise GlassnetError(
                f"{name!r} of the optimizer's state is {array.dtype} of {array.shape}: "
                f"its parameter is {zeros.dtype} of {zeros.shape}, give the same"
            )
        if not np.isfinite(array).all():
            raise GlassnetError(
                f"{name!r} of the optimizer's state holds NaN or infinite values: give finite numbers"
            )


def update(
    optimizer: Optimizer,
    parameters: Parameters,
    gradients: Parameters,
    state: Parameters,
    learning_rate: float,
    step: int = 1,
) -> None:
    """One step of all parameters, in place; gradients under the parameters' names.

    >>> w = {"1.bias": np.array([1.0, 1.0])}
    >>> update(SGD(), w, {"1.bias": np.array([3.0, 1.0])}, {}, learning_rate=0.1)
    >>> w["1.bias"]
    array([0.7, 0.9])
    """
    for name, g in gradients.items():
        memory = [state[f"{name}.{kind}"] for kind in optimizer.remembers]
        optimizer.move(parameters[name], g, memory, learning_rate, step)


def _check_share(name: str, value: float) -> None:
    if type(value) is not float or not 0 <= value < 1:  # false for NaN, too
        raise GlassnetError(f"{name} is {value!r}: give a number from 0 to below 1")
