"""Many small numbers in one table: rounded, in a common unit, each with its sign."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from glassnet.arrays import Array
from glassnet.document.formula import power_of_ten


def largest(values: Array) -> float:
    """The largest finite number by size: what a full bar stands for; 0 where there is none.

    >>> largest(np.array([0.5, -2.0, np.nan]))
    2.0
    """
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def grid(values: Array) -> tuple[list[list[str]], str]:
    """The numbers (rows, columns) in units of a power of ten that makes the largest 1 to 10, and its name.

    >>> grid(np.array([[0.0312, -0.004], [0.0, 0.001]]))
    ([['+3.12', '−0.40'], ['0', '+0.10']], ' in units of 10⁻²')
    """
    most = largest(values)
    exponent = int(np.floor(np.log10(most))) if most else 0
    cells = [[_cell(float(value), exponent) for value in row] for row in values]
    return cells, f" in units of {power_of_ten(exponent)}" if exponent else ""


def _cell(value: float, exponent: int) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+∞" if value > 0 else "−∞"
    if not value:
        return "0"
    text = f"{Decimal(value).scaleb(-exponent):+.2f}"  # 10⁻³²⁴ is no float
    return "0.00" if float(text) == 0 else text.replace("-", "−")
