"""What the native engine promises beside the textbook's numbers: the same bits whatever it runs on, a quick
end at Ctrl-C, other threads that go on meanwhile, and clear words where it can't run."""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import re
import subprocess
import sys
import sysconfig
import threading
import warnings
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

import glassnet.engine as engines
from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.engine import ENGINES, Task, get_engine, native
from glassnet.errors import GlassnetError, GlassnetWarning
from glassnet.layers import Dense, Softmax
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.prediction import Predictor
from glassnet.recipe import Recipe
from glassnet.training import Trainer

NATIVE, TEXTBOOK = native.NativeEngine(), ENGINES["textbook"]
REASON = native.missing()
TARGETS = [] if REASON else native._native.targets()
NEEDED = pytest.mark.skipif(REASON is not None, reason=f"the native engine can't run: {REASON}")
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
THREADS = ["1", "2", "3", "8"]
X86 = ["x86-64-v4", "x86-64-v3"]
MACHINES = [
    pytest.param(isa, threads, marks=pytest.mark.skipif(isa not in TARGETS, reason=f"no {isa} here"))
    for isa, threads in product(X86 if set(X86) & set(TARGETS) else TARGETS, THREADS)
]


def sparse_task(n, n_in, n_out, *, cost, batch_size, seed=0, inked=0.25, **changes):
    """Drawings: most pixels are 0, many of them in all images."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 256, size=(n, n_in), dtype=np.uint8)
    images[rng.random((n, n_in)) >= inked] = 0
    images[:, rng.random(n_in) < 0.3] = 0
    parts = {"example_weights": None, "optimizer": SGD(), "learning_rate": 0.1, "l2": 0.0}
    parts |= {"images": images, "labels": rng.integers(n_out, size=n)}
    return Task(cost=COSTS[cost], batch_size=batch_size, **(parts | changes))


def sha256(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def trained(layers, task, order, dtype, cuts=()):
    """The bits of the parameters and of the records, after training on `order` in so many calls."""
    network = Network(layers, task.images.shape[1], seed=1, dtype=dtype)
    edges = [0, *cuts, len(order)]
    calls = [NATIVE.train_batches(network, {}, task, order[a:b]) for a, b in pairwise(edges)]
    records = [np.concatenate([getattr(call, field) for call in calls]) for field in calls[0]._fields]
    return sha256(*network.parameters.values()), sha256(*records)


# What is trained: layers, cost, examples, mini-batch, λ. All are large enough for several threads, which take
# 2²⁰ multiplications each at least; the widths and the batches are no multiples of anything.
RUNS = {
    "the network of the lessons": ([Dense(256), Dense(64), Dense(10)], "cross_entropy", 784, 512, 256, 0.0),
    "more than a chunk": ([Dense(250, "tanh"), Dense(10, "softmax")], "log_likelihood", 784, 500, 300, 2.0),
    "a small mini-batch": ([Dense(300, "relu"), Dense(33, "tanh"), Dense(10)], "squared", 500, 67, 10, 2.0),
    "fewer rows than threads": ([Dense(900, "tanh"), Dense(10, "linear")], "quadratic", 700, 7, 3, 0.0),
    "one row": ([Dense(2000), Dense(17), Dense(3)], "cross_entropy", 784, 3, 1, 1.0),
    "softmax below and on top": (
        [Softmax(), Dense(200, "softmax"), Dense(10, "sigmoid"), Softmax()],
        "cross_entropy",
        300,
        400,
        131,
        2.0,
    ),
    "full batch": ([Dense(100, "relu"), Dense(10, "softmax")], "quadratic", 784, 1000, 1000, 0.0),
}


@pytest.fixture(scope="module")
def alone():
    """Bits by one thread of the fastest instruction set: computed once for all comparisons."""
    return {}


@NEEDED
@EACH_DTYPE
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
def test_bits_depend_on_neither_threads_nor_instruction_set(isa, threads, run, dtype, alone, monkeypatch):
    layers, cost, n_in, n, batch_size, l2 = RUNS[run]
    weights = np.random.default_rng(4).uniform(0, 2, n) if l2 else None
    task = sparse_task(
        n,
        n_in,
        10 if run != "one row" else 3,
        cost=cost,
        batch_size=batch_size,
        l2=l2,
        example_weights=weights,
    )
    order = np.random.default_rng(3).permutation(n)

    def on(isa, threads):
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        return trained(layers, task, order, dtype)

    if (run, dtype) not in alone:
        alone[run, dtype] = on(TARGETS[0], "1")
    assert on(isa, threads) == alone[run, dtype]


@NEEDED
@EACH_DTYPE
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
def test_bits_of_passes_and_gradients_depend_on_neither(isa, threads, dtype, alone, monkeypatch):
    layers, n = [Dense(120, "tanh"), Dense(17, "sigmoid"), Softmax()], 1100
    task = sparse_task(n, 300, 17, cost="log_likelihood", batch_size=1)
    network = Network(layers, 300, seed=1, dtype=dtype)

    def on(isa, threads):
        monkeypatch.setenv("GLASSNET_ISA", isa)
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        a, costs = NATIVE.evaluate(network, task.images, task.labels, task.cost)
        gradient = NATIVE.gradient(network, task.images, task.labels, task.cost, canonical=False)
        numbers = [array for cache in gradient.caches for array in cache]
        numbers += [array for layer in gradient.layers for array in (layer.dC_da, layer.dC_dz)]
        predicted = NATIVE.predictor(network)(task.images)
        assert np.array_equal(predicted, a)
        return sha256(a, costs, np.array(gradient.cost), *numbers, *gradient.parameters.values())

    if ("passes", dtype) not in alone:
        alone["passes", dtype] = on(TARGETS[0], "1")
    assert on(isa, threads) == alone["passes", dtype]


@NEEDED
@EACH_DTYPE
@pytest.mark.parametrize(("isa", "threads"), MACHINES)
@pytest.mark.parametrize("pixels", [np.uint8, np.float32, np.float64])
def test_an_image_has_the_same_outputs_in_any_company(isa, threads, pixels, dtype, monkeypatch):
    """Alone, in eights (which go a shorter way), in odd numbers, by the thousand, in training."""
    monkeypatch.setenv("GLASSNET_ISA", isa)
    monkeypatch.setenv("GLASSNET_THREADS", threads)
    network = Network([Dense(40, "tanh"), Dense(10, "softmax")], 300, seed=2, dtype=dtype)
    task = sparse_task(1000, 300, 10, cost="log_likelihood", batch_size=1000)
    images = task.images if pixels is np.uint8 else (task.images / 255).astype(pixels)
    predict = NATIVE.predictor(network)
    whole = predict(images)
    for size in (1, 3, 8, 9, 129):
        parts = [predict(images[start : start + size]) for start in range(0, 1000, size)]
        assert np.array_equal(np.concatenate(parts), whole), size
    a, costs = NATIVE.evaluate(network, images, task.labels, task.cost)
    _, few = NATIVE.evaluate(network, images[:5], task.labels[:5], task.cost)
    assert np.array_equal(a, whole)
    assert np.array_equal(few, costs[:5])
    of_137 = NATIVE.gradient(network, images[:137], task.labels[:137], task.cost).caches[-1].a
    assert np.array_equal(of_137, whole[:137])
    order = np.random.default_rng(0).permutation(1000)
    task = replace(task, images=images)
    assert np.array_equal(NATIVE.train_batches(network, {}, task, order).costs, costs[order])


@NEEDED
def test_a_predictor_keeps_the_parameters_it_was_made_with():
    network = Network("20-5-3", seed=0)
    predict, images = NATIVE.predictor(network), np.random.default_rng(0).random((9, 20))
    before = [predict(images), predict(images[:2])]
    for array in network.parameters.values():
        array += 1
    assert np.array_equal(predict(images), before[0])
    assert np.array_equal(predict(images[:2]), before[1])
    assert not np.array_equal(NATIVE.predictor(network)(images), before[0])


# Slices


@NEEDED
@EACH_DTYPE
@pytest.mark.parametrize("run", RUNS)
def test_how_the_order_is_cut_into_calls_changes_no_bit(run, dtype, monkeypatch):
    layers, cost, n_in, n, batch_size, l2 = RUNS[run]
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    rng = np.random.default_rng(5)
    n_out = layers[-1].size if isinstance(layers[-1], Dense) else 10
    task = sparse_task(n, n_in, n_out, cost=cost, batch_size=batch_size, l2=l2)
    order = rng.permutation(n)
    parameters, records = trained(layers, task, order, dtype)
    borders = np.arange(batch_size, n, batch_size)
    for _ in range(3):
        cuts = borders[rng.random(len(borders)) < 0.4].tolist()
        assert trained(layers, task, order, dtype, cuts)[0] == parameters, cuts
    assert trained(layers, task, order, dtype, borders.tolist()) == (parameters, records)


@NEEDED
@EACH_DTYPE
def test_a_smaller_batch_at_the_end_is_the_same_by_itself(dtype):
    """In the whole call it is one chunk among mini-batches of several, by itself it is a small one."""
    for inked in (0.005, 0.05, 0.5):
        task = sparse_task(400, 200, 3, cost="cross_entropy", batch_size=300, inked=inked)
        layers, order = [Dense(20, "tanh"), Dense(3)], np.arange(400)
        assert trained(layers, task, order, dtype) == trained(layers, task, order, dtype, [300])


@NEEDED
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("threads", "batch_size"), [("1", 10), ("2", 300), ("3", 1)])
def test_a_training_interrupted_and_resumed_ends_with_the_same_bits(dtype, threads, batch_size, monkeypatch):
    recipe = Recipe(
        layers="784-30-10",
        batch_size=batch_size,
        epochs=3,
        l2=0.1,
        dtype=dtype,
        engine="native",
        learning_rate=0.1,
    )
    data = load("digits")
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    whole = Trainer(recipe.network(), data, recipe)
    list(whole)

    monkeypatch.setenv("GLASSNET_THREADS", threads)
    first = Trainer(recipe.network(), data, recipe)
    first.epoch()
    first.step()  # lost, as nobody saves within an epoch
    network = recipe.network()
    second = Trainer(network, data, recipe, progress=first.progress)
    second.step()
    for seconds in (0.001, 0.003, 1):
        if not second.finished:
            second.advance(seconds)
    list(second)
    assert sha256(*network.parameters.values()) == sha256(*whole.network.parameters.values())
    for mine, wanted in zip(second.history, whole.history, strict=True):
        for field in (
            "training_cost",
            "training_accuracy",
            "validation_cost",
            "validation_accuracy",
            "gradient_norms",
        ):
            assert getattr(mine, field) == getattr(wanted, field), (mine.epoch, field)


# Threads of Python


def in_threads(*functions):
    """Run them side by side; their results."""
    results, start = [None] * len(functions), threading.Barrier(len(functions))

    def run(place, function):
        start.wait()
        results[place] = function()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


@NEEDED
def test_threads_that_train_at_the_same_time_get_the_bits_that_they_get_alone(monkeypatch):
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    layers = [Dense(200, "tanh"), Dense(10)]
    tasks = [
        sparse_task(600, 300, 10, cost="quadratic", batch_size=size, seed=size) for size in (50, 128, 300)
    ]
    network, order = Network(layers, 300, seed=0), np.arange(600).repeat(4)

    def train(task, dtype):
        return lambda: [trained(layers, task, order, dtype) for _ in range(3)]

    def passes():
        predict = NATIVE.predictor(network)
        return [
            sha256(
                predict(tasks[0].images),
                *NATIVE.evaluate(network, tasks[1].images, tasks[1].labels, tasks[1].cost),
            )
            for _ in range(10)
        ]

    work = [train(task, np.float32) for task in tasks] + [train(tasks[1], np.float64), passes]
    assert in_threads(*work) == [function() for function in work]


@NEEDED
def test_one_predictor_may_serve_many_threads(monkeypatch):
    monkeypatch.setenv("GLASSNET_THREADS", "2")
    task = sparse_task(700, 300, 10, cost="quadratic", batch_size=1)
    predict = NATIVE.predictor(Network([Dense(300, "tanh"), Dense(10)], 300, seed=0))
    whole = predict(task.images)

    def ask(size):
        return lambda: np.concatenate([predict(task.images[i : i + size]) for i in range(0, 700, size)])

    for outputs in in_threads(*(ask(size) for size in (1, 5, 8, 100, 350, 700))):
        assert np.array_equal(outputs, whole)


@NEEDED
@pytest.mark.parametrize("what", ["train", "evaluate", "gradient", "predict"])
def test_other_threads_of_python_go_on_meanwhile(what, monkeypatch):
    """Whoever held the interpreter would have let none of these turns through while it computed."""
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    task = sparse_task(3000, 784, 10, cost="quadratic", batch_size=3000, inked=0.9)
    network = Network([Dense(300), Dense(300), Dense(10)], 784, seed=0)
    calls = {
        "train": lambda: NATIVE.train_batches(network, {}, task, np.arange(3000)),
        "evaluate": lambda: NATIVE.evaluate(network, task.images, task.labels, task.cost),
        "gradient": lambda: NATIVE.gradient(network, task.images, task.labels),
        "predict": lambda: NATIVE.predictor(network)(task.images),
    }
    turns, stop, ready = [], threading.Event(), threading.Event()

    def count():
        while not stop.wait(0.001):
            turns.append(None)
            ready.set()

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    assert ready.wait(10)
    old, sys_interval = len(turns), sys.getswitchinterval()
    try:
        sys.setswitchinterval(100)  # nobody takes the interpreter away: it must be given
        for _ in range(5):
            calls[what]()
        met = len(turns) - old
    finally:
        sys.setswitchinterval(sys_interval)
        stop.set()
        counter.join(10)
    assert met >= 5


# Ctrl-C and fork, each in a process of its own

PREPARED = """
import hashlib, os, signal, sys, threading, time
import numpy as np
from glassnet.costs import COSTS
from glassnet.engine import ENGINES, Task
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.prediction import Predictor

ENGINE, COST = ENGINES["native"], COSTS["cross_entropy"]

def task(n, n_in, batch_size):
    rng = np.random.default_rng(0)
    images = np.frombuffer(rng.bytes(n * n_in), np.uint8).reshape(n, n_in)
    return Task(images, rng.integers(10, size=n), None, COST, SGD(), 0.1, batch_size, 0.0)

def bits(network):
    return hashlib.sha256(b"".join(array.tobytes() for array in network.parameters.values())).hexdigest()

def trained(layers="300-200-10", batch_size=128, steps=6):
    network = Network(layers, seed=1)
    work = task(steps * batch_size, network.input_shape[0], batch_size)
    ENGINE.train_batches(network, {}, work, np.arange(steps * batch_size))
    return bits(network)
"""


def run_alone(script, *arguments, timeout=120, **variables):
    """What the script prints."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREPARED + script, *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split()


INTERRUPTED = """
what = sys.argv[1]
n = 8000 if what == "gradient" else 50_000
network = Network("784-1024-1024-10" if what != "train" else "784-512-512-10", seed=0)
work, before = task(n, 784, n), bits(network)
predict = ENGINE.predictor(network)
calls = {
    "train": lambda: ENGINE.train_batches(network, {}, work, np.arange(n)),
    "evaluate": lambda: ENGINE.evaluate(network, work.images, work.labels, COST),
    "gradient": lambda: ENGINE.gradient(network, work.images, work.labels, COST),
    "predict": lambda: predict(work.images),
}
sent = []

def interrupt():
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
start = time.perf_counter()
timer = threading.Timer(0.3, interrupt)
timer.start()
try:
    calls[what]()
    met = "nothing"
except KeyboardInterrupt:
    met = "KeyboardInterrupt"
end = time.perf_counter()
timer.join()
print(met, end - sent[0], bits(network) == before)
print(trained())  # the engine works on
"""


@NEEDED
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("what", ["train", "evaluate", "gradient", "predict"])
def test_ctrl_c_ends_a_long_call_at_once_and_undoes_it(what, threads):
    """Seconds of work, interrupted after 0.3. The engine asks every 25 ms; a busy machine may take longer."""
    met, seconds, same, later = run_alone(INTERRUPTED, what, GLASSNET_THREADS=threads)
    print(f"from the signal to the exception: {1000 * float(seconds):.0f} ms")  # noqa: T201
    assert met == "KeyboardInterrupt"
    assert float(seconds) < 1
    assert same == "True"
    assert [later] == run_alone("print(trained())", GLASSNET_THREADS="1")


HANDLED = """
seen = []

def handler(number, frame):
    seen.append(trained())

signal.signal(signal.SIGALRM, handler)
alone = trained()
expected = trained("784-400-10", 3000, 4)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.05)
mine = trained("784-400-10", 3000, 4)
signal.setitimer(signal.ITIMER_REAL, 0)
print(mine == expected, set(seen) == {alone})
"""


@NEEDED
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_handler_of_a_signal_may_use_the_engine_meanwhile(threads):
    assert run_alone(HANDLED, GLASSNET_THREADS=threads) == ["True", "True"]


FORKED = """
def child_says():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # rather than hang
        os.write(writing, trained().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    return said

expected = trained()  # starts the threads
answers = [child_says() for _ in range(3)]
busy = threading.Thread(target=lambda: [trained("300-200-10", 128, 40) for _ in range(5)])
busy.start()
answers += [child_says() for _ in range(5)]  # while the team has other work
busy.join()
print(*answers, trained())
print(expected)
"""


@NEEDED
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_of_fork_trains_to_the_same_bits():
    """It has none of the threads that its parent had started."""
    bits = run_alone(FORKED, GLASSNET_THREADS="2")
    assert len(bits) == 10
    assert set(bits) == set(run_alone("print(trained())", GLASSNET_THREADS="1"))


POOLED = """
import multiprocessing
if __name__ == "__main__":
    expected = trained()
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        answers = [pool.apply_async(trained) for _ in range(4)]
        print(expected, *(answer.get(timeout=60) for answer in answers))
"""


@NEEDED
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_pool_of_processes_trains_to_the_same_bits():
    assert len(set(run_alone(POOLED, "fork", GLASSNET_THREADS="2"))) == 1


# What is asked of it in the wrong way


@pytest.fixture
def network():
    return Network("4-3", seed=0)


IMAGES = np.linspace(0, 1, 8).reshape(2, 4)


def every_call(network, images=IMAGES):
    task = Task(images, np.array([0, 1]), None, COSTS["quadratic"], SGD(), 0.1, 2, 0.0)
    return [
        lambda: NATIVE.train_batches(network, {}, task, np.arange(2)),
        lambda: NATIVE.evaluate(network, images, task.labels, task.cost),
        lambda: NATIVE.gradient(network, images, task.labels, task.cost),
        lambda: NATIVE.predictor(network)(images),
    ]


@NEEDED
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "+2", "1.5", "two", "1025", "999999999999999999999", " 2", "²", "٣", "0000005120", "1_0"],
)
def test_a_number_of_threads_that_makes_no_sense_is_refused(value, network, monkeypatch):
    monkeypatch.setenv("GLASSNET_THREADS", value)
    with pytest.raises(GlassnetError) as refused:
        native.threads()
    assert str(refused.value) == f"GLASSNET_THREADS is {value!r}: give a whole number from 1 to 1,024"
    for call in every_call(network)[:3]:
        with pytest.raises(GlassnetError, match="GLASSNET_THREADS"):
            call()


def test_the_number_of_threads_is_what_is_asked_for_or_what_there_is(monkeypatch):
    for value in ("1", "2", "1024", "007"):
        monkeypatch.setenv("GLASSNET_THREADS", value)
        assert native.threads() == int(value)
    monkeypatch.setenv("GLASSNET_THREADS", "")  # as good as not set
    assert 1 <= native.threads() <= (os.cpu_count() or 1)
    monkeypatch.delenv("GLASSNET_THREADS")
    assert 1 <= native.threads() <= (os.cpu_count() or 1)


@NEEDED
@pytest.mark.parametrize("value", ["avx2", "x86-64-v5", "X86-64-V3", "neon " * 3])
def test_an_instruction_set_that_is_not_there_is_refused(value, network, monkeypatch):
    monkeypatch.setenv("GLASSNET_ISA", value)
    with pytest.raises(GlassnetError) as refused:
        native.instruction_set()
    assert (
        str(refused.value) == f"GLASSNET_ISA is {value!r}: this processor and build have {', '.join(TARGETS)}"
    )
    for call in every_call(network):
        with pytest.raises(GlassnetError, match="GLASSNET_ISA"):
            call()


@NEEDED
def test_the_fastest_instruction_set_is_taken_or_the_one_asked_for(monkeypatch):
    monkeypatch.setenv("GLASSNET_ISA", "")
    assert native.instruction_set() == TARGETS[0]
    monkeypatch.delenv("GLASSNET_ISA", raising=False)
    assert native.instruction_set() == TARGETS[0]
    for isa in TARGETS:
        monkeypatch.setenv("GLASSNET_ISA", isa)
        assert native.instruction_set() == isa
        assert native.measure_peak(1, 0.001) > 1e6


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def misaligned(array):
    moved = np.frombuffer(bytearray(array.nbytes + 1), array.dtype, offset=1).reshape(array.shape)
    moved[...] = array
    return moved


ODD = {
    "of another dtype": lambda array: array.astype(np.float64),
    "of swapped bytes": lambda array: array.astype(">f4"),
    "in columns": np.asfortranarray,
    "every other of a larger one": lambda array: np.repeat(array, 2, axis=-1)[..., ::2],
    "read-only": read_only,
    "not aligned": misaligned,
}


@NEEDED
@pytest.mark.parametrize("what", ODD)
def test_odd_arrays_of_parameters_are_read_but_not_trained(what, network):
    train, evaluate, gradient, predict = every_call(network)
    wanted = evaluate()[0], gradient().parameters["0.weight"], predict()
    network.parameters["0.weight"] = ODD[what](network.parameters["0.weight"])
    for found, right in zip(
        (evaluate()[0], gradient().parameters["0.weight"], predict()), wanted, strict=True
    ):
        assert np.array_equal(found, right)
    with pytest.raises(GlassnetError, match=r"^0\.weight is not an array of float32 .*load_parameters$"):
        train()


@NEEDED
def test_parameters_of_another_shape_are_refused(network):
    for wrong in (np.zeros((3, 5), np.float32), [[1.0]], None, np.zeros((3, 4), int)):
        network.parameters["0.weight"] = wrong
        for call in every_call(network):
            with pytest.raises(
                GlassnetError, match=r"^0\.weight is .*: the network 4-3 needs floats \(3, 4\)"
            ):
                call()
    del network.parameters["0.weight"]
    for call in every_call(network):
        with pytest.raises(
            GlassnetError, match=r"^parameters 0\.weight: the network 4-3 has 0\.weight, 0\.bias"
        ):
            call()


@NEEDED
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("n", [2, 300])
def test_images_that_are_not_finite_are_refused_as_by_the_textbook(bad, dtype, n):
    network = Network("4-3", seed=0, dtype=dtype)
    if bad == 1e300 and dtype == np.float64:
        return  # finite there
    images = np.linspace(0, 1, n * 4).reshape(n, 4)
    images[n - 1, 2] = bad
    with pytest.raises(GlassnetError) as wanted:
        TEXTBOOK.predictor(network)(images)
    before = sha256(*network.parameters.values())
    task = Task(images, np.zeros(n, np.int64), None, COSTS["quadratic"], SGD(), 0.1, 2, 0.0)
    for call in (
        lambda: NATIVE.train_batches(network, {}, task, np.arange(n)),
        lambda: NATIVE.evaluate(network, images, task.labels, task.cost),
        lambda: NATIVE.gradient(network, images, task.labels, task.cost),
        lambda: NATIVE.predictor(network)(images),
    ):
        with pytest.raises(GlassnetError) as refused:
            call()
        assert str(refused.value) == str(wanted.value)
    assert sha256(*network.parameters.values()) == before
    NATIVE.train_batches(network, {}, task, np.arange(n - 1))  # those that are finite


@NEEDED
def test_a_predictor_refuses_one_image_and_answers_the_next():
    predict = NATIVE.predictor(Network("4-3", seed=0))
    wanted = predict(IMAGES)
    with pytest.raises(GlassnetError, match="NaN"):
        predict(IMAGES * np.nan)
    assert np.array_equal(predict(IMAGES), wanted)


@NEEDED
@pytest.mark.parametrize(
    "kind",
    {
        "in columns": np.asfortranarray,
        "backwards": lambda images: images[:, ::-1][:, ::-1],
        "read-only": read_only,
        "not aligned": misaligned,
        "of swapped bytes": lambda images: images.astype(">f8"),
        "with more axes": lambda images: images.reshape(-1, 2, 2),
        "a list": lambda images: images.tolist(),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_images_may_lie_in_memory_as_they_like(kind):
    network = Network("4-3", seed=0, dtype=np.float64)
    images = np.random.default_rng(0).random((20, 4))
    mine = NATIVE.predictor(network)(kind[1](images))
    assert np.array_equal(mine, NATIVE.predictor(network)(images))
    assert np.array_equal(
        NATIVE.predictor(network)(images.astype(np.float16)),
        NATIVE.predictor(network)(images.astype(np.float16).astype(np.float64)),
    )


# Where it can't run


@pytest.fixture
def not_built(monkeypatch):
    monkeypatch.setattr(native, "_native", None)
    engines.warn_of_textbook.cache_clear()
    yield
    engines.warn_of_textbook.cache_clear()


class NoTargets:
    @staticmethod
    def targets():
        return []


def test_where_it_was_not_built_the_textbook_stands_in_and_says_so_once(not_built):
    assert REASON or "not built" in native.missing()
    with pytest.warns(GlassnetWarning, match="the textbook engine, which is slower: .*not built") as met:
        assert get_engine("native") is TEXTBOOK
    assert len(met) == 1
    assert met[0].filename == __file__  # where it was asked for
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert get_engine("native") is TEXTBOOK
        assert get_engine("textbook") is TEXTBOOK


def test_the_textbook_needs_no_warning(not_built):
    assert get_engine("textbook") is TEXTBOOK


def test_a_processor_that_it_was_not_built_for_is_named(not_built, monkeypatch):
    monkeypatch.setattr(native, "_native", NoTargets)
    with pytest.warns(GlassnetWarning, match="this processor has neither AVX2 with FMA nor NEON"):
        assert get_engine("native") is TEXTBOOK


def test_training_works_without_it(not_built):
    recipe = Recipe(layers="784-5-10", epochs=1, batch_size=100, engine="native")
    with pytest.warns(GlassnetWarning, match="textbook"):
        trainer = Trainer(recipe.network(), load("digits"), recipe)
    textbook = Trainer(recipe.network(), load("digits"), recipe.replace(engine="textbook"))
    assert next(iter(trainer)).training_cost == next(iter(textbook)).training_cost


@NEEDED
def test_where_it_runs_it_is_taken_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert get_engine("native") is ENGINES["native"]


# Around the engine

DAEMON = """
import threading, time
import glassnet as gn
recipe = gn.Recipe(layers="784-256-10", batch_size=1000, epochs=100_000)
trainer = gn.Trainer(recipe.network(), gn.load("digits"), recipe)
threading.Thread(target=list, args=(trainer,), daemon=True).start()
time.sleep(0.5)
print("the end")
"""


@NEEDED
@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_process_may_end_while_a_daemon_thread_trains(threads):
    environment = os.environ | {"GLASSNET_THREADS": threads}
    command = [sys.executable, "-c", DAEMON]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "the end\n", "")


ROUNDED_UP = """
import ctypes, ctypes.util
import numpy as np
import glassnet as gn
images = np.random.default_rng(0).random((300, 784), dtype=np.float32)
predict = gn.Predictor(gn.Network("784-30-10", seed=0))
few, many = predict(images[:8]), predict(images)
UPWARD = 0x800
assert ctypes.CDLL(ctypes.util.find_library("m")).fesetround(UPWARD) == 0
assert np.float32(1) + np.float32(1e-9) > 1  # NumPy is led astray
assert np.array_equal(predict(images[:8]), few) and np.array_equal(predict(images), many)
assert np.array_equal(few, many[:8])
"""


@NEEDED
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of that rounding is x86's")
def test_how_the_process_rounds_changes_no_bit():
    ran = subprocess.run([sys.executable, "-c", ROUNDED_UP], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_predictor_can_be_pickled(engine):
    images = np.random.default_rng(1).random((20, 6))
    predict = Predictor(Network("6-4-3", seed=1), engine)
    assert np.array_equal(pickle.loads(pickle.dumps(predict))(images), predict(images))


def test_a_module_that_cannot_be_loaded_is_named(tmp_path):
    """A damaged module stands where the engine's is looked for."""
    name = f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    (tmp_path / name).write_bytes(b"nothing that can be loaded")
    script = f"""
import glassnet.engine, sys
for name in [name for name in sys.modules if name.startswith("glassnet.engine")]:
    del sys.modules[name]
sys.modules.pop("glassnet.engine._native", None)
import importlib.util
spec = importlib.util.spec_from_file_location("glassnet.engine._native", {str(tmp_path / name)!r})
class Finder:
    def find_spec(self, fullname, path=None, target=None):
        return spec if fullname == "glassnet.engine._native" else None
sys.meta_path.insert(0, Finder())
from glassnet.engine import native
print(native.missing())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.match(r"its module can't be loaded \(.*_native.*\); install glassnet anew", ran.stdout)
