"""Explanations as text and as pages: blocks and formulas, written once."""

from glassnet.document.blocks import (
    Bar,
    Block,
    Cell,
    Equation,
    HeatMap,
    Note,
    Paragraph,
    Picture,
    Pixels,
    Section,
    Table,
    plain,
)
from glassnet.document.formula import (
    in_parentheses,
    mathml,
    number,
    partial,
    power_of_ten,
    symbol,
    with_values,
)
from glassnet.document.grid import grid, largest
from glassnet.document.html import fragment, page
from glassnet.document.json import for_json
from glassnet.document.shown import Shown
from glassnet.document.terminal import as_text, in_characters, show

__all__ = [
    "Bar",
    "Block",
    "Cell",
    "Equation",
    "HeatMap",
    "Note",
    "Paragraph",
    "Picture",
    "Pixels",
    "Section",
    "Shown",
    "Table",
    "as_text",
    "for_json",
    "fragment",
    "grid",
    "in_characters",
    "in_parentheses",
    "largest",
    "mathml",
    "number",
    "page",
    "partial",
    "plain",
    "power_of_ten",
    "show",
    "symbol",
    "with_values",
]
