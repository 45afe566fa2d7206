"""From a drawing or a photo of digits to the images that an MNIST-trained network expects.

MNIST was made like this: each digit, white on black, was scaled into 20×20 pixels keeping its
proportions, and placed in 28×28 so that its centre of mass stands at the centre. What stands here
does the same to any picture, and keeps every step, so that it can be shown.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data import BOX, SIDE, beginning
from glassnet.errors import GlassnetError
from glassnet.handwriting.paper import (
    FAINTEST,
    noise_level,
    paper_under,
    standing_out,
    strength,
    without_paper,
)
from glassnet.handwriting.picture_file import read_drawing, unit
from glassnet.handwriting.pieces import Box, around, digits_among, drawn_pieces
from glassnet.handwriting.strokes import Grey, with_mnist_pen

MOST = 50  # digits in one picture
PIECES = 4  # in one digit, at most


class Normalization(NamedTuple):
    """A digit on its way, step by step; every image but the last is float32 from 0 to 1."""

    grey: Grey
    """The picture as it came, (height, width): 0 black, 1 white."""
    paper: Grey
    """What the paper alone would look like, (height, width)."""
    ink: Grey
    """How far each pixel stands out from the paper, (height, width): 0 nothing."""
    clean: Grey
    """The strokes alone, (height, width), stretched so that they are 1; still all digits."""
    box: Box
    """Where this digit stands."""
    cropped: Grey
    """The smallest rectangle that holds all ink of this digit."""
    drawn: Grey
    """The same, its strokes wider or thinner where MNIST has none like them."""
    scaled: Grey
    """The same, its longer side 20 pixels, stretched again."""
    centered: NDArray[np.uint8]
    """On 28×28, (28, 28), 0 to 255: the centre of mass at the centre."""


class Page(NamedTuple):
    """A picture on its way to single digits: the steps that all of them share."""

    grey: Grey
    paper: Grey
    ink: Grey
    clean: Grey
    labels: NDArray[np.int32]  # (height, width): the number of the piece that a pixel is in
    boxes: list[Box]  # of the pieces 1, 2, …


def normalize_drawing(grey: NDArray[Any], name: str = "the drawing") -> NDArray[np.uint8]:
    """What an MNIST-trained network expects, from a grey image of one digit.

    Args:
        grey: (height, width), floating from 0 (black) to 1 (white), or uint8 from 0 to 255; dark ink
            on light paper or the other way round.
        name: What errors call it.

    Returns:
        (28, 28), uint8: light ink on black, as in MNIST.

    Raises:
        GlassnetError: there is no ink to be seen, or `grey` isn't a grey image.

    >>> paper = np.full((60, 40), 0.9, dtype=np.float32)
    >>> paper[10:50, 18:26] = 0.2  # a stroke of 40×8 pixels becomes one of 20×4
    >>> digit = normalize_drawing(paper)
    >>> int(digit.any(axis=1).sum()), np.flatnonzero(digit.any(axis=0)).tolist(), int(digit.max())
    (20, [13, 14, 15, 16], 255)
    """
    return normalization(grey, name).centered


def normalization(grey: NDArray[Any], name: str = "the drawing") -> Normalization:
    """`normalize_drawing`, with every step on the way kept: all strokes are one digit's.

    Raises:
        GlassnetError: there is no ink to be seen, or `grey` isn't a grey image.

    >>> paper = np.ones((60, 40), dtype=np.float32)
    >>> paper[10:50, 18:26] = 0
    >>> steps = normalization(paper)
    >>> steps.box, steps.cropped.shape, steps.scaled.shape
    (Box(top=10, left=18, bottom=50, right=26), (40, 8), (20, 4))
    """
    page = _page(grey, name)
    return _digit(page, [*range(len(page.boxes))])


def find_digits(grey: NDArray[Any], name: str = "the drawing") -> list[Normalization]:
    """The digits on a picture, one by one, in the order of reading.

    Digits that touch are one; pieces that stand above one another or nearly touch are one, too.

    Raises:
        GlassnetError: there is no ink to be seen, or more than 50 marks, or `grey` isn't a grey image.

    >>> paper = np.ones((60, 80), dtype=np.float32)
    >>> paper[10:50, 18:26] = 0
    >>> paper[10:50, 48:56] = 0
    >>> [digit.box.left for digit in find_digits(paper)]
    [18, 48]
    """
    page = _page(grey, name)
    marks = len(page.boxes)
    if marks <= PIECES * MOST:
        groups = digits_among(page.boxes)
        if (marks := len(groups)) <= MOST:
            return [_digit(page, group) for group in groups]
    raise GlassnetError(
        f"{name} shows {marks} marks: give a picture with {MOST} digits at most, or crop this one"
    )


def read_digits(path: str | os.PathLike[str]) -> list[Normalization]:
    """The digits on a drawing or a photo, one by one, each with the steps to its MNIST form.

    Args:
        path: of a picture as `read_drawing` takes it.

    Returns:
        As many as there are, from left to right, rows from top to bottom; the `centered` of each is
        what a network expects.

    Raises:
        GlassnetError: there is no such picture, or no ink on it, or more than 50 marks.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture = Image.new("L", (90, 60), "white")
    ...     picture.paste("black", (20, 10, 26, 50))
    ...     picture.paste("black", (60, 10, 66, 50))
    ...     picture.save(folder + "/eleven.png")
    ...     eleven = read_digits(folder + "/eleven.png")
    >>> len(eleven), eleven[0].centered.shape
    (2, (28, 28))
    """
    return find_digits(read_drawing(path), os.fspath(path))


def _page(grey: NDArray[Any], name: str) -> Page:
    """The steps that all digits of a picture share."""
    grey = _checked(grey, name)
    paper = paper_under(grey)
    standing = standing_out(grey, paper)
    noise = noise_level(standing)
    strongest = float(standing.ink.max())
    if strongest < FAINTEST:
        raise GlassnetError(
            f"{name} is blank: nothing on it stands out from the paper by a tenth of the way from black to"
            " white (colours count by how light they are); draw a digit, darker or lighter than the paper"
        )
    if strongest < noise:
        raise GlassnetError(
            f"{name} shows no digit: nothing on it stands out from the grain of the paper; use more light or"
            " a stronger pen"
        )
    clean = without_paper(standing.ink, noise)
    labels, boxes = drawn_pieces(clean)
    return Page(grey, paper.grey, standing.ink, np.where(labels > 0, clean, np.float32(0)), labels, boxes)


def _digit(page: Page, places: list[int]) -> Normalization:
    """The steps of one digit, which these pieces make."""
    box = around([page.boxes[place] for place in places])
    inside = np.s_[box.top : box.bottom, box.left : box.right]
    own = np.isin(page.labels[inside], np.array(places) + 1)
    alone = np.where(own, page.clean[inside], np.float32(0))
    drawn = with_mnist_pen(alone)
    scaled = scaled_to_box(drawn)
    return Normalization(
        page.grey, page.paper, page.ink, page.clean, box, alone, drawn, scaled, centered(scaled)
    )


def scaled_to_box(ink: Grey) -> Grey:
    """The ink with its longer side 20 pixels, the other in proportion, as strong as before.

    Thin strokes get fainter when they are made smaller; MNIST's don't, hence the second stretching.
    """
    from PIL import Image

    height, width = ink.shape
    factor = BOX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if size == (width, height):
        return ink
    # Hamming's window weighs all the pixels that an output pixel covers, and doesn't overshoot.
    scaled = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.HAMMING))
    return np.minimum(scaled / strength(scaled), 1)


def centered(ink: Grey) -> NDArray[np.uint8]:
    """On a black 28×28, the centre of mass nearest to the centre: (≤ 20, ≤ 20) → (28, 28), 0 to 255."""
    top = int(beginning(ink.sum(axis=1)))
    left = int(beginning(ink.sum(axis=0)))
    image = np.zeros((SIDE, SIDE), dtype=np.uint8)
    height, width = ink.shape
    image[top : top + height, left : left + width] = np.floor(255 * ink + np.float32(0.5))
    return image


def _checked(grey: NDArray[Any], name: str) -> Grey:
    """The image as float32 from 0 to 1, if it is one."""
    if grey.ndim != 2 or min(grey.shape) < 2:
        raise GlassnetError(
            f"{name} has the shape {grey.shape}: give a grey image of two pixels or more each way"
        )
    if grey.dtype == np.uint8:
        return unit(grey)
    if grey.dtype.kind != "f" or not (grey.min() >= 0 and grey.max() <= 1):  # false for NaN, too
        raise GlassnetError(
            f"{name} holds {grey.dtype} from {grey.min()} to {grey.max()}: give uint8 from 0 to 255,"
            " or floating numbers from 0 (black) to 1 (white)"
        )
    return grey.astype(np.float32, copy=False)
