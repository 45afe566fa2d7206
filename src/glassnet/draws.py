"""Dropout's random masks for a training step, one per layer, from the generator's words."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Shape
from glassnet.errors import GlassnetError
from glassnet.layers import Dropout, Layer
from glassnet.rng import Purpose, check_seed, words

LATEST = 2**32  # epochs and places of a draw lie below: so many has the generator's counter


class Draw(NamedTuple):
    """What the random numbers of a training step depend on: which examples are met, and when.

    >>> from glassnet.network import Network
    >>> network = Network("4-dropout0.5-2", seed=0)
    >>> network.in_training(Draw(seed=0, epoch=1, places=np.array([17])))[0]["mask"]
    array([[2., 0., 0., 2.]], dtype=float32)
    """

    seed: int
    epoch: int  # from 1
    places: NDArray[np.int64]  # (batch,): of the examples among all training examples


def masks(
    layers: Sequence[Layer], outputs: Sequence[Shape], draw: Draw, dtype: np.dtype[Any]
) -> dict[int, Array]:
    """Each dropout layer's mask (batch, …), by the layer's place in the network.

    An example's random words are shared out among the dropout layers in their order. They depend on
    seed, epoch and example alone: not on the mini-batch in which it is met.
    """
    dropping = [(i, layer, outputs[i]) for i, layer in enumerate(layers) if isinstance(layer, Dropout)]
    if not dropping:
        return {}
    ends = np.cumsum([prod(output) for _, _, output in dropping])
    drawn = words(draw.seed, Purpose.DROPOUT, draw.epoch, draw.places, int(ends[-1]))  # (batch, …)
    return {
        i: layer.mask(own, dtype).reshape(len(own), *output)
        for (i, layer, output), own in zip(dropping, np.split(drawn, ends[:-1], axis=1), strict=True)
    }


def check_draw(draw: Draw, rows: int) -> Draw:
    """The draw itself, its places as int64, if it is one of so many examples.

    >>> check_draw(Draw(seed=0, epoch=1, places=np.array(17)), rows=1).places
    array([17])
    """
    if isinstance(draw, Draw):
        places = np.ravel(draw.places)
        whole = np.issubdtype(places.dtype, np.integer) and isinstance(draw.epoch, int | np.integer)
        counted = whole and 1 <= draw.epoch < LATEST and bool(((places >= 0) & (places < LATEST)).all())
        if counted and len(places) == rows:
            return Draw(check_seed(draw.seed), int(draw.epoch), places.astype(np.int64))
    raise GlassnetError(
        f"draw is {draw!r}: give a seed, an epoch from 1 and the place of each of the {rows} examples "
        "among the training examples, as in Draw(0, 1, np.array([17]))"
    )
