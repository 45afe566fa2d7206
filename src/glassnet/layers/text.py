"""Networks as text: "784-16-16-10" is 784 inputs and three dense layers.

A part may name its activation, `16:relu`, and `softmax` by itself is the softmax layer. Where no
activation is named, hidden layers get one default and the last dense layer another.
"""

from __future__ import annotations

from glassnet.arrays import Shape
from glassnet.errors import GlassnetError, unknown_name
from glassnet.layers.dense import Dense
from glassnet.layers.layer import Layer
from glassnet.layers.softmax import Softmax

LARGEST_SIZE = 1_000_000


def parse_layers(
    text: str, activation: str = "sigmoid", output_activation: str = "sigmoid"
) -> tuple[Shape, list[Layer]]:
    """The input shape and the layers that a text names.

    >>> parse_layers("784-16:relu-10")
    ((784,), [Dense(size=16, activation='relu'), Dense(size=10, activation='sigmoid')])
    """
    first, *parts = text.strip().split("-")
    if not parts:
        raise GlassnetError(f"layers {text!r}: name the inputs and at least one layer, as in '784-16-16-10'")
    n_in = _size(first, text)
    dense = [place for place, part in enumerate(parts) if part.strip() != "softmax"]
    layers: list[Layer] = []
    for place, part in enumerate(parts):
        if place not in dense:
            layers.append(Softmax())
            continue
        size, colon, named = part.partition(":")
        default = output_activation if place == dense[-1] else activation
        layers.append(Dense(_size(size, text), named.strip() if colon else default))
    return (n_in,), layers


def format_layers(input_shape: Shape, layers: tuple[Layer, ...]) -> str:
    """The text of a network's layer sizes: what `parse_layers` reads, without the activations.

    >>> format_layers((784,), (Dense(16), Dense(10), Softmax()))
    '784-16-10-softmax'
    """
    sizes = [str(layer.size) if isinstance(layer, Dense) else layer.kind for layer in layers]
    return "-".join(["×".join(map(str, input_shape)), *sizes])


def _size(part: str, text: str) -> int:
    part = part.strip()
    if not (part.isascii() and part.isdigit()):
        if part.isalpha() and part != "softmax":  # which has no size, and no place among the inputs
            raise unknown_name("layer", part, ["softmax"])
        raise GlassnetError(
            f"layers {text!r}: {part!r} is not a number of neurons; write for example '784-16-16-10'"
        )
    if len(part) > 9 or not 1 <= int(part) <= LARGEST_SIZE:
        raise GlassnetError(
            f"layers {text!r}: a layer of {part} neurons; give each layer from 1 to {LARGEST_SIZE:,}"
        )
    return int(part)
