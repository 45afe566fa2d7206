"""`glassnet summary`: what a network is made of."""

from __future__ import annotations

import json

import click

from glassnet.cli.printing import print_blocks
from glassnet.errors import GlassnetError
from glassnet.network import Network
from glassnet.summary import summarize
from glassnet.training import Recipe
from glassnet.workflows import find_model, recipe_from_file


@click.command(short_help="Layers, shapes and parameters of a network.")
@click.argument("model", required=False)
@click.option("--layers", metavar="TEXT", help="A network that doesn't exist yet, as train takes it.")
@click.option("--config", metavar="FILE", help="The network of a recipe in TOML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def summary(model: str | None, layers: str | None, config: str | None, as_json: bool) -> None:
    """The layers of MODEL: their shapes, parameters and multiply-adds.

    MODEL is a model file, a run folder, or the name of a network that comes with glassnet.

    \b
    glassnet summary --layers "conv20@5 pool2 conv40@5 pool2 100 10"
    """  # noqa: D301 (click wants the character \b itself)
    outcome = summarize(_network(model, layers, config))
    if as_json:
        click.echo(json.dumps(outcome.to_dict(), ensure_ascii=False))
    else:
        print_blocks(outcome.blocks())


def _network(model: str | None, layers: str | None, config: str | None) -> Network:
    if sum(given is not None for given in (model, layers, config)) != 1:
        raise GlassnetError("name one network: a MODEL, its --layers, or the --config that makes it")
    if model is not None:
        _, loaded = find_model(model, finite=False)
        return loaded.network
    recipe = Recipe(layers=layers) if layers is not None else recipe_from_file(config or "")
    return recipe.replace(initializer="zeros").network()  # quick to draw
