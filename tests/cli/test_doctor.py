"""`glassnet doctor`: what the library finds, for runs of every state and for model files."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import glassnet as gn
from glassnet.explanation.doctor import diagnose, diagnose_records
from glassnet.storage import Model, RunFolder, load_model, read_tensors, save_model
from glassnet.storage.tensor_file import write_tensors
from glassnet.training import Progress, Trainer

pytestmark = pytest.mark.table


@pytest.fixture(scope="module")
def ill(glassnet, tmp_path_factory):
    """A run with η twenty times too large."""
    path = tmp_path_factory.mktemp("ill") / "run"
    assert glassnet("train", "--learning-rate", "10", "--epochs", "15", "-q", "--out", path).status == 0
    return RunFolder(path)


def of_run(run):
    """What the library says of it."""
    recipe, data = run.recipe(), gn.load("digits")
    progress = run.load_progress(recipe, data.sha256)
    network = recipe.network()
    network.load_parameters(progress.parameters)
    return diagnose(network, data, history=progress.history, recipe=recipe)


@pytest.mark.slow
def test_a_run_is_told_as_the_library_tells_it(ok, ill):
    diagnosis = of_run(ill)
    (answer,) = ok("doctor", ill.path, "--json").json
    assert answer == {
        "of": str(ill.path),
        "what": "784-16-16-10, after 15 of 15 epochs on digits",
        **diagnosis.to_dict(),
    }
    assert {"large_learning_rate", "saturated_neurons"} <= {found["illness"] for found in answer["findings"]}
    words = " ".join(ok("doctor", ill.path).out.split())
    for finding in diagnosis.findings:
        assert f"▲ {finding.what} {finding.advice}" in words


def test_a_healthy_run(ok):
    ok("train", "--epochs", "30", "-q", "--out", "run")
    (answer,) = ok("doctor", "run", "--json").json
    assert answer["findings"] == []
    out = ok("doctor", "run").out
    assert "▲" not in out
    assert "✓ Nothing found in what was examined: numbers, inputs, learning rate, gradients" in out


def test_a_model_file_has_no_records(ok, ill):
    model = load_model(ill.model)
    (answer,) = ok("doctor", ill.model, "--json").json
    wanted = diagnose(model.network, gn.load("digits"), recipe=model.recipe)
    assert answer == {"of": str(ill.model), "what": "784-16-16-10, on digits", **wanted.to_dict()}
    assert answer["not_examined"]["validation cost"] == "there are no records"


def test_a_network_that_comes_with_glassnet(ok, trained, monkeypatch):
    monkeypatch.setattr("glassnet.pretrained.FOLDER", trained.path)
    (answer,) = ok("doctor", "model", "--json").json
    assert answer["what"] == "784-12-10, on digits"


def test_an_interrupted_run_is_one_without_a_model(ok, ill):
    shutil.copytree(ill.path, "run")
    run = RunFolder("run")
    run.model.unlink()
    run.save_recipe(run.recipe().replace(epochs=40))
    (answer,) = ok("doctor", "run", "--json").json
    assert answer["what"] == "784-16-16-10, after 15 of 40 epochs on digits"
    assert answer["findings"] == of_run(run).to_dict()["findings"]
    assert answer["findings"]


def test_a_diverged_run(ok, glassnet):
    options = ["--layers", "784-30:relu-10:linear", "--cost", "quadratic", "--initializer", "he"]
    diverged = glassnet("train", *options, "--learning-rate", "10", "-q", "--out", "run")
    assert diverged.status == 2
    (answer,) = ok("doctor", "run", "--json").json
    assert answer["what"] == "784-30-10, after 0 of 60 epochs on digits"
    (found,) = answer["findings"]
    assert found["illness"] == "large_learning_rate"
    eta = str(found["evidence"]["other_learning_rate"])
    assert ok("train", *options, "--learning-rate", eta, "--epochs", "20", "-q", "--out", "cured")
    assert load_model("cured/model.safetensors").figures["validation_accuracy"] > 0.9


def test_a_network_of_nan(ok, trained):
    arrays, information = read_tensors(trained.model)
    arrays["1.weight"] = np.full_like(arrays["1.weight"], np.nan)
    write_tensors("nan.safetensors", arrays, information)
    (answer,) = ok("doctor", "nan.safetensors", "--json").json
    (found,) = answer["findings"]
    assert (found["illness"], found["evidence"]) == ("not_finite", {"1.weight": 784 * 12})


def test_of_a_run_whose_data_are_not_here_the_records_are_examined(glassnet, tmp_path):
    recipe = gn.Recipe(data="mnist", epochs=12)
    trainer = Trainer(recipe.network(), gn.load("digits"), recipe)  # as if they were MNIST
    for _ in trainer:
        pass
    run = RunFolder.create(tmp_path / "run", recipe)
    run.save_progress(trainer.progress, recipe, "5" * 64)
    answer = glassnet("doctor", run.path, "--json")
    assert answer.status == 0
    assert answer.err.startswith("glassnet: only the records are examined, as the data can't be had: MNIST")
    (told,) = answer.json
    assert told == {
        "of": str(run.path),
        "what": "the records of 12 of 12 epochs on mnist",
        **diagnose_records(trainer.history).to_dict(),
    }
    assert told["examined"].keys() == {"gradients", "training cost", "validation cost"}
    # Where the data are named, it is they that are wanted.
    answer = glassnet("doctor", run.path, "--data", "mnist")
    assert answer.status == 2
    answer = glassnet("doctor", run.path, "--data", "digits")
    assert answer.status == 2
    assert "learned from other data than digits is here" in answer.err


def make_unknown_data(trained):
    network = load_model(trained.model).network
    save_model("unknown.safetensors", Model(network, tuple("0123456789"), None, "my own"))
    save_model("other.safetensors", Model(network, tuple("0123456789"), None, "digits", "7" * 64))


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        (
            "unfinished",
            "unfinished has no checkpoint, and nothing to examine: go on with glassnet train --resume",
        ),
        ("damaged", "checkpoint.safetensors is not a whole glassnet file"),
        ("foreign", "is not a run folder: it has no config.toml"),
        ("changed", "config.toml has learning_rate = 0.25, the run was begun with 0.5"),
        ("unknown.safetensors", "unknown.safetensors learned from 'my own': name the --data"),
        ("other.safetensors", "learned from other data than digits is here (the SHA-256 differs)"),
        ("missing", "missing"),
    ],
)
def test_what_can_not_be_examined(glassnet, trained, argument, sentence):
    make_unknown_data(trained)
    RunFolder.create("unfinished", trained.recipe())
    for name in ("damaged", "foreign", "changed"):
        shutil.copytree(trained.path, name)
    checkpoint = RunFolder("damaged").checkpoint
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    RunFolder("foreign").config.unlink()
    RunFolder("changed").save_recipe(trained.recipe().replace(learning_rate=0.25))
    answer = glassnet("doctor", argument)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.count("\n") == 1
    assert sentence in answer.err


def test_data_may_be_named(ok, trained):
    make_unknown_data(trained)
    (answer,) = ok("doctor", "unknown.safetensors", "--data", "digits", "--json").json
    assert answer["what"] == "784-12-10, on digits"
    assert answer["not_examined"]["learning rate"] == "η is not known: there is no recipe"


def test_a_run_before_its_first_epoch(ok):
    recipe = gn.Recipe()
    run = RunFolder.create("run", recipe)
    run.save_progress(Progress(recipe.network().parameters), recipe, gn.load("digits").sha256)
    (answer,) = ok("doctor", "run", "--json").json
    assert answer["what"] == "784-16-16-10, after 0 of 60 epochs on digits"
    assert answer["findings"] == []
