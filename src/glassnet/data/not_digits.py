"""Pictures that show no digit: to choose by what a network is to answer to them, and to learn from.

A network that has only ever seen digits takes everything for one. These pictures are drawn by seed,
from fonts that come with matplotlib and from nothing: nobody's data. What could pass for a digit is
left out, kind by kind, and each says how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, sin
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data.dataset import Dataset, Split
from glassnet.data.dice import Dice
from glassnet.data.drawing import normalize_drawing
from glassnet.data.lettering import (
    CAPITALS,
    SIDE,
    SIGNS,
    SMALL,
    STROKES,
    ink,
    matplotlib_fonts,
    penned,
    printed,
    rounded,
)
from glassnet.data.mnist_form import SIDE as FORM
from glassnet.errors import GlassnetError

NOT_A_DIGIT = "not a digit"  # the class, and the answer

Image28 = NDArray[np.uint8]  # (28, 28): light ink on black
Sheet = NDArray[np.uint8]  # (112, 112): the same, before it is brought into MNIST's form


@dataclass(frozen=True)
class Material:
    """What pictures are made of: font files, and digits (n, 28, 28) with their labels."""

    fonts: tuple[Path, ...]
    digits: Split


class Kind(NamedTuple):
    """A way to make such pictures."""

    share: int  # how many of every round
    draw: Callable[[Dice, Material], Image28]


def with_not_digits(
    dataset: Dataset, count: int, seed: int = 0, fonts: Sequence[str | Path] | None = None
) -> Dataset:
    """The same data with one more class, last, of `count` pictures that show no digit.

    The validation images get others, in the same proportion; the test images stay as they are.

    Args:
        dataset: uint8 images of 28×28, ten classes 0 … 9.
        count: pictures beside the training images.
        seed: another one gives other pictures.
        fonts: font files for the letters; else the DejaVu family that comes with matplotlib.

    Raises:
        GlassnetError: other data than digits of 28×28, a count below 1, or a font that can't be read.

    >>> from glassnet.data import load
    >>> data = with_not_digits(load("digits"), 100)
    >>> data
    Dataset('digits': 1297 training, 260 validation, 360 test, 11 classes)
    >>> data.class_names[-1]
    'not a digit'
    """
    if dataset.class_names != tuple("0123456789"):
        raise GlassnetError(
            f"{dataset.name!r} has the classes {', '.join(dataset.class_names)}: give data of digits, 0 … 9"
        )
    _check_count(count)
    further = round(count * len(dataset.validation) / len(dataset.training))
    pictures = draw_not_digits(count + further, seed, fonts, dataset.training)
    return replace(
        dataset,
        training=_joined(dataset.training, pictures[:count]),
        validation=_joined(dataset.validation, pictures[count:]),
        class_names=(*dataset.class_names, NOT_A_DIGIT),
    )


def draw_not_digits(
    count: int, seed: int = 0, fonts: Sequence[str | Path] | None = None, digits: Split | None = None
) -> NDArray[np.uint8]:
    """Pictures of every kind in turn, (count, 28, 28), light ink on black.

    Args:
        count: how many.
        seed: another one gives other pictures.
        fonts: font files for the letters; else the DejaVu family that comes with matplotlib.
        digits: which to set side by side, to turn and to mirror; else the embedded ones.

    Raises:
        GlassnetError: a count below 1, a font that can't be read, or digits of another form.
    """
    _check_count(count)
    material = _material(fonts, digits)
    return np.stack([KINDS[ROUND[i % len(ROUND)]].draw(Dice(seed, i), material) for i in range(count)])


def of_kind(
    name: str, count: int, seed: int = 0, fonts: Sequence[str | Path] | None = None
) -> NDArray[np.uint8]:
    """Pictures of one kind of the table `KINDS`, (count, 28, 28)."""
    material = _material(fonts, None)
    return np.stack([KINDS[name].draw(Dice(seed, i), material) for i in range(count)])


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
    x, y = _unit_grid(FORM)  # (28, 28) each
    slope = low + (high - low) * (0.5 + 0.35 * (cos(turn) * x + sin(turn) * y))
    return _pixels(slope if dice.below(2) else np.full((FORM, FORM), plain))


def noise(dice: Dice, material: Material) -> Image28:
    """Every pixel for itself, from black to some grey."""
    return _pixels(dice.between(40, 255) * dice.array((FORM, FORM)))


def specks(dice: Dice, material: Material) -> Image28:
    """Black, with some pixels lit; or the other way round."""
    density, brightness = dice.between(0.005, 0.5), dice.between(80, 255)
    lit = dice.array((FORM, FORM)) < density
    return _pixels(np.where(lit if dice.below(4) else ~lit, brightness, 0.0))


def clouds(dice: Dice, material: Material) -> Image28:
    """Smooth patches without shape: noise on a coarse grid, enlarged."""
    from PIL import Image

    n = 3 + dice.below(8)
    coarse = _pixels(255 * dice.array((n, n)))
    fine = np.asarray(Image.fromarray(coarse).resize((FORM, FORM), Image.Resampling.BICUBIC))
    return _pixels(dice.between(1, 3) * (fine.astype(float) - dice.between(0, 128)))


def stripes(dice: Dice, material: Material) -> Image28:
    """Parallel stripes, a grid or a chessboard, at any angle."""
    turn, period, phase = dice.between(0, pi), dice.between(3, 14), dice.array((2,))
    x, y = (FORM / 2 * axis for axis in _unit_grid(FORM))  # (28, 28) each, in pixels
    along = np.sin(2 * pi * ((cos(turn) * x + sin(turn) * y) / period + phase[0]))
    across = np.sin(2 * pi * ((cos(turn) * y - sin(turn) * x) / period + phase[1]))
    wave = (along, np.maximum(along, across), along * across)[dice.below(3)]
    return _pixels(dice.between(100, 255) * np.clip(0.5 + dice.between(0.5, 4) * wave, 0, 1))


# Lines and shapes


def line(dice: Dice, material: Material) -> Image28:
    """One straight line from edge to edge: a 1 ends inside."""
    upright = bool(dice.below(2))  # the others are easy
    return _reduced(_chords([pi / 2 + dice.between(-0.7, 0.7) if upright else dice.between(0, pi)], dice))


def lines(dice: Dice, material: Material) -> Image28:
    """Two to six of them."""
    return _reduced(_chords([dice.between(0, pi) for _ in range(2 + dice.below(5))], dice))


def dash(dice: Dice, material: Material) -> Image28:
    """A stroke that lies flat, at most 25° from level: a 1 stands."""
    turn, half = dice.between(-0.44, 0.44), dice.between(18, 49)
    ends = np.array([[-cos(turn), -sin(turn)], [cos(turn), sin(turn)]]) * half + SIDE / 2
    return _in_form(_path(ends, dice.between(2, 14)))


def scribble(dice: Dice, material: Material) -> Image28:
    """A long smooth path to and fro, with more turns than any digit has."""
    points = 10 + (SIDE - 20) * dice.array((13 + dice.below(10), 2))
    sheet = _path(rounded(points), dice.between(2, 6.5))
    return _in_form(sheet) if dice.below(2) else _reduced(sheet)


def dots(dice: Dice, material: Material) -> Image28:
    """Two to twelve round dots."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(sheet)
    radius = dice.between(3.5, 10)
    for x, y in 14 + (SIDE - 28) * dice.array((2 + dice.below(11), 2)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
    return _in_form(np.asarray(sheet)) if dice.below(2) else _reduced(np.asarray(sheet))


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
    return _in_form(whole) if dice.below(2) else _reduced(whole)


# Digits that are none any more


def pair(dice: Dice, material: Material) -> Image28:
    """Two digits side by side, or one above the other, as one drawing."""
    one, other = (material.digits[dice.below(len(material.digits))][0] for _ in range(2))
    apart = dice.below(3)
    if dice.below(3):
        one, other = _without_empty(one), _without_empty(other)
        height = max(one.shape[0], other.shape[0])
        one, other = (np.pad(each, ((0, height - each.shape[0]), (1, 1 + apart))) for each in (one, other))
        both = np.concatenate([one, other], axis=1)
    else:
        both = np.concatenate([_without_empty(one.T).T, _without_empty(other.T).T], axis=0)
    return _in_form(both)


def turned(dice: Dice, material: Material) -> Image28:
    """A digit lying on its side, or as in a mirror: of those that are no digit then.

    0, 1 and 8 stay what they are, or become strokes; a 2 and a 5 are each other's mirror images, nearly.
    """
    mirrored = bool(dice.below(2))
    wanted = np.isin(material.digits.labels, (3, 4, 7, 9) if mirrored else (3, 4, 5, 6, 9))
    digit, _ = material.digits[dice.one_of(np.flatnonzero(wanted).tolist())]
    other = digit[:, ::-1] if mirrored else np.rot90(digit, dice.one_of((1, 3)))
    return _in_form(other)


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

    image = Image.fromarray(_by_nib(_warped(sheet, dice), dice))
    return _in_form(np.asarray(image.filter(ImageFilter.GaussianBlur(dice.between(0, 1.5)))))


def _by_nib(sheet: Sheet, dice: Dice) -> Sheet:
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


def _in_form(sheet: Sheet) -> Image28:
    """Brought into MNIST's form; with enough around it that what is large is not taken for the paper."""
    return normalize_drawing(np.pad(sheet, max(sheet.shape) // 2))


def _warped(sheet: Sheet, dice: Dice) -> Sheet:
    """The same, turned by up to 12°, slanted, wider or narrower, and waved: (112, 112) → (112, 112)."""
    x, y = (SIDE / 2 * axis for axis in _unit_grid(SIDE))  # (112, 112) each
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
    warped: Sheet = np.where(inside, sheet[row.clip(0, SIDE - 1), column.clip(0, SIDE - 1)], 0)
    return warped


def _chords(turns: Sequence[float], dice: Dice) -> Sheet:
    """Straight lines across the whole sheet at these angles, each through a point of its own."""
    pen = dice.between(3, 17)
    sheet = np.zeros((SIDE, SIDE), np.uint8)
    for turn in turns:
        middle = SIDE * (0.04 + 0.92 * dice.array((2,)))
        reach = 2 * SIDE * np.array([cos(turn), sin(turn)])
        sheet = np.maximum(sheet, _path(np.stack([middle - reach, middle + reach]), pen))
    return sheet


def _path(points: NDArray[np.float64], pen: float) -> Sheet:
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (SIDE, SIDE))
    ink(ImageDraw.Draw(sheet), points, pen)
    return np.asarray(sheet)


def _reduced(sheet: Sheet) -> Image28:
    """The sheet as it is, on 28×28: where its ink stands is kept."""
    from PIL import Image

    return np.asarray(Image.fromarray(sheet).resize((FORM, FORM), Image.Resampling.BOX))


def _without_empty(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the empty columns at both sides."""
    inked = np.flatnonzero(image.any(axis=0))
    return image[:, inked[0] : inked[-1] + 1]


def _unit_grid(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of every pixel, (n, n) each, −1 … 1."""
    axis = (2 * np.arange(n) + 1) / n - 1  # (n,)
    x, y = np.meshgrid(axis, axis)
    return x, y


def _pixels(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Levels rounded and held within 0 … 255."""
    return np.floor(np.clip(values, 0, 255) + 0.5).astype(np.uint8)


def _check_count(count: int) -> None:
    if count < 1:
        raise GlassnetError(f"count is {count}: draw one picture or more")


def _joined(split: Split, pictures: NDArray[np.uint8]) -> Split:
    """The split, and behind it the pictures as the class 10."""
    return Split(
        np.concatenate([split.images, pictures]), np.concatenate([split.labels, np.full(len(pictures), 10)])
    )


def _material(fonts: Sequence[str | Path] | None, digits: Split | None) -> Material:
    if digits is None:
        from glassnet.data.sources import load

        digits = load("digits").training
    usual = digits.images.shape[1:] == (FORM, FORM) and digits.images.dtype == np.uint8
    if not usual or not np.isin(digits.labels, (3, 4, 9)).any():  # those are none, whichever way they lie
        raise GlassnetError(
            f"{digits!r}: pictures are made of uint8 digits of {FORM}×{FORM}, among them a 3, a 4 or a 9"
        )
    files = matplotlib_fonts() if fonts is None else tuple(map(Path, fonts))
    if not files:
        raise GlassnetError("there is no font to draw letters with: name one file or more")
    return Material(files, digits)
