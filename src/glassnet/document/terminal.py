"""Blocks as text: for a terminal with color, and for `repr` without."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.arrays import Array, Images
from glassnet.document.blocks import (
    Bar,
    Block,
    Cell,
    Equation,
    HeatMap,
    Note,
    Paragraph,
    Pixels,
    Section,
    Table,
)
from glassnet.document.formula import number
from glassnet.document.grid import largest

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

SHADES = " ·░▒▓█"
BAR = 12  # characters of the longest bar
WIDTH = 100  # of a repr
WIDE = 8  # columns of a table; with more of them they stand closer


def as_text(blocks: Iterable[Block | Section], width: int = WIDTH) -> str:
    """The blocks as plain text, `width` characters wide."""
    from rich.console import Console

    file = io.StringIO()
    show(blocks, Console(file=file, width=width, color_system=None, force_terminal=False))
    return "\n".join(line.rstrip() for line in file.getvalue().strip("\n").split("\n"))


def show(blocks: Iterable[Block | Section], console: Console) -> None:
    """Print the blocks on a console of rich's."""
    from rich.text import Text

    blocks = list(blocks)
    numbered = sum(isinstance(block, Section) for block in blocks) > 1
    for i, block in enumerate(blocks, 1):
        if isinstance(block, Section):
            number_of_it = f"{i}  " if numbered else ""
            console.print()
            console.print(Text(f"{number_of_it}{block.title.replace('`', '')}", style="bold underline"))
            show(block.blocks, console)
        else:
            console.print()
            console.print(_renderable(block), soft_wrap=isinstance(block, Pixels | HeatMap))
            if isinstance(block, Pixels | HeatMap) and block.caption:
                console.print(_inline(block.caption, "dim"))


def in_characters(image: Images) -> str:
    """An image in shades of characters, two a pixel, as characters are twice as high as wide.

    >>> print(in_characters(np.array([[255, 0, 128]], dtype=np.uint8)))
    ██  ▒▒
    """
    rows = image if image.ndim == 2 else image[None]
    level = rows / 255 if rows.dtype == np.uint8 else np.nan_to_num(np.clip(rows, 0, 1))
    shades = np.ceil(level * (len(SHADES) - 1)).astype(int)
    return "\n".join("".join(SHADES[shade] * 2 for shade in row).rstrip() for row in shades)


def in_digits(values: Array) -> list[list[str]]:
    """Each number's sign and its size in ninths of the largest, two characters; 0 is blank.

    >>> in_digits(np.array([[0.9, -0.31], [0.001, 0.0]]))
    [['+9', '−3'], [' ·', '  ']]
    """
    most = largest(values) or 1.0
    return [[_in_a_digit(float(value) / most) for value in row] for row in values]


def _in_a_digit(share: float) -> str:
    if not np.isfinite(share):
        return " ?"
    ninths = round(9 * abs(share))
    return f"{'−' if share < 0 else '+'}{ninths}" if ninths else " ·" if share else "  "


def _heat(values: Array) -> Text:
    from rich.text import Text

    styles = {"+": "blue", "−": "red"}
    line = "─" * 2 * values.shape[1]
    picture = Text(no_wrap=True).append(f"┌{line}┐\n", style="dim")
    for row in in_digits(values):
        picture.append("│", style="dim")
        for cell in row:
            picture.append(cell, style=styles.get(cell[0], ""))
        picture.append("│\n", style="dim")
    return picture.append(f"└{line}┘", style="dim")


def _renderable(block: Block) -> RenderableType:
    from rich.padding import Padding
    from rich.text import Text

    if isinstance(block, Paragraph):
        return _inline(block.text)
    if isinstance(block, Note):
        sign, style = ("✓", "green") if block.good else ("▲", "yellow")
        return Text.assemble((f"{sign} ", f"bold {style}"), _inline(block.text))
    if isinstance(block, Equation):
        line = Text(block.formula, style="cyan")
        if block.words:
            line.append("\n")
            line.append(_inline(block.words, "dim"))
        return Padding(line, (0, 0, 0, 4), expand=False)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Pixels):
        return Text(in_characters(block.image), no_wrap=True)
    if isinstance(block, HeatMap):
        return _heat(block.values)
    return Text("[picture] ", style="dim").append(_inline(block.caption, "dim"))


def _inline(text: str, style: str = "") -> Text:
    """Prose with formulas in it."""
    from rich.text import Text

    line = Text(style=style)
    for place, part in enumerate(re.split(r"`", text)):
        line.append(part, style="cyan" if place % 2 else "")
    return line


def _table(block: Table) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table as RichTable

    table = RichTable(
        box=box.SIMPLE_HEAD,
        header_style="dim",
        pad_edge=False,
        padding=(0, 1) if len(block.header) <= WIDE else (0, 0),
        show_edge=False,
    )
    for place, head in enumerate(block.header):
        justify: Literal["left", "right"] = "right" if block.is_numeric(place) else "left"
        no_wrap = place == 0 and len(block.header) > WIDE
        table.add_column(_inline(head), justify=justify, no_wrap=no_wrap, overflow="fold")
    sums_begin = len(block.rows) - block.sums
    for place, row in enumerate(block.rows):
        if place == sums_begin and block.sums:
            table.add_section()
        table.add_row(*map(_cell, row), style="bold" if place >= sums_begin else None)
    return Group(_inline(block.caption, "dim"), table) if block.caption else table


def _cell(cell: Cell) -> Text:
    from rich.text import Text

    if isinstance(cell, Bar):
        share = min(1.0, abs(cell.value) / cell.largest) if cell.largest > 0 else 0.0
        length = round(BAR * share) if np.isfinite(share) else 0
        bar = ("█" * length or "▏") if cell.value and np.isfinite(cell.value) else ""
        style = "red" if cell.value < 0 else "blue"
        return Text.assemble(f"{cell.text or number(cell.value):>11} ", (bar, style))
    return Text(number(cell)) if isinstance(cell, float) else _inline(cell)
