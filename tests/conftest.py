"""For all tests: no warning where the native engine can't run, and a fair share for each process."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy is loaded: there is a process per processor already
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from glassnet.engine import native

if native.missing():
    os.environ["PYTHONWARNINGS"] = (
        "ignore:running on the textbook engine"  # in the processes that tests start
    )
