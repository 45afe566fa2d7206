"""`glassnet explain` refuses what makes no sense in one sentence, with the value and the range."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

import glassnet as gn
from glassnet.storage import Model, save_model


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """What is printed depends on nothing but COLUMNS."""
    monkeypatch.setenv("COLUMNS", "100")


HUGE = "9" * 30
BAD = {
    # places
    "weight of layer 0": ("--weight 0 0 0", "layer 0", "has the layers 1 to 2", "0 is the input"),
    "weight beyond the last layer": (
        "--weight 3 0 0",
        "layer 3",
        "the network 784-12-10 has the layers 1 to 2",
    ),
    "weight of layer −1": ("--weight -1 0 0", "layer -1", "1 to 2"),
    "weight of a huge layer": (f"--weight {HUGE} 0 0", f"layer {HUGE}", "1 to 2"),
    "weight, j": (
        "--weight 1 12 0",
        "there is no 1.weight[12, 0]",
        "to neuron j, 0 to 11",
        "from input k, 0 to 783",
    ),
    "weight, j negative": (
        "--weight 1 -1 0",
        "1.weight[-1, 0]",
        "to neuron j, 0 to 11, from input k, 0 to 783",
    ),
    "weight, k": ("--weight 1 0 784", "1.weight[0, 784]", "to neuron j, 0 to 11, from input k, 0 to 783"),
    "weight, k of the last": (
        "--weight 2 9 12",
        "2.weight[9, 12]",
        "0 to 9, from neuron k of layer 1, 0 to 11",
    ),
    "the second weight": ("--weight 1 0 0 --weight 2 10 0", "2.weight[10, 0]", "neuron j, 0 to 9, from"),
    "bias of layer 0": ("--bias 0 0", "layer 0", "has the layers 1 to 2", "0 is the input"),
    "bias, j": ("--bias 2 10", "2.bias[10]", "0 to 9"),
    "bias, negative": ("--bias 2 -1", "2.bias[-1]", "0 to 9"),
    "input": ("--neuron 0 784", "input 784", "0 to 783"),
    "input, negative": ("--neuron 0 -1", "input -1", "0 to 783"),
    "neuron, layer": ("--neuron 3 0", "layer 3", "1 to 2"),
    "neuron, negative layer": ("--neuron -1 0", "layer -1", "1 to 2"),
    "neuron, j": ("--neuron 2 10", "neuron", "layer 2", "10", "0 to 9"),
    "neuron, j negative": ("--neuron 1 -1", "neuron", "layer 1", "-1", "0 to 11"),
    # names
    "label": ("--label 10", "--label 10", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    "label, other spelling": ("--label 03", "--label 03", "0, 1, 2"),
    "label, empty": ("--label=", "--label", "0, 1, 2"),
    "class": ("--class cat", "--class cat", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    "class, empty": ("--class=", "--class", "0, 1, 2"),
    "cost": ("--cost quadratc", "unknown cost 'quadratc'", "did you mean 'quadratic'?"),
    "cost for the outputs": ("--cost log_likelihood", "not defined for 'sigmoid' outputs", "softmax"),
    # data
    "data": ("--data digit:test:1", "unknown data 'digit'", "did you mean 'digits'?"),
    "data, empty": ("--data=", "unknown data ''", "digits, mnist"),
    "split": ("--data digits:tset:1", "unknown split 'tset'", "did you mean 'test'?"),
    "no image": ("--data digits:test", "--data digits:test: name one image, as in digits:test:17"),
    "no split": ("--data digits", "--data digits: name one image, as in digits:test:17"),
    "image": ("--data digits:test:99999", "digits:test:99999", "0 to 359"),
    "first image beyond": ("--data digits:test:360", "digits:test:360", "0 to 359"),
    "image, negative": ("--data digits:test:-1", "digits:test:-1", "0 to 359"),
    "image, text": ("--data digits:test:x", "digits:test:x", "0 to 359"),
    "image, four parts": ("--data digits:test:1:2", "digits:test:1:2", "0 to 359"),
    "offline": ("--data mnist:test:1", "MNIST isn't here and can't be downloaded"),
    "image and data": (
        "--image a.png --data digits:test:1",
        "a.png and --data digits:test:1",
        "name one of them",
    ),
    # steps and directions
    "rate 0": ("--learning-rate 0", "learning_rate is 0.0", "a positive number"),
    "rate negative": ("--learning-rate -1 --nudges", "learning_rate is -1.0", "a positive number"),
    "rate nan": ("--learning-rate nan --landscape", "learning_rate is nan", "a positive number"),
    "rate inf": ("--learning-rate inf", "learning_rate is inf", "a positive number"),
    "one direction": ("--direction 2.bias[0]", "1 times --direction", "two"),
    "three directions": (
        "--direction 2.bias[0] --direction 2.bias[1] --direction 2.bias[2]",
        "3 times --direction",
        "two",
    ),
    "the same directions": ("--direction 2.bias[0] --direction 2.bias[0]", "2.bias[0]", "two different"),
    "direction, form": ("--direction up --direction 2.bias[0]", "--direction up", '"2.weight[3, 5]"'),
    "direction, no place": ("--direction 2.bias --direction 2.bias[0]", "--direction 2.bias", "3.bias[0]"),
    "direction, empty place": ("--direction 2.bias[] --direction 2.bias[0]", "--direction 2.bias[]"),
    "direction, negative": ("--direction 2.bias[-1] --direction 2.bias[0]", "--direction 2.bias[-1]"),
    "direction, name": (
        "--direction 3.bias[0] --direction 2.bias[0]",
        "there is no 3.bias",
        "with parameters are 1, 2",
    ),
    "direction, place": ("--direction 2.bias[10] --direction 2.bias[0]", "2.bias[10]", "0 to 9"),
    "direction, huge": (f"--direction 2.bias[{HUGE}] --direction 2.bias[0]", f"2.bias[{HUGE}]", "0 to 9"),
    "direction, few": (
        "--direction 2.weight[0] --direction 2.bias[0]",
        "2.weight[0]",
        "2.weight[j, k] leads to",
    ),
    # pictures
    "no picture": ("--image missing.png", "can't read missing.png: No such file"),
    "empty name": ("--image=", "can't read"),
    "a folder": ("--image folder", "can't read folder: Is a directory"),
    "an empty file": ("--image empty.png", "empty.png is empty"),
    "a text": ("--image text.png", "text.png isn't an image of a known format", "PNG or JPEG"),
    "a cut picture": ("--image cut.png", "cut.png is a damaged image"),
    "a huge header": ("--image bomb.png", "bomb.png claims more than 64 million pixels"),
    "a blank sheet": ("--image white.png", "white.png is blank"),
    "a single pixel": ("--image pixel.png", "pixel.png has the shape (1, 1)"),
    "a model for a picture": ("--image run/model.safetensors", "isn't an image of a known format"),
    # pages
    "page in no folder": (
        "--bias 1 0 --html missing/page.html",
        "--html missing/page.html: a file is wanted, in a folder that exists",
    ),
    "page is a folder": ("--bias 1 0 --html folder", "--html folder: a file is wanted"),
    "page under a file": (
        "--bias 1 0 --html text.png/page.html",
        "--html text.png/page.html: a file is wanted",
    ),
    "page's long name": ("--bias 1 0 --html " + "x" * 300, "File name too long"),
}
MODELS = {
    "missing": ("missing", "there is no model or picture missing"),
    "empty name": ("", "it has no model.safetensors"),
    "folder": ("folder", "folder is not a run folder: it has no model.safetensors"),
    "unfinished": ("unfinished", "unfinished has no model yet", "glassnet train --resume unfinished"),
    "empty": ("empty.bin", "empty.bin is not a whole glassnet file: it has 0 bytes"),
    "text": ("text.txt", "text.txt is not a whole glassnet file"),
    "truncated": ("cut.safetensors", "cut.safetensors is not a whole glassnet file"),
    "garbage": ("garbage.safetensors", "garbage.safetensors is not a whole glassnet file"),
    "a recipe": ("run/config.toml", "run/config.toml is not a whole glassnet file"),
    "a checkpoint": ("run/checkpoint.safetensors", "it is not a model file"),
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory, trained, others):
    """What a user might hand over by mistake."""
    zoo = tmp_path_factory.mktemp("zoo")
    shutil.copytree(trained.path, zoo / "run")
    shutil.copytree(others["softmax on top"].path, zoo / "softmax")
    (zoo / "folder").mkdir()
    (zoo / "empty.png").write_bytes(b"")
    (zoo / "empty.bin").write_bytes(b"")
    (zoo / "text.txt").write_bytes(b"a letter")
    (zoo / "text.png").write_bytes(b"a letter, not a picture")
    picture = (zoo / "run" / "weights.png").read_bytes()
    (zoo / "cut.png").write_bytes(picture[: len(picture) // 2])
    Image.new("1", (9000, 9000)).save(zoo / "bomb.png")
    Image.new("L", (60, 60), 255).save(zoo / "white.png")
    Image.new("L", (1, 1)).save(zoo / "pixel.png")
    Image.fromarray(gn.load("digits").test.images[0]).save(zoo / "seven.png")
    whole = trained.model.read_bytes()
    (zoo / "cut.safetensors").write_bytes(whole[:-1])
    (zoo / "garbage.safetensors").write_bytes(np.random.default_rng(1).bytes(5000))
    type(trained).create(zoo / "unfinished", trained.recipe())
    shutil.copytree(trained.path, zoo / "no-checkpoint")
    (zoo / "no-checkpoint" / "checkpoint.safetensors").unlink()
    shutil.copytree(trained.path, zoo / "cut-checkpoint")
    checkpoint = zoo / "cut-checkpoint" / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    save_model(zoo / "tiny.safetensors", Model(gn.Network("4-3-2", seed=0), ("a", "b")))
    save_model(
        zoo / "three.safetensors", Model(gn.Network("784-3", seed=0), ("a", "b", "c"), data_name="digits")
    )
    return zoo


def refused(glassnet, zoo, *arguments):
    """The one sentence on stderr; nothing is made, changed or lost."""

    def tree():
        return {path: path.is_file() and path.read_bytes() for path in zoo.rglob("*")}

    before = tree()
    answer = glassnet("explain", *arguments)
    assert (answer.status, answer.out) == (2, "")
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("glassnet: ")
    assert tree() == before
    return sentence


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(glassnet, zoo, monkeypatch, what):
    monkeypatch.chdir(zoo)
    options, *fragments = BAD[what]
    sentence = refused(glassnet, zoo, "run", *options.split())
    for fragment in fragments:
        assert fragment in sentence


@pytest.mark.parametrize("what", MODELS)
def test_a_bad_model_gets_one_sentence(glassnet, zoo, monkeypatch, what):
    monkeypatch.chdir(zoo)
    model, *fragments = MODELS[what]
    sentence = refused(glassnet, zoo, model)
    for fragment in fragments:
        assert fragment in sentence


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        ("softmax --weight 3 0 0", ["layer 3 (softmax) has no weight", "1, 2"]),
        ("softmax --bias 3 0", ["layer 3 (softmax) has no bias", "1, 2"]),
        ("softmax --neuron 3 10", ["layer 3", "10", "0 to 9"]),
        ("softmax --cost quadratic --weight 4 0 0", ["layer 4", "1 to 3"]),
        ("tiny.safetensors", ["tiny.safetensors doesn't say what it learned from: name the --data"]),
        ("tiny.safetensors --data digits:test:0", ["28×28 = 784 numbers", "4-3-2 takes 4"]),
        ("tiny.safetensors --data digits:test:0 --label a", ["28×28 = 784 numbers", "4-3-2 takes 4"]),
        ("tiny.safetensors --image run/weights.png", ["takes 4 numbers", "28×28"]),
        ("tiny.safetensors --label c --data digits:test:0", ["--label c", "a, b"]),
        ("three.safetensors --batch", ["3 classes", "digits has 10"]),
        ("no-checkpoint --landscape", ["no-checkpoint has no checkpoint"]),
        (
            "cut-checkpoint --landscape",
            ["cut-checkpoint/checkpoint.safetensors is not a whole glassnet file"],
        ),
    ],
)
def test_what_does_not_go_together_gets_one_sentence(glassnet, zoo, monkeypatch, arguments, fragments):
    monkeypatch.chdir(zoo)
    sentence = refused(glassnet, zoo, *arguments.split())
    for fragment in fragments:
        assert fragment in sentence


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ("--weight 1 0", ["'--weight' requires 3 arguments"]),
        ("--weight a 0 0", ["'--weight'", "'a' is not a valid integer"]),
        ("--weight 1.5 0 0", ["'--weight'", "'1.5' is not a valid integer"]),
        ("--learning-rate fast", ["'--learning-rate'", "'fast' is not a valid float"]),
        ("--nudge", ["No such option", "--nudges"]),
        ("--data", ["'--data' requires an argument"]),
        ("other", ["unexpected extra argument"]),
    ],
)
def test_usage_errors_have_clicks_form(glassnet, trained, options, fragments):
    answer = glassnet("explain", trained.path, *options.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith("Error: ")
    for fragment in fragments:
        assert fragment in answer.err


def test_the_good_things_in_the_zoo_are_good(ok, zoo, monkeypatch):
    monkeypatch.chdir(zoo)
    ok("explain", "run", "--landscape")
    ok("explain", "softmax", "--neuron", 3, 9)
    ok("explain", "no-checkpoint")
    ok("explain", "three.safetensors", "--data", "digits:test:0")
    ok("explain", "run", "--image", "seven.png")
    ok("explain", "run", "seven.png")


def test_a_neuron_that_is_not_there_is_named_in_order(glassnet, trained):
    assert "neuron 10 of layer 2" in glassnet("explain", trained.path, "--neuron", 2, 10).err


def test_an_empty_cost_is_unknown(glassnet, trained):
    assert "unknown cost ''" in glassnet("explain", trained.path, "--cost", "").err


@pytest.mark.parametrize("place", ["1,,2", "1 2", "٣,5"])
def test_a_direction_is_read_strictly(glassnet, trained, place):
    answer = glassnet(
        "explain", trained.model, "--direction", f"2.weight[{place}]", "--direction", "2.bias[0]"
    )
    assert answer.status == 2
