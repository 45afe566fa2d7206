"""Directions through the parameters that a plane can be spanned by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.explanation.landscape.cost_function import CostFunction, Row
from glassnet.explanation.parameter import find_parameter
from glassnet.rng import Purpose, Stream


class Direction(NamedTuple):
    """An axis of a plane."""

    name: str
    row: Row  # (P,): one unit of the axis
    here: float  # the axis' value where the network stands
    reach: float | None  # how far from there to look; None where path or cost must tell


def random_directions(C: CostFunction, seed: int) -> tuple[Direction, Direction]:
    """Two filter-normalized random directions.

    A network whose weights are scaled up in one layer and down in the next may answer the same, so
    steps must be measured by the weights that they change: each neuron's row of weights (in a conv
    layer, each filter) is drawn from N(0, 1) and brought to its length in the network. Biases stay as
    they are, as in the source's own pictures. One unit thus moves every row of weights by its own length.

    Source: Li, Xu, Taylor, Studer, Goldstein, *Visualizing the Loss Landscape of Neural Nets*, 2018.
    """
    here = C.arrays(C.here)
    if not any(here[name].any() for name in C.network.weights):
        raise GlassnetError(
            "all weights are 0, and so would be random directions of their lengths: choose two parameters"
        )
    return _random_direction(C, seed, 1), _random_direction(C, seed, 2)


def _random_direction(C: CostFunction, seed: int, which: int) -> Direction:
    row = np.zeros_like(C.here)
    # `drawn` are views: what is written to them is in the row.
    here = C.arrays(C.here)
    for step, (name, drawn) in enumerate(C.arrays(row).items()):
        if name not in C.network.weights:
            continue
        array = here[name]
        drawn[:] = Stream(seed, Purpose.LANDSCAPE, epoch=which, step=step).normal(array.shape)
        filters, lengths = drawn.reshape(len(drawn), -1), array.reshape(len(array), -1)  # (n_out, …)
        filters *= np.linalg.norm(lengths, axis=1, keepdims=True) / np.linalg.norm(
            filters, axis=1, keepdims=True
        )
    return Direction(f"random direction {which}", row, here=0.0, reach=1.0)


def principal_directions(path: NDArray[np.float64]) -> tuple[Direction, Direction]:
    """The two directions, of length 1, along which a path (places, P) varies most; training goes rightwards.

    They are the first two right singular vectors of the centered places, computed from the small
    matrix (places, places) of their products.
    """
    centered = path - path.mean(axis=0)  # (places, P)
    variances, vectors = np.linalg.eigh(centered @ centered.T)  # rising; a column a vector
    if len(path) < 3 or variances[-2] <= 1e-12 * variances[-1]:
        raise GlassnetError(
            "the path lies on a line or a point, where there are no two directions of it: "
            "train for 2 epochs or more, or give other directions"
        )
    forward = path[-1] - path[0]  # (P,)
    pair = []
    for which in (1, 2):
        row = vectors[:, -which] @ centered  # (P,)
        row /= np.linalg.norm(row) if row @ forward >= 0 else -np.linalg.norm(row)
        pair.append(Direction(f"principal direction {which}", row, here=0.0, reach=None))
    return pair[0], pair[1]


def parameter_direction(C: CostFunction, name: str, place: Any) -> Direction:
    """The axis of one parameter, whose values are the parameter's own."""
    parameter = find_parameter(C.network, name, place)
    row = np.zeros_like(C.here)
    C.arrays(row)[name][parameter.place] = 1
    return Direction(str(parameter), row, here=float(C.arrays(C.here)[name][parameter.place]), reach=None)
