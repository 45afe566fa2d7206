"""Figures as files."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.network import Network
from glassnet.plots.canvas import as_picture


def test_the_same_figure_gives_the_same_bytes():
    first, second = (plots.png(plots.weights(Network("784-5-10", seed=1))) for _ in range(2))
    assert first == second
    assert first != plots.png(plots.weights(Network("784-5-10", seed=2)))


@pytest.mark.parametrize(
    ("shape", "picture"),
    [
        ((784,), (28, 28)),
        ((7,), (1, 7)),
        ((1,), (1, 1)),
        ((3, 5), (3, 5)),
        ((1, 4, 6), (4, 6)),
        ((2, 3, 3), (1, 18)),
    ],
)
def test_numbers_as_a_picture(shape, picture):
    numbers = np.arange(np.prod(shape)).reshape(shape)
    assert as_picture(numbers).shape == picture
    np.testing.assert_array_equal(as_picture(numbers).ravel(), numbers.ravel())
