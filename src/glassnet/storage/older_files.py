"""Files of earlier formats, whose parameters bore the numbers of layers counted from 0.

How a file names its parameters follows from its format's version alone: "1.weight" belongs to the
first layer or to the second, and the name doesn't tell which.
"""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

# The last formats in which layers were counted from 0.
MODEL_FROM_0 = 1
CHECKPOINT_FROM_0 = 2
# At the beginning of a name, or behind last/, best/ and optimizer/; of no more digits than layers need.
LAYER = re.compile(r"(?:^|(?<=/))(?:0|[1-9]\d{0,8})(?=\.)", re.ASCII)


def counted_from_1(named: dict[str, T]) -> dict[str, T]:
    """The same values under names in which the first layer behind the input is 1.

    >>> counted_from_1({"0.weight": 3, "last/1.bias": 4, "optimizer/2.weight.m": 5, "history": 6})
    {'1.weight': 3, 'last/2.bias': 4, 'optimizer/3.weight.m': 5, 'history': 6}
    """
    return {LAYER.sub(lambda layer: str(int(layer[0]) + 1), name): value for name, value in named.items()}
