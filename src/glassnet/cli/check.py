"""`glassnet check`: is the gradient of a trained network right?"""

from __future__ import annotations

import json

import click
import numpy as np

from glassnet.cli.printing import print_blocks
from glassnet.data import SOURCES
from glassnet.document import for_json
from glassnet.explanation import check_gradient, quick_sample
from glassnet.rng import Purpose, Stream
from glassnet.workflows import find_model, model_cost, model_data


@click.command(short_help="Check the gradient of a network.")
@click.argument("model")
@click.option("--data", help="digits or mnist.  [what the model learned from; else noise]")
@click.option("--images", default=1, show_default=True, type=click.IntRange(1, 1000), help="So many of them.")
@click.option("--cost", help="squared, quadratic, cross_entropy or log_likelihood.  [the model's own]")
@click.option("--l2", default=0.0, type=click.FloatRange(0), help="λ of the penalty (λ/2n) Σ w².")
@click.option("--l1", default=0.0, type=click.FloatRange(0), help="λ₁ of the penalty (λ₁/n) Σ |w|.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    help="So many parameters, drawn at random.  [all, or as many as take some seconds]",
)
@click.option("--chain", is_flag=True, help="Check the full chain also where training takes the short form.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(
    model: str,
    data: str | None,
    images: int,
    cost: str | None,
    l2: float,
    l1: float,
    sample: int | None,
    chain: bool,
    as_json: bool,
) -> None:
    """Compare the partial derivatives of MODEL with finite differences, in float64.

    MODEL is a model file, a run folder, or the name of a network that comes with glassnet. The status
    is 1 when the gradient is wrong.
    """
    path, loaded = find_model(model, finite=False)
    network = loaded.network
    if data is None and loaded.data_name not in SOURCES:
        pixels = Stream(0, Purpose.GRADIENT_CHECK).uniform((images, *network.input_shape))
        labels, what = np.arange(images) % len(loaded.class_names), f"{images:,} of noise"
    else:
        dataset = model_data(path, loaded, data)
        some = dataset.training[:images]
        pixels, labels, what = some.images, some.labels, f"the first {len(some):,} of {dataset.name}:training"
    if sample is None:
        sample = quick_sample(network, images)
    outcome = check_gradient(
        network, pixels, labels, model_cost(loaded, cost), l2=l2, l1=l1, canonical=not chain, sample=sample
    )
    if as_json:
        worst = outcome.worst
        answer = {
            "model": str(path),
            "images": what,
            "parameters": network.parameter_count,
            "checked": len(outcome.entries),
            "skipped": outcome.skipped,
            "ok": outcome.ok,
            "worst": None if worst is None else {name: for_json(of) for name, of in worst._asdict().items()},
            "histogram": {f"1e{power}": count for power, count in outcome.histogram().items()},
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        drawn = f"; checked: {sample:,} of them, drawn at random" if sample else ""
        click.echo(f"{path}: {network}, {network.parameter_count:,} parameters{drawn}; images: {what}")
        click.echo()
        print_blocks(outcome.blocks())
    if not outcome.ok:
        raise SystemExit(1)
