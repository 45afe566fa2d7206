"""Words for windows that slide over an image."""

from __future__ import annotations

from glassnet.arrays import Shape
from glassnet.layers import Windowed


def at_each_place(layer: Windowed, output_shape: Shape) -> str:
    """The places of a layer's window, in words."""
    _, down, across = output_shape
    step = "" if layer.stride == 1 else f", {layer.stride} apart"
    return f"at each of {down}×{across} = {down * across:,} places p{step}"
