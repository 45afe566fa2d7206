"""Data, a split or a single image by name: `mnist`, `mnist:test`, `mnist:test:17`."""

from __future__ import annotations

from typing import NamedTuple

from glassnet.data.dataset import Dataset
from glassnet.data.sources import load
from glassnet.errors import GlassnetError, unknown_name


class Reference(NamedTuple):
    """What a name stands for; the parts that it doesn't name are None."""

    dataset: Dataset
    split: str | None
    place: int | None


def resolve(text: str) -> Reference:
    """The data that `text` names.

    Raises:
        GlassnetError: no such data, split or image.

    >>> resolve("digits:test:17").place
    17
    """
    name, *rest = text.split(":")
    dataset = load(name)
    if not rest:
        return Reference(dataset, None, None)
    split, *index = rest
    if split not in dataset.splits:
        raise unknown_name("split", split, dataset.splits)
    if not index:
        return Reference(dataset, split, None)
    count = len(dataset.splits[split])
    if len(index) > 1 or not index[0].isdecimal() or len(index[0]) > 12 or int(index[0]) >= count:
        raise GlassnetError(
            f"{text!r}: {name}:{split} has the images 0 to {count - 1}, as in {name}:{split}:0"
        )
    return Reference(dataset, split, int(index[0]))
