"""Many small numbers in one table: the unit, the rounding, and what is no number."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.document import grid, largest


@pytest.mark.parametrize(
    ("values", "cells", "unit"),
    [
        ([1.0, -2.5], ["+1.00", "−2.50"], ""),
        ([0.5], ["+5.00"], " in units of 10⁻¹"),
        ([123.0, 4.0], ["+1.23", "+0.04"], " in units of 10²"),
        ([0.0312, -0.004, 0.0], ["+3.12", "−0.40", "0"], " in units of 10⁻²"),
        ([1.0, 0.004, -0.004], ["+1.00", "0.00", "0.00"], ""),  # too small to be seen, but not 0
        ([0.0, -0.0], ["0", "0"], ""),
        ([inf, -inf, nan, 20.0], ["+∞", "−∞", "NaN", "+2.00"], " in units of 10¹"),
        ([nan], ["NaN"], ""),
        ([1e308, -1e307], ["+1.00", "−0.10"], " in units of 10³⁰⁸"),
        ([1e-300], ["+1.00"], " in units of 10⁻³⁰⁰"),
    ],
)
def test_a_row(values, cells, unit):
    assert grid(np.array([values])) == ([cells], unit)


@pytest.mark.parametrize("value", [5e-324, -5e-324])
def test_the_smallest_number_is_a_number(value):
    ((cell,),), unit = grid(np.array([[value]]))
    assert (cell.strip("+−"), unit) == ("4.94", " in units of 10⁻³²⁴")


def test_rows_and_columns_stay_where_they_are():
    cells, unit = grid(np.array([[1.0, 2], [3, 4], [5, 6]]))
    assert cells == [["+1.00", "+2.00"], ["+3.00", "+4.00"], ["+5.00", "+6.00"]]
    assert unit == ""
    assert grid(np.zeros((0, 3))) == ([], "")


SMALL = st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-9)


@settings(deadline=None)
@given(st.lists(SMALL, min_size=1, max_size=6))
def test_every_cell_is_its_number_in_the_common_unit(values):
    (cells,), unit = grid(np.array([values]))
    power = unit.rpartition("10")[2].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    scale = 10.0 ** int(power or 0)
    for value, cell in zip(values, cells, strict=True):
        shown = float(cell.replace("−", "-")) * scale
        assert shown == pytest.approx(value, abs=0.00501 * scale)
    most = max(map(abs, values))
    assert most == 0 or 0.9999 <= most / scale < 10.0001


@pytest.mark.parametrize(
    ("values", "most"),
    [([1.0, -2.0], 2.0), ([nan, 0.5, inf, -inf], 0.5), ([nan, inf], 0.0), ([], 0.0), ([[0.0], [-0.0]], 0.0)],
)
def test_the_largest_is_the_largest_finite_by_size(values, most):
    assert largest(np.array(values)) == most
