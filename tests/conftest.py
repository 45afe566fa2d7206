"""For all tests: no warning where the engine is missing, a fair share of the machine, tables in part."""

from __future__ import annotations

import os
from collections import Counter

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is loaded: there is a process per processor already
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from glassnet.engine import native

if native.missing():
    os.environ["PYTHONWARNINGS"] = (
        "ignore:running on the textbook engine"  # in the processes that tests start
    )

QUICK_SHARE = 8  # of the cases of a test marked `table`, one in so many is not slow


def pytest_collection_modifyitems(items):
    """Of the tables that take long as a whole, most cases are slow; the others are spread evenly."""
    cases: Counter[str] = Counter()
    for item in items:
        if item.get_closest_marker("table"):
            name = item.nodeid.partition("[")[0]
            if cases[name] % QUICK_SHARE:
                item.add_marker(pytest.mark.slow)
            cases[name] += 1
