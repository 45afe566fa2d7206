"""Where the native engine can't run, its warning is no part of what other tests look for."""

from __future__ import annotations

import os

from glassnet.engine import native

if native.missing():
    os.environ["PYTHONWARNINGS"] = (
        "ignore:running on the textbook engine"  # in the processes that tests start
    )
