"""What is paper and what is ink, on papers whose grey is known."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.handwriting.paper import border, noise_level, paper_under, standing_out, strength, without_paper
from glassnet.rng import Purpose, Stream

HEIGHT, WIDTH = 240, 320


def light(kind):
    """Paper without ink, (240, 320), 0 to 1."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    greys = {
        "a slope": 0.9 - 0.5 * x,
        "an oblique slope": 0.9 - 0.3 * x - 0.2 * y,
        "a vignette": 0.9 - 0.4 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
        "the shadow of a hand": np.where(x + 0.3 * y > 0.7, 0.5, 0.9),
        "a sheet on a table": np.where((abs(x - 0.5) < 0.38) & (abs(y - 0.5) < 0.38), 0.9, 0.25),
        "a dark table": np.where((x < 0.12) | (y > 0.9), 0.2, 0.85),
    }
    return greys[kind].astype(np.float32)


LIGHTS = [
    "a slope",
    "an oblique slope",
    "a vignette",
    "the shadow of a hand",
    "a sheet on a table",
    "a dark table",
]


def seven(grey, depth=0.6):
    """The paper with a 7 on it, as dark as a share of the paper; and where its ink is."""
    ink = np.zeros((HEIGHT, WIDTH), dtype=bool)
    ink[70:84, 120:200] = True
    ink[84:180, 186:200] = True
    return np.where(ink, grey * (1 - depth), grey).astype(np.float32), ink


@pytest.mark.parametrize("kind", LIGHTS)
def test_ink_is_found_under_every_light(kind):
    grey, ink = seven(light(kind))
    standing = standing_out(grey, paper_under(grey))
    clean = without_paper(standing.ink, noise_level(standing))
    # Where the shadow's hard edge crosses the stroke, ink must stand out from both papers.
    assert (clean[ink] > 0.5).mean() > (0.8 if "shadow" in kind else 0.98)
    assert (clean[~ink] > 0).mean() < 0.002


@pytest.mark.parametrize("kind", LIGHTS)
def test_light_ink_on_dark_paper(kind):
    grey, ink = seven(light(kind))
    standing = standing_out(1 - grey, paper_under(1 - grey))
    clean = without_paper(standing.ink, noise_level(standing))
    assert (clean[ink] > 0.3).mean() > (0.8 if "shadow" in kind else 0.98)
    assert (clean[~ink] > 0).mean() < 0.01


def test_even_paper_is_one_level():
    grey, _ = seven(np.full((HEIGHT, WIDTH), 0.8, dtype=np.float32))
    paper = paper_under(grey)
    for image in paper:
        assert (image == np.float32(0.8)).all()


def test_a_slope_is_found_as_it_is():
    # Where no ink is, the median of a window is its middle, also at the edges of the picture.
    assert paper_under(light("an oblique slope")).grey == pytest.approx(light("an oblique slope"), abs=0.008)


def test_ink_in_the_shade_counts_as_in_the_light():
    grey, ink = seven(light("a slope"), depth=0.5)
    standing = standing_out(grey, paper_under(grey))
    # Half of what the paper reflects is missing, wherever that is: half of the brightest paper's 0.9.
    assert standing.ink[ink] == pytest.approx(np.full(ink.sum(), 0.45), abs=0.09)


@pytest.mark.parametrize("shape", [(2, 2), (2, 400), (400, 2), (3, 49), (49, 3), (1000, 7)])
def test_any_shape(shape):
    grey = np.linspace(0.2, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    for image in paper_under(grey):
        assert image.shape == shape
        assert np.isfinite(image).all()


def test_faint_lines_are_paper_but_soft_edges_are_ink():
    ink = np.zeros((60, 60), dtype=np.float32)
    ink[30, :] = 0.1  # a printed line, a quarter as strong as the stroke
    ink[10:50, 20:30] = 0.4
    ink[10:50, 19] = ink[10:50, 30] = 0.08  # the stroke's soft edges
    clean = without_paper(ink, 0.0)
    assert clean[20, 18:32] == pytest.approx([0, 0.2, *[1] * 10, 0.2, 0])
    # Of the line, what is within half of a stroke's width: 2 · 400 / (2 · 40 + 2 · 10) / 2 = 4 pixels.
    assert np.flatnonzero(clean[30]).tolist() == [*range(16, 34)]


def test_the_noise_level_is_above_what_paper_reaches_and_below_ink():
    noisy = 0.8 + 0.03 * Stream(0, Purpose.GRADIENT_CHECK).normal((HEIGHT, WIDTH)).astype(np.float32)
    grey, ink = seven(np.clip(noisy, 0, 1))
    standing = standing_out(grey, paper_under(grey))
    level = noise_level(standing)
    assert level == pytest.approx(4.2 * 1.2816 * 0.03 * 0.97, rel=0.1)  # Φ(1.2816) = 0.9; 3 % is ink
    assert not (standing.ink[~ink] > level).any()
    assert (standing.ink[ink] > level).all()


def test_strength_is_that_of_most_ink_not_of_one_pixel():
    ink = np.zeros((20, 20), dtype=np.float32)
    ink[5:15, 5:15] = 0.5
    ink[0, 0] = 0.9
    assert strength(ink) == 0.5


def test_the_border_goes_once_around():
    assert border(np.arange(12).reshape(3, 4)).tolist() == [0, 1, 2, 3, 7, 11, 10, 9, 8, 4]
    assert border(np.arange(4).reshape(2, 2)).tolist() == [0, 1, 3, 2]
