"""The form of MNIST's images: 28×28 pixels, the digit within 20×20, its centre of mass at the centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE, BOX, CENTER = 28, 20, 14  # pixels; the centre of mass stands at pixel 14, counted from 0


def beginning(profiles: NDArray[Any]) -> NDArray[np.int64]:
    """Where boxes begin, so that their centre of mass stands at the centre: (…, n) → (…).

    Args:
        profiles: the ink of each box, summed over its rows or over its columns; n ≤ 28.

    Returns:
        CENTER − Σ i p_i / Σ p_i to the nearest pixel, as far as the box stays inside.

    >>> beginning(np.array([[0, 1, 0], [0, 0, 5]]))
    array([13, 12])
    """
    n = profiles.shape[-1]
    mass = np.maximum(profiles.sum(axis=-1), 1)  # a blank box has its centre anywhere
    mean = profiles @ np.arange(n) / mass
    return np.clip(np.floor(CENTER - mean + 0.5), 0, SIDE - n).astype(np.int64)
