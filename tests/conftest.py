"""For all tests: no warning where the engine is missing, a fair share of the machine, tables in part."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import lru_cache
from zlib import crc32

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is loaded: there is a process per processor already
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.pop("COLUMNS", None)  # xdist's; what commands print would be narrower than in a pipe

from glassnet.engine import native
from glassnet.rng import Stream

if native.missing():
    os.environ["PYTHONWARNINGS"] = (
        "ignore:running on the textbook engine"  # in the processes that tests start
    )

# What several modules of tests import; its assertions say as much as theirs.
pytest.register_assert_rewrite("tests.layers.built", "tests.storage.made", "tests.training.noise")

STRIDE = 11  # one case in so many is quick; a prime, so that engines, dtypes and costs take turns


def pytest_collection_modifyitems(items):
    """Of tests marked `table`, most cases are slow; where the quick ones begin depends on the test's name."""
    tables = defaultdict(list)
    for item in items:
        if item.get_closest_marker("table"):
            tables[item.nodeid.partition("[")[0]].append(item)
    for name, cases in tables.items():
        stride = min(STRIDE, len(cases))
        for place, item in enumerate(cases):
            if (place + crc32(name.encode())) % stride:
                item.add_marker(pytest.mark.slow)


normal = Stream.normal


@lru_cache(maxsize=512)
def normal_once(stream, shape):
    numbers = normal(stream, shape)
    numbers.flags.writeable = False  # all get the same
    return numbers


@pytest.fixture
def drawn_once(monkeypatch):
    """Tables draw the same parameters for network after network: those of a stream, just once."""
    monkeypatch.setattr(Stream, "normal", normal_once)
