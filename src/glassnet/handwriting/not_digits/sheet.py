"""A large sheet to draw on, white ink on black, and its ways into pictures of 28×28."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from glassnet.data import SIDE as FORM
from glassnet.handwriting.drawing import normalize_drawing
from glassnet.handwriting.not_digits.dice import Dice
from glassnet.handwriting.not_digits.lettering import SIDE, ink

Image28 = NDArray[np.uint8]  # (28, 28): light ink on black
Sheet = NDArray[np.uint8]  # (112, 112): the same, before it is brought into MNIST's form


def drawn_path(points: NDArray[np.float64], pen: float) -> Sheet:
    """A path (points, 2), x and y in pixels, by a round pen of that width."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    ink(ImageDraw.Draw(sheet), points, pen)
    return np.asarray(sheet)


def in_form(sheet: Sheet) -> Image28:
    """Brought into MNIST's form; with enough around it that what is large is not taken for the paper."""
    return normalize_drawing(np.pad(sheet, max(sheet.shape) // 2))


def reduced(sheet: Sheet) -> Image28:
    """The sheet as it is, on 28×28: where its ink stands is kept."""
    from PIL import Image

    return np.asarray(Image.fromarray(sheet).resize((FORM, FORM), Image.Resampling.BOX))


def in_the_middle(image: NDArray[np.uint8], side: int) -> Sheet:
    """A square picture scaled to `side` pixels, on a black sheet."""
    from PIL import Image

    scaled = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))
    before = (SIDE - side) // 2
    return np.pad(scaled, (before, SIDE - side - before))


def without_empty(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the empty columns at both sides."""
    inked = np.flatnonzero(image.any(axis=0))
    return image[:, inked[0] : inked[-1] + 1]


def by_nib(sheet: Sheet, dice: Dice) -> Sheet:
    """Strokes thicker or thinner, across and along for themselves: as round, broad and fine nibs write."""
    for axis in (0, 1):
        by = dice.one_of((-3, -2, -1, 0, 0, 1, 2, 4, 6))  # pixels
        extreme = np.maximum if by > 0 else np.minimum
        written = sheet
        for step in range(1, abs(by) + 1):
            written = extreme(written, np.roll(sheet, step, axis))
        if written.sum() > 0.2 * sheet.sum():  # else nothing would be left of it
            sheet = written
    return sheet


def warped(sheet: Sheet, dice: Dice) -> Sheet:
    """The same, turned by up to 12°, slanted, wider or narrower, and waved: (112, 112) → (112, 112)."""
    x, y = (SIDE / 2 * axis for axis in unit_grid(SIDE))  # (112, 112) each
    turn, slant, width, height = (
        dice.between(low, high) for low, high in ((-0.2, 0.2), (-0.3, 0.3), (0.8, 1.6), (0.85, 1.3))
    )
    waves = [
        dice.between(0, 4.2) * np.sin(2 * pi * (axis / dice.between(42, 112) + dice.between(0, 1)))
        for axis in (x, y)
    ]
    u = width * (cos(turn) * x + sin(turn) * y + slant * y) + waves[1]
    v = height * (cos(turn) * y - sin(turn) * x) + waves[0]
    column, row = (np.rint(axis + SIDE / 2).astype(int) for axis in (u, v))
    inside = (column >= 0) & (column < SIDE) & (row >= 0) & (row < SIDE)
    return np.where(inside, sheet[row.clip(0, SIDE - 1), column.clip(0, SIDE - 1)], 0)


def unit_grid(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every pixel, (n, n) each, −1 … 1."""
    axis = (2 * np.arange(n) + 1) / n - 1  # (n,)
    x, y = np.meshgrid(axis, axis)
    return x, y


def pixels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Levels rounded and held within 0 … 255."""
    return np.floor(np.clip(values, 0, 255) + 0.5).astype(np.uint8)
