"""Every initializer: the spread that its source gives, fresh streams, and zeros where it says so."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.initializers import INITIALIZERS, get_initializer
from glassnet.rng import Purpose, Stream

FAN_IN, FAN_OUT = 300, 200

# name: (standard deviation of a weight, its bound, standard deviation of a bias).
SPREAD = {
    "normal": (1.0, np.inf, 1.0),
    "scaled_normal": (1 / sqrt(FAN_IN), np.inf, 1.0),
    # Uniform in ±r has the variance r²/3; r² = 6/(n_in + n_out), so the variance is 2/(n_in + n_out).
    "glorot": (sqrt(2 / (FAN_IN + FAN_OUT)), sqrt(6 / (FAN_IN + FAN_OUT)), 0.0),
    "he": (sqrt(2 / FAN_IN), np.inf, 0.0),
    "zeros": (0.0, 0.0, 0.0),
}


def drawn(name, seed=0):
    rule = INITIALIZERS[name]
    weight = rule.weight(Stream(seed, Purpose.WEIGHTS), (FAN_OUT, FAN_IN), FAN_IN, FAN_OUT)
    return weight, rule.bias(Stream(seed, Purpose.BIASES), (20_000,))


def test_the_table_misses_no_initializer():
    assert set(SPREAD) == set(INITIALIZERS)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_weights_and_biases_have_the_spread_of_their_source(name):
    weight, bias = drawn(name)
    deviation, bound, bias_deviation = SPREAD[name]
    assert weight.shape == (FAN_OUT, FAN_IN)
    assert bias.shape == (20_000,)
    # 60,000 weights and 20,000 biases: relative standard errors of the deviations 0.3 and 0.5 %
    assert weight.std() == pytest.approx(deviation, rel=0.012)
    assert abs(weight.mean()) <= 4 * deviation / sqrt(60_000)
    assert np.abs(weight).max() <= bound
    assert bias.std() == pytest.approx(bias_deviation, rel=0.02)
    assert abs(bias.mean()) <= 4 * bias_deviation / sqrt(20_000)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_seed_decides(name):
    for first, same, other in zip(drawn(name), drawn(name), drawn(name, seed=1), strict=True):
        assert np.array_equal(first, same)
        assert np.array_equal(first, other) == (not first.any())  # only zeros are alike for all seeds


def test_scaled_normal_is_normal_over_the_root_of_the_inputs():
    (scaled, bias), (large, same_bias) = drawn("scaled_normal"), drawn("normal")
    np.testing.assert_allclose(scaled * sqrt(FAN_IN), large, rtol=1e-15)
    assert np.array_equal(bias, same_bias)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_each_is_found_under_its_own_name(name):
    assert get_initializer(name).name == name


def test_an_unknown_initializer_is_refused_with_the_nearest():
    with pytest.raises(GlassnetError, match=r"unknown initializer 'gloro': did you mean 'glorot'\?"):
        get_initializer("gloro")
