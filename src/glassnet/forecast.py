"""Estimate of the memory that training takes, from shapes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from glassnet.arrays import Shape


def patches(weight: Shape, output: Shape) -> int:
    """Count of numbers in all patches that a layer's filters see of one image; 0 without filters.

    >>> patches(weight=(20, 1, 5, 5), output=(20, 24, 24)), patches(weight=(16, 784), output=(16,))
    (14400, 0)
    """
    return prod(weight[1:]) * prod(output[1:]) if len(output) == 3 else 0


def bytes_in_training(
    input_shape: Shape, outputs: Sequence[Shape], parameters: Mapping[str, Shape], itemsize: int, rows: int
) -> int:
    """About how much memory it takes to train on so many examples at a time.

    Of the parameters there are four: they, their gradient, and those at the end of the last and the
    best epoch. Of every example, z, a, δ and ∂C/∂a of each layer, one more of the largest, and what
    the filters of one convolution see, patch by patch, twice. So the textbook; the native engine
    takes less.

    Args:
        input_shape: of one example.
        outputs: the shape of every layer's output for one example.
        parameters: the shape of every parameter array, under its name.
        itemsize: bytes of a number.
        rows: examples.

    >>> bytes_in_training((784,), [(10,)], {"1.weight": (10, 784), "1.bias": (10,)}, itemsize=4, rows=1)
    128936
    """
    weights = [parameters.get(f"{number}.weight") for number in range(1, len(outputs) + 1)]
    seen = [patches(weight, output) for weight, output in zip(weights, outputs, strict=True) if weight]
    made = [prod(output) for output in outputs]
    of_example = prod(input_shape) + 4 * sum(made) + max(made) + 2 * max(seen, default=0)
    return itemsize * (4 * sum(map(prod, parameters.values())) + rows * of_example)
