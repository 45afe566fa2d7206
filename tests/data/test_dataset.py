"""Splits and datasets: what they hold, share, and refuse."""

from __future__ import annotations

import re

import numpy as np
import pytest

from glassnet import data
from glassnet.data import Dataset, Split, sources
from glassnet.errors import GlassnetError

IMAGES = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
SPLIT = Split(IMAGES, [4, 3, 2, 1, 0])
FLOATS = np.zeros((3, 4), dtype=np.float32)
NAMES = ("a", "b", "c", "d", "e")
SHA256 = "0123456789abcdef" * 4


def with_(value, *, at):
    array = FLOATS.copy()
    array[at] = value
    return array


def dataset(**changes):
    parts = {"name": "five", "training": SPLIT, "validation": SPLIT[:2], "test": SPLIT[:0]}
    parts |= {"class_names": NAMES, "sha256": SHA256, "attribution": "ours"}
    return Dataset(**(parts | changes))


def test_one_example():
    image, label = SPLIT[3]
    assert image.tolist() == [[18, 19, 20], [21, 22, 23]]
    assert label == 1
    assert type(label) is int
    assert SPLIT[np.int64(-1)][1] == 0


@pytest.mark.parametrize(
    ("which", "labels"),
    [
        (slice(1, 3), [3, 2]),
        (slice(None, None, -2), [0, 2, 4]),
        ([4, 0, 0], [0, 4, 4]),
        (np.array([2]), [2]),
        (np.array([True, False, False, False, True]), [4, 0]),
        (slice(9, 9), []),
    ],
)
def test_a_part_is_a_split(which, labels):
    part = SPLIT[which]
    assert isinstance(part, Split)
    assert part.labels.tolist() == labels
    assert len(part) == len(labels)
    assert [int(image[0, 0]) for image, _ in part] == [6 * (4 - label) for label in labels]


def test_no_image_is_copied():
    assert SPLIT.images is IMAGES
    assert np.shares_memory(SPLIT[1:3].images, IMAGES)
    assert dataset().training.images is IMAGES


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_labels_are_kept_as_int64(dtype):
    split = Split(IMAGES, np.arange(5, dtype=dtype))
    assert split.labels.dtype == np.int64
    assert split.labels.tolist() == [0, 1, 2, 3, 4]


def test_what_they_look_like():
    assert repr(SPLIT) == "Split(5 images of 2×3, uint8)"
    assert repr(Split(FLOATS, [0, 0, 0])) == "Split(3 images of 4, float32)"
    assert repr(dataset()) == "Dataset('five': 5 training, 2 validation, 0 test, 5 classes)"
    assert dataset().image_shape == (2, 3)
    assert dataset(class_names=list(NAMES)).class_names == NAMES


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (IMAGES, [1, 2], "there are 5 images and 2 labels"),
        (IMAGES, [0.0, 1, 2, 3, 4], "labels are float64 of shape (5,): give one whole number per image"),
        (IMAGES, np.ones(5, dtype=bool), "labels are bool of shape (5,)"),
        (IMAGES, np.zeros((5, 10), dtype=int), "labels are int64 of shape (5, 10)"),
        (IMAGES, [0, 1, -1, 0, 0], "the label of image 2 is -1: labels count from 0"),
        (
            IMAGES,
            np.array([0, 2**64 - 1, 0, 0, 0], dtype=np.uint64),
            "the label of image 1 is 18446744073709551615",
        ),
        (IMAGES.astype(np.int64), [0] * 5, "images are int64: give uint8 (0 to 255) or floating"),
        (IMAGES > 3, [0] * 5, "images are bool"),
        (
            IMAGES[0, 0],
            [0] * 3,
            "images are an array of shape (3,): give (n, height, width) or (n, features)",
        ),
        (IMAGES[None], [0], "images are an array of shape (1, 5, 2, 3)"),
        (IMAGES[:, :, :0], [0] * 5, "images are an array of shape (5, 2, 0)"),
        (with_(np.nan, at=(1, 2)), [0] * 3, "image 1 holds nan: give finite numbers only"),
        (with_(-np.inf, at=(2, 0)), [0] * 3, "image 2 holds -inf"),
    ],
)
def test_bad_splits(images, labels, sentence):
    with pytest.raises(GlassnetError, match=f"^{re.escape(sentence)}"):
        Split(images, labels)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"training": SPLIT[:0]}, "the training split of 'five' is empty: give it at least one image"),
        (
            {"class_names": NAMES[:4]},
            "the label of training image 0 of 'five' is 4, and there are 4 class names",
        ),
        (
            {"training": SPLIT[3:], "class_names": NAMES[:4]},
            "the label of validation image 0 of 'five' is 4",
        ),
        ({"class_names": ("a", "b", "a", "d", "e")}, "class names of 'five' repeat: a, b, a, d, e"),
        (
            {"test": Split(IMAGES[:, :, :2], SPLIT.labels)},
            "the test images of 'five' are uint8 of shape (2, 2), and the training images are uint8 of",
        ),
        ({"test": Split(IMAGES / 255, SPLIT.labels)}, "the test images of 'five' are float64"),
        ({"sha256": "123"}, "the SHA-256 of 'five' is '123': give 64 hexadecimal digits"),
    ],
)
def test_bad_datasets(changes, sentence):
    with pytest.raises(GlassnetError, match=f"^{re.escape(sentence)}"):
        dataset(**changes)


@pytest.mark.parametrize("which", [5, -6, [0, 5], np.array([99])])
def test_an_index_outside(which):
    with pytest.raises(GlassnetError, match=r"out of bounds.*: this split has the images 0 to 4$"):
        SPLIT[which]


def test_public_names():
    assert sorted(data.__all__) == sorted(set(data.__all__))
    assert all(hasattr(data, name) for name in data.__all__)


def test_the_table_of_sources():
    assert list(sources.SOURCES) == ["digits", "mnist"]
    for source in sources.SOURCES.values():
        assert "CC BY" in source.attribution
        assert "\n" not in source.description


@pytest.mark.parametrize("function", [data.load, data.locate, data.fetch])
def test_an_unknown_name(function):
    with pytest.raises(GlassnetError, match=r"^unknown data 'mnits': did you mean 'mnist'\?"):
        function("mnits")
