"""What would not fit into memory is refused before it is tried, with both numbers."""

from __future__ import annotations

import os

import pytest

from glassnet import memory
from glassnet.errors import GlassnetError


def test_more_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 4 * 10**9)
    memory.check_room(4 * 10**9, "it", "no")
    with pytest.raises(
        GlassnetError, match=r"^it would take about 5\.12 GB of memory, and 4\.00 GB are free: buy some$"
    ):
        memory.check_room(5_120_000_000, "it", "buy some")


def test_where_nobody_knows_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.check_room(10**30, "it", "no")


def test_little_is_never_asked_for(monkeypatch):
    def asked():
        raise AssertionError("asked")

    monkeypatch.setattr(memory, "available", asked)
    memory.check_room(memory.NEVER_ASKED, "it", "no")


def test_there_is_some_and_no_more_than_the_machine_has():
    free = memory.available()
    assert free is None or 2**20 < free
    if hasattr(os, "sysconf"):
        assert free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (52_008, "52.0 kB"),
        (999_999, "999 kB"),
        (3_180_000_040, "3.18 GB"),
        (159_360_944_040, "159 GB"),
        (2 * 10**15, "2,000 TB"),
    ],
)
def test_bytes_in_words(count, text):
    assert memory.in_bytes(count) == text


def test_no_count_of_bytes_is_too_large():
    assert memory.in_bytes(10**400).endswith("000 TB")
