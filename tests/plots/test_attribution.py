"""The attribution sheet: the images that pushed most, in order, each with its nudge and class."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.errors import GlassnetError

IMAGES = np.arange(6 * 28 * 28, dtype=np.uint32).reshape(6, 28, 28).astype(np.uint8)
NAMES = ("ant", "bee", "cat")


def pushed(figure):
    """Above and below the heading "… down": place among IMAGES, nudge and class of each picture."""
    (axes,) = figure.axes
    *_, (_, halfway) = (text.get_position() for text in axes.texts if "images pushed" in text.get_text())
    halves = [], []
    for image in axes.images:
        place = next(i for i in range(6) if np.array_equal(IMAGES[i], image.get_array()))
        _, _, _, top = image.get_extent()
        halves[top < halfway].append((place, *image.get_label().split("\n")))
    return halves


def headings(figure):
    return [text.get_text() for text in figure.axes[0].texts if "images pushed" in text.get_text()]


def test_those_that_pushed_most_come_first(picture):
    nudges = [0.5, -0.25, 0.0, 2.0, -3.0, 0.125]
    figure = plots.attribution(IMAGES, nudges, [0, 1, 2, 0, 1, 2], NAMES, "2.weight[2, 3]")
    picture(figure)
    up, down = pushed(figure)
    assert up == [(3, "+2", "ant"), (0, "+0.5", "ant"), (5, "+0.12", "cat")]
    assert down == [(4, "−3", "bee"), (1, "−0.25", "bee")]
    assert headings(figure) == ["3 of 6 images pushed it up", "2 of 6 images pushed it down"]
    assert figure.axes[0].texts[0].get_text() == "2.weight[2, 3]"


def test_a_long_title_takes_two_lines(picture):
    words = "who pushes 2.weight[12, 405], among the 5,923 of class not a digit in mnist:training"
    figure = plots.attribution(IMAGES, [1.0, -1.0] * 3, [0] * 6, NAMES, words)
    picture(figure)
    first, second = figure.axes[0].texts[:2]
    assert first.get_text().count("\n") == 1
    assert first.get_text().replace("\n", " ") == words
    assert not first.get_window_extent().overlaps(second.get_window_extent())


def test_no_more_than_asked_for(picture):
    figure = plots.attribution(IMAGES, np.arange(1.0, 7.0), [0] * 6, NAMES, count=2)
    picture(figure)
    up, down = pushed(figure)
    assert [place for place, _, _ in up] == [5, 4]
    assert not down
    assert headings(figure) == ["6 of 6 images pushed it up, these the most", "0 of 6 images pushed it down"]


@pytest.mark.parametrize("count", [1, 8, 10])
@pytest.mark.parametrize("value", [0.0, np.nan, 1e-30])
@pytest.mark.slow
def test_nudges_of_nobody_or_of_all(picture, value, count):
    figure = plots.attribution(IMAGES, np.full(6, value), [0] * 6, ("$ T-shirt/top $", "b"), count=count)
    picture(figure)
    assert len(pushed(figure)[0]) == (min(6, count) if value == 1e-30 else 0)


@pytest.mark.parametrize("features", [49, 7])
def test_rows_of_numbers(picture, features):
    figure = plots.attribution(np.ones((2, features)) * np.arange(features), [1.0, -1.0], [0, 1], NAMES)
    picture(figure)
    shapes = [image.get_array().shape for image in figure.axes[0].images]
    assert shapes == 2 * [(7, 7) if features == 49 else (1, 7)]


@pytest.mark.parametrize(
    ("nudges", "labels", "count", "message"),
    [
        ([1.0], [0] * 6, 8, "6 images, 1 nudges and 6 labels"),
        ([1.0] * 6, [0], 8, "6 images, 6 nudges and 1 labels"),
        ([1.0] * 6, [0] * 6, 0, "count is 0: give from 1 to 10"),
        ([1.0] * 6, [0] * 6, 11, "count is 11"),
    ],
)
def test_what_does_not_belong_together(nudges, labels, count, message):
    with pytest.raises(GlassnetError, match=message):
        plots.attribution(IMAGES, nudges, labels, NAMES, count=count)
