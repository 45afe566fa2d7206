"""The seam between training and whatever computes its steps: what every engine must do."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.draws import Draw
from glassnet.engine import ENGINES, Task, get_engine
from glassnet.errors import GlassnetError
from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import CHUNK, Network
from glassnet.optimizers import SGD, update
from glassnet.rng import Purpose, Stream
from glassnet.training import Predictor, Recipe, Trainer

pytestmark = [pytest.mark.table, pytest.mark.usefixtures("drawn_once")]

EACH_ENGINE = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def task(images, labels, **changes):
    parts = {"example_weights": None, "cost": COSTS["quadratic"], "optimizer": SGD()}
    parts |= {"learning_rate": 0.5, "batch_size": 2, "l2": 0.0}
    return Task(images=np.asarray(images), labels=np.asarray(labels), **(parts | changes))


def random_task(n, **changes):
    rng = np.random.default_rng(n)
    return task(rng.integers(0, 256, size=(n, 6), dtype=np.uint8), rng.integers(3, size=n), **changes)


@EACH_ENGINE
@EACH_DTYPE
def test_two_steps_by_hand(engine, dtype):
    """One linear neuron, w = 1, b = 0, wanted 1; η = ½, λ = 3, n = 3, so 1 − ηλ/n = ½; order 2, 0 | 1.

    Inputs 3 and 1: a = 3, 1; a − y = 2, 0; C₀ = 2, 0. ∂C/∂w = (2·3 + 0·1)/2 = 3, ∂C/∂b = (2 + 0)/2 = 1.
    w = ½ · 1 − ½ · 3 = −1, b = 0 − ½ · 1 = −½ (biases are not shrunk).
    Input 2, the smaller mini-batch at the end: a = −2.5, a − y = −3.5, C₀ = 6.125; ∂C/∂w = −7, ∂C/∂b = −3.5.
    w = ½ · −1 + ½ · 7 = 3, b = −½ + ½ · 3.5 = 1.25.
    """
    parameters = {"1.weight": np.array([[1.0]]), "1.bias": np.array([0.0])}
    network = Network([Dense(1, "linear")], 1, parameters=parameters, dtype=dtype)
    work = task([[1.0], [2.0], [3.0]], [0, 0, 0], l2=3.0)
    met = engine.train_batches(network, {}, work, np.array([2, 0, 1]))
    assert network.parameters["1.weight"].tolist() == [[3.0]]
    assert network.parameters["1.bias"].tolist() == [1.25]
    assert met.costs.tolist() == [2.0, 0.0, 6.125]
    assert met.correct.tolist() == [True, True, True]  # of one class, the largest output is always right
    assert met.gradient_norms.tolist() == [[3.0], [7.0]]  # of the data cost, without penalty


@EACH_ENGINE
@EACH_DTYPE
def test_a_step_of_a_convolution_by_hand(engine, dtype):
    """One filter of one pixel, w = 1, b = 0, on an image of two; both places share it. η = ½, λ = 4, n = 1.

    Image 3 1, wanted 1 0: z = a = 3, 1; a − y = 2, 1; C₀ = (4 + 1)/2. Summed over the places,
    ∂C/∂w = 2·3 + 1·1 = 7 and ∂C/∂b = 2 + 1 = 3. w = (1 − ½·4) · 1 − ½ · 7 = −4.5, b = −½ · 3.
    """
    parameters = {"1.weight": np.ones((1, 1, 1, 1)), "1.bias": np.zeros(1)}
    layers = [Conv(1, 1, activation="linear"), Flatten()]
    network = Network(layers, (1, 1, 2), parameters=parameters, dtype=dtype)
    met = engine.train_batches(network, {}, task([[[3.0, 1.0]]], [0], l2=4.0), np.array([0]))
    assert network.parameters["1.weight"].tolist() == [[[[-4.5]]]]
    assert network.parameters["1.bias"].tolist() == [-1.5]
    assert met.costs.tolist() == [2.5]
    assert met.correct.tolist() == [True]
    assert met.gradient_norms.tolist() == [[7.0]]


@EACH_ENGINE
@EACH_DTYPE
def test_a_step_through_a_max_pool_by_hand(engine, dtype):
    """Image 1 5 / 2 5, filter of one pixel with w = 2: 2 10 / 4 10, and the first of the two 10 wins.

    y = 1 of one output: a − y = 9, C₀ = 40.5, ∂C/∂w = 9 · 5 from the winner's place alone; η = 1/9.
    """
    parameters = {"1.weight": np.full((1, 1, 1, 1), 2.0), "1.bias": np.zeros(1)}
    layers = [Conv(1, 1, activation="linear"), MaxPool(2), Flatten()]
    network = Network(layers, (1, 2, 2), parameters=parameters, dtype=dtype)
    work = task([[[1.0, 5.0], [2.0, 5.0]]], [0], learning_rate=1 / 9)
    met = engine.train_batches(network, {}, work, np.array([0]))
    assert met.costs.tolist() == [40.5]
    assert met.gradient_norms.tolist() == [[45.0]]
    np.testing.assert_allclose(network.parameters["1.weight"], -3.0, rtol=1e-6)
    np.testing.assert_allclose(network.parameters["1.bias"], -1.0, rtol=1e-6)


@EACH_ENGINE
@EACH_DTYPE
@pytest.mark.parametrize(("seed", "epoch"), [(0, 1), (0, 2), (2**62 + 9, 7)])
def test_dropout_switches_off_what_its_bits_say(engine, dtype, seed, epoch):
    """Eight ones, each off with probability ¼ or weighed 4/3, summed: C₀ = ½ (4/3 · on − 1)².

    `on` is counted from the stream of (seed, epoch, example); nothing is off where nobody trains.
    """
    parameters = {"2.weight": np.ones((1, 8)), "2.bias": np.zeros(1)}
    network = Network([Dropout(0.25), Dense(1, "linear")], 8, parameters=parameters, dtype=dtype)
    order = np.random.default_rng(3).permutation(50)
    work = task(np.ones((50, 8)), np.zeros(50, np.int64), batch_size=50, seed=seed)
    words = [Stream(seed, Purpose.DROPOUT, epoch, int(place)).bits(8) for place in order]
    on = np.array([sum(word >= 2**30 for word in of_one.tolist()) for of_one in words])
    assert len(set(on)) > 2

    draw = Draw(seed, epoch, order)
    dropped = engine.gradient(network, work.images[order], work.labels[order], work.cost, draw=draw)
    whole = engine.gradient(network, work.images, work.labels, work.cost)
    _, evaluated = engine.evaluate(network, work.images, work.labels, work.cost)
    predicted = engine.predictor(network)(work.images)
    met = engine.train_batches(network, {}, work, order, epoch)
    np.testing.assert_allclose(met.costs, (4 / 3 * on - 1) ** 2 / 2, rtol=1e-5)
    assert dropped.cost == pytest.approx(met.costs.mean(), rel=1e-5)
    assert whole.cost == pytest.approx(24.5, rel=1e-6)  # ½ (8 − 1)²
    np.testing.assert_allclose(evaluated, 24.5, rtol=1e-6)
    np.testing.assert_allclose(predicted, 8.0, rtol=1e-6)


# cost: (activation of the last layer, C₀ and ∂C₀/∂z of a row, written for that pair)
FORMULAS = {
    "squared": ("sigmoid", lambda a, y: ((a - y) ** 2).sum(), lambda a, y: 2 * (a - y) * a * (1 - a)),
    "quadratic": ("tanh", lambda a, y: ((a - y) ** 2).sum() / 2, lambda a, y: (a - y) * (1 - a**2)),
    "cross_entropy": (
        "sigmoid",
        lambda a, y: -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(),
        lambda a, y: a - y,
    ),
    "log_likelihood": ("softmax", lambda a, y: -np.log(a[y.argmax()]), lambda a, y: a - y),
}
OUT = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
}


def test_the_formulas_miss_no_cost():
    assert set(FORMULAS) == set(COSTS)


@EACH_ENGINE
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("l2", [0.0, 1.5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pixels", [False, True])
def test_a_step_is_the_one_written_by_hand(engine, cost, l2, weighted, pixels):
    """w ← (1 − ηλ/n) w − (η/m) Σ ∂C_x/∂w, one example after another, 6-4-3 with tanh inside."""
    activation, C0, delta = FORMULAS[cost]
    rng = np.random.default_rng(7)
    n, m, eta = 9, 5, 0.7
    images = rng.integers(0, 256, size=(n, 6), dtype=np.uint8)
    labels, order = rng.integers(3, size=n), rng.permutation(n)[:m]
    weights = rng.uniform(0, 2, size=n) if weighted else None
    network = Network([Dense(4, "tanh"), Dense(3, activation)], 6, seed=5, dtype=np.float64)
    W1, b1, W2, b2 = (
        network.parameters[name].copy() for name in ("1.weight", "1.bias", "2.weight", "2.bias")
    )

    work = task(
        images if pixels else images / 255,
        labels,
        example_weights=weights,
        cost=COSTS[cost],
        learning_rate=eta,
        batch_size=m,
        l2=l2,
    )
    met = engine.train_batches(network, {}, work, order)

    sums, costs, correct = [0.0, 0.0, 0.0, 0.0], [], []
    for place in order:
        x, y, weight = images[place] / 255, np.eye(3)[labels[place]], 1 if weights is None else weights[place]
        h = np.tanh(W1 @ x + b1)
        a = OUT[activation](W2 @ h + b2)
        d2 = weight * delta(a, y)
        d1 = (W2.T @ d2) * (1 - h**2)
        for i, term in enumerate([np.outer(d1, x), d1, np.outer(d2, h), d2]):
            sums[i] = sums[i] + term
        costs.append(weight * C0(a, y))
        correct.append(a.argmax() == labels[place])
    shrink = 1 - eta * l2 / n
    expected = {
        "1.weight": shrink * W1 - eta / m * sums[0],
        "1.bias": b1 - eta / m * sums[1],
        "2.weight": shrink * W2 - eta / m * sums[2],
        "2.bias": b2 - eta / m * sums[3],
    }
    for name, array in expected.items():
        np.testing.assert_allclose(network.parameters[name], array, rtol=0, atol=1e-13, err_msg=name)
    np.testing.assert_allclose(met.costs, costs, rtol=1e-12)
    assert met.correct.tolist() == correct
    norms = [np.linalg.norm(sums[0] / m), np.linalg.norm(sums[2] / m)]
    np.testing.assert_allclose(met.gradient_norms, [norms], rtol=1e-12)


# Layers, the shape of an example of six numbers, a cost.
FORMS = [
    ([Dense(4, "sigmoid"), Dense(3, "sigmoid")], (6,), "cross_entropy"),
    ([Dense(4, "relu"), Dense(3, "softmax")], (6,), "log_likelihood"),
    ([Dense(4, "tanh"), Dense(3, "sigmoid"), Softmax()], (6,), "squared"),
    ([Softmax(), Dense(3, "linear")], (6,), "quadratic"),
    (
        [
            Conv(4, 2, padding=1, activation="tanh"),
            MaxPool(2, 1),
            Dropout(0.5),
            Flatten(),
            Dense(3, "softmax"),
        ],
        (1, 2, 3),
        "log_likelihood",
    ),
    (
        [Dropout(0.1), AveragePool(1), Flatten(), Dense(5, "relu"), Dropout(0.5), Dense(3)],
        (3, 1, 2),
        "squared",
    ),
]


def test_the_forms_miss_no_layer():
    assert {layer.kind for layers, *_ in FORMS for layer in layers} == set(LAYERS)


@EACH_ENGINE
@EACH_DTYPE
@pytest.mark.parametrize(("layers", "shape", "cost"), FORMS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_how_the_order_is_cut_into_calls_changes_no_bit(engine, dtype, layers, shape, cost, data):
    m = data.draw(st.sampled_from([1, 3, 10, 64]))
    n = data.draw(st.integers(1, 40)) if m < 10 else data.draw(st.sampled_from([30, 2 * CHUNK + 77]))
    cuts = data.draw(st.lists(st.integers(0, n // m), max_size=4))
    work = random_task(n, cost=COSTS[cost], batch_size=m, l2=0.5, seed=n)
    order = np.random.default_rng(n).permutation(n)
    whole, parts = (Network(layers, shape, seed=2, dtype=dtype) for _ in range(2))

    at_once = engine.train_batches(whole, {}, work, order, 3)
    edges = sorted({0, n, *(cut * m for cut in cuts)})
    calls = [engine.train_batches(parts, {}, work, order[a:b], 3) for a, b in pairwise(edges)]
    for name, array in whole.parameters.items():
        assert np.array_equal(array, parts.parameters[name]), name
    for field in at_once._fields:
        together = np.concatenate([getattr(call, field) for call in calls])
        assert np.array_equal(getattr(at_once, field), together), field


@EACH_ENGINE
@EACH_DTYPE
@pytest.mark.parametrize(
    ("n", "m", "sizes"),
    [
        (5, 1, [1, 1, 1, 1, 1]),
        (7, 3, [3, 3, 1]),
        (6, 3, [3, 3]),
        (4, 9, [4]),  # larger than the set: all of it
        (CHUNK + 3, CHUNK, [CHUNK, 3]),
    ],
)
def test_every_mini_batch_is_a_step(engine, dtype, n, m, sizes):
    """Each row of the gradient norms is that of ∇C at the parameters before that step."""
    work = random_task(n, batch_size=m, learning_rate=0.3)
    network = Network("6-4-3", seed=2, dtype=dtype)
    mine = network.copy()
    order = np.random.default_rng(0).permutation(n)
    met = engine.train_batches(network, {}, work, order)

    assert met.costs.shape == met.correct.shape == (n,)
    assert met.gradient_norms.shape == (len(sizes), 2)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    start = 0
    for row, size in enumerate(sizes):
        places = order[start : start + size]
        gradient = mine.gradient(work.images[places], work.labels[places], "quadratic")
        norms = [np.linalg.norm(gradient.parameters[name]) for name in mine.weights]
        np.testing.assert_allclose(met.gradient_norms[row], norms, rtol=tolerance)
        assert met.costs[start : start + size].mean() == pytest.approx(gradient.cost, rel=tolerance)
        right = mine.predict(work.images[places]).argmax(axis=1) == work.labels[places]
        assert met.correct[start : start + size].tolist() == right.tolist()
        update(SGD(), mine.parameters, gradient.parameters, {}, 0.3)
        start += size
    for name, array in mine.parameters.items():
        np.testing.assert_allclose(network.parameters[name], array, rtol=0, atol=tolerance)


@EACH_ENGINE
@EACH_DTYPE
def test_what_comes_back_has_the_types_of_the_seam(engine, dtype):
    network = Network("6-4-3", seed=2, dtype=dtype)
    met = engine.train_batches(network, {}, random_task(5), np.arange(5))
    assert met.costs.dtype == met.gradient_norms.dtype == np.float64
    assert met.correct.dtype == np.bool_
    assert {array.dtype for array in network.parameters.values()} == {np.dtype(dtype)}


@EACH_ENGINE
@EACH_DTYPE
@pytest.mark.parametrize("n", [1, CHUNK, 2 * CHUNK + 1])
def test_a_pass_is_forward_and_cost(engine, dtype, n):
    work = random_task(n)
    network = Network("6-4-3", seed=2, dtype=dtype)
    before = {name: array.copy() for name, array in network.parameters.items()}
    outputs, costs = engine.evaluate(network, work.images, work.labels, work.cost)

    p = {name: array.astype(np.float64) for name, array in network.parameters.items()}
    h = 1 / (1 + np.exp(-(work.images / 255 @ p["1.weight"].T + p["1.bias"])))
    a = 1 / (1 + np.exp(-(h @ p["2.weight"].T + p["2.bias"])))
    tolerance = 2e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(outputs, a, rtol=0, atol=tolerance)
    np.testing.assert_allclose(costs, ((a - np.eye(3)[work.labels]) ** 2).sum(axis=1) / 2, atol=tolerance)
    assert all(np.array_equal(network.parameters[name], array) for name, array in before.items())


@EACH_ENGINE
@EACH_DTYPE
@pytest.mark.parametrize("canonical", [True, False])
def test_a_gradient_by_hand(engine, dtype, canonical):
    """One sigmoid neuron, w = b = 0, x = 3 and −1, y = 1 and 0, weights 1 and 3: a = ½, C₀ = ln 2.

    Shares are 1/2 and 3/2, so C = (ln 2 + 3 ln 2) / 2 and δ = ½ · −½, 3/2 · ½ = −¼, ¾; by the chain
    ∂C₀/∂a = (a − y) / a(1 − a) = −2, 2, ∂C/∂a = −1, 3, and σ′ = ¼. ∂C/∂w = −¼ · 3 + ¾ · −1, ∂C/∂b = −¼ + ¾.
    """
    parameters = {"1.weight": np.zeros((1, 1)), "1.bias": np.zeros(1)}
    network = Network([Dense(1, "sigmoid")], 1, parameters=parameters, dtype=dtype)
    gradient = engine.gradient(
        network,
        np.array([[3.0], [-1.0]]),
        np.array([[1.0], [0.0]]),
        "cross_entropy",
        example_weights=[1, 3],
        canonical=canonical,
    )
    (layer,), (cache,) = gradient.layers, gradient.caches
    assert gradient.cost == pytest.approx(2 * np.log(2), rel=1e-6)
    assert cache.x.tolist() == [[3.0], [-1.0]]
    assert cache.z.tolist() == [[0.0], [0.0]]
    assert cache.a.tolist() == [[0.5], [0.5]]
    assert layer.dC_dz.tolist() == [[-0.25], [0.75]]
    assert layer.dC_da is None if canonical else layer.dC_da.tolist() == [[-1.0], [3.0]]
    assert gradient.parameters["1.weight"].tolist() == layer.parameters["weight"].tolist() == [[-1.5]]
    assert gradient.parameters["1.bias"].tolist() == layer.parameters["bias"].tolist() == [0.5]
    assert {array.dtype for array in (*cache, layer.dC_dz, *gradient.parameters.values())} == {
        np.dtype(dtype)
    }
    assert all(not array.any() for array in network.parameters.values())  # no step was made


@EACH_ENGINE
@EACH_DTYPE
def test_a_predictor_keeps_the_parameters_that_it_was_made_with(engine, dtype):
    network = Network("6-4-3", seed=2, dtype=dtype)
    images = random_task(9).images
    predict = engine.predictor(network)
    wanted = network.predict(images)
    tolerance = 2e-6 if dtype == np.float32 else 1e-13
    for _ in range(2):
        for n in (1, 8, 9):
            outputs = predict(images[:n])
            assert outputs.dtype == dtype
            np.testing.assert_allclose(outputs, wanted[:n], rtol=0, atol=tolerance)
        for array in network.parameters.values():
            array += 1


@EACH_ENGINE
def test_an_engine_without_weights_to_learn_still_counts(engine):
    network = Network([Softmax()], 3, seed=0)
    images = np.array([[1.0, 0, 0], [0, 0, 1.0]])
    met = engine.train_batches(network, {}, task(images, [0, 1]), np.array([0, 1]))
    assert met.correct.tolist() == [True, False]
    assert met.gradient_norms.shape == (1, 0)


@pytest.mark.parametrize("name", ENGINES)
def test_each_is_found_under_its_own_name(name):
    assert get_engine(name).name == name


def test_an_unknown_engine_is_refused_with_the_nearest():
    with pytest.raises(GlassnetError, match=r"unknown engine 'textbok': did you mean 'textbook'\?"):
        get_engine("textbok")


# Large enough for BLAS to share the products among threads, which then add up in another order.
HASH_AFTER_TRAINING = """
import hashlib, sys
from glassnet import Recipe, Trainer, load
recipe = Recipe(layers=sys.argv[2], batch_size=400, epochs=2, engine=sys.argv[1])
trainer = Trainer(recipe.network(), load("digits"), recipe)
list(trainer)
digest = hashlib.sha256(str([record.validation_cost for record in trainer.history]).encode())
for array in trainer.network.parameters.values():
    digest.update(array.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("layers", ["784-100-10", "conv4@5s2 pool2 dropout0.5 100 10"])
def test_the_bits_do_not_depend_on_the_number_of_threads(engine, layers):
    hashes = set()
    for threads in ("1", "2", "3"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        command = [sys.executable, "-c", HASH_AFTER_TRAINING, engine, layers]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        hashes.add(ran.stdout)
    assert len(hashes) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_training_that_was_pickled_goes_on_to_the_same_bits(engine):
    """As processes hand it over: its arrays' dtype is then another object than NumPy's own."""
    recipe = Recipe(layers="784-5-10", epochs=2, batch_size=64, optimizer="adam", engine=engine)
    data = load("digits")
    trainer = Trainer(recipe.network(), data, recipe)
    trainer.epoch()
    network = recipe.network()
    again = Trainer(network, data, recipe, progress=pickle.loads(pickle.dumps(trainer.progress)))
    trainer.epoch()
    again.epoch()
    for name, array in trainer.network.parameters.items():
        assert network.parameters[name].tobytes() == array.tobytes()
    answers = [Predictor(of, engine)(data.test.images) for of in (network, trainer.network)]
    np.testing.assert_array_equal(*answers)
