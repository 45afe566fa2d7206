"""The IDX format: written out by hand here, byte for byte."""

from __future__ import annotations

import gzip
import re
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.data.idx import parse_idx, read_idx, write_idx
from glassnet.errors import GlassnetError

# Two images of 2×3: magic 00 00 08 03, sizes 2, 2, 3, then twelve pixels.
IMAGES = bytes.fromhex("00000803 00000002 00000002 00000003") + bytes(range(10, 22))
TYPES = [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
def test_content_tells_whether_it_is_zipped(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(IMAGES))
    array = read_idx(path)
    assert array.tolist() == [[[10, 11, 12], [13, 14, 15]], [[16, 17, 18], [19, 20, 21]]]
    assert array.dtype == np.uint8
    assert not array.flags.writeable


def test_gzip_in_several_members_is_one_file():
    zipped = gzip.compress(IMAGES[:9]) + gzip.compress(IMAGES[9:])
    assert parse_idx(zipped, "here").shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("code", "letter", "dtype"),
    [
        (0x09, "b", np.int8),
        (0x0B, "h", np.int16),
        (0x0C, "i", np.int32),
        (0x0D, "f", np.float32),
        (0x0E, "d", np.float64),
    ],
)
def test_numbers_are_big_endian_in_the_file_and_native_in_memory(code, letter, dtype):
    numbers = [1, -2, 100]
    array = parse_idx(bytes([0, 0, code, 1, 0, 0, 0, 3]) + struct.pack(f">3{letter}", *numbers), "here")
    assert array.tolist() == numbers
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative


def test_bytes_are_a_view():
    assert np.shares_memory(parse_idx(IMAGES, "here"), np.frombuffer(IMAGES, dtype=np.uint8))


def test_written_bytes(tmp_path):
    write_idx(tmp_path / "images", np.arange(10, 22, dtype=np.uint8).reshape(2, 2, 3))
    assert (tmp_path / "images").read_bytes() == IMAGES


def test_a_gz_name_zips_the_same_bytes_every_time(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.frombuffer(IMAGES[16:], dtype=np.uint8).reshape(2, 2, 3))
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == IMAGES
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@given(
    array=st.sampled_from(TYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    ),
    order=st.sampled_from(["<", ">"]),
    suffix=st.sampled_from(["", ".gz"]),
)
def test_round_trip(tmp_path_factory, array, order, suffix):
    path = tmp_path_factory.getbasetemp() / f"array{suffix}"
    write_idx(path, array.astype(array.dtype.newbyteorder(order)))
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()  # bits, so that NaN equals itself


BAD = {
    "empty": (b"", "it is empty: get it again"),
    "three bytes": (b"\0\0\x08", "it is cut off within its header: it has only 3 bytes"),
    "header cut off": (IMAGES[:15], "it is cut off within its header: it has only 15 bytes"),
    "a byte short": (IMAGES[:-1], "it is cut off: its header promises 28 bytes, and it has 27"),
    "a byte too many": (IMAGES + b"!", "it has more than the 28 bytes that its header promises"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "it isn't an IDX file: it begins with 89 50 4e 47"),
    "an unknown type": (b"\0\0\x0a" + IMAGES[3:], "it isn't an IDX file: it begins with 00 00 0a 03"),
    "no dimensions": (b"\0\0\x08\0", "it isn't an IDX file"),
    "255 dimensions": (b"\0\0\x08\xff" + b"\1" * 1020, "it isn't an IDX file"),
    "absurd sizes": (
        IMAGES[:4] + b"\xff" * 12,
        "it is cut off: its header promises 79228162458924105385300197391",
    ),
    "an impossible shape": (
        IMAGES[:3] + b"\x05" + b"\0" * 4 + b"\xff" * 16,
        "it has an array of the impossible shape",
    ),
    "gzip cut off": (gzip.compress(IMAGES)[:-9], "it is cut off: its gzip data have no end"),
    "gzip header alone": (gzip.compress(IMAGES)[:5], "it is cut off: its gzip data have no end"),
    "gzip of too little": (
        gzip.compress(IMAGES[:-1]),
        "it is cut off: its header promises 28 bytes, and it has 27",
    ),
    "gzip of too much": (gzip.compress(IMAGES + b"!"), "it has more than the 28 bytes"),
    "gzip of nothing": (gzip.compress(b""), "it is cut off within its header: it has only 0 bytes"),
    "gzip with a wrong checksum": (
        gzip.compress(IMAGES)[:-8] + b"\0\0\0\0" + gzip.compress(IMAGES)[-4:],
        "it is damaged: its gzip data are wrong (CRC check failed",
    ),
    "gzip with wrong codes": (
        gzip.compress(IMAGES)[:10] + b"\xff" * 20,
        "it is damaged: its gzip data are wrong",
    ),
}


@pytest.mark.parametrize(("data", "sentence"), BAD.values(), ids=BAD)
def test_bad_files(data, sentence):
    with pytest.raises(GlassnetError, match=f"^{re.escape(sentence)}"):
        parse_idx(data, "it")


def test_a_small_file_that_unzips_to_a_huge_one_takes_no_memory():
    bomb = gzip.compress(IMAGES + bytes(200_000_000), compresslevel=1)
    tracemalloc.start()
    try:
        with pytest.raises(GlassnetError, match="more than the 28 bytes"):
            parse_idx(bomb, "it")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(GlassnetError, match=r"^can't read .*nowhere: No such file"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(GlassnetError, match=r"^can't read "):  # a folder: every system has its own reason
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros(3, dtype=np.int64), "IDX files can't hold int64: convert to uint8, int8, int16"),
        (np.zeros(3, dtype=complex), "IDX files can't hold complex128"),
        (np.uint8(3) * np.ones((), dtype=np.uint8), "IDX files can't hold an array of shape ()"),
        (np.zeros((0, 2**32), dtype=np.uint8), "IDX files can't hold an array of shape (0, 4294967296)"),
    ],
)
def test_what_idx_cannot_hold(tmp_path, array, sentence):
    with pytest.raises(GlassnetError, match=f"^{re.escape(sentence)}"):
        write_idx(tmp_path / "array", array)
    assert not list(tmp_path.iterdir())
