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
from decimal import Decimal
from difflib import get_close_matches
from math import prod

from glassnet.activations import ACTIVATIONS
from glassnet.arrays import Shape
from glassnet.errors import GlassnetError
from glassnet.layers.conv import Conv
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.flatten import Flatten
from glassnet.layers.layer import Layer
from glassnet.layers.pool import AveragePool, MaxPool
from glassnet.layers.softmax import Softmax

IMAGE: Shape = (1, 28, 28)  # what goes in where a text doesn't say
LARGEST_SIZE = 1_000_000  # of any number in a text
LONGEST = 120  # characters of a text that an error quotes whole

# word: what follows it, and an example
FORMS = {
    "": (r"(\d+)", "100"),
    "conv": (r"(\d+)@(\d+)(?:s(\d+))?(?:p(\d+))?", "conv20@5 or conv20@5s2p1"),
    "pool": (r"(\d+)(?:s(\d+))?", "pool2 or pool3s2"),
    "avgpool": (r"(\d+)(?:s(\d+))?", "avgpool2 or avgpool3s2"),
    "dropout": (r"(\d+\.?\d*|\.\d+)", "dropout0.5"),
    "flatten": (r"", "flatten"),
    "softmax": (r"", "softmax"),
}
# Words that are not in the grammar, but plainly mean one that is.
MEANT = {word: word for word in FORMS if word} | {
    "dense": "",
    "convolution": "conv",
    "maxpool": "pool",
    "max_pool": "pool",
    "averagepool": "avgpool",
    "average_pool": "avgpool",
    "meanpool": "avgpool",
}


class _NoLayerError(Exception):
    """A part that is no layer, and why, as the end of a sentence."""


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
            f"layers {_quoted(normal)} name no layer: write for example '784-16-16-10' or "
            "'conv20@5 pool2 100 10'"
        )
    if named is None and input_shape is None and parts[0] == str(prod(IMAGE)):
        raise GlassnetError(
            f"layers {_quoted(normal)} begin with {parts[0]}, inputs or neurons? Name the inputs and the "
            f"layers with dashes between, as in '{parts[0]}-16-10'; with spaces all parts are layers"
        )

    dense = [place for place, part in numbered if re.match(r"\d", part, re.ASCII)]
    read: list[Layer] = []
    for place, part in numbered:
        default = output_activation if dense and place == dense[-1] else activation
        try:
            read.append(_layer(part, default))
        except _NoLayerError as error:
            says = f", {_quoted(part)}{error}" if part else " is empty"
            raise GlassnetError(f"layers {_quoted(normal)}: part {place}{says}") from error
    shape = named or input_shape or _usual_input(read)

    layers: list[Layer] = []
    image = len(shape) > 1
    for layer in read:
        if image and isinstance(layer, Dense):
            layers.append(Flatten())
        layers.append(layer)
        image = _is_image(layer, image)
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
    image = len(input_shape) > 1
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        comes_by_itself = image and isinstance(layer, Flatten) and isinstance(after, Dense)
        if not comes_by_itself:
            parts.append(format_layer(layer, activations))
        image = _is_image(layer, image)
    return (" " if len(input_shape) > 1 else "-").join(parts)


def format_layer(layer: Layer, activation: bool = False) -> str:
    """One layer as a part of a text.

    >>> format_layer(Conv(20, 5, stride=2, activation="relu"), activation=True)
    'conv20@5s2:relu'
    """
    match layer:
        case Dense():
            part = f"{layer.size}"
        case Conv():
            stride = f"s{layer.stride}" if layer.stride != 1 else ""
            padding = f"p{layer.padding}" if layer.padding else ""
            part = f"conv{layer.filters}@{layer.size}{stride}{padding}"
        case MaxPool() | AveragePool():
            stride = f"s{layer.stride}" if layer.stride != layer.size else ""
            part = f"{'pool' if isinstance(layer, MaxPool) else 'avgpool'}{layer.size}{stride}"
        case Dropout():
            return f"dropout{Decimal(repr(layer.rate)):f}"  # 0.00001: 1e-05 would hold a dash
        case _:
            return layer.kind
    return f"{part}:{layer.activation}" if activation and isinstance(layer, Dense | Conv) else part


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
            f"layers {_quoted(text)}: part 1, {_quoted(first)}, says nothing about the inputs; with dashes "
            "between, begin with their number or an image, as in '784-16-10' or '28x28-conv20@5-10'"
        )
    sizes = first.split("x")
    try:
        shape = tuple(_whole("{} inputs" if len(sizes) == 1 else "an image of {}", size) for size in sizes)
        if len(shape) > 3:
            raise _NoLayerError(": an image has channels, height and width, as in 3x32x32")
    except _NoLayerError as error:
        raise GlassnetError(f"layers {_quoted(text)}: part 1, {_quoted(first)}{error}") from error
    return (1, *shape) if len(shape) == 2 else shape


def _layer(part: str, default: str) -> Layer:
    """The layer that a part names."""
    body, colon, named = part.partition(":")
    word, rest = _split(body)
    if word not in FORMS:
        raise _NoLayerError(f", is no layer{_hint(word, rest)}")
    pattern, example = FORMS[word]
    match = re.fullmatch(pattern, rest, re.ASCII)
    if match is None:
        if not word:
            raise _NoLayerError(", is no layer: a dense layer is a whole number of neurons, as in 100")
        raise _NoLayerError(f", is no layer: write {word} as in {example}")
    if colon and word not in ("", "conv"):
        raise _NoLayerError(": only dense and convolutional layers have an activation of their own")
    try:
        return _made(word, match.groups(), named if colon else default)
    except GlassnetError as error:
        raise _NoLayerError(f": {error}") from error


def _made(word: str, numbers: Sequence[str | None], activation: str) -> Layer:
    if word == "":
        return Dense(_whole("{} neurons", numbers[0]), activation)
    if word == "conv":
        filters, size, stride, padding = numbers
        return Conv(
            _whole("{} filters", filters),
            _whole("a window of {0}×{0}", size),
            _whole("a stride of {}", stride or "1"),
            _whole("a padding of {}", padding or "0", least=0),
            activation,
        )
    if word in ("pool", "avgpool"):
        size, stride = numbers
        kind = MaxPool if word == "pool" else AveragePool
        return kind(_whole("a window of {0}×{0}", size), _whole("a stride of {}", stride or size))
    if word == "dropout":
        return Dropout(float(numbers[0] or ""))
    return Flatten() if word == "flatten" else Softmax()


def _whole(what: str, digits: str | None, least: int = 1) -> int:
    digits = digits or ""
    if len(digits) > 9 or not least <= int(digits) <= LARGEST_SIZE:
        found = what.format(_quoted(digits)[1:-1])
        raise _NoLayerError(f": {found}; give a number from {least} to {LARGEST_SIZE:,}")
    return int(digits)


def _split(body: str) -> tuple[str, str]:
    """A part's word and what follows: ("conv", "20@5")."""
    word = re.match(r"[^\W\d]*", body)
    assert word is not None
    return word[0], body[word.end() :]


def _hint(word: str, rest: str) -> str:
    """What was probably meant, if that can be told."""
    if word in ACTIVATIONS:
        return f": an activation stands behind its layer, as in 100:{word}"
    near = get_close_matches(word.lower(), MEANT, n=1, cutoff=0.65)
    if not near:
        return "; there are 100 (dense), conv20@5, pool2, avgpool2, dropout0.5, flatten and softmax"
    meant = MEANT[near[0]]
    pattern, example = FORMS[meant]
    whole = re.fullmatch(pattern, rest, re.ASCII)
    return f"; did you mean {meant + rest!r}?" if whole else f"; did you mean {meant!r}, as in {example}?"


def _usual_input(layers: Sequence[Layer]) -> Shape:
    """An image, or its numbers in a row where the first layer that isn't dropout wants a row."""
    first = next((layer for layer in layers if not isinstance(layer, Dropout)), None)
    return (prod(IMAGE),) if isinstance(first, Dense | Softmax) else IMAGE


def _is_image(layer: Layer, before: bool) -> bool:
    """Whether what the layer gives is an image, if what it gets is one."""
    if isinstance(layer, Dropout | Softmax):
        return before
    return not isinstance(layer, Dense | Flatten)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
