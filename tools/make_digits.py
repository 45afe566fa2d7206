"""Makes src/glassnet/data/digits.npz: scikit-learn's copy of the digits, shuffled and split for good.

    python tools/make_digits.py [where/to/digits.npz]

The same bytes come out on every machine: the shuffle is our own, and nothing is compressed (zlib's
output differs between its versions; the wheel compresses it anyway).
"""

from __future__ import annotations

import io
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.digits import ATTRIBUTION, FILE, TEST, TRAINING, VALIDATION
from glassnet.files import write_atomically
from glassnet.rng import Purpose, Stream

SEED = 1797


def main() -> None:
    """Write the file and say what its SHA-256 is."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = split_order(labels)
    data = npz(
        images=images.reshape(-1, 8, 8)[order].astype(np.uint8),  # (1797, 8, 8), 0 … 16
        labels=labels[order].astype(np.uint8),  # (1797,)
        attribution=np.array(ATTRIBUTION),
    )
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    write_atomically(path, data)
    print(f"{path}: {len(data)} bytes, SHA-256 {sha256(data).hexdigest()}")


def split_order(labels: NDArray[Any]) -> NDArray[np.int64]:
    """The order in which the examples are stored: training, validation, test, (n,).

    Each split has every class in proportion, and is shuffled itself.
    """
    shuffled = Stream(SEED, Purpose.SHUFFLE, step=0).permutation(len(labels))  # (n,)
    test_counts = shares(np.bincount(labels), TEST)  # (10,)
    validation_counts = shares(np.bincount(labels), VALIDATION)  # (10,)
    parts: list[list[NDArray[np.int64]]] = [[], [], []]
    for k, (n_test, n_validation) in enumerate(zip(test_counts, validation_counts, strict=True)):
        members = shuffled[labels[shuffled] == k]
        test, validation, training = np.split(members, [n_test, n_test + n_validation])
        for part, chosen in zip(parts, (training, validation, test), strict=True):
            part.append(chosen)
    splits = [np.concatenate(part) for part in parts]
    for step, (split, size) in enumerate(zip(splits, (TRAINING, VALIDATION, TEST), strict=True), start=1):
        proportional = np.bincount(labels) * size / len(labels)
        if len(split) != size or np.any(abs(np.bincount(labels[split]) - proportional) >= 1):
            raise SystemExit(f"split {step} isn't stratified: choose other sizes")
        split[:] = split[Stream(SEED, Purpose.SHUFFLE, step=step).permutation(size)]
    return np.concatenate(splits)


def shares(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """`total` places divided in proportion to `counts`, by the largest remainders."""
    whole, remainder = np.divmod(counts * total, counts.sum())
    most = np.argsort(-remainder, kind="stable")[: total - whole.sum()]
    whole[most] += 1
    return whole


def npz(**arrays: NDArray[Any]) -> bytes:
    """What np.savez writes, with nothing in it that depends on the system or the time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980 unless told otherwise
            entry.create_system = 3
            archive.writestr(entry, member.getvalue())
    return file.getvalue()


if __name__ == "__main__":
    main()
