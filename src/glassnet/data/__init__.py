"""Labelled images to learn from."""

from glassnet.data.dataset import NOT_A_DIGIT, Dataset, Split
from glassnet.data.idx import parse_idx, read_idx, write_idx
from glassnet.data.mnist_form import BOX, SIDE, beginning
from glassnet.data.reference import resolve
from glassnet.data.sources import SOURCES, Source, fetch, load, locate

__all__ = [
    "BOX",
    "NOT_A_DIGIT",
    "SIDE",
    "SOURCES",
    "Dataset",
    "Source",
    "Split",
    "beginning",
    "fetch",
    "load",
    "locate",
    "parse_idx",
    "read_idx",
    "resolve",
    "write_idx",
]
