"""`glassnet data`: list, fetch and show."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

import glassnet as gn

pytestmark = pytest.mark.table


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
