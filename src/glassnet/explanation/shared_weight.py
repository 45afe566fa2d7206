"""A shared weight: the same number at many places of the image, and what each place adds to ∂C₀/∂w."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glassnet.arrays import Array
from glassnet.document import Block, Equation, HeatMap, Shown, largest, number, partial, symbol
from glassnet.explanation.layers import ConvPage
from glassnet.explanation.parameter import Parameter
from glassnet.explanation.trace import Trace
from glassnet.layers import Cache, Conv


@dataclass(frozen=True, repr=False, eq=False)
class SharedWeight(Shown):
    """One weight of a filter: a map of δ times the input that it met, place by place; their sum is ∂C₀/∂w."""

    trace: Trace
    layer: int
    place: tuple[int, int, int, int]  # filter, channel, row and column in the filter
    page: ConvPage

    @property
    def own(self) -> Conv:
        """The layer."""
        return self.page.own

    @property
    def letter(self) -> str:
        """Such as w₃,₀,₂,₁⁽¹⁾."""
        return Parameter(f"{self.layer}.weight", self.place).letter

    @cached_property
    def delta(self) -> Array:
        """δ of the filter at every place, shape (down, across)."""
        maps = self.trace.delta_passed_back(self.layer).reshape(self._cache.z.shape[1:])
        return maps[self.place[0]]

    @cached_property
    def met(self) -> Array:
        """The activation that the weight met at every place, shape (down, across)."""
        return self._by_place(np.ones_like(self._cache.z))

    @cached_property
    def products(self) -> Array:
        """δ · a at every place, shape (down, across)."""
        return self._by_place(self.trace.delta_passed_back(self.layer).reshape(self._cache.z.shape))

    @property
    def total(self) -> float:
        """Their sum, ∂C₀/∂w."""
        with np.errstate(all="ignore"):
            return float(self.products.sum())

    @property
    def before(self) -> Array:
        """What the filter looks at: the channel of the layer before, shape (height, width)."""
        return self._cache.x[0, self.place[1]]

    def blocks(self) -> Sequence[Block]:
        layer, o = self.layer, self.place[0]
        down, across = self.products.shape
        slope, total = partial("C₀", self.letter), number(self.total)
        product = f"{symbol('δ', layer, o, 'r', 's')} · {self.page.met_letter(self.place)}"
        most = number(largest(self.products))
        return [
            Equation(
                f"{slope} = Σᵣ,ₛ {product} = {total}",
                f"the sum over all {down}×{across} = {self.products.size:,} places `r, s` of the filter: its "
                "δ there, times what this one weight meets there",
            ),
            HeatMap(
                self.products,
                f"`{product}` at each place, in ninths of the largest, {most}; together they are {total}",
            ),
        ]

    @property
    def _cache(self) -> Cache:
        return self.trace.chain.caches[self.layer - 1]

    def _by_place(self, dC_dz: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(self.page.by_place(dC_dz, "weight", self.place)[0])


def shared_weight(trace: Trace, layer: int, *place: int) -> SharedWeight:
    """The weight of a conv layer to filter o from row i, column j of channel c; place is (o, c, i, j).

    Raises:
        GlassnetError: the layer shares no weights, or has no such place.
    """
    page = trace.page_with("shared_weight", layer, "shares no weights")
    o, c, i, j = trace.place_of(layer, "weight", *place)
    return SharedWeight(trace, layer, (o, c, i, j), page)
