"""The data that glassnet knows by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glassnet.data import digits, mnist
from glassnet.data.dataset import Dataset
from glassnet.errors import unknown_name


@dataclass(frozen=True)
class Source:
    """One body of data: what it is, whose it is, and how to get it.

    Attributes:
        name: What `load` and `fetch` call it.
        description: What it is, in one line.
        attribution: Whose work it is, and under which licence.
        load: The dataset; downloads it first where it isn't here.
        locate: Where it is: "embedded", a folder, or "not fetched yet".
        fetch: Downloads it where it isn't here; where it is now, as `locate` says it.
    """

    name: str
    description: str
    attribution: str
    load: Callable[[], Dataset]
    locate: Callable[[], str]
    fetch: Callable[[], str]


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="digits",
            description="1,797 handwritten digits, enlarged from 8×8 to 28×28; comes with glassnet",
            attribution=digits.ATTRIBUTION,
            load=digits.load,
            locate=lambda: "embedded",
            fetch=lambda: "embedded",
        ),
        Source(
            name="mnist",
            description="70,000 handwritten digits of 28×28; 11 MB to download",
            attribution=mnist.ATTRIBUTION,
            load=mnist.load,
            locate=lambda: str(mnist.locate() or "not fetched yet"),
            fetch=lambda: str(mnist.fetch()),
        ),
    )
}


def load(name: str) -> Dataset:
    """The dataset of that name; downloads it first where it isn't here.

    Raises:
        GlassnetError: no such name, or the data can't be had.

    >>> load("digits")
    Dataset('digits': 1197 training, 240 validation, 360 test, 10 classes)
    >>> load("digit")
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: unknown data 'digit': did you mean 'digits'? (known: digits, mnist)
    """
    return _source(name).load()


def locate(name: str) -> str:
    """Where the data of that name are: "embedded", a folder, or "not fetched yet".

    Raises:
        GlassnetError: no such name.

    >>> locate("digits")
    'embedded'
    """
    return _source(name).locate()


def fetch(name: str) -> str:
    """Download the data of that name where they aren't here; where they are now, as `locate` says it.

    Raises:
        GlassnetError: no such name, or the data can't be had.

    >>> fetch("digits")
    'embedded'
    """
    return _source(name).fetch()


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise unknown_name("data", name, SOURCES)
    return SOURCES[name]
