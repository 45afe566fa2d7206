"""Where windows stand: which input a filter's weight meets at a place, which windows see an input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.document import symbol
from glassnet.explanation.trace import Trace
from glassnet.layers import AveragePool, Conv, MaxPool


def place_met(layer: Conv, weight: tuple[int, ...], at: tuple[int, ...]) -> tuple[int, int, int]:
    """Channel, row and column of what weight (filter, channel, i, j) meets at place (row, column).

    Rows and columns below 0, or beyond the image, are those of the padding.

    >>> place_met(Conv(4, size=3, stride=2, padding=1), (0, 5, 2, 0), (3, 0))
    (5, 7, -1)
    """
    _, channel, i, j = weight
    row, column = (
        layer.stride * place + index - layer.padding for place, index in zip(at, (i, j), strict=True)
    )
    return channel, row, column


def letter_met(layer: int, own: Conv, weight: tuple[int, ...]) -> str:
    """The letter of what a weight meets at any place (r, s).

    >>> letter_met(1, Conv(4, size=3, stride=2, padding=1), (0, 5, 2, 0))
    'a₅,₂ᵣ₊₁,₂ₛ₋₁⁽⁰⁾'
    """
    _, channel, i, j = weight
    times, p = own.stride if own.stride > 1 else "", own.padding
    row, column = (f"{times}{at}{index - p:+d}".removesuffix("+0") for at, index in (("r", i), ("s", j)))
    return symbol("a", layer - 1, channel, row, column)


def is_inside(place: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a place lies in an image of that shape, not in the padding."""
    return all(0 <= index < size for index, size in zip(place, shape, strict=True))


def met_by_filter(trace: Trace, layer: int, at: tuple[int, ...]) -> NDArray[np.int64]:
    """The inputs, counted through, that a filter of a conv layer meets at a place; −1 in the padding.

    Shape (channels, size, size), as its weights.
    """
    own, before = trace.layer_at(layer), trace.shape(layer - 1)
    assert isinstance(own, Conv)
    inputs = np.full((before[0], own.size, own.size), -1)
    for c, i, j in np.ndindex(inputs.shape):
        if is_inside(place := place_met(own, (0, c, i, j), at), before):
            inputs[c, i, j] = np.ravel_multi_index(place, before)
    return inputs


def inputs_of_window(trace: Trace, layer: int, j: int) -> NDArray[np.int64]:
    """The inputs, counted through, in the window of neuron j of a pooling layer: (size · size,)."""
    return _seen(trace, layer)[j]


def windows_with(trace: Trace, layer: int, k: int) -> NDArray[np.int64]:
    """The neurons of a pooling layer in whose windows input k stands: (some,)."""
    return np.flatnonzero((_seen(trace, layer) == k).any(axis=1))


def _seen(trace: Trace, layer: int) -> NDArray[np.int64]:
    """The inputs, counted through, that each window sees: (windows, size · size)."""
    own = trace.layer_at(layer)
    assert isinstance(own, MaxPool | AveragePool)
    return own.seen(trace.chain.caches[layer - 1])
