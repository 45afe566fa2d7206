"""Pooling and flatten by hand: winners, means, what is left over, and the order of the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Flatten, MaxPool

POOLS = pytest.mark.parametrize("pool", [MaxPool, AveragePool])

#  1 5 | 2 0
#  3 4 | 2 2
#  ----+----
#  0 0 | 9 8
#  0 0 | 7 9
X = np.array([[[[1.0, 5, 2, 0], [3, 4, 2, 2], [0, 0, 9, 8], [0, 0, 7, 9]]]])
DELTA = np.array([[[[10.0, 20], [30, 40]]]])


def test_a_worked_max_pool_where_the_first_of_equals_wins():
    """Largest: 5, 2, 0, 9. Of the equal ones the first by rows takes the whole slope: the 2 at (0, 2) of
    three, the 0 at (2, 0) of four, the 9 at (2, 2) of two.
    """
    a, cache = MaxPool(2).forward({}, X)
    assert a.tolist() == [[[[5, 2], [0, 9]]]]
    assert MaxPool(2).winners(X).tolist() == [[[[1, 0], [0, 0]]]]
    assert MaxPool(2).dC_dx({}, cache, DELTA).tolist() == [
        [[[0, 10, 20, 0], [0, 0, 0, 0], [30, 0, 40, 0], [0, 0, 0, 0]]]
    ]


def test_a_winner_of_the_second_row_counts_by_rows():
    """Not by columns: of 0 7 / 7 0 the 7 in the first row wins, place 1."""
    assert MaxPool(2).winners(np.array([[[[0.0, 7], [7, 0]]]])).item() == 1
    assert MaxPool(2).winners(np.array([[[[0.0, 6], [7, 0]]]])).item() == 2


def test_the_largest_of_negative_numbers_wins():
    a, cache = MaxPool(2).forward({}, np.array([[[[-4.0, -3], [-2, -5]]]]))
    assert a.item() == -2
    assert MaxPool(2).dC_dx({}, cache, np.ones((1, 1, 1, 1))).tolist() == [[[[0, 0], [1, 0]]]]


def test_overlapping_windows_add_up_at_a_common_winner():
    """3×3 windows, 1 apart, in 4×4: the 9 at (2, 2) is in all four and wins them: 10 + 20 + 30 + 40."""
    layer = MaxPool(3, 1)
    a, cache = layer.forward({}, X)
    assert a.tolist() == [[[[9, 9], [9, 9]]]]
    assert layer.winners(X).tolist() == [[[[8, 7], [5, 4]]]]
    assert layer.dC_dx({}, cache, DELTA)[0, 0, 2].tolist() == [0, 0, 100, 0]
    assert layer.dC_dx({}, cache, DELTA).sum() == 100


def test_a_worked_average_pool():
    """(1 + 5 + 3 + 4)/4 = 3.25, (2 + 0 + 2 + 2)/4 = 1.5, 0, (9 + 8 + 7 + 9)/4 = 8.25.

    On the way back a quarter of the slope goes to each.
    """
    a, cache = AveragePool(2).forward({}, X)
    assert a.tolist() == [[[[3.25, 1.5], [0, 8.25]]]]
    assert AveragePool(2).dC_dx({}, cache, DELTA).tolist() == [
        [[[2.5, 2.5, 5, 5], [2.5, 2.5, 5, 5], [7.5, 7.5, 10, 10], [7.5, 7.5, 10, 10]]]
    ]


def test_overlapping_averages_share_what_they_both_see():
    """3×3 windows, 1 apart, in 4×4: the middle four are in all four windows: (10 + 20 + 30 + 40)/9."""
    _, cache = AveragePool(3, 1).forward({}, X)
    back = AveragePool(3, 1).dC_dx({}, cache, DELTA)[0, 0] * 9
    expected = [[10, 30, 30, 20], [40, 100, 100, 60], [40, 100, 100, 60], [30, 70, 70, 40]]
    np.testing.assert_allclose(back, expected, rtol=1e-15)


@POOLS
def test_rows_where_no_whole_window_fits_are_not_seen(pool):
    """5×7 by 2: two rows of three windows; the fifth row and the seventh column are left over."""
    layer, x = pool(2), np.random.default_rng(0).normal(size=(1, 1, 5, 7))
    assert layer.build((1, 5, 7)) == ((1, 2, 3), {})
    a, cache = layer.forward({}, x)
    back = layer.dC_dx({}, cache, np.ones_like(a))
    assert back[0, 0, 4].tolist() == [0] * 7
    assert back[0, 0, :, 6].tolist() == [0] * 5
    assert back.sum() == pytest.approx(6)
    x[0, 0, 4], x[0, 0, :, 6] = 100, 100
    assert np.array_equal(layer.forward({}, x)[0], a)


@POOLS
def test_a_stride_larger_than_the_window_leaves_gaps(pool):
    """1×1 windows, 3 apart: every third number goes on, by any rule."""
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    a, cache = pool(1, 3).forward({}, x)
    assert a.tolist() == [[[[0, 3], [15, 18]]]]
    assert pool(1, 3).dC_dx({}, cache, DELTA).sum() == 100


@POOLS
def test_channels_and_examples_are_pooled_by_themselves(pool):
    x = np.random.default_rng(1).normal(size=(3, 4, 6, 4))
    a, _ = pool(2).forward({}, x)
    for n, c in np.ndindex(3, 4):
        alone, _ = pool(2).forward({}, x[n : n + 1, c : c + 1])
        assert np.array_equal(a[n, c], alone[0, 0])


@POOLS
def test_windows_stand_side_by_side_where_no_stride_is_given(pool):
    assert pool(3) == pool(3, 0) == pool(3, 3)
    assert (pool(3).size, pool(3).stride) == (3, 3)


@POOLS
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0,), "size of a {} layer is 0: give a whole number, 1 or more"),
        ((2.0,), "size of a {} layer is 2.0: give a whole number, 1 or more"),
        ((True,), "size of a {} layer is True: give a whole number, 1 or more"),
        ((2, -1), "stride of a {} layer is -1: give a whole number, 0 or more"),
        ((2, None), "stride of a {} layer is None: give a whole number, 0 or more"),
    ],
)
def test_what_is_no_pool_is_refused(pool, arguments, sentence):
    with pytest.raises(GlassnetError) as error:
        pool(*arguments)
    assert str(error.value) == sentence.format(pool.kind)


@POOLS
def test_a_pool_larger_than_the_image_is_refused(pool):
    with pytest.raises(GlassnetError, match=rf"{pool.kind} of 3×3: its window of 3×3 is larger .* of 2×9:"):
        pool(3).build((4, 2, 9))


# Flatten


def test_flatten_goes_channel_by_channel_row_by_row_column_by_column():
    """Number k is channel k // 6, row k % 6 // 3, column k % 3 of 2 channels of 2×3."""
    x = np.array([[[[0.0, 1, 2], [10, 11, 12]], [[100, 101, 102], [110, 111, 112]]]])
    a, cache = Flatten().forward({}, x)
    assert a.tolist() == [[0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]]
    assert np.array_equal(Flatten().dC_dx({}, cache, a), x)
