"""From a model and an image, as both are named, to a guide through what the one makes of the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glassnet.augmentation import Augmentation
from glassnet.data import SOURCES, resolve
from glassnet.draws import Draw
from glassnet.errors import GlassnetError
from glassnet.explanation import explain
from glassnet.layers import Dropout
from glassnet.storage import Model, RunFolder
from glassnet.training import Recipe
from glassnet.workflows.guide import Guide
from glassnet.workflows.images import Example, image_from_data, image_from_file, label_of
from glassnet.workflows.models import find_model, model_cost, model_data


def guide_to(
    model: str,
    image: str | None = None,
    data: str | None = None,
    *,
    label: str | None = None,
    cost: str | None = None,
    learning_rate: float | None = None,
    epoch: int | None = None,
    pictures: bool = False,
) -> Guide:
    """A guide through what a model makes of an image.

    Args:
        model: a model file, a run folder, or the name of a network that comes with glassnet.
        image: a picture of one digit; None: an example of the data.
        data: such as mnist:test:17; beside a picture, the data to compare with. None: the first test image of
            what the model learned from.
        label: what the image shows; None: what the data say.
        cost: its name; None: the one that the model learned by.
        learning_rate: η of the step that is tried; None: the one that the model learned with.
        epoch: show the image as the model met it then, dropout and augmentation included.
        pictures: whether sections have pictures.

    Raises:
        GlassnetError: one of them is not there, or they don't fit together.
    """
    path, loaded = find_model(model, finite=False)
    if image is None and data is None:
        data = f"{model_data(path, loaded, None).name}:test:0"
    shown = image_from_file(image, loaded) if image is not None else image_from_data(str(data), loaded)
    draw = None if epoch is None else _draw(epoch, loaded, image, data)
    if draw is not None:
        shown = _as_met(shown, loaded, draw)
    explanation = explain(
        loaded.network,
        shown.image,
        label_of(label, shown, loaded),
        model_cost(loaded, cost),
        class_names=loaded.class_names,
        draw=draw if _has_dropout(loaded) else None,
    )
    if learning_rate is None:
        learning_rate = (loaded.recipe or Recipe()).learning_rate
    return Guide(
        path=path,
        model=loaded,
        shown=shown.name,
        explanation=explanation,
        learning_rate=learning_rate,
        source=_source(loaded, image, data),
        run=RunFolder(model) if Path(model).is_dir() else None,
        pictures=pictures,
    )


def _draw(epoch: int, model: Model, image: str | None, data: str | None) -> Draw:
    """What was drawn for an image in an epoch: seed, epoch and the place among the training examples."""
    if not (_has_dropout(model) or (model.recipe and model.recipe.augmentation)):
        raise GlassnetError(
            f"--epoch {epoch}: {model.network} has no dropout, it saw the image in every epoch as it does now"
        )
    if epoch < 1:
        raise GlassnetError(f"--epoch {epoch}: give 1 or more, epochs are counted from 1")
    if model.recipe is None or model.data_name not in SOURCES:
        raise GlassnetError(f"--epoch {epoch}: the model doesn't say by which seed it learned from what")
    if epoch > model.recipe.epochs:
        raise GlassnetError(
            f"--epoch {epoch}: the model was trained for {model.recipe.epochs} epochs at most"
        )
    _, split, place = resolve(data or model.data_name)
    if image is not None or split != "training" or not str(data).startswith(f"{model.data_name}:"):
        raise GlassnetError(
            f"--epoch {epoch}: name an image that the model was trained on, as in "
            f"--data {model.data_name}:training:17"
        )
    return Draw(model.recipe.seed, epoch, np.array([place]))


def _has_dropout(model: Model) -> bool:
    return any(isinstance(layer, Dropout) for layer in model.network.layers)


def _as_met(shown: Example, model: Model, draw: Draw) -> Example:
    """The image as augmentation moved it; of `expanded`, the unmoved one comes first."""
    augmentation = Augmentation.parse(model.recipe.augmentation if model.recipe else "")
    if not augmentation.moves:
        return shown
    (image,) = augmentation.moved(shown.image[None], draw.seed, draw.epoch, draw.places)
    return Example(f"{shown.name}, moved as in epoch {draw.epoch}", image, shown.label)


def _source(model: Model, image: str | None, data: str | None) -> str | None:
    """The data to compare with: named beside a picture, else the model's own (None), else the example's."""
    if image is not None:
        return data
    return None if data is None or model.data_name in SOURCES else data.split(":")[0]
