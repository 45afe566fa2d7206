"""`glassnet train`: a recipe, a run folder, a stream of records."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import fields
from shlex import quote
from typing import Any

import click

from glassnet.cli.displays import choose_display
from glassnet.errors import GlassnetError
from glassnet.storage import RunFolder
from glassnet.training import Recipe
from glassnet.workflows import Stopped, go_on, recipe_from_file, resumed_recipe, train_new

Command = Callable[..., Any]
TYPES = {"int": int, "int | None": int, "float": float, "float | None": float, "str": str}


def recipe_options(*, hidden: Container[str] = ()) -> Callable[[Command], Command]:
    """An option for each field of the recipe, with its help and its default; `hidden` ones go untold."""

    def with_options(command: Command) -> Command:
        for field in reversed(fields(Recipe)):
            default = "" if field.default in (None, (), "") else f"  [{field.default}]"
            command = click.option(
                f"--{field.name.replace('_', '-')}",
                type=TYPES.get(str(field.type), str),
                help=field.metadata["help"] + default,
                hidden=field.name in hidden,
            )(command)
        return command

    return with_options


@click.command(short_help="Train a network.")
@recipe_options()
@click.option("--config", metavar="FILE", help="A recipe in TOML; options given beside it count more.")
@click.option("--print-config", is_flag=True, help="Print the recipe as TOML and stop.")
@click.option("--out", metavar="RUN", help="The run folder, new or empty.  [runs/DATA-LAYERS-N]")
@click.option("--resume", metavar="RUN", help="Go on where that run stopped, to the same bits.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON, one a line.")
def train(
    config: str | None,
    print_config: bool,
    out: str | None,
    resume: str | None,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a network on labelled images.

    Without options: 784-16-16-10 on the embedded digits, in seconds. The run folder receives
    config.toml, history.csv, model.safetensors, a checkpoint and pictures.

    \b
    glassnet train --data mnist --layers 784-30-10 --cost quadratic \\
        --initializer normal --learning-rate 3 --epochs 30
    glassnet train --layers "conv20@5:relu pool2 100:relu 10" --epochs 10
    """  # noqa: D301 (click wants the character \b itself)
    if resume is not None:
        if config is not None or out is not None:
            raise GlassnetError(
                "--resume goes on with the run's own recipe and folder: leave --config and --out away"
            )
        run, limits = RunFolder.open(resume), _given(options)
        recipe = resumed_recipe(run, limits)
    else:
        recipe = config_and_options(config, options)
    if print_config:
        click.echo(recipe.to_toml(), nl=False)
        return

    display = choose_display(quiet=quiet, as_json=as_json)
    try:
        if resume is None:
            train_new(recipe, out, display)
        else:
            go_on(run, limits, display)
    except Stopped as stopped:
        click.echo(f"{stopped}; go on with: glassnet train --resume {quote(str(stopped.run.path))}", err=True)
        raise SystemExit(130) from None


def config_and_options(config: str | None, options: dict[str, Any]) -> Recipe:
    """The recipe in a file, or the default one, with the options that were given beside it."""
    base = Recipe() if config is None else recipe_from_file(config)
    return base.replace(**_given(options))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The recipe's options that have a value."""
    given = {name: value for name, value in options.items() if value is not None}
    if "class_weights" in given:
        given["class_weights"] = _numbers(given["class_weights"])
    return given


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise GlassnetError(
            f"--class-weights {text!r}: give numbers with commas between, one for each class"
        ) from error
