"""Convolution by hand: what filters see, what they answer, and what comes back to shared weights."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.errors import GlassnetError
from glassnet.initializers import Initializer
from glassnet.layers import Conv, Dense
from glassnet.layers.window import left_over, slide, windows
from glassnet.rng import Purpose, Stream

#       1 2 3
# x  =  4 5 6    w  =  1  2    b = 10
#       7 8 9         −1  0
X = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
PARAMS = {"weight": np.array([[[[1.0, 2], [-1, 0]]]]), "bias": np.array([10.0])}


def test_a_worked_convolution():
    """A filter of 2×2 has four places in 3×3; it isn't turned over: w₀₀ meets the upper left.

    upper left  1·1 + 2·2 − 1·4 + 10 = 11    upper right  1·2 + 2·3 − 1·5 + 10 = 13
    lower left  1·4 + 2·5 − 1·7 + 10 = 17    lower right  1·5 + 2·6 − 1·8 + 10 = 19
    """
    a, cache = Conv(1, 2, activation="linear").forward(PARAMS, X)
    assert a.tolist() == cache.z.tolist() == [[[[11, 13], [17, 19]]]]


def test_the_way_back_of_it_by_hand():
    """δ = [1 10; 100 1000]: each place counts by a digit of its own.

    ∂C/∂w₀₀ = 1·1 + 2·10 + 4·100 + 5·1000 = 5421, what stood at its upper left at each place;
    ∂C/∂w₀₁ = 2·1 + 3·10 + 5·100 + 6·1000 = 6532;  ∂C/∂w₁₀ = 4 + 50 + 700 + 8000 = 8754;
    ∂C/∂w₁₁ = 5 + 60 + 800 + 9000 = 9865;  ∂C/∂b = 1 + 10 + 100 + 1000 = 1111.

    ∂C/∂x sums w·δ over the places that see it. The middle is seen by all four, last of all by the
    lower right place with w₀₀:  w₁₁·1 + w₁₀·10 + w₀₁·100 + w₀₀·1000 = 0 − 10 + 200 + 1000 = 1190.
    first row    1·1 = 1             2·1 + 1·10 = 12            2·10 = 20
    second row  −1·1 + 1·100 = 99    1190                       0·10 + 2·1000 = 2000
    third row   −1·100 = −100        0·100 − 1·1000 = −1000     0·1000 = 0
    """
    layer, delta = Conv(1, 2, activation="linear"), np.array([[[[1.0, 10], [100, 1000]]]])
    _, cache = layer.forward(PARAMS, X)
    back = layer.backward(PARAMS, cache, delta)
    assert back["weight"].tolist() == [[[[5421, 6532], [8754, 9865]]]]
    assert back["bias"].tolist() == [1111]
    assert layer.dC_dx(PARAMS, cache, delta).tolist() == [[[[1, 12, 20], [99, 1190, 2000], [-100, -1000, 0]]]]


def test_stride_and_padding_by_hand():
    """Padding 1 makes 5×5 with zeros around, stride 2 the places with upper left at (0, 0), (0, 2), …

    0 0 0 0 0   upper left sees [0 0; 0 1]:  0 + 10 = 10    upper right [0 0; 2 3]:  −1·2 + 10 = 8
    0 1 2 3 0   lower left sees [0 4; 0 7]:  2·4 + 10 = 18  lower right [5 6; 8 9]:  5 + 12 − 8 + 10 = 19
    0 4 5 6 0   No place sees the last row and column, but these are padding: no row is left over.
    0 7 8 9 0
    0 0 0 0 0
    """
    layer = Conv(1, 2, stride=2, padding=1, activation="linear")
    a, cache = layer.forward(PARAMS, X)
    assert a.tolist() == [[[[10, 8], [18, 19]]]]
    assert left_over(3, 2, 2, padding=1) == 0
    # What stood under w₁₁ at each place: 1, 3, 7, 9; and what w₀₀ met was padding, but for the 5.
    ones = np.ones((1, 1, 2, 2))
    assert layer.backward(PARAMS, cache, ones)["weight"].tolist() == [[[[5, 4 + 6], [2 + 8, 20]]]]
    # Each input is seen once: ∂C/∂x is the weight that met it.
    assert layer.dC_dx(PARAMS, cache, ones).tolist() == [[[[0, -1, 0], [2, 1, 2], [0, -1, 0]]]]


def test_rows_that_no_window_reaches_have_no_slope():
    """3×3 with stride 2: one place, and the last row and column are left over."""
    layer = Conv(1, 2, stride=2, activation="linear")
    assert layer.build((1, 3, 3))[0] == (1, 1, 1)
    assert left_over(3, 2, 2) == 1
    a, cache = layer.forward(PARAMS, X)
    assert a.item() == 11
    assert layer.dC_dx(PARAMS, cache, np.ones_like(a)).tolist() == [[[[1, 2, 0], [-1, 0, 0], [0, 0, 0]]]]


def test_channels_are_added_and_filters_stand_side_by_side():
    """Two channels, two filters of 1×1: z = W x at every place, and then each its own bias.

    filter 0: 1·x₀ + 10·x₁ + 1, filter 1: 100·x₀ + 1000·x₁ + 2; places (1, 3) and (2, 4)
    """
    params = {"weight": np.array([[1.0, 10], [100, 1000]]).reshape(2, 2, 1, 1), "bias": np.array([1.0, 2])}
    x = np.array([[[[1.0, 2]], [[3, 4]]]])  # (1, channels 2, height 1, width 2)
    a, _ = Conv(2, 1, activation="linear").forward(params, x)
    assert a.tolist() == [[[[32, 43]], [[3102, 4202]]]]


def slow_conv(x, weight, bias, stride, padding):
    """The sum as it is written: a loop over everything."""
    filters, channels, size, _ = weight.shape
    down = (x.shape[2] + 2 * padding - size) // stride + 1
    across = (x.shape[3] + 2 * padding - size) // stride + 1
    z = np.zeros((len(x), filters, down, across))
    for n, o, u, v in np.ndindex(z.shape):
        z[n, o, u, v] = bias[o]
        for c, i, j in np.ndindex(channels, size, size):
            row, column = u * stride + i - padding, v * stride + j - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                z[n, o, u, v] += weight[o, c, i, j] * x[n, c, row, column]
    return z


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_it_is_the_sum_over_channels_rows_and_columns(size, stride, padding):
    if padding >= size:
        with pytest.raises(GlassnetError, match=f"padding {padding} of a conv layer of size {size}"):
            Conv(3, size, stride, padding)
        return
    layer = Conv(3, size, stride, padding, "tanh")
    rng = np.random.default_rng(6)
    x, weight, bias = rng.normal(size=(2, 2, 5, 7)), rng.normal(size=(3, 2, size, size)), rng.normal(size=3)
    a, cache = layer.forward({"weight": weight, "bias": bias}, x)
    z = slow_conv(x, weight, bias, stride, padding)
    assert layer.build((2, 5, 7))[0] == z.shape[1:]
    np.testing.assert_allclose(cache.z, z, rtol=0, atol=1e-14)
    np.testing.assert_allclose(a, np.tanh(z), rtol=0, atol=1e-14)


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_activation_is_applied_number_by_number(activation):
    rng = np.random.default_rng(7)
    params = {"weight": rng.normal(size=(2, 1, 2, 2)), "bias": rng.normal(size=2)}
    layer, delta = Conv(2, 2, activation=activation), rng.normal(size=(3, 2, 3, 2))
    a, cache = layer.forward(params, rng.normal(size=(3, 1, 4, 3)))
    row = ACTIVATIONS[activation]
    assert np.array_equal(a.ravel(), row.forward(cache.z.reshape(1, -1))[0])
    flat = [array.reshape(1, -1) for array in (cache.z, cache.a, delta)]
    assert np.array_equal(layer.delta(cache, delta).ravel(), row.backward(*flat)[0])


def test_a_filter_that_covers_the_image_is_a_dense_neuron():
    rng = np.random.default_rng(8)
    x, weight, bias = rng.normal(size=(4, 3, 5, 5)), rng.normal(size=(6, 3, 5, 5)), rng.normal(size=6)
    a, _ = Conv(6, 5).forward({"weight": weight, "bias": bias}, x)
    dense, _ = Dense(6).forward({"weight": weight.reshape(6, -1), "bias": bias}, x.reshape(4, -1))
    np.testing.assert_allclose(a.reshape(4, 6), dense, rtol=0, atol=1e-14)


def test_moving_the_image_moves_the_answer():
    """What makes it a convolution: the same feature is found wherever it stands."""
    rng = np.random.default_rng(9)
    params = {"weight": rng.normal(size=(3, 1, 3, 3)), "bias": rng.normal(size=3)}
    image = np.zeros((1, 1, 12, 12))
    image[0, 0, 3:6, 3:6] = rng.normal(size=(3, 3))
    moved = np.roll(image, (2, 4), axis=(2, 3))
    here, there = (Conv(3, 3).forward(params, each)[0] for each in (image, moved))
    # rolled, as the edges of both see nothing but zeros
    np.testing.assert_allclose(np.roll(here, (2, 4), axis=(2, 3)), there, rtol=0, atol=1e-15)


def test_patches_are_what_the_filters_see():
    assert Conv(1, 2).patches(X).tolist() == [[[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]]


def test_initial_weights_count_the_inputs_of_a_place():
    """fan_in: 3 channels of 5×5 lead to a neuron; fan_out: an input feeds up to 20 filters at 5×5 places."""
    asked = []

    def weight(stream, shape, fan_in, fan_out):
        asked.append((stream.purpose, shape, fan_in, fan_out))
        return np.zeros(shape)

    spy = Initializer("spy", weight, lambda stream, shape: np.full(shape, float(stream.purpose)))
    drawn = Conv(20, 5).initial((3, 28, 28), spy, Stream(0, Purpose.WEIGHTS), Stream(0, Purpose.BIASES))
    assert asked == [(Purpose.WEIGHTS, (20, 3, 5, 5), 75, 500)]
    assert drawn["bias"].tolist() == [float(Purpose.BIASES)] * 20


# Windows


def test_windows_are_views_by_row_and_column():
    numbers = np.arange(2 * 5 * 7).reshape(1, 2, 5, 7)
    seen = windows(numbers, 3, 2)
    assert seen.shape == (1, 2, 2, 3, 3, 3)
    assert np.shares_memory(seen, numbers)
    for c, u, v in np.ndindex(2, 2, 3):
        assert np.array_equal(seen[0, c, u, v], numbers[0, c, 2 * u : 2 * u + 3, 2 * v : 2 * v + 3])


@pytest.mark.parametrize(
    ("size", "padding"), [(size, p) for size in (1, 2, 3, 5) for p in range(min(size, 3))]
)
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 7])
def test_places_and_left_over_rows_are_those_counted(size, stride, padding):
    for height in range(1, 14):
        if height + 2 * padding < size:
            continue
        starts = range(-padding, height + padding - size + 1, stride)
        assert slide("it", (1, height, 9), size, stride, padding)[0] == len(starts)
        seen = {row for start in starts for row in range(start, start + size)}
        assert left_over(height, size, stride, padding) == len(set(range(height)) - seen)


def test_a_stride_may_be_larger_than_the_image_where_padding_makes_places():
    """Padding 4 makes 3×3 to 11×11; windows of 5×5 begin at row 0 and 4, and at 0 and 6."""
    assert slide("it", (1, 3, 3), size=5, stride=4, padding=4) == (2, 2)
    assert slide("it", (1, 3, 3), size=5, stride=6, padding=4) == (2, 2)
    with pytest.raises(GlassnetError, match="a stride of 12 leaves nothing of the image of 3×3 but"):
        slide("it", (1, 3, 3), size=5, stride=12, padding=4)


# Refusals


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 3), "filters of a conv layer is 0: give a whole number, 1 or more"),
        ((True, 3), "filters of a conv layer is True: give a whole number, 1 or more"),
        ((2.0, 3), "filters of a conv layer is 2.0: give a whole number, 1 or more"),
        ((2, 0), "size of a conv layer is 0: give a whole number, 1 or more"),
        ((2, "3"), "size of a conv layer is '3': give a whole number, 1 or more"),
        ((2, (3, 3)), "size of a conv layer is (3, 3): give a whole number, 1 or more"),
        ((2, 3, 0), "stride of a conv layer is 0: give a whole number, 1 or more"),
        ((2, 3, 1, -1), "padding of a conv layer is -1: give a whole number, 0 or more"),
        ((2, 3, 1, None), "padding of a conv layer is None: give a whole number, 0 or more"),
        ((2, 3, 1, 3), "padding 3 of a conv layer of size 3: give less than the size"),
        ((2, 3, 1, 0, "rellu"), "unknown activation 'rellu': did you mean 'relu'?"),
        ((2, 3, 1, 0, "softmax"), "a conv layer can't have softmax"),
    ],
)
def test_what_is_no_conv_layer_is_refused(arguments, sentence):
    with pytest.raises(GlassnetError) as error:
        Conv(*arguments)
    assert sentence in str(error.value)


def test_numpy_numbers_are_numbers():
    layer = Conv(np.int64(2), np.int32(3), np.uint8(1), np.int64(0))
    assert layer == Conv(2, 3)
    assert {type(value) for value in (layer.filters, layer.size, layer.stride, layer.padding)} == {int}


def test_a_window_larger_than_the_image_is_refused():
    with pytest.raises(GlassnetError, match=r"conv2@5: its window of 5×5 is larger than the image of 4×9:"):
        Conv(2, 5).build((1, 4, 9))
    with pytest.raises(GlassnetError, match=r"conv2@7: .* the image of 9×4 with 1 around it: make"):
        Conv(2, 7, padding=1).build((1, 9, 4))
    assert Conv(2, 6, padding=1).build((1, 9, 4))[0] == (2, 6, 1)
