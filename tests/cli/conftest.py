"""A place of its own for every test of the command line, and one small trained run for all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from glassnet.cli import main
from glassnet.data import mnist
from glassnet.files import write_atomically
from glassnet.handwriting import draw_not_digits
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool
from glassnet.network import Network
from glassnet.plots.canvas import new_figure, png
from glassnet.storage import Model, RunFolder, load_model, read_tensors, save_model
from glassnet.storage.tensor_file import write_tensors
from glassnet.training import Recipe
from glassnet.workflows import reports

BLANK = png(new_figure(1, 1))
SMALL = ("--layers", "784-12-10", "--epochs", "4", "--batch-size", "5", "--seed", "7")


class Answer:
    """What a command answered: status, both outputs, and the JSON lines in the first."""

    def __init__(self, result):
        self.status, self.out, self.err = result.exit_code, result.stdout, result.stderr
        # Nothing but a status may leave the program; anything else would be a traceback.
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info

    @property
    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


def run_in_process(*arguments):
    return Answer(CliRunner().invoke(main, [str(argument) for argument in arguments]))


def save_blanks(run, trainer, evaluation):
    """Stands for `save_pictures` where nobody looks: drawing takes longer than training."""
    drawn = {run.learning_curve: trainer.history, run.confusion: evaluation, run.weights: True}
    for picture in filter(drawn.get, drawn):
        write_atomically(picture, BLANK)


@pytest.fixture(scope="session")
def not_digits():
    """Draws pictures of no digit as the library does, but those of the same arguments only once."""
    drawn = {}

    def draw(count, seed, digits):
        key = count, seed, digits.images.tobytes(), digits.labels.tobytes()
        if key not in drawn:
            drawn[key] = draw_not_digits(count, seed, digits=digits)
        return drawn[key]

    return draw


@pytest.fixture(autouse=True)
def quick(request, monkeypatch, not_digits):
    """Commands in this process do less of what takes long: pictures, and means over many images."""
    if not request.node.get_closest_marker("drawn"):
        monkeypatch.setattr(reports, "save_pictures", save_blanks)
    monkeypatch.setattr("glassnet.workflows.calibrating.draw_not_digits", not_digits)
    monkeypatch.setattr("glassnet.workflows.guide.SURVEYED", 100)


@pytest.fixture(scope="session")
def glassnet():
    """Runs a command in this process, which is much faster than a new one."""
    return run_in_process


@pytest.fixture
def ok(glassnet):
    """Runs a command that must succeed, and say nothing on stderr."""

    def run(*arguments):
        answer = glassnet(*arguments)
        assert (answer.status, answer.err) == (0, "")
        return answer

    return run


@pytest.fixture(scope="session")
def small():
    """The options that the small trained run was made with."""
    return SMALL


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A small trained run; copy it before changing anything in it."""
    path = tmp_path_factory.mktemp("trained") / "run"
    answer = run_in_process("train", *SMALL, "--out", path, "--json")
    assert answer.status == 0
    (path.parent / "records.jsonl").write_text(answer.out, encoding="utf-8")
    return RunFolder(path)


@pytest.fixture(scope="session")
def convolution(tmp_path_factory):
    """A small network of every layer that goes over images, as if trained on the digits."""
    layers = [
        Conv(3, 5, stride=2, activation="relu"), MaxPool(2), Conv(4, 3, activation="tanh"), AveragePool(2),
        Dropout(0.25), Flatten(), Dense(12, "relu"), Dropout(0.5), Dense(10, "softmax"),
    ]  # fmt: skip
    network = Network(layers, (1, 28, 28), seed=5, initializer="he")
    path = tmp_path_factory.mktemp("convolution") / "model.safetensors"
    recipe = Recipe(cost="log_likelihood", learning_rate=0.05, batch_size=5, seed=3, engine="textbook")
    save_model(path, Model(network, tuple("0123456789"), recipe, "digits"))
    return path


# Networks of the other kinds, by their last layer's activation or what makes them different.
OTHERS = {
    "softmax": "--layers 784-12:relu-10 --output-activation softmax --cost log_likelihood",
    "softmax on top": "--layers 784-12-10-softmax --cost log_likelihood",
    "tanh": "--layers 784-12:tanh-10:tanh --cost squared",
    "relu": "--layers 784-12:relu-8:relu-10:linear --cost quadratic --learning-rate 0.01 --initializer he",
    "quadratic": "--layers 784-12-10 --cost quadratic --initializer normal --learning-rate 3",
    "one layer": "--layers 784-10",
}


@pytest.fixture(scope="session")
def others(tmp_path_factory):
    """Runs of one epoch with networks of other kinds, by name."""
    folder = tmp_path_factory.mktemp("others")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, "save_pictures", save_blanks)
        for name, options in OTHERS.items():
            answer = run_in_process("train", *options.split(), "--epochs", "1", "--out", folder / name)
            assert answer.status == 0
    return {name: RunFolder(folder / name) for name in OTHERS}


@pytest.fixture
def changed(trained, tmp_path):
    """Saves the small trained model with another number at a place, finite or not."""

    def save(name, place, value):
        arrays, information = read_tensors(trained.model)
        arrays[name] = arrays[name].copy()
        arrays[name][place] = value
        write_tensors(tmp_path / "changed.safetensors", arrays, information)
        return tmp_path / "changed.safetensors"

    return save


@pytest.fixture
def named(trained, tmp_path):
    """Saves the small trained model with other class names; it doesn't say what it learned from."""

    def save(*names):
        network = load_model(trained.model).network
        save_model(tmp_path / "named.safetensors", Model(network, names))
        return tmp_path / "named.safetensors"

    return save


@pytest.fixture(autouse=True)
def own_place(monkeypatch, tmp_path, tmp_path_factory):
    """An empty folder to be in, no MNIST, and no way to the web."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", "http://127.0.0.1:9/nothing/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    cache = tmp_path_factory.getbasetemp() / "no cache" / "mnist"
    monkeypatch.setattr(mnist, "cache_folder", lambda: cache)


# `glassnet` as a process, with a checkpoint after every epoch instead of every second.
DRIVER = """
import glassnet.workflows.train
from glassnet.cli import main
glassnet.workflows.train.SAVE_EVERY = 0.0
main(prog_name="glassnet")
"""


@pytest.fixture(scope="session")
def spawn():
    """Starts a real process that saves all the time."""

    def start(*arguments, before=None, **how):
        def prepare():
            signal.signal(signal.SIGINT, signal.default_int_handler)  # also under nohup
            if before is not None:
                before()

        source = Path(sys.modules["glassnet"].__file__).parents[1]
        environment = os.environ | {"PYTHONPATH": str(source)}  # as many BLAS threads as here
        command = [sys.executable, "-c", DRIVER, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        environment |= {"PYTHONIOENCODING": "utf-8"}
        return subprocess.Popen(command, env=environment, preexec_fn=prepare, **(pipes | how))

    return start
