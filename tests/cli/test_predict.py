"""`glassnet predict`: drawings of every kind, and the outputs of the network."""

from __future__ import annotations

import shutil

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
        assert list(answer) == ["image", "answer", "outputs"]
        assert answer["outputs"] == pytest.approx({str(k): float(a) for k, a in enumerate(outputs)}, abs=1e-6)
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
