"""The steps from a picture to its digits: every picture that was computed is the one that is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import NOT_A_DIGIT
from glassnet.handwriting import find_digits
from glassnet.plots import png, reading_steps
from glassnet.plots.reading import DIGIT_STEPS, MOST, PAGE_STEPS


def strokes(count, height=100, gap=40):
    page = np.ones((height, gap * count + gap), dtype=np.float32)
    for place in range(count):
        page[20:80, gap * place + 30 : gap * place + 38] = 0
    return page


def draw(count, answer="1", **page):
    digits = find_digits(strokes(count, **page))
    outputs = np.tile(np.linspace(0, 0.9, 10, dtype=np.float32), (count, 1))
    return digits, reading_steps(digits, outputs, tuple("0123456789"), [answer] * count, "page.png")


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_all_steps_of_all_digits():
    digits, figure = draw(2)
    images = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    steps = [digits[0].grey, digits[0].paper, digits[0].ink, digits[0].clean]
    for digit in digits:
        steps += [digit.cropped, digit.drawn, digit.scaled, digit.centered / 255]
    assert len(images) == len(steps)
    for image, step in zip(images, steps, strict=True):
        assert image == pytest.approx(step, abs=1e-6)
    written = texts(figure)
    for name in (*PAGE_STEPS, *DIGIT_STEPS):
        assert written.count(name) == 1
    assert written[0] == "page.png: 2 digits"
    for text in ("9  0.90", "8  0.80", "7  0.70"):
        assert written.count(text) == 2
    assert png(figure)[:4] == b"\x89PNG"


def test_what_is_no_digit_is_not_counted_as_one():
    _, figure = draw(1, answer=NOT_A_DIGIT)
    assert texts(figure)[0] == "page.png: one mark, no digit"
    digits = find_digits(strokes(3))
    figure = reading_steps(digits, np.zeros((3, 2)), ("1", "2"), ["1", NOT_A_DIGIT, "2"], "page.png")
    assert texts(figure)[0] == "page.png: 3 marks, 2 of them digits"


def test_frames_stand_around_the_digits():
    (digit,), figure = draw(1)
    left, right, bottom, top = figure.axes[0].images[3].get_extent()
    box = digit.box
    height, width = digit.grey.shape
    wanted = (
        left + (right - left) * box.left / width,
        top - (top - bottom) * box.bottom / height,
        (right - left) * 8 / width,
        (top - bottom) * 60 / height,
    )
    frames = [patch.get_bbox().bounds for patch in figure.axes[0].patches]
    assert any(frame == pytest.approx(wanted) for frame in frames)


def test_a_figure_has_room_for_some_digits():
    _, figure = draw(MOST + 3)
    assert texts(figure)[0] == f"page.png: {MOST + 3} digits, the first {MOST} drawn"
    assert len(figure.axes[0].images) == 4 + 4 * MOST


@pytest.mark.parametrize("height", [100, 900])
def test_nothing_is_drawn_outside_the_figure(height):
    _, figure = draw(3, "not a digit", height=height)
    figure.draw_without_rendering()
    whole = figure.bbox
    for thing in (*figure.axes[0].texts, *figure.axes[0].images):
        extent = thing.get_window_extent()
        assert whole.x0 <= extent.x0
        assert extent.x1 <= whole.x1
        assert whole.y0 <= extent.y0
        assert extent.y1 <= whole.y1


def test_a_large_picture_is_reduced_and_a_hairline_stays():
    page = np.ones((1000, 1000), dtype=np.float32)
    page[200:800, 500] = 0
    (digit,) = find_digits(page)
    figure = reading_steps(
        [digit], np.ones((1, 10), dtype=np.float32), tuple("0123456789"), ["1"], "page.png"
    )
    images = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    assert max(images[2].shape) <= 250
    assert images[2].max() == 1  # the strongest ink
    assert images[0].mean() == pytest.approx(page.mean(), abs=1e-6)  # the average grey
