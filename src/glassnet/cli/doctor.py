"""`glassnet doctor`: what ails a training or a network."""

from __future__ import annotations

import json
from pathlib import Path

import click

from glassnet.cli.complaints import complain
from glassnet.cli.printing import print_blocks
from glassnet.data import Dataset, load
from glassnet.errors import GlassnetError
from glassnet.explanation.doctor import Diagnosis, diagnose, diagnose_records
from glassnet.storage import RunFolder, read_tensors
from glassnet.workflows.find_model import find_model, model_cost, model_data


@click.command(short_help="What ails a training or a network.")
@click.argument("run_or_model")
@click.option("--data", help="digits or mnist.  [what the network learned from]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(run_or_model: str, data: str | None, as_json: bool) -> None:
    """Examine RUN_OR_MODEL: findings, each with its numbers and what to do about it.

    RUN_OR_MODEL is a run folder, also of a run that was interrupted, a model file, or the name of a
    network that comes with glassnet. The run folder tells more: it has the records of the training.
    Test data are not looked at.

    Findings are no error: the status is 0 with and without them.
    """
    path = Path(run_or_model)
    what, diagnosis = _examine_run(path, data) if path.is_dir() else _examine_model(run_or_model, data)
    if as_json:
        click.echo(json.dumps({"of": run_or_model, "what": what} | diagnosis.to_dict(), ensure_ascii=False))
    else:
        click.echo(f"{run_or_model}: {what}")
        click.echo()
        print_blocks(diagnosis.blocks())


def _examine_run(path: Path, named: str | None) -> tuple[str, Diagnosis]:
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
        complain(f"only the records are examined, as the data can't be had: {error}")
        return f"the records of {epochs}", diagnose_records(progress.history)
    _check_data(path, dataset, learned_from)
    network = recipe.network()
    network.load_parameters(progress.parameters)
    diagnosis = diagnose(network, dataset, recipe.cost, history=progress.history, recipe=recipe)
    return f"{network}, after {epochs}", diagnosis


def _examine_model(argument: str, named: str | None) -> tuple[str, Diagnosis]:
    """The network of a model file, on the data that it learned from."""
    path, model = find_model(argument, finite=False)  # NaN is one of the illnesses
    dataset = model_data(path, model, named)
    _check_data(path, dataset, model.data_sha256)
    diagnosis = diagnose(model.network, dataset, model_cost(model, None), recipe=model.recipe)
    return f"{model.network}, on {dataset.name}", diagnosis


def _check_data(path: Path, dataset: Dataset, learned_from: str) -> None:
    if learned_from and learned_from != dataset.sha256:
        raise GlassnetError(
            f"{path} learned from other data than {dataset.name} is here (the SHA-256 differs): "
            f"the doctor needs those that it learned from, name them with --data"
        )
