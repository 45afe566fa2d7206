"""`glassnet evaluate`: the numbers of the library, and the picture of the mistakes."""

from __future__ import annotations

import shutil

import pytest

import glassnet as gn
from glassnet.pretrained import FOLDER

pytestmark = pytest.mark.table


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_network_that_comes_with_glassnet_keeps_its_folder_clean(ok, tmp_path):
    before = {path: path.read_bytes() for path in FOLDER.iterdir() if path.is_file()}
    answer = ok("evaluate", "16-16", "--data", "digits", "--json").json[0]
    assert answer["mistakes"] == "16-16-mistakes.png"
    assert (tmp_path / "16-16-mistakes.png").exists()
    assert {path: path.read_bytes() for path in FOLDER.iterdir() if path.is_file()} == before


def test_a_class_without_examples_has_no_share(ok):
    lines = ok("evaluate", "conv", "--data", "digits").out.splitlines()
    assert lines[-3].split() == ["not", "a", "digit", *"·" * 11, "–"]
