"""What shows itself: in Python's prompt as text, in a notebook as HTML."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from glassnet.document.blocks import Block
from glassnet.document.html import fragment
from glassnet.document.terminal import as_text


class Shown(ABC):
    """A dataclass (with `repr=False`) that says what it holds in blocks."""

    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """What there is to see, in the order of reading."""

    def __repr__(self) -> str:
        return as_text(self.blocks())

    def _repr_html_(self) -> str:
        return fragment(self.blocks())
