"""Networks as text: "784-16-16-10", or "conv20@5 pool2 conv40@5 pool2 100 10".

With dashes between, the first part is what goes in: a number of inputs, or an image such as 28x28
or 3x32x32 (channels, height, width). With spaces between, an image may come first. Without one,
images are 28×28, as MNIST's; where the first layer is dense, they are their 784 numbers in a row.

    100              dense, so many neurons
    conv20@5s2p1     20 filters of 5×5, stride 2, padding 1; without them conv20@5
    pool2, avgpool2  the largest, or the mean, of 2×2; with a stride pool3s2
    dropout0.5       in training, half of the numbers are switched off
    flatten          an image as a row: comes by itself where a dense layer follows an image
    softmax          as a layer of its own, on top of activations

A dense or convolutional layer may name its activation, `100:relu`. Where none is named, hidden
layers get one default and the last dense layer another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from math import prod
from typing import Any

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Shape
from glassnet.errors import GlassnetError
from glassnet.grammar import Form, Grammar, quoted
from glassnet.layers.conv import Conv
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.flatten import Flatten
from glassnet.layers.layer import Layer
from glassnet.layers.pool import AveragePool, MaxPool
from glassnet.layers.softmax import Softmax

IMAGE: Shape = (1, 28, 28)  # what goes in where a text doesn't say
LARGEST_SIZE = 1_000_000  # of any number in a text


def _window(size: str, stride: str | None) -> dict[str, Any]:
    return {"size": _whole("a window of {0}×{0}", size), "stride": _whole("a stride of {}", stride or size)}


def _pool_text(pool: MaxPool | AveragePool) -> str:
    return f"{pool.size}" + (f"s{pool.stride}" if pool.stride != pool.size else "")


def _filters(filters: str, size: str, stride: str | None, padding: str | None) -> dict[str, Any]:
    return {
        "filters": _whole("{} filters", filters),
        **_window(size, stride or "1"),
        "padding": _whole("a padding of {}", padding or "0", least=0),
    }


def _filters_text(conv: Conv) -> str:
    stride = f"s{conv.stride}" if conv.stride != 1 else ""
    padding = f"p{conv.padding}" if conv.padding else ""
    return f"{conv.filters}@{conv.size}{stride}{padding}"


GRAMMAR = Grammar(
    "layer",
    {
        "": Form(
            Dense,
            r"(\d+)",
            ("100",),
            lambda size: {"size": _whole("{} neurons", size)},
            lambda dense: f"{dense.size}",
            "dense",
        ),
        "conv": Form(
            Conv,
            r"(\d+)@(\d+)(?:s(\d+))?(?:p(\d+))?",
            ("conv20@5", "conv20@5s2p1"),
            _filters,
            _filters_text,
        ),
        "pool": Form(MaxPool, r"(\d+)(?:s(\d+))?", ("pool2", "pool3s2"), _window, _pool_text),
        "avgpool": Form(AveragePool, r"(\d+)(?:s(\d+))?", ("avgpool2", "avgpool3s2"), _window, _pool_text),
        "dropout": Form(
            Dropout,
            r"(\d+\.?\d*|\.\d+)",
            ("dropout0.5",),
            lambda rate: {"rate": float(rate)},
            lambda dropout: f"{Decimal(repr(dropout.rate)):f}",  # 0.00001: 1e-05 would hold a dash
        ),
        "flatten": Form(Flatten, r"", ("flatten",)),
        "softmax": Form(Softmax, r"", ("softmax",)),
    },
    also={
        "dense": "",
        "convolution": "conv",
        "maxpool": "pool",
        "max_pool": "pool",
        "averagepool": "avgpool",
        "average_pool": "avgpool",
        "meanpool": "avgpool",
    },
)


def parse_layers(
    text: str,
    activation: str = "sigmoid",
    output_activation: str = "sigmoid",
    input_shape: Shape | None = None,
) -> tuple[Shape, list[Layer]]:
    """The input shape and the layers that a text names.

    Args:
        text: as the module has it.
        activation: of the hidden layers that name none.
        output_activation: of the last dense layer, if it names none.
        input_shape: of one example, where the text doesn't say it; None: 28×28.

    Raises:
        GlassnetError: the text doesn't parse; says which part, and what was probably meant.

    >>> parse_layers("784-16:relu-10")
    ((784,), [Dense(size=16, activation='relu'), Dense(size=10, activation='sigmoid')])
    >>> shape, layers = parse_layers("conv20@5 pool2 10")
    >>> shape, [layer.kind for layer in layers]
    ((1, 28, 28), ['conv', 'max_pool', 'flatten', 'dense'])
    """
    normal = normalize_layers(text)
    dashes = "-" in normal
    parts = normal.split("-" if dashes else " ")
    named = _input_shape(normal, parts[0], dashes)
    numbered = [*enumerate(parts, 1)][named is not None :]
    if not normal or not numbered:
        raise GlassnetError(
            f"layers {quoted(normal)} name no layer: write for example '784-16-16-10' or "
            "'conv20@5 pool2 100 10'"
        )
    if named is None and input_shape is None and parts[0] == str(prod(IMAGE)):
        raise GlassnetError(
            f"layers {quoted(normal)} begin with {parts[0]}, inputs or neurons? Name the inputs and the "
            f"layers with dashes between, as in '{parts[0]}-16-10'; with spaces all parts are layers"
        )

    dense = [place for place, part in numbered if re.match(r"\d", part, re.ASCII)]
    read: list[Layer] = []
    for place, part in numbered:
        default = output_activation if dense and place == dense[-1] else activation
        try:
            read.append(_layer(part, default))
        except GlassnetError as error:
            which = f"part {place}, {error}" if part else f"part {place} is empty"
            raise GlassnetError(f"layers {quoted(normal)}: {which}") from error
    shape = named or input_shape or _usual_input(read)

    layers: list[Layer] = []
    output = shape
    for layer in read:
        if len(output) > 1 and isinstance(layer, Dense):
            layers.append(Flatten())
            output = _after(layers[-1], output)
        layers.append(layer)
        output = _after(layer, output)
    return shape, layers


def format_layers(input_shape: Shape, layers: Sequence[Layer], activations: bool = False) -> str:
    """The text of a network, which `parse_layers` reads; with activations, to the very same layers.

    >>> format_layers((784,), (Dense(16), Dense(10), Softmax()))
    '784-16-10-softmax'
    >>> format_layers((1, 28, 28), (Conv(20, 5), MaxPool(2), Flatten(), Dense(10)), activations=True)
    '28×28 conv20@5:sigmoid pool2 10:sigmoid'
    """
    sizes = input_shape[1:] if len(input_shape) == 3 and input_shape[0] == 1 else input_shape
    parts = ["×".join(map(str, sizes))]
    output = input_shape
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        comes_by_itself = len(output) > 1 and isinstance(layer, Flatten) and isinstance(after, Dense)
        if not comes_by_itself:
            parts.append(format_layer(layer, activations))
        output = _after(layer, output)
    return (" " if len(input_shape) > 1 else "-").join(parts)


def format_layer(layer: Layer, activation: bool = False) -> str:
    """One layer as a part of a text.

    >>> format_layer(Conv(20, 5, stride=2, activation="relu"), activation=True)
    'conv20@5s2:relu'
    """
    if type(layer) not in {form.kind for form in GRAMMAR.forms.values()}:  # one that no text can name
        return layer.kind
    chosen = f":{layer.activation}" if activation and _chooses_activation(type(layer)) else ""
    return GRAMMAR.write(layer) + chosen


def normalize_layers(text: str) -> str:
    """The same text without needless spaces, and with an x for every ×.

    >>> normalize_layers(" 784 - 30 : relu -10"), normalize_layers("3×32×32  conv20@5  10")
    ('784-30:relu-10', '3x32x32 conv20@5 10')
    """
    return re.sub(r" ?([-:]) ?", r"\1", " ".join(text.split())).replace("×", "x")


def _input_shape(text: str, first: str, dashes: bool) -> Shape | None:
    """What goes in, if the first part says that."""
    if not re.fullmatch(r"\d+(x\d+)*" if dashes else r"\d+(x\d+)+", first, re.ASCII):
        if not dashes:
            return None
        raise GlassnetError(
            f"layers {quoted(text)}: part 1, {quoted(first)}, says nothing about the inputs; with dashes "
            "between, begin with their number or an image, as in '784-16-10' or '28x28-conv20@5-10'"
        )
    sizes = first.split("x")
    try:
        shape = tuple(_whole("{} inputs" if len(sizes) == 1 else "an image of {}", size) for size in sizes)
        if len(shape) > 3:
            raise GlassnetError("an image has channels, height and width, as in 3x32x32")
    except GlassnetError as error:
        raise GlassnetError(f"layers {quoted(text)}: part 1, {quoted(first)}: {error}") from error
    return (1, *shape) if len(shape) == 2 else shape


def _layer(part: str, default: str) -> Any:
    """The layer that a part names."""
    body, colon, named = part.partition(":")
    if body in ACTIVATIONS and body not in GRAMMAR.forms:
        raise GlassnetError(
            f"{quoted(part)} is no layer: an activation stands behind its layer, as in 100:{body}"
        )
    if not re.match(r"[^\W\d]", body) and not re.fullmatch(r"\d+", body, re.ASCII):
        raise GlassnetError(
            f"{quoted(part)} is no layer: a dense layer is a whole number of neurons, as in 100"
        )
    word, settings = GRAMMAR.read(body)
    kind = GRAMMAR.forms[word].kind
    if _chooses_activation(kind):
        settings["activation"] = named if colon else default
    elif colon:
        raise GlassnetError(
            f"{quoted(part)}: only dense and convolutional layers have an activation of their own"
        )
    try:
        return kind(**settings)
    except GlassnetError as error:
        raise GlassnetError(f"{quoted(part)}: {error}") from error


def _chooses_activation(kind: type[Any]) -> bool:
    """True if layers of that kind take an activation function."""
    return "activation" in {field.name for field in fields(kind)}


def _whole(what: str, digits: str, least: int = 1) -> int:
    if len(digits) > 9 or not least <= int(digits) <= LARGEST_SIZE:
        found = what.format(quoted(digits)[1:-1])
        raise GlassnetError(f"{found}; give a number from {least} to {LARGEST_SIZE:,}")
    return int(digits)


def _after(layer: Layer, shape: Shape) -> Shape:
    """The shape of what the layer makes; where the two don't fit, the network will say so: the same shape."""
    try:
        return layer.build(shape)[0]
    except GlassnetError:
        return shape


def _usual_input(layers: Sequence[Layer]) -> Shape:
    """An image, or its numbers in a row where the first layer that changes its input wants a row."""
    row = (prod(IMAGE),)
    for layer in layers:
        if not _takes(layer, IMAGE):
            return row if _takes(layer, row) else IMAGE
        if layer.build(IMAGE)[0] != IMAGE:
            break
    return IMAGE


def _takes(layer: Layer, shape: Shape) -> bool:
    try:
        layer.build(shape)
    except GlassnetError:
        return False
    return True
