"""Before training begins: whether network, data and recipe fit, and the examples that it learns from."""

from __future__ import annotations

import warnings
from dataclasses import fields
from math import prod
from typing import Any, NamedTuple

import numpy as np

from glassnet.arrays import Array, Images, Labels
from glassnet.augmentation import EXPANDED, Augmentation, expanded
from glassnet.data import Dataset
from glassnet.errors import GlassnetError, GlassnetWarning
from glassnet.examples import as_weights, same_image
from glassnet.network import Network
from glassnet.optimizers import OPTIMIZERS, Adam
from glassnet.schedules import Schedule
from glassnet.training.recipe import Recipe

USUAL_OF_ADAM = 0.001  # learning rate; its steps are about that long for every parameter
LARGE_FOR_ADAM = 0.1
SETTINGS = {setting.name for kind in OPTIMIZERS.values() for setting in fields(kind)}


def check_fit(network: Network, data: Dataset, recipe: Recipe) -> None:
    """Whether they are what they should be, and fit each other.

    Raises:
        GlassnetError: one is something else, or they don't.

    >>> from glassnet.data import load
    >>> check_fit(Network("784-10", seed=0), load("digits"), Recipe())
    """
    for given, kind in ((network, Network), (data, Dataset), (recipe, Recipe)):
        if not isinstance(given, kind):
            raise GlassnetError(
                f"{given!r} stands where a {kind.__name__} is wanted: train(network, data, recipe)"
            )
    if not same_image(data.image_shape, network.input_shape):
        raise _other_images(network, data)
    if prod(network.output_shape) != len(data.class_names):
        raise GlassnetError(
            f"the network {network} has {prod(network.output_shape)} outputs: {data.name} has "
            f"{len(data.class_names)} classes, and each needs one"
        )
    for name, array in network.parameters.items():
        if not np.isfinite(array).all():
            raise GlassnetError(f"{name} holds NaN or infinite values: begin with finite parameters")


def check_schedule(schedule: Schedule, data: Dataset, recipe: Recipe) -> None:
    """Whether it is one, and has the validation data that it and the recipe go by.

    Raises:
        GlassnetError: it isn't, or there are none.
    """
    if isinstance(schedule, type) or not isinstance(schedule, Schedule):
        raise GlassnetError(
            f"schedule is {schedule!r}: give one such as schedules.Cosine(), with factors, has_ended, "
            "by_all_epochs and by_validation, or its name in the recipe"
        )
    if not len(data.validation) and (recipe.patience or recipe.keep == "best" or schedule.by_validation):
        raise GlassnetError(
            "patience, keep = 'best' and schedule = 'halve…' go by the validation accuracy: "
            f"{data.name} has no validation data"
        )


def warn_of_settings(recipe: Recipe) -> None:
    """Say what can be done, but is hardly meant."""
    optimizer = recipe.make_optimizer()
    if isinstance(optimizer, Adam) and recipe.learning_rate >= LARGE_FOR_ADAM:
        _warn(
            f"a step of {recipe.optimizer} moves every parameter by about the learning rate, "
            f"{recipe.learning_rate:g}: {USUAL_OF_ADAM:g} is usual"
        )
    for setting in fields(Recipe):
        name, value = setting.name, getattr(recipe, setting.name)
        if name in SETTINGS and not hasattr(optimizer, name) and value != setting.default:
            _warn(f"{name} is {value:g}, and {recipe.optimizer} has none: it changes nothing")


def _warn(message: str) -> None:
    warnings.warn(message, GlassnetWarning, stacklevel=4)


def _other_images(network: Network, data: Dataset) -> GlassnetError:
    """The error about images of another shape than the inputs: what the layers should begin with."""
    shape, size = data.image_shape, prod(data.image_shape)
    if len(network.input_shape) == 1:
        return GlassnetError(
            f"the images of {data.name} have {'×'.join(map(str, shape))} = {size} numbers: "
            f"the network {network} takes {network.input_shape[0]}, begin its layers with {size}"
        )
    begin = "x".join(map(str, (1, *shape))) if len(shape) == 2 else "CHANNELSxHEIGHTxWIDTH"
    return GlassnetError(
        f"the images of {data.name} are of {'×'.join(map(str, shape))}: the network {network} takes "
        f"{'×'.join(map(str, network.input_shape))}, begin its layers with {begin}"
    )


class Examples(NamedTuple):
    """What an epoch goes over."""

    images: Images  # (n, …); pictures (n, channels, height, width) or (n, height, width) if they are moved
    labels: Labels  # (n,)
    weights: Array | None  # (n,): how much each counts; None: all alike


def training_examples(
    network: Network, data: Dataset, recipe: Recipe, augmentation: Augmentation, example_weights: Any
) -> Examples:
    """The training split as the recipe wants it: expanded, and weighted.

    Raises:
        GlassnetError: images that can't be moved, or weights that don't fit.

    >>> from glassnet.data import load
    >>> augmentation = Augmentation.parse("expanded")
    >>> examples = training_examples(Network("784-10", seed=0), load("digits"), Recipe(), augmentation, None)
    >>> examples.images.shape, examples.labels.shape, examples.weights
    ((5985, 28, 28), (5985,), None)
    """
    weights = _weights(data, recipe, example_weights)
    images, labels = data.training.images, data.training.labels
    if augmentation.text:
        images = _pictures(network, data, augmentation)
    if not augmentation.expanded:
        return Examples(images, labels, weights)
    weights = None if weights is None else np.tile(weights, EXPANDED)
    return Examples(expanded(images), np.tile(labels, EXPANDED), weights)


def _pictures(network: Network, data: Dataset, augmentation: Augmentation) -> Images:
    """The training images as pictures that can be moved."""
    images = data.training.images
    shape = data.image_shape if len(data.image_shape) > 1 else network.input_shape
    if len(shape) < 2:
        raise GlassnetError(
            f"augmentation moves pictures: the images of {data.name} are rows of {shape[0]} numbers; begin "
            "the layers with the picture, as in '28x28 flatten 10', or give images (n, height, width)"
        )
    if images.dtype != np.uint8:
        raise GlassnetError(
            f"augmentation moves pixels from 0 to 255: the images of {data.name} are {images.dtype}; give "
            "uint8, or augmentation = ''"
        )
    augmentation.check_shape(shape)
    return images.reshape(len(images), *shape)


def _weights(data: Dataset, recipe: Recipe, example_weights: Any) -> Array | None:
    """One weight for each training example, or None where all are alike."""
    if example_weights is None and not recipe.class_weights:
        return None
    labels = data.training.labels
    weights = np.ones(len(labels)) if example_weights is None else as_weights(example_weights, len(labels))
    if recipe.class_weights:
        if len(recipe.class_weights) != len(data.class_names):
            raise GlassnetError(
                f"{len(recipe.class_weights)} class_weights: {data.name} has {len(data.class_names)} classes"
            )
        weights = weights * np.array(recipe.class_weights)[labels]
    return weights
