"""Augmentation: training images are moved a little, differently in each epoch.

As a text, "shift2 rotate10 scale0.1 shear0.1 elastic1": words with a number, in any order, each at
most once.

    shift2       to each side by up to ±2 pixels
    rotate10     about the image's center, by up to ±10 degrees
    scale0.1     by a factor of 1 ± 0.1
    shear0.1     each row to the side, by up to ±0.1 of its distance from the center
    elastic1     smoothly and randomly, by a standard deviation of 1 pixel
    expanded     a fixed set instead: each image and its four shifts by one pixel

Source of the last: Nielsen, *Neural Networks and Deep Learning*, chapter 3 (expand_mnist.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images, Shape
from glassnet.augmentation.resampling import (
    KNOTS,
    LARGEST_FIELD,
    PIXEL,
    Whole,
    in_units,
    resampled,
    smooth_field,
)
from glassnet.chunks import chunks
from glassnet.errors import GlassnetError
from glassnet.exact import cos_sin_of_turn
from glassnet.grammar import Form, Grammar, quoted
from glassnet.memory import check_room
from glassnet.rng import Purpose, words

EXPANDED = 5  # images that `expanded` makes of one
LARGEST_SIDE = 1024  # pixels
SLICE, MAPS = 256, 2048  # images, and maps, at a time: what they take stays in the CPU's cache
FIRST_KNOT = 8  # word of an example's stream; those before are for the numbers of shift … shear

MOST = {"rotate": 180.0, "scale": 0.5, "shear": 1.0}  # of any image; of the others, see `check_shape`


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How training images are moved; what is 0 is not done.

    How an example moves depends on the seed, the epoch and its place among the examples alone.

    Attributes:
        shift: pixels, up to ± so many down and across; not whole ones alone.
        rotate: degrees, up to ±.
        scale: of the factor 1 ± scale.
        shear: columns for each row from the center, up to ±.
        elastic: pixels, the standard deviation of a smooth random displacement.
        expanded: each image and its four shifts by one pixel, instead of all others.

    Raises:
        GlassnetError: a number that makes no sense.

    >>> augmentation = Augmentation.parse("rotate10 shift2")
    >>> augmentation
    Augmentation(shift=2.0, rotate=10.0, scale=0.0, shear=0.0, elastic=0.0, expanded=False)
    >>> augmentation.text
    'shift2 rotate10'
    """

    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    expanded: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.expanded, bool):
            raise GlassnetError(f"expanded is {self.expanded!r}: give True or False")
        for name in [field.name for field in fields(self) if field.name != "expanded"]:
            value = getattr(self, name)
            number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
            most = MOST.get(name, float(LARGEST_SIDE))
            if not (number and 0 <= value <= most):  # false for NaN, too
                raise GlassnetError(f"{name} is {quoted(value)}: give a number from 0 to {most:g}")
            object.__setattr__(self, name, float(value))
        if self.expanded and self.moves:
            raise GlassnetError("expanded is a set of its own, leave the other words away")

    @classmethod
    def parse(cls, text: str) -> Augmentation:
        """What a text says, as the module has it; "" moves nothing.

        Raises:
            GlassnetError: a word that is none, or twice, or with a number that makes no sense.
        """
        if not isinstance(text, str):
            raise GlassnetError(f"augmentation is {quoted(text)}: give a text, such as 'shift2 rotate10'")
        values: dict[str, Any] = {}
        for part in text.split():
            try:
                word, settings = GRAMMAR.read(part)
            except GlassnetError as error:
                raise GlassnetError(f"augmentation {quoted(text)}: {error}") from error
            if word in values:
                raise GlassnetError(f"augmentation {quoted(text)}: {word} stands there twice, give it once")
            values |= settings
        try:
            return cls(**values)
        except GlassnetError as error:
            raise GlassnetError(f"augmentation {quoted(text)}: {error}") from error

    @property
    def text(self) -> str:
        """The text that `parse` reads."""
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                number = "" if value is True else f"{Decimal(repr(value)):f}".removesuffix(".0")
                parts.append(field.name + number)
        return " ".join(parts)

    @property
    def moves(self) -> bool:
        """Whether anything is random about it."""
        return any((self.shift, self.rotate, self.scale, self.shear, self.elastic))

    def check_shape(self, shape: Shape) -> None:
        """Refuse images, (height, width) or (channels, height, width), that it would move too far."""
        if len(shape) not in (2, 3) or 0 in shape:
            raise GlassnetError(
                f"augmentation moves pictures: images of shape {shape} are none, give (height, width) or "
                "(channels, height, width)"
            )
        height, width = shape[-2:]
        image = f"{height}×{width} image"
        if max(height, width) > LARGEST_SIDE:
            raise GlassnetError(
                f"augmentation of a {image}: give images of at most {LARGEST_SIDE:,} pixels a side"
            )
        side = min(height, width)
        elastic = min(side / 8, LARGEST_FIELD)
        for name, limit, what in (
            ("shift", side / 4, "move a digit out of"),
            ("elastic", elastic, "tear a digit apart in"),
        ):
            value = getattr(self, name)
            if value >= limit:
                raise GlassnetError(f"{name} {value:g} would {what} its {image}: give less than {limit:g}")

    def moved(self, images: Images, seed: int, epoch: int = 1, places: Any = None) -> Images:
        """The images as training meets them in an epoch.

        Args:
            images: (n, height, width) or (n, channels, height, width), uint8; all channels move alike.
            seed: the recipe's.
            epoch: from 1.
            places: (n,) of the images among the training examples; None: 0 … n−1.

        Raises:
            GlassnetError: images or places that aren't, or are too small for that.

        >>> images = np.zeros((1, 5, 5), dtype=np.uint8)
        >>> images[0, 2] = 200  # a line across
        >>> Augmentation(shift=1).moved(images, seed=0)[0]
        array([[  0,   0,   0,   0,   0],
               [145, 145, 145, 145,  57],
               [ 55,  55,  55,  55,  22],
               [  0,   0,   0,   0,   0],
               [  0,   0,   0,   0,   0]], dtype=uint8)
        """
        images = np.asarray(images)
        if images.ndim not in (3, 4) or images.dtype != np.uint8:
            raise GlassnetError(
                f"images are {images.dtype} of shape {images.shape}: give uint8 (n, height, width) or "
                "(n, channels, height, width)"
            )
        self.check_shape(images.shape[1:])
        if isinstance(epoch, bool) or not isinstance(epoch, int | np.integer) or not 0 <= epoch < 2**32:
            raise GlassnetError(f"epoch is {epoch!r}: give a whole number, 0 or more")
        if not self.moves:
            return images.copy()
        at = np.arange(len(images)) if places is None else np.asarray(places)
        if at.shape != (len(images),) or at.dtype.kind not in "iu" or ((at < 0) | (at >= 2**32)).any():
            raise GlassnetError(
                f"places are {at.dtype} of shape {at.shape}: give a whole number, 0 or more, for each of the "
                f"{len(images)} images"
            )
        height, width = images.shape[-2:]
        pictures = images.reshape(len(images), prod(images.shape[1:-2]), height, width)
        moved = np.empty_like(pictures)
        for some in chunks(len(images), SLICE):
            m = self.maps((height, width), seed, epoch, at[some])
            field = self.field((height, width), seed, epoch, at[some]) if self.elastic else None
            moved[some] = resampled(pictures[some], m, field)
        return moved.reshape(images.shape)

    def maps(
        self, shape: tuple[int, int], seed: int, epoch: int, places: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """Where each example's pixels come from, as m₀ … m₅ of `glassnet.augmentation.resampling`: (n, 6).

        The image is scaled by s, sheared by k, rotated by θ and shifted by (a, b), about its center c. Back
        from there leads

            source = M (place − c − (a, b)) + c,    M = 1/s · [1 −k; 0 1] · [cos θ  sin θ; −sin θ  cos θ]
        """
        parts = [self._maps(shape, seed, epoch, places[some]) for some in chunks(len(places), MAPS)]
        return np.concatenate([np.empty((0, 6), np.int32), *parts])

    def _maps(
        self, shape: tuple[int, int], seed: int, epoch: int, places: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        drawn = words(seed, Purpose.AUGMENT, epoch, places, 5).T
        a, b, turn, factor, shear = (drawn + 0.5) / 2.0**31 - 1.0  # each (n,), from −1 to 1
        y, x = ((side - 1) / 2 for side in shape)  # the center
        right, down = x + self.shift * a, y + self.shift * b
        cos, sin = cos_sin_of_turn(self.rotate * turn / 360.0)
        s, k = 1.0 + self.scale * factor, self.shear * shear
        m0, m1, m3, m4 = (cos + k * sin) / s, (sin - k * cos) / s, -sin / s, cos / s
        m2 = x - (m0 * right + m1 * down)
        m5 = y - (m3 * right + m4 * down)
        return in_units(np.stack([m0, m1, m2, m3, m4, m5], axis=1), PIXEL).astype(np.int32)

    def field(self, shape: tuple[int, int], seed: int, epoch: int, places: NDArray[np.int64]) -> Whole:
        """The smooth displacements of some examples, (n, 2, height, width): across and down, 2⁻¹⁶ pixels."""
        drawn = words(seed, Purpose.AUGMENT, epoch, places, FIRST_KNOT + KNOTS**2)[:, FIRST_KNOT:]
        return smooth_field(drawn, *shape, self.elastic)


def _by_number(word: str, number: str) -> Form:
    return Form(Augmentation, r"(\d+\.?\d*|\.\d+)", (word + number,), lambda given: {word: _nonzero(given)})


def _nonzero(number: str) -> float:
    if not float(number):
        raise GlassnetError("it does nothing, leave it away")
    return float(number)


GRAMMAR = Grammar(
    "way to move an image",
    {
        "shift": _by_number("shift", "2"),
        "rotate": _by_number("rotate", "10"),
        "scale": _by_number("scale", "0.1"),
        "shear": _by_number("shear", "0.1"),
        "elastic": _by_number("elastic", "1"),
        "expanded": Form(Augmentation, r"", ("expanded",), lambda: {"expanded": True}),
    },
    also={
        "translate": "shift",
        "move": "shift",
        "rotation": "rotate",
        "zoom": "scale",
        "distort": "elastic",
        "expand": "expanded",
    },
)


def expanded(images: Images) -> Images:
    """All images, then all of them a pixel further up, down, left and right, with 0 where they were.

    Args:
        images: (n, height, width) or (n, channels, height, width).

    Returns:
        (5 n, …)

    >>> expanded(np.array([[[1, 2], [3, 4]]], dtype=np.uint8)).tolist()
    [[[1, 2], [3, 4]], [[3, 4], [0, 0]], [[0, 0], [1, 2]], [[2, 0], [4, 0]], [[0, 1], [0, 3]]]
    """
    check_room(EXPANDED * images.nbytes, "expanding the training images", "give fewer, or shift1 instead")
    five = np.zeros((EXPANDED, *images.shape), images.dtype)
    five[0] = images
    five[1, ..., :-1, :] = images[..., 1:, :]
    five[2, ..., 1:, :] = images[..., :-1, :]
    five[3, ..., :-1] = images[..., 1:]
    five[4, ..., 1:] = images[..., :-1]
    return five.reshape(-1, *images.shape[1:])
