"""Numbers for JSON, which has neither NaN nor infinity."""

from __future__ import annotations

from math import isfinite
from typing import Any


def for_json(value: Any) -> Any:
    """The value; null for NaN and infinity.

    >>> for_json(0.5), for_json(float("nan")), for_json("text")
    (0.5, None, 'text')
    """
    return None if isinstance(value, float) and not isfinite(value) else value
