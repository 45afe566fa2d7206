"""A window that slides over an image: what convolution and pooling have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from glassnet.arrays import Shape
from glassnet.errors import GlassnetError


def whole(name: str, value: Any, least: int) -> int:
    """A hyperparameter that is a whole number, `least` or more."""
    number = int(value) if isinstance(value, np.integer) else value
    if type(number) is not int or number < least:
        raise GlassnetError(f"{name} is {value!r}: give a whole number, {least} or more")
    return number


def slide(name: str, input_shape: Shape, size: int, stride: int, padding: int = 0) -> tuple[int, int]:
    """In how many places, down and across, a window of size × size stands on an image.

    Rows and columns at the lower and right end that no window reaches are not seen.

    Raises:
        GlassnetError: no image, or one that is smaller than the window or its stride.

    >>> slide("pool2", (20, 25, 24), size=2, stride=2)
    (12, 12)
    """
    if len(input_shape) != 3:
        raise GlassnetError(
            f"{name} takes an image of shape (channels, height, width), not an input of shape {input_shape}"
        )
    _, height, width = input_shape
    if min(height, width) + 2 * padding < size:
        around = f" with {padding} around it" if padding else ""
        raise GlassnetError(
            f"{name}: its window of {size}×{size} is larger than the image of {height}×{width}{around}: "
            "make it smaller, or leave a layer out"
        )
    if stride > max(height, width) + 2 * padding:
        raise GlassnetError(
            f"{name}: a stride of {stride} leaves nothing of the image of {height}×{width} but one place: "
            "make it smaller"
        )
    return (height + 2 * padding - size) // stride + 1, (width + 2 * padding - size) // stride + 1


class Windowed:
    """A layer whose window slides over an image: size × size numbers, every `stride`-th place."""

    size: int
    stride: int
    padding: int = 0  # rows and columns of zeros around the image

    def unseen(self, input_shape: Shape) -> tuple[int, int]:
        """Number of rows and of columns of the input that no window covers."""
        _, height, width = input_shape
        size, stride, padding = self.size, self.stride, self.padding
        return left_over(height, size, stride, padding), left_over(width, size, stride, padding)


def left_over(side: int, size: int, stride: int, padding: int = 0) -> int:
    """How many of so many rows (or columns) no window sees: at the end, or between windows far apart.

    >>> left_over(25, size=2, stride=2), left_over(24, size=2, stride=2), left_over(24, size=2, stride=3)
    (1, 0, 8)
    """
    places = (side + 2 * padding - size) // stride + 1
    end = (places - 1) * stride - padding + size  # of the last window
    between = (places - 1) * max(0, stride - size)
    return max(0, side - end) + between


def windows(x: NDArray[Any], size: int, stride: int) -> NDArray[Any]:
    """A view of images (batch, channels, height, width) as (batch, channels, down, across, size, size).

    Where windows overlap, numbers are seen several times; `windows(x, …)[..., i, j] += …`, for one
    place in the window, meets each number once at most.
    """
    return sliding_window_view(x, (size, size), axis=(2, 3), writeable=x.flags.writeable)[
        :, :, ::stride, ::stride
    ]
