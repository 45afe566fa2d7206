"""Pictures of no digit: every kind of the table, by its own rule."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import Dataset, Split, load
from glassnet.errors import GlassnetError
from glassnet.handwriting import draw_not_digits, normalize_drawing, with_not_digits
from glassnet.handwriting.not_digits.dice import Dice
from glassnet.handwriting.not_digits.doodles import KINDS, ROUND, Material
from glassnet.handwriting.not_digits.draw import of_kind
from glassnet.handwriting.not_digits.lettering import (
    CAPITALS,
    FONTS,
    SIDE,
    SIGNS,
    SMALL,
    STROKES,
    TEST_FONTS,
    matplotlib_fonts,
    penned,
    printed,
    rounded,
)

pytestmark = pytest.mark.table

FEW = 12


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param, of_kind(request.param, FEW, seed=3)


def test_a_kind_draws_pictures_by_seed(kind):
    name, pictures = kind
    assert (pictures.shape, pictures.dtype) == ((FEW, 28, 28), np.uint8)
    np.testing.assert_array_equal(of_kind(name, 3, seed=3), pictures[:3])
    assert (of_kind(name, 3, seed=4) != pictures[:3]).any()


def test_a_kind_repeats_itself_only_where_it_is_plain(kind):
    name, pictures = kind
    different = len({picture.tobytes() for picture in pictures})
    assert different > (3 if name == "blank" else FEW - 2)  # there are a thousand digits to turn
    if name != "blank":
        assert (np.ptp(pictures.reshape(FEW, -1), axis=1) > 30).all()  # something can be seen


def border(picture):
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


@pytest.mark.parametrize("name", ["line", "lines"])
def test_lines_go_from_edge_to_edge(name):
    for picture in of_kind(name, 40, seed=2):
        assert np.count_nonzero(border(picture)) >= 2


def test_a_dash_lies():
    for picture in of_kind("dash", 40, seed=2):
        inked = picture > 60
        assert inked.any(axis=0).sum() > inked.any(axis=1).sum()


def test_a_shape_is_no_stroke():
    for picture in of_kind("shape", 40, seed=2):
        inked = picture > 128
        height, width = inked.any(axis=1).sum(), inked.any(axis=0).sum()
        assert inked.sum() > 0.3 * height * width  # filled
        assert height < 2.5 * width


def holes(inked):
    """How many black areas are enclosed: flood from the border with zeros around, then count what is left."""
    open_ = np.zeros(np.add(inked.shape, 2), bool)
    wall = np.pad(inked, 1)
    open_[0] = True

    def spread(area):
        while True:
            grown = area.copy()
            for axis in (0, 1):
                for step in (-1, 1):
                    grown |= np.roll(area, step, axis)
            grown &= ~wall
            if (grown == area).all():
                return area
            area = grown

    left = ~wall & ~spread(open_)
    count = 0
    while left.any():
        count += 1
        seed = np.zeros_like(left)
        seed[tuple(np.argwhere(left)[0])] = True
        left &= ~spread(seed)
    return count


def test_an_outline_is_closed():
    for picture in of_kind("outline", 40, seed=2):
        assert holes(picture > 60) >= 1


def test_a_ring_has_something_in_it():
    for picture in of_kind("ringed", 40, seed=2):
        inked = picture > 60
        assert holes(inked) >= 1
        middle = inked[9:19, 9:19]
        assert middle.sum() >= 4


def test_a_turned_digit_is_one_of_those_that_are_none_then():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (10, 28, 28), np.uint8)  # each unlike the others, whichever way round
    material = Material(matplotlib_fonts(), Split(images, np.arange(10)))
    forms = {
        normalize_drawing(np.pad(form, 2)).tobytes(): (k, name)
        for k, image in enumerate(images)
        for name, form in (
            ("mirror", image[:, ::-1]),
            ("left", np.rot90(image)),
            ("right", np.rot90(image, 3)),
        )
    }
    found = {forms[KINDS["turned"].draw(Dice(0, i), material).tobytes()] for i in range(300)}
    assert found == {(k, "mirror") for k in (3, 4, 7, 9)} | {
        (k, turn) for k in (3, 4, 5, 6, 9) for turn in ("left", "right")
    }


# All together


def test_pictures_come_in_the_shares_of_the_table():
    assert {name: ROUND.count(name) for name in KINDS} == {name: kind.share for name, kind in KINDS.items()}
    assert len(set(ROUND[: len(ROUND) // 2])) > 10  # a few pictures show many kinds
    pictures = draw_not_digits(len(ROUND) + 3, 5)
    assert pictures.shape == (len(ROUND) + 3, 28, 28)
    np.testing.assert_array_equal(draw_not_digits(5, 5), pictures[:5])
    material = Material(matplotlib_fonts(), load("digits").training)
    for i in (0, 1, len(ROUND) - 1, len(ROUND) + 2):
        drawn = KINDS[ROUND[i % len(ROUND)]].draw(Dice(5, i), material)
        np.testing.assert_array_equal(drawn, pictures[i])


def test_a_dataset_with_one_more_class():
    plain = load("digits")
    data = with_not_digits(plain, 60, seed=2)
    assert data.class_names == (*"0123456789", "not a digit")
    n, v = len(plain.training), len(plain.validation)
    assert len(data.training) == n + 60
    assert len(data.validation) == v + 12  # 60 · 240 / 1197 = 12.03
    assert data.training.labels[n:].tolist() == [10] * 60
    assert data.validation.labels[v:].tolist() == [10] * 12
    np.testing.assert_array_equal(data.training.images[:n], plain.training.images)
    assert data.test is plain.test
    assert (data.name, data.sha256, data.attribution) == (plain.name, plain.sha256, plain.attribution)
    learned = {picture.tobytes() for picture in data.training.images[n:]}
    assert sum(picture.tobytes() in learned for picture in data.validation.images[v:]) <= 1  # two blanks


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_is_at_least_1(count):
    with pytest.raises(GlassnetError, match=rf"^count is {count}: draw one picture or more"):
        draw_not_digits(count)
    with pytest.raises(GlassnetError, match=rf"^count is {count}: draw one picture or more"):
        with_not_digits(load("digits"), count)


def test_other_data_than_digits_are_refused():
    split = Split(np.zeros((2, 28, 28), np.uint8), [0, 1])
    with pytest.raises(GlassnetError, match="'pets' has the classes cat, dog: give data of digits"):
        with_not_digits(Dataset("pets", split, split[:0], split[:0], ("cat", "dog")), 5)
    small = Split(np.zeros((2, 8, 8), np.uint8), [0, 1])
    noughts = Split(np.zeros((2, 28, 28), np.uint8), [0, 0])
    for digits in (small, noughts, noughts[:0]):
        with pytest.raises(GlassnetError, match="pictures are made of uint8 digits of 28×28"):
            draw_not_digits(5, digits=digits)


# Letters


def test_no_font_is_both_chosen_by_and_tested_with():
    assert not set(FONTS) & set(TEST_FONTS)
    assert len({path.name for path in matplotlib_fonts(FONTS + TEST_FONTS)}) == len(FONTS) + len(TEST_FONTS)


@pytest.mark.parametrize("font", FONTS + TEST_FONTS)
def test_a_font_has_every_letter_in_the_middle(font):
    (path,) = matplotlib_fonts((font,))
    drawn = set()
    for letter in CAPITALS + (SMALL + SIGNS.replace("€", "") if font in FONTS else ""):
        sheet = printed(letter, path, 60)
        assert sheet.size == (SIDE, SIDE)
        left, top, right, bottom = sheet.getbbox()
        assert abs(left + right - SIDE) <= 2
        assert abs(top + bottom - SIDE) <= 2
        drawn.add(sheet.tobytes())
    assert len(drawn) >= len(CAPITALS)  # no box that stands for all missing letters


@pytest.mark.parametrize("letter", STROKES)
def test_a_letter_by_pen(letter):
    assert letter in CAPITALS + SMALL
    points = [stroke[i : i + 2] for stroke in STROKES[letter].split() for i in range(0, len(stroke), 2)]
    assert all(len(point) == 2 and point[0] <= "4" and point[1] <= "6" for point in points)
    box = penned(letter, Dice(0, 0)).getbbox()
    assert 0 < box[0] < box[2] < SIDE
    assert 0 < box[1] < box[3] < SIDE


def test_cut_corners():
    path = rounded(np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0]]))
    np.testing.assert_array_equal(path[[0, -1]], [[0, 0], [8, 8]])
    assert not (path == [8, 0]).all(axis=1).any()
    # The first cut leaves the corner's neighbours (6, 0) and (8, 2), the next ones lie between.
    nearest = abs(path - [8, 0]).sum(axis=1).min()
    assert 1 < nearest < 2.5


def test_missing_and_broken_fonts(tmp_path):
    with pytest.raises(GlassnetError, match=r"Nothing\.ttf is missing: install matplotlib anew"):
        matplotlib_fonts(("Nothing.ttf",))
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    for path in (broken, tmp_path / "none.ttf"):
        with pytest.raises(GlassnetError, match="can't read the font"):
            draw_not_digits(1, fonts=[path])
    with pytest.raises(GlassnetError, match="there is no font to draw letters with"):
        draw_not_digits(1, fonts=[])
