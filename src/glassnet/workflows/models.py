"""MODEL on a command line: a model file, a run folder, a pretrained network; and the data that go with it."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from glassnet.data import NOT_A_DIGIT, SOURCES, Dataset, load
from glassnet.errors import GlassnetError
from glassnet.handwriting import is_picture
from glassnet.pretrained import pretrained_names, pretrained_path
from glassnet.storage import Model, RunFolder, load_model


def find_model(argument: str, *, finite: bool = True) -> tuple[Path, Model]:
    """The model, and the file that it was in; `finite` as `load_model` has it."""
    path = Path(argument)
    if not path.exists():
        if argument in pretrained_names():
            path = pretrained_path(argument)
        elif get_close_matches(argument, pretrained_names(), n=1):
            raise _no_such(argument)
    if path.is_dir():
        run = RunFolder(path)
        if not run.model.exists() and run.config.exists():
            raise GlassnetError(f"{path} has no model yet: finish it with glassnet train --resume {path}")
        if not run.model.exists():
            raise GlassnetError(f"{path} is not a run folder: it has no {run.model.name}")
        path = run.model
    return path, load_model(path, finite=finite)


def split_arguments(arguments: tuple[str, ...], pretrained: str) -> tuple[str, tuple[str, ...]]:
    """The model and the pictures in `[MODEL] PICTURE…`: without a model, the `pretrained` one.

    The first argument is a model if it is there and no picture, or the name of a pretrained network.

    Raises:
        GlassnetError: the first argument is nothing that there is.
    """
    if not arguments or is_picture(arguments[0]):
        return str(pretrained_path(pretrained)), arguments
    first, *others = arguments
    if first in pretrained_names() or Path(first).exists():
        return first, tuple(others)
    raise _no_such(first)


def model_cost(model: Model, named: str | None) -> str:
    """The cost that is named, else the one that the model learned by."""
    if named is not None:
        return named
    return model.recipe.cost if model.recipe else "quadratic"


def model_data(path: Path, model: Model, named: str | None) -> Dataset:
    """The data that are named, else those that the model learned from, with the model's classes.

    Raises:
        GlassnetError: the model doesn't say what it learned from, or the data have other classes.
    """
    if named is None and model.data_name not in SOURCES:
        source = (
            f"learned from {model.data_name!r}" if model.data_name else "doesn't say what it learned from"
        )
        raise GlassnetError(f"{path} {source}: name the --data")
    return with_classes_of(path, model, load(model.data_name if named is None else named))


def with_classes_of(path: Path, model: Model, dataset: Dataset) -> Dataset:
    """The data with the model's classes, which may be one more than theirs: "not a digit".

    Raises:
        GlassnetError: the data have other classes.
    """
    if model.class_names == (*dataset.class_names, NOT_A_DIGIT):
        return replace(dataset, class_names=model.class_names)
    if len(dataset.class_names) != len(model.class_names):
        raise GlassnetError(
            f"{path} tells {len(model.class_names)} classes apart: "
            f"{dataset.name} has {len(dataset.class_names)}; name other --data"
        )
    return dataset


def _no_such(argument: str) -> GlassnetError:
    names = pretrained_names()
    nearest = get_close_matches(argument, names, n=1)
    hint = f": did you mean {nearest[0]}?" if nearest else ""
    return GlassnetError(
        f"there is no model or picture {argument}{hint} (pretrained networks: {', '.join(names) or 'none'})"
    )
