"""Labelled images to learn from, and drawings to recognize."""

from glassnet.data.dataset import Dataset, Split
from glassnet.data.drawing import Normalization, normalization, normalize_drawing, read_drawing
from glassnet.data.idx import parse_idx, read_idx, write_idx
from glassnet.data.sources import SOURCES, Source, fetch, load, locate

__all__ = [
    "SOURCES",
    "Dataset",
    "Normalization",
    "Source",
    "Split",
    "fetch",
    "load",
    "locate",
    "normalization",
    "normalize_drawing",
    "parse_idx",
    "read_drawing",
    "read_idx",
    "write_idx",
]
