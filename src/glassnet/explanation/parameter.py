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
    def words(self) -> str:
        """What the indices of a filter's weight say; of other parameters, nothing.

        >>> Parameter("2.weight", (3, 0, 2, 1)).words
        'filter 3, channel 0, row 2, column 1 of its window'
        """
        if len(self.place) != 4:
            return ""
        o, c, i, j = self.place
        return f"filter {o}, channel {c}, row {i}, column {j} of its window"

    @property
    def letter(self) -> str:
        """As the lessons write it, such as w₃,₅⁽²⁾, or w₃,₀,₂,₁⁽²⁾ of a filter."""
        layer, _, kind = self.name.partition(".")
        return symbol("w" if kind == "weight" else "b", int(layer) + 1, *self.place)
