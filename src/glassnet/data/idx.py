"""The IDX format, in which MNIST is published: a short header, then the numbers of one array.

    00 00    type    ndim    size₀ (4 bytes) … sizeₙ₋₁ (4 bytes)    the numbers, row by row

`type` says what one number is, `ndim` how many sizes follow; everything is big-endian.
"""

from __future__ import annotations

import io
import os
import zlib
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.files import read_bytes, write_atomically

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CODES = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
MOST_DIMENSIONS = 64  # NumPy's own limit
LARGEST_SIZE = 2**32 - 1  # what four bytes hold
GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 20


class Header(NamedTuple):
    """What the first bytes of an IDX file say."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def offset(self) -> int:
        """Where the numbers begin."""
        return 4 + 4 * len(self.shape)

    @property
    def size(self) -> int:
        """How many bytes the whole file has, uncompressed."""
        return self.offset + prod(self.shape) * self.dtype.itemsize


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, raw or gzipped (the content tells, not the name).

    Returns:
        A read-only array of the file's shape and type.

    Raises:
        GlassnetError: the file can't be read, or isn't one whole IDX array.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_idx(folder + "/labels", np.array([5, 0, 4], dtype=np.uint8))
    ...     read_idx(folder + "/labels")
    array([5, 0, 4], dtype=uint8)
    """
    return parse_idx(read_bytes(path), os.fspath(path))


def parse_idx(data: bytes, source: str) -> NDArray[Any]:
    """The array in the bytes of an IDX file; `source` names them in errors.

    An array of bytes is a view of `data` (or of what was unpacked), not a copy.

    Raises:
        GlassnetError: `data` isn't one whole IDX array.

    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]), "here")
    array([[7, 8, 9]], dtype=uint8)
    """
    if not data:
        raise GlassnetError(f"{source} is empty: get it again")
    header = _header(unpacked(data, source, at_most=4 + 4 * MOST_DIMENSIONS), source)
    # One byte more than there should be shows that there are too many, however many there are.
    content = unpacked(data, source, at_most=header.size + 1)
    if len(content) < header.size:
        raise GlassnetError(
            f"{source} is cut off: its header promises {header.size} bytes, and it has {len(content)};"
            " get it again"
        )
    if len(content) > header.size:
        raise GlassnetError(
            f"{source} has more than the {header.size} bytes that its header promises: get it again"
        )
    try:
        numbers = np.frombuffer(content, dtype=header.dtype, offset=header.offset).reshape(header.shape)
    except ValueError as error:  # an empty array whose other sizes multiply to more than NumPy can count
        raise GlassnetError(
            f"{source} has an array of the impossible shape {header.shape}: get it again"
        ) from error
    native = numbers.astype(header.dtype.newbyteorder("="), copy=False)  # bytes have no order: no copy
    native.flags.writeable = False
    return native


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as an IDX file: gzipped if the name ends in `.gz`, raw otherwise.

    Args:
        path: Where to; what is there is replaced, in one step.
        array: One dimension or more, of uint8, int8, int16, int32, float32 or float64.

    Raises:
        GlassnetError: IDX has no such type or shape, or the file can't be written.

    >>> write_idx("labels", np.array([True, False]))
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: IDX files can't hold bool: convert to uint8, int8, int16, int32, \
float32 or float64 first
    """
    code = CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        known = [str(dtype) for dtype in CODES]
        raise GlassnetError(
            f"IDX files can't hold {array.dtype}: convert to {', '.join(known[:-1])} or {known[-1]} first"
        )
    if array.ndim == 0 or max(array.shape) > LARGEST_SIZE:
        raise GlassnetError(
            f"IDX files can't hold an array of shape {array.shape}: give 1 to {MOST_DIMENSIONS} dimensions,"
            f" each up to {LARGEST_SIZE}"
        )
    sizes = np.array(array.shape, dtype=">u4").tobytes()
    data = bytes([0, 0, code, array.ndim]) + sizes + array.astype(TYPES[code], copy=False).tobytes()
    if Path(path).suffix == ".gz":
        import gzip

        data = gzip.compress(data, mtime=0)  # without the time, the same array gives the same bytes
    write_atomically(path, data)


def unpacked(data: bytes, source: str, at_most: int) -> bytes:
    """The first `at_most` bytes of `data`, unzipped if it is gzipped; `data` itself if it is not.

    The limit is a promise about memory: a small file may unzip to any number of bytes.

    Raises:
        GlassnetError: `data` begins like gzip and breaks off, or its checksum is wrong.
    """
    if not data.startswith(GZIP_MAGIC):
        return data
    import gzip

    content = io.BytesIO()  # hands out what was written to it without a second copy
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while chunk := file.read(min(CHUNK, at_most - content.tell())):
                content.write(chunk)
    except EOFError as error:
        raise GlassnetError(f"{source} is cut off: its gzip data have no end; get it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise GlassnetError(
            f"{source} is damaged: its gzip data are wrong ({error}); get it again"
        ) from error
    return content.getvalue()


def _header(content: bytes, source: str) -> Header:
    """What `content` begins with, if it begins like an IDX file."""
    if len(content) >= 4:
        zeros, code, ndim = content[:2], content[2], content[3]
        if zeros != b"\0\0" or code not in TYPES or not 1 <= ndim <= MOST_DIMENSIONS:
            raise GlassnetError(
                f"{source} isn't an IDX file: it begins with {content[:4].hex(' ')},"
                " and 00 00 08 01 (labels) or 00 00 08 03 (images) is usual"
            )
        sizes = content[4 : 4 + 4 * ndim]
        if len(sizes) == 4 * ndim:
            return Header(np.dtype(TYPES[code]), tuple(np.frombuffer(sizes, dtype=">u4").tolist()))
    raise GlassnetError(
        f"{source} is cut off within its header: it has only {len(content)} bytes; get it again"
    )
