"""Networks as tables, a layer each, as TOML has them; they are turned into the text.

    [[layers]]
    kind = "conv"
    filters = 20
    size = 5
    activation = "relu"

The kinds and their settings are the layers' own. A first table `kind = "input"` may give the
`shape` of what goes in, [784] or [3, 32, 32].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from math import prod
from typing import Any

from glassnet.errors import GlassnetError, unknown_name
from glassnet.layers.kinds import LAYERS
from glassnet.layers.text import IMAGE, LARGEST_SIZE, format_layer

INPUT = "input"


def tables_as_text(tables: Sequence[Any]) -> str:
    """The text of layers that are given as tables.

    Raises:
        GlassnetError: no tables, an unknown kind or setting, or a value that makes no sense.

    >>> tables_as_text([{"kind": "conv", "filters": 20, "size": 5, "activation": "relu"},
    ...                 {"kind": "max_pool", "size": 2}, {"kind": "dense", "size": 10}])
    'conv20@5:relu pool2 10'
    """
    parts: list[str] = []
    for number, table in enumerate(tables, 1):
        try:
            parts.append(_part(table, first=number == 1))
        except GlassnetError as error:
            raise GlassnetError(f"layers, table {number}: {error}") from error
    if parts and parts[0].isdigit() and tables[0]["kind"] != INPUT:
        parts = [str(prod(IMAGE)), *parts]
    return ("-" if parts and parts[0].isdigit() else " ").join(parts)


def _part(table: Any, first: bool) -> str:
    if not isinstance(table, dict):
        raise GlassnetError(f"{table!r} is no table: give one such as {{kind = 'dense', size = 10}}")
    settings = dict(table)
    kind = settings.pop("kind", None)
    if kind == INPUT and first:
        return _input(settings)
    if not isinstance(kind, str) or kind not in LAYERS:
        if kind is None:
            raise GlassnetError(f"it has no kind: give one of {', '.join(LAYERS)}")
        raise unknown_name("kind of layer", kind, LAYERS)
    known = fields(LAYERS[kind])
    for name in settings:
        if name not in [field.name for field in known]:
            raise unknown_name(f"setting of a {kind} layer", name, [field.name for field in known])
    for field in known:
        if field.default is MISSING and field.name not in settings:
            raise GlassnetError(f"a {kind} layer needs its {field.name}")
    for name, value in settings.items():
        if not isinstance(value, int | float | str):
            raise GlassnetError(f"{name} is {value!r}: give a number or a name")
        if type(value) is int and value > LARGEST_SIZE:
            raise GlassnetError(f"{name} is {value}: give a number up to {LARGEST_SIZE:,}")
    return format_layer(LAYERS[kind](**settings), activation="activation" in settings)


def _input(settings: dict[str, Any]) -> str:
    for name in settings:
        if name != "shape":
            raise unknown_name("setting of the input", name, ["shape"])
    shape = settings.get("shape")
    sizes = shape if isinstance(shape, list | tuple) else []
    if len(sizes) not in (1, 3) or not all(type(size) is int and 1 <= size <= LARGEST_SIZE for size in sizes):
        raise GlassnetError(f"the input's shape is {shape!r}: give [784] or, for images, [1, 28, 28]")
    return "x".join(map(str, sizes))
