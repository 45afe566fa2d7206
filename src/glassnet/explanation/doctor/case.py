"""A network and its data, and the passes that several examinations ask for, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import gcd

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array
from glassnet.chunks import at_a_time
from glassnet.costs import Cost
from glassnet.data import Dataset, Split
from glassnet.explanation.doctor.findings import NotExaminedError
from glassnet.explanation.layers import PAGES, Page
from glassnet.layers import Cache, Layer
from glassnet.network import Gradient, Network
from glassnet.training import Evaluation, Recipe, Record, evaluate

GOLDEN = 0.6180339887498949  # its multiples, modulo 1, fall evenly and with no period
SAMPLE = 1000  # training images that are looked at neuron by neuron; shares are good to a few per cent
# Fewer, where they make more activations than this: conv layers have many places an image, which say as much.
NUMBERS = 2**23


class Case:
    """What there is to examine. The test split is never looked at."""

    def __init__(
        self, network: Network, data: Dataset, cost: Cost, recipe: Recipe | None, history: Sequence[Record]
    ) -> None:
        self.network, self.data, self.cost, self.recipe, self.history = network, data, cost, recipe, history
        self.engine = "native" if recipe is None else recipe.engine
        count = at_a_time(network.activation_count, most=SAMPLE, room=NUMBERS)
        self.places = spread(len(data.training), count)
        self.sample = data.training[self.places]

    @cached_property
    def x(self) -> Array:
        """The sample as the network sees it, (images, *input_shape)."""
        return self.network.inputs(self.sample.images)

    @cached_property
    def gradient(self) -> Gradient:
        """∇C over the sample, with every z, a and δ on the way."""
        self.need_finite_parameters()
        gradient = self.network.gradient(self.x, self.sample.labels, self.cost)
        if not all(np.isfinite(layer.dC_dz).all() for layer in gradient.layers):
            raise NotExaminedError("the gradient is not finite")
        return gradient

    @property
    def depth(self) -> int:
        """L, the number of the last layer."""
        return len(self.network.layers)

    @property
    def layers(self) -> list[tuple[int, Layer, Cache, Array]]:
        """Every layer that has weights: its number 1 … L, itself, its cache, and each image's δ."""
        gradient, m = self.gradient, len(self.sample)
        together = zip(self.network.layers, gradient.caches, gradient.layers, strict=True)
        return [
            (number, layer, cache, m * back.dC_dz)  # without the 1/m of the mean
            for number, (layer, cache, back) in enumerate(together, 1)
            if back.parameters
        ]

    @cached_property
    def training(self) -> Evaluation:
        """What the network answers to the whole training split."""
        self.need_finite_parameters()
        return self.evaluate(self.network, self.data.training)

    @property
    def judge(self) -> str:
        """The name of the split to judge by: validation, or training where there is none."""
        return "validation" if len(self.data.validation) else "training"

    @cached_property
    def judged(self) -> Evaluation:
        """What the network answers to that split."""
        self.need_finite_parameters()
        if self.judge == "training":
            return self.training
        return self.evaluate(self.network, self.data.validation)

    def evaluate(self, network: Network, split: Split) -> Evaluation:
        """Any network's answers, by this case's cost and engine."""
        return evaluate(network, split, self.cost.name, self.engine)

    def need_finite_parameters(self) -> None:
        """Refuse to compute with NaN."""
        if not all(np.isfinite(array).all() for array in self.network.parameters.values()):
            raise NotExaminedError("the parameters are not finite")


def by_unit(values: Array) -> Array:
    """What a layer has of every image: (images, neurons, 1) or, of filters, (images, filters, places).

    All places of a filter share its weights, so it lives or dies as a whole.

    >>> by_unit(np.zeros((7, 20, 24, 24))).shape
    (7, 20, 576)
    """
    return values.reshape(*values.shape[:2], -1)


def units(layer: Layer) -> str:
    """What they are called."""
    return f"{PAGES.get(layer.kind, Page).unit}s"


def spread(n: int, count: int) -> NDArray[np.int64]:
    """`count` places of n (all, if there are fewer), spread evenly but in no period that classes may have.

    >>> spread(100, 5)
    array([ 0, 22, 44, 61, 83])
    """
    stride = int(GOLDEN * n) | 1
    while gcd(stride, n) > 1:  # else some places come twice
        stride += 1
    return np.sort(np.arange(min(n, count)) * stride % n)
