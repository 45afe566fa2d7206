"""Images moved on their own grid, in whole numbers: the same bytes on every machine and in every engine.

The moved image shows at row y and column x what the image holds at

    X = m₀ x + m₁ y + m₂ + u(y, x)
    Y = m₃ x + m₄ y + m₅ + v(y, x)

which lies between four pixels: their mean, weighted by nearness (bilinear interpolation). Outside of
the image all is 0. Coordinates are counted in 2⁻¹⁶ of a pixel, and nearness in 2⁻⁸.

u and v are smooth and random: cubic B-splines over a grid of 7×7 random knots, 4 spaces of which
span the image. Source of the idea: Simard, Steinkraus, Platt, *Best practices for convolutional neural
networks applied to visual document analysis*, ICDAR 2003, who smooth random displacements, too.

The engine's twin of this file is native/moves.hpp.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images

PIXEL = 1 << 16  # one pixel, of a coordinate
SPACES = 4  # between knots, that span a side of the image
KNOTS = SPACES + 3  # along a side: a cubic spline takes four around each place
WEIGHT = 1 << 14  # one, of a knot's weight
FIELD = 1 << 12  # one pixel, of a displacement while it is added up
LARGEST_FIELD = 8  # pixels of standard deviation, so that all sums stay below 2³¹

Whole = NDArray[np.int64]


def in_units(x: NDArray[np.float64], one: int) -> Whole:
    """Numbers in whole units, to the nearest.

    >>> in_units(np.array([1.5, -0.25]), PIXEL)
    array([ 98304, -16384])
    """
    return np.rint(x * one).astype(np.int64)


def resampled(images: Images, m: NDArray[np.int32], field: Whole | None = None) -> Images:
    """The moved images.

    Args:
        images: (n, channels, height, width), uint8.
        m: (n, 6), what the formulas call m₀ … m₅, in 2⁻¹⁶ of a pixel.
        field: (n, 2, height, width): u and v in the same unit; None: 0.

    >>> one = np.array([[[[10, 20], [30, 40]]]], dtype=np.uint8)
    >>> half_a_pixel_left = np.array([[PIXEL, 0, PIXEL // 2, 0, PIXEL, 0]])
    >>> resampled(one, half_a_pixel_left)
    array([[[[15, 10],
             [35, 20]]]], dtype=uint8)
    """
    n, channels, height, width = images.shape
    of = m.astype(np.int64)[:, :, None, None]  # (n, 6, 1, 1)
    y, x = np.arange(height)[:, None], np.arange(width)
    columns = of[:, 0] * x + of[:, 1] * y + of[:, 2]  # (n, height, width)
    rows = of[:, 3] * x + of[:, 4] * y + of[:, 5]
    if field is not None:
        columns, rows = columns + field[:, 0], rows + field[:, 1]
    columns, rows = (columns + 128) >> 8, (rows + 128) >> 8
    left, top = columns >> 8, rows >> 8
    to_right, to_bottom = (columns & 255)[:, None], (rows & 255)[:, None]  # how far on, in 2⁻⁸

    # Two pixels of 0 around: whatever lies outside finds them.
    framed = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    left, top = np.clip(left, -2, width) + 2, np.clip(top, -2, height) + 2
    wide = width + 4
    plane = np.arange(n * channels).reshape(n, channels, 1, 1) * (height + 4) * wide
    first = plane + (top * wide + left)[:, None]  # (n, channels, height, width)

    def at(place: Whole) -> Whole:
        return framed.reshape(-1)[place].astype(np.int64)

    above = at(first) * (256 - to_right) + at(first + 1) * to_right
    below = at(first + wide) * (256 - to_right) + at(first + wide + 1) * to_right
    between = above * (256 - to_bottom) + below * to_bottom
    return ((between + (1 << 15)) >> 16).astype(np.uint8)


def knot_weights(side: int) -> Whole:
    """How much each knot along a side counts at each of its pixels, (side, 7), in 2⁻¹⁴.

    The four weights of a cubic B-spline, with their squares made to add up to 1: then the standard
    deviation is the same everywhere.

    >>> knot_weights(4)[0] / WEIGHT
    array([0.03070068, 0.7064209 , 0.7064209 , 0.03070068, 0.        ,
           0.        , 0.        ])
    """
    v = (np.arange(side) + 0.5) * SPACES / side  # (side,): where the pixel's centre lies, in spaces
    first = np.floor(v).astype(np.int64)
    t = v - first
    spline = np.stack(
        [
            (1 - t) * (1 - t) * (1 - t),
            (3 * t - 6) * t * t + 4,
            ((3 - 3 * t) * t + 3) * t + 1,
            t * t * t,
        ],
        axis=1,
    )  # (side, 4), in sixths
    squares = [spline[:, k] * spline[:, k] for k in range(4)]
    length = np.sqrt(squares[0] + squares[1] + squares[2] + squares[3])
    weights = np.zeros((side, KNOTS), np.int64)
    weights[np.arange(side)[:, None], first[:, None] + np.arange(4)] = in_units(
        spline / length[:, None], WEIGHT
    )
    return weights


def gain(deviation: float) -> int:
    """What makes displacements of that standard deviation, in pixels, of knots of 16 random bits.

    Those have the standard deviation 2¹⁶/√12; the sixteen more bits are shifted away again.
    """
    return round(deviation * FIELD * sqrt(12.0))


def smooth_field(drawn: NDArray[np.uint32], height: int, width: int, deviation: float) -> Whole:
    """Random displacements u and v, (n, 2, height, width), in 2⁻¹⁶ of a pixel, from (n, 49) random words."""
    bits = drawn.astype(np.int64).reshape(len(drawn), KNOTS, KNOTS)
    knots = np.stack([bits & 0xFFFF, bits >> 16], axis=1) - (1 << 15)  # (n, 2, knots down, knots across)
    knots = (knots * gain(deviation)) >> 16
    half = WEIGHT // 2
    across: Whole = (knots @ knot_weights(width).T + half) // WEIGHT  # (n, 2, knots down, width)
    field: Whole = (knot_weights(height) @ across + half) // WEIGHT  # (n, 2, height, width)
    return field * (PIXEL // FIELD)
