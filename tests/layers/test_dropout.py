"""Dropout: masks by hand, and what they depend on: seed, epoch and example, nothing else."""

from __future__ import annotations

from math import nextafter, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.rng import Purpose, Stream

LAST = 2**32 - 1  # the largest word
WORDS = np.array([0, 2**30 - 1, 2**30, 2**31 - 1, 2**31, LAST], dtype=np.uint32)

# What is dropped are 2 feature maps of 3×3 and a row of 5: 18 + 5 = 23 words an example.
LAYERS = [Conv(2, 2), Dropout(0.5), Flatten(), Dense(5, "tanh"), Dropout(0.25), Dense(3)]
NETWORK = Network(LAYERS, (1, 4, 4), seed=0, dtype=np.float64)
IMAGES = np.random.default_rng(0).integers(0, 256, size=(40, 4, 4), dtype=np.uint8)


def masks(draw, network=NETWORK):
    """The masks of the two dropout layers."""
    params = network.in_training(draw)
    return params[1]["mask"], params[4]["mask"]


# One mask


@pytest.mark.parametrize(
    ("rate", "mask"),
    [
        (0.5, [0, 0, 0, 0, 2, 2]),  # below ½·2³² is off; the others weigh 1/(1 − ½)
        (0.25, [0, 0, 4 / 3, 4 / 3, 4 / 3, 4 / 3]),
        (0.0, [1, 1, 1, 1, 1, 1]),
        (2**-32, [0, *[2**32 / LAST] * 5]),  # one word of 2³²
        (nextafter(1, 0), [0, 0, 0, 0, 0, 2**53]),  # the largest rate leaves one word of 2³², too
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_is_off_where_its_word_is_below_the_threshold(rate, mask, dtype):
    made = Dropout(rate).mask(WORDS, np.dtype(dtype))
    assert made.dtype == dtype
    np.testing.assert_allclose(made, np.array(mask, dtype), rtol=np.finfo(dtype).eps)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_scale_is_one_rounding_of_the_quotient(dtype):
    """The engine must repeat it to the bit: 1/(1 − rate) in float64, then rounded once."""
    for rate in (0.1, 0.2, 0.3, 1 / 3, 0.7, 0.9, 0.99):
        assert Dropout(rate).mask(WORDS, np.dtype(dtype))[-1] == dtype(np.float64(1) / (1 - rate))


@pytest.mark.parametrize(("rate", "threshold"), [(0, 0), (0.5, 2**31), (0.1, 429496730), (1 - 2**-34, LAST)])
def test_thresholds(rate, threshold):
    """0.1 · 2³² = 429,496,729.6."""
    assert Dropout(rate).threshold == threshold


def test_a_mask_multiplies_on_the_way_forward_and_back():
    """x = 1 2 3, mask 0 2 2 and 2 0 2: what is off gets no slope, what is left gets twice as much."""
    layer, x = Dropout(0.5), np.array([[1.0, 2, 3], [4, 5, 6]])
    params = {"mask": np.array([[0.0, 2, 2], [2, 0, 2]])}
    a, cache = layer.forward(params, x)
    assert a.tolist() == cache.z.tolist() == [[0, 4, 6], [8, 0, 12]]
    assert layer.delta(cache, np.ones((2, 3))).tolist() == [[1, 1, 1], [1, 1, 1]]
    assert layer.dC_dx(params, cache, np.array([[1.0, 10, 100], [1, 10, 100]])).tolist() == [
        [0, 20, 200],
        [2, 0, 200],
    ]


def test_without_a_mask_all_numbers_go_on():
    x = np.array([[1.0, -2]])
    a, cache = Dropout(0.9).forward({}, x)
    assert a.tolist() == [[1, -2]]
    assert Dropout(0.9).dC_dx({}, cache, x).tolist() == [[1, -2]]


@pytest.mark.parametrize("rate", [-0.1, -1e-300, 1, 1.0, 1.5, float("nan"), float("inf"), "0.5", None, True])
def test_rates_outside_zero_to_one_are_refused(rate):
    with pytest.raises(GlassnetError) as error:
        Dropout(rate)
    assert str(error.value) == f"rate of a dropout layer is {rate!r}: give a number from 0 to below 1"


@pytest.mark.parametrize("rate", [0, np.float32(0.5), np.float64(0.5), np.int64(0)])
def test_any_number_within_is_a_rate(rate):
    assert type(Dropout(rate).rate) is float
    assert Dropout(rate).rate == rate


# A network's masks


def test_an_examples_words_are_shared_out_in_the_order_of_the_layers():
    """The first 18 words for the 2×3×3 of the first dropout layer, by rows; the next 5 for the second."""
    places = np.array([7, 0, 39])
    first, second = masks(Draw(seed=3, epoch=2, places=places))
    assert (first.shape, second.shape) == ((3, 2, 3, 3), (3, 5))
    for row, place in enumerate(places):
        words = Stream(3, Purpose.DROPOUT, epoch=2, step=int(place)).bits(23)
        assert first[row].ravel().tolist() == [0 if word < 2**31 else 2 for word in words[:18].tolist()]
        assert second[row].tolist() == [0 if word < 2**30 else 4 / 3 for word in words[18:].tolist()]


@settings(deadline=None)
@given(
    st.integers(0, 2**63 - 1), st.integers(1, 2**31), st.lists(st.integers(0, 2**31), min_size=1, max_size=20)
)
def test_a_mask_does_not_depend_on_the_company(seed, epoch, places):
    """Any mini-batch, in any order, with repetitions: every example has the mask that it has alone."""
    together = masks(Draw(seed, epoch, np.array(places)))
    for row, place in enumerate(places):
        for mask, alone in zip(together, masks(Draw(seed, epoch, np.array([place]))), strict=True):
            assert np.array_equal(mask[row], alone[0])


def test_masks_differ_by_seed_epoch_and_example_and_repeat():
    draws = [Draw(seed, epoch, np.array([place])) for seed in (0, 1) for epoch in (1, 2) for place in (0, 1)]
    seen = [tuple(mask.tobytes() for mask in masks(draw)) for draw in draws]
    assert len(set(seen)) == 8
    assert seen == [tuple(mask.tobytes() for mask in masks(draw)) for draw in draws]


def test_two_dropout_layers_of_the_same_shape_get_different_words():
    network = Network([Dropout(0.5), Dense(200), Dropout(0.5), Dense(2)], 200, seed=0)
    params = network.in_training(Draw(0, 1, np.arange(50)))
    one, other = params[0]["mask"] > 0, params[2]["mask"] > 0
    # 10,000 numbers agree by chance in half of the places; standard deviation √(¼/10,000) = 0.005
    assert abs((one == other).mean() - 1 / 2) < 4 * 0.005


def test_a_layers_masks_do_not_change_where_one_is_added_behind_it():
    one = Network([Dropout(0.5), Dense(3)], 20, seed=0)
    two = Network([Dropout(0.5), Dense(3), Dropout(0.1), Dense(2)], 20, seed=0)
    draw = Draw(5, 4, np.arange(9))
    assert np.array_equal(one.in_training(draw)[0]["mask"], two.in_training(draw)[0]["mask"])


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3, 0.5, 0.9])
def test_the_share_that_is_switched_off_is_the_rate(rate):
    """500 examples of 400 numbers: of 200,000, the standard error is √(p (1 − p) / 200,000)."""
    network = Network([Dropout(rate), Dense(2)], 400, seed=0)
    mask = network.in_training(Draw(1, 1, np.arange(500)))[0]["mask"]
    error = sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) <= 4 * error
    assert mask.mean() == pytest.approx(1, abs=max(1e-6, 4 * error / (1 - rate)))  # what is left makes up
    for axis, count in ((0, 500), (1, 400)):  # no number and no example is preferred
        assert (abs((mask == 0).mean(axis=axis) - rate) <= 5 * sqrt(rate * (1 - rate) / count)).all()


def test_a_network_keeps_no_mask():
    masks(Draw(0, 1, np.arange(4)))
    assert all("mask" not in params for params in NETWORK.by_layer())
    assert set(NETWORK.parameters) == set(NETWORK.shapes)
    without = [layer for layer in LAYERS if layer.kind != "dropout"]
    own = NETWORK.parameters.values()
    names = ("1.weight", "1.bias", "3.weight", "3.bias", "4.weight", "4.bias")
    parameters = dict(zip(names, own, strict=True))
    same = Network(without, (1, 4, 4), parameters=parameters, dtype=np.float64)
    assert np.array_equal(NETWORK.predict(IMAGES), same.predict(IMAGES))


def test_a_network_without_dropout_trains_with_its_parameters_alone():
    network = Network([MaxPool(2), Flatten(), Dense(3)], (1, 4, 4), seed=0)
    assert network.in_training(Draw(0, 1, np.arange(3))) == [{}, {}, network.by_layer()[2]]


# Gradients under a draw


@pytest.mark.parametrize("canonical", [True, False])
def test_the_gradient_of_a_batch_is_the_mean_over_examples_with_their_own_masks(canonical):
    labels, places = np.arange(40) % 3, np.random.default_rng(1).permutation(1000)[:40]
    whole = NETWORK.gradient(
        IMAGES, labels, "cross_entropy", canonical=canonical, draw=Draw(4, 9, places)
    ).parameters
    each = [
        NETWORK.gradient(
            IMAGES[i : i + 1],
            labels[i : i + 1],
            "cross_entropy",
            canonical=canonical,
            draw=Draw(4, 9, places[i : i + 1]),
        ).parameters
        for i in range(40)
    ]
    for name, array in whole.items():
        mean = np.mean([gradient[name] for gradient in each], axis=0)
        np.testing.assert_allclose(array, mean, rtol=0, atol=1e-15, err_msg=name)
    off = NETWORK.gradient(IMAGES, labels, "cross_entropy").parameters
    assert all(not np.allclose(array, off[name], rtol=1e-3) for name, array in whole.items())


def test_gradients_under_a_draw_are_slopes_of_the_cost_under_it():
    """Central differences of the cost that this draw's masks make."""
    network, draw, labels, h = NETWORK.copy(), Draw(0, 1, np.arange(6)), np.arange(6) % 3, 1e-5
    exact = network.gradient(IMAGES[:6], labels, "quadratic", draw=draw).parameters
    for name, array in network.parameters.items():
        for place in np.ndindex(array.shape):
            value = array[place]
            costs = []
            for array[place] in (value + h, value - h):
                costs.append(network.gradient(IMAGES[:6], labels, "quadratic", draw=draw).cost)
            array[place] = value
            assert exact[name][place] == pytest.approx((costs[0] - costs[1]) / (2 * h), abs=1e-9)
