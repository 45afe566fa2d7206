"""Softmax layers explained: the twin of `layers/softmax.py`."""

from __future__ import annotations

from glassnet.document import symbol
from glassnet.explanation.layers.page import Page
from glassnet.explanation.letters import times
from glassnet.layers import Softmax


class SoftmaxPage(Page[Softmax]):
    """Its z are the activations before it, and its activation mixes them."""

    def formula(self) -> str:
        return f"{symbol('a', self.number)} = softmax({symbol('a', self.number - 1)})"

    def shapes(self) -> str:
        n = times(self.cache.z.shape[1:])
        return f"({n}) = softmax(({n}))"
