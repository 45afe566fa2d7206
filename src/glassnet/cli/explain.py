"""`glassnet explain`: every number between an image, its cost and its gradient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from glassnet.cli.places import Place, PlacesCommand
from glassnet.cli.printing import print_blocks
from glassnet.document import page, plain
from glassnet.errors import GlassnetError
from glassnet.files import write_atomically
from glassnet.handwriting import is_picture
from glassnet.workflows import Wanted, guide_to, split_arguments

PRETRAINED = "16-16"  # whose every number fits a page
DOCTYPE = b"<!DOCTYPE html>"  # what every page begins with


@click.command(cls=PlacesCommand, short_help="Explain what a network makes of an image.")
@click.argument("arguments", metavar="[MODEL] [IMAGE]", nargs=-1)
@click.option("--image", metavar="FILE", help="The same as IMAGE.")
@click.option(
    "--data",
    metavar="NAME",
    help="An example such as mnist:test:17; beside --image, the data to compare with.  "
    "[the model's own data:test:0]",
)
@click.option("--label", help="The class that is wanted.  [the example's own; of a picture, the answer]")
@click.option("--cost", help="squared, quadratic, cross_entropy or log_likelihood.  [the model's own]")
@click.option(
    "--weight",
    "weights",
    type=Place(3, 5),
    multiple=True,
    metavar="LAYER J K",
    help="The chain rule of the weight to neuron J of LAYER from neuron K of the layer before; of a filter, "
    "LAYER FILTER CHANNEL ROW COLUMN, with its places.",
)
@click.option("--bias", "biases", type=(int, int), multiple=True, metavar="LAYER J", help="That of a bias.")
@click.option(
    "--neuron",
    "neurons",
    type=Place(2, 4),
    multiple=True,
    metavar="LAYER J",
    help="A neuron's weighted sum, ∂C/∂a, and three ways to raise it; layer 0 is the input. Over an image, "
    "LAYER CHANNEL ROW COLUMN.",
)
@click.option(
    "--layer",
    "layers",
    type=int,
    multiple=True,
    metavar="LAYER",
    help="A layer: its formula, filters and feature maps, pooling's winners, what dropout switched off.",
)
@click.option(
    "--filter", "filters", type=(int, int), multiple=True, metavar="LAYER FILTER", help="A filter in numbers."
)
@click.option(
    "--depth", is_flag=True, help="The vanishing gradient: how ‖δ‖ shrinks from layer to layer, and why."
)
@click.option(
    "--epoch",
    type=int,
    metavar="E",
    help="As epoch E met an image that the model was trained on: moved by augmentation, and with what "
    "dropout switched off.",
)
@click.option("--nudges", is_flag=True, help="−∇C in words, the steepest weights, and what a step does.")
@click.option("--learning-rate", type=float, help="η of that step.  [the model's own]")
@click.option(
    "--batch", is_flag=True, help="What each example of a mini-batch wants; with --weight, who pushes it."
)
@click.option("--class", "of_class", metavar="NAME", help="The same for the examples of one class.")
@click.option("--check", is_flag=True, help="All parameters beside finite differences.")
@click.option(
    "--landscape", is_flag=True, help="The cost along −∇C and on a plane; of a run folder, with its path."
)
@click.option(
    "--direction",
    "directions",
    multiple=True,
    metavar="PARAMETER",
    help='Two of these span that plane, as "2.weight[3, 5]".',
)
@click.option("--html", metavar="FILE", help="Write a page with pictures instead; alone, with everything.")
def explain(
    arguments: tuple[str, ...],
    image: str | None,
    data: str | None,
    label: str | None,
    cost: str | None,
    learning_rate: float | None,
    epoch: int | None,
    html: str | None,
    **wanted: Any,
) -> None:
    """Walk through what MODEL makes of one image: forward, cost, backward, nudges.

    MODEL is a model file, a run folder, or the name of a network that comes with glassnet; without
    it, 16-16, which does. IMAGE is a picture of a digit, as `glassnet predict` takes it. Layers are
    counted from 1, the first behind the input, which is 0; neurons, filters, inputs, rows and columns
    from 0. Options that name a part show that part alone.
    """
    want = Wanted(**wanted)
    model, pictures = split_arguments(arguments, PRETRAINED)
    for picture in pictures:
        if not is_picture(picture) and not Path(picture).exists():  # a number too many, behind an option
            raise click.UsageError(f"Got unexpected extra argument ({picture})")
    if image is not None:
        pictures = (*pictures, image)
    if len(pictures) > 1:
        raise GlassnetError(f"{' and '.join(pictures)}: there is one image to explain, name one of them")
    image = pictures[0] if pictures else None
    if image is not None and data is not None and ":" in data:
        raise GlassnetError(f"{image} and --data {data}: there is one image to explain, name one of them")
    if html is not None:
        _check_free(html)
    guide = guide_to(
        model,
        image,
        data,
        label=label,
        cost=cost,
        learning_rate=learning_rate,
        epoch=epoch,
        pictures=html is not None,
    )
    sections = guide.chosen(want) if want else guide.everything() if html else guide.walk()
    title = plain(f"{guide.model.network} and {guide.shown}")
    if html is None:
        print_blocks(sections)
        return
    write_atomically(html, page(title, sections).encode())
    click.echo(f"{title}\npage: {html}")


def _check_free(html: str) -> None:
    """Refuse to write the page over anything but an older page."""
    path = Path(html)
    if path.is_dir() or not path.parent.is_dir():  # said now, not after all has been computed
        raise GlassnetError(f"--html {html}: a file is wanted, in a folder that exists")
    if path.is_file():
        with path.open("rb") as file:
            beginning = file.read(len(DOCTYPE))
        if beginning and beginning != DOCTYPE:
            raise GlassnetError(f"--html {html}: there is a file that is no page; name another one")
