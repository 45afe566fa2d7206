"""`glassnet calibrate`: how sure a model is, and when a picture is no digit, chosen on validation data."""

from __future__ import annotations

import json

import click

from glassnet.workflows import calibrate_model


@click.command(short_help="Choose confidence and the threshold for 'not a digit'.")
@click.argument("model")
@click.option("--data", help="digits or mnist.  [what the model learned from]")
@click.option(
    "--accept", default=0.995, show_default=True, help="The share of validation digits that must pass."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def calibrate(model: str, data: str | None, accept: float, as_json: bool) -> None:
    """Choose for MODEL, on validation images, what its confidence is divided by and how much is enough.

    MODEL is a model file or a run folder. The temperature makes the confidences as sure as they are
    right. The threshold is the largest that still lets the wanted share of validation digits pass;
    below it, the answer is "not a digit". Both are written into the model's file.
    """
    found = calibrate_model(model, data, accept)
    calibration = found.calibration
    if as_json:
        answer = {"model": str(found.path), "data": found.data, **calibration.to_dict(), "cost": found.costs}
        click.echo(json.dumps(answer))
        return
    click.echo(f"{found.path}, calibrated by the {found.images:,} validation images of {found.data}")
    click.echo(f"temperature  {calibration.temperature:.4f}")
    click.echo(f"threshold    {calibration.threshold:.4f}: {calibration.accepted:.2%} of the digits pass,")
    click.echo(f"             and {calibration.passed:.2%} of {found.pictures:,} pictures of no digit")
    for which, (before, after) in found.costs.items():
        click.echo(f"{found.cost.title} on {which}: {before:.4f}, calibrated {after:.4f}")
