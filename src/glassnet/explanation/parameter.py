"""One parameter among all: how it is named in the code, and in the lessons."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from glassnet.arrays import Shape
from glassnet.document import symbol
from glassnet.errors import GlassnetError, unknown_name


class Parameter(NamedTuple):
    """One parameter: the array's name, and the place in it."""

    name: str
    place: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.place))}]"

    @property
    def connection(self) -> str:
        """To where a weight leads, and from where; of a bias, nothing.

        >>> Parameter("3.weight", (3, 5)).connection
        'to neuron 3 of layer 3 from neuron 5 of layer 2'
        >>> Parameter("1.weight", (3, 0, 2, 1)).connection
        'to filter 3 of layer 1 from channel 0 of the image, row 2, column 1 of its window'
        """
        layer = int(self.name.partition(".")[0])
        match self.place:
            case (j, k):
                source = f"neuron {k} of layer {layer - 1}" if layer > 1 else f"input {k}"
                return f"to neuron {j} of layer {layer} from {source}"
            case (o, c, row, column):
                source = f"channel {c} of layer {layer - 1}" if layer > 1 else f"channel {c} of the image"
                return (
                    f"to filter {o} of layer {layer} from {source}, row {row}, column {column} of its window"
                )
        return ""

    @property
    def letter(self) -> str:
        """As the lessons write it, such as w₃,₅⁽²⁾, or w₃,₀,₂,₁⁽²⁾ of a filter."""
        layer, _, kind = self.name.partition(".")
        return symbol("w" if kind == "weight" else "b", int(layer), *self.place)


def find_parameter(shapes: dict[str, Shape], name: Any, place: Any) -> Parameter:
    """The parameter at a place of an array, if the network of these shapes has it.

    Args:
        shapes: a network's.
        name: of the array.
        place: as many indices as the array has axes; of a bias, its one index will do.

    Raises:
        GlassnetError: no such array, or no such place in it: says which there are.

    >>> find_parameter({"1.weight": (16, 784), "1.bias": (16,)}, "1.weight", (3, 784))
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: there is no 1.weight[3, 784]: 1.weight[j, k] leads to neuron j, 0 to 15, from input k, 0 to 783
    """  # noqa: E501 (a message is one line)
    if not isinstance(name, str) or name not in shapes:
        if isinstance(name, str) and re.fullmatch(r"\d+\.(weight|bias)", name, re.ASCII):
            layers = ", ".join(dict.fromkeys(known.partition(".")[0] for known in shapes))
            raise GlassnetError(
                f"there is no {name}: layers count from 1, and those with parameters are {layers or 'none'}"
            )
        raise unknown_name("parameter", name, shapes)
    shape = shapes[name]
    indices = tuple(place) if isinstance(place, tuple | list | np.ndarray) and np.ndim(place) else (place,)
    if len(indices) != len(shape) or not all(map(is_index, indices, shape)):
        raise GlassnetError(f"there is no {name}[{', '.join(map(str, indices))}]: {_places(shapes, name)}")
    return Parameter(name, tuple(int(index) for index in indices))


def is_index(index: Any, size: int) -> bool:
    """True for the whole numbers 0 … size − 1."""
    whole = isinstance(index, int | np.integer) and not isinstance(index, bool)
    return whole and bool(0 <= index < size)


def _places(shapes: dict[str, Shape], name: str) -> str:
    """Which places an array has, and what each of them connects."""
    layer, _, kind = name.partition(".")
    ends = [f"0 to {size - 1}" for size in shapes[name]]
    of_filters = len(shapes[f"{layer}.weight"]) == 4
    if kind == "bias":
        return f"{name}[j] belongs to {'filter' if of_filters else 'neuron'} j, {ends[0]}"
    if of_filters:
        return (
            f"{name}[o, c, i, j] leads to filter o, {ends[0]}, from channel c, {ends[1]}, "
            f"row i, {ends[2]}, column j, {ends[3]}"
        )
    source = "input k" if layer == "1" else f"neuron k of layer {int(layer) - 1}"
    return f"{name}[j, k] leads to neuron j, {ends[0]}, from {source}, {ends[1]}"
