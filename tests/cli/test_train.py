"""`glassnet train`: what it prints, what it leaves behind, how it goes on."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet import Recipe
from glassnet.storage import RunFolder
from glassnet.training import Record

RECORD = [field.name for field in dataclasses.fields(Record)]


def without_times(record):
    return {name: value for name, value in record.items() if name not in ("seconds", "images_per_second")}


def test_a_run_is_what_the_library_makes(trained):
    recipe = Recipe(layers="784-12-10", epochs=4, batch_size=5, seed=7)
    assert trained.recipe() == recipe
    network, data = recipe.network(), gn.load("digits")
    history = gn.train(network, data, recipe)
    model = gn.load_model(trained.model)
    assert model.recipe == recipe
    assert model.class_names == tuple("0123456789")
    assert model.data_sha256 == data.sha256
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(model.network.parameters[name], array)
    assert model.figures == {
        "epochs": 4,
        "validation_accuracy": gn.evaluate(network, data.validation, "cross_entropy").accuracy,
        "validation_cost": gn.evaluate(network, data.validation, "cross_entropy").cost,
        "test_accuracy": gn.evaluate(network, data.test, "cross_entropy").accuracy,
        "test_cost": gn.evaluate(network, data.test, "cross_entropy").cost,
    }
    progress = trained.load_progress(recipe, data.sha256)
    assert [without_times(record.to_dict()) for record in progress.history] == [
        without_times(record.to_dict()) for record in history
    ]


def test_json_lines_are_the_records_and_the_outcome(trained):
    lines = (trained.path.parent / "records.jsonl").read_text(encoding="utf-8").splitlines()
    *records, outcome = map(json.loads, lines)
    assert [list(record) for record in records] == [RECORD] * 4
    assert [record["epoch"] for record in records] == [1, 2, 3, 4]
    history = trained.load_progress(trained.recipe(), gn.load("digits").sha256).history
    assert [Record.from_dict(record) for record in records] == history
    figures = gn.load_model(trained.model).figures
    assert outcome == {
        "finished": "epoch 4 of 4 is done",
        "run": str(trained.path),
        **{name: value for name, value in figures.items() if name != "epochs"},
    }


def test_history_csv_has_the_records(trained):
    history = trained.load_progress(trained.recipe(), gn.load("digits").sha256).history
    rows = list(csv.DictReader(trained.history.read_text().splitlines()))
    assert [float(row["training_cost"]) for row in rows] == [record.training_cost for record in history]
    assert [float(row["gradient_norms.2.weight"]) for row in rows] == [
        record.gradient_norms["2.weight"] for record in history
    ]


def test_a_run_folder_has_the_documented_files(trained):
    pictures = {trained.confusion, trained.learning_curve, trained.weights}
    files = {trained.config, trained.history, trained.model, trained.checkpoint}
    assert set(trained.path.iterdir()) == files | pictures
    for path in pictures:
        with Image.open(path) as image:
            image.load()
            assert image.width > 500


def test_plain_lines(ok, trained, small):
    lines = ok("train", *small, "--out", "run").out.splitlines()
    history = trained.load_progress(trained.recipe(), gn.load("digits").sha256).history
    figures = gn.load_model(trained.model).figures
    assert lines[0] == (
        "784-12-10 (9,550 parameters) learns digits from 1,197 images: "
        "cross_entropy, η 0.5, mini-batches of 5"
    )
    for line, record in zip(lines[1:5], history, strict=True):
        assert re.sub(r"  \d+\.\d+ m?s$", "", line) == (
            f"epoch   {record.epoch}  cost {record.training_cost:.4f}  accuracy "
            f"{record.training_accuracy:7.2%}  validation: cost {record.validation_cost:.4f}  accuracy "
            f"{record.validation_accuracy:7.2%}"
        )
    assert re.fullmatch(r"epoch 4 of 4 is done; \d+\.\d+ m?s of training", lines[5])
    right = round(240 * figures["validation_accuracy"])
    assert lines[6] == f"validation accuracy  {figures['validation_accuracy']:.2%} ({right} of 240)"
    right = round(360 * figures["test_accuracy"])
    assert lines[7] == f"test accuracy        {figures['test_accuracy']:.2%} ({right} of 360)"
    assert lines[8:] == ["run folder           run"]


def test_the_penalty_is_named_in_the_headline(ok):
    first, *_ = ok("train", "--layers", "784-10", "--epochs", "0", "--l2", "5").out.splitlines()
    assert first.endswith("mini-batches of 10, λ 5")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "cross_entropy, η 0.5, mini"),
        (
            "--optimizer adam --learning-rate 0.001 --schedule cosine",
            "cross_entropy, adam, η 0.001 (cosine), m",
        ),
        ("--schedule step10 --l1 0.5", "cross_entropy, η 0.5 (step10x0.1), mini-batches of 10, λ₁ 0.5"),
    ],
)
def test_the_optimizer_and_the_schedule_are_named_in_the_headline(ok, options, words):
    assert words in ok("train", "--epochs", "1", *options.split()).out.splitlines()[0]


@pytest.mark.filterwarnings("always::glassnet.errors.GlassnetWarning")
def test_settings_that_are_hardly_meant_are_a_line_of_their_own(glassnet):
    answer = glassnet("train", "--epochs", "1", "--optimizer", "adam", "--momentum", "0.3")
    assert answer.status == 0
    assert answer.err.splitlines() == [
        "glassnet: a step of adam moves every parameter by about the learning rate, 0.5: 0.001 is usual",
        "glassnet: momentum is 0.3, and adam has none: it changes nothing",
    ]


def test_a_cosine_keeps_its_number_of_epochs(ok, glassnet):
    ok("train", "--schedule", "cosine", "--epochs", "2", "--out", "run")
    answer = glassnet("train", "--resume", "run", "--epochs", "3")
    assert answer.status == 2
    assert answer.err.splitlines() == [
        "glassnet: run/config.toml has epochs = 3, the run was begun with 2, which schedule = 'cosine' goes "
        "by: put that back, or begin a new run"
    ]
    ok("train", "--resume", "run")  # nothing was changed


def test_a_convolutional_network(ok, tmp_path):
    """From its text to its model: 2·(9 + 1) filters, 2·26·26 → pooled by 4 → 2·6·6 = 72, 10·73 in the end."""
    options = ("--layers", "conv2@3:relu  pool4 10", "--engine", "textbook", "--epochs", "1")
    first, note, epoch, *_, last = ok("train", *options).out.splitlines()
    assert first.startswith("28×28 conv2@3 pool4 10 (750 parameters) learns digits from 1,197 images: ")
    assert note == "Layer 2, pool4, doesn't see 2 rows and 2 columns of its input."
    assert epoch.startswith("epoch   1  cost ")
    assert last == "run folder           runs/digits-conv2x3.relu-pool4-10-1"
    run = RunFolder("runs/digits-conv2x3.relu-pool4-10-1")
    assert run.recipe().layers == "conv2@3:relu pool4 10"
    assert str(gn.load_model(run.model).network) == "28×28 conv2@3 pool4 10"
    *_, outcome = ok("train", "--resume", run.path, "--epochs", "2", "--json").json
    assert outcome["finished"] == "epoch 2 of 2 is done"


def test_layers_from_tables_are_those_of_the_text(ok):
    Path("recipe.toml").write_text(
        "epochs = 0\n"
        "[[layers]]\nkind = 'conv'\nfilters = 2\nsize = 3\n"
        "[[layers]]\nkind = 'dense'\nsize = 10\n"
    )
    printed = ok("train", "--config", "recipe.toml", "--print-config").out
    assert Recipe.from_toml(printed) == Recipe(layers="conv2@3 10", epochs=0)


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_is_silent(ok, trained, small, option):
    assert ok("train", *small, "--out", "run", option).out == ""
    assert RunFolder("run").model.read_bytes() == trained.model.read_bytes()  # the same bits, too


def test_quiet_with_json_prints_json(ok):
    records = ok("train", "--layers", "784-10", "--epochs", "1", "--quiet", "--json").json
    assert [record.get("epoch") for record in records] == [1, None]


def test_default_names_of_runs(ok, tmp_path):
    for layers in ("784-10", "784-10", "784-3:relu-10"):
        ok("train", "--layers", layers, "--epochs", "0", "-q")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "digits-784-10-1",
        "digits-784-10-2",
        "digits-784-3.relu-10-1",
    ]


@pytest.mark.parametrize("out", ["run", "run/", "deep/er/run", "empty", "./run", "näme with späce"])
def test_names_for_a_run(ok, tmp_path, out):
    (tmp_path / "empty").mkdir()
    ok("train", "--layers", "784-10", "--epochs", "1", "-q", "--out", out)
    run = RunFolder.open(tmp_path / out)
    assert run.recipe() == Recipe(layers="784-10", epochs=1)
    assert run.model.exists()
    assert [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")] == []


@pytest.mark.drawn
def test_no_epoch_at_all(ok):
    out = ok("train", "--layers", "784-10", "--epochs", "0", "--out", "run").out
    assert "epoch 0 of 0 is done" in out
    run = RunFolder("run")
    network = Recipe(layers="784-10", epochs=0).network()
    for name, array in gn.load_model(run.model).network.parameters.items():
        np.testing.assert_array_equal(array, network.parameters[name])
    assert not run.learning_curve.exists()
    assert run.confusion.exists()


def test_keep_the_best(ok):
    options = ["--layers", "784-10", "--epochs", "30", "--learning-rate", "5", "--patience", "2", "--keep"]
    *records, last = ok("train", *options, "last", "--json", "--out", "a").json
    *_, best = ok("train", *options, "best", "--json", "--out", "b").json
    accuracies = [record["validation_accuracy"] for record in records]
    assert len(records) < 30
    assert last["finished"] == best["finished"] == "2 epochs brought no better validation accuracy"
    assert accuracies.index(max(accuracies)) == len(records) - 3
    assert best["validation_accuracy"] == max(accuracies)
    assert last["validation_accuracy"] == accuracies[-1] < max(accuracies)


def test_a_time_limit(ok, monkeypatch):
    """By a clock on which every slice of training takes 1/128 s; no slice counts twice."""
    ticks = itertools.count()
    monkeypatch.setattr("glassnet.training.trainer.perf_counter", lambda: next(ticks) / 128)
    *records, outcome = ok("train", "--epochs", "1000", "--time-limit", 6 / 128, "--json").json
    assert outcome["finished"] == "the time limit of 0.046875 s is reached in epoch 4"
    # Slices of 1 and 12 mini-batches find out how fast it goes; then an epoch is a slice.
    assert [128 * record["seconds"] for record in records] == [3, 1, 1, 1]


def test_a_run_that_diverges_keeps_its_last_good_epoch(glassnet):
    answer = glassnet(
        *("train", "--layers", "784-30-10", "--activation", "relu", "--cost", "squared", "--out", "run"),
        *("--output-activation", "linear", "--learning-rate", "10", "--json"),
    )
    assert answer.status == 2
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("glassnet: the cost became infinite or NaN in epoch 1, mini-batch ")
    assert "the learning rate 10 is probably too large; try 1;" in sentence
    run = RunFolder("run")
    network = gn.load_model(run.model).network
    for name, array in run.recipe().network().parameters.items():
        np.testing.assert_array_equal(network.parameters[name], array)
    assert run.load_progress(run.recipe(), gn.load("digits").sha256).history == []


# Going on


@pytest.mark.drawn
@pytest.mark.parametrize("keep", ["last", "best"])
@pytest.mark.slow
def test_more_epochs_are_the_longer_run_to_the_bit(ok, keep):
    options = ["--layers", "784-12-10", "--seed", "3", "--keep", keep, "--json"]
    *longer, _ = ok("train", *options, "--epochs", "5", "--out", "longer").json
    *shorter, _ = ok("train", *options, "--epochs", "2", "--out", "shorter").json
    *rest, _ = ok("train", "--resume", "shorter", "--epochs", "5", "--json").json
    assert [without_times(record) for record in shorter + rest] == [
        without_times(record) for record in longer
    ]
    shorter_run, longer_run = RunFolder("shorter"), RunFolder("longer")
    assert shorter_run.model.read_bytes() == longer_run.model.read_bytes()
    assert shorter_run.config.read_bytes() == longer_run.config.read_bytes()
    for picture in ("confusion", "weights", "learning_curve"):
        assert getattr(shorter_run, picture).read_bytes() == getattr(longer_run, picture).read_bytes()


@pytest.mark.drawn
def test_a_finished_run_stays_what_it_is(ok, trained, tmp_path):
    shutil.copytree(trained.path, "run")
    (outcome,) = ok("train", "--resume", "run", "--json").json
    assert outcome["finished"] == "epoch 4 of 4 is done"
    for path in trained.path.iterdir():
        assert (tmp_path / "run" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_run_that_was_stopped_before_its_first_checkpoint(ok, trained):
    RunFolder.create("run", trained.recipe())
    ok("train", "--resume", "run")
    assert RunFolder("run").model.read_bytes() == trained.model.read_bytes()


def test_less_epochs_than_done(glassnet, trained):
    shutil.copytree(trained.path, "run")
    config = Path("run/config.toml").read_bytes()
    answer = glassnet("train", "--resume", "run", "--epochs", "2", "--json")
    sentence = "glassnet: epochs is 2: this training has come to epoch 4, give more\n"
    assert (answer.status, answer.out, answer.err) == (2, "", sentence)
    assert Path("run/config.toml").read_bytes() == config
