"""Drawings: read from every kind of file, and made into what MNIST would have made of them."""

from __future__ import annotations

import io
import os
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glassnet import data
from glassnet.errors import GlassnetError
from glassnet.handwriting import (
    find_digits,
    is_picture,
    normalization,
    normalize_drawing,
    read_digits,
    read_drawing,
)
from glassnet.rng import Purpose, Stream

pytestmark = pytest.mark.table

REAL = Path(os.environ.get("GLASSNET_DATA", "nowhere")) / "mnist"


def ell(height=60, width=40):
    """A grey image, white 1: an L of black ink, thicker below, 40×20 pixels."""
    grey = np.ones((height, width), dtype=np.float32)
    grey[10:50, 12:17] = 0
    grey[42:50, 12:32] = 0
    return grey


def levels(grey):
    return np.round(255 * grey).astype(np.uint8)


def save(path, pixels, **how):
    Image.fromarray(pixels).save(path, **how)
    return path


def smooth_noise(shape, strength):
    return strength * Stream(0, Purpose.GRADIENT_CHECK).normal(shape)


# Reading


GREY = levels(ell())
RGB = np.stack([GREY] * 3, axis=-1)
READ = {
    "L": lambda: Image.fromarray(GREY),
    "1": lambda: Image.fromarray(GREY).convert("1"),
    "RGB": lambda: Image.fromarray(RGB),
    "P": lambda: Image.fromarray(RGB).quantize(2),
    "LA": lambda: Image.fromarray(np.stack([GREY, np.full_like(GREY, 255)], axis=-1)),
    "RGBA": lambda: Image.fromarray(np.dstack([RGB, np.full_like(GREY, 255)])),
    "black on transparency": lambda: Image.fromarray(np.dstack([0 * RGB, 255 - GREY])),
    "black on transparency, LA": lambda: Image.fromarray(np.dstack([0 * GREY, 255 - GREY])),
    "16 bits": lambda: Image.fromarray(GREY.astype(np.uint16) * 257),
}


@pytest.mark.parametrize("make", READ.values(), ids=READ)
def test_every_mode_reads_the_same(tmp_path, make):
    make().save(tmp_path / "ell.png")
    grey = read_drawing(tmp_path / "ell.png")
    assert grey.dtype == np.float32
    assert np.abs(grey - ell()).max() < 1e-6


def test_a_transparent_colour_of_a_palette(tmp_path):
    image = Image.fromarray((GREY == 0).astype(np.uint8)).convert("P")
    image.putpalette([200, 0, 0, 0, 0, 0])
    image.save(tmp_path / "ell.gif", transparency=0)
    assert np.array_equal(read_drawing(tmp_path / "ell.gif"), ell())


def test_white_ink_on_transparency_is_read_on_black(tmp_path):
    save(tmp_path / "ell.png", np.dstack([np.full_like(RGB, 255), 255 - GREY]))
    assert np.array_equal(read_drawing(tmp_path / "ell.png"), 1 - ell())


def test_floating_tiff(tmp_path):
    save(tmp_path / "ell.tiff", ell())
    assert np.array_equal(read_drawing(tmp_path / "ell.tiff"), ell())


def test_grey_weighs_the_colours(tmp_path):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    grey = read_drawing(save(tmp_path / "colours.png", colours))
    assert grey[0] == pytest.approx([0.299, 0.587, 0.114], abs=0.5 / 255)  # ITU-R BT.601


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_the_cameras_rotation(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "photo.jpg", GREY, exif=exif, quality=95)
    assert np.abs(read_drawing(tmp_path / "photo.jpg") - np.rot90(ell(), turns)).mean() < 0.01


@pytest.mark.parametrize("name", ["large.png", "large.jpg"])
def test_large_images_are_reduced(tmp_path, name):
    large = np.kron(GREY, np.ones((60, 60), dtype=np.uint8))  # 3600×2400
    grey = read_drawing(save(tmp_path / name, large))
    assert max(grey.shape) <= 1024
    assert np.abs(normalize_drawing(grey).astype(int) - normalize_drawing(ell())).mean() < 3


def png(width, height, pixels=b"\0"):
    """A PNG written by hand, so that its header can lie."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def encoded(kind):
    file = io.BytesIO()
    noisy = np.clip(ell(200, 200) + smooth_noise((200, 200), 0.1), 0, 1)
    Image.fromarray(levels(noisy)).save(file, kind)
    return file.getvalue()


BAD = {
    "empty": (b"", "is empty: save the drawing again"),
    "text": (b"seven", "isn't an image of a known format: save it as PNG or JPEG"),
    "PostScript, which would run a program": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "isn't an image of",
    ),
    "PNG cut off": (encoded("PNG")[:2000], "is a damaged image (image file is truncated"),
    "PNG header cut off": (encoded("PNG")[:20], "is a damaged image ("),
    "JPEG cut off": (encoded("JPEG")[:2000], "is a damaged image (image file is truncated"),
    "GIF cut off": (encoded("GIF")[:2000], "is a damaged image ("),
    "TIFF cut off": (encoded("TIFF")[:2000], "is a damaged image ("),
    "BMP cut off": (encoded("BMP")[:2000], "is a damaged image ("),
    "too few pixels": (png(100, 100), "is a damaged image ("),
    "a large claim": (png(9000, 9000), "claims more than 64 million pixels: save it smaller"),
    "a very large claim": (png(13_000, 13_000), "claims more than 64 million pixels"),
    "a bomb": (png(60_000, 60_000), "claims more than 64 million pixels"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_files(tmp_path, content, sentence):
    path = tmp_path / "seven.png"
    path.write_bytes(content)
    with pytest.raises(GlassnetError, match=f"^{re.escape(str(path))} {re.escape(sentence)}") as error:
        read_drawing(path)
    assert "\n" not in str(error.value)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(GlassnetError, match=r"^can't read .*nowhere\.png: No such file"):
        read_drawing(tmp_path / "nowhere.png")
    with pytest.raises(GlassnetError, match=r"^can't read "):
        read_drawing(tmp_path)


def test_a_cmyk_jpeg(tmp_path):
    Image.fromarray(RGB).convert("CMYK").save(tmp_path / "ell.jpg", quality=95)
    assert np.abs(read_drawing(tmp_path / "ell.jpg") - ell()).mean() < 0.01


def test_of_an_animation_the_first_frame(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "ell.gif", save_all=True, append_images=frames[1:], duration=100)
    assert np.array_equal(read_drawing(tmp_path / "ell.gif"), ell())


def test_a_tiff_with_what_is_no_number(tmp_path):
    numbers = ell()
    numbers[0, 0] = np.nan
    with pytest.raises(
        GlassnetError, match=r"is a damaged image \(its pixels aren't all numbers from 0 on\)"
    ):
        read_drawing(save(tmp_path / "ell.tiff", numbers))


def test_twenty_megapixels_take_little_memory(tmp_path):
    tall = np.full((5400, 3800), 255, dtype=np.uint8)
    tall[2000:3000, 1500:1540] = 0
    tall[2000:2040, 1500:2000] = 0
    save(tmp_path / "photo.jpg", tall, quality=50)
    del tall
    tracemalloc.start()
    (digit,) = read_digits(tmp_path / "photo.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digit.grey.shape == (900, 634)  # 5400 / 6: NumPy holds no larger image
    assert peak < 50e6


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (1, 1)])
def test_a_picture_of_one_row(tmp_path, shape):
    path = save(tmp_path / "row.png", np.zeros(shape, dtype=np.uint8))
    with pytest.raises(
        GlassnetError, match=r"row\.png has the shape .*: give a grey image of two pixels or more"
    ):
        read_digits(path)


def test_what_is_a_picture(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "text").write_text("seven")
    Image.fromarray(GREY).save(tmp_path / "drawing", "PNG")
    found = [
        is_picture(tmp_path / name) for name in ("folder.png", "text", "drawing", "nowhere", "nowhere.JPG")
    ]
    assert found == [False, False, True, False, True]


# Normalizing


def test_worked_by_hand():
    # A stroke of 10×2 pixels on a 14×10 image: enlarged twice to 20×4. Its centre of mass is its
    # middle, 9.5 and 1.5 from its first pixel; 14 − 9.5 and 14 − 1.5, rounded half up, are 5 and 13.
    grey = np.ones((14, 10), dtype=np.float32)
    grey[2:12, 3:5] = 0
    expected = np.zeros((28, 28), dtype=np.uint8)
    expected[5:25, 13:17] = 255
    assert np.array_equal(normalize_drawing(grey), expected)


def test_the_steps():
    steps = normalization(0.9 - 0.6 * (1 - ell()))  # ink 0.3 on paper 0.9
    assert steps.paper == pytest.approx(np.full((60, 40), 0.9))
    assert steps.ink.max() == pytest.approx(0.6)
    assert (steps.ink[ell() == 1] == 0).all()
    assert np.array_equal(steps.clean, 1 - ell())
    assert steps.box == (10, 12, 50, 32)
    assert np.array_equal(steps.cropped, 1 - ell()[10:50, 12:32])
    assert steps.drawn is steps.cropped  # a pen of 5 to 8 pixels of 40 is 2.5 to 4 of 20
    assert steps.scaled.shape == (20, 10)
    assert steps.scaled.max() == 1
    assert steps.centered.max() == 255
    at = np.arange(28)
    for axis in (0, 1):
        profile = steps.centered.sum(axis=1 - axis, dtype=float)
        assert abs(profile @ at / profile.sum() - 14) <= 0.51


def test_a_speck_far_away_is_dust():
    specked = ell(200, 200)
    specked[190, 190] = 0.5
    assert np.array_equal(normalize_drawing(specked), normalize_drawing(ell()))


def test_a_single_dot_is_ink_if_there_is_nothing_else():
    dot = np.ones((9, 9), dtype=np.float32)
    dot[4, 4] = 0
    assert (normalize_drawing(dot) == 255).sum() == 400


def test_noise_and_shade():
    # The paper goes from 0.95 to 0.65, and every pixel is off by 0.02.
    shade = np.linspace(0.95, 0.65, 200, dtype=np.float32)
    clean = np.ones((200, 200), dtype=np.float32)
    clean[50:150, 80:100] = 0.2
    clean[130:150, 80:130] = 0.2
    photo = np.clip(shade * clean + smooth_noise((200, 200), 0.02), 0, 1)
    off = np.abs(normalize_drawing(photo).astype(int) - normalize_drawing(clean))
    assert off.mean() < 6


VARIANTS = {
    "as it is": lambda image: image,
    "inverted": lambda image: 255 - image,
    "ten times larger": lambda image: np.kron(image, np.ones((10, 10), dtype=np.uint8)),
    "with a margin": lambda image: np.pad(image, ((40, 3), (9, 70))),
    "on grey paper": lambda image: np.round(0.9 * (255.0 - image)).astype(np.uint8),
    "faint": lambda image: image // 3,
}


def sources():
    no_mnist = pytest.mark.skipif(not REAL.is_dir(), reason="MNIST isn't in $GLASSNET_DATA/mnist")
    return ["digits", pytest.param("mnist", marks=no_mnist)]


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("name", sources())
def test_an_image_of_the_data_comes_back(tmp_path, name, change):
    off = []
    for image, _ in data.load(name).test[:100]:
        grey = read_drawing(save(tmp_path / "digit.png", change(image)))
        off.append(np.abs(normalize_drawing(grey).astype(int) - image).mean())
    assert np.mean(off) < 4  # of 255; every second image one pixel off would be about 10
    assert np.median(off) < 4


def test_bytes_and_fractions_are_the_same():
    image = data.load("digits").test.images[0]
    assert np.array_equal(normalize_drawing(image), normalize_drawing(image / 255))


BLANK = [np.ones((9, 9)), np.zeros((9, 9)), np.full((30, 40), 0.4), np.full((2, 2), 128, dtype=np.uint8)]


@pytest.mark.parametrize("grey", [*BLANK, 0.9 + smooth_noise((99, 99), 0.01).clip(-0.05, 0.05)])
def test_blank(grey):
    with pytest.raises(GlassnetError, match=r"^seven\.png is blank: nothing on it stands out"):
        normalize_drawing(grey, "seven.png")


def test_nothing_but_noise():
    noise = Stream(0, Purpose.GRADIENT_CHECK).uniform((300, 300)).astype(np.float32)
    with pytest.raises(
        GlassnetError, match=r"^seven\.png shows no digit: nothing on it stands out from the grain"
    ):
        find_digits(noise, "seven.png")


def test_a_page_of_specks_is_refused():
    specks = (Stream(0, Purpose.GRADIENT_CHECK).uniform((1024, 1024)) < 0.02).astype(np.float32)
    with pytest.raises(GlassnetError, match=r"^stars\.png shows [\d]+ marks: give a picture with 50 digits"):
        find_digits(specks, "stars.png")


@pytest.mark.parametrize(
    ("grey", "sentence"),
    [
        (np.ones((1, 1)), "seven.png has the shape (1, 1): give a grey image of two pixels or more each way"),
        (np.ones((1, 9)), "seven.png has the shape (1, 9)"),
        (np.ones((0, 0)), "seven.png has the shape (0, 0)"),
        (np.ones((9, 9, 3)), "seven.png has the shape (9, 9, 3)"),
        (np.full((9, 9), 255.0), "seven.png holds float64 from 255.0 to 255.0: give uint8 from 0 to 255, or"),
        (np.full((9, 9), np.nan), "seven.png holds float64 from nan to nan"),
        (np.ones((9, 9), dtype=int), "seven.png holds int64 from 1 to 1"),
    ],
)
def test_what_is_no_grey_image(grey, sentence):
    with pytest.raises(GlassnetError, match=f"^{re.escape(sentence)}"):
        normalize_drawing(grey, "seven.png")


@pytest.mark.parametrize("shape", [(400, 3), (3, 400)])
def test_a_hairline_becomes_as_wide_as_mnists_strokes(shape):
    grey = np.ones((410, 410), dtype=np.float32)
    grey[5 : 5 + shape[0], 5 : 5 + shape[1]] = 0
    image = normalize_drawing(grey)
    assert image.sum() / 255 == pytest.approx(20 * 1.8, abs=4)  # 20 long, as wide as MNIST's thin ones
    assert (image.any(axis=0).sum(), image.any(axis=1).sum()) in [(2, 20), (20, 2)]


# Several digits


def ells(*corners, height=200, width=400):
    """Paper with an L at each of the corners (top, left)."""
    grey = np.ones((height, width), dtype=np.float32)
    for top, left in corners:
        grey[top : top + 60, left : left + 40] = ell()
    return grey


def test_digits_are_read_one_by_one():
    alone = normalize_drawing(ell())
    digits = find_digits(ells((20, 300), (25, 100), (120, 200), (15, 200)))
    assert [(digit.box.top, digit.box.left) for digit in digits] == [
        (35, 112),
        (25, 212),
        (30, 312),
        (130, 212),
    ]
    for digit in digits:
        assert np.array_equal(digit.centered, alone)
        assert digit.grey is digits[0].grey
        assert digit.clean is digits[0].clean


def test_a_neighbour_in_the_box_is_left_out():
    # The box of the second L reaches below the first one's bar, which is no part of it.
    grey = np.ones((100, 100), dtype=np.float32)
    grey[10:60, 10:16] = 0
    grey[54:60, 10:40] = 0
    grey[10:46, 30:36] = 0
    grey[40:46, 30:70] = 0
    first, second = find_digits(grey)
    assert first.box.right > second.box.left
    assert first.cropped[:40, 20:26].sum() == 0


def test_one_digit_is_the_same_either_way():
    image = data.load("digits").test.images[0]
    (digit,) = find_digits(image)
    assert np.array_equal(digit.centered, normalize_drawing(image))


@pytest.mark.parametrize(("columns", "rows"), [(10, 1), (10, 5)])
def test_many_digits(columns, rows):
    corners = [(70 * row, 50 * column) for row in range(rows) for column in range(columns)]
    digits = find_digits(ells(*corners, height=70 * rows, width=50 * columns))
    assert [(digit.box.top - 10, digit.box.left - 12) for digit in digits] == corners


@pytest.mark.parametrize(("columns", "rows"), [(17, 3), (20, 15)])
def test_too_many_marks(columns, rows):
    corners = [(70 * row, 50 * column) for row in range(rows) for column in range(columns)]
    sentence = f"^page.png shows {columns * rows} marks: give a picture with 50 digits at most, or crop"
    with pytest.raises(GlassnetError, match=sentence):
        find_digits(ells(*corners, height=70 * rows, width=50 * columns), "page.png")
