"""Pictures that show no digit: letters, signs, doodles, and digits that are turned or cut."""

from glassnet.handwriting.not_digits.draw import draw_not_digits, with_not_digits
from glassnet.handwriting.not_digits.lettering import FONTS

__all__ = [
    "FONTS",
    "draw_not_digits",
    "with_not_digits",
]
