"""A known clock, which the tests of training share."""

from __future__ import annotations

import pytest

from glassnet.training import trainer as training


class Clock:
    """One second passes with each look at it: every mini-batch takes a second."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(training, "perf_counter", Clock())
