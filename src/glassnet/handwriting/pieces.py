"""Pieces of ink that hang together, and which of them make a digit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.handwriting.paper import border
from glassnet.handwriting.strokes import Grey, stroke_width

DUST = 1 / 8  # of the longest piece; a flag of a 5 is a quarter, a decimal point or a fly less
CLOSE = 1 / 4  # of the larger piece's size: from the body of a 5 to its flag; rows stand further apart
BROKEN = 1 / 12  # where a pen skipped
PART = 0.6  # of the larger piece's size: a smaller piece is part of a digit, a larger one a digit
LIES_ALONG = 0.9  # of an edge
BOXES = 50  # the largest pieces, which may be printed boxes
INSIDE = 0.3  # of a box's shorter side
HAIRLINE = 1 / 50  # of the picture's shorter side; closely cut digits have strokes of a tenth
SMALLEST = 2  # pixels in a piece; one is noise, unless there is nothing else


class Box(NamedTuple):
    """A rectangle of pixels; bottom and right are the first ones outside."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def size(self) -> int:
        """The longer side, in pixels."""
        return max(self.height, self.width)


def pieces(mask: NDArray[Any]) -> tuple[NDArray[np.int32], int]:
    """Number the pieces that hang together, also over corners.

    Args:
        mask: (height, width); what isn't 0 is ink.

    Returns:
        The number of the piece that each pixel is in, (height, width), from 1; 0 is no ink. And how
        many pieces there are.

    >>> pieces(np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]]))[0]
    array([[1, 0, 0, 2],
           [0, 1, 0, 2],
           [0, 0, 0, 2]], dtype=int32)
    """
    height, width = mask.shape
    stride = width + 2
    inked = np.pad(mask != 0, ((0, 0), (1, 1))).ravel()  # rows one after another, never touching
    starts = np.flatnonzero(inked[1:] & ~inked[:-1]) + 1  # (runs,)
    ends = np.flatnonzero(inked[:-1] & ~inked[1:]) + 1  # (runs,): the first pixel behind
    # A run touches those of the next row from its first to its last pixel, and one more each way.
    first = np.searchsorted(ends, starts + stride - 1, side="right")
    behind = np.searchsorted(starts, ends + stride + 1, side="left")
    counts = np.maximum(behind - first, 0)
    upper = np.repeat(np.arange(len(starts)), counts)  # (touches,)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    numbers = _joined(len(starts), upper, np.repeat(first, counts) + within)  # (runs,)
    changes = np.zeros(height * stride + 1, dtype=np.int32)
    changes[starts] = numbers
    changes[ends] -= numbers.astype(np.int32)
    labels = np.cumsum(changes[:-1], dtype=np.int32).reshape(height, stride)[:, 1:-1]
    return labels, int(numbers.max(initial=0))


def _joined(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group that each of `count` things is in, from 1, when these pairs belong together, (count,)."""
    lowest = np.arange(count)  # of the group, as far as is known
    while True:
        least = np.minimum(lowest[one], lowest[other])
        if np.array_equal(least, lowest[one]) and np.array_equal(least, lowest[other]):
            return np.unique(lowest, return_inverse=True)[1].reshape(-1) + 1
        np.minimum.at(lowest, lowest[one], least)
        np.minimum.at(lowest, lowest[other], least)
        while not np.array_equal(lowest, jumped := lowest[lowest]):
            lowest = jumped


def boxes_of(labels: NDArray[np.int32], count: int) -> list[Box]:
    """The box of each piece."""
    rows, columns = np.nonzero(labels)
    which = labels[rows, columns] - 1
    size = (count,)
    top, left = np.full(size, labels.shape[0]), np.full(size, labels.shape[1])
    bottom, right = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    np.minimum.at(top, which, rows)
    np.minimum.at(left, which, columns)
    np.maximum.at(bottom, which, rows + 1)
    np.maximum.at(right, which, columns + 1)
    return [Box(*map(int, sides)) for sides in zip(top, left, bottom, right, strict=True)]


def drawn_pieces(ink: Grey) -> tuple[NDArray[np.int32], list[Box]]:
    """The pieces that somebody drew: without the table's edge, lines and boxes of the paper, and dust.

    Returns:
        The number of each pixel's piece, (height, width), 0 where none is; and the pieces' boxes.
    """
    labels, count = pieces(ink)
    boxes = boxes_of(labels, count)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]  # (pieces,), pixels
    kept = [place for place in range(count) if sizes[place] >= SMALLEST] or [*range(count)]
    at_edge = {*np.unique(border(labels)).tolist()}
    kept = [n for n in kept if n + 1 not in at_edge or not _frames(labels, n + 1, boxes[n])] or kept
    inner = [boxes[place] for place in kept]
    largest = sorted(kept, key=lambda place: -boxes[place].size)[:BOXES]
    printed = {place for place in largest if _is_box(labels, place + 1, boxes[place], inner)}
    kept = [place for place in kept if place not in printed]
    longest = max(boxes[place].size for place in kept)
    kept = [place for place in kept if boxes[place].size >= DUST * longest]
    renumbered = np.zeros(count + 1, dtype=np.int32)
    renumbered[1 + np.array(kept)] = np.arange(1, len(kept) + 1)
    return renumbered[labels], [boxes[place] for place in kept]


def _frames(labels: NDArray[np.int32], number: int, box: Box) -> bool:
    """Whether a piece is what a picture has at its edges: the table, or a line of the paper.

    The table fills a corner, or lies along a whole edge; a line goes from edge to edge and is thin.
    Digits that were cut out closely do neither.
    """
    height, width = labels.shape
    upright = box.top == 0 and box.bottom == height
    across = box.left == 0 and box.right == width
    if not (upright or across):
        return bool((labels[[0, 0, -1, -1], [0, -1, 0, -1]] == number).any())
    edges = labels[0], labels[-1], labels[:, 0], labels[:, -1]
    if max(float(np.mean(edge == number)) for edge in edges) > LIES_ALONG:
        return True
    piece = labels[box.top : box.bottom, box.left : box.right] == number
    return bool(stroke_width(piece) < HAIRLINE * min(height, width))


def _is_box(labels: NDArray[np.int32], number: int, box: Box, others: list[Box]) -> bool:
    """Whether a piece is a printed box, or several, that a digit was written into.

    It goes all along its four sides, as no 0 does, and there is something large inside.
    """
    holds = any(
        box.top < other.top
        and box.left < other.left
        and other.bottom < box.bottom
        and other.right < box.right
        for other in others
        if other.size > INSIDE * min(box.height, box.width)
    )
    if not holds:
        return False
    own = labels[box.top : box.bottom, box.left : box.right] == number
    high, wide = -(-box.height // 10), -(-box.width // 10)
    sides = (
        own[:high].any(axis=0),
        own[-high:].any(axis=0),
        own[:, :wide].any(axis=1),
        own[:, -wide:].any(axis=1),
    )
    return min(float(side.mean()) for side in sides) > LIES_ALONG


def digits_among(boxes: list[Box]) -> list[list[int]]:
    """Which pieces make which digit, in the order of reading.

    Two pieces belong together where one stands above the other, half of its width at least, and
    close: the body and the flag of a 5; or where they nearly touch, the smaller a mere part: a
    stroke that the pen broke. Digits are read from left to right, rows from top to bottom.

    >>> five, flag, one = Box(10, 0, 30, 12), Box(4, 4, 8, 14), Box(3, 25, 31, 29)
    >>> digits_among([one, five, flag])
    [[1, 2], [0]]
    """
    pairs = [(a, b) for a in range(len(boxes)) for b in range(a) if _belong(boxes[a], boxes[b])]
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    numbers = _joined(len(boxes), one, other)
    groups = [np.flatnonzero(numbers == number).tolist() for number in range(1, numbers.max() + 1)]
    return in_reading_order(groups, [around([boxes[place] for place in group]) for group in groups])


def _belong(a: Box, b: Box) -> bool:
    """Whether two pieces are parts of one digit."""
    small, large = sorted((a, b), key=lambda box: box.size)
    beside = max(a.left, b.left) - min(a.right, b.right)  # pixels in between; below 0, they overlap
    apart = max(a.top, b.top) - min(a.bottom, b.bottom)
    part = small.size < PART * large.size
    stacked = -beside >= min(a.width, b.width) / 2
    if stacked and apart <= (CLOSE if part else BROKEN) * large.size:
        return True
    return part and max(beside, apart) <= BROKEN * large.size


def around(boxes: list[Box]) -> Box:
    """The smallest box that holds them all."""
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return Box(min(tops), min(lefts), max(bottoms), max(rights))


def in_reading_order(things: list[Any], boxes: list[Box]) -> list[Any]:
    """Rows from top to bottom, each from left to right.

    A box is in the row whose last box it overlaps by half of the lower one's height.
    """
    rows: list[list[int]] = []
    for place in sorted(range(len(boxes)), key=lambda place: boxes[place].left):
        best = max(rows, key=lambda row: _beside(boxes[row[-1]], boxes[place]), default=None)
        if best is not None and _beside(boxes[best[-1]], boxes[place]) >= 0.5:
            best.append(place)
        else:
            rows.append([place])
    rows.sort(key=lambda row: float(np.mean([boxes[place].top + boxes[place].bottom for place in row])))
    return [things[place] for row in rows for place in row]


def _beside(a: Box, b: Box) -> float:
    """How much of the lower box's height is beside the other."""
    return (min(a.bottom, b.bottom) - max(a.top, b.top)) / min(a.height, b.height)
