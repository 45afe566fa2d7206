"""MNIST: found in `$GLASSNET_DATA/mnist`, else in the user's cache, else downloaded into the cache.

Wherever the files come from, their SHA-256 is checked before anything is learned from them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data.dataset import Dataset, Split
from glassnet.data.idx import parse_idx, unpacked
from glassnet.errors import GlassnetError
from glassnet.files import cannot, read_bytes, write_atomically


class File(NamedTuple):
    """One of the four files, as published (uncompressed)."""

    name: str
    size: int
    sha256: str


TRAIN_IMAGES = File(
    "train-images-idx3-ubyte",
    47040016,
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = File(
    "train-labels-idx1-ubyte",
    60008,
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = File(
    "t10k-images-idx3-ubyte",
    7840016,
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = File(
    "t10k-labels-idx1-ubyte",
    10008,
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
VALIDATION = 10_000  # the last of the 60,000, as in Nielsen's book

ATTRIBUTION = "MNIST, Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SILENCE = 20.0  # seconds without a byte, after which a mirror counts as down
PATIENCE = 600.0  # seconds for one file, however steadily it trickles


def load() -> Dataset:
    """MNIST as Nielsen's book splits it: 50,000 to train, 10,000 to validate, 10,000 to test.

    Downloads it first where it isn't found. The splits are views of one read-only array of uint8
    per file: (n, 28, 28), light ink on black.

    Raises:
        GlassnetError: it isn't here and can't be fetched, or a file isn't what was published.
    """
    folder = locate() or fetch()
    train = Split(_array(TRAIN_IMAGES, folder), _array(TRAIN_LABELS, folder).astype(np.int64))
    test = Split(_array(TEST_IMAGES, folder), _array(TEST_LABELS, folder).astype(np.int64))
    for split in (train, test):
        split.labels.flags.writeable = False
    n_training = len(train) - VALIDATION
    return Dataset(
        name="mnist",
        training=train[:n_training],
        validation=train[n_training:],
        test=test,
        class_names=tuple("0123456789"),
        sha256=_sha256("".join(file.sha256 for file in FILES).encode()),
        attribution=ATTRIBUTION,
    )


def locate() -> Path | None:
    """The first folder that has all four files, or None; their content is looked at by `load`."""
    own = os.environ.get("GLASSNET_DATA")
    folders = [Path(own) / "mnist"] if own else []
    for folder in [*folders, cache_folder()]:
        if all(_find(file, folder) for file in FILES):
            return folder
    return None


def fetch() -> Path:
    """Make sure that MNIST is here, and say where: downloads what the cache lacks or has damaged.

    Each file is checked before it gets its name, so that what stands in the cache is whole. The
    mirrors are tried in turn; `GLASSNET_MNIST_MIRROR` (one address, or several with spaces between)
    replaces them.

    Raises:
        GlassnetError: no mirror has the files, or the cache can't be written.
    """
    folder = locate()
    if folder is not None and folder != cache_folder():
        return folder
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot("create", folder, error) from error
    for file in FILES:
        if not _is_whole(file, folder):
            # Unzipped, because loading is then several times faster.
            write_atomically(folder / file.name, _download(file, folder))
    return folder


def cache_folder() -> Path:
    """Where downloaded files are kept: `mnist` in the user's cache for glassnet."""
    from platformdirs import user_cache_path

    return user_cache_path("glassnet") / "mnist"


def _array(file: File, folder: Path) -> NDArray[np.uint8]:
    """The array in a file of `folder` that is what was published."""
    path = _find(file, folder) or folder / file.name
    again = "; delete it and run `glassnet data fetch mnist`"
    return parse_idx(_checked(read_bytes(path), file, str(path), again), str(path))


def _find(file: File, folder: Path) -> Path | None:
    """The file under one of the names that it goes by: with `-idx` or `.idx`, raw or zipped."""
    for name in (file.name, file.name.replace("-idx", ".idx")):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def _is_whole(file: File, folder: Path) -> bool:
    """Whether `folder` has the file as published."""
    try:
        _checked(read_bytes(_find(file, folder) or folder / file.name), file, file.name)
    except GlassnetError:
        return False
    return True


def _checked(data: bytes, file: File, source: str, then: str = "") -> bytes:
    """The content of the published file, from its raw or zipped bytes.

    Raises:
        GlassnetError: it is something else; the sentence ends with `then`, what to do.
    """
    content = unpacked(data, source, at_most=file.size + 1)
    found = _sha256(content)
    if found != file.sha256:
        raise GlassnetError(
            f"{source} isn't MNIST's {file.name}: its SHA-256 is {found[:12]}…, not {file.sha256[:12]}…{then}"
        )
    return content


def _sha256(content: bytes) -> str:
    from hashlib import sha256

    return sha256(content).hexdigest()


def _download(file: File, folder: Path) -> bytes:
    """The unzipped file from the first mirror that has it as published.

    Raises:
        GlassnetError: none has; `folder` is where the files can be put by hand.
    """
    mirrors = os.environ.get("GLASSNET_MNIST_MIRROR", "").split() or MIRRORS
    failures = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{file.name}.gz"
        try:
            return _checked(_get(url, at_most=_largest_gzip(file.size)), file, url)
        except GlassnetError as error:
            failures.append(str(error))
    names = [each.name for each in FILES]
    raise GlassnetError(
        f"MNIST isn't here and can't be downloaded ({'; '.join(failures)}): run `glassnet data fetch mnist`"
        f" when online, or put {', '.join(names[:-1])} and {names[-1]} (raw or .gz) into {folder}"
    )


def _largest_gzip(size: int) -> int:
    """More bytes than any gzip makes of `size`: what doesn't shrink is stored, with some frames."""
    return size + size // 1000 + 1000


def _get(url: str, at_most: int) -> bytes:
    """The body at a web address.

    Raises:
        GlassnetError: no answer, a refusal, more than `at_most` bytes, or too slow.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://")):  # urlopen would open files, too
        raise GlassnetError(f"{url} isn't a web address: let GLASSNET_MNIST_MIRROR begin with https://")
    deadline = time.monotonic() + PATIENCE
    body = bytearray()
    try:
        with urlopen(Request(url, headers={"User-Agent": "glassnet"}), timeout=SILENCE) as response:
            while part := response.read1(1 << 16):  # read would wait until all of a part has come
                body += part
                if len(body) > at_most:
                    raise GlassnetError(f"{url} sends more than {at_most} bytes: it isn't the file")
                if time.monotonic() > deadline:
                    raise GlassnetError(f"{url} took more than {PATIENCE:.0f} seconds")
    except HTTPError as error:
        error.close()
        raise GlassnetError(f"{url} answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, GlassnetError):  # it is a ValueError, and says already what is wrong
            raise
        reason = getattr(error, "reason", None) or error  # URLError wraps what the system said
        raise GlassnetError(f"{url} doesn't answer: {reason}") from error
    return bytes(body)
