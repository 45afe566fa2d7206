"""Names that a package hands out, imported when they are first used.

NumPy alone takes longer to import than `glassnet --help` to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's `__getattr__`, for names whose modules are `home`, seen from the package.

    >>> get = lazily("glassnet", {"prod": "arrays"})
    >>> get("sum")
    Traceback (most recent call last):
    AttributeError: module 'glassnet' has no attribute 'sum'
    """

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return get
