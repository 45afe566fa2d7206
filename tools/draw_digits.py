"""Makes tests/drawings: twenty drawings and photos of digits, as people make them with a mouse or a pen.

    python tools/draw_digits.py [folder]

A file is named NUMBER-LABEL-WHAT. The strokes are a hand's: a few points for each digit, shaken, a
smooth curve through them, and a pen that is wider where it is slow. Paper, light and camera follow.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from glassnet.files import write_atomically
from glassnet.rng import Purpose, Stream

Points = NDArray[np.float64]  # (n, 2): right and down, from 0 to 1 over the digit
FOLDER = Path(__file__).parents[1] / "tests" / "drawings"
SHAKE = 0.012  # of the digit's height
FINER = 2  # so many times larger than it will be, each way, a drawing is made

# The points that the pen goes through, stroke by stroke.
GLYPHS: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0.55, 0.02), (0.22, 0.18), (0.12, 0.55), (0.3, 0.93), (0.6, 0.95), (0.82, 0.6), (0.8, 0.25),
           (0.58, 0.03), (0.48, 0.06)]],
    "1": [[(0.52, 0.0), (0.5, 0.35), (0.48, 0.7), (0.46, 1.0)]],
    "1 serif": [[(0.22, 0.28), (0.4, 0.13), (0.52, 0.0)], [(0.52, 0.0), (0.52, 0.5), (0.51, 0.98)],
                [(0.25, 0.98), (0.5, 0.985), (0.78, 0.97)]],
    "2": [[(0.17, 0.25), (0.3, 0.06), (0.55, 0.02), (0.77, 0.17), (0.73, 0.4), (0.5, 0.65), (0.2, 0.95)],
          [(0.2, 0.95), (0.5, 0.95), (0.88, 0.94)]],
    "2 loop": [[(0.2, 0.22), (0.4, 0.03), (0.7, 0.08), (0.76, 0.3), (0.58, 0.62), (0.28, 0.93), (0.12, 0.9),
                (0.2, 0.76), (0.42, 0.84), (0.65, 0.97), (0.9, 0.88)]],
    "3": [[(0.2, 0.14), (0.42, 0.01), (0.7, 0.08), (0.72, 0.3), (0.42, 0.46)],
          [(0.42, 0.46), (0.75, 0.54), (0.8, 0.8), (0.5, 0.99), (0.16, 0.87)]],
    "4 open": [[(0.28, 0.05), (0.22, 0.3), (0.16, 0.56)], [(0.16, 0.56), (0.5, 0.57), (0.9, 0.53)],
               [(0.68, 0.06), (0.65, 0.5), (0.62, 1.0)]],
    "4": [[(0.62, 0.0), (0.4, 0.3), (0.1, 0.66)], [(0.1, 0.66), (0.5, 0.67), (0.92, 0.66)],
          [(0.62, 0.0), (0.61, 0.5), (0.6, 1.0)]],
    "5": [[(0.3, 0.06), (0.27, 0.25), (0.24, 0.44)],
          [(0.24, 0.44), (0.5, 0.38), (0.78, 0.55), (0.74, 0.85), (0.45, 0.99), (0.14, 0.88)],
          [(0.3, 0.05), (0.55, 0.05), (0.86, 0.03)]],
    "5 apart": [[(0.3, 0.15), (0.27, 0.3), (0.24, 0.46)],
                [(0.24, 0.46), (0.5, 0.4), (0.78, 0.57), (0.74, 0.86), (0.45, 0.99), (0.14, 0.88)],
                [(0.3, 0.01), (0.55, 0.02), (0.84, 0.0)]],
    "6": [[(0.7, 0.02), (0.4, 0.22), (0.2, 0.6), (0.28, 0.9), (0.55, 0.98), (0.78, 0.8), (0.7, 0.58),
           (0.45, 0.55), (0.22, 0.72)]],
    "7": [[(0.12, 0.06), (0.5, 0.05), (0.85, 0.03)], [(0.85, 0.03), (0.6, 0.5), (0.4, 1.0)]],
    "7 bar": [[(0.12, 0.08), (0.5, 0.05), (0.85, 0.04)], [(0.85, 0.04), (0.62, 0.5), (0.42, 1.0)],
              [(0.34, 0.53), (0.58, 0.5), (0.82, 0.48)]],
    "8": [[(0.74, 0.14), (0.5, 0.01), (0.26, 0.15), (0.36, 0.38), (0.66, 0.58), (0.76, 0.82), (0.5, 0.99),
           (0.24, 0.83), (0.34, 0.6), (0.62, 0.4), (0.74, 0.16)]],
    "9": [[(0.76, 0.2), (0.52, 0.03), (0.24, 0.2), (0.3, 0.46), (0.56, 0.48), (0.76, 0.24)],
          [(0.76, 0.2), (0.78, 0.55), (0.62, 0.9), (0.3, 0.97)]],
    "9 straight": [[(0.74, 0.16), (0.5, 0.02), (0.24, 0.18), (0.3, 0.44), (0.56, 0.46), (0.74, 0.2)],
                   [(0.74, 0.16), (0.7, 0.6), (0.66, 1.0)]],
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """One of the twenty: what is drawn, with which pen, on what."""

    name: str
    glyphs: Sequence[str]
    size: tuple[int, int]  # width and height, in pixels
    height: float  # of a digit, in pixels
    pen: float  # its width, in pixels
    at: tuple[float, float] = (0.5, 0.5)  # the middle of the digits, of the whole picture
    ink: tuple[int, int, int] = (25, 25, 30)
    paper: tuple[int, int, int] = (255, 255, 255)
    slant: float = 0.0  # to the right, of the height
    steps: Sequence[Callable[[NDArray[np.float64], Stream], NDArray[np.float64]]] = field(default=())
    transparent: bool = False
    turned: int = 1  # EXIF's orientation
    quality: int = 0  # of a JPEG; 0 is a PNG


def shade(least: float, right: float, down: float) -> Callable[..., NDArray[np.float64]]:
    """Light that gets weaker in a direction."""

    def darken(photo: NDArray[np.float64], _: Stream) -> NDArray[np.float64]:
        along = right * np.linspace(0, 1, photo.shape[1]) + down * np.linspace(0, 1, photo.shape[0])[:, None]
        return photo * (1 - (1 - least) * along / (right + down))[..., None]

    return darken


def vignette(least: float) -> Callable[..., NDArray[np.float64]]:
    """Corners darker than the middle."""

    def darken(photo: NDArray[np.float64], _: Stream) -> NDArray[np.float64]:
        x, y = np.linspace(-1, 1, photo.shape[1]), np.linspace(-1, 1, photo.shape[0])[:, None]
        return photo * (1 - (1 - least) * (x * x + y * y) / 2)[..., None]

    return darken


def noise(strength: float) -> Callable[..., NDArray[np.float64]]:
    """A sensor's noise."""

    def add(photo: NDArray[np.float64], random: Stream) -> NDArray[np.float64]:
        return photo + 255 * strength * random.normal(photo.shape[:2])[..., None]

    return add


def lines(step: int, squared: bool) -> Callable[..., NDArray[np.float64]]:
    """Printed lines, pale blue, a little oblique."""

    def rule(photo: NDArray[np.float64], _: Stream) -> NDArray[np.float64]:
        y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
        printed = (y + 0.01 * x) % step < 2
        if squared:
            printed |= (x - 0.01 * y) % step < 2
        return np.where(printed[..., None], photo * (0.78, 0.86, 0.95), photo)

    return rule


def table(share: float) -> Callable[..., NDArray[np.float64]]:
    """The dark edge of the table at the left and below, oblique."""

    def cover(photo: NDArray[np.float64], _: Stream) -> NDArray[np.float64]:
        y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
        off = (x < share * photo.shape[1] + 0.05 * y) | (y > (1 - share) * photo.shape[0] + 0.03 * x)
        return np.where(off[..., None], (70.0, 48.0, 34.0), photo)

    return cover


def hand(level: float) -> Callable[..., NDArray[np.float64]]:
    """The shadow of a hand or a telephone over a part of the paper, with a soft edge."""

    def darken(photo: NDArray[np.float64], _: Stream) -> NDArray[np.float64]:
        y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
        inside = (0.62 * photo.shape[1] - x + 0.3 * y) / (0.06 * photo.shape[1])
        return photo * (1 - (1 - level) / (1 + np.exp(np.clip(inside, -30, 30))))[..., None]

    return darken


PHOTO = (236, 232, 222)  # paper in a room
DRAWINGS = [
    Drawing("0-mouse", ["0"], (280, 280), 190, 14),
    Drawing("1-tiny-picture", ["1"], (40, 40), 28, 3.4, slant=0.1),
    Drawing("1-serif-and-base", ["1 serif"], (600, 800), 430, 26),
    Drawing("2-hairline-on-a-large-page", ["2"], (2000, 1500), 900, 1.6),
    Drawing("2-loop-blue-ink", ["2 loop"], (500, 500), 300, 12, ink=(30, 50, 170), paper=(250, 248, 240)),
    Drawing("3-white-on-black", ["3"], (256, 256), 170, 16, ink=(255, 255, 255), paper=(0, 0, 0)),
    Drawing("4-open-fat-marker", ["4 open"], (640, 480), 330, 62),
    Drawing("4-closed-on-transparency", ["4"], (320, 320), 220, 15, transparent=True),
    Drawing("5-flag-apart", ["5 apart"], (400, 400), 270, 15),
    Drawing("5-photo-in-shade", ["5"], (900, 1200), 620, 34, paper=PHOTO,
            steps=[shade(0.45, 1, 0.6), noise(0.02)], quality=60),
    Drawing("6-chalk-on-green", ["6"], (480, 360), 240, 14, ink=(225, 232, 220), paper=(40, 82, 60),
            steps=[noise(0.03)], quality=70),
    Drawing("7-plain-in-a-corner", ["7"], (1600, 1200), 96, 7, at=(0.88, 0.12)),
    Drawing("7-bar-ruled-paper", ["7 bar"], (800, 800), 420, 18, ink=(20, 24, 60), paper=(252, 252, 250),
            steps=[lines(53, squared=False)]),
    Drawing("8-squared-paper-photo", ["8"], (1000, 1000), 520, 22, ink=(35, 40, 90), paper=PHOTO,
            steps=[lines(47, squared=True), shade(0.7, 0.3, 1), noise(0.01)], quality=60, slant=0.15),
    Drawing("9-curved-red-on-yellow", ["9"], (300, 420), 280, 20, ink=(190, 20, 30), paper=(255, 225, 90)),
    Drawing("9-straight-turned-by-exif", ["9 straight"], (1200, 900), 560, 30, paper=PHOTO,
            steps=[vignette(0.55), noise(0.015)], quality=60, turned=6),
    Drawing("3-beside-the-table", ["3"], (2400, 1800), 1000, 52, at=(0.55, 0.45), paper=PHOTO,
            steps=[table(0.1), shade(0.75, 1, 0), noise(0.01)], quality=40),
    Drawing("8-pencil-under-a-hand", ["8"], (1000, 750), 430, 9, ink=(105, 105, 110), paper=PHOTO,
            steps=[hand(0.6), noise(0.012)], quality=70),
    Drawing("407-three-digits", ["4", "0", "7 bar"], (900, 400), 220, 14, slant=0.08),
    Drawing("3141592653-a-number", ["3", "1", "4 open", "1", "5 apart", "9", "2 loop", "6", "5", "3"],
            (1500, 260), 130, 9, ink=(20, 30, 110), paper=PHOTO, steps=[shade(0.6, 1, 0.2), noise(0.012)],
            quality=70),
]  # fmt: skip


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number, drawing in enumerate(DRAWINGS, start=1):
        data = encoded(drawing, made(drawing, Stream(number, Purpose.GRADIENT_CHECK)))
        write_atomically(folder / f"{number:02}-{drawing.name}.{'jpg' if drawing.quality else 'png'}", data)
        total += len(data)
    print(f"{len(DRAWINGS)} drawings in {folder}: {total:,} bytes")


def made(drawing: Drawing, random: Stream) -> Image.Image:
    """The picture, before it is a file."""
    width, height = drawing.size
    mask = Image.new("L", (width * FINER, height * FINER))
    left = drawing.at[0] * width - 0.4 * drawing.height * len(drawing.glyphs)
    top = drawing.at[1] * height - 0.5 * drawing.height
    for place, glyph in enumerate(drawing.glyphs):
        shake, size = random.normal((3,)), drawing.height
        corner = np.array([left + 0.8 * size * place, top]) + 0.03 * size * shake[:2]
        for stroke in GLYPHS[glyph]:
            points = curve(np.array(stroke) + SHAKE * random.normal((len(stroke), 2)))
            points[:, 0] = 0.8 * points[:, 0] + drawing.slant * (0.5 - points[:, 1])
            ink_stroke(mask, FINER * (corner + size * points), FINER * drawing.pen, random)
    ink = np.asarray(mask.resize(drawing.size, Image.Resampling.BOX), dtype=float)[..., None] / 255
    if drawing.transparent:
        colors = np.broadcast_to(np.array(drawing.ink, dtype=float), (height, width, 3))
        return Image.fromarray(np.dstack([colors, 255 * ink]).round().astype(np.uint8))
    photo = np.broadcast_to(np.array(drawing.paper, dtype=float), (height, width, 3))
    for step in drawing.steps:  # lines are printed below the ink, light falls on both
        if step.__qualname__.startswith("lines"):
            photo = step(photo, random)
    photo = photo + ink * (np.array(drawing.ink) - photo)
    for step in drawing.steps:
        if not step.__qualname__.startswith("lines"):
            photo = step(photo, random)
    image = Image.fromarray(photo.clip(0, 255).round().astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(1)) if drawing.quality else image


def curve(points: Points) -> Points:
    """A smooth curve through the points (Catmull-Rom), 40 pieces from one to the next, (m, 2)."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, 40, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        square, cube = t * t * (2 * a - 5 * b + 4 * c - d), t**3 * (3 * b - a - 3 * c + d)
        parts.append((2 * b + t * (c - a) + square + cube) / 2)
    return np.vstack([*parts, points[-1:]])


def ink_stroke(mask: Image.Image, points: Points, pen: float, random: Stream) -> None:
    """Draw a stroke: slow at its ends and bends, and wider there."""
    draw = ImageDraw.Draw(mask)
    speed = np.hypot(*np.gradient(points, axis=0).T)  # (n,), pixels a step
    slow = 1 - speed / speed.max()  # (n,), 0 to 1
    widths = pen * (0.85 + 0.4 * slow)
    wobble = 0.06 * pen * random.normal((len(points) // 8 + 2, 2))  # a mouse moves in small jerks
    eighths = np.arange(len(points)) / 8
    jerks = np.column_stack([np.interp(eighths, np.arange(len(wobble)), column) for column in wobble.T])
    jerked = points + jerks
    for (x0, y0), (x1, y1), wide in zip(jerked, jerked[1:], widths, strict=False):
        count = max(1, int(4 * np.hypot(x1 - x0, y1 - y0) / wide))
        for part in np.arange(count + 1) / count:
            x, y, r = x0 + part * (x1 - x0), y0 + part * (y1 - y0), wide / 2
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)


def encoded(drawing: Drawing, image: Image.Image) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    if not drawing.quality:
        small = image if drawing.transparent else image.quantize(16, dither=Image.Dither.NONE)
        small.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
    exif = Image.Exif()
    exif[0x0112] = drawing.turned
    if drawing.turned == 6:  # to be turned clockwise by whoever shows it
        image = image.transpose(Image.Transpose.ROTATE_90)
    image.save(buffer, "JPEG", quality=drawing.quality, exif=exif)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
