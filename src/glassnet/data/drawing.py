"""From a drawing or a photo of one digit to the image that an MNIST-trained network expects.

MNIST was made like this: each digit, white on black, was scaled into 20×20 pixels keeping its
proportions, and placed in 28×28 so that its centre of mass stands at the centre. `normalization`
does the same to any picture, and keeps every step, so that it can be shown.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data.mnist_form import BOX, SIDE, beginning
from glassnet.errors import GlassnetError
from glassnet.files import cannot

if TYPE_CHECKING:
    from io import BufferedReader

    from PIL import Image

Grey = NDArray[np.float32]  # (height, width): 0 is black and 1 white, or 0 is no ink and 1 the most

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # none runs another program
LARGEST = 64_000_000  # pixels, whatever a file's header claims
LONGEST = 1024  # pixels of a side that are enough to read a digit by
FAINTEST = 0.1  # of the way from black to white; what stands out less is no ink
NOISE = 8.0  # how many times the paper's usual deviation ink must stand out: no speck in a million
WHISPER = 0.03  # of the strongest ink: what JPEG leaves around strokes


class Normalization(NamedTuple):
    """A drawing on its way, step by step; every image but the last is float32 from 0 to 1."""

    grey: Grey
    """The drawing as it came, (height, width): 0 black, 1 white."""
    ink: Grey
    """How far each pixel stands out from the paper, (height, width): 0 nothing."""
    clean: Grey
    """The same without the paper's noise, stretched so that the strongest ink is 1."""
    cropped: Grey
    """The smallest rectangle that holds all ink."""
    scaled: Grey
    """The same, its longer side 20 pixels, the strongest ink 1 again."""
    centered: NDArray[np.uint8]
    """On 28×28, (28, 28), 0 to 255: the centre of mass at the centre."""


def normalize_drawing(grey: NDArray[Any], name: str = "the drawing") -> NDArray[np.uint8]:
    """What an MNIST-trained network expects, from a grey image of one digit.

    Args:
        grey: (height, width), floating from 0 (black) to 1 (white), or uint8 from 0 to 255; dark ink
            on light paper or the other way round.
        name: What errors call it.

    Returns:
        (28, 28), uint8: light ink on black, as in MNIST.

    Raises:
        GlassnetError: there is no ink to be seen, or `grey` isn't a grey image.

    >>> paper = np.full((60, 40), 0.9, dtype=np.float32)
    >>> paper[10:50, 18:26] = 0.2  # a stroke of 40×8 pixels becomes one of 20×4
    >>> digit = normalize_drawing(paper)
    >>> int(digit.any(axis=1).sum()), np.flatnonzero(digit.any(axis=0)).tolist(), int(digit.max())
    (20, [13, 14, 15, 16], 255)
    """
    return normalization(grey, name).centered


def normalization(grey: NDArray[Any], name: str = "the drawing") -> Normalization:
    """`normalize_drawing`, with every step on the way kept.

    Raises:
        GlassnetError: there is no ink to be seen, or `grey` isn't a grey image.

    >>> paper = np.ones((60, 40), dtype=np.float32)
    >>> paper[10:50, 18:26] = 0
    >>> [step.shape for step in normalization(paper)]
    [(60, 40), (60, 40), (60, 40), (40, 8), (20, 4), (28, 28)]
    """
    grey = _checked(grey, name)
    paper = paper_level(grey)
    ink = ink_on_paper(grey, paper)
    if ink.max() < FAINTEST:
        raise GlassnetError(
            f"{name} is blank: nothing on it stands out from the paper by a tenth of the way from black to"
            " white; draw one digit, darker or lighter than the paper"
        )
    clean = without_noise(ink, noise_level(ink))
    cropped = cropped_to_ink(clean)
    scaled = scaled_to_box(cropped)
    return Normalization(grey, ink, clean, cropped, scaled, centered(scaled))


def paper_level(grey: Grey) -> float:
    """The grey of the paper: the median of the outermost pixels."""
    return float(np.median(_border(grey)))


def ink_on_paper(grey: Grey, paper: float) -> Grey:
    """How far each pixel stands out from the paper, in the direction of the ink, (height, width).

    That is the direction, darker or lighter, in which more stands out; squares, so that strokes
    outweigh the paper's noise.
    """
    darker: Grey = np.maximum(paper - grey, 0)
    lighter: Grey = np.maximum(grey - paper, 0)
    return darker if np.square(darker).sum() >= np.square(lighter).sum() else lighter


def noise_level(ink: Grey) -> float:
    """Below which strength ink can't be told from noise or a shadow on the paper.

    The outermost pixels are paper, mostly; their upper quartile is no ink, even if a stroke runs
    off the edge. It is capped: a shadow may cost faint strokes, never all.
    """
    strongest = float(ink.max())
    return min(max(NOISE * float(np.quantile(_border(ink), 0.75)), WHISPER * strongest), strongest / 2)


def without_noise(ink: Grey, noise: float) -> Grey:
    """Ink that is stronger than the noise, stretched so that the strongest is 1, (height, width).

    A pixel without an inked neighbour is dust, unless there is nothing else: one speck far from the
    digit would shrink it.
    """
    inked = np.pad(ink > noise, 1)  # (height + 2, width + 2)
    threes = inked[:-2] | inked[1:-1] | inked[2:]  # (height, width + 2): in this row or the next ones
    beside = threes[:, :-2] | threes[:, 2:]  # (height, width)
    above_or_below = (inked[:-2] | inked[2:])[:, 1:-1]  # (height, width)
    strokes = inked[1:-1, 1:-1] & (beside | above_or_below)
    clean: Grey = np.where(strokes if strokes.any() else inked[1:-1, 1:-1], ink, np.float32(0))
    stretched: Grey = clean / clean.max()
    return stretched


def cropped_to_ink(ink: Grey) -> Grey:
    """The smallest rectangle that holds all ink."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scaled_to_box(ink: Grey) -> Grey:
    """The ink with its longer side 20 pixels, the other in proportion, the strongest 1 again.

    Thin strokes get fainter when they are made smaller; MNIST's don't, hence the second stretching.
    """
    from PIL import Image

    height, width = ink.shape
    factor = BOX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if size == (width, height):
        return ink
    # Hamming's window weighs all the pixels that an output pixel covers, and doesn't overshoot.
    scaled = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.HAMMING))
    stretched: Grey = scaled / scaled.max()
    return stretched


def centered(ink: Grey) -> NDArray[np.uint8]:
    """On a black 28×28, the centre of mass nearest to the centre: (≤ 20, ≤ 20) → (28, 28), 0 to 255."""
    top = int(beginning(ink.sum(axis=1)))
    left = int(beginning(ink.sum(axis=0)))
    image = np.zeros((SIDE, SIDE), dtype=np.uint8)
    height, width = ink.shape
    image[top : top + height, left : left + width] = np.floor(255 * ink + np.float32(0.5))
    return image


def _border(grey: Grey) -> Grey:
    """The outermost pixels, in one row."""
    return np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])


def _checked(grey: NDArray[Any], name: str) -> Grey:
    """The image as float32 from 0 to 1, if it is one."""
    if grey.ndim != 2 or min(grey.shape) < 2:
        raise GlassnetError(
            f"{name} has the shape {grey.shape}: give a grey image of two pixels or more each way"
        )
    if grey.dtype == np.uint8:
        return _unit(grey)
    if grey.dtype.kind != "f" or not (grey.min() >= 0 and grey.max() <= 1):  # false for NaN, too
        raise GlassnetError(
            f"{name} holds {grey.dtype} from {grey.min()} to {grey.max()}: give uint8 from 0 to 255,"
            " or floating numbers from 0 (black) to 1 (white)"
        )
    return grey.astype(np.float32, copy=False)


def read_drawing(path: str | os.PathLike[str]) -> Grey:
    """A drawing or a photo as a grey image, whatever its format and colours.

    Transparent parts become white paper, unless that leaves nothing to be seen (white ink): then
    black. The camera's rotation is applied. Large images come back smaller, their longer side
    1,024 pixels at most.

    Returns:
        (height, width), float32: 0 black, 1 white.

    Raises:
        GlassnetError: there is no such file, or it isn't an image, or not a whole one, or too large.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("RGB", (3, 2), "white").save(folder + "/paper.png")
    ...     read_drawing(folder + "/paper.png")
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    try:
        with Path(path).open("rb") as file:
            return _decoded(file, os.fspath(path))
    except OSError as error:
        raise cannot("read", path, error) from error


def _decoded(file: BufferedReader, source: str) -> Grey:
    """The image in an open file; `source` names it in errors."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not file.peek(1):
        raise GlassnetError(f"{source} is empty: save the drawing again")
    try:
        image: Image.Image = Image.open(file, formats=FORMATS)
        if image.width * image.height > LARGEST:
            raise Image.DecompressionBombError
        image.draft("L", (LONGEST, LONGEST))  # lets a JPEG decode smaller at once
        ImageOps.exif_transpose(image, in_place=True)
        return _grey(image)
    except UnidentifiedImageError as error:
        raise GlassnetError(f"{source} isn't an image of a known format: save it as PNG or JPEG") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise GlassnetError(
            f"{source} claims more than {LARGEST // 10**6} million pixels: save it smaller"
        ) from error
    except Exception as error:  # decoders meet damage in many ways, and raise as many errors
        raise GlassnetError(
            f"{source} is a damaged image ({error}): save it again, as PNG or JPEG"
        ) from error


def _grey(image: Image.Image) -> Grey:
    """The image as grey on paper, reduced if it is large, (height, width), 0 to 1."""
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return _deep_grey(image)
    factor = _reduction(image)
    if not image.has_transparency_data:
        return _unit(np.asarray(image.convert("L").reduce(factor)))
    # Pillow reduces greys in proportion to their opacity.
    both = _unit(np.asarray(image.convert("RGBA").convert("LA").reduce(factor)))
    grey, opacity = both[..., 0], both[..., 1]  # (height, width) each
    on_white: Grey = 1 - opacity * (1 - grey)
    on_black: Grey = opacity * grey
    return on_black if np.ptp(on_white) < FAINTEST else on_white


def _deep_grey(image: Image.Image) -> Grey:
    """Grey of more than 8 bits, by the white of 16 bits, or by its strongest pixel if that is more."""
    from PIL import Image

    deep = np.asarray(image, dtype=np.float32)
    if not (deep.min() >= 0 and np.isfinite(deep.max())):  # false for NaN, too
        raise ValueError("its pixels aren't all numbers from 0 on")
    white = 1.0 if image.mode == "F" and deep.max() <= 1 else max(65535.0, float(deep.max()))
    grey = Image.fromarray(deep / np.float32(white)).reduce(_reduction(image))
    within: Grey = np.clip(np.asarray(grey), 0, 1)  # averages may be rounded past 1
    return within


def _unit(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 to 255 as 0 to 1."""
    unit: NDArray[np.float32] = np.divide(levels, 255, dtype=np.float32)
    return unit


def _reduction(image: Image.Image) -> int:
    """Into how many times fewer pixels each way a large image is averaged."""
    return max(1, -(-max(image.size) // LONGEST))
