"""What a network is given: images as rows of numbers, desired outputs, and how much each example counts."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images, Labels, Shape
from glassnet.errors import GlassnetError


def as_inputs(images: Images, input_shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Images as (batch, *input_shape): uint8 pixels scaled to 0 … 1, floats as they are.

    >>> as_inputs(np.array([[0, 51, 255]], dtype=np.uint8), (3,), np.dtype("f8"))
    array([[0. , 0.2, 1. ]])
    """
    rows = image_rows(images, input_shape)
    if rows.dtype == np.uint8:
        return np.divide(rows, 255, dtype=dtype)
    with np.errstate(over="ignore"):
        x: Array = rows.astype(dtype, copy=False)
    if not np.isfinite(x).all():
        raise not_finite(dtype)
    return x


def image_rows(images: Images, input_shape: Shape) -> Images:
    """Images as (batch, *input_shape), uint8 or floats, not yet looked into."""
    images = as_array(images, "images")
    if images.ndim < 1 or not same_image(images.shape[1:], input_shape):
        wanted = ", ".join(map(str, input_shape))
        raise GlassnetError(
            f"images of shape {images.shape}: the network takes (any number, {wanted})"
            f"{_why_not(images.shape, input_shape)}"
        )
    if images.dtype != np.uint8 and not np.issubdtype(images.dtype, np.floating):
        raise GlassnetError(f"images of dtype {images.dtype}: give uint8 pixels or floats")
    return images.reshape(len(images), *input_shape)


def same_image(shape: Shape, input_shape: Shape) -> bool:
    """Whether an image of one shape is, number by number, an input of the other.

    Rows of numbers fit any shape of as many. Between images, height and width count: only a channel
    that is alone may be left out, or stand at the end.

    >>> same_image((28, 28), (1, 28, 28)), same_image((784,), (1, 28, 28)), same_image((28, 28), (784,))
    (True, True, True)
    >>> same_image((28, 28, 3), (3, 28, 28)), same_image((14, 56), (1, 28, 28))
    (False, False)
    """
    if prod(shape) != prod(input_shape):
        return False
    return len(shape) == 1 or len(input_shape) == 1 or _plane(shape) == _plane(input_shape)


def _plane(shape: Shape) -> Shape:
    """The shape without a channel that is alone."""
    if len(shape) == 3 and shape[0] == 1:
        return shape[1:]
    return shape[:2] if len(shape) == 3 and shape[2] == 1 else shape


def _why_not(shape: Shape, input_shape: Shape) -> str:
    """What is wrong with images (batch, …) that don't fit, as the end of a sentence, if it is plain."""
    image = shape[1:]
    if shape in (input_shape, _plane(input_shape)):
        return "; give a batch, for a single image image[None]"
    if len(input_shape) != 3 or len(image) not in (2, 3):
        return ""
    channels, *plane = input_shape
    if len(image) == 3 and [*image[:2]] == plane:
        turned = "their channels stand last, give images.transpose(0, 3, 1, 2)"
        return f"; {turned}" if image[2] == channels else f"; they have {image[2]} channels, not {channels}"
    if [*image[-2:]] == plane:
        found = image[0] if len(image) == 3 else 1
        return f"; they have {found} channel{'s' if found > 1 else ''}, not {channels}"
    return ""


def not_finite(dtype: np.dtype[Any]) -> GlassnetError:
    """The error about images that can't be computed with."""
    return GlassnetError(f"the images hold NaN or infinite values (as {dtype}): give finite numbers only")


def as_targets(y: Any, n_out: int, dtype: np.dtype[Any]) -> Array:
    """Desired outputs (batch, n_out): y itself, or one-hot rows for integer labels (batch,).

    >>> as_targets([2, 0], 3, np.dtype("f4"))
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    y = as_array(y, "targets")
    if y.ndim == 1 and np.issubdtype(y.dtype, np.integer):
        check_labels(y, n_out)
        return np.eye(n_out, dtype=dtype)[y]
    if y.ndim != 2 or y.shape[1] != n_out or y.dtype.kind not in "fiub":
        raise GlassnetError(
            f"targets of shape {y.shape} and dtype {y.dtype}: give integer labels (batch,) "
            f"or desired outputs (batch, {n_out})"
        )
    return y.astype(dtype, copy=False)


def check_labels(labels: Labels, n_out: int) -> None:
    """Refuse a label that is not one of the outputs 0 … n_out − 1."""
    if (wrong := labels[(labels < 0) | (labels >= n_out)]).size:
        raise GlassnetError(f"label {wrong[0]}: the network has the outputs 0 to {n_out - 1}")


def as_weights(weights: Any, count: int) -> Array:
    """How much each of `count` examples counts: floats (count,), none negative or undefined."""
    array = as_array(weights, "example weights")
    if array.dtype.kind not in "fiub":
        raise GlassnetError(f"example weights are {array.dtype}: give numbers")
    array = array.astype(np.float64)
    if array.shape != (count,):
        raise GlassnetError(
            f"example weights of shape {array.shape}: give one for each of the {count} examples"
        )
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise GlassnetError("example weights must be finite and not negative")
    return array


def as_array(values: Any, what: str) -> NDArray[Any]:
    """An array of what was given, if it has rows of equal length."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise GlassnetError(f"{what} don't make an array: {error}") from error
