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
from glassnet.runs import RunFolder

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
import glassnet.cli.train
from glassnet.cli import main
glassnet.cli.train.SAVE_EVERY = 0.0
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
