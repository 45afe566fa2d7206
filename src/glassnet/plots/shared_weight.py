"""Where a shared weight learns: δ, the input that it met, and their product, place by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.document import number, symbol
from glassnet.explanation import SharedWeight
from glassnet.plots.canvas import BLUE
from glassnet.plots.tiles import (
    GAP,
    HEADING,
    MARGIN,
    NAME,
    WIDTH,
    Box,
    color_bar,
    draw_frame,
    draw_picture,
    inches,
    scale_of,
    shape_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = (WIDTH - 2 * MARGIN - 3 * GAP) / 2  # of a panel
BAR = 0.45  # room for its color bar


def shared_weight(weight: SharedWeight) -> Figure:
    """What the filter looks at, what the weight met on it, δ, and δ · a, all in the image's own frame.

    A place is drawn where the weight stands when the filter is at that place; the dashed line is
    around all that this one weight meets.
    """
    own, (o, c, i, j) = weight.own, weight.place
    height, width = weight.before.shape
    pad = own.padding
    delta, a = symbol("δ", weight.layer, o), symbol("a", weight.layer - 1, c)
    tall = SIDE * shape_of(height + 2 * pad, width + 2 * pad)
    whole = HEADING + 2 * (tall + NAME + BAR) + MARGIN
    figure, axes = inches(whole, f"{weight.letter}: all its places on the image")
    what = "the image" if weight.layer == 1 else f"map {c} of layer {weight.layer - 1}"
    products = f"their product; the sum is {number(weight.total)}"
    panels = [
        (weight.before, f"{a}: {what}"),
        (weight.met, f"{a} where the weight stood"),
        (weight.delta, f"{delta} at that place"),
        (weight.products, products),
    ]
    looks = scale_of(weight.before)
    if looks.low == 0:
        looks = looks._replace(colors="gray_r")
    for place, (values, name) in enumerate(panels):
        row, column = divmod(place, 2)
        left = MARGIN + column * (SIDE + 3 * GAP)
        top = whole - HEADING - NAME - row * (tall + NAME + BAR)
        box = Box(left, top, SIDE, tall)
        across, down = SIDE / (width + 2 * pad), tall / (height + 2 * pad)  # of a pixel
        step, (rows, columns) = own.stride, weight.met.shape
        met = Box(  # with the middle of each place where the weight stands
            left + (j + 0.5 - step / 2) * across, top - (i + 0.5 - step / 2) * down,
            columns * step * across, rows * step * down,
        )  # fmt: skip
        if place == 0:
            inner = Box(left + pad * across, top - pad * down, width * across, height * down)
            image = draw_picture(axes, values, inner, looks, name)
            draw_frame(axes, met, color=BLUE, style="--")
        else:
            image = draw_picture(axes, values, met, looks if place == 1 else scale_of(values, True), name)
        draw_frame(axes, box, name)
        color_bar(axes, image, left, top - tall, SIDE)
    return figure
