"""Arrays and one JSON object in a .safetensors file, and a strict look at a file before it is believed.

The format is eight bytes with the header's length (little-endian), a JSON header that gives each
array's dtype, shape and place, then the arrays one after another. Its only free text is the
header's `__metadata__`; ours holds one string, JSON, under the key "glassnet". In it stands a
SHA-256 of everything that was saved, so that a flipped bit doesn't pass for a weight.
"""

from __future__ import annotations

import json
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.arrays import Parameters
from glassnet.errors import GlassnetError
from glassnet.files import read_bytes, write_atomically

ITEMSIZES = {"F32": 4, "F64": 8}  # bytes of a float32, a float64
LARGEST_HEADER = 10_000_000  # bytes


def write_tensors(path: str | Path, arrays: Parameters, information: dict[str, Any]) -> None:
    """Save named float arrays and an object that JSON can hold; the same content gives the same bytes."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    try:
        text = _text(information | {"sha256": _digest(contiguous, information)})
        data = save(contiguous, metadata={"glassnet": text})
    except (TypeError, ValueError) as error:  # NaN, a NumPy number, half a character
        raise GlassnetError(
            f"can't write {path}: JSON can't hold what goes with the arrays: {error}"
        ) from error
    write_atomically(path, data)


def read_tensors(path: str | Path) -> tuple[Parameters, dict[str, Any]]:
    """What `write_tensors` saved.

    Raises:
        GlassnetError: the file is not one of ours, or is damaged; says where.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_bytes(path)
    try:
        information = _check(data)
        arrays = load(data)
        digest = information.pop("sha256", None)  # another program may have left it out
        if digest is not None and digest != _digest(arrays, information):
            raise GlassnetError("its content is not what was saved (the SHA-256 differs)")
        return arrays, information
    except (ValueError, SafetensorError) as error:  # a GlassnetError is a ValueError; 1e999 is another
        raise GlassnetError(
            f"{path} is not a whole glassnet file: {error}; use one that glassnet saved"
        ) from error


def _text(information: dict[str, Any]) -> str:
    return json.dumps(information, ensure_ascii=False, allow_nan=False, sort_keys=True, default=float)


def _digest(arrays: Parameters, information: dict[str, Any]) -> str:
    """SHA-256 of the information and of every array's name, dtype, shape and bytes."""
    digest = sha256(_text(information).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _check(data: bytes) -> dict[str, Any]:
    """Every byte of the file accounted for, once; returns our object."""
    if len(data) < 8:
        raise GlassnetError(f"it has {len(data)} bytes")
    length = int.from_bytes(data[:8], "little")
    if length > LARGEST_HEADER:
        raise GlassnetError("it doesn't begin like one")
    if length > len(data) - 8:
        raise GlassnetError(f"its header should have {length:,} bytes, and the file has {len(data):,}")
    header = _json(data[8 : 8 + length], "its header")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get("glassnet"), str):
        raise GlassnetError("its header has no glassnet entry")

    places = []
    for name, entry in header.items():
        try:
            itemsize, shape, (start, end) = ITEMSIZES[entry["dtype"]], entry["shape"], entry["data_offsets"]
            fits = all(type(size) is int and size >= 0 for size in (start, end, *shape))
            fits = fits and end - start == prod(shape) * itemsize
        except (KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise GlassnetError(f"its entry {name!r} is not an array of float32 or float64")
        places.append((start, end, name))
    reached = 0
    for start, end, name in sorted(places):
        if start != reached:
            raise GlassnetError(f"{name!r} starts at byte {start:,} of the data, not at {reached:,}")
        reached = end
    if reached != len(data) - 8 - length:
        raise GlassnetError(f"it should hold {reached:,} bytes of data and holds {len(data) - 8 - length:,}")
    return _json(metadata["glassnet"], "its glassnet entry")


def _no_number(name: str) -> None:
    raise GlassnetError(f"its description holds {name}")  # NaN, Infinity: JSON knows no such words


def _json(data: bytes | str, what: str) -> dict[str, Any]:
    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise GlassnetError(f"{what} names something twice")
        return dict(pairs)

    try:
        value = json.loads(data, object_pairs_hook=without_duplicates, parse_constant=_no_number)
    except GlassnetError:
        raise
    except (ValueError, RecursionError) as error:  # also numbers of too many digits
        raise GlassnetError(f"{what} is not JSON") from error
    if not isinstance(value, dict):
        raise GlassnetError(f"{what} is not a JSON object")
    return value
