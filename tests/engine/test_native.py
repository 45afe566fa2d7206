"""What is asked of the native engine in the wrong way, and what is said where it can't run."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import sysconfig
import warnings

import numpy as np
import pytest

import glassnet.engine as engines
from glassnet.costs import COSTS
from glassnet.data import load
from glassnet.engine import ENGINES, Task, get_engine, native
from glassnet.errors import GlassnetError, GlassnetWarning
from glassnet.network import Network
from glassnet.optimizers import SGD
from glassnet.training import Predictor, Recipe, Trainer

NATIVE, TEXTBOOK = native.NativeEngine(), ENGINES["textbook"]
REASON = native.missing()
TARGETS = [] if REASON else native._native.targets()
NEEDED = pytest.mark.skipif(REASON is not None, reason=f"the native engine can't run: {REASON}")
EACH_DTYPE = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
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
    wanted = evaluate()[0], gradient().parameters["1.weight"], predict()
    network.parameters["1.weight"] = ODD[what](network.parameters["1.weight"])
    for found, right in zip(
        (evaluate()[0], gradient().parameters["1.weight"], predict()), wanted, strict=True
    ):
        assert np.array_equal(found, right)
    with pytest.raises(GlassnetError, match=r"^1\.weight is not an array of float32 .*load_parameters$"):
        train()


@NEEDED
def test_parameters_of_another_shape_are_refused(network):
    for wrong in (np.zeros((3, 5), np.float32), [[1.0]], None, np.zeros((3, 4), int)):
        network.parameters["1.weight"] = wrong
        for call in every_call(network):
            with pytest.raises(
                GlassnetError, match=r"^1\.weight is .*: the network 4-3 needs floats \(3, 4\)"
            ):
                call()
    del network.parameters["1.weight"]
    for call in every_call(network):
        with pytest.raises(
            GlassnetError, match=r"^parameters 1\.weight: the network 4-3 has 1\.weight, 1\.bias"
        ):
            call()


@NEEDED
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("n", [2, 300])
def test_images_that_are_not_finite_are_refused_as_by_the_textbook(bad, dtype, n):
    network = Network("4-3", seed=0, dtype=dtype)
    images = np.linspace(0, 1, n * 4).reshape(n, 4)
    images[n - 1, 2] = bad
    if bad == 1e300 and dtype == np.float64:  # finite there: taken by both
        outputs = NATIVE.predictor(network)(images)
        np.testing.assert_allclose(outputs, TEXTBOOK.predictor(network)(images), rtol=1e-12)
        return
    with pytest.raises(GlassnetError) as wanted:
        TEXTBOOK.predictor(network)(images)
    before = network.copy().parameters
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
    assert all(np.array_equal(array, before[name]) for name, array in network.parameters.items())
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
    monkeypatch.setattr(native, "_reason", native.NOT_BUILT)
    engines.warn_of_textbook.cache_clear()
    yield
    engines.warn_of_textbook.cache_clear()


class NoTargets:
    @staticmethod
    def targets():
        return []


def test_where_it_was_not_built_the_textbook_stands_in_and_says_so_once(not_built):
    assert native.missing() == native.NOT_BUILT
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
