"""One parameter among all: how it is named in the code, and in the lessons."""

from __future__ import annotations

from typing import NamedTuple

from glassnet.document import symbol


class Parameter(NamedTuple):
    """One parameter: the array's name, and the place in it."""

    name: str
    place: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.place))}]"

    @property
    def letter(self) -> str:
        """As the lessons write it, such as w₃,₅⁽²⁾."""
        layer, _, kind = self.name.partition(".")
        return symbol("w" if kind == "weight" else "b", int(layer) + 1, *self.place)
