"""Names that a package hands out, imported when they are first used.

NumPy alone takes longer to import than `glassnet --help` to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any


def lazily(package: str, home: Mapping[str, str], others: Sequence[str] = ()) -> Callable[[str], Any]:
    """A package's `__getattr__`.

    Args:
        package: its name.
        home: the names that it hands out, and the module of each, seen from the package.
        others: where a name that it does not hand out may be found.

    >>> get = lazily("glassnet", {"train": "training"}, others=["training"])
    >>> get("Evaluation")
    Traceback (most recent call last):
    AttributeError: module 'glassnet' has no attribute 'Evaluation': it is in glassnet.training
    >>> get("tarin")
    Traceback (most recent call last):
    AttributeError: module 'glassnet' has no attribute 'tarin': did you mean 'train'?
    """

    def get(name: str) -> Any:
        if name in home:
            return getattr(import_module(f"{package}.{home[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}{hint(name)}")

    def hint(name: str) -> str:
        if name.startswith("_"):  # what tools ask for
            return ""
        for other in others:
            if name in import_module(f"{package}.{other}").__all__:
                return f": it is in {package}.{other}"
        near = get_close_matches(name, home, n=1)
        return f": did you mean {near[0]!r}?" if near else ""

    return get
