"""What is paper on a picture, and what is ink.

Paper is what most of the picture is, place by place: a shadow or a vignette belongs to it, strokes
stand out from it, darker or lighter.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from glassnet.handwriting.strokes import Grey, stroke_width

T = TypeVar("T", bound=np.generic)
FAINTEST = 0.1  # of the way from black to white; what stands out less is no ink
EVEN = 0.02  # five levels of 255: how far even paper strays, in a scan or a careful photo
SHADOW = 0.35  # of all the way around; the bar of a 7 is a quarter of it
CELLS = 48  # along the longer side, where the paper of a photo is looked for
JUMP = 2  # cells to each side: as far as a median moves the edge of a table
DIMMEST = 0.4  # of the brightest paper; what is darker is as likely the grain of a table
NOISE = 4.2  # times the level that a tenth of the paper passes: 5.4 σ, no pixel in ten million
WHISPER = 0.03  # of the ink's strength: what JPEG leaves around strokes
FAINT = 0.3  # of the ink's strength; the lines of ruled paper have less, the edges of strokes beside more


class Paper(NamedTuple):
    """What the paper alone would look like, each (height, width)."""

    grey: Grey
    darkest: Grey  # nearby: where it jumps, as at the edge of a table, ink must stand out from both sides
    lightest: Grey


class Standing(NamedTuple):
    """How far each pixel stands out from the paper, each (height, width)."""

    ink: Grey  # in the ink's direction, darker or lighter
    other: Grey  # in the other


def paper_under(grey: Grey) -> Paper:
    """The paper at each pixel.

    Where most of the outermost pixels agree, or the picture is too small for a photo, the paper is
    even: their median. Otherwise it is looked for place by place: on a grid of 48 cells, each takes
    the median of the window around it that is half as wide as the picture. Strokes are less than
    half of a window; shade that changes slowly, and the edge of a shadow, pass a median as they are.

    >>> shade = np.linspace(0.9, 0.5, 96, dtype=np.float32) * np.ones((96, 1), dtype=np.float32)
    >>> drawn = shade.copy()
    >>> drawn[20:70, 40:50] -= 0.4
    >>> bool(abs(paper_under(drawn).grey - shade).max() < 0.06)
    True
    """
    outermost = border(grey)
    level = np.float32(np.median(outermost))
    off = abs(outermost - level) > EVEN
    on_a_table = off.mean() < 0.1 and abs(np.median(grey) - level) > FAINTEST  # a sheet, all around
    if max(grey.shape) <= CELLS or (_is_even(off) and not on_a_table):
        even = np.full_like(grey, level)
        return Paper(even, even, even)
    return _uneven(grey)


def _is_even(off: NDArray[np.bool_]) -> bool:
    """Whether paper is even, by which of the outermost pixels, once around, are off its grey.

    Not too many, and not too many in a row: strokes at the edge of a closely cut drawing are
    many but short, a shadow is long.
    """
    paper = np.flatnonzero(~off)  # (pixels of paper,)
    longest = np.diff(paper, append=paper[:1] + len(off)).max(initial=0) - 1
    return bool(off.mean() < 0.6 and longest <= SHADOW * len(off))


def _uneven(grey: Grey) -> Paper:
    """Local medians, smoothly in between."""
    from PIL import Image

    height, width = grey.shape
    cell = -(-max(height, width) // CELLS)  # pixels
    whole = (0, 0, width / cell, height / cell)  # the last cells may be narrower
    cells: Grey = np.asarray(Image.fromarray(grey).reduce(cell))  # (≤ 48, ≤ 48)
    reach = max(1, min(cells.shape) // 4)
    # Mirrored in the pixel at the edge, brightness included: there, too, a slope stays a slope.
    medians = np.median(_windows(cells, reach, reflect_type="odd"), axis=(-2, -1))  # (≤ 48, ≤ 48)
    nearby = _windows(medians, JUMP)

    def smooth(image: Grey) -> Grey:
        larger = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, box=whole)
        return np.asarray(larger)

    return Paper(smooth(medians), smooth(nearby.min(axis=(-2, -1))), smooth(nearby.max(axis=(-2, -1))))


def _windows(cells: Grey, reach: int, **mirror: Any) -> NDArray[np.float32]:
    """The window around each cell, mirrored at the edges: (h, w) → (h, w, ≤ 2 reach + 1, ≤ 2 reach + 1)."""
    down, right = (min(reach, side - 1) for side in cells.shape)
    around = np.pad(cells, ((down, down), (right, right)), "reflect", **mirror)
    return np.lib.stride_tricks.sliding_window_view(around, (2 * down + 1, 2 * right + 1))


def standing_out(grey: Grey, paper: Paper) -> Standing:
    """How far each pixel stands out from the paper.

    Ink is the direction, darker or lighter, in which more stands out; squares, so that strokes
    outweigh the paper's noise. Dark ink in the shade counts as if it lay in the light: both reflect
    a share of what falls on them.
    """
    light = np.maximum(paper.grey / max(float(paper.grey.max()), FAINTEST), DIMMEST)  # (height, width)
    darker: Grey = np.maximum(paper.darkest - grey, 0) / light
    lighter: Grey = np.maximum(grey - paper.lightest, 0)
    if np.square(darker).sum() >= np.square(lighter).sum():
        return Standing(darker, lighter / light)
    return Standing(lighter, darker * light)


def noise_level(standing: Standing) -> float:
    """Below which strength ink can't be told from the paper's noise.

    The paper strays to both sides alike; to the other side, nothing else does.
    """
    return NOISE * float(np.quantile(standing.other, 0.9))


def strength(ink: Grey) -> np.float32:
    """How strong the strokes are: by the upper twentieth of what reaches half of the strongest."""
    return np.float32(np.quantile(ink[ink >= ink.max() / 2], 0.95))


def without_paper(ink: Grey, noise: float) -> Grey:
    """The strokes alone, stretched so that their strength is 1, (height, width), 0 to 1.

    A stroke is stronger than the noise and than three tenths of the strokes' strength; what is
    beside it, up to half of its width, is its soft edge, and stays.
    """
    full = float(strength(ink))
    noise = min(noise, full / 2)
    firm = ink > max(noise, FAINT * full)
    soft = grown(firm, max(1, round(stroke_width(firm) / 2))) & (ink > max(noise / 2, WHISPER * full))
    return np.where(soft, np.minimum(ink / np.float32(full), 1), np.float32(0))


def grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """The mask and all pixels within `reach` of it, (height, width)."""
    for _ in range(reach):
        padded = np.pad(mask, 1)
        rows = padded[:-2] | padded[1:-1] | padded[2:]  # (height, width + 2)
        mask = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return mask


def border(image: NDArray[T]) -> NDArray[T]:
    """The outermost pixels, once around."""
    return np.concatenate([image[0], image[1:, -1], image[-1, -2::-1], image[-2:0:-1, 0]])
