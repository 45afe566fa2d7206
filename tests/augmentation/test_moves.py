"""Augmentation: its text, the range of its moves, and what it refuses."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.augmentation import Augmentation, expanded
from glassnet.augmentation.moves import GRAMMAR
from glassnet.augmentation.resampling import PIXEL
from glassnet.errors import GlassnetError
from glassnet.rng import Purpose, Stream

ALL = Augmentation(shift=2, rotate=10, scale=0.1, shear=0.2, elastic=1)
IMAGES = np.random.default_rng(0).integers(0, 256, size=(40, 12, 9), dtype=np.uint8)


# Text


@pytest.mark.parametrize(
    ("text", "values", "normal"),
    [
        ("", {}, ""),
        ("shift2", {"shift": 2}, "shift2"),
        ("  rotate10   shift.5 ", {"shift": 0.5, "rotate": 10}, "shift0.5 rotate10"),
        ("elastic1. shear0.10", {"shear": 0.1, "elastic": 1}, "shear0.1 elastic1"),
        ("shear0.00001", {"shear": 1e-5}, "shear0.00001"),
        ("expanded", {"expanded": True}, "expanded"),
    ],
)  # fmt: skip
def test_texts(text, values, normal):
    augmentation = Augmentation.parse(text)
    assert augmentation == Augmentation(**values)
    assert augmentation.text == normal
    assert augmentation.moves == (bool(values) and "expanded" not in values)


def test_every_word_stands_in_the_table_and_reads():
    assert [*GRAMMAR.forms] == [*Augmentation.__dataclass_fields__]
    for word, form in GRAMMAR.forms.items():
        for example in form.examples:
            number = example.removeprefix(word)
            assert getattr(Augmentation.parse(example), word) == (float(number) if number else True)


@settings(deadline=None)
@given(
    st.builds(
        Augmentation,
        shift=st.floats(0, 1024),
        rotate=st.floats(0, 180),
        scale=st.floats(0, 0.5),
        shear=st.floats(0, 1),
        elastic=st.floats(0, 1024),
    )
)
def test_text_and_back(augmentation):
    assert Augmentation.parse(augmentation.text) == augmentation


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("shft2", "augmentation 'shft2': 'shft2' is no way to move an image; did you mean 'shift2'?"),
        ("Shift2", "did you mean 'shift2'?"),
        ("rotation5", "did you mean 'rotate5'?"),
        ("translate2", "did you mean 'shift2'?"),
        ("zoom", "did you mean 'scale0.1'?"),
        ("shift", "'shift' is not understood: write shift2"),
        ("shift-1", "'shift-1' is not understood: write shift2"),
        ("shift1e3", "'shift1e3' is not understood: write shift2"),
        ("shift２", "is not understood: write shift2"),
        ("expanded2", "'expanded2' is not understood: write expanded"),
        ("blur3", "'blur3' is no way to move an image; there are shift2, rotate10, scale0.1, shear0.1"),
        ("2", "'2' is no way to move an image"),
        ("shift2,rotate3", "'shift2,rotate3' is not understood: write shift2"),
        ("shift2 rotate1 shift3", "shift stands there twice, give it once"),
        ("expanded expanded", "expanded stands there twice"),
        ("shift0", "augmentation 'shift0': 'shift0': it does nothing, leave it away"),
        ("rotate0.000", "'rotate0.000': it does nothing"),
        ("rotate181", "augmentation 'rotate181': rotate is 181.0: give a number from 0 to 180"),
        ("scale1", "scale is 1.0: give a number from 0 to 0.5"),
        ("shear2", "shear is 2.0: give a number from 0 to 1"),
        ("shift" + "9" * 400, "shift is inf: give a number from 0 to 1024"),
        ("expanded shift1", "expanded is a set of its own, leave the other words away"),
        ("x" * 1000, "x…"),
        (5, "augmentation is 5: give a text, such as 'shift2 rotate10'"),
        (None, "augmentation is None: give a text"),
    ],
)  # fmt: skip
def test_texts_that_are_refused(text, sentence):
    with pytest.raises(GlassnetError) as error:
        Augmentation.parse(text)
    assert sentence in str(error.value)
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("word", [word for word in GRAMMAR.forms if word != "expanded"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 10**400, "2", None, True, 1025])
def test_numbers_that_make_no_sense_are_refused(word, value):
    with pytest.raises(GlassnetError, match=f"{word} is .*: give a number from 0 to "):
        Augmentation(**{word: value})


def test_expanded_is_true_or_false():
    with pytest.raises(GlassnetError, match="expanded is 1: give True or False"):
        Augmentation(expanded=1)


def test_numpy_has_numbers_too():
    assert Augmentation(shift=np.int64(2), scale=np.float32(0.25)) == Augmentation(shift=2.0, scale=0.25)


# Images that don't fit


@pytest.mark.parametrize(
    ("augmentation", "shape", "sentence"),
    [
        (Augmentation(shift=14), (28, 28), "shift 14 would move a digit out of its 28×28 image: give"),
        (Augmentation(shift=2), (28, 8), "out of its 28×8 image: give less than 2"),
        (Augmentation(elastic=3.5), (28, 28), "elastic 3.5 would tear a digit apart in its 28×28"),
        (Augmentation(elastic=8), (3, 100, 90), "give less than 8"),
        (ALL, (784,), r"images of shape \(784,\) are none"),
        (ALL, (1, 1, 28, 28), "augmentation moves pictures"),
        (ALL, (0, 28), "augmentation moves pictures"),
        (ALL, (28, 1025), "give images of at most 1,024 pixels a side"),
    ],
)  # fmt: skip
def test_images_that_it_would_move_too_far_are_refused(augmentation, shape, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        augmentation.check_shape(shape)


@pytest.mark.parametrize(
    ("images", "arguments", "sentence"),
    [
        (IMAGES / 255, {}, r"images are float64 of shape \(40, 12, 9\): give uint8"),
        (IMAGES[0], {}, r"images are uint8 of shape \(12, 9\): give uint8 \(n, height, width\)"),
        (IMAGES[:, :4], {}, "shift 2 would move a digit out of its 4×9 image"),
        (IMAGES, {"seed": -1}, "seed is -1"),
        (IMAGES, {"places": [1, 2]}, "give a whole number, 0 or more, for each of the 40 images"),
        (IMAGES, {"places": np.arange(40) - 1}, "give a whole number"),
        (IMAGES, {"places": np.arange(40) * 1.0}, "give a whole number"),
        (IMAGES, {"places": np.arange(40) + 2**32}, "give a whole number"),
        (IMAGES, {"epoch": -1}, "epoch is -1"),
        (IMAGES, {"epoch": 1.5}, "epoch is 1.5"),
    ],
)
def test_bad_images_and_places_are_refused(images, arguments, sentence):
    with pytest.raises(GlassnetError, match=sentence):
        ALL.moved(images, **({"seed": 0} | arguments))


# Moves


def test_an_image_moves_by_seed_epoch_and_place_alone():
    whole = ALL.moved(IMAGES, seed=3, epoch=2)
    assert np.array_equal(whole, ALL.moved(IMAGES, seed=3, epoch=2))
    some = np.array([7, 39, 0, 7])
    assert np.array_equal(ALL.moved(IMAGES[some], 3, 2, some), whole[some])
    assert np.array_equal(ALL.moved(IMAGES[:, None], 3, 2)[:, 0], whole)
    for other in (
        ALL.moved(IMAGES, 4, 2),
        ALL.moved(IMAGES, 3, 3),
        ALL.moved(IMAGES, 3, 2, np.arange(40) + 1),
    ):
        assert not np.array_equal(other, whole)


def test_many_images_are_moved_in_slices_of_no_consequence():
    many = np.tile(IMAGES[:1], (1000, 1, 1))
    whole = ALL.moved(many, seed=1)
    assert np.array_equal(ALL.moved(many[700:705], 1, places=np.arange(700, 705)), whole[700:705])
    maps = ALL.maps((12, 9), 1, 1, np.arange(5000))
    assert np.array_equal(ALL.maps((12, 9), 1, 1, np.arange(4999, 5000)), maps[-1:])
    assert ALL.maps((12, 9), 1, 1, np.arange(0)).shape == (0, 6)
    assert ALL.moved(IMAGES[:0], seed=1).shape == (0, 12, 9)


def test_a_word_leaves_what_the_others_do_as_it_is():
    """Each draws its own numbers: with and without rotation, the same shift."""
    one, both = (
        a.maps((28, 28), 0, 1, np.arange(9))
        for a in (Augmentation(shift=2), Augmentation(shift=2, shear=0.5))
    )
    center = np.array([13.5, 13.5])
    for a, b in zip(one / PIXEL, both / PIXEL, strict=True):
        shift = center - a.reshape(2, 3)[:, 2] - center
        back = b.reshape(2, 3)[:, :2] @ (center + shift) + b.reshape(2, 3)[:, 2]
        assert np.abs(back - center).max() < 1e-3  # what was in the center has come there


def test_nothing_moves_without_a_word():
    copy = Augmentation().moved(IMAGES, seed=0)
    assert np.array_equal(copy, IMAGES)
    assert copy is not IMAGES
    assert np.array_equal(Augmentation.parse("expanded").moved(IMAGES, seed=0), IMAGES)


def maps(**words):
    """Of 20,000 examples: the matrices M (n, 2, 2), and the rest (n, 2)."""
    m = Augmentation(**words).maps((28, 28), 7, 1, np.arange(20_000)).reshape(-1, 2, 3) / PIXEL
    return m[:, :, :2], m[:, :, 2]


def assert_uniform(values, most):
    """From −most to most, all alike: as far as that, and the standard deviation most/√3."""
    assert values.min() > -most * 1.001
    assert values.max() < most * 1.001
    assert values.min() < -0.999 * most
    assert values.max() > 0.999 * most
    assert values.std() == pytest.approx(most / np.sqrt(3), rel=0.02)
    assert abs(values.mean()) < 0.02 * most


def test_shifts_are_uniform_and_independent():
    matrix, rest = maps(shift=2.5)
    assert np.array_equal(matrix, np.tile(np.eye(2), (20_000, 1, 1)))
    assert_uniform(rest[:, 0], 2.5)
    assert_uniform(rest[:, 1], 2.5)
    assert abs(np.corrcoef(rest.T)[0, 1]) < 0.03


def test_angles_are_uniform_and_lengths_stay():
    matrix, rest = maps(rotate=15)
    assert np.abs(np.linalg.det(matrix) - 1).max() < 1e-4
    assert_uniform(np.degrees(np.arctan2(matrix[:, 0, 1], matrix[:, 0, 0])), 15)
    assert np.abs(matrix @ [13.5, 13.5] + rest - 13.5).max() < 1e-3  # the center stays


def test_factors_are_uniform():
    matrix, rest = maps(scale=0.2)
    assert_uniform(1 / matrix[:, 0, 0] - 1, 0.2)
    assert np.array_equal(matrix[:, 0, 0], matrix[:, 1, 1])
    assert not matrix[:, [0, 1], [1, 0]].any()
    assert np.abs(matrix @ [13.5, 13.5] + rest - 13.5).max() < 1e-3


def test_shears_are_uniform():
    matrix, rest = maps(shear=0.3)
    assert_uniform(-matrix[:, 0, 1], 0.3)
    assert np.array_equal(matrix[:, :, 0], np.tile([1.0, 0.0], (20_000, 1)))
    assert np.abs(matrix @ [13.5, 13.5] + rest - 13.5).max() < 1e-3


@pytest.mark.parametrize("place", [0, 1, 77, 2**31 + 5])
def test_a_map_undoes_scale_shear_rotation_and_shift(place):
    """The way there, with libm's sine and the numbers of the example's own stream."""
    a, b, turn, factor, shear = 2 * Stream(5, Purpose.AUGMENT, epoch=3, step=place).uniform((5,)) - 1
    s, k, angle = 1 + 0.1 * factor, 0.2 * shear, radians(10 * turn)
    there = (
        np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
        @ np.array([[1, k], [0, 1]])
        @ np.diag([s, s])
    )
    m = ALL.maps((20, 31), 5, 3, np.array([place]))[0].reshape(2, 3) / PIXEL
    center, shift = np.array([15.0, 9.5]), 2 * np.array([a, b])
    for point in ((0, 0), (15, 9.5), (30, 0), (4, 19)):
        arrived = there @ (np.array(point) - center) + center + shift
        assert np.abs(m[:, :2] @ arrived + m[:, 2] - point).max() < 1e-3


PINNED = [
    [0, 0, 0, 0, 0, 0],
    [0, 11, 102, 88, 0, 0],
    [0, 86, 200, 50, 0, 0],
    [0, 0, 200, 54, 0, 0],
    [0, 0, 21, 48, 0, 0],
    [0, 0, 0, 0, 0, 0],
]


def test_what_a_move_is_has_not_changed():
    """If this fails, old recipes no longer repeat: put the old numbers back, don't pin new ones."""
    image = np.zeros((1, 6, 6), np.uint8)
    image[0, 1:5, 2:4] = 200
    moved = Augmentation(shift=1, rotate=20, scale=0.2, shear=0.2, elastic=0.5).moved(image, seed=9, epoch=4)
    assert moved[0].tolist() == PINNED


# The fixed set


def test_expanded_by_hand():
    image = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
    assert expanded(image).tolist() == [
        [[1, 2, 3], [4, 5, 6]],
        [[4, 5, 6], [0, 0, 0]],
        [[0, 0, 0], [1, 2, 3]],
        [[2, 3, 0], [5, 6, 0]],
        [[0, 1, 2], [0, 4, 5]],
    ]
    assert np.array_equal(expanded(image[:, None])[:, 0], expanded(image))
    two = np.concatenate([image, image[::-1] + 10])
    assert np.array_equal(expanded(two)[::2], expanded(image))  # all images, then all of them moved


def test_expanding_asks_for_memory_first(monkeypatch):
    from glassnet import memory

    monkeypatch.setattr(memory, "available", lambda: 10**6)
    huge = np.broadcast_to(np.uint8(0), (10**6, 28, 28))
    with pytest.raises(GlassnetError, match=r"expanding the training images would take about 3\.92 GB"):
        expanded(huge)
