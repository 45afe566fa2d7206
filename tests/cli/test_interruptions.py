"""Kills, Ctrl-C and full disks at any moment: nothing is lost, and --resume ends with the same bits."""

from __future__ import annotations

import csv
import errno
import os
import random
import re
import shlex
import signal
import sys
import time

import numpy as np
import pytest
from PIL import Image

import glassnet.workflows.train as train_module
from glassnet.data import load
from glassnet.engine import get_engine
from glassnet.storage import RunFolder, load_model, read_tensors
from glassnet.training import Recipe, Trainer

if os.name != "posix":
    pytest.skip("signals and limits of POSIX", allow_module_level=True)

import resource

pytestmark = pytest.mark.alone

OPTIONS = ("--data", "digits", "--seed", "11", "--epochs")
LONG, SHORT = 250, 3  # epochs


def epochs_saved(run):
    """Epochs in the checkpoint, after making sure that every file in the run folder is whole."""
    if run.history.exists():
        rows = list(csv.DictReader(run.history.read_text().splitlines()))
        assert [int(row["epoch"]) for row in rows] == [*range(1, len(rows) + 1)]
        assert all(None not in row.values() for row in rows)
    if run.model.exists():
        load_model(run.model)
    for picture in (run.learning_curve, run.confusion, run.weights):
        if picture.exists():
            with Image.open(picture) as image:
                image.load()
    if not run.checkpoint.exists():
        return 0
    arrays, _ = read_tensors(run.checkpoint)
    return len(arrays["history"])


def assert_same(run, wanted):
    """The same bits, apart from the seconds that it took."""
    assert run.model.read_bytes() == wanted.model.read_bytes()
    assert run.config.read_bytes() == wanted.config.read_bytes()
    sha, recipe = load("digits").sha256, wanted.recipe()
    ours, theirs = run.load_progress(recipe, sha), wanted.load_progress(recipe, sha)
    for mine, other in (
        (ours.parameters, theirs.parameters),
        (ours.best_parameters, theirs.best_parameters),
    ):
        assert mine.keys() == other.keys()
        assert all(np.array_equal(mine[name], other[name]) for name in mine)
    assert [timeless(record) for record in ours.history] == [timeless(record) for record in theirs.history]
    for picture in ("learning_curve", "confusion", "weights"):
        assert getattr(run, picture).read_bytes() == getattr(wanted, picture).read_bytes()
    assert [path for path in run.path.iterdir() if path.name.startswith(".")] == []


def timeless(record):
    values = record.to_dict()
    return {name: value for name, value in values.items() if name not in ("seconds", "images_per_second")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, glassnet):
    """Runs that nobody interrupted, by their epochs."""
    folder = tmp_path_factory.mktemp("undisturbed")
    runs = {}
    for epochs in (LONG, SHORT):
        runs[epochs] = RunFolder(folder / str(epochs))
        answer = glassnet("train", *OPTIONS, epochs, "--out", runs[epochs].path, "-q")
        assert answer.status == 0
    return runs


def begin_or_go_on(spawn, run, epochs, *more, **how):
    if run.config.exists():
        return spawn("train", "--resume", run.path, *more, **how)
    return spawn("train", *OPTIONS, epochs, "--out", run.path, *more, **how)


def wait_for_line(process, start):
    """Read the output up to a line that begins like that."""
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise AssertionError(f"no line {start!r}: {process.stderr.read()}")


def finish(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


# kill -9


@pytest.mark.slow
def test_killed_twenty_times_while_training(spawn, undisturbed, tmp_path):
    """Most kills hit while it trains and saves after every epoch; some while it starts."""
    run, dice = RunFolder(tmp_path / "run"), random.Random(1)
    reached = kills = 0
    while kills < 20:
        process = begin_or_go_on(spawn, run, LONG)
        if kills % 5 == 4:
            time.sleep(dice.uniform(0.0, 0.4))
        else:
            wait_for_line(process, "epoch")
            time.sleep(dice.uniform(0.0, 0.1))
        process.kill()
        status, out, err = finish(process)
        assert (status, err) == (-signal.SIGKILL, ""), out  # else the training is too short for 20 kills
        kills += 1
        now = epochs_saved(run) if run.path.exists() else 0
        assert now >= reached
        reached = now
    assert 0 < reached < LONG
    status, out, err = finish(begin_or_go_on(spawn, run, LONG))
    assert (status, err) == (0, "")
    assert f"epoch {reached + 1:3}  " in out
    assert f"epoch {reached:3}  " not in out  # it goes on from the checkpoint, not from the start
    assert_same(run, undisturbed[LONG])


@pytest.mark.slow
def test_killed_while_it_finishes(spawn, undisturbed, tmp_path):
    """After the last epoch: the model and the pictures are being written."""
    run, dice = RunFolder(tmp_path / "run"), random.Random(2)
    for _ in range(4):
        process = begin_or_go_on(spawn, run, SHORT)
        wait_for_line(process, "epoch 3 of 3 is done")
        time.sleep(dice.uniform(0.0, 0.5))
        process.kill()
        finish(process)
        assert epochs_saved(run) == SHORT
    status, _, err = finish(begin_or_go_on(spawn, run, SHORT))
    assert (status, err) == (0, "")
    assert_same(run, undisturbed[SHORT])


# Ctrl-C


def test_ctrl_c_saves_and_says_how_to_go_on(spawn, undisturbed, tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "my run")
    process = begin_or_go_on(spawn, run, LONG)
    wait_for_line(process, "epoch  20")
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process)
    assert status == 130
    (sentence,) = err.splitlines()
    found = re.fullmatch(
        rf"stopped after epoch (\d+) of {LONG}; go on with: glassnet (train --resume .*)", sentence
    )
    epoch, command = int(found[1]), found[2]
    assert 20 <= epoch < LONG
    assert epochs_saved(run) == epoch
    assert shlex.split(command) == ["train", "--resume", str(run.path)]  # as a shell takes it
    status, out, err = finish(spawn(*shlex.split(command)))
    assert (status, err) == (0, "")
    assert f"epoch {epoch + 1:3}  " in out
    assert_same(run, undisturbed[LONG])


@pytest.mark.slow
def test_ctrl_c_while_it_finishes(spawn, undisturbed, tmp_path):
    run = RunFolder(tmp_path / "run")
    process = begin_or_go_on(spawn, run, SHORT)
    wait_for_line(process, "run folder")
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process)
    assert status == 130
    assert err == f"stopped after epoch 3 of 3; go on with: glassnet train --resume {run.path}\n"
    status, _, err = finish(begin_or_go_on(spawn, run, SHORT))
    assert (status, err) == (0, "")
    assert_same(run, undisturbed[SHORT])


def test_quiet_ctrl_c(spawn, tmp_path):
    run = RunFolder(tmp_path / "run")
    process = begin_or_go_on(spawn, run, 1_000_000, "--quiet")
    while not run.history.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (status, out) == (130, "")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("function", ["_close_epoch", "_next_epoch", "_settle", "_reason_to_finish"])
def test_ctrl_c_at_every_line_between_two_epochs(function):
    """Whichever line it hits: what would be saved then is the end of an epoch, and leads to the same bits."""
    recipe = Recipe(layers="784-3-10", epochs=3, batch_size=100, keep="best")
    data = load("digits")
    wanted = Trainer(recipe.network(), data, recipe)
    history = [timeless(record) for record in wanted]
    code = getattr(Trainer, function).__code__
    line, hit = 0, True
    while hit:
        line += 1
        trainer = Trainer(recipe.network(), data, recipe)
        trainer.epoch()
        hit = interrupted_at(code, line, trainer.epoch)
        progress = trainer.progress
        assert progress.epoch in (1, 2)
        again = Trainer(recipe.network(), data, recipe, progress=progress)
        rest = [timeless(record) for record in again]
        assert [timeless(record) for record in again.history] == history
        assert len(rest) == 3 - progress.epoch
        for name, array in wanted.network.parameters.items():
            np.testing.assert_array_equal(again.network.parameters[name], array)
    assert line > 1


def interrupted_at(code, line, call):
    """Call it, with a KeyboardInterrupt at the n-th line of that code; whether it came to that line."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code is not code:
            return None if event == "call" else trace
        if event == "line":
            count += 1
            if count == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_ctrl_c_while_saving(glassnet, undisturbed, tmp_path, monkeypatch, call):
    """It hits in the middle of writing a file, any of the files of a run."""
    monkeypatch.setattr(train_module, "SAVE_EVERY", 0.0)
    monkeypatch.setattr("glassnet.plots.png", lambda _: b"a picture")
    monkeypatch.setattr("glassnet.files._sync_folder", lambda _: None)  # so that only files count
    place, status = 0, 130
    while status == 130:
        place += 1
        run = RunFolder(tmp_path / f"run-{place}")
        glassnet("train", *OPTIONS, 1, "--out", run.path, "-q")
        with monkeypatch.context() as patch:
            patch.setattr(os, call, at_call(place, getattr(os, call), KeyboardInterrupt()))
            answer = glassnet("train", "--resume", run.path, "--epochs", SHORT, "-q")
        status = answer.status
        if place == 1:  # it was about to raise the limit in config.toml: nothing of the run had begun
            assert (status, answer.err) == (130, "glassnet: stopped\n")
        elif status == 130:
            assert answer.err.startswith("stopped after epoch")
        else:
            assert (status, answer.err) == (0, "")
        assert glassnet("train", "--resume", run.path, "--epochs", SHORT, "-q").status == 0
        assert run.model.read_bytes() == undisturbed[SHORT].model.read_bytes()
        assert [path for path in run.path.iterdir() if path.name.startswith(".")] == []
    assert place > 8


def at_call(place, call, error, forever=False):
    """The function, raising that error at its n-th call (or from then on)."""
    count = 0

    def instead(*arguments):
        nonlocal count
        count += 1
        if count == place or (forever and count > place):
            raise error
        return call(*arguments)

    return instead


# Other ends


@pytest.mark.slow
def test_terminated(spawn, undisturbed, tmp_path):
    """SIGTERM ends it at once, as ever; the run goes on from its checkpoint."""
    run = RunFolder(tmp_path / "run")
    process = begin_or_go_on(spawn, run, SHORT)
    wait_for_line(process, "epoch   2")
    process.terminate()
    status, _, err = finish(process)
    assert (status, err) == (-signal.SIGTERM, "")
    assert epochs_saved(run) >= 1
    assert finish(begin_or_go_on(spawn, run, SHORT))[0] == 0
    assert_same(run, undisturbed[SHORT])


def test_a_reader_that_has_enough(spawn, tmp_path):
    """`glassnet train | head -3` ends quietly."""
    run = RunFolder(tmp_path / "run")
    process = begin_or_go_on(spawn, run, LONG)
    wait_for_line(process, "epoch   2")
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), err) == (1, "")
    assert 1 <= epochs_saved(run) < LONG


# A full disk


@pytest.mark.slow
def test_files_that_may_not_grow(spawn, undisturbed, tmp_path):
    """The checkpoint grows with its history, up to the limit: then one sentence, and the last one is kept."""
    run = RunFolder(tmp_path / "run")
    limit = 125_000  # bytes; twice the parameters, and a part of the history

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    status, out, err = finish(begin_or_go_on(spawn, run, LONG, before=limited))
    assert status == 2
    assert err == (
        f"glassnet: can't write {run.checkpoint}: File too large; the file that was there is untouched\n"
    )
    reached = epochs_saved(run)
    assert 5 < reached < LONG
    assert out.count("\nepoch ") == reached + 1  # the epoch that couldn't be saved
    assert sorted(path.name for path in run.path.iterdir()) == [
        "checkpoint.safetensors",
        "config.toml",
        "history.csv",
    ]
    status, out, err = finish(begin_or_go_on(spawn, run, LONG))
    assert (status, err) == (0, "")
    assert f"epoch {reached + 1:3}  " in out
    assert_same(run, undisturbed[LONG])


def test_a_disk_that_is_full_from_any_write_on(glassnet, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "SAVE_EVERY", 0.0)
    monkeypatch.setattr("glassnet.plots.png", lambda _: b"a picture")
    monkeypatch.setattr("glassnet.files._sync_folder", lambda _: None)  # so that only files count
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    place, status = 0, 2
    while status == 2:
        place += 1
        run = RunFolder(tmp_path / f"run-{place}")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", at_call(place, os.fsync, full, forever=True))
            answer = glassnet("train", *OPTIONS, SHORT, "--out", run.path, "-q")
        status = answer.status
        if status == 2:
            (sentence,) = answer.err.splitlines()
            assert re.match(r"glassnet: can't write .*: No space left on device", sentence)
        else:
            assert (status, answer.err) == (0, "")
        if run.config.exists():
            assert glassnet("train", "--resume", run.path, "-q").status == 0
            assert run.model.read_bytes() == undisturbed[SHORT].model.read_bytes()
        else:
            assert place == 1
            assert list(tmp_path.iterdir()) == []
    assert place == 1 + 1 + 2 * (SHORT + 1) + 1 + 3  # none fails: config, checkpoints, model, pictures


def test_the_disk_is_full_when_ctrl_c_comes(glassnet, tmp_path, monkeypatch):
    """The last checkpoint stays; the sentence is about the disk."""
    monkeypatch.setattr(train_module, "SAVE_EVERY", 0.0)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    engine = type(get_engine(Recipe().engine))
    real, calls = engine.train_batches, 0
    fsync = os.fsync

    def train_batches(self, *arguments):
        nonlocal calls
        calls += 1
        if run.checkpoint.exists():
            os.fsync = at_call(1, fsync, full, forever=True)
            raise KeyboardInterrupt
        return real(self, *arguments)

    run = RunFolder(tmp_path / "run")
    monkeypatch.setattr(engine, "train_batches", train_batches)
    monkeypatch.setattr(os, "fsync", fsync)  # and so it is put back
    answer = glassnet("train", *OPTIONS, SHORT, "--out", run.path, "-q")
    monkeypatch.undo()
    assert answer.status == 2
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith(f"glassnet: can't write {run.checkpoint}: No space left on device")
    assert epochs_saved(run) == 1
