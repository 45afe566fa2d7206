"""`glassnet data`: what there is to learn from, where it is, and how it looks."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from glassnet import plots
from glassnet.data import SOURCES, Dataset, resolve
from glassnet.data import fetch as fetch_data
from glassnet.document import in_characters
from glassnet.errors import GlassnetError
from glassnet.files import write_atomically


@click.group()
def data() -> None:
    """The data to learn from."""


@data.command("list")
def list_() -> None:
    """Names, where the data are, and whose they are."""
    for source in SOURCES.values():
        click.echo(f"{source.name:<8} {source.description}")
        click.echo(f"{'':<8} where: {source.locate()}")
        click.echo(f"{'':<8} {source.attribution}")


@data.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Download data NAME where they aren't here yet, and check them."""
    click.echo(f"{name}: {fetch_data(name)}")


@data.command()
@click.argument("name")
@click.option("--out", metavar="FILE", help="Save a picture (PNG): samples of every class, or the one image.")
def show(name: str, out: str | None) -> None:
    """Show data NAME: its splits, one split, or one image.

    NAME is for example mnist, mnist:test or mnist:test:17.
    """
    dataset, split, place = resolve(name)
    if split is None or place is None:
        shown = [split] if split else [*dataset.splits]
        click.echo(f"{dataset.name}: {dataset.attribution}")
        click.echo(_class_counts(dataset, shown))
        if out:
            some = dataset.splits[shown[0]]
            if not len(some):
                raise GlassnetError(f"{name} has no images to show: name another split")
            _save(out, plots.samples(some.images, some.labels, dataset.class_names))
        return
    image, label = dataset.splits[split][place]
    click.echo(in_characters(image))
    click.echo(f"{name}: {dataset.class_names[label]}")
    if out:
        _save(out, plots.samples(image[None], np.array([0]), (dataset.class_names[label],), each=1))


def _save(path: str, figure: Any) -> None:
    write_atomically(path, plots.png(figure))
    click.echo(f"picture: {path}")


def _class_counts(dataset: Dataset, splits: list[str]) -> str:
    """A row a class, a column a split."""
    width = max(len(name) for name in (*dataset.class_names, "class", "all")) + 2
    k = len(dataset.class_names)
    counts = [np.bincount(dataset.splits[split].labels, minlength=k) for split in splits]
    lines = ["class".ljust(width) + "".join(f"{split:>12}" for split in splits)]
    for i, name in enumerate(dataset.class_names):
        lines.append(name.ljust(width) + "".join(f"{count[i]:>12,}" for count in counts))
    lines.append("all".ljust(width) + "".join(f"{count.sum():>12,}" for count in counts))
    return "\n".join(lines)
