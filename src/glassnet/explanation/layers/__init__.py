"""One page of explanation for each kind of layer: its formula, its shapes, its words, its connections."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Parameters
from glassnet.errors import GlassnetError
from glassnet.explanation.layers.conv import ConvPage
from glassnet.explanation.layers.dense import DensePage
from glassnet.explanation.layers.dropout import DropoutPage
from glassnet.explanation.layers.flatten import FlattenPage
from glassnet.explanation.layers.page import OUTSIDE, Connections, Page, WeightedPage
from glassnet.explanation.layers.pool import AveragePoolPage, MaxPoolPage
from glassnet.explanation.layers.softmax import SoftmaxPage
from glassnet.layers import AveragePool, Cache, Conv, Dense, Dropout, Flatten, Layer, MaxPool, Softmax

PAGES: dict[str, type[Page[Any]]] = {
    Dense.kind: DensePage,
    Conv.kind: ConvPage,
    MaxPool.kind: MaxPoolPage,
    AveragePool.kind: AveragePoolPage,
    Flatten.kind: FlattenPage,
    Dropout.kind: DropoutPage,
    Softmax.kind: SoftmaxPage,
}


def page_type(layer: Layer, number: int) -> type[Page[Any]]:
    """The class of a layer's page; `number` is the layer's, for the error.

    Raises:
        GlassnetError: its kind has no page.
    """
    if layer.kind not in PAGES:
        raise GlassnetError(f"layer {number} ({layer.kind}) has no page of explanation yet")
    return PAGES[layer.kind]


def page_of(layer: Layer, number: int, params: Parameters, cache: Cache) -> Page[Any]:
    """The page of a layer with what it worked with, saw and made. Raises what `page_type` raises."""
    return page_type(layer, number)(layer, number, params, cache)


def crossed_kinks(layer: Layer, cache: Cache, changes: int) -> NDArray[np.bool_]:
    """For which changes a kink of a layer lies between the two sides, shape (changes,).

    The rows of the cache are (changes · 2 · batch): upwards and downwards in turn. Of a kind without a
    page, these are the kinks of its activation.
    """
    return PAGES.get(layer.kind, Page).crossed_kinks(layer, cache, changes)


__all__ = [
    "OUTSIDE",
    "PAGES",
    "AveragePoolPage",
    "Connections",
    "ConvPage",
    "DensePage",
    "DropoutPage",
    "FlattenPage",
    "MaxPoolPage",
    "Page",
    "SoftmaxPage",
    "WeightedPage",
    "crossed_kinks",
    "page_of",
    "page_type",
]
