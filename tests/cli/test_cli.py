"""The commands and their options, one after another."""

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
from glassnet import Recipe, Record
from glassnet.cli.main import COMMANDS
from glassnet.runs import RunFolder

FIELDS = {field.name: field for field in dataclasses.fields(Recipe)}
RECORD = [field.name for field in dataclasses.fields(Record)]

# A value for every field of the recipe that is not its default.
OTHERS = {
    "data": ("mnist", "mnist"),
    "layers": ("784-30:tanh-10", "784-30:tanh-10"),
    "activation": ("relu", "relu"),
    "output_activation": ("softmax", "softmax"),
    "cost": ("quadratic", "quadratic"),
    "initializer": ("he", "he"),
    "learning_rate": ("3", 3.0),
    "batch_size": ("32", 32),
    "epochs": ("7", 7),
    "l2": ("0.1", 0.1),
    "class_weights": ("1,2,0.5", (1.0, 2.0, 0.5)),
    "patience": ("3", 3),
    "time_limit": ("1.5", 1.5),
    "keep": ("best", "best"),
    "seed": ("123", 123),
    "dtype": ("float64", "float64"),
}
ONLY_ONE = {"engine"}  # there is but one choice


def without_times(record):
    return {name: value for name, value in record.items() if name not in ("seconds", "images_per_second")}


# Help


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_every_command(ok, arguments):
    out = ok(*arguments).out
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", out, re.M)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(ok, name):
    out = ok(name, "--help").out
    assert out.startswith(f"Usage: main {name} ")
    assert "\b" not in out


def test_help_of_train_has_every_field_with_its_default(ok):
    out = " ".join(ok("train", "--help").out.split())
    for name, field in FIELDS.items():
        option = f"--{name.replace('_', '-')} "
        default = "" if field.default in (None, ()) else f" [{field.default}]"
        assert option in out
        assert field.metadata["help"] + default in out, name
    for option in ("--config", "--print-config", "--out", "--resume", "--quiet", "--json"):
        assert option in out
    assert "--cost quadratic \\ --initializer normal" in out


def test_help_of_data(ok):
    out = ok("data", "--help").out
    for name in ("list", "fetch", "show"):
        assert re.search(rf"^  {name} ", out, re.M)


def test_version(ok):
    assert ok("--version").out == f"glassnet, version {gn.__version__}\n"


def test_unknown_commands_and_options(glassnet):
    answer = glassnet("trian")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == (
        "glassnet: unknown command 'trian': did you mean 'train'? (known: train, evaluate, predict, data)\n"
    )
    answer = glassnet("train", "--learnig-rate", "3")
    assert (answer.status, answer.out) == (2, "")
    assert "No such option '--learnig-rate'" in answer.err
    assert "--learning-rate" in answer.err
    assert "Traceback" not in answer.err
    for arguments in (["data", "lst"], ["evaluate"], ["predict", "model"], ["train", "extra"]):
        answer = glassnet(*arguments)
        assert answer.status == 2
        assert "Error: " in answer.err


# Recipes


def test_print_config_prints_the_default_recipe(ok, tmp_path):
    assert Recipe.from_toml(ok("train", "--print-config").out) == Recipe()
    assert list(tmp_path.iterdir()) == []  # and nothing is made


def test_every_field_has_a_value_to_try():
    assert FIELDS.keys() == OTHERS.keys() | ONLY_ONE
    assert all(value != FIELDS[name].default for name, (_, value) in OTHERS.items())


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_reaches_the_recipe(ok, name):
    text, value = OTHERS[name]
    recipe = Recipe.from_toml(ok("train", f"--{name.replace('_', '-')}", text, "--print-config").out)
    assert recipe == Recipe(**{name: value})


def test_config_goes_around(ok, tmp_path):
    options = [f"--{name.replace('_', '-')}={text}" for name, (text, _) in OTHERS.items()]
    printed = ok("train", *options, "--print-config").out
    wanted = Recipe(**{name: value for name, (_, value) in OTHERS.items()})
    assert Recipe.from_toml(printed) == wanted
    (tmp_path / "my.toml").write_text(printed)
    assert ok("train", "--config", "my.toml", "--print-config").out == printed
    more = ok("train", "--config", "my.toml", "--epochs", "9", "--seed", "0", "--print-config").out
    assert Recipe.from_toml(more) == wanted.replace(epochs=9, seed=0)


def test_config_may_be_short(ok, tmp_path):
    (tmp_path / "my.toml").write_text("# just this\nlearning_rate = 1\n")
    printed = ok("train", "--config", "my.toml", "--print-config").out
    assert Recipe.from_toml(printed) == Recipe(learning_rate=1.0)


def test_print_config_of_a_run(ok, trained):
    printed = ok("train", "--resume", trained.path, "--epochs", "50", "--print-config").out
    assert Recipe.from_toml(printed) == trained.recipe().replace(epochs=50)
    assert trained.recipe().epochs == 4  # asking changes nothing


# Training


def test_a_run_is_what_the_library_makes(trained):
    recipe = Recipe(layers="784-12-10", epochs=4, batch_size=5, seed=7)
    assert trained.recipe() == recipe
    network, data = recipe.network(), gn.load("digits")
    history = list(gn.train(network, data, recipe))
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
    assert [float(row["gradient_norms.1.weight"]) for row in rows] == [
        record.gradient_norms["1.weight"] for record in history
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
        assert re.sub(r"  \d+\.\d\d s$", "", line) == (
            f"epoch   {record.epoch}  cost {record.training_cost:.4f}  accuracy "
            f"{record.training_accuracy:7.2%}  validation: cost {record.validation_cost:.4f}  accuracy "
            f"{record.validation_accuracy:7.2%}"
        )
    assert re.fullmatch(r"epoch 4 of 4 is done; \d+\.\d s of training", lines[5])
    right = round(240 * figures["validation_accuracy"])
    assert lines[6] == f"validation accuracy  {figures['validation_accuracy']:.2%} ({right} of 240)"
    right = round(360 * figures["test_accuracy"])
    assert lines[7] == f"test accuracy        {figures['test_accuracy']:.2%} ({right} of 360)"
    assert lines[8:] == ["run folder           run"]


def test_the_penalty_is_named_in_the_headline(ok):
    first, *_ = ok("train", "--layers", "784-10", "--epochs", "0", "--l2", "5").out.splitlines()
    assert first.endswith("mini-batches of 10, λ 5")


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
    monkeypatch.setattr("glassnet.training.perf_counter", lambda: next(ticks) / 128)
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


@pytest.mark.parametrize("keep", ["last", "best"])
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


# Evaluation


def test_evaluate_tells_what_the_library_tells(ok, trained):
    model = gn.load_model(trained.model)
    for split, images in gn.load("digits").splits.items():
        for cost in (None, "quadratic", "squared"):
            wanted = gn.evaluate(model.network, images, cost or "cross_entropy")
            options = ["--split", split] + (["--cost", cost] if cost else [])
            options += ["--json", "--mistakes", f"{split}.png"]
            (answer,) = ok("evaluate", trained.path, *options).json
            assert answer == {
                "model": str(trained.model),
                "data": "digits",
                "split": split,
                "accuracy": wanted.accuracy,
                "cost": wanted.cost,
                "confusion": wanted.confusion.tolist(),
                "mistakes": f"{split}.png",
            }


def test_evaluate_in_words(ok, trained):
    evaluation = gn.evaluate(
        gn.load_model(trained.model).network, gn.load("digits").test, trained.recipe().cost
    )
    lines = ok("evaluate", trained.model, "--mistakes", "worst.png").out.splitlines()
    right = int(evaluation.confusion.diagonal().sum())
    assert lines[:3] == [
        "784-12-10 on the 360 test images of digits",
        f"accuracy  {right / 360:.2%} ({right} of 360)",
        f"cost      {evaluation.cost:.4f}",
    ]
    assert lines[4].split() == ["true", "╲", "answer", *"0123456789", "right"]
    for k, line in enumerate(lines[5:15]):
        digit, *counts, share = line.split()
        assert digit == str(k)
        assert [0 if count == "·" else int(count) for count in counts] == evaluation.confusion[k].tolist()
        assert share == f"{evaluation.confusion[k, k] / evaluation.confusion[k].sum():.1%}"
    assert lines[15:] == ["", "worst mistakes: worst.png"]


@pytest.mark.parametrize("named", [True, False])
def test_the_picture_of_the_worst_mistakes(ok, trained, tmp_path, named):
    shutil.copytree(trained.path, "run")
    ok("evaluate", "run", *(["--mistakes", "worst.png"] if named else []))
    path = tmp_path / ("worst.png" if named else "run/mistakes.png")
    data = gn.load("digits").test
    evaluation = gn.evaluate(gn.load_model(trained.model).network, data, "cross_entropy")
    from glassnet import plots

    assert path.read_bytes() == plots.png(plots.mistakes(data.images, evaluation, tuple("0123456789")))
    assert (tmp_path / "run" / "mistakes.png").exists() is not named


def test_a_network_without_mistakes_has_no_such_picture(ok, tmp_path):
    options = ["--layers", "784-30-10", "--epochs", "40", "--learning-rate", "1", "-q"]
    ok("train", *options, "--out", "run")
    (answer,) = ok("evaluate", "run", "--split", "training", "--json").json
    assert (answer["accuracy"], answer["mistakes"]) == (1.0, None)
    out = ok("evaluate", "run", "--split", "training").out
    assert "100.00% (1,197 of 1,197)" in out
    assert "mistakes" not in out
    assert not (tmp_path / "run" / "mistakes.png").exists()


# Prediction


@pytest.fixture
def drawings(tmp_path):
    """Digits as somebody might send them: (file, label), dark on light and light on dark."""
    made = []
    test = gn.load("digits").test
    for place in range(12):
        image, label = test[place]
        grey = np.asarray(Image.fromarray(image).resize((90 + 20 * place, 90 + 20 * place)))
        paper = np.full((grey.shape[0] + 30, grey.shape[1] + 60), 0, dtype=np.uint8)
        paper[10 : 10 + grey.shape[0], 5 : 5 + grey.shape[1]] = grey
        name = f"digit-{place}.png"
        Image.fromarray(paper if place % 2 else 255 - paper).save(tmp_path / name)
        made.append((name, label))
    return made


def test_predict_gives_the_networks_outputs(ok, trained, drawings):
    network = gn.load_model(trained.model).network
    answers = ok("predict", trained.path, *(name for name, _ in drawings), "--json").json
    assert [answer["image"] for answer in answers] == [name for name, _ in drawings]
    right = 0
    for answer, (name, label) in zip(answers, drawings, strict=True):
        outputs = network.predict(gn.normalize_drawing(gn.read_drawing(name))[None])[0]
        assert list(answer) == ["image", "answer", "outputs"]
        assert answer["outputs"] == {str(k): float(output) for k, output in enumerate(outputs)}
        assert answer["answer"] == str(outputs.argmax())
        right += answer["answer"] == str(label)
    assert right >= 10  # of 12, as well as it reads the test images


def test_dark_on_light_is_light_on_dark(ok, trained, drawings):
    for name, _ in drawings[:4]:
        Image.fromarray(255 - np.asarray(Image.open(name))).save("inverse.png")
        one, other = ok("predict", trained.model, name, "inverse.png", "--json").json
        assert one["outputs"] == pytest.approx(other["outputs"], abs=1e-6)


def test_predict_in_words(ok, trained, drawings):
    name = drawings[0][0]
    outputs = gn.load_model(trained.model).network.predict(gn.normalize_drawing(gn.read_drawing(name))[None])
    first, *lines = ok("predict", trained.path, name).out.splitlines()
    answer = int(outputs.argmax())
    assert first == f"{name}: {answer}"
    assert len(lines) == 10
    for k, line in enumerate(lines):
        assert line.startswith(f"  {k} {outputs[0, k]:7.4f}")
        assert line.count("█") == round(30 * float(outputs[0, k]))
        assert line.endswith("◂") == (k == answer)


def test_show_saves_what_the_network_saw(ok, trained, drawings, tmp_path):
    (tmp_path / "folder").mkdir()
    shutil.move(drawings[0][0], "folder/mine.png")
    out = ok("predict", trained.path, "folder/mine.png", "--show").out
    assert out.splitlines()[-1] == "  what the network saw: folder/mine-seen.png"
    seen = np.asarray(Image.open("folder/mine-seen.png"))
    wanted = gn.normalize_drawing(gn.read_drawing("folder/mine.png"))
    np.testing.assert_array_equal(seen, wanted.repeat(10, axis=0).repeat(10, axis=1))
    (answer,) = ok("predict", trained.path, "folder/mine.png", "--show", "--json").json
    assert answer["seen"] == "folder/mine-seen.png"


def test_a_broken_picture_does_not_stop_the_others(glassnet, trained, drawings, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    Image.new("L", (50, 50), 255).save("blank.png")
    files = [drawings[0][0], "broken.png", drawings[1][0], "blank.png", "missing.png", drawings[2][0]]
    answer = glassnet("predict", trained.path, *files, "--json")
    assert answer.status == 2
    assert [each["image"] for each in answer.json] == [name for name, _ in drawings[:3]]
    broken, blank, missing = answer.err.splitlines()
    assert broken.startswith("glassnet: broken.png isn't an image of a known format")
    assert blank.startswith("glassnet: blank.png is blank")
    assert missing == "glassnet: can't read missing.png: No such file or directory"


def test_a_picture_that_cannot_be_saved_does_not_stop_the_others(glassnet, trained, drawings, tmp_path):
    (tmp_path / "digit-0-seen.png").mkdir()
    answer = glassnet("predict", trained.path, drawings[0][0], drawings[1][0], "--show", "--json")
    assert answer.status == 2
    assert [each["image"] for each in answer.json] == [drawings[1][0]]
    assert answer.err == "glassnet: can't write digit-0-seen.png: Is a directory\n"


# Data


def test_data_list(ok):
    out = ok("data", "list").out
    assert re.search(r"^digits +1,797 handwritten digits.*\n +where: embedded\n.*UCI.*CC BY 4.0", out, re.M)
    assert re.search(r"^mnist +70,000 handwritten digits.*\n +where: not fetched yet\n.*LeCun", out, re.M)


def test_data_fetch_of_what_is_there(ok):
    assert ok("data", "fetch", "digits").out == "digits: embedded\n"


def test_data_show_counts(ok):
    lines = ok("data", "show", "digits").out.splitlines()
    assert lines[0].startswith("digits: Optical Recognition of Handwritten Digits")
    assert lines[1].split() == ["class", "training", "validation", "test"]
    splits = gn.load("digits").splits.values()
    for k, line in enumerate(lines[2:12]):
        assert line.split() == [str(k), *(str((split.labels == k).sum()) for split in splits)]
    assert lines[12].split() == ["all", "1,197", "240", "360"]
    one = ok("data", "show", "digits:test").out.splitlines()
    assert one[1].split() == ["class", "test"]
    assert one[-1].split() == ["all", "360"]


def test_data_show_one_image(ok):
    lines = ok("data", "show", "digits:test:17").out.splitlines()
    image, label = gn.load("digits").test[17]
    assert lines[-1] == f"digits:test:17: {label}"
    assert len(lines) == 29
    for line, row in zip(lines, image, strict=False):
        padded = line.ljust(56)
        assert padded[::2] == padded[1::2]  # two characters a pixel
        shades = [" ·░▒▓█".index(shade) for shade in padded[::2]]
        assert shades == np.ceil(row / 255 * 5).astype(int).tolist()


@pytest.mark.parametrize(
    ("name", "size"), [("digits", 1000), ("digits:validation", 1000), ("digits:test:3", 200)]
)
def test_data_show_makes_a_picture(ok, name, size):
    assert ok("data", "show", name, "--out", "p.png").out.splitlines()[-1] == "picture: p.png"
    with Image.open("p.png") as image:
        assert image.format == "PNG"
        assert size <= image.width <= 1.2 * size
