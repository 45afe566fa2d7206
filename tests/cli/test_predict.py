"""`glassnet predict`: drawings of every kind, and the outputs of the network."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import glassnet as gn


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
        assert list(answer) == [
            *("image", "digit", "digits", "box", "answer", "nearest"),
            *("confidence", "calibrated", "confidences"),
        ]
        assert answer["calibrated"] is False
        assert (answer["digit"], answer["digits"]) == (1, 1)
        assert answer["confidences"] == pytest.approx(
            {str(k): float(a) for k, a in enumerate(outputs)}, abs=1e-6
        )
        assert answer["answer"] == str(outputs.argmax())
        right += answer["answer"] == str(label)
    assert right >= 10  # of 12, as well as it reads the test images


@pytest.fixture
def number(drawings):
    """A picture with the first, third and fourth of the drawings in a row, and their labels."""
    page = np.full((300, 620), 255, dtype=np.uint8)
    labels = ""
    for left, (name, label) in zip((10, 200, 400), [drawings[k] for k in (0, 2, 4)], strict=True):
        drawing = np.asarray(Image.open(name))[:250, :200]
        page[40 : 40 + drawing.shape[0], left : left + drawing.shape[1]] = drawing
        labels += str(label)
    Image.fromarray(page).save("number.png")
    return labels


def test_several_digits_are_read_one_by_one(ok, trained, drawings, number):
    lines = ok("predict", trained.path, "number.png").out.splitlines()
    answers = lines[0].removeprefix("number.png: 3 digits: ").split()
    assert len(answers) == 3
    assert len(lines) == 1 + 3 * 11
    assert [lines[k] for k in (1, 12, 23)] == [f"{k + 1} of 3: {answers[k]}" for k in range(3)]
    found = ok("predict", trained.path, "number.png", "--json").json
    assert [each["answer"] for each in found] == answers
    assert [(each["digit"], each["digits"]) for each in found] == [(1, 3), (2, 3), (3, 3)]
    lefts = [each["box"]["left"] for each in found]
    assert lefts == sorted(lefts)
    alone = [ok("predict", trained.path, drawings[k][0], "--json").json[0] for k in (0, 2, 4)]
    for each, other in zip(found, alone, strict=True):
        assert each["confidences"] == pytest.approx(
            other["confidences"], abs=0.02
        )  # edges were cut at other levels


def test_what_the_network_saw_of_several_digits(ok, trained, number):
    ok("predict", trained.path, "number.png", "--show")
    with Image.open("number-seen.png") as seen:
        assert seen.size == (3 * 280, 280)


def test_steps_are_saved_beside_the_picture(ok, trained, drawings, number):
    (tmp := Path("folder")).mkdir()
    shutil.move(drawings[0][0], tmp / "mine.png")
    out = ok("predict", trained.path, "folder/mine.png", "number.png", "--steps").out.splitlines()
    assert out[11] == "  step by step: folder/mine-steps.png"
    assert out[-1] == "  step by step: number-steps.png"
    with Image.open("folder/mine-steps.png") as one, Image.open("number-steps.png") as three:
        assert three.height > one.height
    (answer,) = ok("predict", trained.path, "folder/mine.png", "--steps", "--json").json
    assert answer["steps"] == "folder/mine-steps.png"


@pytest.fixture
def pretrained(monkeypatch, trained, tmp_path):
    """The small trained model, as if it came with the package under both names."""
    folder = tmp_path / "pretrained"
    folder.mkdir()
    for name in ("conv", "16-16"):
        shutil.copy(trained.model, folder / f"{name}.safetensors")
    monkeypatch.setattr("glassnet.pretrained.FOLDER", folder)


def test_without_a_model_the_pretrained_one_reads(ok, pretrained, trained, drawings):
    name = drawings[0][0]
    wanted = ok("predict", trained.path, name, "--json").json
    for model in ([], ["conv"], ["16-16"]):
        assert ok("predict", *model, name, "--json").json == wanted
    assert len(ok("predict", name, drawings[1][0], "--json").json) == 2


def test_explain_takes_a_picture_without_a_model(ok, pretrained, trained, drawings):
    name = drawings[0][0]
    wanted = ok("explain", trained.path, "--image", name).out
    assert ok("explain", name).out == wanted
    assert ok("explain", "conv", name).out == wanted
    assert ok("explain", trained.model, name).out == wanted
    assert ok("explain", "--image", name).out == wanted
    assert ok("explain").out == ok("explain", trained.path).out  # the first test image of its own data


def test_a_folder_is_meant_before_a_pretrained_network(glassnet, pretrained, drawings):
    Path("conv").mkdir()
    answer = glassnet("predict", "conv", drawings[0][0])
    assert answer.err == "glassnet: conv is not a run folder: it has no model.safetensors\n"


BAD = {
    "no such thing": ("predict cnv digit-0.png", "there is no model or picture cnv: did you mean conv?"),
    "a model alone": ("predict conv", "conv is a model: name a picture to read behind it"),
    "names": ("predict nothing", "(pretrained networks: 16-16, conv)"),
    "explain no such thing": (
        "explain 16-61 digit-0.png",
        "there is no model or picture 16-61: did you mean 16-16?",
    ),
    "two pictures": ("explain digit-0.png digit-1.png", "digit-0.png and digit-1.png: there is one image"),
    "two ways": (
        "explain digit-0.png --image digit-1.png",
        "digit-0.png and digit-1.png: there is one image",
    ),
    "several digits": ("explain number.png", "number.png shows 3 digits: give a picture of one"),
    "no such picture": ("predict nowhere.png", "can't read nowhere.png: No such file"),
}


@pytest.mark.parametrize(("line", "sentence"), BAD.values(), ids=BAD)
def test_bad_arguments_get_one_sentence(glassnet, pretrained, drawings, number, line, sentence):
    answer = glassnet(*line.split())
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith("glassnet: ")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_without_pretrained_networks_one_sentence(glassnet, monkeypatch, tmp_path, drawings):
    monkeypatch.setattr("glassnet.pretrained.FOLDER", tmp_path)
    answer = glassnet("predict", drawings[0][0])
    assert answer.status == 2
    assert answer.err == (
        f"glassnet: no network lies in {tmp_path}: reinstall glassnet, or name a model of your own\n"
    )


def test_dark_on_light_is_light_on_dark(ok, trained, drawings):
    for name, _ in drawings[:4]:
        Image.fromarray(255 - np.asarray(Image.open(name))).save("inverse.png")
        one, other = ok("predict", trained.model, name, "inverse.png", "--json").json
        assert one["confidences"] == pytest.approx(other["confidences"], abs=1e-6)


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
