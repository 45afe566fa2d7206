"""Letters as somebody might write or print them: of fonts, and by pen from a table of strokes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.handwriting.not_digits.dice import Dice

if TYPE_CHECKING:
    from PIL import Image, ImageFont

SIDE = 112  # pixels of the sheet that a letter is drawn on: four times 28

# What nobody takes for a digit. O is a 0, I and l are a 1, Z is a 2, S is a 5, B is an 8; D, G, J, L, Q,
# Y, b, g, q and z are left out, as they may stand for 0, 6, 1, 9, 4 and 2.
CAPITALS = "ACEFHKMNPRTUVWX"
SMALL = "adefhkmnrtuvwx"
SIGNS = "&@#%€*+=<>~^"

FONTS = tuple(
    f"DejaVu{family}.ttf"
    for family in (
        *("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique"),
        *("SansMono", "SansMono-Bold", "SansMono-Oblique"),
        *("Serif", "Serif-Bold", "Serif-Italic", "Serif-BoldItalic"),
    )
)
# Of another make: nothing is learned or chosen by them, so that a measurement can be.
TEST_FONTS = (
    *("STIXGeneral.ttf", "STIXGeneralBol.ttf", "STIXGeneralItalic.ttf", "STIXGeneralBolIta.ttf"),
    *("cmr10.ttf", "cmb10.ttf", "cmss10.ttf", "cmtt10.ttf", "cmti10.ttf"),
)

# By pen, on a field 4 wide and 6 high: strokes by spaces, their points as two digits, x and y from the top.
STROKES = {
    "A": "062046 1434",
    "C": "41301002050616264645",
    "E": "40000646 0333",
    "F": "400006 0333",
    "H": "0006 4046 0343",
    "K": "0006 400346",
    "M": "0600234046",
    "N": "06004640",
    "P": "06002031423303",
    "R": "0600203142330346",
    "T": "0040 2026",
    "U": "00041626354440",
    "V": "002640",
    "W": "0016233640",
    "X": "0046 4006",
    "a": "413202031415263544 4246",
    "e": "034342413102051646",
    "h": "0006 04133244 4446",
    "k": "0006 310346",
    "m": "0206 03122226 2332424346",
    "n": "0206 0413324446",
    "r": "0206 041342",
    "t": "2025364645 0242",
    "u": "02041636454442 4446",
    "w": "0216243642",
}


def matplotlib_fonts(names: tuple[str, ...] = FONTS) -> tuple[Path, ...]:
    """Where fonts lie that come with matplotlib.

    Raises:
        GlassnetError: one of them isn't there.

    >>> matplotlib_fonts()[0].name
    'DejaVuSans.ttf'
    """
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for name in names:
        if not (folder / name).is_file():
            raise GlassnetError(f"the font {folder / name} is missing: install matplotlib anew")
    return tuple(folder / name for name in names)


def printed(text: str, font: str | Path, size: int) -> Image.Image:
    """One letter of a font, white on a black sheet of 112×112, in the middle.

    Args:
        text: the letter.
        font: the font's file.
        size: its nominal height in pixels, up to 75.

    Raises:
        GlassnetError: there is no such font.
    """
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(sheet).text((SIDE / 2, SIDE / 2), text, 255, _font(str(font), size), "mm")
    left, top, right, bottom = sheet.getbbox() or (0, 0, SIDE, SIDE)
    shift = ((left + right - SIDE) / 2, (top + bottom - SIDE) / 2)  # fonts differ in what they call middle
    return sheet.transform(sheet.size, Image.Transform.AFFINE, (1, 0, shift[0], 0, 1, shift[1]))


def penned(letter: str, dice: Dice) -> Image.Image:
    """One letter of `STROKES` by a shaky pen, white on a black sheet of 112×112."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(sheet)
    width, height, pen = dice.between(10, 17), dice.between(10, 14), dice.between(3, 11)
    for stroke in STROKES[letter].split():
        points = np.array([*stroke], dtype=float).reshape(-1, 2)  # (points, 2)
        points += 0.25 * (2 * dice.array(points.shape) - 1)
        points = (points - [2, 3]) * [width, height] + SIDE / 2
        ink(draw, rounded(points) if dice.below(2) else points, pen)
    return sheet


def rounded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same path without corners, (points, 2) → (more points, 2): Chaikin's corner cutting."""
    for _ in range(3):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


def ink(draw: object, points: NDArray[np.float64], pen: float) -> None:
    """Draw along a path with a round pen, white."""
    from PIL import ImageDraw

    assert isinstance(draw, ImageDraw.ImageDraw)
    path = [(float(x), float(y)) for x, y in points]
    draw.line(path, 255, max(1, round(pen)), joint="curve")
    for x, y in (path[0], path[-1]):
        draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), 255)


@cache
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(path, size)
    except OSError as error:
        raise GlassnetError(f"can't read the font {path}: {error}; name a TrueType file") from error
