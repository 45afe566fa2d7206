"""What an explanation is made of: a few kinds of blocks, written once, shown in two ways.

`terminal` and `html` turn the same blocks into text and into a page. In every text, what stands
between backticks is a formula; names that come from outside go through `plain` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from glassnet.arrays import Array, Images
from glassnet.document.formula import is_number


@dataclass(frozen=True)
class Paragraph:
    """A piece of prose."""

    text: str


@dataclass(frozen=True)
class Equation:
    """A formula on a line of its own, and what it says in words."""

    formula: str
    words: str = ""


@dataclass(frozen=True)
class Bar:
    """A number, shown as its value and as a bar: to the right in blue, negative to the left in red."""

    value: float
    largest: float  # the value of a full bar
    text: str = ""  # instead of the number


Cell: TypeAlias = str | float | Bar


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers; the last rows may be set apart as sums."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    sums: int = 0  # how many rows at the end are sums or means of those above

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers, and nothing but them; a text in the first one names its row."""
        cells = [row[column] for row in self.rows]
        if column == 0:
            return all(isinstance(cell, float) for cell in cells)
        numbers = (isinstance(cell, float) or (isinstance(cell, str) and is_number(cell)) for cell in cells)
        return any(cell != "" for cell in cells) and all(numbers)


@dataclass(frozen=True)
class Pixels:
    """An image (height, width) as the network sees it: 0 black, 255 (or 1.0) white."""

    image: Images
    caption: str = ""


@dataclass(frozen=True)
class HeatMap:
    """Numbers over an image (height, width): blue above 0, red below, the stronger the larger by size."""

    values: Array
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, as the bytes of a PNG file; on a terminal, only its caption."""

    png: bytes
    caption: str
    narrow: bool = False  # whether it can be read on a phone as it is


@dataclass(frozen=True)
class Note:
    """A sentence that stands out: good news, or something to look at."""

    text: str
    good: bool


Block: TypeAlias = Paragraph | Equation | Table | Pixels | HeatMap | Picture | Note


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


def plain(text: object) -> str:
    """A name from outside (a class, a file), so that nothing in it is a formula, a new line or a command."""
    words = " ".join(str(text).replace("`", "ʼ").split())
    return "".join(character if character.isprintable() else "�" for character in words)
