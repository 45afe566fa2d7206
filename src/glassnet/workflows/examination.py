"""Examine a run or a model: the doctor's diagnosis, on the data that the network learned from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from glassnet.data import Dataset, load
from glassnet.errors import GlassnetError
from glassnet.explanation import Diagnosis, diagnose, diagnose_records
from glassnet.storage import RunFolder, read_tensors
from glassnet.workflows.models import find_model, model_cost, model_data


class Examination(NamedTuple):
    """The thing that was examined, and its diagnosis."""

    what: str  # "784-16-16-10, after 60 of 60 epochs on digits"
    diagnosis: Diagnosis
    missing: str = ""  # why only the records of a run were examined; empty: all was


def examine(argument: str, data: str | None = None) -> Examination:
    """Examine a run folder, a model file or a network that comes with glassnet.

    Args:
        argument: its path or name; of a run folder, also the records of the training are examined.
        data: the name of the data it learned from; None: as its recipe says.

    Raises:
        GlassnetError: there is no such run or model, or it learned from other data.
    """
    path = Path(argument)
    return _of_run(path, data) if path.is_dir() else _of_model(argument, data)


def _of_run(path: Path, named: str | None) -> Examination:
    """The network as the checkpoint has it, on the run's data, with the records."""
    run = RunFolder.open(path)
    recipe = run.recipe()
    if not run.checkpoint.exists():
        raise GlassnetError(
            f"{path} has no checkpoint, and nothing to examine: go on with glassnet train --resume {path}"
        )
    learned_from: str = read_tensors(run.checkpoint)[1].get("data_sha256", "")
    progress = run.load_progress(recipe, learned_from)  # checked below, if there are data at all
    assert progress is not None
    epochs = f"{progress.epoch} of {recipe.epochs} epochs on {recipe.data}"
    try:
        dataset = load(named or recipe.data)
    except GlassnetError as error:
        if named is not None:
            raise
        missing = f"only the records are examined, as the data can't be had: {error}"
        return Examination(f"the records of {epochs}", diagnose_records(progress.history), missing)
    _check_data(path, dataset, learned_from)
    network = recipe.network()
    network.load_parameters(progress.parameters)
    diagnosis = diagnose(network, dataset, recipe.cost, history=progress.history, recipe=recipe)
    return Examination(f"{network}, after {epochs}", diagnosis)


def _of_model(argument: str, named: str | None) -> Examination:
    """The network of a model file, on the data that it learned from."""
    path, model = find_model(argument, finite=False)  # NaN is one of the illnesses
    dataset = model_data(path, model, named)
    _check_data(path, dataset, model.data_sha256)
    diagnosis = diagnose(model.network, dataset, model_cost(model, None), recipe=model.recipe)
    return Examination(f"{model.network}, on {dataset.name}", diagnosis)


def _check_data(path: Path, dataset: Dataset, learned_from: str) -> None:
    if learned_from and learned_from != dataset.sha256:
        raise GlassnetError(
            f"{path} learned from other data than {dataset.name} is here (the SHA-256 differs): "
            f"the doctor needs those that it learned from, name them with --data"
        )
