"""`glassnet find-rate`: a learning rate to begin with, and the picture that it is read from."""

from __future__ import annotations

import json
from dataclasses import fields
from math import isfinite
from typing import Any

import click

from glassnet.cli.train import config_and_options, recipe_options
from glassnet.data import load
from glassnet.document import for_json
from glassnet.files import write_atomically
from glassnet.training import find_rate as search_rates
from glassnet.training import rate_search as defaults


@click.command("find-rate", short_help="Search for a learning rate.")
@recipe_options(hidden=defaults.UNUSED)  # accepted, so that a command for training may be copied
@click.option("--config", metavar="FILE", help="A recipe in TOML; options given beside it count more.")
@click.option("--lowest", default=defaults.LOWEST, show_default=True, help="The first learning rate.")
@click.option("--highest", default=defaults.HIGHEST, show_default=True, help="The last one.")
@click.option(
    "--steps", default=defaults.STEPS, show_default=True, help="Mini-batches from the one to the other."
)
@click.option(
    "--picture", metavar="FILE", default="rates.png", show_default=True, help="Where to save the picture."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def find_rate(
    config: str | None,
    lowest: float,
    highest: float,
    steps: int,
    picture: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Train for a moment with learning rates that grow, and suggest one.

    As long as the rate is too small, the cost stays where it is; where it jumps up, the rate is too
    large. Five rates below the largest one at which the cost was low are tried for three times as many
    mini-batches; the suggestion is the smallest whose cost is much like the lowest.

    \b
    glassnet find-rate --data mnist --layers "conv20@5:relu pool2 100:relu 10" --optimizer adam
    """  # noqa: D301 (click wants the character \b itself)
    from glassnet.plots import png, rate_search

    recipe = config_and_options(config, options)
    search = search_rates(
        recipe.network(), load(recipe.data), recipe, lowest=lowest, highest=highest, steps=steps
    )
    write_atomically(picture, png(rate_search(search)))
    if as_json:
        answer = {field.name: getattr(search, field.name) for field in fields(search)}
        answer |= {name: answer[name].tolist() for name in ("rates", "costs", "smoothed")}
        answer["trials"] = [[rate, for_json(cost)] for rate, cost in search.trials.tolist()]
        click.echo(json.dumps(answer | {"picture": picture}))
        return
    click.echo(f"suggestion: --learning-rate {search.suggestion:.2g}")
    click.echo(f"  up to η = {search.edge:.2g} the cost was nearly as low as it came; below that were tried")
    for rate, cost in search.trials:
        came_to = f"cost {cost:.4f} at the end of {defaults.LONGER * steps} mini-batches"
        click.echo(f"    η = {rate:<8.2g} {came_to if isfinite(cost) else 'training broke down'}")
    click.echo(
        f"  of those that came to at most {defaults.ALIKE:g} times the lowest cost, it is the smallest"
    )
    click.echo(f"  {len(search.rates)} mini-batches from η = {lowest:g} on; {search.ended}")
    click.echo(f"  picture: {picture}")
