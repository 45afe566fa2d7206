"""ln, cos, sin and powers against Python's math and fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from glassnet import exact

# (place among the uniforms, in units of 2⁻³²): the ends, the middle, and the quarter turns.
EDGES = [0, 1, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 3 * 2**30, 2**32 - 2, 2**32 - 1]
PLACES = [*EDGES, *(int(k) for k in np.linspace(3, 2**32 - 3, 5000))]
UNIFORMS = np.array([(k + 0.5) / 2**32 for k in PLACES])


def ulps(found, expected):
    return np.max(np.abs(found - expected) / np.spacing(np.abs(expected)))


def test_ln_is_good_to_two_units_in_the_last_place():
    assert ulps(exact.ln(UNIFORMS), np.array([math.log(u) for u in UNIFORMS])) <= 2


def test_cos_and_sin_of_a_turn_are_good_to_two_units_in_the_last_place():
    def true(u):
        # 2πu is not exact in floats, so the nearest quarter turn is taken off in fractions first
        quarters = Fraction(float(u)) * 4
        quarter = math.floor(quarters + Fraction(1, 2))
        x = float(quarters - quarter) * (math.pi / 2)
        c, s = math.cos(x), math.sin(x)
        return [(c, s), (-s, c), (-c, -s), (s, -c)][quarter % 4]

    cos, sin = exact.cos_sin_of_turn(UNIFORMS)
    expected = np.array([true(u) for u in UNIFORMS])
    assert ulps(cos, expected[:, 0]) <= 2
    assert ulps(sin, expected[:, 1]) <= 2


@pytest.mark.parametrize("base", [0.5, 0.9, 0.999, 1 - 2**-53, 0.1, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 64, 1000, 469 * 60])
def test_a_power_is_good_to_as_many_roundings_as_it_takes(base, exponent):
    """Squaring doubles a relative error, so in all it is some `exponent` roundings at most, of 2⁻⁵³ each."""
    true = Fraction(base) ** exponent
    if Fraction(2) ** -1022 <= true < Fraction(2) ** 1023:
        assert abs(Fraction(exact.power(base, exponent)) / true - 1) <= Fraction(exponent + 1, 2**53)
    else:
        assert exact.power(base, exponent) == (
            math.inf if true > 1 else pytest.approx(float(true), abs=1e-300)
        )


def test_powers_of_two_are_exact():
    assert [exact.power(0.5, k) for k in range(8)] == [2.0**-k for k in range(8)]
