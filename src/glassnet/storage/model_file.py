"""A model: a network and what is known about it, in one .safetensors file."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError
from glassnet.layers import LAYERS, Layer
from glassnet.network import Network
from glassnet.storage.older_files import MODEL_FROM_0, counted_from_1
from glassnet.storage.tensor_file import read_tensors, write_tensors
from glassnet.training import Calibration, Recipe, probabilistic_cost

FORMAT = 2  # raised when older programs could no longer read the file; 1 counted layers from 0
# What a network was given to see: pixels scaled to 0 … 1, drawings brought into MNIST's form.
PREPROCESSING = {"pixels": "uint8/255", "drawing": "mnist"}


@dataclass(frozen=True)
class Model:
    """A network, and how it came to be.

    Raises:
        GlassnetError: not as many class names as outputs, or a calibration of outputs that can't have one.

    >>> Model(Network("784-10", seed=0), class_names=tuple("0123456789")).figures
    {}
    """

    network: Network
    class_names: tuple[str, ...]
    recipe: Recipe | None = None
    data_name: str = ""  # of the data that it learned from
    data_sha256: str = ""
    figures: dict[str, float] = field(default_factory=dict)  # what it reached, by name
    calibration: Calibration | None = None  # how sure its answers are, and when there is none
    earlier: tuple[Recipe, ...] = ()  # by which it had learned before `recipe`, the first one first

    def __post_init__(self) -> None:
        outputs = prod(self.network.output_shape)
        if len(self.class_names) != outputs:
            raise GlassnetError(
                f"{len(self.class_names)} class names for {outputs} outputs: give one for each"
            )
        if self.calibration is not None:
            probabilistic_cost(self.network)  # which refuses outputs that can't be calibrated


def save_model(path: str | Path, model: Model) -> None:
    """Save a model; the file is the whole new one or stays what it was.

    Raises:
        GlassnetError: it can't be written, or a parameter is NaN or infinite.

    >>> import tempfile
    >>> model = Model(Network("784-16-10", seed=0), class_names=tuple("0123456789"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(f"{folder}/model.safetensors", model)
    ...     again = load_model(f"{folder}/model.safetensors")
    >>> bool((again.network.parameters["1.weight"] == model.network.parameters["1.weight"]).all())
    True
    """
    network = model.network
    for name, array in network.parameters.items():
        if not np.isfinite(array).all():
            raise GlassnetError(
                f"{name} holds NaN or infinite values: a model is saved with finite parameters only"
            )
    information = {
        "format": FORMAT,
        "input_shape": list(network.input_shape),
        "layers": [{"kind": layer.kind} | asdict(layer) for layer in network.layers],  # type: ignore[call-overload]
        "preprocessing": PREPROCESSING,
        "class_names": list(model.class_names),
        "calibration": None if model.calibration is None else model.calibration.to_dict(),
        "recipe": None if model.recipe is None else model.recipe.to_dict(),
        "earlier_recipes": [recipe.to_dict() for recipe in model.earlier],
        "data": {"name": model.data_name, "sha256": model.data_sha256},
        "figures": model.figures,
    }
    write_tensors(path, network.parameters, information)


def load_model(path: str | Path, *, finite: bool = True) -> Model:
    """A saved model.

    Args:
        path: of the file.
        finite: refuse parameters that are NaN or infinite; False takes them, to look into them.

    Raises:
        GlassnetError: there is no such file, it is damaged or not a model, it comes from a newer
            glassnet, or a parameter is NaN or infinite.

    >>> from glassnet.pretrained import pretrained_path
    >>> load_model(pretrained_path("16-16")).network.parameter_count
    13002
    """
    if os.path.isdir(path):  # noqa: PTH112 (Path's raises where a name is too long)
        inside = sorted(
            Path(path).glob("*.safetensors"), key=lambda file: (file.name != "model.safetensors", file)
        )
        advice = f"name the model file in it, {inside[0]}" if inside else "there is no model file in it"
        raise GlassnetError(f"{path} is a folder: {advice}")
    arrays, information = read_tensors(path)
    version = information.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        advice = "install a newer one" if newer else "it is not a model file"
        raise GlassnetError(
            f"{path} has format {version!r}: this glassnet reads formats up to {FORMAT}; {advice}"
        )
    try:
        if information["preprocessing"] != PREPROCESSING:
            raise GlassnetError(
                f"preprocessing {information['preprocessing']} is not known: install a newer glassnet"
            )
        if version <= MODEL_FROM_0:
            arrays = counted_from_1(arrays)
        layers = [_layer(values) for values in information["layers"]]
        dtypes = {array.dtype for array in arrays.values()} or {np.dtype(np.float32)}
        network = Network(layers, information["input_shape"], parameters=arrays, dtype=max(dtypes))
        recipe, calibration = information["recipe"], information["calibration"]
        model = Model(
            network,
            tuple(str(name) for name in information["class_names"]),
            None if recipe is None else Recipe.from_dict(recipe),
            str(information["data"]["name"]),
            str(information["data"]["sha256"]),
            {str(name): float(value) for name, value in information["figures"].items()},
            None if calibration is None else Calibration(**calibration),
            tuple(Recipe.from_dict(values) for values in information.get("earlier_recipes", ())),
        )
    except GlassnetError as error:
        raise GlassnetError(f"{path} is not a model that fits together: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise GlassnetError(f"{path} is not a model: its description lacks or garbles {error}") from error
    for name, array in network.parameters.items():
        if finite and not np.isfinite(array).all():
            raise GlassnetError(f"{path} holds NaN or infinite values in {name}: train the model again")
    return model


def _layer(values: dict[str, Any]) -> Layer:
    kind = values["kind"]
    if kind not in LAYERS:
        raise GlassnetError(f"layer kind {kind!r} is not known: install a newer glassnet")
    return LAYERS[kind](**{name: value for name, value in values.items() if name != "kind"})
