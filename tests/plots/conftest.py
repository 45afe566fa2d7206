"""What the tests of figures share: a figure drawn as a file, and looked at."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from glassnet import plots


@pytest.fixture
def picture():
    return drawn


def drawn(figure):
    """The PNG that the figure makes, read again: it has a fit size, and nothing reaches beyond its edges."""
    image = Image.open(io.BytesIO(plots.png(figure)))
    assert image.format == "PNG"
    width, height = figure.get_size_inches()
    assert abs(image.width - 150 * width) <= 1
    assert abs(image.height - 150 * height) <= 1
    assert 200 < image.width < 4000
    assert 100 < image.height < 4000
    pixels = np.asarray(image.convert("L"))
    assert pixels.min() < 128 < pixels.max()  # there is something on it
    left, bottom, right, top = figure.get_tightbbox().extents
    assert left >= -0.01, "something is cut off on the left"
    assert bottom >= -0.01, "something is cut off below"
    assert right <= width + 0.01, "something is cut off on the right"
    assert top <= height + 0.01, "something is cut off above"
    return pixels
