"""ln, cos, sin and powers from correctly rounded operations alone (+ − × ÷ √).

Libraries round these functions differently in the last bit. What a seed draws, and what an optimizer
and a schedule make of a step's number, has to be the same bits everywhere.
"""

from __future__ import annotations

from math import factorial, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

LN_2 = 0.6931471805599453


def ln(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln u for u in (0, 1): with u = m·2ᵉ and s = (m−1)/(m+1), ln m = 2 (s + s³/3 + s⁵/5 + …)."""
    m, e = np.frexp(u)  # m in [½, 1)
    small = m < sqrt(0.5)
    m, e = np.where(small, 2.0 * m, m), np.where(small, e - 1, e)  # m in [√½, √2), |s| ≤ 0.172
    s = (m - 1.0) / (m + 1.0)
    ln_m: NDArray[np.float64] = 2.0 * s * _horner([1.0 / k for k in range(1, 24, 2)], s * s)
    return ln_m + e * LN_2


def cos_sin_of_turn(u: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """cos 2πu and sin 2πu: Taylor's sums on the nearest quarter turn's remainder, |x| ≤ π/4."""
    quarter = np.floor(4.0 * u + 0.5)
    x = (4.0 * u - quarter) * (pi / 2.0)
    cos = _horner([(-1.0) ** k / factorial(2 * k) for k in range(10)], x * x)
    sin = x * _horner([(-1.0) ** k / factorial(2 * k + 1) for k in range(10)], x * x)
    turn = quarter.astype(np.int64) % 4
    return (
        np.choose(turn, [cos, -sin, -cos, sin]),
        np.choose(turn, [sin, cos, -sin, -cos]),
    )


def _horner(coefficients: list[float], x: NDArray[np.float64]) -> NDArray[Any]:
    """c₀ + c₁x + c₂x² + …, from the last coefficient back."""
    total = np.zeros_like(x)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def power(base: float, exponent: int) -> float:
    """base to a whole power, 0 or more, by squaring.

    >>> power(0.5, 10) == 2.0**-10, power(0.9, 0)
    (True, 1.0)
    """
    result = 1.0
    while exponent:
        if exponent % 2:
            result *= base
        base *= base
        exponent //= 2
    return result
