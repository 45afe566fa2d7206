"""`glassnet check`: the verdict, its numbers, and the status that a script can read."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

import glassnet as gn
from glassnet.activations import Sigmoid
from glassnet.costs import CrossEntropy
from glassnet.network import Network
from glassnet.rng import Purpose, Stream
from glassnet.storage import Model, save_model

pytestmark = pytest.mark.table


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """What is printed depends on nothing but COLUMNS."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def network(trained):
    return gn.load_model(trained.model).network


def flat(text):
    """Without line breaks."""
    return " ".join(text.split())


def as_json(check, model, images):
    """What `--json` must print for a check of the library."""
    worst = check.worst._asdict()
    return {
        "model": str(model),
        "images": images,
        "parameters": 9550,
        "checked": len(check.entries),
        "skipped": check.skipped,
        "ok": check.ok,
        "worst": worst | {"place": [*worst["place"]]},
        "histogram": {f"1e{power}": count for power, count in check.histogram().items()},
    }


OPTIONS = {
    "": ({}, 1),
    "--images 3": ({}, 3),
    "--images 2 --cost squared": ({"cost": "squared"}, 2),
    "--sample 50": ({"sample": 50}, 1),
    "--sample 100000": ({}, 1),
    "--l2 0.5 --images 2": ({"l2": 0.5}, 2),
    "--l1 0.3 --l2 0.1": ({"l1": 0.3, "l2": 0.1}, 1),
    "--chain": ({"canonical": False}, 1),
    "--chain --l2 2 --images 3 --sample 200": ({"canonical": False, "l2": 2.0, "sample": 200}, 3),
    "--data digits": ({}, 1),
}


@pytest.mark.parametrize("options", OPTIONS)
def test_check_tells_what_the_library_tells(ok, trained, network, options):
    arguments, count = OPTIONS[options]
    some = gn.load("digits").training[:count]
    check = gn.check_gradient(network, some.images, some.labels, **({"cost": "cross_entropy"} | arguments))
    assert check.ok
    assert len(check.entries) + check.skipped == min(arguments.get("sample", 9550), 9550)
    assert check.skipped == 0 or "l1" in arguments  # it has a kink at w = 0
    (answer,) = ok("check", trained.path, *options.split(), "--json").json
    assert answer == as_json(check, trained.model, f"the first {count} of digits:training")
    out = ok("check", trained.path, *options.split()).out
    assert f"✓ {check}." in flat(out)


def test_check_in_words(ok, trained, network):
    out = ok("check", trained.model).out
    first, *lines = out.splitlines()
    assert first == f"{trained.model}: 784-12-10, 9,550 parameters; images: the first 1 of digits:training"
    assert "`" not in out
    assert "…" not in out.replace(" … ", "")
    some = gn.load("digits").training[:1]
    counts = gn.check_gradient(network, some.images, some.labels, "cross_entropy").histogram()
    found = [re.fullmatch(r"(?:below )?10\S+.*? ([\d,]+)(?: [█▏]+)?", line) for line in lines]
    printed = [int(match[1].replace(",", "")) for match in found if match]
    assert sum(printed) == sum(counts.values()) == 9550
    assert printed[0] == counts[-12]
    assert "below 10⁻¹¹" in out
    assert "right is 10⁻⁶ or less" in out


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("kind", ["softmax", "softmax on top", "tanh", "relu", "quadratic", "one layer"])
def test_the_gradient_of_every_kind_is_right(ok, others, monkeypatch, kind, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = ok("check", others[kind].path, "--images", "2", "--sample", "500").out
    assert "✓ gradient right: " in out
    assert max(map(len, out.splitlines()[1:])) <= columns


@pytest.mark.parametrize(("images", "checked"), [(1, 7_000), (2, 3_000)])
@pytest.mark.slow
def test_of_a_large_network_some_parameters_are_checked(ok, images, checked):
    """784-512-512-10: 10¹⁰ / (2 · 668,672) = 7,477; with two images, 3,738; rounded down."""
    gn.save_model("large", Model(gn.Network("784-512-512-10", seed=1), tuple("0123456789")))
    of = ("check", "large", "--data", "digits", "--images", images, "--json")
    for sample, expected in (((), checked), (("--sample", 210), 210)):
        (answer,) = ok(*of, *sample).json
        assert answer["checked"] + answer["skipped"] == expected


def test_a_run_folder_is_its_model(ok, trained):
    assert ok("check", trained.path, "--sample", 9).out == ok("check", trained.model, "--sample", 9).out


# Where the data are unknown


def test_a_model_that_learned_from_nothing_known_is_checked_on_noise(ok, named):
    model = named(*"abcdefghij")
    (answer,) = ok("check", model, "--json", "--images", 3, "--sample", 300).json
    assert (answer["images"], answer["ok"], answer["checked"]) == ("3 of noise", True, 300)
    loaded = gn.load_model(model)
    noise = Stream(0, Purpose.GRADIENT_CHECK).uniform((3, 784))
    check = gn.check_gradient(loaded.network, noise, [0, 1, 2], sample=300)
    assert answer == as_json(check, model, "3 of noise")
    assert ok("check", model, "--data", "digits", "--sample", 300).out.count("digits:training") == 1


def test_a_network_of_any_size(ok, tmp_path):
    save_model("tiny.safetensors", Model(Network("4-3-2", seed=0), ("a", "b")))
    (answer,) = ok("check", "tiny.safetensors", "--images", 5, "--json").json
    assert (answer["images"], answer["checked"], answer["ok"]) == ("5 of noise", 23, True)
    assert "4-3-2, 23 parameters; images: 1 of noise" in ok("check", "tiny.safetensors").out


def test_a_network_without_parameters_has_nothing_to_check(glassnet):
    save_model("none.safetensors", Model(Network([gn.Softmax()], 3, seed=0), ("a", "b", "c")))
    answer = glassnet("check", "none.safetensors")
    assert (answer.status, answer.err) == (1, "")
    assert "▲ gradient not checked: no parameter was looked at." in answer.out
    (answer,) = glassnet("check", "none.safetensors", "--json").json
    assert (answer["checked"], answer["ok"], answer["worst"]) == (0, False, None)


def test_kinks_are_told(ok):
    """All weights and biases 0: every z of the ReLUs is at the kink, where only biases move it."""
    network = Network([gn.layers.Dense(3, "relu"), gn.layers.Dense(2, "sigmoid")], 4, seed=0)
    for array in network.parameters.values():
        array[:] = 0
    network.parameters["2.weight"][:] = 1
    save_model("zero.safetensors", Model(network, ("a", "b")))
    (answer,) = ok("check", "zero.safetensors", "--json").json
    assert (answer["skipped"], answer["checked"]) == (15, 8)  # 12 weights that noise comes in by, 3 biases
    assert "8 parameters checked, 15 skipped at a kink" in flat(ok("check", "zero.safetensors").out)


# Wrong gradients


BROKEN = {
    "a derivative": (Sigmoid, "derivative", lambda self, z, a: a),
    "the short form": (CrossEntropy, "delta", lambda self, a, y: y - a),
    "NaN": (Sigmoid, "derivative", lambda self, z, a: a * np.nan),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_wrong_gradient_has_status_1(glassnet, ok, trained, monkeypatch, what):
    ok("check", trained.path, "--sample", 500)
    monkeypatch.setattr(*BROKEN[what])
    answer = glassnet("check", trained.path, "--sample", 500)
    assert (answer.status, answer.err) == (1, "")
    assert "▲ gradient WRONG: 500 parameters checked; worst " in flat(answer.out)
    assert "10⁻¹ and more" in answer.out
    answer = glassnet("check", trained.path, "--sample", 500, "--json")
    assert (answer.status, answer.err) == (1, "")
    (found,) = answer.json
    assert (found["ok"], found["checked"]) == (False, 500)
    assert found["histogram"]["1e-1"] > 0
    assert (found["worst"]["error"] is None) == (what == "NaN")


@pytest.mark.parametrize(
    ("name", "place", "number"),
    [("1.weight", (3, 407), np.nan), ("2.bias", (4,), np.inf), ("2.weight", (4, 2), -np.inf)],
)
def test_a_network_that_is_not_finite_has_a_wrong_gradient(glassnet, changed, name, place, number):
    model = changed(name, place, number)
    answer = glassnet("check", model)
    assert (answer.status, answer.err) == (1, "")
    assert "▲ gradient WRONG" in answer.out
    answer = glassnet("check", model, "--json", "--sample", 40)
    assert answer.status == 1

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    assert not json.loads(answer.out, parse_constant=refuse)["ok"]


@pytest.mark.parametrize("λ", ["nan", "inf"])
def test_a_penalty_is_finite(glassnet, trained, λ):
    answer = glassnet("check", trained.path, "--l2", λ, "--sample", 3)
    assert answer.status == 2
    assert "l2" in answer.err


@pytest.mark.slow
def test_a_breakdown_of_the_full_chain_is_told(glassnet, trained):
    network = gn.load_model(trained.model).network
    network.parameters["2.bias"] += 100  # outputs of exactly 1
    save_model("saturated.safetensors", Model(network, tuple("0123456789"), trained.recipe(), "digits"))
    assert glassnet("check", "saturated.safetensors").status == 0
    answer = glassnet("check", "saturated.safetensors", "--chain")
    assert answer.status == 1
    assert "The full chain breaks down" in flat(answer.out)


def test_a_large_cost_gives_no_false_alarm(ok):
    layers = [gn.layers.Dense(12, "relu"), gn.layers.Dense(10, "linear")]
    network = Network(layers, 784, seed=1, initializer="glorot")
    for name in network.weights:
        network.parameters[name] *= 100
    save_model("large.safetensors", Model(network, tuple("0123456789"), None, "digits"))
    ok("check", "large.safetensors", "--images", 5, "--cost", "quadratic")


# Bad input


BAD = {
    "missing": ("missing", "can't read missing: No such file"),
    "folder": ("folder", "folder is not a run folder: it has no model.safetensors"),
    "empty name": ("''", "it has no model.safetensors"),
    "empty": ("empty.safetensors", "empty.safetensors is not a whole glassnet file: it has 0 bytes"),
    "cut": ("cut.safetensors", "cut.safetensors is not a whole glassnet file"),
    "garbage": ("garbage.safetensors", "garbage.safetensors is not a whole glassnet file"),
    "a checkpoint": ("run/checkpoint.safetensors", "it is not a model file"),
    "data": ("run --data digit", "unknown data 'digit'", "did you mean 'digits'?"),
    "an image of the data": ("run --data digits:test:3", "unknown data 'digits:test:3'"),
    "offline": ("run --data mnist", "MNIST isn't here and can't be downloaded"),
    "other classes": ("three.safetensors", "three.safetensors tells 3 classes apart: digits has 10"),
    "other inputs": ("small.safetensors --data digits", "28, 28", "64"),
    "cost": ("run --cost quadratc", "unknown cost 'quadratc'", "did you mean 'quadratic'?"),
    "cost for the outputs": ("run --cost log_likelihood", "not defined for 'sigmoid' outputs"),
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory, trained):
    zoo = tmp_path_factory.mktemp("zoo")
    shutil.copytree(trained.path, zoo / "run")
    (zoo / "folder").mkdir()
    (zoo / "empty.safetensors").write_bytes(b"")
    (zoo / "cut.safetensors").write_bytes(trained.model.read_bytes()[:-1])
    (zoo / "garbage.safetensors").write_bytes(np.random.default_rng(1).bytes(5000))
    save_model(zoo / "three.safetensors", Model(Network("784-3", seed=0), ("a", "b", "c"), None, "digits"))
    save_model(zoo / "small.safetensors", Model(Network("64-10", seed=0), tuple("0123456789")))
    return zoo


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_bad_input_gets_one_sentence(glassnet, zoo, monkeypatch, what, form):
    monkeypatch.chdir(zoo)
    arguments, *fragments = BAD[what]
    answer = glassnet("check", *["" if word == "''" else word for word in arguments.split()], *form)
    assert (answer.status, answer.out) == (2, "")
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("glassnet: ")
    for fragment in fragments:
        assert fragment in sentence


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ("--images 0", ["'--images'", "0 is not in the range 1<=x<=1000"]),
        ("--images 1001", ["'--images'", "1001 is not in the range 1<=x<=1000"]),
        ("--images x", ["'--images'", "'x' is not a valid integer"]),
        ("--sample 0", ["'--sample'", "0 is not in the range x>=1"]),
        ("--sample -1", ["'--sample'", "-1 is not in the range x>=1"]),
        ("--l2 -1", ["'--l2'", "-1.0 is not in the range x>=0"]),
        ("--l2 much", ["'--l2'", "'much' is not a valid float"]),
        ("--simple 3", ["No such option", "--sample"]),
    ],
)
def test_usage_errors_have_clicks_form(glassnet, trained, options, fragments):
    answer = glassnet("check", trained.path, *options.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith("Error: ")
    for fragment in fragments:
        assert fragment in answer.err


@pytest.mark.parametrize("option", ["--cost", "--data"])
def test_an_empty_name_is_unknown(glassnet, trained, option):
    answer = glassnet("check", trained.path, option, "", "--sample", 3)
    assert "unknown" in answer.err
