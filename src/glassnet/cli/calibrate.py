"""`glassnet calibrate`: how sure a model is, and when a picture is no digit, chosen on validation data."""

from __future__ import annotations

import json
from dataclasses import replace

import click
import numpy as np

from glassnet.data import Split
from glassnet.errors import GlassnetError
from glassnet.handwriting import FONTS, draw_not_digits
from glassnet.network import Network
from glassnet.pretrained import comes_with_glassnet
from glassnet.storage import save_model
from glassnet.training import Calibration, check_share, last_sums, mean_cost, probabilistic_cost
from glassnet.training import calibrate as calibrate_network
from glassnet.workflows import find_model, model_data

PICTURES, SEED = 1000, 1  # of no digit; the seed 0 is for pictures that a network learns from


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
    check_share(accept)
    path, loaded = find_model(model)
    if comes_with_glassnet(path):
        raise GlassnetError(f"{path} comes with glassnet, calibrated: copy that file, and calibrate the copy")
    pair = probabilistic_cost(loaded.network)
    dataset = model_data(path, loaded, data)
    loaded.network.inputs(dataset.validation.images[:1])  # refuses images of another size, before drawing any
    names = tuple(name.removesuffix(".ttf") for name in FONTS)
    others = draw_not_digits(PICTURES, SEED, digits=dataset.validation)
    calibration = calibrate_network(
        loaded.network,
        dataset.validation,
        others,
        class_names=loaded.class_names,
        fonts=names,
        accept=accept,
    )
    costs = {
        which: _costs(loaded.network, dataset.splits[which], calibration) for which in ("validation", "test")
    }
    save_model(path, replace(loaded, calibration=calibration))
    if as_json:
        click.echo(
            json.dumps({"model": str(path), "data": dataset.name, **calibration.to_dict(), "cost": costs})
        )
        return
    click.echo(f"{path}, calibrated by the {len(dataset.validation):,} validation images of {dataset.name}")
    click.echo(f"temperature  {calibration.temperature:.4f}")
    click.echo(f"threshold    {calibration.threshold:.4f}: {calibration.accepted:.2%} of the digits pass,")
    click.echo(f"             and {calibration.passed:.2%} of {PICTURES:,} pictures of no digit")
    for which, (before, after) in costs.items():
        click.echo(f"{pair.title} on {which}: {before:.4f}, calibrated {after:.4f}")


def _costs(network: Network, split: Split, calibration: Calibration) -> tuple[float, float]:
    """C of the outputs as they are, and of the calibrated confidences."""
    z = np.asarray(last_sums(network)(split.images), np.float64)  # (n, classes)
    y, pair = np.asarray(network.targets(split.labels), np.float64), probabilistic_cost(network)
    return mean_cost(z, y, pair, 1.0), mean_cost(z, y, pair, calibration.temperature)
