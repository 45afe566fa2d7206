"""MNIST: a small fake one behind a local web server, and the real one where it lies at hand."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import re
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from glassnet import data
from glassnet.data import mnist
from glassnet.errors import GlassnetError

REAL = Path(os.environ.get("GLASSNET_DATA", "nowhere")) / "mnist"
PIXELS = {
    6: bytes(range(6 * 28 * 28 % 256)) + bytes(6 * 28 * 28 - 6 * 28 * 28 % 256),
    3: b"\x07" * (3 * 28 * 28),
}
CONTENTS = {
    "train-images-idx3-ubyte": struct.pack(">4i", 0x803, 6, 28, 28) + PIXELS[6],
    "train-labels-idx1-ubyte": struct.pack(">2i", 0x801, 6) + bytes([5, 0, 4, 1, 9, 2]),
    "t10k-images-idx3-ubyte": struct.pack(">4i", 0x803, 3, 28, 28) + PIXELS[3],
    "t10k-labels-idx1-ubyte": struct.pack(">2i", 0x801, 3) + bytes([7, 2, 1]),
}


@pytest.fixture(autouse=True)
def small_mnist(monkeypatch, tmp_path):
    """Six training images, two of them for validation, three for testing; and no way to the web."""
    files = [mnist.File(name, len(content), sha256(content)) for name, content in CONTENTS.items()]
    names = ("TRAIN_IMAGES", "TRAIN_LABELS", "TEST_IMAGES", "TEST_LABELS")
    for name, file in zip(names, files, strict=True):
        monkeypatch.setattr(mnist, name, file)
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    monkeypatch.setattr(mnist, "VALIDATION", 2)
    monkeypatch.setattr(mnist, "SILENCE", 2.0)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache" / "mnist")
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/nothing/",))
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.delenv("GLASSNET_MNIST_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def cache():
    return mnist.cache_folder()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what stands in `server.answers`: status, headers, body."""

    def do_GET(self):
        self.server.asked.append(self.path)
        status, headers, body = self.server.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in ({"Content-Length": len(body)} | headers).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """A mirror with the four files under /good/."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.address = f"http://127.0.0.1:{server.server_port}"
    server.answers = {f"/good/{n}.gz": (200, {}, gzip.compress(content)) for n, content in CONTENTS.items()}
    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", f"{server.address}/good/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def put(folder, spelling=lambda name: name, pack=bytes):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in CONTENTS.items():
        (folder / spelling(name)).write_bytes(pack(content))


def assert_is_small_mnist(dataset):
    assert repr(dataset) == "Dataset('mnist': 4 training, 2 validation, 3 test, 10 classes)"
    assert dataset.training.labels.tolist() == [5, 0, 4, 1]
    assert dataset.validation.labels.tolist() == [9, 2]
    assert dataset.test.labels.tolist() == [7, 2, 1]
    train = np.concatenate([dataset.training.images, dataset.validation.images])
    assert train.tobytes() == PIXELS[6]
    assert dataset.test.images.tobytes() == PIXELS[3]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gzip"])
@pytest.mark.parametrize(
    "spelling",
    [lambda name: name, lambda name: name.replace("-idx", ".idx"), lambda name: f"{name}.gz"],
    ids=["with a dash", "with a dot", "with .gz"],
)
def test_own_folder(tmp_path, monkeypatch, spelling, pack):
    put(tmp_path / "own" / "mnist", spelling, pack)
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path / "own"))
    assert_is_small_mnist(data.load("mnist"))
    assert data.locate("mnist") == str(tmp_path / "own" / "mnist")
    assert data.fetch("mnist") == str(tmp_path / "own" / "mnist")


def test_an_own_folder_without_mnist_falls_through_to_the_cache(tmp_path, monkeypatch, cache):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    assert data.locate("mnist") == "not fetched yet"
    put(cache)
    assert data.locate("mnist") == str(cache)
    assert_is_small_mnist(data.load("mnist"))


def test_the_cache_is_the_users(monkeypatch):
    monkeypatch.undo()
    folder = mnist.cache_folder()
    assert folder.name == "mnist"
    assert "glassnet" in folder.parts


def test_splits_are_read_only_views_of_one_array(cache):
    put(cache)
    dataset = data.load("mnist")
    both = dataset.training.images, dataset.validation.images
    assert both[0].dtype == np.uint8
    assert both[1].ctypes.data - both[0].ctypes.data == 4 * 28 * 28
    for split in dataset.splits.values():
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable


def test_download(server, cache):
    assert_is_small_mnist(data.load("mnist"))
    assert server.asked == [f"/good/{name}.gz" for name in CONTENTS]
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENTS
    assert_is_small_mnist(data.load("mnist"))
    assert len(server.asked) == 4  # not asked again


def test_only_what_is_missing_or_damaged_is_fetched(server, cache):
    put(cache)
    (cache / "t10k-labels-idx1-ubyte").unlink()
    (cache / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01 nonsense")
    assert data.fetch("mnist") == str(cache)
    assert server.asked == ["/good/train-labels-idx1-ubyte.gz", "/good/t10k-labels-idx1-ubyte.gz"]
    assert_is_small_mnist(data.load("mnist"))


def test_a_fetched_file_comes_before_a_damaged_one_of_another_name(server, cache):
    put(cache, lambda name: f"{name}.gz", gzip.compress)
    (cache / "train-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b")
    data.fetch("mnist")
    assert_is_small_mnist(data.load("mnist"))


FIRST = "/bad/train-images-idx3-ubyte.gz"
ZIPPED = gzip.compress(CONTENTS["train-images-idx3-ubyte"])
BAD = {
    "not found": ((404, {}, b""), "answers 404 Not Found"),
    "down": ((503, {}, b"later"), "answers 503 Service Unavailable"),
    "other content": (
        (200, {}, gzip.compress(b"other")),
        "isn't MNIST's train-images-idx3-ubyte: its SHA-256 is ",
    ),
    "cut off": (
        (200, {"Content-Length": len(ZIPPED)}, ZIPPED[:-20]),
        "is cut off: its gzip data have no end",
    ),
    "an error page": ((200, {}, b"<html>try later</html>"), "isn't MNIST's train-images-idx3-ubyte"),
    "too long": ((200, {}, bytes(100_000)), "sends more than 5724 bytes: it isn't the file"),
    "a loop": ((302, {"Location": FIRST}, b""), "answers 302"),
    "a bomb": ((200, {}, gzip.compress(bytes(10**8))[:-8]), "sends more than"),
}


@pytest.mark.parametrize(("answer", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_mirror_is_named_and_the_next_one_asked(server, cache, monkeypatch, answer, sentence):
    server.answers[FIRST] = answer
    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", f"{server.address}/bad")
    with pytest.raises(GlassnetError, match=r"^MNIST isn't here and can't be downloaded") as error:
        data.fetch("mnist")
    assert f"{server.address}{FIRST} {sentence}" in str(error.value)
    assert not list(cache.iterdir())  # nothing wrong has got a name

    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", f"{server.address}/bad {server.address}/good")
    assert_is_small_mnist(data.load("mnist"))


def test_a_mirror_that_is_down(server, monkeypatch):
    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", f"http://127.0.0.1:9/ {server.address}/good")
    assert_is_small_mnist(data.load("mnist"))


def test_a_mirror_that_trickles(server, monkeypatch):
    monkeypatch.setattr(mnist, "PATIENCE", -1.0)
    with pytest.raises(GlassnetError, match=r"took more than -1 seconds"):
        data.fetch("mnist")


def test_a_mirror_that_falls_silent(server, monkeypatch):
    name = "/good/train-images-idx3-ubyte.gz"
    answer = threading.Event()
    monkeypatch.setattr(mnist, "SILENCE", 0.1)
    monkeypatch.setattr(Handler, "do_GET", lambda self: answer.wait(5) and None)
    with pytest.raises(GlassnetError, match=re.escape(f"{server.address}{name} doesn't answer: timed out")):
        data.fetch("mnist")
    answer.set()


def test_offline_one_sentence_says_what_to_do(cache):
    with pytest.raises(GlassnetError) as error:
        data.load("mnist")
    sentence = str(error.value)
    assert sentence.startswith(
        "MNIST isn't here and can't be downloaded (http://127.0.0.1:9/nothing/train-images-idx3-ubyte.gz"
        " doesn't answer: "
    )
    assert sentence.endswith(
        "): run `glassnet data fetch mnist` when online, or put train-images-idx3-ubyte,"
        " train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (raw or .gz)"
        f" into {cache}"
    )
    assert "\n" not in sentence


@pytest.mark.parametrize("mirror", ["file:///etc", "ftp://127.0.0.1/", "nonsense", "http://["])
def test_a_mirror_that_is_no_web_address(monkeypatch, mirror):
    monkeypatch.setenv("GLASSNET_MNIST_MIRROR", mirror)
    with pytest.raises(GlassnetError, match=r"isn't a web address|doesn't answer"):
        data.fetch("mnist")


def test_other_content_on_disk(cache):
    put(cache)
    path = cache / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x08")
    found, expected = sha256(path.read_bytes())[:12], sha256(CONTENTS[path.name])[:12]
    with pytest.raises(GlassnetError) as error:
        data.load("mnist")
    assert str(error.value) == (
        f"{path} isn't MNIST's t10k-images-idx3-ubyte: its SHA-256 is {found}…, not {expected}…;"
        " delete it and run `glassnet data fetch mnist`"
    )


def test_a_cache_that_cannot_be_made(server, cache):
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("in the way")
    with pytest.raises(GlassnetError, match=r"^can't create .*mnist: "):
        data.fetch("mnist")


@pytest.mark.skipif(not REAL.is_dir(), reason="MNIST isn't in $GLASSNET_DATA/mnist")
def test_the_real_one(monkeypatch):
    monkeypatch.undo()
    dataset = data.load("mnist")
    assert repr(dataset) == "Dataset('mnist': 50000 training, 10000 validation, 10000 test, 10 classes)"
    # Read off the published files: the first labels, and how often each digit occurs in the test set.
    assert dataset.training.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert dataset.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(dataset.test.labels).tolist() == counts
    assert dataset.validation.labels[0] == 3
    assert dataset.image_shape == (28, 28)
    assert dataset.training.images.dtype == np.uint8
    # The mean pixel of the 60,000 is known to be 0.1307 of white.
    mean = (dataset.training.images.mean() * 5 + dataset.validation.images.mean()) / 6 / 255
    assert abs(mean - 0.1307) < 0.00005
