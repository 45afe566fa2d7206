"""Drawings and photos of every format, read as grey images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.files import cannot
from glassnet.handwriting.paper import FAINTEST
from glassnet.handwriting.strokes import Grey

if TYPE_CHECKING:
    from io import BufferedReader

    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # none runs another program
LARGEST = 64_000_000  # pixels, whatever a file's header claims
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
LONGEST = 1024  # pixels of a side that are enough to read a digit by


def read_drawing(path: str | os.PathLike[str]) -> Grey:
    """A drawing or a photo as a grey image, whatever its format and colours.

    Transparent parts become white paper, unless that leaves nothing to be seen (white ink): then
    black. The camera's rotation is applied; of an animation, the first picture counts. Large images
    come back smaller, their longer side 1,024 pixels at most.

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


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether that is a picture by its name, or a file that begins as pictures do.

    >>> is_picture("nowhere.jpeg"), is_picture("run")
    (True, False)
    """
    from PIL import Image

    if Path(path).suffix.lower() in SUFFIXES:
        return not Path(path).is_dir()
    try:
        with Image.open(path, formats=FORMATS):
            return True
    except Exception:  # decoders meet what is no image in many ways
        return False


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
        return unit(np.asarray(image.convert("L").reduce(factor)))
    # Pillow reduces greys in proportion to their opacity.
    both = unit(np.asarray(image.convert("RGBA").convert("LA").reduce(factor)))
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
    return np.clip(np.asarray(grey), 0, 1)  # averages may be rounded past 1


def unit(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 to 255 as 0 to 1."""
    return np.divide(levels, 255, dtype=np.float32)


def _reduction(image: Image.Image) -> int:
    """Into how many times fewer pixels each way a large image is averaged."""
    return max(1, -(-max(image.size) // LONGEST))
