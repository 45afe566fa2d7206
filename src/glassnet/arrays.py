"""The array types that signatures name."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]  # activations, parameters, gradients: any float dtype
Images: TypeAlias = NDArray[Any]  # uint8 pixels 0 … 255, or floats as they are
Labels: TypeAlias = NDArray[np.int64]
Parameters: TypeAlias = dict[str, Array]  # {"weight": …, "bias": …} or, in a network, {"1.weight": …}
Shape: TypeAlias = tuple[int, ...]
