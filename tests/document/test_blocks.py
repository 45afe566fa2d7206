"""Blocks: names from outside, and which columns are numbers."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.document import Bar, Table, plain


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cat", "cat"),
        ("`cat`", "ʼcatʼ"),
        ("two\nlines\tand   spaces ", "two lines and spaces"),
        ("<b>&</b>", "<b>&</b>"),  # escaped where it becomes a page
        (7, "7"),
        ("", ""),
    ],
)
def test_a_name_from_outside_is_no_formula_and_no_new_line(name, text):
    assert plain(name) == text


@settings(deadline=None)
@given(st.text())
def test_no_name_has_a_backtick_or_a_new_line(name):
    assert "`" not in plain(name)
    assert len(plain(name).splitlines()) <= 1


@pytest.mark.parametrize("name", ["\x1b[31mred", "bell\x07", "back\x08"])
def test_no_name_commands_a_terminal(name):
    assert plain(name).isprintable()


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        ([1.0, -2.5, nan, inf], True),
        (["+3.12", "−0.40", "0", "NaN", "+∞"], True),
        ([1.0, ""], True),  # the cell beside a sum may be empty
        (["", ""], False),
        ([], False),
        ([1.0, "cat"], False),
        (["`a₀`"], False),
        ([Bar(1.0, 2.0)], False),  # it has its own place for the number
    ],
)
def test_a_column_of_numbers(cells, numeric):
    table = Table(("name", "value"), [("x", cell) for cell in cells])
    assert table.is_numeric(1) == numeric
