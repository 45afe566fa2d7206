"""What a process may do around the engine: Ctrl-C, fork, ending at any time, rounding in its own way."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from glassnet.engine import native

if native.missing():
    pytest.skip(f"the native engine can't run: {native.missing()}", allow_module_level=True)

pytestmark = pytest.mark.alone

# Ctrl-C and fork, each in a process of its own

PREPARED = """
import hashlib, os, signal, sys, threading, time
import numpy as np
from glassnet.costs import COSTS
from glassnet.engine import ENGINES, Task
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.training import Predictor

ENGINE, COST = ENGINES["native"], COSTS["cross_entropy"]

def task(n, n_in, batch_size):
    rng = np.random.default_rng(0)
    images = np.frombuffer(rng.bytes(n * n_in), np.uint8).reshape(n, n_in)
    return Task(images, rng.integers(10, size=n), None, COST, SGD(), 0.1, batch_size, 0.0)

def bits(network):
    return hashlib.sha256(b"".join(array.tobytes() for array in network.parameters.values())).hexdigest()

def network_of(layers):  # whose many parameters NumPy draws, in less time than glassnet's own generator
    network, rng = Network(layers, seed=0, initializer="zeros"), np.random.default_rng(1)
    for array in network.parameters.values():
        array[:] = rng.standard_normal(array.shape, np.float32) / 20
    return network

def prepared(layers, batch_size, steps):
    network, n = network_of(layers), steps * batch_size
    return network, {}, task(n, network.input_shape[0], batch_size), np.arange(n)

def trained(layers="300-200-10", batch_size=128, steps=6):
    network, *work = prepared(layers, batch_size, steps)
    ENGINE.train_batches(network, *work)
    return bits(network)
"""


@pytest.fixture(scope="module")
def bits_of_one_thread():
    """What `trained()` says in a process of its own, to which nothing happens."""
    (bits,) = run_alone("print(trained())", GLASSNET_THREADS="1")
    return bits


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
network = network_of("784-1024-1024-10" if what != "train" else "784-512-512-10")
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


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("what", ["train", "evaluate", "gradient", "predict"])
def test_ctrl_c_ends_a_long_call_at_once_and_undoes_it(what, threads, bits_of_one_thread):
    """Seconds of work, interrupted after 0.3. The engine asks every 25 ms; a busy machine may take longer."""
    met, seconds, same, later = run_alone(INTERRUPTED, what, GLASSNET_THREADS=threads)
    print(f"from the signal to the exception: {1000 * float(seconds):.0f} ms")  # noqa: T201
    assert met == "KeyboardInterrupt"
    assert float(seconds) < 1
    assert same == "True"
    assert later == bits_of_one_thread


HANDLED = """
seen = []

def handler(number, frame):
    seen.append(trained())
    if training and len(seen) < 10:  # not before: on a slow machine the next one would come while this runs
        signal.setitimer(signal.ITIMER_REAL, 0.05)

signal.signal(signal.SIGALRM, handler)
alone = trained()
one = prepared("784-100-10", 1000, 1)
start = time.perf_counter()
ENGINE.train_batches(*one)
steps = 1 + int(0.3 / (time.perf_counter() - start))  # however fast this machine is
expected = trained("784-100-10", 1000, steps)
network, *work = prepared("784-100-10", 1000, steps)
training = True
signal.setitimer(signal.ITIMER_REAL, 0.02)
ENGINE.train_batches(network, *work)
training = False
signal.setitimer(signal.ITIMER_REAL, 0)
print(bits(network) == expected, set(seen) == {alone})
"""


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_of_fork_trains_to_the_same_bits(bits_of_one_thread):
    """It has none of the threads that its parent had started."""
    bits = run_alone(FORKED, GLASSNET_THREADS="2")
    assert len(bits) == 10
    assert set(bits) == {bits_of_one_thread}


POOLED = """
import multiprocessing
if __name__ == "__main__":
    expected = trained()
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        answers = [pool.apply_async(trained) for _ in range(4)]
        print(expected, *(answer.get(timeout=60) for answer in answers))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_pool_of_processes_trains_to_the_same_bits():
    assert len(set(run_alone(POOLED, "fork", GLASSNET_THREADS="2"))) == 1


DAEMON = """
import threading, time
import glassnet as gn
recipe = gn.Recipe(layers="784-256-10", batch_size=1000, epochs=100_000)
trainer = gn.Trainer(recipe.network(), gn.load("digits"), recipe)
threading.Thread(target=list, args=(trainer,), daemon=True).start()
time.sleep(0.5)
print("the end")
"""


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


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of that rounding is x86's")
def test_how_the_process_rounds_changes_no_bit():
    ran = subprocess.run([sys.executable, "-c", ROUNDED_UP], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


AT_EXIT = """
import atexit
import glassnet as gn
recipe = gn.Recipe(epochs=2)
network = recipe.network()
def train():
    print([record.epoch for record in gn.train(network, gn.load("digits"), recipe)])
atexit.register(train)  # before the engine is there, so that it is called after the engine's own end
import glassnet.engine
"""


def test_what_is_registered_for_the_end_may_still_train():
    command = [sys.executable, "-c", AT_EXIT]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[1, 2]\n", "")
