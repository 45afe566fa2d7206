"""The benchmark of honest answers: what it shows a model, by hand."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from glassnet.handwriting.not_digits.lettering import TEST_FONTS, matplotlib_fonts

ROOT = Path(__file__).parent.parent


@pytest.fixture
def honesty(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module("honesty")


@pytest.mark.parametrize(("dx", "dy"), [(2, 0), (-2, 0), (0, 2), (0, -2), (4, -4), (0, 0)])
def test_an_image_is_moved_and_zeros_come_in(honesty, dx, dy):
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 10, 12] = 7
    image[0, [0, 0, 27, 27], [0, 27, 0, 27]] = 9
    result = honesty.moved(image, dx, dy)
    assert result.shape == image.shape
    assert result[0, 10 + dy, 12 + dx] == 7
    assert np.count_nonzero(result) == 1 + {0: 4, 1: 2, 2: 1}[(dx != 0) + (dy != 0)]


def test_eight_directions(honesty):
    assert len(set(honesty.DIRECTIONS)) == 8
    assert np.sum(honesty.DIRECTIONS) == 0


def test_lines_go_from_edge_to_edge_at_every_angle(honesty, monkeypatch):
    monkeypatch.setattr(honesty, "PICTURES", 300)
    pictures = honesty.lines()
    assert pictures.shape == (300, 28, 28)
    edges = [np.concatenate([each[0], each[-1], each[1:-1, 0], each[1:-1, -1]]) for each in pictures]
    assert all(np.count_nonzero(edge) >= 2 for edge in edges)
    assert pictures.mean(axis=0).min() > 0  # everywhere


def test_noise_is_uniform(honesty, monkeypatch):
    monkeypatch.setattr(honesty, "PICTURES", 100)
    pictures = honesty.noise()
    assert pictures.shape == (100, 28, 28)
    # The mean of 78,400 numbers from 0 to 255 deviates by 73.9 / 280 = 0.26.
    assert abs(pictures.mean() - 127.5) < 1.4
    assert len(np.unique(pictures)) == 256


def test_letters_of_every_weight(honesty):
    (font,) = matplotlib_fonts(TEST_FONTS[:1])
    pictures = honesty.letters("K", str(font))
    assert (pictures.shape, pictures.dtype) == ((24, 28, 28), np.uint8)
    assert len({each.tobytes() for each in pictures}) > 12
    assert (pictures.max(axis=(1, 2)) == 255).all()


def test_bars(honesty):
    assert honesty.verdict("moved by 2", 0.993).endswith("reached")
    assert honesty.verdict("moved by 2", 0.9929).endswith("missed")
    assert honesty.verdict("letters called a digit", 0.2).endswith("reached")
    assert honesty.verdict("letters called a digit", 0.21).endswith("missed")
    assert honesty.verdict("letter A", 0.5) == ""
