"""From a picture to its digits and their answers, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.arrays import Array
from glassnet.data import NOT_A_DIGIT
from glassnet.handwriting import Grey, Normalization, unit
from glassnet.plots.canvas import BLUE, GREY, ORANGE
from glassnet.plots.tiles import (
    GAP,
    HEADING,
    MARGIN,
    NAME,
    WIDTH,
    Box,
    Scale,
    draw_frame,
    draw_picture,
    inches,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12  # digits on one figure
TALLEST = 1.6  # of a page's picture by its width; a taller one is drawn narrower
SIDE = 0.86  # of a digit's tile, in inches
BEFORE = 0.2  # a digit's tiles: its number
FINEST = 200  # pixels of a tile
PAGE_STEPS = ("the picture", "its paper", "what stands out", "ink")
DIGIT_STEPS = ("cut out", "MNIST's pen", "20 pixels", "centred in 28")
LIGHT, INK = Scale(0.0, 1.0, "gray"), Scale(0.0, 1.0, "gray_r")


def reading_steps(
    digits: Sequence[Normalization],
    outputs: Array,
    class_names: Sequence[str],
    answers: Sequence[str],
    title: str,
) -> Figure:
    """All steps of `read_digits`, and what a network answers to each digit.

    Args:
        digits: of one picture; of more than 12, the first ones are drawn.
        outputs: (digits, classes): confidences, or the network's outputs.
        class_names: of its outputs.
        answers: what is said of each digit.
        title: the picture's name.
    """
    shown = digits[:MOST]
    page, across = digits[0], 2 if _shape(digits[0].grey) < 0.4 else 4
    wide = (WIDTH - 2 * MARGIN - GAP * (across - 1)) / across
    tall = wide * min(TALLEST, _shape(page.grey))
    rows = len(PAGE_STEPS) // across
    height = HEADING + rows * (NAME + tall + GAP) + HEADING + len(shown) * (SIDE + GAP) + MARGIN
    some = f", the first {MOST} drawn" if len(digits) > MOST else ""
    figure, axes = inches(height, f"{title}: {_count(answers)}{some}")
    top = height - HEADING - NAME
    pictures: list[Grey] = [page.grey, page.paper, page.ink, page.clean]
    for place, (name, picture) in enumerate(zip(PAGE_STEPS, pictures, strict=True)):
        row, column = divmod(place, across)
        upper = top - row * (NAME + tall + GAP)
        box = _fitted(picture, Box(MARGIN + column * (wide + GAP), upper, wide, tall))
        draw_picture(axes, _reduced(picture, ink=place >= 2), box, LIGHT if place < 2 else INK, name)
        draw_frame(axes, box, name)
        if name == "ink":
            _mark(axes, page.grey, box, shown)
    top -= rows * (NAME + tall + GAP) + HEADING - NAME
    for place, digit in enumerate(shown):
        upper = top - place * (SIDE + GAP)
        _row(
            axes, digit, upper, [""] * 4 if place else DIGIT_STEPS, str(place + 1) if len(digits) > 1 else ""
        )
        _answer(axes, answers[place], outputs[place], class_names, upper)
    return figure


def _count(answers: Sequence[str]) -> str:
    """How many digits there are among the marks."""
    found = sum(answer != NOT_A_DIGIT for answer in answers)
    if len(answers) == 1:
        return "one digit" if found else "one mark, no digit"
    return f"{found} digits" if found == len(answers) else f"{len(answers)} marks, {found} of them digits"


def _row(axes: Axes, digit: Normalization, top: float, names: Sequence[str], number: str) -> None:
    """The steps of one digit."""
    pictures: list[Grey] = [digit.cropped, digit.drawn, digit.scaled, unit(digit.centered)]
    if number:
        axes.text(MARGIN, top - SIDE / 2, number, va="center", fontsize=9, color=ORANGE)
    for column, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        tile = Box(MARGIN + BEFORE + column * (SIDE + GAP), top, SIDE, SIDE)
        box = _fitted(picture, tile)
        draw_picture(axes, _reduced(picture, ink=True), box, INK, name)
        draw_frame(axes, box, name)


def _answer(axes: Axes, answer: str, outputs: Array, class_names: Sequence[str], top: float) -> None:
    """What is said of a digit, and the three largest outputs."""
    left, middle = MARGIN + BEFORE + 4 * (SIDE + GAP) + 0.03, top - SIDE / 2
    size = 26 if len(answer) == 1 else 9
    lines = answer.replace(" ", "\n")
    axes.text(left, middle, lines, va="center", fontsize=size, color=BLUE, parse_math=False)
    for place, k in enumerate(np.argsort(-outputs, kind="stable")[:3]):
        name = class_names[k] if len(class_names[k]) == 1 else "none"
        output = f"{name}  {outputs[k]:.2f}"
        color = BLUE if not place else GREY
        axes.text(WIDTH - MARGIN, middle + 0.2 * (1 - place), output, ha="right", va="center", fontsize=8,
                  color=color, parse_math=False)  # fmt: skip


def _mark(axes: Axes, page: Grey, box: Box, digits: Sequence[Normalization]) -> None:
    """Frames around the digits that were found."""
    height, width = page.shape
    down, right = box.tall / height, box.wide / width
    for place, digit in enumerate(digits):
        found = digit.box
        frame = Box(
            box.left + right * found.left,
            box.top - down * found.top,
            right * (found.right - found.left),
            down * (found.bottom - found.top),
        )
        draw_frame(axes, frame, color=ORANGE)
        if len(digits) > 1:
            axes.text(
                frame.left + frame.wide / 2, frame.top + 0.02, str(place + 1), ha="center", va="bottom",
                fontsize=6, color=ORANGE,
            )  # fmt: skip


def _reduced(picture: Grey, ink: bool) -> Grey:
    """At most twice as many pixels as are drawn: averaged, or of ink the strongest."""
    factor = max(picture.shape) // FINEST
    if factor <= 1:
        return picture
    whole = np.pad(picture, [(0, -side % factor) for side in picture.shape], "edge")
    height, width = whole.shape
    blocks = whole.reshape(height // factor, factor, width // factor, factor)
    return blocks.max(axis=(1, 3)) if ink else blocks.mean(axis=(1, 3))


def _shape(picture: Grey) -> float:
    """Height by width."""
    return float(picture.shape[0] / picture.shape[1])


def _fitted(picture: Grey, box: Box) -> Box:
    """The largest box of the picture's proportions at the left, in the middle of another one's height."""
    shape = _shape(picture)
    wide, tall = (
        (box.wide, box.wide * shape) if shape * box.wide <= box.tall else (box.tall / shape, box.tall)
    )
    return Box(box.left, box.top - (box.tall - tall) / 2, wide, tall)
