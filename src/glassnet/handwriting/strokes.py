"""How wide the pen was, and how wide MNIST's is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.data import BOX

Grey = NDArray[np.float32]  # (height, width): 0 is black and 1 white, or 0 is no ink and 1 the most

# Pixels of the 20 that a digit is high. Of MNIST's first 3,000 digits, the mean is 2.6; 5 % are
# below 1.8, 4 % above 4.0, none is above 7.
THINNEST, WIDEST = 1.8, 4.0
BLOB = 7.0  # no stroke any more, and nothing to thin
FINE = 160  # pixels of the longer side at which strokes are made wider or thinner


def stroke_width(ink: Grey | NDArray[np.bool_]) -> float:
    """The strokes' mean width in pixels: twice the ink by its outline, also where edges are soft.

    A stroke of width w and length l has the area wl, and an outline of 2l; the outline is the total
    variation, Σ √((∂x)² + (∂y)²), of an image from 0 to 1. Differences over blocks of 2×2 pixels
    take an oblique edge as long as it is.

    >>> ink = np.zeros((50, 50), dtype=np.float32)
    >>> ink[10:14, 5:45] = 1
    >>> round(stroke_width(ink), 1)  # 320 / 88, and a little for the corners
    3.7
    """
    padded = np.pad(ink.astype(np.float32), 1)
    rows = padded[1:] + padded[:-1]  # (height + 1, width + 2)
    columns = padded[:, 1:] + padded[:, :-1]  # (height + 2, width + 1)
    outline = np.hypot(np.diff(rows, axis=1), np.diff(columns, axis=0)) / 2  # (height + 1, width + 1)
    area = float(ink.sum(dtype=np.float64))
    return 2 * area / float(outline.sum(dtype=np.float64)) if area else 0.0


def with_mnist_pen(ink: Grey) -> Grey:
    """The strokes made wider or thinner where they are unlike MNIST's, else as they are.

    Args:
        ink: (height, width), the smallest rectangle that holds the digit, 0 to 1.

    Returns:
        (height, width) of another size: the strokes are grown or shrunk by a disc.
    """
    pen = stroke_width(ink) * BOX / max(ink.shape)
    wanted = float(np.clip(pen, THINNEST, WIDEST))
    if pen == wanted or pen > BLOB:
        return ink
    fine = _at_fine_scale(ink, thin=pen < wanted)
    width, size = stroke_width(fine), max(fine.shape)
    # (width + 2r) : (size + 2r) = wanted : 20
    r = (wanted * size / BOX - width) / (2 * (1 - wanted / BOX))
    reach = int(np.ceil(abs(r)))
    if r > 0:
        return cropped(_strongest_within(np.pad(fine, 2 * reach), r))
    return cropped(1 - _strongest_within(1 - np.pad(fine, reach), -r))


def cropped(ink: Grey) -> Grey:
    """The smallest rectangle that holds all ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _at_fine_scale(ink: Grey, thin: bool) -> Grey:
    """Between 160 and 320 pixels; a hairline stays as strong as it was."""
    from PIL import Image

    height, width = ink.shape
    if (times := -(-FINE // max(height, width))) > 1:
        larger = Image.fromarray(ink).resize((width * times, height * times), Image.Resampling.BILINEAR)
        return np.asarray(larger)
    factor = max(height, width) // FINE
    if not thin:
        return np.asarray(Image.fromarray(ink).reduce(factor))
    whole = np.pad(ink, ((0, -height % factor), (0, -width % factor)))
    blocks = whole.reshape(whole.shape[0] // factor, factor, whole.shape[1] // factor, factor)
    return blocks.max(axis=(1, 3))


def _strongest_within(image: Grey, radius: float) -> Grey:
    """The largest number in the disc around each pixel: (h, w) → (h − 2⌈r⌉, w − 2⌈r⌉)."""
    reach = int(np.ceil(radius))
    height, width = image.shape[0] - 2 * reach, image.shape[1] - 2 * reach
    strongest = np.zeros((height, width), dtype=np.float32)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if down * down + right * right <= radius * radius:
                part = image[reach + down :, reach + right :][:height, :width]
                np.maximum(strongest, part, out=strongest)
    return strongest
