"""`glassnet calibrate`: the numbers of the library, written into the model's file and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import NOT_A_DIGIT, load
from glassnet.document import number
from glassnet.pretrained import pretrained_path


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the small trained run, in the test's own folder."""
    shutil.copytree(trained.path, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.slow
def test_the_numbers_are_the_library_s_and_stand_in_the_file(ok, run, not_digits):
    before = gn.load_model(run / "model.safetensors")
    (answer,) = ok("calibrate", "run", "--accept", "0.9", "--json").json
    after = gn.load_model(run / "model.safetensors")
    data = load("digits")
    wanted = gn.calibrate(
        before.network,
        data.validation,
        not_digits(1000, 1, data.validation),
        fonts=after.calibration.fonts,
        accept=0.9,
    )
    assert after.calibration == wanted
    assert {name: answer[name] for name in wanted.to_dict()} == wanted.to_dict()
    assert (answer["model"], answer["data"]) == ("run/model.safetensors", "digits")
    # Of sigmoid outputs, the cross-entropy, by the plain formula.
    z = before.network.forward(before.network.inputs(data.test.images))[1][-1].z.astype(float)
    y = np.eye(10)[data.test.labels]
    costs = [np.logaddexp(0, np.where(y == 1, -z, z) / T).sum(axis=1).mean() for T in (1, wanted.temperature)]
    assert answer["cost"]["test"] == pytest.approx(costs, rel=1e-5)
    assert answer["cost"]["validation"][1] <= answer["cost"]["validation"][0]
    for name, array in before.network.parameters.items():
        assert array.tobytes() == after.network.parameters[name].tobytes()
    assert replace(after, network=before.network, calibration=None) == before


def test_in_words(ok, run):
    lines = ok("calibrate", "run/model.safetensors").out.splitlines()
    calibration = gn.load_model(run / "model.safetensors").calibration
    assert lines[0] == "run/model.safetensors, calibrated by the 240 validation images of digits"
    assert lines[1] == f"temperature  {calibration.temperature:.4f}"
    assert lines[2].startswith(f"threshold    {calibration.threshold:.4f}: {calibration.accepted:.2%} of the")
    assert lines[3].split()[:2] == ["and", f"{calibration.passed:.2%}"]
    assert [line.split(":")[0] for line in lines[4:]] == [
        "cross-entropy on validation",
        "cross-entropy on test",
    ]


@pytest.mark.slow
def test_a_network_with_a_class_of_no_digits(ok, glassnet, tmp_path):
    data = gn.with_not_digits(load("digits"), 120)
    recipe = gn.Recipe(layers="784-12-11", cost="log_likelihood", output_activation="softmax", epochs=4)
    network = recipe.network()
    gn.train(network, data, recipe)
    gn.save_model("m", gn.Model(network, data.class_names, recipe, "digits"))
    ok("calibrate", "m")
    model = gn.load_model("m")
    assert model.class_names[-1] == NOT_A_DIGIT
    assert model.calibration.accepted >= 0.995
    # Evaluating goes on by the digits alone.
    out = ok("evaluate", "m", "--mistakes", "worst.png").out
    assert "true ╲ answer" in out
    assert "none" in out
    # So does explaining, which knows what the image shows, whatever the answer is.
    out = ok("explain", "m", "--data", "digits:test:0", "--nudges").out
    wanted = gn.explain(network, data.test.images[0], data.test.labels[0], "log_likelihood")
    assert f"C₀ = {number(wanted.trace.used.cost)}" in " ".join(out.split())
    answer = glassnet("explain", "m", "--class", NOT_A_DIGIT)
    assert (answer.status, answer.err.count("\n")) == (2, 1)


@pytest.mark.slow
def test_networks_that_come_with_glassnet_stay_as_they_are(ok, glassnet, run, tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    (run / "model.safetensors").rename(package / "small.safetensors")
    monkeypatch.setattr("glassnet.pretrained.FOLDER", package)
    before = (package / "small.safetensors").read_bytes()
    answer = glassnet("calibrate", "small")
    assert answer.status == 2
    assert "comes with glassnet, calibrated: copy that file, and calibrate the copy" in answer.err
    assert (package / "small.safetensors").read_bytes() == before
    assert ok("evaluate", "small").out.endswith("worst mistakes: small-mistakes.png\n")
    assert (tmp_path / "small-mistakes.png").is_file()
    assert [path.name for path in package.iterdir()] == ["small.safetensors"]
    for command in ("evaluate", "check", "doctor", "calibrate"):
        assert "there is no model or picture smal: did you mean small?" in glassnet(command, "smal").err


def test_what_can_not_be_calibrated(glassnet, tmp_path):
    for activation in ("tanh", "linear", "relu"):
        network = gn.Network([gn.Dense(10, activation)], 784, seed=1)
        gn.save_model("m", gn.Model(network, tuple("0123456789"), data_name="digits"))
        before = (tmp_path / "m").read_bytes()
        answer = glassnet("calibrate", "m")
        assert answer.status == 2
        assert f"{activation} outputs are no probabilities and can't be calibrated" in answer.err
        assert (tmp_path / "m").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--accept", "1"], "accept is 1.0: give the share of digits to accept, such as 0.995"),
        (["--accept", "some"], "'some' is not a valid float"),
        (["--data", "fashion"], "fashion"),
    ],
)
def test_bad_options(glassnet, run, arguments, said):
    answer = glassnet("calibrate", "run", *arguments)
    assert answer.status == 2
    assert said in answer.err


def test_a_network_that_comes_with_glassnet_stays_as_it_is(glassnet):
    before = pretrained_path("16-16").read_bytes()
    answer = glassnet("calibrate", "16-16", "--data", "digits", "--accept", "0.5")
    assert answer.status == 2
    assert answer.err.endswith("comes with glassnet, calibrated: copy that file, and calibrate the copy\n")
    assert pretrained_path("16-16").read_bytes() == before
