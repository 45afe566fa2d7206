"""The embedded digits: what is stored, how it is split, and how it is rendered."""

from __future__ import annotations

import hashlib
import importlib.util
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from glassnet import data
from glassnet.data import digits
from glassnet.errors import GlassnetError

# How often each digit occurs among the 1,797, as UCI's description of the test images lists it.
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def stored():
    with np.load(digits.FILE, allow_pickle=False) as archive:
        return archive["images"], archive["labels"], str(archive["attribution"])


@pytest.fixture(scope="module")
def dataset():
    return data.load("digits")


def test_what_is_stored():
    images, labels, attribution = stored()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == labels.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert np.bincount(labels).tolist() == COUNTS
    assert attribution == digits.ATTRIBUTION
    for part in ("Alpaydin", "Kaynak", "UCI", "CC BY 4.0", "10.24432/C50P49"):
        assert part in attribution


def test_splits_have_every_class_in_proportion(dataset):
    for split, size in ((dataset.training, 1197), (dataset.validation, 240), (dataset.test, 360)):
        assert len(split) == size
        for k, count in enumerate(np.bincount(split.labels)):
            assert abs(count - Fraction(COUNTS[k] * size, 1797)) < 1


def test_splits_are_shuffled(dataset):
    for split in dataset.splits.values():
        # Ordered by class there would be 9 changes from one label to the next; by chance, nine in ten.
        assert np.mean(np.diff(split.labels) != 0) > 0.8


def test_no_image_is_in_two_splits(dataset):
    images = [image.tobytes() for split in dataset.splits.values() for image, _ in split]
    assert len(set(images)) == 1797


def test_the_dataset(dataset):
    assert dataset.image_shape == (28, 28)
    assert dataset.class_names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert dataset.training.images.dtype == np.uint8
    assert dataset.sha256 == hashlib.sha256(digits.FILE.read_bytes()).hexdigest()
    # What a seed means depends on the order: these labels never change.
    assert dataset.training.labels[:10].tolist() == [1, 4, 4, 1, 1, 1, 8, 2, 8, 9]
    for split in dataset.splits.values():
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable
    assert np.shares_memory(dataset.training.images.base, dataset.test.images.base)


def test_the_bits_are_the_same_everywhere(dataset):
    images = b"".join(split.images.tobytes() for split in dataset.splits.values())
    assert (
        hashlib.sha256(images).hexdigest()
        == "19b653f1a7a4d9d2c0e846735009007c3a69b91004ede24ec17e704e127626f0"
    )


@pytest.mark.slow
def test_they_are_scikit_learns():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    pixels, labels = load_digits(return_X_y=True)
    images, ours, _ = stored()
    theirs = {image.astype(np.uint8).tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    assert len(theirs) == 1797
    for image, label in zip(images, ours, strict=True):
        assert theirs[image.tobytes()] == label


@pytest.mark.slow
def test_the_tool_makes_the_same_bytes(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    tool = Path(__file__).parents[2] / "tools" / "make_digits.py"
    spec = importlib.util.spec_from_file_location("make_digits", tool)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr("sys.argv", ["make_digits.py", str(tmp_path / "digits.npz")])
    module.main()
    assert (tmp_path / "digits.npz").read_bytes() == digits.FILE.read_bytes()
    assert digits.SHA256 in capsys.readouterr().out


def slowly_rendered(small):
    """The same in the plainest way: fractions, one pixel after the other."""

    def sample(line, p):
        p = min(max(p, Fraction(0)), Fraction(7))
        left = min(int(p), 6)
        return line[left] * (1 - (p - left)) + line[left + 1] * (p - left)

    positions = [Fraction(8, 20) * i + Fraction(8, 40) - Fraction(1, 2) for i in range(20)]
    wide = [[sample([int(v) for v in row], p) for p in positions] for row in small]
    box = [[sample([wide[r][c] for r in range(8)], p) for c in range(20)] for p in positions]
    box = [[int(value * 255 / 16 + Fraction(1, 2)) for value in row] for row in box]
    mass = sum(map(sum, box))
    down = Fraction(sum(r * box[r][c] for r in range(20) for c in range(20)), mass)
    along = Fraction(sum(c * box[r][c] for r in range(20) for c in range(20)), mass)
    top = min(max(int(14 - down + Fraction(1, 2)), 0), 8)
    left = min(max(int(14 - along + Fraction(1, 2)), 0), 8)
    image = np.zeros((28, 28), dtype=np.uint8)
    for r in range(20):
        for c in range(20):
            image[top + r, left + c] = box[r][c]
    return image


@pytest.mark.parametrize("i", [0, 17, 500, 1796])
def test_rendering_against_a_slow_loop(i):
    images, _, _ = stored()
    assert np.array_equal(digits.rendered(images)[i], slowly_rendered(images[i]))


def test_interpolation_weights():
    R = digits.interpolation()
    assert (R.sum(axis=1) == 10).all()
    assert R[0].tolist() == [10, 0, 0, 0, 0, 0, 0, 0]  # p = −0.3, held at 0
    assert R[4].tolist() == [0, 7, 3, 0, 0, 0, 0, 0]  # p = 1.3
    assert np.array_equal(R, R[::-1, ::-1])  # left and right alike


def test_the_centre_of_mass_stands_at_the_centre(dataset):
    images = dataset.training.images.astype(np.float64)
    at = np.arange(28)
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = (images.sum(axis=3 - axis) @ at) / mass
        assert (abs(centre - 14) <= 0.5).all()


def test_extremes():
    full = np.full((1, 8, 8), 16, dtype=np.uint8)
    assert digits.rendered(full)[0, 5:25, 5:25].min() == 255  # 14 − 9.5, rounded half up
    assert digits.rendered(0 * full).max() == 0
    corner = np.zeros((1, 8, 8), dtype=np.uint8)
    corner[0, 0, 0] = 16
    assert digits.rendered(corner)[0, :8, :8].max() == 0  # moved as far as the box stays inside
    assert digits.rendered(corner)[0, 8, 8] == 255


def test_a_damaged_file_is_noticed(tmp_path, monkeypatch):
    damaged = tmp_path / "digits.npz"
    damaged.write_bytes(digits.FILE.read_bytes()[:-1])
    monkeypatch.setattr(digits, "FILE", damaged)
    with pytest.raises(
        GlassnetError, match=r"digits\.npz is damaged: its SHA-256 is .*; reinstall glassnet$"
    ):
        digits.load()
    damaged.unlink()
    with pytest.raises(GlassnetError, match=r"^can't read .*digits\.npz: No such file"):
        digits.load()
