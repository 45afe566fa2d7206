"""Pens of every width become like MNIST's; strokes that are like MNIST's stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from glassnet.data import load
from glassnet.handwriting.strokes import BLOB, THINNEST, WIDEST, stroke_width, with_mnist_pen


def ring(size, pen):
    """A circle of ink that just fits into the picture, (size, size)."""
    image = Image.new("L", (size, size))
    ImageDraw.Draw(image).ellipse((0, 0, size - 1, size - 1), outline=255, width=pen)
    return np.asarray(image, dtype=np.float32) / 255


@pytest.mark.parametrize("pen", [4, 10, 25])
def test_the_width_of_a_stroke(pen):
    # Area π(R² − r²) = π(R + r) w, outline 2π(R + r); the steps of hard edges make it longer.
    assert stroke_width(ring(200, pen)) == pytest.approx(pen, rel=0.08)


def test_a_soft_edge_does_not_change_the_width():
    hard = np.zeros((40, 200), dtype=np.float32)
    hard[15:25, 5:195] = 1
    soft = hard.copy()
    soft[14:26, 5:195] = np.array([0.25, 0.75, *[1] * 8, 0.75, 0.25])[:, None]  # 8 + 2 · (0.75 + 0.25) = 10
    assert stroke_width(soft) == pytest.approx(stroke_width(hard), rel=0.01)


@pytest.mark.parametrize("pen", [1, 2, 5, 80, 100])
@pytest.mark.parametrize("size", [300, 1000])
def test_odd_pens_become_mnists(size, pen):
    pen = pen if size == 1000 or pen < 10 else pen // 4
    before = 20 * stroke_width(ring(size, pen)) / size
    changed = with_mnist_pen(ring(size, pen))
    after = 20 * stroke_width(changed) / max(changed.shape)
    if before < THINNEST:
        assert after == pytest.approx(THINNEST, abs=0.3)
    else:
        assert after == pytest.approx(before, abs=0.01)
    assert changed.max() == 1


def test_a_fat_marker_is_made_thinner():
    changed = with_mnist_pen(ring(200, 60))  # 6 of 20
    assert 20 * stroke_width(changed) / max(changed.shape) == pytest.approx(WIDEST, abs=0.3)
    middle = changed.shape[0] // 2
    assert not changed[middle, middle]  # the hole is there, and wider
    assert (changed[middle] == 0).sum() > 200 - 120


def test_strokes_like_mnists_stay_as_they_are():
    ink = ring(200, 25)  # 2.5 of 20
    assert with_mnist_pen(ink) is ink


def test_a_blob_stays_a_blob():
    blob = np.ones((50, 50), dtype=np.float32)
    assert 20 * stroke_width(blob) / 50 > BLOB
    assert with_mnist_pen(blob) is blob


def test_most_digits_of_the_data_have_the_strokes_that_stay():
    images = load("digits").test.images[:100] / np.float32(255)
    changed = sum(with_mnist_pen(image) is not image for image in images)
    assert changed < 40  # enlarged from 8×8, they are blurred


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2), (1, 900), (900, 1)])
def test_any_shape(shape):
    changed = with_mnist_pen(np.ones(shape, dtype=np.float32))
    assert min(changed.shape) >= 1
    assert changed.max() == 1
