"""The embedded data: 1,797 real handwritten digits of 8×8, enlarged to 28×28 like MNIST's.

They are computed from whole numbers, so that the images are the same bits everywhere.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.data.dataset import Dataset, Split
from glassnet.data.mnist_form import BOX, SIDE, beginning
from glassnet.errors import GlassnetError
from glassnet.files import read_bytes

FILE = Path(__file__).with_name("digits.npz")  # made by tools/make_digits.py
SHA256 = "1b4f0341361799b4c0b1017e0d4a1bf23a42c25088b4f6a403a7388121af8b53"
TRAINING, VALIDATION, TEST = 1197, 240, 360
ATTRIBUTION = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,"
    " https://doi.org/10.24432/C50P49, CC BY 4.0; the 1,797 test images as distributed with scikit-learn,"
    " shuffled, split, and enlarged to 28×28"
)

STROKE = 16  # the largest value of an 8×8 pixel


def load() -> Dataset:
    """The digits, split into 1,197 to train, 240 to validate and 360 to test.

    Returns:
        A dataset of read-only uint8 images, (n, 28, 28), light ink on black.

    Raises:
        GlassnetError: the file in the package is missing or damaged.

    >>> load()
    Dataset('digits': 1197 training, 240 validation, 360 test, 10 classes)
    """
    small, classes = _stored()
    images, labels = rendered(small), classes.astype(np.int64)
    for array in (images, labels):
        array.flags.writeable = False
    everything = Split(images, labels)
    return Dataset(
        name="digits",
        training=everything[:TRAINING],
        validation=everything[TRAINING : TRAINING + VALIDATION],
        test=everything[TRAINING + VALIDATION :],
        class_names=tuple("0123456789"),
        sha256=SHA256,
        attribution=ATTRIBUTION,
    )


def rendered(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images of 8×8 (0 … 16) as MNIST would show them: (n, 8, 8) → (n, 28, 28), 0 … 255.

    Enlarged to 20×20 by bilinear interpolation, then placed so that the centre of mass stands at the
    centre of the 28×28.

    >>> dot = np.zeros((1, 8, 8), dtype=np.uint8)
    >>> dot[0, 2, 5] = 16
    >>> rendered(dot)[0, 12:17, 12:17]
    array([[  8,  38,  69,  54,  23],
           [ 18,  89, 161, 125,  54],
           [ 23, 115, 207, 161,  69],
           [ 13,  64, 115,  89,  38],
           [  3,  13,  23,  18,   8]], dtype=uint8)
    """
    return _centered(_enlarged(small))


def interpolation() -> NDArray[np.int32]:
    """R, (20, 8), in tenths: row i holds the weights of the 8 pixels in the i-th of the 20.

    Pixel i of 20 stands at p = 0.4 i − 0.3 among the 8 (the middle of its share of the width), held
    at the edges; it takes the nearer of its two neighbours the more.
    """
    p = np.clip(4 * np.arange(BOX) - 3, 0, 70)  # (20,), in tenths
    return np.maximum(0, 10 - abs(p[:, None] - 10 * np.arange(8))).astype(np.int32)


def _enlarged(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """R X Rᵀ for every image X, scaled to 0 … 255 and rounded half up: (n, 8, 8) → (n, 20, 20)."""
    R = interpolation()  # (20, 8)
    hundredths = R @ small.astype(np.int32) @ R.T  # (n, 20, 20)
    white = 100 * STROKE
    return ((255 * hundredths + white // 2) // white).astype(np.uint8)


def _centered(boxes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each box on a black 28×28, its centre of mass nearest to the centre: (n, 20, 20) → (n, 28, 28)."""
    n = len(boxes)
    top = beginning(boxes.sum(axis=2, dtype=np.int64))[:, None, None]  # (n, 1, 1)
    left = beginning(boxes.sum(axis=1, dtype=np.int64))[:, None, None]  # (n, 1, 1)
    images = np.zeros((n, SIDE, SIDE), dtype=np.uint8)
    which, pixel = np.arange(n)[:, None, None], np.arange(BOX)  # (n, 1, 1), (20,)
    images[which, top + pixel[:, None], left + pixel] = boxes
    return images


def _stored() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 8×8 images, (1797, 8, 8), 0 … 16, and the labels, (1797,), as they lie in the package."""
    from hashlib import sha256

    data = read_bytes(FILE)
    found = sha256(data).hexdigest()
    if found != SHA256:
        raise GlassnetError(
            f"{FILE} is damaged: its SHA-256 is {found[:12]}…, not {SHA256[:12]}…; reinstall glassnet"
        )
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return archive["images"], archive["labels"]
