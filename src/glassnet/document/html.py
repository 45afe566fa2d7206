"""Blocks as HTML: a fragment for notebooks, or one page that needs nothing but itself."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from math import isfinite

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
from glassnet.document.formula import mathml, number
from glassnet.document.grid import largest
from glassnet.document.style import STYLE

SHORT = 28  # characters of a cell that stays on one line
MORE, LESS, GREY = (32, 102, 168), (194, 65, 45), 160  # as the bars above and below 0; no number


def fragment(blocks: Iterable[Block]) -> str:
    """The blocks as HTML with their style, to be shown inside another page, as notebooks do."""
    return f'<style>{STYLE}</style><div class="glassnet">{_blocks(blocks)}</div>'


def page(title: str, sections: Sequence[Section]) -> str:
    """A whole page: no script, no link to elsewhere, readable offline and on paper."""
    links = "".join(
        f'<li><a href="#part-{i}">{_inline(section.title)}</a></li>' for i, section in enumerate(sections, 1)
    )
    body = "".join(
        f'<section id="part-{i}"><h2>{_inline(section.title)}</h2>{_blocks(section.blocks)}</section>'
        for i, section in enumerate(sections, 1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>body {{ margin: 0 }}{STYLE}</style></head>\n"
        f'<body><main class="glassnet page"><h1>{escape(title)}</h1><nav><ol>{links}</ol></nav>{body}'
        "</main></body></html>\n"
    )


def _blocks(blocks: Iterable[Block]) -> str:
    return "\n".join(map(_block, blocks))


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_inline(block.text)}</p>"
    if isinstance(block, Note):
        return f'<p class="{"good" if block.good else "look"}">{_inline(block.text)}</p>'
    if isinstance(block, Equation):
        words = f'<span class="words">{_inline(block.words)}</span>' if block.words else ""
        return f'<div class="equation">{mathml(block.formula, large=True)}{words}</div>'
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Pixels):
        return _figure(_pixels(block.image), block.caption, "pixels")
    if isinstance(block, HeatMap):
        return _figure(_heat(block.values), block.caption, "pixels")
    return _figure(block.png, block.caption, "picture narrow" if block.narrow else "picture")


def _inline(text: str) -> str:
    """Prose with formulas in it, escaped."""
    parts = text.split("`")
    return "".join(mathml(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _table(block: Table) -> str:
    caption = f"<caption>{_inline(block.caption)}</caption>" if block.caption else ""
    numeric = [block.is_numeric(place) for place in range(len(block.header))]
    kinds = [' class="number"' if is_so else "" for is_so in numeric]
    head = "".join(f"<th{kind}>{_inline(name)}</th>" for kind, name in zip(kinds, block.header, strict=True))
    rows = []
    for place, row in enumerate(block.rows):
        mark = ' class="sum"' if place >= len(block.rows) - block.sums else ""
        rows.append(f"<tr{mark}>{''.join(map(_cell, row, numeric))}</tr>")
    return (
        f'<div class="table"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(cell: Cell, numeric: bool) -> str:
    if isinstance(cell, Bar):
        words = escape(cell.text or number(cell.value))
        known = isfinite(cell.value) and cell.largest > 0 and isfinite(cell.largest)
        share = min(100.0, 100 * abs(cell.value) / cell.largest) if known else 0.0
        side = "less" if cell.value < 0 else "more"
        bar = f'<span class="bar {side}" style="width:{share / 20:.3f}em"></span>'
        return f'<td class="barred" title="{float(cell.value)!r}"><span>{words}</span>{bar}</td>'
    if isinstance(cell, float):
        return f'<td class="number" title="{float(cell)!r}">{escape(number(cell))}</td>'
    if numeric:
        return f'<td class="number">{escape(cell)}</td>'
    short = ' class="short"' if len(cell) <= SHORT else ""
    return f"<td{short}>{_inline(cell)}</td>"


def _figure(png: bytes, caption: str, kind: str) -> str:
    alternative = escape(caption.replace("`", "")) or "picture"
    words = f"<figcaption>{_inline(caption)}</figcaption>" if caption else ""
    return (
        f'<figure class="{kind}"><img alt="{alternative}" src="data:image/png;base64,'
        f'{b64encode(png).decode()}">{words}</figure>'
    )


def _pixels(image: Images) -> bytes:
    """The image as a small PNG; the browser enlarges it without smoothing."""
    rows = image if image.ndim == 2 else image[None]
    level = rows if rows.dtype == np.uint8 else np.nan_to_num(np.clip(rows, 0, 1)) * 255
    return _png(level)


def _heat(values: Array) -> bytes:
    """Numbers as a small PNG: from white at 0 to the colors of the bars; what is no number is grey."""
    share = values / (largest(values) or 1.0)  # (height, width), −1 to 1
    full = np.where(share[..., None] < 0, LESS, MORE)  # (height, width, 3)
    level = 255 - np.abs(share)[..., None] * (255 - full)
    return _png(np.where(np.isfinite(share)[..., None], level, GREY))


def _png(level: Array) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(level.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()
