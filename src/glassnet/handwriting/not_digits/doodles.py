"""Drawings and patterns that show no digit, kind by kind; each is drawn by seed.

What could pass for a digit is left out; the kinds that might say how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data import SIDE as FORM
from glassnet.data import Split
from glassnet.handwriting.not_digits.dice import Dice
from glassnet.handwriting.not_digits.lettering import (
    CAPITALS,
    SIDE,
    SIGNS,
    SMALL,
    STROKES,
    penned,
    printed,
    rounded,
)
from glassnet.handwriting.not_digits.sheet import (
    Image28,
    Sheet,
    by_nib,
    drawn_path,
    in_form,
    in_the_middle,
    pixels,
    reduced,
    unit_grid,
    warped,
    without_empty,
)


@dataclass(frozen=True)
class Material:
    """What pictures are made of: font files, and digits (n, 28, 28) with their labels."""

    fonts: tuple[Path, ...]
    digits: Split


class Kind(NamedTuple):
    """A way to make such pictures."""

    share: int  # how many of every round
    draw: Callable[[Dice, Material], Image28]


# Letters and signs


def capital(dice: Dice, material: Material) -> Image28:
    """A capital of a font, as if written: turned, slanted, warped, thicker or thinner."""
    return _letter(CAPITALS, dice, material)


def small_letter(dice: Dice, material: Material) -> Image28:
    """A small letter, likewise."""
    return _letter(SMALL, dice, material)


def sign(dice: Dice, material: Material) -> Image28:
    """A sign, likewise: & @ # and others."""
    return _letter(SIGNS, dice, material)


def pen_letter(dice: Dice, material: Material) -> Image28:
    """A letter by a shaky pen, without any font."""
    return _written(np.asarray(penned(dice.one_of([*STROKES]), dice)), dice)


# Nothing, and noise


def blank(dice: Dice, material: Material) -> Image28:
    """One grey all over, or going over into another from edge to edge."""
    low, high, turn = dice.between(0, 255), dice.between(0, 255), dice.between(0, 2 * pi)
    plain = (0, 255, low)[dice.below(3)]
    x, y = unit_grid(FORM)  # (28, 28) each
    slope = low + (high - low) * (0.5 + 0.35 * (cos(turn) * x + sin(turn) * y))
    return pixels(slope if dice.below(2) else np.full((FORM, FORM), plain))


def noise(dice: Dice, material: Material) -> Image28:
    """Every pixel for itself, from black to some grey."""
    return pixels(dice.between(40, 255) * dice.array((FORM, FORM)))


def specks(dice: Dice, material: Material) -> Image28:
    """Black, with some pixels lit; or the other way round."""
    density, brightness = dice.between(0.005, 0.5), dice.between(80, 255)
    lit = dice.array((FORM, FORM)) < density
    return pixels(np.where(lit if dice.below(4) else ~lit, brightness, 0.0))


def clouds(dice: Dice, material: Material) -> Image28:
    """Smooth patches without shape: noise on a coarse grid, enlarged."""
    from PIL import Image

    n = 3 + dice.below(8)
    coarse = pixels(255 * dice.array((n, n)))
    fine = np.asarray(Image.fromarray(coarse).resize((FORM, FORM), Image.Resampling.BICUBIC))
    return pixels(dice.between(1, 3) * (fine.astype(float) - dice.between(0, 128)))


def stripes(dice: Dice, material: Material) -> Image28:
    """Parallel stripes, a grid or a chessboard, at any angle."""
    turn, period, phase = dice.between(0, pi), dice.between(3, 14), dice.array((2,))
    x, y = (FORM / 2 * axis for axis in unit_grid(FORM))  # (28, 28) each, in pixels
    along = np.sin(2 * pi * ((cos(turn) * x + sin(turn) * y) / period + phase[0]))
    across = np.sin(2 * pi * ((cos(turn) * y - sin(turn) * x) / period + phase[1]))
    wave = (along, np.maximum(along, across), along * across)[dice.below(3)]
    return pixels(dice.between(100, 255) * np.clip(0.5 + dice.between(0.5, 4) * wave, 0, 1))


# Lines and shapes


def line(dice: Dice, material: Material) -> Image28:
    """One straight line from edge to edge: a 1 ends inside."""
    upright = bool(dice.below(2))  # the others are easy
    return reduced(_chords([pi / 2 + dice.between(-0.7, 0.7) if upright else dice.between(0, pi)], dice))


def lines(dice: Dice, material: Material) -> Image28:
    """Two to six of them."""
    return reduced(_chords([dice.between(0, pi) for _ in range(2 + dice.below(5))], dice))


def dash(dice: Dice, material: Material) -> Image28:
    """A stroke that lies flat, at most 25° from level: a 1 stands."""
    turn, half = dice.between(-0.44, 0.44), dice.between(18, 49)
    ends = np.array([[-cos(turn), -sin(turn)], [cos(turn), sin(turn)]]) * half + SIDE / 2
    return in_form(drawn_path(ends, dice.between(2, 14)))


def scribble(dice: Dice, material: Material) -> Image28:
    """A long smooth path to and fro, with more turns than any digit has."""
    points = 10 + (SIDE - 20) * dice.array((13 + dice.below(10), 2))
    sheet = drawn_path(rounded(points), dice.between(2, 6.5))
    return in_form(sheet) if dice.below(2) else reduced(sheet)


def dots(dice: Dice, material: Material) -> Image28:
    """Two to twelve round dots."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(sheet)
    radius = dice.between(3.5, 10)
    for x, y in 14 + (SIDE - 28) * dice.array((2 + dice.below(11), 2)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return in_form(np.asarray(sheet)) if dice.below(2) else reduced(np.asarray(sheet))


def shape(dice: Dice, material: Material) -> Image28:
    """A filled polygon or ellipse, not slimmer than half its length: what is slim is a 1, a ring is a 0."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    corners = 3 + dice.below(5) if dice.below(3) else 60
    turns = 2 * pi * np.arange(corners) / corners + dice.between(0, 2 * pi)  # (corners,)
    spread = 1 + (0.4 * (dice.array((corners,)) - 0.5) if corners < 60 else 0)
    circle = np.stack([np.cos(turns) * spread, np.sin(turns) * spread], axis=1)  # (corners, 2)
    size = dice.between(21, 49)
    points = SIDE / 2 + circle * [size, size * dice.between(0.55, 1)]
    ImageDraw.Draw(sheet).polygon([(float(x), float(y)) for x, y in points], 255)
    whole = np.asarray(sheet)
    return in_form(whole) if dice.below(2) else reduced(whole)


def outline(dice: Dice, material: Material) -> Image28:
    """A triangle, a star or a heart by its outline: other polygons, and ellipses, may be a 0."""
    pen = dice.between(2, 9)
    points = (_triangle, _star, _heart)[dice.below(3)]()  # (points, 2), −1 … 1
    points = points + 0.07 * (2 * dice.array(points.shape) - 1)
    turn, size = dice.between(-0.3, 0.3), dice.between(24, 49)
    points = points @ np.array([[cos(turn), sin(turn)], [-sin(turn), cos(turn)]])
    path = SIDE / 2 + points * [size * dice.between(0.75, 1), size]
    return in_form(drawn_path(np.concatenate([path, path[:1]]), pen))


def ringed(dice: Dice, material: Material) -> Image28:
    """A ring around a digit, a letter or a face: what is a 0 only if nothing stands in it."""
    pen = dice.between(2, 7)
    turns = 2 * pi * np.arange(25) / 24 + dice.between(0, 2 * pi)  # (25,): closed
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)  # (25, 2)
    wide = dice.between(0.8, 1)
    ring = drawn_path(SIDE / 2 + 50 * circle * [wide, 1], pen)
    inside = (_face, _digit_on_sheet, _letter_on_sheet)[dice.below(3)](dice, material, pen)
    return in_form(np.maximum(ring, inside))


# Digits that are none any more


def pair(dice: Dice, material: Material) -> Image28:
    """Two digits side by side, or one above the other, as one drawing."""
    one, other = (material.digits[dice.below(len(material.digits))][0] for _ in range(2))
    apart = dice.below(3)
    if dice.below(3):
        one, other = without_empty(one), without_empty(other)
        height = max(one.shape[0], other.shape[0])
        one, other = (np.pad(each, ((0, height - each.shape[0]), (1, 1 + apart))) for each in (one, other))
        both = np.concatenate([one, other], axis=1)
    else:
        both = np.concatenate([without_empty(one.T).T, without_empty(other.T).T], axis=0)
    return in_form(both)


def turned(dice: Dice, material: Material) -> Image28:
    """A digit lying on its side, or as in a mirror: of those that are no digit then.

    0, 1 and 8 stay what they are, or become strokes; a 2 and a 5 are each other's mirror images, nearly.
    """
    mirrored = bool(dice.below(2))
    wanted = np.isin(material.digits.labels, (3, 4, 7, 9) if mirrored else (3, 4, 5, 6, 9))
    digit, _ = material.digits[dice.one_of(np.flatnonzero(wanted).tolist())]
    other = digit[:, ::-1] if mirrored else np.rot90(digit, dice.one_of((1, 3)))
    return in_form(other)


KINDS: dict[str, Kind] = {
    "capital": Kind(18, capital),
    "small letter": Kind(6, small_letter),
    "sign": Kind(2, sign),
    "pen letter": Kind(8, pen_letter),
    "blank": Kind(1, blank),
    "noise": Kind(1, noise),
    "specks": Kind(1, specks),
    "clouds": Kind(1, clouds),
    "stripes": Kind(1, stripes),
    "line": Kind(8, line),
    "lines": Kind(2, lines),
    "dash": Kind(1, dash),
    "scribble": Kind(2, scribble),
    "dots": Kind(1, dots),
    "shape": Kind(1, shape),
    "outline": Kind(3, outline),
    "ringed": Kind(3, ringed),
    "pair": Kind(2, pair),
    "turned": Kind(2, turned),
}

# Every kind as often as its share, spread evenly: the j-th of s comes at (j + ½)/s of the round.
ROUND = [
    name
    for _, name in sorted(
        ((j + 0.5) / kind.share, name) for name, kind in KINDS.items() for j in range(kind.share)
    )
]


# Tools


def _letter(letters: str, dice: Dice, material: Material) -> Image28:
    letter, font = dice.one_of(letters), dice.one_of(material.fonts)
    return _written(np.asarray(printed(letter, font, 50 + 7 * dice.below(4))), dice)


def _written(sheet: Sheet, dice: Dice) -> Image28:
    """A letter as somebody might write it, in MNIST's form."""
    from PIL import Image, ImageFilter

    image = Image.fromarray(by_nib(warped(sheet, dice), dice))
    return in_form(np.asarray(image.filter(ImageFilter.GaussianBlur(dice.between(0, 1.5)))))


def _triangle() -> NDArray[np.float64]:
    return np.array([[0.0, -1.0], [1.0, 0.9], [-1.0, 0.9]])


def _star() -> NDArray[np.float64]:
    """A pentagram without its inner lines, (10, 2)."""
    turns = pi * np.arange(10) / 5 - pi / 2  # (10,)
    reach = np.where(np.arange(10) % 2, 0.42, 1.0)  # (10,)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1) * reach[:, None]


def _heart() -> NDArray[np.float64]:
    """Two arcs that meet in a notch above and in a point below, (12, 2)."""
    right = np.array([[0.0, -0.45], [0.25, -0.85], [0.65, -0.9], [0.95, -0.5], [0.8, 0.1], [0.4, 0.6]])
    return np.concatenate([right, [[0.0, 1.0]], right[:0:-1] * [-1, 1]])


def _face(dice: Dice, material: Material, pen: float) -> Sheet:
    """Two eyes, large enough to count as ink, and a mouth."""
    apart, high, bend = dice.between(12, 22), dice.between(4, 14), dice.between(-16, 16)
    middle = SIDE / 2
    eyes = [np.array([[middle + x, middle - 10 - high], [middle + x, middle - 10]]) for x in (-apart, apart)]
    x = np.linspace(-1, 1, 9)  # (9,)
    mouth = np.stack([middle + 22 * x, middle + 18 + bend * (0.5 - x**2)], axis=1)  # (9, 2)
    left, right = (drawn_path(points, max(8.0, 1.5 * pen)) for points in eyes)
    return np.maximum(np.maximum(left, right), drawn_path(mouth, pen))


def _digit_on_sheet(dice: Dice, material: Material, pen: float) -> Sheet:
    """A small digit in the middle, but no 0 and no 1: two rings, or a crossed one, may be a 0."""
    wanted = np.flatnonzero(material.digits.labels > 1)
    digit, _ = material.digits[dice.one_of(wanted.tolist())]
    return in_the_middle(digit, 2 * FORM)


def _letter_on_sheet(dice: Dice, material: Material, pen: float) -> Sheet:
    """A small letter by a shaky pen, in the middle."""
    return in_the_middle(np.asarray(penned(dice.one_of([*STROKES]), dice)), SIDE // 2)


def _chords(turns: Sequence[float], dice: Dice) -> Sheet:
    """Straight lines across the whole sheet at these angles, each through a point of its own."""
    pen = dice.between(3, 17)
    sheet = np.zeros((SIDE, SIDE), np.uint8)
    for turn in turns:
        middle = SIDE * (0.04 + 0.92 * dice.array((2,)))
        reach = 2 * SIDE * np.array([cos(turn), sin(turn)])
        sheet = np.maximum(sheet, drawn_path(np.stack([middle - reach, middle + reach]), pen))
    return sheet
