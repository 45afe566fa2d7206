"""Pictures that show no digit: to choose by what a network is to answer to them, and to learn from.

A network that has only ever seen digits takes everything for one. These pictures are drawn by seed,
from fonts that come with matplotlib and from nothing: nobody's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.data import NOT_A_DIGIT, Dataset, Split
from glassnet.data import SIDE as FORM
from glassnet.errors import GlassnetError
from glassnet.handwriting.not_digits.dice import Dice
from glassnet.handwriting.not_digits.doodles import KINDS, ROUND, Material
from glassnet.handwriting.not_digits.lettering import matplotlib_fonts


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

    >>> pictures = draw_not_digits(2, seed=7)
    >>> pictures.shape, pictures.dtype.name
    ((2, 28, 28), 'uint8')
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
        from glassnet.data import load

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
