"""Pieces of ink: numbered as a flood fills them, and put together to digits by rules worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.handwriting.pieces import Box, around, digits_among, drawn_pieces, in_reading_order, pieces
from glassnet.rng import Purpose, Stream


def flooded(mask):
    """The pieces by flooding each in turn."""
    labels, count = np.zeros(mask.shape, dtype=int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        waiting = [start]
        while waiting:
            y, x = waiting.pop()
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] and not labels[y, x]:
                labels[y, x] = count
                waiting += [(y + down, x + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return labels, count


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6])
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (23, 31)])
def test_pieces_are_what_a_flood_fills(shape, share):
    for seed in range(20):
        mask = Stream(seed, Purpose.GRADIENT_CHECK).uniform(shape) < share
        labels, count = pieces(mask)
        wanted, wanted_count = flooded(mask)
        assert count == wanted_count
        assert np.array_equal(labels, wanted)  # both count in the order of reading


def spiral(size):
    """One long piece that comes back beside itself everywhere."""
    mask = np.zeros((size, size), dtype=bool)
    top, left, bottom, right = 0, 0, size - 1, size - 1
    while top < bottom and left < right:
        mask[top, max(left - 2, 0) : right + 1] = True
        mask[top : bottom + 1, right] = True
        mask[bottom, left : right + 1] = True
        mask[top + 2 : bottom + 1, left] = True
        top, left, bottom, right = top + 2, left + 2, bottom - 2, right - 2
    return mask


def test_a_spiral_is_one_piece():
    assert pieces(spiral(101))[1] == flooded(spiral(101))[1]


def page(*boxes, height=200, width=300):
    ink = np.zeros((height, width), dtype=np.float32)
    for top, left, bottom, right in boxes:
        ink[top:bottom, left:right] = 1
    return ink


STROKE = (60, 100, 140, 110)
NOT_DRAWN = {
    "a speck": (20, 20, 21, 21),
    "a fly": (20, 20, 29, 29),  # an eighth of the stroke would be 10
    "the table at the left": (0, 0, 200, 30),
    "the table at a corner": (170, 220, 200, 300),
    "a line across": (180, 0, 182, 300),
    "a line from top to bottom": (0, 40, 200, 42),
}


@pytest.mark.parametrize("box", NOT_DRAWN.values(), ids=NOT_DRAWN)
def test_what_nobody_drew(box):
    labels, boxes = drawn_pieces(page(STROKE, box))
    assert boxes == [STROKE]
    assert np.array_equal(labels > 0, page(STROKE) > 0)
    assert set(np.unique(labels).tolist()) == {0, 1}


@pytest.mark.parametrize("box", NOT_DRAWN.values(), ids=NOT_DRAWN)
def test_it_is_ink_if_there_is_nothing_else(box):
    assert drawn_pieces(page(box))[1] == [box]


DRAWN = {
    "a decimal of the stroke's size": (20, 20, 30, 30),
    "a stroke that runs off the page": (150, 200, 200, 210),
    "a closely cut digit": (0, 200, 200, 230),
}


@pytest.mark.parametrize("box", DRAWN.values(), ids=DRAWN)
def test_what_somebody_drew(box):
    assert sorted(drawn_pieces(page(STROKE, box))[1]) == sorted([STROKE, box])


def outline(top, left, bottom, right):
    ink = page((top, left, bottom, right))
    ink[top + 2 : bottom - 2, left + 2 : right - 2] = 0
    return ink


def test_a_printed_box_is_not_drawn():
    boxes = np.maximum(outline(40, 80, 160, 140), outline(40, 138, 160, 200))  # two, side by side
    drawn = drawn_pieces(np.maximum(boxes, page(STROKE, (60, 160, 140, 170))))
    assert drawn[1] == [STROKE, (60, 160, 140, 170)]
    assert pieces(boxes)[1] == 1


def test_a_box_is_ink_if_nothing_large_is_in_it():
    assert drawn_pieces(outline(40, 80, 160, 140))[1] == [(40, 80, 160, 140)]
    dotted = np.maximum(outline(40, 80, 160, 140), page((95, 105, 110, 115)))
    assert (40, 80, 160, 140) in drawn_pieces(dotted)[1]


def test_a_zero_with_a_stroke_in_it_stays():
    y, x = np.mgrid[:200, :300]
    distance = np.hypot((x - 105) / 40, (y - 100) / 60)
    zero = ((distance < 1) & (distance > 0.85)).astype(np.float32)
    assert len(drawn_pieces(np.maximum(zero, page((80, 102, 120, 108))))[1]) == 2


def groups(*boxes):
    return digits_among([Box(*box) for box in boxes])


BODY = (100, 100, 160, 140)  # 60 pixels high: close is 15, nearly touching is 5
TOGETHER = {
    "a flag above": ((90, 110, 96, 145), [[0, 1]]),
    "a flag at the limit": ((79, 110, 85, 145), [[0, 1]]),
    "a flag too high": ((78, 110, 84, 145), [[1], [0]]),
    "a flag mostly beside": ((88, 125, 94, 160), [[1], [0]]),
    "a broken end": ((140, 144, 160, 150), [[0, 1]]),
    "a dot too far": ((140, 146, 160, 152), [[0], [1]]),
    "another digit beside": ((100, 143, 160, 180), [[0], [1]]),
    "another digit left of it": ((100, 60, 160, 97), [[1], [0]]),
    "the digit of the row below": ((172, 100, 232, 140), [[0], [1]]),
    "the lower half": ((164, 100, 224, 140), [[0, 1]]),
}


@pytest.mark.parametrize(("box", "wanted"), TOGETHER.values(), ids=TOGETHER)
def test_which_pieces_belong_together(box, wanted):
    assert groups(BODY, box) == wanted


def test_reading_order():
    rows = [(100, 10, 160, 40), (105, 60, 158, 90), (110, 110, 170, 140)]  # sinking a little
    below = [(200, 20, 260, 50), (195, 70, 255, 100)]
    boxes = [Box(*box) for box in (below[1], rows[2], rows[0], below[0], rows[1])]
    assert in_reading_order(boxes, boxes) == [*rows, *below]


def test_the_box_around_several():
    assert around([Box(1, 2, 3, 4), Box(0, 3, 2, 9)]) == (0, 2, 3, 9)
