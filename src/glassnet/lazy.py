"""Names that a package hands out, imported when they are first used.

NumPy alone takes longer to import than `glassnet --help` to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any


class NoSuchNameError(AttributeError):
    """A name that a package does not hand out.

    What was meant is looked for when the sentence is read: `from glassnet import plots` raises this, too,
    before Python goes on and imports the module.
    """

    def __init__(self, package: str, name: str, known: Iterable[str], others: Sequence[str]) -> None:
        super().__init__(package, name)
        self._package, self._name, self._known, self._others = package, name, tuple(known), others

    def __str__(self) -> str:
        return f"module {self._package!r} has no attribute {self._name!r}{self._hint()}"

    def _hint(self) -> str:
        for other in self._others:
            if self._name in import_module(f"{self._package}.{other}").__all__:
                return f": it is in {self._package}.{other}"
        near = get_close_matches(self._name, self._known, n=1)
        return f": did you mean {near[0]!r}?" if near else ""


def lazily(package: str, home: Mapping[str, str], others: Sequence[str] = ()) -> Callable[[str], Any]:
    """A package's `__getattr__`.

    Args:
        package: its name.
        home: the names that it hands out, and the module of each, seen from the package.
        others: where a name that it does not hand out may be found.

    >>> get = lazily("glassnet", {"train": "training"}, others=["training"])
    >>> get("Evaluation")
    Traceback (most recent call last):
    glassnet.lazy.NoSuchNameError: module 'glassnet' has no attribute 'Evaluation': it is in glassnet.training
    >>> get("tarin")
    Traceback (most recent call last):
    glassnet.lazy.NoSuchNameError: module 'glassnet' has no attribute 'tarin': did you mean 'train'?
    """

    def get(name: str) -> Any:
        if name not in home:
            raise NoSuchNameError(package, name, home, others)
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return get
