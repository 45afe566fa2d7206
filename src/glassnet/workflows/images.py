"""The one image that a command is about: a picture file, or an example of the data."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from glassnet.arrays import Images
from glassnet.data import NOT_A_DIGIT, SIDE, resolve
from glassnet.errors import GlassnetError
from glassnet.handwriting import read_digits
from glassnet.storage import Model


class Example(NamedTuple):
    """An image, and what is known of it."""

    name: str
    image: Images
    label: int | None


def image_from_file(path: str, model: Model) -> Example:
    """A drawing of one digit, brought into the form of MNIST's."""
    size = prod(model.network.input_shape)
    if size != SIDE * SIDE:
        raise GlassnetError(f"the network {model.network} takes {size} numbers: a drawing has {SIDE}×{SIDE}")
    digits = read_digits(path)
    if len(digits) > 1:
        raise GlassnetError(f"{path} shows {len(digits)} digits: give a picture of one")
    return Example(path, digits[0].centered, None)


def image_from_data(name: str, model: Model) -> Example:
    """An example such as mnist:test:17."""
    dataset, split, place = resolve(name)
    if split is None or place is None:
        raise GlassnetError(f"--data {name}: name one image, as in {dataset.name}:{split or 'test'}:17")
    image, label = dataset.splits[split][place]
    same = model.class_names in (dataset.class_names, (*dataset.class_names, NOT_A_DIGIT))
    return Example(name, image, label if same else None)


def label_of(given: str | None, shown: Example, model: Model) -> int | None:
    """The label that was given, else the image's own.

    Raises:
        GlassnetError: the network lacks that label.
    """
    if given is None:
        return shown.label
    if given not in model.class_names:
        raise GlassnetError(f"--label {given}: the network knows {', '.join(model.class_names)}")
    return model.class_names.index(given)
