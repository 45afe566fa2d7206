"""Labelled images to learn from, and drawings to recognize."""

from glassnet.data.dataset import Dataset, Split
from glassnet.data.drawing import (
    Normalization,
    find_digits,
    normalization,
    normalize_drawing,
    read_digits,
)
from glassnet.data.idx import parse_idx, read_idx, write_idx
from glassnet.data.not_digits import NOT_A_DIGIT, draw_not_digits, with_not_digits
from glassnet.data.picture_file import read_drawing
from glassnet.data.sources import SOURCES, Source, fetch, load, locate

__all__ = [
    "NOT_A_DIGIT",
    "SOURCES",
    "Dataset",
    "Normalization",
    "Source",
    "Split",
    "draw_not_digits",
    "fetch",
    "find_digits",
    "load",
    "locate",
    "normalization",
    "normalize_drawing",
    "parse_idx",
    "read_digits",
    "read_drawing",
    "read_idx",
    "with_not_digits",
    "write_idx",
]
