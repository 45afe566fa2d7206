"""One parameter among all: how it is named in the code, and in the lessons."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from glassnet.document import symbol
from glassnet.errors import GlassnetError, unknown_name
from glassnet.explanation.layers import page_type
from glassnet.network import Network


class Parameter(NamedTuple):
    """One parameter: the array's name, and the place in it."""

    name: str
    place: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.place))}]"

    @property
    def letter(self) -> str:
        """As the lessons write it, such as w₃,₅⁽²⁾, or w₃,₀,₂,₁⁽²⁾ of a filter."""
        layer, _, kind = self.name.partition(".")
        return symbol("w" if kind == "weight" else "b", int(layer), *self.place)


def find_parameter(network: Network, name: Any, place: Any) -> Parameter:
    """The parameter at a place of an array, if the network has it.

    Args:
        network: whose parameter it is.
        name: of the array.
        place: as many indices as the array has axes; of a bias, its one index will do.

    Raises:
        GlassnetError: no such array, or no such place in it: says which there are.

    >>> find_parameter(Network("784-16-10", seed=0), "1.weight", (3, 784))
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: there is no 1.weight[3, 784]: 1.weight[j, k] leads to neuron j, 0 to 15, from input k, 0 to 783
    """  # noqa: E501 (a message is one line)
    shapes = network.shapes
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
        raise GlassnetError(f"there is no {name}[{', '.join(map(str, indices))}]: {_ranges(network, name)}")
    return Parameter(name, tuple(int(index) for index in indices))


def is_index(index: Any, size: int) -> bool:
    """True for the whole numbers 0 … size − 1."""
    whole = isinstance(index, int | np.integer) and not isinstance(index, bool)
    return whole and bool(0 <= index < size)


def _ranges(network: Network, name: str) -> str:
    """Which places an array has, and what each of them connects."""
    number, _, own_name = name.partition(".")
    page = page_type(network.layers[int(number) - 1], int(number))
    return page.ranges(int(number), own_name, network.shapes[name])
