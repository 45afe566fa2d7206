"""The native engine is the textbook's twin: the same steps, records, outputs and gradients, number by number.

The tables run over all layers, activations and costs. In float64 the two may differ in the order of
their sums alone, so by some units of 10⁻¹⁶; in float32 by some of 10⁻⁷.
"""

from __future__ import annotations

from itertools import count, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.activations import ACTIVATIONS
from glassnet.costs import COSTS
from glassnet.draws import Draw
from glassnet.engine import ENGINES, Task, native
from glassnet.errors import GlassnetError
from glassnet.explanation import attribute, explain
from glassnet.explanation.gradient_check import check_gradient
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.optimizers import SGD

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

NATIVE, TEXTBOOK = ENGINES["native"], ENGINES["textbook"]
SIZES = [1, 2, 15, 16, 17, 33, 70]  # around the engine's blocks of 16 and units of 64
BATCH_SIZES = [1, 2, 7, 16, 37, 100]  # of 37 examples: one, odd, all, more than there are
PIXELS = [np.uint8, np.float32, np.float64]
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])

# After one step, of ‖parameters‖, and of each record.
STEP = {np.float32: 5e-6, np.float64: 1e-12}
RECORD = {np.float32: 1e-5, np.float64: 1e-10}
GRADIENT = {np.float32: 1e-5, np.float64: 1e-12}

# The last layers, of any size: one dense layer, or softmax on top of it.
ENDS = [(name, False) for name in ACTIVATIONS] + [(name, True) for name in ACTIVATIONS]


def end_of(activation, on_top, size):
    return [Dense(size, activation), *([Softmax()] if on_top else [])]


def costs_for(layers):
    return [name for name, cost in COSTS.items() if layers[-1].activation in cost.allowed]


VALID = [(*end, cost) for end in ENDS for cost in costs_for(end_of(*end, 3))]
EACH_END = pytest.mark.parametrize(("activation", "on_top", "cost"), VALID)

# Where the layers of rows may stand; each is met with every cost that its outputs allow.
SHAPES = {
    "no hidden layer": [Dense(3, "sigmoid")],
    "one weight": [Dense(1, "sigmoid")],
    "two hidden layers": [Dense(17, "tanh"), Dense(15, "relu"), Dense(3, "softmax")],
    "four hidden layers": [
        Dense(33, "relu"),
        Dense(5, "linear"),
        Dense(16, "softmax"),
        Dense(70, "tanh"),
        Dense(10, "sigmoid"),
    ],
    "softmax on top of softmax": [Dense(4, "softmax"), Softmax(), Softmax()],
    "softmax first": [Softmax(), Dense(17, "tanh"), Dense(3, "sigmoid")],
    "softmax in the middle": [
        Dense(17, "linear"),
        Softmax(),
        Dense(5, "tanh"),
        Softmax(),
        Dense(3, "linear"),
    ],
    "softmax everywhere": [Softmax(), Dense(16, "relu"), Softmax(), Dense(3, "sigmoid"), Softmax()],
    "no weights": [Softmax()],
    "dropout": [
        Dropout(0.2),
        Dense(33, "relu"),
        Dropout(0.5),
        Dropout(0.1),
        Dense(16, "tanh"),
        Dropout(0.9),
        Dense(3, "sigmoid"),
    ],
    "dropout at the end": [Dense(17, "tanh"), Dropout(0.3)],
    "dropout under softmax": [Dense(17, "tanh"), Dropout(0.3), Softmax()],
    "dropout alone": [Dropout(0.5)],
    "dropout that drops nothing": [Dropout(0.0), Dense(3, "softmax")],
    "flatten": [Flatten(), Dense(17, "relu"), Flatten(), Dense(3, "softmax"), Flatten()],
}

# The same for layers of images, with the shape of an image: (channels, height, width).
IMAGES = {
    "of the book": (
        (1, 28, 28),
        [
            Conv(20, 5, activation="relu"),
            MaxPool(2),
            Conv(40, 5, activation="relu"),
            MaxPool(2),
            Flatten(),
            Dense(100, "relu"),
            Dropout(0.5),
            Dense(10, "softmax"),
        ],
    ),
    "one convolution": ((1, 9, 7), [Conv(3, 3, activation="tanh"), Flatten(), Dense(4, "sigmoid")]),
    "one weight": ((1, 1, 1), [Conv(1, 1), Flatten(), Dense(1, "sigmoid")]),
    "convolutions in a row": (
        (3, 11, 8),
        [
            Conv(17, 2, padding=1, activation="tanh"),
            Conv(1, 3, activation="linear"),
            Conv(5, 4, stride=2, padding=3, activation="sigmoid"),
            Flatten(),
            Dense(3, "softmax"),
        ],
    ),
    "a convolution of the whole image": ((2, 5, 4), [Conv(16, 4, activation="relu"), Flatten(), Dense(3)]),
    "pools of the image": (
        (2, 13, 17),
        [MaxPool(2), AveragePool(2), MaxPool(3, 1), Flatten(), Dense(3, "tanh")],
    ),
    "overlapping pools": (
        (1, 15, 12),
        [Conv(4, 2, activation="tanh"), MaxPool(3, 2), AveragePool(3, 1), Flatten(), Dense(4, "softmax")],
    ),
    "pools with gaps": (
        (3, 10, 11),
        [AveragePool(1, 2), Conv(3, 2, activation="tanh"), MaxPool(1, 2), Flatten(), Dense(4)],
    ),
    "average pools of ReLUs": (
        (1, 12, 10),
        [Conv(5, 3, stride=1, activation="relu"), AveragePool(2), Flatten(), Dense(17, "relu"), Dense(4)],
    ),
    "dropout everywhere": (
        (2, 9, 8),
        [
            Dropout(0.1),
            Conv(17, 3, activation="tanh"),
            Dropout(0.5),
            MaxPool(2),
            Dropout(0.3),
            Flatten(),
            Dropout(0.2),
            Dense(16, "sigmoid"),
            Dropout(0.4),
            Dense(5, "sigmoid"),
            Softmax(),
        ],
    ),
    "flatten first": ((2, 3, 4), [Flatten(), Dense(7, "tanh"), Dense(3, "softmax")]),
    "flatten again and again": (
        (2, 4, 5),
        [Conv(3, 2, activation="tanh"), Flatten(), Flatten(), Dense(7, "tanh"), Flatten(), Dense(3)],
    ),
    "no dense layer": ((1, 6, 7), [Conv(3, 3, stride=3, activation="sigmoid"), Flatten(), Softmax()]),
    "a pool at the end": ((2, 6, 6), [Conv(4, 3, activation="tanh"), MaxPool(4), Flatten()]),
    "softmax of a convolution": (
        (1, 5, 5),
        [Conv(2, 3, activation="linear"), Flatten(), Softmax(), Dense(3, "sigmoid")],
    ),
    "no weights": ((1, 4, 6), [MaxPool(2), Flatten(), Softmax()]),
}


def test_the_tables_miss_no_component():
    """Hidden layers and ends run over ACTIVATIONS, the costs over COSTS; so only shapes can be forgotten."""
    every = [*SHAPES.values(), *(layers for _, layers in IMAGES.values())]
    assert {layer.kind for layers in every for layer in layers} == set(LAYERS)
    assert {cost for *_, cost in VALID} == set(COSTS)
    assert {(cost, name) for cost in COSTS for name in COSTS[cost].allowed} == {
        (cost, end_of(activation, on_top, 3)[-1].activation) for activation, on_top, cost in VALID
    }


def images_of(rng, n, n_in, pixels, inked=0.3):
    """Drawings: most pixels are 0, some in all images, some in neighbors alone, and an image is empty."""
    images = rng.integers(1, 256, size=(n, n_in), dtype=np.uint8)
    images[rng.random((n, n_in)) >= inked] = 0
    images[:, rng.random(n_in) < 0.2] = 0
    images[rng.integers(n)] = 0
    if pixels is np.uint8:
        return images
    floats = (images / 255).astype(pixels)
    floats[rng.random((n, n_in)) < 0.1] *= -3
    return floats


def task_of(
    seed, network, *, n=37, cost, batch_size, pixels=np.uint8, l2=0.0, weighted=False, eta=0.5, inked=0.3
):
    rng = np.random.default_rng(seed)
    n_in, n_out = prod(network.input_shape), network.output_shape[0]
    return Task(
        images=images_of(rng, n, n_in, pixels, inked).reshape(n, *network.input_shape),
        labels=rng.integers(n_out, size=n),
        example_weights=rng.uniform(0, 3, size=n) if weighted else None,
        cost=COSTS[cost],
        optimizer=SGD(),
        learning_rate=eta,
        batch_size=batch_size,
        l2=l2,
        seed=seed,
    )


def distance(mine, wanted, floor=0.0):
    """‖mine − wanted‖, relative to ‖wanted‖."""
    assert mine.shape == wanted.shape
    assert mine.dtype == wanted.dtype
    difference = float(np.linalg.norm(mine - wanted))
    return 0.0 if difference == 0 else difference / max(float(np.linalg.norm(wanted)), floor)


def assert_same_training(network, task, order, parameters, records, epoch=1):
    """Train two copies, one with each engine, and hold them together; returns both records."""
    mine, wanted = network.copy(), network.copy()
    met = NATIVE.train_batches(mine, {}, task, order, epoch)
    expected = TEXTBOOK.train_batches(wanted, {}, task, order, epoch)
    for name, array in wanted.parameters.items():
        before = float(np.linalg.norm(network.parameters[name]))  # a step may lead to nearly 0
        assert distance(mine.parameters[name], array, before) <= parameters, name
    assert met.gradient_norms.shape == expected.gradient_norms.shape
    np.testing.assert_allclose(met.costs, expected.costs, rtol=records, atol=records)
    # A gradient that nearly cancels is as exact as what it is made of: as those of the layers above, and as
    # the 1 in 1 − a² of a neuron that is saturated.
    floor = records * expected.gradient_norms.max(initial=1e-3)
    np.testing.assert_allclose(met.gradient_norms, expected.gradient_norms, rtol=records, atol=floor)
    return met, expected


def assert_same_step(network, task, dtype, epoch=1):
    """The first mini-batch alone, and which answers were right where none is a tie in rounded numbers."""
    order = np.random.default_rng(1).permutation(len(task.labels))[: task.batch_size]
    met, expected = assert_same_training(network, task, order, STEP[dtype], RECORD[dtype], epoch)
    differ = met.correct != expected.correct
    if differ.any():  # only where the two largest outputs are as good as equal
        exact = network.astype(np.float64)
        params = exact.in_training(Draw(task.seed, epoch, order))
        a = np.sort(exact.forward(exact.inputs(task.images[order]), params)[0], axis=1)
        assert a.shape[1] > 1
        assert (a[differ, -1] - a[differ, -2]).max() <= 1e-5


# Training


@EACH_DTYPE
@EACH_END
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_a_step_of_every_activation_and_cost(hidden, activation, on_top, cost, dtype):
    turn = count()  # what is not multiplied out takes turns
    for l2, weighted in product([0.0, 2.5], [False, True]):
        for pixels in PIXELS:
            i = next(turn)
            layers = [Dense(SIZES[i % 7], hidden), *end_of(activation, on_top, SIZES[(i + 3) % 7])]
            network = Network(layers, SIZES[-1 - i % 3], seed=i, dtype=dtype)
            task = task_of(
                i, network, cost=cost, batch_size=BATCH_SIZES[i % 6], pixels=pixels, l2=l2, weighted=weighted
            )
            assert_same_step(network, task, dtype)


@EACH_DTYPE
@pytest.mark.parametrize("n_in", SIZES)
def test_a_step_of_every_size(n_in, dtype):
    for hidden, n_out in product(SIZES, SIZES):
        network = Network([Dense(hidden, "tanh"), Dense(n_out, "sigmoid")], n_in, seed=hidden, dtype=dtype)
        assert_same_step(network, task_of(n_in, network, cost="cross_entropy", batch_size=11, l2=1.0), dtype)


@EACH_DTYPE
@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_of_every_shape(shape, dtype):
    layers = SHAPES[shape]
    for n_in, cost, batch_size in product([1, 20, 70], costs_for(layers), [1, 9]):
        network = Network(layers, n_in, seed=4, dtype=dtype)
        task = task_of(n_in, network, cost=cost, batch_size=batch_size, l2=1.0, weighted=True)
        assert_same_step(network, task, dtype)


@EACH_DTYPE
@pytest.mark.parametrize("which", IMAGES)
def test_a_step_of_every_network_of_images(which, dtype):
    shape, layers = IMAGES[which]
    turn = count()
    for cost, batch_size in product(costs_for(layers), [1, 9, 17]):
        i = next(turn)
        network = Network(layers, shape, seed=i, dtype=dtype)
        task = task_of(
            i, network, cost=cost, batch_size=batch_size, pixels=PIXELS[i % 3], l2=i % 2, weighted=True
        )
        assert_same_step(network, task, dtype, epoch=1 + i)


@EACH_DTYPE
@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_every_kernel(size, stride, dtype):
    """On the image itself, and on feature maps, which want their ∂C/∂x."""
    turn = count()
    for padding, (channels, filters) in product(range(min(size, 4)), [(1, 17), (17, 3), (3, 1)]):
        i = next(turn)
        height, width = size + [4, 0, 7, 1, 5][i % 5], size + [3, 6, 0, 5][i % 4]
        if max(height, width) < stride:
            continue
        conv = Conv(filters, size, stride, padding, "tanh")
        below = [Conv(channels, 3, padding=1, activation="tanh")] if i % 2 else []
        layers = [*below, conv, Flatten(), Dense(3, "sigmoid")]
        network = Network(layers, (1 if below else channels, height, width), seed=i, dtype=dtype)
        task = task_of(
            i, network, n=18, cost="quadratic", batch_size=SIZES[i % 7], pixels=PIXELS[i % 3], l2=1.0
        )
        assert_same_step(network, task, dtype)
        assert_same_gradients(network, task, dtype, canonical=False)


@EACH_DTYPE
def test_of_equal_means_the_same_one_wins(dtype):
    """Sums of few grey values are often equal, if they are added up in the same order."""
    layers = [AveragePool(3, 1), MaxPool(2, 1), Flatten(), Dense(2)]
    network = Network(layers, (3, 12, 12), seed=0, dtype=dtype)
    images = np.random.default_rng(0).integers(256, size=(40, 3, 12, 12), dtype=np.uint8)
    mine, wanted = (engine.gradient(network, images, np.zeros(40, int)) for engine in (NATIVE, TEXTBOOK))
    assert np.array_equal(mine.caches[0].a, wanted.caches[0].a)
    assert np.array_equal(mine.layers[0].dC_dz == 0, wanted.layers[0].dC_dz == 0)


@EACH_DTYPE
@pytest.mark.parametrize("pool", [MaxPool, AveragePool])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_pool(pool, size, dtype):
    """Apart, side by side and overlapping; on the image itself, and on feature maps."""
    turn = count()
    for stride, channels in product(range(1, size + 2), [1, 3, 17]):
        i = next(turn)
        height, width = size + [4, 0, 7, 1, 5][i % 5], size + [3, 6, 1, 5][i % 4]
        below = [Conv(channels, 2, padding=1, activation=("relu", "tanh")[i % 2])] if i % 3 else []
        layers = [*below, pool(size, stride), Flatten(), Dense(3, "sigmoid")]
        network = Network(layers, (1 if below else channels, height, width), seed=i, dtype=dtype)
        task = task_of(i, network, cost="quadratic", batch_size=SIZES[i % 7], pixels=PIXELS[i % 3], l2=1.0)
        assert_same_step(network, task, dtype)
        assert_same_gradients(network, task, dtype, canonical=False)


@EACH_DTYPE
@EACH_END
@pytest.mark.parametrize("hidden", [name for name in ACTIVATIONS if name != "softmax"])
def test_a_step_of_every_activation_behind_a_convolution(hidden, activation, on_top, cost, dtype):
    pool = [[], [MaxPool(2)], [AveragePool(2)]]
    for i in range(3):
        layers = [
            Conv(3, 3, 1 + i % 2, activation=hidden),
            *pool[i],
            Flatten(),
            *end_of(activation, on_top, 5),
        ]
        network = Network(layers, (2, 8, 9), seed=i, dtype=dtype)
        task = task_of(
            i, network, cost=cost, batch_size=BATCH_SIZES[2 * i], pixels=PIXELS[i], l2=i, weighted=i > 0
        )
        assert_same_step(network, task, dtype)


@EACH_DTYPE
@pytest.mark.parametrize("batch_size", [1, 2, 7, 8, 15, 16, 17, 100, 127, 128, 129, 256, 300, 1000])
@pytest.mark.parametrize("pixels", PIXELS)
def test_every_batch_size_with_all_kinds_of_images_and_convolution(batch_size, pixels, dtype):
    layers = [Conv(3, 3, activation="tanh"), MaxPool(2), Dropout(0.3), Flatten(), Dense(10, "softmax")]
    network = Network(layers, (1, 9, 8), seed=3, dtype=dtype)
    for l2, weighted, inked in [(0.0, False, 0.3), (2.5, True, 0.01), (0.0, True, 1.0)]:
        task = task_of(
            batch_size,
            network,
            n=300,
            cost="log_likelihood",
            batch_size=batch_size,
            pixels=pixels,
            l2=l2,
            weighted=weighted,
            inked=inked,
        )
        assert_same_step(network, task, dtype, epoch=batch_size)


@EACH_DTYPE
@pytest.mark.parametrize("batch_size", [*BATCH_SIZES, 128, 129, 256, 300, 1000])
@pytest.mark.parametrize("pixels", PIXELS)
def test_every_batch_size_with_all_kinds_of_images(batch_size, pixels, dtype):
    """300 examples: more than the 128 rows that the engine takes at a time; the last batch is smaller."""
    network = Network([Dense(17, "tanh"), Dense(10, "sigmoid")], 70, seed=3, dtype=dtype)
    for l2, weighted, inked in product([0.0, 2.5], [False, True], [0.01, 0.3, 1.0]):
        task = task_of(
            batch_size,
            network,
            n=300,
            cost="cross_entropy",
            batch_size=batch_size,
            pixels=pixels,
            l2=l2,
            weighted=weighted,
            inked=inked,
        )
        assert_same_step(network, task, dtype)


# η is small, so that rounding doesn't grow from step to step. Networks of ReLUs may still come so near a
# kink that the engines take different sides; with these seeds none does.
@EACH_END
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_two_hundred_steps(hidden, activation, on_top, cost):
    layers = [Dense(17, hidden), *end_of(activation, on_top, 5)]
    network = Network(layers, 20, seed=8, dtype=np.float64)
    task = task_of(6, network, n=50, cost=cost, batch_size=7, l2=0.5, weighted=hidden == "tanh", eta=0.02)
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(50) for _ in range(28)])[: 200 * 7]
    met, expected = assert_same_training(network, task, order, 1e-9, 1e-8)
    assert len(met.gradient_norms) == 200
    assert np.array_equal(met.correct, expected.correct)


@pytest.mark.parametrize("which", IMAGES)
def test_a_hundred_steps_of_every_network_of_images(which):
    """From epoch to epoch other numbers are switched off."""
    shape, layers = IMAGES[which]
    network = Network(layers, shape, seed=8, dtype=np.float64)
    task = task_of(6, network, n=30, cost=costs_for(layers)[-1], batch_size=7, l2=0.5, eta=0.02)
    mine, wanted = network.copy(), network.copy()
    for epoch in range(1, 21 if prod(shape) < 500 else 3):
        order = np.random.default_rng(epoch).permutation(30)
        met = NATIVE.train_batches(mine, {}, task, order, epoch)
        expected = TEXTBOOK.train_batches(wanted, {}, task, order, epoch)
        np.testing.assert_allclose(met.costs, expected.costs, rtol=1e-8, atol=1e-8)
    for name, array in wanted.parameters.items():
        assert distance(mine.parameters[name], array) <= 1e-9, name


@st.composite
def cases(draw):
    """Any network of up to four layers, any task for it."""
    layers = draw(
        st.lists(
            st.one_of(
                st.just(Softmax()),
                st.builds(Dense, st.integers(1, 40), st.sampled_from(sorted(ACTIVATIONS))),
            ),
            min_size=1,
            max_size=4,
        )
    )
    n = draw(st.integers(1, 300))
    network = Network(layers, draw(st.integers(1, 80)), seed=draw(st.integers(0, 9)), dtype=np.float64)
    task = task_of(
        draw(st.integers(0, 9)),
        network,
        n=n,
        cost=draw(st.sampled_from(costs_for(layers))),
        batch_size=draw(st.integers(1, n + 5)),
        pixels=draw(st.sampled_from(PIXELS)),
        l2=draw(st.sampled_from([0.0, 1.0])),
        weighted=draw(st.booleans()),
        inked=draw(st.sampled_from([0.0, 0.05, 0.5, 1.0])),
        eta=0.1,
    )
    return network, task


@settings(max_examples=60, deadline=None, derandomize=True)
@given(cases())
def test_any_network_and_any_task(case):
    network, task = case
    assert_same_step(network, task, np.float64)


@st.composite
def cases_of_images(draw):
    """Any images, up to three layers that see them, flatten, and up to two that see rows; any task."""
    side, size = st.integers(1, 12), st.integers(1, 5)
    shape = draw(st.tuples(st.sampled_from([1, 2, 3, 17]), side, side))
    names = st.sampled_from(sorted(set(ACTIVATIONS) - {"softmax"}))
    rate = st.sampled_from([0.0, 0.1, 0.3])  # more of them, and neurons saturate: 1 − a has few digits left
    seeing = st.one_of(
        st.builds(Dropout, rate),
        st.builds(MaxPool, size, st.integers(0, 4)),
        st.builds(AveragePool, size, st.integers(0, 4)),
        st.tuples(st.integers(1, 20), size, st.integers(1, 3), st.integers(0, 4), names).map(
            lambda parts: Conv(*parts[:3], min(parts[3], parts[1] - 1), parts[4])
        ),
    )
    layers, inputs = [], shape
    for layer in draw(st.lists(seeing, max_size=3)):
        try:
            inputs, _ = layer.build(inputs)
        except GlassnetError:  # too large for what is left of the image
            continue
        layers.append(layer)
    dense = st.builds(Dense, st.integers(1, 20), st.sampled_from(sorted(ACTIVATIONS)))
    rows = st.one_of(st.just(Softmax()), st.builds(Dropout, rate), dense)
    layers += [Flatten(), *draw(st.lists(rows, max_size=2)), draw(dense)]
    network = Network(layers, shape, seed=draw(st.integers(0, 9)), dtype=np.float64)
    n = draw(st.integers(1, 200))
    task = task_of(
        draw(st.integers(0, 9)),
        network,
        n=n,
        cost=draw(st.sampled_from(costs_for(layers))),
        batch_size=draw(st.integers(1, n + 5)),
        pixels=draw(st.sampled_from(PIXELS)),
        l2=draw(st.sampled_from([0.0, 1.0])),
        weighted=draw(st.booleans()),
        inked=draw(st.sampled_from([0.0, 0.05, 0.5, 1.0])),
        eta=0.1,
    )
    return network, task


@settings(max_examples=100, deadline=None, derandomize=True)
@given(cases_of_images(), st.integers(1, 2**31))
def test_any_network_of_images_and_any_task(case, epoch):
    network, task = case
    assert_same_step(network, task, np.float64, epoch)


# Passes


@EACH_DTYPE
@EACH_END
def test_a_pass_has_the_same_outputs_and_costs(activation, on_top, cost, dtype):
    for n, pixels in product([1, 8, 300], PIXELS):
        network = Network([Dense(17, "tanh"), *end_of(activation, on_top, 5)], 33, seed=n, dtype=dtype)
        task = task_of(n, network, n=n, cost=cost, batch_size=1, pixels=pixels)
        a, costs = NATIVE.evaluate(network, task.images, task.labels, task.cost)
        wanted_a, wanted_costs = TEXTBOOK.evaluate(network, task.images, task.labels, task.cost)
        assert distance(a, wanted_a) <= STEP[dtype]
        np.testing.assert_allclose(costs, wanted_costs, rtol=RECORD[dtype], atol=RECORD[dtype])
        assert np.array_equal(NATIVE.predictor(network)(task.images), a)


@EACH_DTYPE
@pytest.mark.parametrize("which", IMAGES)
def test_a_pass_of_every_network_of_images(which, dtype):
    """Nothing is switched off when nobody trains."""
    shape, layers = IMAGES[which]
    for n, pixels in product([1, 8, 150], PIXELS):
        network = Network(layers, shape, seed=n, dtype=dtype)
        task = task_of(n, network, n=n, cost=costs_for(layers)[0], batch_size=1, pixels=pixels)
        a, costs = NATIVE.evaluate(network, task.images, task.labels, task.cost)
        wanted_a, wanted_costs = TEXTBOOK.evaluate(network, task.images, task.labels, task.cost)
        assert distance(a, wanted_a) <= STEP[dtype]
        np.testing.assert_allclose(costs, wanted_costs, rtol=RECORD[dtype], atol=RECORD[dtype])
        predict = NATIVE.predictor(network)
        for images in (task.images, task.images.reshape(n, -1), np.asfortranarray(task.images)):
            assert np.array_equal(predict(images), a)


# Gradients, and every number on the way there


def assert_same_gradient(mine, wanted, tolerance):
    assert abs(mine.cost - wanted.cost) <= tolerance * max(1, abs(wanted.cost))
    assert np.array_equal(mine.caches[0].x, wanted.caches[0].x)
    for i, (cache, wanted_cache) in enumerate(zip(mine.caches, wanted.caches, strict=True)):
        for name in cache._fields:  # z may nearly cancel
            assert distance(getattr(cache, name), getattr(wanted_cache, name), 0.01) <= tolerance, (i, name)
    # δ is a difference, through softmax even of a mean: it is as exact as what it is made of.
    made = [array for back in wanted.layers for array in (back.dC_da, back.dC_dz) if array is not None]
    scale = max(float(np.linalg.norm(array)) for array in made)
    for i, (back, wanted_back) in enumerate(zip(mine.layers, wanted.layers, strict=True)):
        assert (back.dC_da is None) == (wanted_back.dC_da is None)
        if back.dC_da is not None:
            assert distance(back.dC_da, wanted_back.dC_da, 0.1 * scale) <= tolerance, i
        assert distance(back.dC_dz, wanted_back.dC_dz, 0.1 * scale) <= tolerance, i
        assert set(back.parameters) == set(wanted_back.parameters)
    assert list(mine.parameters) == list(wanted.parameters)
    for name, array in wanted.parameters.items():
        assert distance(mine.parameters[name], array, 0.1 * scale) <= tolerance, name
        layer, own_name = name.split(".")
        assert np.array_equal(mine.layers[int(layer) - 1].parameters[own_name], mine.parameters[name])


def back_from_the_same_numbers(network, mine, wanted, task, canonical, draw):
    """The textbook's way back from what the engine's way forward made.

    Two numbers of a window may be equal but for their last bits: then another one wins where sums were
    added in another order, and what goes back goes elsewhere. The forward passes are compared as they are.
    """
    params = network.by_layer() if draw is None else network.in_training(draw)
    y, share = network.targets(task.labels), network.share(len(task.labels), task.example_weights)
    layers = network.backward(mine.caches, y, network.check_cost(task.cost), share, params, canonical)
    parameters = network.by_name(layer.parameters for layer in layers)
    return wanted._replace(layers=layers, parameters=parameters)


def assert_same_gradients(network, task, dtype, canonical=True, draw=None):
    """All images of a task at once."""
    arguments = {"example_weights": task.example_weights, "canonical": canonical, "draw": draw}
    mine = NATIVE.gradient(network, task.images, task.labels, task.cost, **arguments)
    wanted = network.gradient(task.images, task.labels, task.cost, **arguments)
    wanted = back_from_the_same_numbers(network, mine, wanted, task, canonical, draw)
    assert_same_gradient(mine, wanted, GRADIENT[dtype])


@EACH_DTYPE
@pytest.mark.parametrize("which", IMAGES)
@pytest.mark.parametrize("canonical", [True, False])
def test_every_number_of_a_gradient_of_images(which, canonical, dtype):
    """As it is, and as a step of training, on fewer and on more than the 128 rows taken at a time."""
    shape, layers = IMAGES[which]
    for i, cost in enumerate(costs_for(layers)):
        for in_training in (False, True):
            n = [150, 7, 1][(i + in_training) % 3]
            network = Network(layers, shape, seed=i, dtype=dtype)
            task = task_of(
                i, network, n=n, cost=cost, batch_size=1, pixels=PIXELS[i % 3], weighted=i % 2 == 0
            )
            draw = Draw(2**40 + i, 1 + i, np.random.default_rng(i).integers(2**31, size=n))
            assert_same_gradients(network, task, dtype, canonical, draw if in_training else None)


@EACH_DTYPE
@pytest.mark.parametrize("rate", [0.0, 2**-32, 0.1, 1 / 3, 0.5, 0.9, 1 - 2**-20])
def test_the_same_numbers_are_switched_off_and_scaled_alike(rate, dtype):
    """To the bit: what dropout makes of the image itself, in a row and as an image of several channels."""
    rng = np.random.default_rng(0)
    for shape, layers in (
        ((37,), [Dropout(rate), Dense(2)]),
        ((3, 5, 7), [Dropout(rate), Flatten(), Dropout(rate), Dense(2)]),
    ):
        network = Network(layers, shape, seed=0, dtype=dtype)
        images = rng.uniform(-1, 1, size=(150, *shape)).astype(dtype)
        draw = Draw(2**62 + 1, 2**31, rng.integers(2**31, size=150))
        mine, wanted = (
            engine.gradient(network, images, np.zeros(150, np.int64), draw=draw)
            for engine in (NATIVE, TEXTBOOK)
        )
        for cache, wanted_cache, layer in zip(mine.caches, wanted.caches, layers, strict=True):
            if layer.kind != "dense":
                assert np.array_equal(cache.z, wanted_cache.z), layer
                assert np.array_equal(cache.a, wanted_cache.a), layer


@EACH_DTYPE
@EACH_END
@pytest.mark.parametrize("canonical", [True, False])
def test_every_number_of_a_gradient(activation, on_top, cost, canonical, dtype):
    turn = count()
    for hidden, n in product(ACTIVATIONS, [1, 7, 129, 300]):
        i = next(turn)
        layers = [Dense(17, hidden), Dense(SIZES[i % 7], hidden), *end_of(activation, on_top, 5)]
        network = Network(layers, 33, seed=i, dtype=dtype)
        task = task_of(i, network, n=n, cost=cost, batch_size=1, pixels=PIXELS[i % 3], weighted=i % 2 == 0)
        arguments = {"example_weights": task.example_weights, "canonical": canonical}
        mine = NATIVE.gradient(network, task.images, task.labels, cost, **arguments)
        wanted = network.gradient(task.images, task.labels, cost, **arguments)
        assert_same_gradient(mine, wanted, GRADIENT[dtype])


@EACH_DTYPE
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("canonical", [True, False])
def test_gradients_of_every_shape(shape, canonical, dtype):
    for cost in costs_for(SHAPES[shape]):
        network = Network(SHAPES[shape], 20, seed=5, dtype=dtype)
        task = task_of(5, network, n=150, cost=cost, batch_size=1)
        mine = NATIVE.gradient(network, task.images, task.labels, cost, canonical=canonical)
        wanted = network.gradient(task.images, task.labels, cost, canonical=canonical)
        assert_same_gradient(mine, wanted, GRADIENT[dtype])


@EACH_DTYPE
@EACH_END
@pytest.mark.parametrize("canonical", [True, False])
def test_desired_outputs_need_not_be_one_hot(activation, on_top, cost, canonical, dtype):
    rng = np.random.default_rng(2)
    y = rng.dirichlet(np.ones(5), size=150)  # rows within 0 … 1 that sum to 1: right for all costs
    network = Network([Dense(17, "tanh"), *end_of(activation, on_top, 5)], 33, seed=2, dtype=dtype)
    images = images_of(rng, 150, 33, np.uint8)
    for targets in (y, y.astype(np.float32), np.asfortranarray(y)):
        mine = NATIVE.gradient(network, images, targets, cost, canonical=canonical)
        wanted = network.gradient(images, targets, cost, canonical=canonical)
        assert_same_gradient(mine, wanted, GRADIENT[dtype])


def test_images_with_more_axes_come_back_with_them():
    network = Network([Softmax(), Dense(3, "tanh")], 6, seed=0)
    images = np.random.default_rng(0).integers(0, 256, size=(4, 2, 3), dtype=np.uint8)
    mine, wanted = NATIVE.gradient(network, images, [0, 1, 2, 0]), network.gradient(images, [0, 1, 2, 0])
    assert_same_gradient(mine, wanted, GRADIENT[np.float32])


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@EACH_END
def test_gradients_are_the_slopes_of_the_textbooks_cost(hidden, activation, on_top, cost):
    """A thousandth counts as the least gradient: 10⁻⁶ of it is the quotient's own error."""
    layers = [Dense(6, hidden), *end_of(activation, on_top, 4)]
    network = Network(layers, 5, seed=11, initializer="normal", dtype=np.float64)
    task = task_of(3, network, n=6, cost=cost, batch_size=1, pixels=np.float64, weighted=True, inked=0.9)
    arguments = {"example_weights": task.example_weights, "canonical": False}
    slopes = check_gradient(network, task.images, task.labels, cost, sample=25, **arguments)
    assert len(slopes.entries) >= 20  # few stand at a kink
    for canonical in (True, False):
        arguments["canonical"] = canonical
        gradient = NATIVE.gradient(network, task.images, task.labels, cost, **arguments)
        for slope in slopes.entries:
            exact = gradient.parameters[slope.name][slope.place]
            scale = max(abs(exact), abs(slope.difference), 1e-3)
            assert abs(exact - slope.difference) <= 1e-6 * scale, slope


@pytest.mark.parametrize("which", [which for which in IMAGES if which != "no weights"])
def test_gradients_of_images_are_the_slopes_of_the_textbooks_cost(which):
    shape, layers = IMAGES[which]
    network = Network(layers, shape, seed=11, dtype=np.float64)
    task = task_of(3, network, n=4, cost=costs_for(layers)[-1], batch_size=1, pixels=np.float64, inked=0.9)
    arguments = {"draw": Draw(1, 2, np.arange(4))}
    slopes = check_gradient(network, task.images, task.labels, task.cost.name, sample=60, **arguments)
    assert len(slopes.entries) >= min(40, network.parameter_count)
    gradient = NATIVE.gradient(network, task.images, task.labels, task.cost, **arguments)
    for slope in slopes.entries:
        exact = gradient.parameters[slope.name][slope.place]
        scale = max(abs(exact), abs(slope.difference), 1e-3)
        assert abs(exact - slope.difference) <= 1e-6 * scale, slope


# Explanations: what is shown is what the engine used


@EACH_DTYPE
@EACH_END
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_the_shown_gradient_is_what_the_engine_used(hidden, activation, on_top, cost, dtype):
    """The textbook's numbers, which are shown, beside the engine's, in every layer: ∇C₀, δ, ∂C₀/∂a, a, z."""
    for i, n_in in enumerate([1, 20, 33]):
        layers = [Dense(SIZES[i + 1], hidden), Dense(17, hidden), *end_of(activation, on_top, 5)]
        network = Network(layers, n_in, seed=i, dtype=dtype)
        image = images_of(np.random.default_rng(i), 2, n_in, PIXELS[i])[0]
        shown = explain(network, image, i, cost, dtype=dtype)
        for canonical, way in ((False, shown.trace.chain), (True, shown.trace.used)):
            used = NATIVE.gradient(network, image[None], [i], cost, canonical=canonical)
            assert_same_gradient(used, way, GRADIENT[dtype])


@EACH_DTYPE
@pytest.mark.parametrize("which", IMAGES)
def test_the_shown_gradient_of_images_is_what_the_engine_used(which, dtype):
    shape, layers = IMAGES[which]
    for i, cost in enumerate(costs_for(layers)):
        network = Network(layers, shape, seed=i, dtype=dtype)
        image = images_of(np.random.default_rng(i), 2, prod(shape), PIXELS[i % 3])[0].reshape(shape)
        # In float32 another order of sums may make another number win its window (see above).
        engine = "native" if dtype is np.float32 else "textbook"
        shown = explain(network, image, 0, cost, dtype=dtype, engine=engine)
        for canonical, way in ((False, shown.trace.chain), (True, shown.trace.used)):
            used = NATIVE.gradient(network, image[None], [0], cost, canonical=canonical)
            assert_same_gradient(used, way, GRADIENT[dtype])


@EACH_DTYPE
@pytest.mark.parametrize("shape", SHAPES)
def test_an_explanation_by_the_engine_shows_the_same_numbers(shape, dtype):
    tolerance = GRADIENT[dtype]
    for cost in costs_for(SHAPES[shape]):
        network = Network(SHAPES[shape], 20, seed=6, dtype=dtype)
        image = np.random.default_rng(6).uniform(-1, 1, size=20)
        mine, wanted = (
            explain(network, image, 0, cost, engine=engine, dtype=dtype) for engine in ("native", "textbook")
        )
        assert_same_gradient(mine.trace.chain, wanted.trace.chain, tolerance)
        assert_same_gradient(mine.trace.used, wanted.trace.used, tolerance)
        slopes = [np.abs(wanted.trace.dC_da(layer)).max() for layer in range(wanted.depth + 1)]
        scale = max(1.0, *map(float, slopes))

        def close(one, other, scale=scale):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)

        close(mine.pixels, wanted.pixels)
        for layer in range(1, mine.depth + 1):
            ways = (mine.ways_to_raise(0, layer), wanted.ways_to_raise(0, layer))
            close(*(of.by_activations for of in ways))
            close(*(explanation.wishes(layer).wishes for explanation in (mine, wanted)))
            if wanted.trace.params[layer - 1]:
                close(*(of.by_weights for of in ways))
                first = (0,) * wanted.trace.params[layer - 1]["weight"].ndim
                close(*(explanation.weight(layer, *first).value for explanation in (mine, wanted)))
            if "bias" in wanted.trace.params[layer - 1]:
                close(*(explanation.bias(layer, 0).value for explanation in (mine, wanted)))
                assert mine.bias(layer, 0).product == mine.bias(layer, 0).value
        close(mine.nudges().after, wanted.nudges().after)


@EACH_END
def test_in_float64_every_shown_weight_is_the_engines_to_twelve_digits(activation, on_top, cost):
    network = Network([Dense(7, "tanh"), *end_of(activation, on_top, 5)], 6, seed=7, dtype=np.float64)
    image = np.random.default_rng(7).uniform(-1, 1, size=6)
    shown = explain(network, image, 2, cost)
    used = NATIVE.gradient(network, image[None], [2], cost).parameters
    for layer in (1, 2):
        weights, biases = used[f"{layer}.weight"], used[f"{layer}.bias"]
        for j, k in np.ndindex(weights.shape):
            assert abs(shown.weight(layer, j, k).value - weights[j, k]) <= 1e-12
        for j, bias in enumerate(biases):
            assert abs(shown.bias(layer, j).value - bias) <= 1e-12


@EACH_DTYPE
@EACH_END
def test_images_push_a_weight_by_the_same_nudges(activation, on_top, cost, dtype):
    network = Network([Dense(17, "tanh"), *end_of(activation, on_top, 5)], 33, seed=8, dtype=dtype)
    task = task_of(8, network, n=1300, cost=cost, batch_size=1)
    for parameter in (("1.weight", (3, 7)), ("2.bias", (2,))):
        mine, wanted = (
            attribute(network, task.images, task.labels, parameter, cost, engine=engine).nudges
            for engine in ("native", "textbook")
        )
        assert distance(mine, wanted) <= GRADIENT[dtype]


# Refusals


BAD = {
    "no images": (np.zeros((0, 3)), [], "quadratic", None),
    "fewer targets": (np.zeros((2, 3)), [0], "quadratic", None),
    "a label that is no output": (np.zeros((1, 3)), [2], "quadratic", None),
    "too many inputs": (np.zeros((1, 4)), [0], "quadratic", None),
    "whole numbers": (np.zeros((1, 3), np.int64), [0], "quadratic", None),
    "NaN": (np.array([[0.0, np.nan, 0.0]]), [0], "quadratic", None),
    "infinite": (np.array([[0.0, -np.inf, 0.0]]), [0], "quadratic", None),
    "a target that is NaN": (np.zeros((1, 3)), [[np.nan, 0.0]], "quadratic", None),
    "a target out of range": (np.zeros((1, 3)), [[1.5, 0.0]], "cross_entropy", None),
    "a cost that doesn't fit": (np.zeros((1, 3)), [0], "log_likelihood", None),
    "a cost that isn't": (np.zeros((1, 3)), [0], "quadratik", None),
    "weights for others": (np.zeros((1, 3)), [0], "quadratic", [1.0, 2.0]),
    "a negative weight": (np.zeros((1, 3)), [0], "quadratic", [-1.0]),
    "a weight that is NaN": (np.zeros((1, 3)), [0], "quadratic", [np.nan]),
}


@EACH_DTYPE
def test_no_image_at_all_is_a_pass_too(dtype):
    for layers, shape in (
        ([Dense(4), Dense(2)], 3),
        ([Conv(2, 1), MaxPool(1), Flatten(), Dense(2)], (1, 1, 3)),
    ):
        network = Network(layers, shape, seed=0, dtype=dtype)
        for images in (np.zeros((0, 3), np.uint8), np.zeros((0, 3)), np.zeros((0, 1, 1, 3))):
            for engine in (TEXTBOOK, NATIVE):
                a, costs = engine.evaluate(network, images, np.zeros(0, np.int64), COSTS["quadratic"])
                assert (a.shape, a.dtype, costs.shape) == ((0, 2), np.dtype(dtype), (0,))
                assert engine.predictor(network)(images).shape == (0, 2)


BAD_DRAWS = {
    "of fewer examples": Draw(0, 1, np.array([3])),
    "of more examples": Draw(0, 1, np.array([3, 4, 5])),
    "a place that is no whole number": Draw(0, 1, np.array([3.5, 4.0])),
    "a place before the first": Draw(0, 1, np.array([-1, 4])),
    "a place beyond the counter": Draw(0, 1, np.array([2**32, 4])),
    "epoch 0": Draw(0, 0, np.array([3, 4])),
    "an epoch beyond the counter": Draw(0, 2**32, np.array([3, 4])),
    "a negative seed": Draw(-1, 1, np.array([3, 4])),
    "no draw": (0, 1, np.array([3, 4])),
}


@pytest.mark.parametrize("what", BAD_DRAWS)
def test_a_draw_of_other_examples_is_refused_with_the_same_sentence(what):
    network = Network([Dropout(0.5), Dense(2)], 3, seed=0)
    said = []
    for engine in (TEXTBOOK, NATIVE):
        with pytest.raises(GlassnetError) as error:
            engine.gradient(network, np.zeros((2, 3)), [0, 1], draw=BAD_DRAWS[what])
        said.append(str(error.value))
    assert said[0] == said[1]
    assert said[0].startswith("seed is -1" if what == "a negative seed" else "draw is ")


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("of_images", [False, True])
def test_a_gradient_is_refused_with_the_same_sentence(what, of_images):
    images, y, cost, weights = BAD[what]
    network = Network([Dense(4), Dense(2)], 3, seed=0)
    if of_images:
        network = Network([Conv(4, 1), AveragePool(1), Flatten(), Dense(2)], (1, 1, 3), seed=0)
    with pytest.raises(GlassnetError) as wanted:
        network.gradient(images, y, cost, example_weights=weights)
    with pytest.raises(GlassnetError) as mine:
        NATIVE.gradient(network, images, y, cost, example_weights=weights)
    assert str(mine.value) == str(wanted.value)
