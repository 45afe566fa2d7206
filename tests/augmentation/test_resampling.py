"""Moved images: by hand, and against pixel-by-pixel fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.augmentation import gain, knot_weights
from glassnet.augmentation.resampling import KNOTS, LARGEST_FIELD, PIXEL, WEIGHT, resampled, smooth_field

PICTURES = np.random.default_rng(5).integers(0, 256, size=(3, 2, 5, 7), dtype=np.uint8)


def about_the_center(matrix, height, width, shift=(0.0, 0.0)):
    """m₀ … m₅ of source = M (place − c − shift) + c."""
    (a, b), (d, e) = matrix
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = x + shift[0], y + shift[1]
    m = [a, b, x - a * right - b * down, d, e, y - d * right - e * down]
    return np.rint(np.array([m]) * PIXEL).astype(np.int32)


def moved(images, m, field=None):
    return resampled(images, np.repeat(m, len(images), axis=0), field)


def test_the_same_place_gives_the_same_image():
    assert np.array_equal(moved(PICTURES, about_the_center([[1, 0], [0, 1]], 5, 7)), PICTURES)


@pytest.mark.parametrize("right", [-8, -7, -3, -1, 0, 2, 6, 7, 30000])
@pytest.mark.parametrize("down", [-5, -2, 0, 1, 4, 5, 9])
def test_whole_pixels_carry_the_image_along_and_leave_zeros(right, down):
    wanted = np.zeros_like(PICTURES)
    for y in range(5):
        for x in range(7):
            if 0 <= y - down < 5 and 0 <= x - right < 7:
                wanted[..., y, x] = PICTURES[..., y - down, x - right]
    m = about_the_center([[1, 0], [0, 1]], 5, 7, (right, down))
    assert np.array_equal(moved(PICTURES, m), wanted)


def test_quarter_turns_and_mirrors_are_exact():
    square = PICTURES[..., :5]
    for matrix, wanted in [
        ([[0, 1], [-1, 0]], np.rot90(square, -1, axes=(-2, -1))),
        ([[0, -1], [1, 0]], np.rot90(square, 1, axes=(-2, -1))),
        ([[-1, 0], [0, -1]], square[..., ::-1, ::-1]),
        ([[-1, 0], [0, 1]], square[..., ::-1]),
    ]:
        assert np.array_equal(moved(square, about_the_center(matrix, 5, 5)), wanted)


def test_twice_as_large_by_hand():
    """Columns 0 … 3 show 0.75, 1.25, 1.75 and 2.25: ¾·100, ¾·100 + ¼·200, ¼·100 + ¾·200, ¾·200."""
    image = np.tile(np.array([0, 100, 200, 0], np.uint8), (4, 1))[None, None]
    m = about_the_center([[0.5, 0], [0, 0.5]], 4, 4)
    assert moved(image, m)[0, 0].tolist() == [[75, 125, 175, 150]] * 4


def test_halves_are_rounded_up():
    image = np.array([[[[0, 1, 2, 4]]]], np.uint8)  # with zeros above and below
    assert moved(image, np.array([[PIXEL, 0, PIXEL // 2, 0, PIXEL, 0]])).tolist() == [[[[1, 2, 3, 2]]]]
    assert moved(image, np.array([[PIXEL, 0, 0, 0, PIXEL, PIXEL // 2]])).tolist() == [[[[0, 1, 1, 2]]]]


def test_each_pixel_may_be_displaced_by_itself():
    field = np.zeros((1, 2, 5, 7), np.int64)
    field[0, 0, 1, 2], field[0, 1, 1, 2] = 3 * PIXEL, -PIXEL
    wanted = PICTURES[:1].copy()
    wanted[0, :, 1, 2] = wanted[0, :, 0, 5]
    assert np.array_equal(resampled(PICTURES[:1], np.array([[PIXEL, 0, 0, 0, PIXEL, 0]]), field), wanted)


def slowly(image, m, field):
    """One channel, pixel by pixel, in fractions."""
    height, width = image.shape
    moved = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            at = [
                Fraction(int(m[3 * i] * x + m[3 * i + 1] * y + m[3 * i + 2] + field[i, y, x]), PIXEL)
                for i in (0, 1)
            ]
            at = [Fraction(floor(place * 256 + Fraction(1, 2)), 256) for place in at]
            value = Fraction(0)
            for row in range(height):
                for column in range(width):
                    nearness = [
                        max(Fraction(0), 1 - abs(p - q)) for p, q in zip(at, (column, row), strict=True)
                    ]
                    value += nearness[0] * nearness[1] * int(image[row, column])
            moved[y, x] = floor(value + Fraction(1, 2))
    return moved


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(-2 * PIXEL, 2 * PIXEL), min_size=6, max_size=6), st.integers(0, 2**32), st.booleans()
)
def test_any_move_is_the_slow_one(m, seed, displaced):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, size=(1, 1, 4, 5), dtype=np.uint8)
    field = rng.integers(-PIXEL, PIXEL, size=(1, 2, 4, 5)) * displaced
    wanted = slowly(image[0, 0], [int(number) for number in m], field[0])
    assert np.array_equal(resampled(image, np.array([m]), field)[0, 0], wanted)


# Smooth displacements


def cubic(t):
    """The cubic B-spline around 0, by convolution's formula."""
    t = abs(t)
    return 2 / 3 - t * t + t**3 / 2 if t < 1 else max(0.0, 2 - t) ** 3 / 6


@pytest.mark.parametrize("side", [1, 2, 5, 8, 28, 33, 100])
def test_knots_count_as_in_a_cubic_spline_and_their_squares_add_up_to_one(side):
    weights = knot_weights(side) / WEIGHT
    for i in range(side):
        at = (i + 0.5) * 4 / side + 1  # knots stand at 0 … 6, the image from 1 to 5
        wanted = np.array([cubic(at - knot) for knot in range(KNOTS)])
        assert np.allclose(weights[i], wanted / np.sqrt(np.sum(wanted**2)), atol=1e-4)
    assert np.abs((weights**2).sum(axis=1) - 1).max() < 2e-4
    assert np.array_equal(knot_weights(side), knot_weights(side)[::-1, ::-1])  # the same from both ends


@pytest.mark.parametrize(("height", "width", "deviation"), [(28, 28, 1.0), (28, 28, 0.05), (9, 40, 3.0)])
def test_displacements_have_the_standard_deviation_that_is_asked_for_everywhere(height, width, deviation):
    drawn = np.random.default_rng(1).integers(2**32, size=(4000, KNOTS**2)).astype(np.uint32)
    field = smooth_field(drawn, height, width, deviation) / PIXEL  # (n, 2, height, width)
    deviations = field.std(axis=0) / deviation
    assert abs(np.sqrt((field**2).mean()) / deviation - 1) < 0.015
    assert deviations.min() > 0.94  # of 4,000, it is uncertain by 1.1 %
    assert deviations.max() < 1.06
    assert np.abs(field.mean(axis=0)).max() < 0.08 * deviation
    assert abs(np.mean(field[:, 0] * field[:, 1])) < 0.02 * deviation**2  # across and down by themselves


def test_displacements_are_smooth():
    """Neighbors differ by little, and opposite corners have nothing in common."""
    drawn = np.random.default_rng(2).integers(2**32, size=(2000, KNOTS**2)).astype(np.uint32)
    field = smooth_field(drawn, 28, 28, 1.0) / PIXEL
    assert np.diff(field, axis=2).std() < 0.2
    assert np.diff(field, axis=3).std() < 0.2
    assert abs(np.mean(field[:, :, 0, 0] * field[:, :, 27, 27])) < 0.1


def test_the_largest_sums_stay_below_32_bits():
    """The engine adds up in 32 bits."""
    half, knot = WEIGHT // 2, gain(LARGEST_FIELD) * 2**15 >> 16
    for side in range(1, 300):
        most = int(np.abs(knot_weights(side)).sum(axis=1).max())
        across = most * knot + half
        assert across < 2**31
        assert most * ((across >> 14) + 1) + half < 2**31


def test_one_knot_by_hand():
    """Of 49 knots only the one in the middle is not 0: at the center of 28×28, ±½ pixel beside it."""
    drawn = np.full((1, KNOTS**2), 2**31 + 2**15, np.uint32)  # 0 for both u and v
    assert not smooth_field(drawn, 28, 28, 1.0).any()
    drawn[0, 24] += 10_000  # of u alone, whose standard deviation is 2¹⁶/√12
    field = smooth_field(drawn, 28, 28, 2.0) / PIXEL
    assert not field[0, 1].any()
    t = 0.5 / 7
    four = np.array([cubic(t), cubic(1 - t), cubic(1 + t), cubic(2 - t)])
    weight = four[0] / np.sqrt(np.sum(four**2))
    assert field[0, 0, 13, 13] == pytest.approx(2 * 10_000 / (2**16 / np.sqrt(12)) * weight**2, rel=1e-3)
    assert field[0, 0].max() == field[0, 0, 13, 13] == field[0, 0, 14, 14] == field[0, 0, 13, 14]
    assert not field[0, 0, 0].any()  # two spaces away
