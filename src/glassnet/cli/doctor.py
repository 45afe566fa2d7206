"""`glassnet doctor`: what ails a training or a network."""

from __future__ import annotations

import json

import click

from glassnet.cli.complaints import complain
from glassnet.cli.printing import print_blocks
from glassnet.workflows import examine


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
    what, diagnosis, missing = examine(run_or_model, data)
    if missing:
        complain(missing)
    if as_json:
        click.echo(json.dumps({"of": run_or_model, "what": what} | diagnosis.to_dict(), ensure_ascii=False))
    else:
        click.echo(f"{run_or_model}: {what}")
        click.echo()
        print_blocks(diagnosis.blocks())
