"""From a photo or drawing to the digits in it, and pictures that show none."""

from glassnet.handwriting.drawing import (
    Normalization,
    find_digits,
    normalization,
    normalize_drawing,
    read_digits,
)
from glassnet.handwriting.judging import Judge, Verdict
from glassnet.handwriting.not_digits import FONTS, draw_not_digits, with_not_digits
from glassnet.handwriting.picture_file import is_picture, read_drawing, unit
from glassnet.handwriting.strokes import Grey

__all__ = [
    "FONTS",
    "Grey",
    "Judge",
    "Normalization",
    "Verdict",
    "draw_not_digits",
    "find_digits",
    "is_picture",
    "normalization",
    "normalize_drawing",
    "read_digits",
    "read_drawing",
    "unit",
    "with_not_digits",
]
