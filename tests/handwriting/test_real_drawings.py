"""The drawings in tests/drawings, made by tools/draw_digits.py: each is found, and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glassnet.handwriting import read_digits
from glassnet.handwriting.strokes import stroke_width
from glassnet.pretrained import load_pretrained, pretrained_names
from glassnet.training import Predictor

DRAWINGS = sorted((Path(__file__).parents[1] / "drawings").iterdir())


def label(path):
    """What a drawing shows, by its name: 19-407-three-digits.png."""
    return path.name.split("-")[1]


def test_there_are_twenty_and_all_digits_among_them():
    assert len(DRAWINGS) == 20
    assert set("".join(map(label, DRAWINGS))) == set("0123456789")
    assert sum(path.stat().st_size for path in DRAWINGS) < 400_000


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_each_digit_is_found_and_looks_like_mnists(path):
    digits = read_digits(path)
    assert len(digits) == len(label(path))
    for digit in digits:
        image = digit.centered / np.float32(255)
        assert 1.5 < stroke_width(image) < 4.3  # 98 % of MNIST's are from 1.6 to 4.7
        assert 30 < image.sum() < 190  # 98 % of MNIST's are from 41 to 188
        assert max(image.any(axis=0).sum(), image.any(axis=1).sum()) in (19, 20)


@pytest.mark.skipif("conv" not in pretrained_names(), reason="the pretrained network is not there")
def test_all_are_read_right():
    read = Predictor(load_pretrained("conv").network)
    answers = {}
    for path in DRAWINGS:
        images = np.stack([digit.centered for digit in read_digits(path)])
        answers[path.name] = "".join(map(str, read(images).argmax(axis=1)))
    assert answers == {path.name: label(path) for path in DRAWINGS}
