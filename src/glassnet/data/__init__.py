"""Labelled images to learn from."""

from glassnet.data.dataset import NOT_A_DIGIT, Dataset, Split
from glassnet.data.idx import parse_idx, read_idx, write_idx
from glassnet.data.sources import SOURCES, Source, fetch, load, locate

__all__ = [
    "NOT_A_DIGIT",
    "SOURCES",
    "Dataset",
    "Source",
    "Split",
    "fetch",
    "load",
    "locate",
    "parse_idx",
    "read_idx",
    "write_idx",
]
