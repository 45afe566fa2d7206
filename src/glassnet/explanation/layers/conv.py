"""Convolutional layers explained: the twin of `layers/conv.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Shape
from glassnet.document import Equation, symbol
from glassnet.explanation.layers.page import OUTSIDE, Connections, WeightedPage
from glassnet.explanation.layers.window import at_each_place
from glassnet.explanation.letters import sigma, times
from glassnet.layers import Conv

Whole = NDArray[np.int64]


class ConvPage(WeightedPage[Conv]):
    """A filter at a place hears the patch there; its weights are the same at all places."""

    unit = "filter"
    hears = "every activation under its filter, times its weight"
    views = ("feature_maps", "filter", "shared_weight")

    @property
    def subject(self) -> str:
        return "filters and feature maps"

    @property
    def a_map(self) -> str:
        return "each the same filter at every place of the image"

    def formula(self) -> str:
        at_p, patch = symbol("a", self.number, "p"), symbol("patch", self.number - 1, "p")
        W, b = symbol("W", self.number), symbol("b", self.number)
        return f"{at_p} = {sigma(self.own.activation)}({W} · {patch} + {b})"

    def shapes(self) -> str:
        filters, patch = self.own.filters, self.params["weight"][0].size
        return f"({filters}) = {sigma(self.own.activation)}( ({filters}×{patch}) · ({patch}) + ({filters}) )"

    def in_words(self) -> list[str]:
        own, before, after = self.own, self.cache.x.shape[1:], self.cache.z.shape[1:]
        words = [
            at_each_place(own, after),
            f"a patch is {before[0]}×{own.size}×{own.size} numbers of the ({times(before)}) before, and "
            f"all places together make ({times(after)}), with the same weights",
        ]
        if own.padding:
            words.append(f"with zeros around the image, {own.padding} on each side")
        return words

    def incoming(self, j: int) -> Connections:
        o, down, across = self.position(j)
        weight = self.params["weight"][o]  # (channels, size, size)
        c, i, k = np.indices(weight.shape)
        met = self._met(c, i, k, down, across)
        inside = met != OUTSIDE
        learned = np.column_stack([np.full(inside.sum(), o), np.argwhere(inside)])
        return Connections(met[inside], weight[inside], learned, float(self.params["bias"][o]))

    def outgoing(self, k: int) -> Connections:
        own = self.own
        c, row, column = np.unravel_index(k, self.cache.x.shape[1:])
        filters, down, across = self.cache.z.shape[1:]
        o, i, j = np.indices((filters, own.size, own.size))
        y, y_rest = np.divmod(row + own.padding - i, own.stride)
        x, x_rest = np.divmod(column + own.padding - j, own.stride)
        inside = (y_rest == 0) & (x_rest == 0) & (y >= 0) & (y < down) & (x >= 0) & (x < across)
        places = ((o * down + y) * across + x)[inside]
        learned = np.column_stack([o[inside], np.full(len(places), c), i[inside], j[inside]])
        return Connections(places, self.params["weight"][:, c][inside], learned)

    def met(self, place: tuple[int, ...]) -> Whole:
        down, across = np.indices(self.cache.z.shape[2:])
        _, c, i, j = place
        return self._met(c, i, j, down, across)

    def _met(self, c: Any, i: Any, j: Any, down: Any, across: Any) -> Whole:
        """The input under the weight of channel c in row i, column j, where the filter stands at a place."""
        _, height, width = self.cache.x.shape[1:]
        row = down * self.own.stride + i - self.own.padding
        column = across * self.own.stride + j - self.own.padding
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        return np.where(inside, (c * height + row) * width + column, OUTSIDE)

    def sum_of(self, j: int) -> Equation:
        channels, size, _ = self.params["weight"].shape[1:]
        seen, weights = len(self.incoming(j).places), channels * size * size
        words = (
            f"the sum over the patch that filter {self.position(j)[0]} sees here, "
            f"{times((channels, size, size))} of {self.cache.x[0].size:,} numbers"
        )
        if seen < weights:
            words += f"; {weights - seen} of its weights stand over the padding and add 0"
        return Equation(super().sum_of(j).formula, words)

    def leads(self, place: tuple[int, ...]) -> str:
        o, c, row, column = place
        source = f"channel {c} of layer {self.number - 1}" if self.number > 1 else f"channel {c} of the image"
        return f"to filter {o} of layer {self.number} from {source}, row {row}, column {column} of its window"

    @classmethod
    def weight_ranges(cls, number: int, shape: Shape) -> str:
        o, c, i, j = (f"0 to {size - 1}" for size in shape)
        return (
            f"{number}.weight[o, c, i, j] leads to filter o, {o}, from channel c, {c}, "
            f"row i, {i}, column j, {j}"
        )

    def weight_into(self, o: int) -> str:
        return symbol("w", self.number, o, "k")

    def weight_back(self, k: int) -> str:
        return symbol("w", self.number, "j")

    def words_back(self, lines: int) -> str:
        return (
            f"the sum over the neurons j of layer {self.number} in whose patch it stands, {lines:,} of "
            f"{self.cache.z[0].size:,}, each by the weight that it meets there"
        )

    def shared(self, place: tuple[int, ...]) -> str:
        _, _, down, across = self.cache.z.shape
        return (
            f"filter {place[0]} stands at {down}×{across} = {down * across:,} places of the image, and at "
            "each of them with this same number"
        )

    def met_letter(self, place: tuple[int, ...]) -> str:
        _, c, i, j = place
        stride, p = self.own.stride if self.own.stride > 1 else "", self.own.padding
        row, column = (f"{stride}{at}{index - p:+d}".removesuffix("+0") for at, index in (("r", i), ("s", j)))
        return symbol("a", self.number - 1, c, row, column)
