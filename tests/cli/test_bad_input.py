"""Bad input of every kind: one clear sentence, status 2, no traceback, and nothing made or lost."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image, ImageOps

from glassnet.cli.main import main
from glassnet.data import load, mnist
from glassnet.data.digits import FILE
from glassnet.network import Network
from glassnet.storage import Model, RunFolder, load_model, read_tensors, save_model
from glassnet.storage.tensor_file import write_tensors

LONG = "x" * 300
HUGE = "1" + "0" * 400


def rewritten(source, path, **changes):
    arrays, information = read_tensors(source)
    write_tensors(path, arrays, information | changes)


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.fixture(scope="module")
def zoo(tmp_path_factory, trained):
    """A folder with everything that a user might hand over by mistake."""
    zoo = tmp_path_factory.mktemp("zoo")
    shutil.copytree(trained.path, zoo / "run")
    good = (zoo / "run" / "model.safetensors").read_bytes()

    # Images
    Image.new("L", (1, 1)).save(zoo / "1x1.png")
    Image.new("L", (60, 60), 255).save(zoo / "white.png")
    Image.new("L", (60, 60), 0).save(zoo / "black.png")
    Image.new("RGBA", (60, 60)).save(zoo / "clear.png")
    (zoo / "empty.png").write_bytes(b"")
    (zoo / "text.png").write_bytes(b"a letter, not a picture")
    whole = (zoo / "run" / "weights.png").read_bytes()
    (zoo / "cut.png").write_bytes(whole[: len(whole) // 2])
    (zoo / "vector.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (zoo / "paper.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    Image.new("1", (9000, 9000)).save(zoo / "bomb.png")
    seven = ImageOps.invert(Image.fromarray(load("digits").test.images[0]))
    seven.save(zoo / "seven.png")

    # Models
    (zoo / "empty.safetensors").write_bytes(b"")
    (zoo / "cut.safetensors").write_bytes(good[:-100])
    (zoo / "cut-early.safetensors").write_bytes(good[:50])
    (zoo / "longer.safetensors").write_bytes(good + b"more")
    (zoo / "foreign.safetensors").write_bytes(
        safetensors({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
    )
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "extra": [1]}
    metadata = {"glassnet": "{}"}
    (zoo / "odd-entry.safetensors").write_bytes(
        safetensors({"__metadata__": metadata | {"x": 5}, "w": entry}, bytes(4))
    )
    (zoo / "not-json.safetensors").write_bytes(safetensors(b"{]"))
    (zoo / "many-digits.safetensors").write_bytes(safetensors(b'{"x": ' + b"1" * 5000 + b"}"))
    (zoo / "deep.safetensors").write_bytes(safetensors(b"[" * 100_000))
    (zoo / "twice.safetensors").write_bytes(safetensors(b'{"w": 1, "w": 2}'))
    (zoo / "huge-header.safetensors").write_bytes(b"\xff" * 100)
    model = trained.model
    rewritten(model, zoo / "newer.safetensors", format=3)
    rewritten(model, zoo / "no-format.safetensors", format=None)
    rewritten(model, zoo / "no-layers.safetensors", layers=None)
    rewritten(model, zoo / "other-layers.safetensors", layers=[{"kind": "dense", "size": 5}])
    rewritten(model, zoo / "unknown-layer.safetensors", layers=[{"kind": "recurrent", "size": 5}])
    rewritten(model, zoo / "few-names.safetensors", class_names=["a", "b"])
    rewritten(model, zoo / "bad-recipe.safetensors", recipe={"epoch": 3})
    rewritten(model, zoo / "no-recipe.safetensors", recipe=None, data={"name": "", "sha256": ""})
    arrays, information = read_tensors(model)
    arrays["1.weight"] = arrays["1.weight"].copy()
    arrays["1.weight"][3, 7] = np.nan
    write_tensors(zoo / "nan.safetensors", arrays, information)
    recipe = load_model(model).recipe
    ten = tuple("0123456789")
    save_model(zoo / "small-input.safetensors", Model(Network("64-10", seed=0), ten, recipe, "digits"))
    save_model(zoo / "three.safetensors", Model(Network("784-3", seed=0), ("a", "b", "c"), recipe, "digits"))

    # Runs
    RunFolder.create(zoo / "unfinished", recipe)
    shutil.copytree(zoo / "run", zoo / "cut-run")
    checkpoint = zoo / "cut-run" / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    shutil.copytree(zoo / "run", zoo / "changed-run")
    RunFolder(zoo / "changed-run").save_recipe(recipe.replace(learning_rate=0.25))
    shutil.copytree(zoo / "run", zoo / "garbled-run")
    (zoo / "garbled-run" / "config.toml").write_bytes(b"\x00\xff")
    shutil.copytree(zoo / "run", zoo / "other-data")
    path = zoo / "other-data" / "checkpoint.safetensors"
    rewritten(path, path, data_sha256="1" * 64)
    (zoo / "empty-folder").mkdir()
    (zoo / "folder").mkdir()
    (zoo / "folder" / "thing.txt").write_bytes(b"kept")

    # Recipes
    for name, text in {
        "not-toml": "learning_rate: 3",
        "half": "learning_rate = ",
        "unknown": "learning_rat = 3",
        "text-number": 'learning_rate = "3"',
        "true-number": "epochs = true",
        "float-epochs": "epochs = 3.0",
        "number-layers": "layers = 784",
        "layer-kind": "layers = [{kind = 'conv', filters = 2, size = 3}, {kind = 'maxpool', size = 2}]",
        "layer-without": "layers = [{kind = 'conv', filters = 2}]",
        "layer-more": "layers = [{kind = 'conv', filters = 2, size = 3, strides = 2}]",
        "list-cost": 'cost = ["quadratic"]',
        "table-data": "[data]\nname = 'digits'",
        "nan": "learning_rate = nan",
        "inf": "l2 = inf",
        "date": "seed = 2020-01-01",
        "weights-number": "class_weights = 3",
        "weights-text": 'class_weights = "1,2"',
        "weights-mixed": 'class_weights = [1, "2"]',
        "weights-huge": f"class_weights = [{HUGE}]",
        "huge": f"learning_rate = {HUGE}",
        "digits": "seed = 1" + "0" * 5000,
        "deep": "seed = " + "[" * 5000 + "]" * 5000,
        "twice": "seed = 1\nseed = 2",
        "sections": "[train]\nepochs = 3",
    }.items():
        (zoo / f"{name}.toml").write_text(text)
    (zoo / "binary.toml").write_bytes(bytes(range(256)))
    return zoo


def tree(folder):
    """Every file with its content, every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def zoo_before(zoo):
    """The tree of the zoo, which no bad input changes."""
    return tree(zoo)


TRAIN = {
    # layers
    "zero neurons": ("--layers 784-0-10", "layers '784-0-10': part 2, '0': 0 neurons", "from 1 to 1,000,000"),
    "negative": ("--layers 784--5-10", "layers '784--5-10': part 2 is empty"),
    "only inputs": ("--layers 784", "layers '784' begin with 784, inputs or neurons?"),
    "empty layers": ("--layers=", "layers '' name no layer", "784-16-16-10"),
    "text layers": ("--layers 784-ten", "part 2, 'ten' is no layer", "there are 100 (dense), conv20@5"),
    "near softmax": ("--layers 784-10-sofmax", "'sofmax'", "did you mean 'softmax'?"),
    "float layers": ("--layers 784-1.5-10", "part 2, '1.5' is no layer", "a whole number of neurons"),
    "other digits": ("--layers 784-١٠", "part 2, '١٠' is no layer"),
    "gigantic layer": ("--layers 784-99999999999999999999-10", "give a number from 1 to 1,000,000"),
    "gigantic network": ("--layers 784-1000000-10", "795,000,010 parameters", "100,000,000 at most"),
    "gigantic middle": ("--layers 784-1000000-1000000-10", "1,000,", "parameters", "100,000,000 at most"),
    "no such layer": ("--layers conv20@5_pol2_10", "part 2, 'pol2' is no layer; did you mean 'pool2'?"),
    "convolution without a size": ("--layers conv20_10", "write conv20@5 or conv20@5s2p1"),
    "gigantic filters": ("--layers conv99999999999@5_10", "99999999999 filters; give a number from 1"),
    "kernel too large": (
        "--layers conv20@5_conv2@25_10",
        "layer 2 of 28×28 conv20@5 conv2@25 10: conv2@25",
        "its window of 25×25 is larger than the image of 24×24",
    ),
    "stride of nothing": ("--layers conv20@5s0_10", "a stride of 0"),
    "stride too large": ("--layers conv20@5s29_10", "a stride of 29 leaves nothing of the image of 28×28"),
    "dropout of all": ("--layers 784-dropout1-10", "part 2, 'dropout1': rate of a dropout layer is 1.0"),
    "dropout beyond": ("--layers 784-dropout1.5-10", "rate of a dropout layer is 1.5", "from 0 to below 1"),
    "dropout below": ("--layers 784-dropout-0.5-10", "part 2, 'dropout' is not understood: write dropout0.5"),
    "no dense layer": (
        "--layers conv20@5_pool2",
        "end with pool2, and cross_entropy",
        "end with a dense layer",
    ),
    "other images": (
        "--layers 1x8x8_conv2@3_10",
        "the images of digits are of 28×28: the network 8×8 conv2@3 10 takes 1×8×8",
        "begin its layers with 1x28x28",
    ),
    "other channels": ("--layers 3x28x28_conv2@3_10", "takes 3×28×28, begin its layers with 1x28x28"),
    "turned images": ("--layers 14x56_conv2@3_10", "takes 1×14×56, begin its layers with 1x28x28"),
    "gigantic convolution": ("--layers 3x2000x2000_conv1000@5_10", "39,840,236,010 parameters, 159 GB"),
    "gigantic images": (
        "--layers 1000000x1000000_pool1000000_10",
        "would take about 4.00 TB of memory, and ",
    ),
    "wrong inputs": (
        "--layers 64-10",
        "have 28×28 = 784 numbers: the network 64-10 takes 64, begin its layers with 784",
    ),
    "wrong outputs": ("--layers 784-16-9", "784-16-9", "9 outputs", "10 classes"),
    "part's activation": ("--layers 784-16:rleu-10", "'rleu'", "did you mean 'relu'?"),
    "empty activation": ("--layers 784-16:-10", "unknown activation ''"),
    # names
    "data": ("--data mnits", "unknown data 'mnits'", "did you mean 'mnist'?"),
    "activation": ("--activation sigmod", "unknown activation 'sigmod'", "did you mean 'sigmoid'?"),
    "far activation": ("--activation zzz", "unknown activation 'zzz' (known: ", "sigmoid"),
    "output activation": ("--output-activation softmacks", "did you mean 'softmax'?"),
    "cost": ("--cost quadratik", "unknown cost 'quadratik'", "did you mean 'quadratic'?"),
    "initializer": ("--initializer glorott", "did you mean 'glorot'?"),
    "keep": ("--keep bets", "unknown keep 'bets'", "did you mean 'best'?"),
    "dtype": ("--dtype float23", "did you mean 'float32'?"),
    "engine": ("--engine textbok", "did you mean 'textbook'?"),
    "empty name": ("--cost=", "unknown cost ''"),
    # pairs that don't go together
    "log-likelihood on sigmoid": (
        "--cost log_likelihood --output-activation sigmoid",
        "'log_likelihood' is not defined for 'sigmoid' outputs",
        "softmax",
    ),
    "cross-entropy on relu": (
        "--cost cross_entropy --output-activation relu",
        "'cross_entropy' is not defined for 'relu' outputs",
        "sigmoid or softmax",
    ),
    "cross-entropy on named linear": ("--layers 784-10:linear", "not defined for 'linear' outputs"),
    # numbers
    "zero rate": ("--learning-rate 0", "learning_rate is 0.0", "a positive number"),
    "negative rate": ("--learning-rate -1", "learning_rate is -1.0"),
    "nan rate": ("--learning-rate nan", "learning_rate is nan"),
    "inf rate": ("--learning-rate inf", "learning_rate is inf"),
    "overflowing rate": ("--learning-rate 1e999", "learning_rate is inf"),
    "zero batch": ("--batch-size 0", "batch_size is 0", "from 1"),
    "negative epochs": ("--epochs -1", "epochs is -1", "from 0"),
    "huge epochs": (f"--epochs {HUGE}", "epochs is 1000", "to 1,000,000,000"),
    "huge batch": (f"--batch-size {HUGE}", "batch_size is 1000", "to 1,000,000,000"),
    "unknown optimizer": ("--optimizer adan", "unknown optimizer 'adan': did you mean 'adam'?"),
    "full momentum": ("--optimizer momentum --momentum 1", "momentum is 1.0", "from 0 to below 1"),
    "unknown schedule": ("--schedule cosin", "'cosin' is no schedule; did you mean 'cosine'?"),
    "schedule without epochs": (
        "--schedule halve",
        "'halve' is not understood: write halve10",
    ),
    "negative l1": ("--l1 -0.1", "l1 is -0.1", "0 or more"),
    "negative l2": ("--l2 -0.1", "l2 is -0.1", "0 or more"),
    "nan l2": ("--l2 nan", "l2 is nan"),
    "zero patience": ("--patience 0", "patience is 0"),
    "zero time": ("--time-limit 0", "time_limit is 0.0"),
    "negative seed": ("--seed -1", "seed is -1", "9223372036854775807"),
    "large seed": ("--seed 9223372036854775808", "seed is 9223372036854775808"),
    "augmentation, unknown": (
        "--augmentation shft2",
        "is no way to move an image; did you mean 'shift2'?",
    ),
    "augmentation, too far": (
        "--augmentation shift14",
        "shift 14 would move a digit out of its 28×28 image: give less than 7",
    ),
    "augmentation, nan": ("--augmentation rotatenan", "'rotatenan' is no way to move an image"),
    "augmentation, huge": ("--augmentation rotate1000", "rotate is 1000.0: give a number from 0 to 180"),
    "class weights, text": ("--class-weights a,b", "'a,b'", "numbers with commas"),
    "class weights, empty": ("--class-weights=", "--class-weights ''"),
    "class weights, nan": ("--class-weights 1,nan", "class_weights hold nan"),
    "class weights, inf": ("--class-weights 1,inf", "class_weights hold inf"),
    "class weights, negative": ("--class-weights 1,-2", "class_weights hold -2.0"),
    "class weights, too few": ("--class-weights 1,2", "2 class_weights", "10 classes"),
    "class weights, too large": (
        "--class-weights 1,1,1,1,1,1,1,1,1,1,1",
        "11 class_weights: digits has 10 classes",
    ),
    # configs
    "missing config": ("--config missing.toml", "can't read missing.toml: No such file"),
    "config is a folder": ("--config folder", "can't read folder: Is a directory"),
    "empty config name": ("--config=", "can't read"),
    "long config name": (f"--config {LONG}", "File name too long"),
    "config is a picture": ("--config white.png", "white.png is not text in UTF-8"),
    "config is binary": ("--config binary.toml", "binary.toml is not text in UTF-8"),
    "not TOML": ("--config not-toml.toml", "not-toml.toml is not TOML", "line 1"),
    "half": ("--config half.toml", "half.toml is not TOML"),
    "twice": ("--config twice.toml", "twice.toml is not TOML"),
    "unknown key": (
        "--config unknown.toml",
        "unknown.toml: unknown recipe field 'learning_rat'",
        "learning_rate",
    ),
    "sections": ("--config sections.toml", "unknown recipe field 'train'"),
    "text for a number": ("--config text-number.toml", "learning_rate is '3'"),
    "true for a number": ("--config true-number.toml", "epochs is True"),
    "float epochs": ("--config float-epochs.toml", "epochs is 3.0"),
    "number layers": ("--config number-layers.toml", "layers is 784: give a text, or a list of tables"),
    "layer of a kind": (
        "--config layer-kind.toml",
        "layer-kind.toml: layers, table 2: unknown kind of layer",
    ),
    "layer without": ("--config layer-without.toml", "layers, table 1: a conv layer needs its size"),
    "layer with more": (
        "--config layer-more.toml",
        "unknown setting of a conv layer",
        "did you mean 'stride'?",
    ),
    "list cost": ("--config list-cost.toml", "cost is ['quadratic']: give a text"),
    "table data": ("--config table-data.toml", "data is {'name': 'digits'}: give a text"),
    "nan in config": ("--config nan.toml", "nan.toml: learning_rate is nan"),
    "inf in config": ("--config inf.toml", "inf.toml: l2 is inf"),
    "date": ("--config date.toml", "seed is datetime.date(2020, 1, 1)"),
    "weights number": ("--config weights-number.toml", "class_weights is 3: give a list"),
    "weights text": ("--config weights-text.toml", "class_weights is '1,2': give a list"),
    "weights mixed": ("--config weights-mixed.toml", "class_weights hold '2'"),
    "weights huge": ("--config weights-huge.toml", "class_weights hold 1000"),
    "huge number": ("--config huge.toml", "learning_rate is 1000"),
    "many digits": ("--config digits.toml", "digits.toml is not TOML"),
    "deep": ("--config deep.toml", "deep.toml is not TOML"),
    # places for the run
    "out exists": ("--out run", "run exists already", "another --out", "--resume run"),
    "out exists, slash": ("--out run/", "run exists already"),
    "out is a file": ("--out white.png", "white.png exists already"),
    "out is a folder": ("--out folder", "folder exists already"),
    "out under a file": ("--out white.png/run", "can't make the run folder white.png/run"),
    "out under a file, slash": ("--out white.png/", "white.png exists already"),
    "out empty": ("--out=", "exists already", "--out"),
    "out here": ("--out .", ". exists already"),
    "out long": (f"--out {LONG}", "can't make the run folder", "File name too long"),
    "out in /proc": ("--out /proc/run", "can't make the run folder /proc/run"),
    # resuming
    "resume nothing": ("--resume missing", "missing is not a run folder: it has no config.toml"),
    "resume empty": ("--resume=", "is not a run folder"),
    "resume a file": ("--resume white.png", "white.png is not a run folder"),
    "resume a model": ("--resume run/model.safetensors", "is not a run folder"),
    "resume a folder": ("--resume folder", "folder is not a run folder"),
    "resume long": (f"--resume {LONG}", "File name too long"),
    "resume cut": ("--resume cut-run", "cut-run/checkpoint.safetensors is not a whole glassnet file"),
    "resume changed": ("--resume changed-run", "config.toml has learning_rate = 0.25", "begun with 0.5"),
    "resume garbled": ("--resume garbled-run", "garbled-run/config.toml is not"),
    "resume other data": ("--resume other-data", "begun with other digits data"),
    "resume with config": ("--resume run --config half.toml", "leave --config and --out away"),
    "resume with out": ("--resume run --out new", "leave --config and --out away"),
    "resume with empty out": ("--resume run --out=", "leave --config and --out away"),
    "resume with a rate": ("--resume run --learning-rate 3", "learning_rate can't change", "epochs"),
    "resume with a seed": ("--resume run --seed 7", "seed can't change in a resumed run", "begin a new run"),
    "resume with bad epochs": ("--resume run --epochs -3", "epochs is -3"),
    # no network
    "offline": (
        "--data mnist",
        "MNIST isn't here and can't be downloaded",
        "http://127.0.0.1:9",
        "glassnet data fetch mnist",
    ),
}

MODELS = {
    "missing": ("missing", "can't read missing: No such file"),
    "empty name": ("", "model.safetensors"),
    "long name": (LONG, "File name too long"),
    "folder without a model": ("folder", "folder is not a run folder: it has no model.safetensors"),
    "unfinished run": ("unfinished", "unfinished has no model yet", "glassnet train --resume unfinished"),
    "empty file": ("empty.safetensors", "is not a whole glassnet file: it has 0 bytes"),
    "cut": ("cut.safetensors", "cut.safetensors is not a whole glassnet file", "holds"),
    "cut early": ("cut-early.safetensors", "is not a whole glassnet file: its header should have"),
    "longer": ("longer.safetensors", "is not a whole glassnet file: it should hold"),
    "foreign": ("foreign.safetensors", "its header has no glassnet entry"),
    "odd entry": ("odd-entry.safetensors", "is not a whole glassnet file"),
    "not JSON": ("not-json.safetensors", "its header is not JSON"),
    "many digits": ("many-digits.safetensors", "its header is not JSON"),
    "deep": ("deep.safetensors", "its header is not JSON"),
    "twice": ("twice.safetensors", "its header names something twice"),
    "huge header": ("huge-header.safetensors", "it doesn't begin like one"),
    "picture": ("white.png", "white.png is not a whole glassnet file"),
    "config": ("run/config.toml", "run/config.toml is not a whole glassnet file"),
    "checkpoint": ("run/checkpoint.safetensors", "has format None", "it is not a model file"),
    "newer": (
        "newer.safetensors",
        "newer.safetensors has format 3",
        "reads formats up to 2",
        "install a newer one",
    ),
    "no format": ("no-format.safetensors", "has format None", "it is not a model file"),
    "no layers": ("no-layers.safetensors", "is not a model: its description lacks or garbles"),
    "other layers": ("other-layers.safetensors", "is not a model that fits together"),
    "unknown layer": ("unknown-layer.safetensors", "layer kind 'recurrent' is not known", "install a newer"),
    "few names": ("few-names.safetensors", "2 class names for 10 outputs"),
    "bad recipe": ("bad-recipe.safetensors", "unknown recipe field 'epoch'"),
    "nan": ("nan.safetensors", "nan.safetensors holds NaN or infinite values in 1.weight"),
}

EVALUATE = {
    "split": ("run --split tset", "unknown split 'tset'", "did you mean 'test'?"),
    "data": ("run --data digit", "unknown data 'digit'", "did you mean 'digits'?"),
    "cost": ("run --cost quadratc", "unknown cost 'quadratc'", "did you mean 'quadratic'?"),
    "cost refused": ("run --cost log_likelihood", "'log_likelihood' is not defined for 'sigmoid' outputs"),
    "offline": ("run --data mnist", "MNIST isn't here and can't be downloaded"),
    "no recipe": ("no-recipe.safetensors", "doesn't say what it learned from: name the --data"),
    "inputs": ("small-input.safetensors", "images of shape", "the network takes (any number, 64)"),
    "classes": ("three.safetensors", "tells 3 classes apart: digits has 10", "--data"),
    "picture in no folder": ("run --mistakes missing/m.png", "can't write missing/m.png: No such file"),
    "picture is a folder": ("run --mistakes folder", "can't write folder: Is a directory"),
    "picture under a file": (
        "run --mistakes white.png/m.png",
        "can't write white.png/m.png: Not a directory",
    ),
    "picture's long name": (f"run --mistakes {LONG}", "File name too long"),
}

CALIBRATE = {
    "data": ("run --data digit", "unknown data 'digit'", "did you mean 'digits'?"),
    "offline": ("run --data mnist", "MNIST isn't here and can't be downloaded"),
    "share": ("run --accept 99.5", "accept is 99.5: give the share of digits to accept, such as 0.995"),
    "no share": ("run --accept nan", "accept is nan: give the share"),
    "no recipe": ("no-recipe.safetensors", "doesn't say what it learned from: name the --data"),
    "inputs": ("small-input.safetensors", "images of shape", "the network takes (any number, 64)"),
    "classes": ("three.safetensors", "tells 3 classes apart: digits has 10", "--data"),
}

PREDICT = {
    "missing": ("run missing.png", "can't read missing.png: No such file"),
    "empty name": ("run ''", "can't read"),
    "long name": (f"run {LONG}", "File name too long"),
    "folder": ("run folder", "can't read folder: Is a directory"),
    "empty": ("run empty.png", "empty.png is empty"),
    "text": ("run text.png", "text.png isn't an image of a known format", "PNG or JPEG"),
    "cut": ("run cut.png", "cut.png is a damaged image"),
    "SVG": ("run vector.svg", "vector.svg isn't an image of a known format"),
    "PDF": ("run paper.pdf", "paper.pdf isn't an image of a known format"),
    "a model": ("run run/model.safetensors", "isn't an image of a known format"),
    "1×1": ("run 1x1.png", "1x1.png has the shape (1, 1)", "two pixels or more"),
    "white": ("run white.png", "white.png is blank"),
    "black": ("run black.png", "black.png is blank"),
    "clear": ("run clear.png", "clear.png is blank"),
    "bomb": ("run bomb.png", "bomb.png claims more than 64 million pixels", "smaller"),
    "inputs": ("small-input.safetensors white.png", "takes 64 numbers: a drawing has 28×28"),
}

SUMMARY = {
    "nothing": ("", "name one network: a MODEL, its --layers, or the --config that makes it"),
    "two": ("run --layers 784-10", "name one network"),
    "two others": ("--config half.toml --layers 784-10", "name one network"),
    "layers": ("--layers 784-ten-10", "layers '784-ten-10': part 2, 'ten' is no layer"),
    "config": ("--config half.toml", "half.toml is not TOML"),
    "missing config": ("--config missing.toml", "can't read missing.toml: No such file"),
    "config's layers": ("--config layer-kind.toml", "layers, table 2: unknown kind of layer 'maxpool'"),
    "too large": ("--layers 784-1000000-10", "795,000,010 parameters, 3.18 GB"),
    "too large to pass": (
        "--layers 1000000x1000000_pool1000000_10",
        "would take about 4.00 TB of memory, and ",
    ),
}

DATA = {
    "fetch": ("fetch mnits", "unknown data 'mnits'", "did you mean 'mnist'?"),
    "fetch offline": ("fetch mnist", "MNIST isn't here and can't be downloaded", "127.0.0.1:9"),
    "show": ("show digit", "did you mean 'digits'?"),
    "show nothing": ("show ''", "unknown data ''"),
    "show offline": ("show mnist", "MNIST isn't here and can't be downloaded"),
    "split": ("show digits:tset", "unknown split 'tset'", "did you mean 'test'?"),
    "empty split": ("show digits:", "unknown split ''"),
    "image past the end": ("show digits:test:360", "'digits:test:360'", "the images 0 to 359"),
    "negative image": ("show digits:test:-1", "the images 0 to 359"),
    "text image": ("show digits:test:x", "the images 0 to 359"),
    "long number": (f"show digits:test:{HUGE}", "the images 0 to 359"),
    "four parts": ("show digits:test:1:2", "'digits:test:1:2'", "as in digits:test:0"),
    "picture in no folder": ("show digits --out missing/p.png", "can't write missing/p.png: No such file"),
    "picture is a folder": ("show digits:test:0 --out folder", "can't write folder: Is a directory"),
}


def table():
    tables = {
        "train": TRAIN,
        "evaluate": EVALUATE,
        "calibrate": CALIBRATE,
        "predict": PREDICT,
        "summary": SUMMARY,
        "data": DATA,
    }
    for command, rows in tables.items():
        for name, (arguments, *fragments) in rows.items():
            words = ["" if word == "''" else word for word in arguments.split()]
            if words[:1] == ["--layers"]:
                words[1] = words[1].replace("_", " ")  # layers with spaces between
            yield pytest.param([command, *words], fragments, id=f"{command}: {name}")
    for name, (model, *fragments) in MODELS.items():
        yield pytest.param(["evaluate", model], fragments, id=f"evaluate model: {name}")
        yield pytest.param(["calibrate", model], fragments, id=f"calibrate model: {name}")
        if name not in ("missing", "picture"):  # what stands there is no model, as it need not be
            yield pytest.param(["predict", model, "seven.png"], fragments, id=f"predict model: {name}")
        if name != "nan":  # what a network is made of can be seen whatever its parameters are
            yield pytest.param(["summary", model], fragments, id=f"summary model: {name}")


@pytest.mark.parametrize(("arguments", "fragments"), [*table()])
def test_bad_input_gets_one_sentence(glassnet, zoo, zoo_before, monkeypatch, arguments, fragments):
    monkeypatch.chdir(zoo)
    answer = glassnet(*arguments)
    assert answer.status == 2
    (sentence,) = answer.err.splitlines()
    assert sentence.startswith("glassnet: ")
    for fragment in fragments:
        assert fragment in sentence
    assert "Traceback" not in answer.err
    after = tree(zoo)
    assert after.keys() == zoo_before.keys()
    assert after == zoo_before


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["train", "--epochs", "ten"], ["--epochs", "'ten' is not a valid integer"]),
        (["train", "--epochs", "1.5"], ["--epochs", "'1.5'"]),
        (["train", "--epochs", "1" + "0" * 5000], ["--epochs"]),
        (["train", "--learning-rate", "fast"], ["--learning-rate", "'fast' is not a valid float"]),
        (["train", "--seed", ""], ["--seed"]),
        (["train", "--layers"], ["--layers", "requires an argument"]),
        (["train", "--layer", "784-10"], ["No such option", "--layers"]),
        (["predict"], ["Missing argument '[MODEL] IMAGES...'"]),
        (["evaluate", "run", "run"], ["unexpected extra argument"]),
        (["data", "fetch"], ["Missing argument 'NAME'"]),
    ],
)
def test_usage_errors_have_clicks_form(glassnet, zoo, monkeypatch, arguments, fragments):
    monkeypatch.chdir(zoo)
    before = tree(zoo)
    answer = glassnet(*arguments)
    assert (answer.status, answer.out) == (2, "")
    lines = answer.err.splitlines()
    assert lines[-1].startswith("Error: ")
    for fragment in fragments:
        assert fragment in answer.err
    assert tree(zoo) == before


# What a table can't say


def test_the_good_things_in_the_zoo_are_good(glassnet, zoo, monkeypatch, tmp_path):
    """Else the table above could pass because the run itself is broken."""
    monkeypatch.chdir(zoo)
    assert glassnet("evaluate", "run", "--mistakes", tmp_path / "m.png").status == 0
    assert (
        glassnet("evaluate", "no-recipe.safetensors", "--data", "digits", "--mistakes", tmp_path / "m").status
        == 0
    )
    assert glassnet("predict", "run", "seven.png").status == 0
    assert glassnet("train", "--resume", "run", "--print-config").status == 0


def test_every_cut_of_a_model_is_refused(glassnet, trained, tmp_path):
    whole = trained.model.read_bytes()
    for length in [*range(0, 64, 7), *range(64, len(whole), len(whole) // 25)]:
        (tmp_path / "m").write_bytes(whole[:length])
        answer = glassnet("evaluate", "m")
        assert answer.status == 2
        assert answer.err.startswith("glassnet: m is not a whole glassnet file: ")
        assert len(answer.err.splitlines()) == 1


def test_a_garbled_header_gives_no_traceback(glassnet, trained, tmp_path):
    """A byte of the header, any of them, is another one: a sentence, or still a model."""
    whole = trained.model.read_bytes()
    length = 8 + int.from_bytes(whole[:8], "little")
    refused = 0
    for place in range(0, length, 23):
        garbled = bytearray(whole)
        garbled[place] ^= 1 + place % 127
        (tmp_path / "m").write_bytes(garbled)
        answer = glassnet("evaluate", "m", "--json", "--data", "digits")
        assert answer.status in (0, 2)
        if answer.status:
            refused += 1
            (sentence,) = answer.err.splitlines()
            assert sentence.startswith("glassnet: ")
    assert refused > 10


def test_a_garbled_checkpoint_gives_no_traceback(glassnet, trained, tmp_path):
    shutil.copytree(trained.path, "run")
    checkpoint = tmp_path / "run" / "checkpoint.safetensors"
    whole = checkpoint.read_bytes()
    length = 8 + int.from_bytes(whole[:8], "little")
    refused = 0
    for place in range(0, length, 37):
        garbled = bytearray(whole)
        garbled[place] ^= 1 + place % 127
        checkpoint.write_bytes(garbled)
        answer = glassnet("train", "--resume", "run", "--epochs", "4", "-q")
        assert answer.status in (0, 2)
        if answer.status:
            refused += 1
            (sentence,) = answer.err.splitlines()
            assert sentence.startswith("glassnet: ")
            assert checkpoint.read_bytes() == garbled
    assert refused > 10


def test_a_sentence_stays_one_line_whatever_the_name(glassnet):
    answer = glassnet("evaluate", "two\nlines\rand more")
    assert answer.status == 2
    assert answer.err == "glassnet: can't read two lines and more: No such file or directory\n"


def test_a_full_output_gets_a_sentence(glassnet, monkeypatch):
    import click

    def full(*_, err=False, **__):
        if not err:
            raise OSError(28, os.strerror(28))
        print_(*_, err=err)

    print_ = click.echo
    monkeypatch.setattr(click, "echo", full)
    answer = glassnet("data", "list")
    assert answer.status == 2
    assert answer.err == "glassnet: can't use the output: No space left on device\n"


def test_too_little_memory_gets_a_sentence(glassnet, monkeypatch):
    def refuse(*_):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(np, "concatenate", refuse)
    answer = glassnet("train", "--epochs", "1", "--out", "run")
    assert answer.status == 2
    assert answer.err == (
        "glassnet: not enough memory (Unable to allocate 7 TiB): "
        "make the layers or the mini-batches smaller\n"
    )


def test_a_damaged_file_in_the_package(glassnet, monkeypatch, tmp_path):
    monkeypatch.setattr("glassnet.data.digits.FILE", tmp_path / "digits.npz")
    (tmp_path / "digits.npz").write_bytes(FILE.read_bytes()[:-1])
    answer = glassnet("train")
    assert answer.status == 2
    assert "is damaged: its SHA-256 is" in answer.err
    assert "reinstall glassnet" in answer.err


def test_a_damaged_mnist(glassnet, monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    for file in mnist.FILES:
        (tmp_path / "mnist" / file.name).write_bytes(b"half a file")
    answer = glassnet("train", "--data", "mnist", "--out", "run")
    assert answer.status == 2
    (sentence,) = answer.err.splitlines()
    assert "isn't MNIST's train-images-idx3-ubyte" in sentence
    assert not (tmp_path / "run").exists()


def test_the_table_knows_every_command():
    with_their_own = {"explain", "check", "doctor", "find-rate"}  # in test_explain.py and so on
    assert {parameter.values[0][0] for parameter in table()} | with_their_own == set(main.list_commands(None))
    assert len(load("digits").test) == 360  # the number in the table
