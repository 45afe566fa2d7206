"""What each example wants (lesson 3): one column an image, one row a parameter, the mean at the end.

∇C of a mini-batch is the mean of the examples' gradients. A nudge that one image asks for is
answered by the others; only the mean is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images, Labels
from glassnet.chunks import at_a_time, chunks
from glassnet.costs import Cost
from glassnet.document import Block, Cell, Note, Paragraph, Shown, Table, grid, number, plain
from glassnet.engine import get_engine
from glassnet.errors import GlassnetError
from glassnet.examples import as_array, check_labels
from glassnet.explanation.layers import page_of
from glassnet.explanation.parameter import Parameter, find_parameter
from glassnet.network import Gradient, Network

CHUNK = 1024  # images whose gradients are computed at a time, at most
NUMBERS = 2**22  # and no more than make so many activations, to bound the memory
ROWS, COLUMNS = 12, 10  # of the table as it is shown


@dataclass(frozen=True, repr=False, eq=False)
class Wants(Shown):
    """What each of some examples wants of some parameters."""

    parameters: tuple[Parameter, ...]
    nudges: Array  # (parameters, images): −∂C₀/∂(parameter) of every image
    labels: Labels  # (images,)
    class_names: tuple[str, ...]

    @property
    def means(self) -> Array:
        """−∂C/∂(parameter) of the mean cost, shape (parameters,)."""
        return self.nudges.mean(axis=1)

    def blocks(self) -> Sequence[Block]:
        count = self.nudges.shape[1]
        gap = ["…"] if count > COLUMNS else []
        cells, unit = grid(np.column_stack([self.nudges[:, :COLUMNS], self.means]))
        rows = [
            (f"`{parameter.letter}`", *row[:-1], *gap, row[-1])
            for parameter, row in zip(self.parameters, cells, strict=True)
        ]
        heads = [plain(self.class_names[label]) for label in self.labels[:COLUMNS]]
        opposed = int(((self.nudges * self.means[:, None]) < 0).sum())
        share = opposed / self.nudges.size if self.nudges.size else 0.0
        return [
            Paragraph(
                f"{count:,} examples, each with its own wish `−∂C₀/∂w` for the same parameters. What is "
                "done is the mean of all wishes."
            ),
            Table(
                ("", *heads, *gap, "mean"),
                rows,
                f"a column an image, under the name of its class; nudges{unit}",
            ),
            Paragraph(f"{share:.0%} of these wishes point against the mean that is done."),
        ]


def what_examples_want(
    network: Network,
    images: Images,
    labels: Any,
    cost: str | Cost = "quadratic",
    *,
    parameters: Sequence[tuple[str, tuple[int, ...]]] | None = None,
    class_names: Sequence[str] | None = None,
) -> Wants:
    """The table of lesson 3 for a mini-batch, or for the images of a class.

    Args:
        network: it is not changed.
        images: (n, …) as `Network.inputs` takes them.
        labels: (n,).
        cost: its name.
        parameters: names and places, as ("2.weight", (3, 5)), or ("1.weight", (3, 0, 2, 1)) of a filter;
            else the steepest of every layer.
        class_names: what the labels stand for.

    Raises:
        GlassnetError: no images, a label that the network lacks, or no such parameter.

    >>> wants = what_examples_want(Network("2-3-2", seed=1), np.eye(2), [0, 1], parameters=[("2.bias", (0,))])
    >>> wants.nudges.shape, bool(wants.means[0] == wants.nudges.mean())
    ((1, 2), True)
    """
    images, labels, names = _checked(network, images, labels, class_names)
    with np.errstate(all="ignore"):
        network = network.astype(np.float64)
        chosen = (
            _steepest(network.gradient(images, labels, cost))
            if parameters is None
            else [_parameter(network, parameter) for parameter in parameters]
        )
        if not chosen:
            raise GlassnetError(
                f"there is no parameter to want anything of: {network} has none, or none is named"
            )
        columns = [
            np.stack([_nudges(network, gradient, parameter) for parameter in chosen])
            for _, gradient in _gradients(network, images, labels, cost)
        ]
    return Wants(tuple(chosen), np.concatenate(columns, axis=1), labels, names)


@dataclass(frozen=True, repr=False, eq=False)
class Attribution(Shown):
    """Which images pushed one weight or bias up, and which down."""

    parameter: Parameter
    nudges: Array  # (n,): −∂C₀/∂(the parameter) of every image
    labels: Labels  # (n,)
    class_names: tuple[str, ...]

    @property
    def mean(self) -> float:
        """−∂C/∂(the parameter) of the mean cost."""
        return float(self.nudges.mean())

    def up(self, count: int = 10) -> NDArray[np.int64]:
        """The images that push it up most, the strongest first."""
        order: NDArray[np.int64] = np.argsort(-self.nudges, kind="stable")[:count]
        return order[self.nudges[order] > 0]

    def down(self, count: int = 10) -> NDArray[np.int64]:
        """The images that push it down most, the strongest first."""
        order: NDArray[np.int64] = np.argsort(self.nudges, kind="stable")[:count]
        return order[self.nudges[order] < 0]

    def blocks(self) -> Sequence[Block]:
        n = len(self.nudges)
        if not np.isfinite(self.nudges).all():
            first = int(np.flatnonzero(~np.isfinite(self.nudges))[0])
            return [Note(f"image {first} pushes `{self.parameter.letter}` by no finite number.", good=False)]
        ups, downs = int((self.nudges > 0).sum()), int((self.nudges < 0).sum())
        towards = "upwards" if self.mean > 0 else "downwards" if self.mean < 0 else "nowhere"
        sums = [float(self.nudges[self.labels == c].sum()) / n for c in range(len(self.class_names))]
        by_class: list[Sequence[Cell]] = [
            (plain(name), f"{int((self.labels == c).sum()):,}", total)
            for c, (name, total) in enumerate(zip(self.class_names, sums, strict=True))
        ]
        by_class.append(("all", f"{n:,}", self.mean))
        strongest: list[Sequence[Cell]] = [
            (way, f"no. {i}", plain(self.class_names[self.labels[i]]), float(self.nudges[i]))
            for way, places in (("up", self.up(5)), ("down", self.down(5)))
            for i in places
        ]
        return [
            Paragraph(
                f"Of {n:,} images, {ups:,} push `{self.parameter.letter}` ({self.parameter}) up, {downs:,} "
                f"push it down, and {n - ups - downs:,} leave it alone. Their mean, "
                f"`{number(self.mean)}`, moves it {towards}."
            ),
            Table(("", "image", "class", "nudge `−∂C₀/∂w`"), strongest, "those that push most"),
            Table(("class", "images", "its part of the mean nudge"), by_class, "who wants what", sums=1),
        ]


def attribute(
    network: Network,
    images: Images,
    labels: Any,
    parameter: tuple[str, tuple[int, ...]],
    cost: str | Cost = "quadratic",
    *,
    class_names: Sequence[str] | None = None,
    engine: str = "native",
) -> Attribution:
    """What every one of many images wants of one parameter, in the network's own dtype.

    Args:
        network: it is not changed.
        images: (n, …) as `Network.inputs` takes them.
        labels: (n,).
        parameter: the array's name and the place in it, as ("2.weight", (3, 5)); of a filter's weight,
            (filter, channel, row, column).
        cost: its name.
        class_names: what the labels stand for.
        engine: what computes it: native or textbook.

    Raises:
        GlassnetError: no images, a label that the network lacks, or no such parameter.

    >>> found = attribute(Network("2-3-2", seed=1), np.eye(2), [0, 1], ("2.weight", (0, 2)))
    >>> found.nudges.shape, sorted([*found.up(), *found.down()])
    ((2,), [np.int64(0), np.int64(1)])
    """
    images, labels, names = _checked(network, images, labels, class_names)
    chosen = _parameter(network, parameter)
    with np.errstate(all="ignore"):
        pieces = [
            _nudges(network, gradient, chosen)
            for _, gradient in _gradients(network, images, labels, cost, engine)
        ]
    return Attribution(chosen, np.concatenate(pieces).astype(np.float64), labels, names)


def rows_at_a_time(network: Network) -> int:
    """How many images' gradients are computed at a time.

    >>> rows_at_a_time(Network("784-16-16-10", seed=0))
    1024
    """
    return at_a_time(network.activation_count, most=CHUNK, room=NUMBERS)


def _gradients(
    network: Network, images: Images, labels: Labels, cost: str | Cost, engine: str = "textbook"
) -> Iterator[tuple[slice, Gradient]]:
    """Forward and back through many images, a chunk at a time, each example with a share of 1."""
    run = get_engine(engine)
    for rows in chunks(len(labels), rows_at_a_time(network)):
        alone = np.full(len(labels[rows]), float(len(labels[rows])))  # times 1/m
        yield rows, run.gradient(network, images[rows], labels[rows], cost, example_weights=alone)


def _nudges(network: Network, gradient: Gradient, parameter: Parameter) -> Array:
    """−∂C₀/∂(the parameter) of every image of a chunk, shape (images,)."""
    layer, _, kind = parameter.name.partition(".")
    i = int(layer) - 1
    page = page_of(network.layers[i], i + 1, network.by_layer()[i], gradient.caches[i])
    places = page.by_place(gradient.layers[i].dC_dz, kind, parameter.place)
    back: Array = places.reshape(len(places), -1).sum(axis=1)  # (images,)
    return -back


def _steepest(gradient: Gradient) -> list[Parameter]:
    """A bias and some weights of every layer: those with the largest gradient by size, one a neuron."""
    layers = len({name.partition(".")[0] for name in gradient.parameters})
    found: list[Parameter] = []
    for name, array in gradient.parameters.items():
        sizes = np.nan_to_num(np.abs(array)).reshape(len(array), -1)  # a row a neuron
        count = 1 if name.endswith(".bias") else max(1, ROWS // layers - 1)
        for j in np.argsort(-sizes.max(axis=1), kind="stable")[:count]:
            rest = np.unravel_index(sizes[j].argmax(), array.shape[1:])
            found.append(Parameter(name, (int(j), *map(int, rest))))
    return found


def _parameter(network: Network, parameter: Any) -> Parameter:
    """The parameter, if the network has it."""
    try:
        name, place = parameter
    except (TypeError, ValueError) as error:
        raise GlassnetError(
            f"parameter {parameter!r}: give the array's name and the place in it, as in ('1.bias', (3,))"
        ) from error
    return find_parameter(network, name, place)


def _checked(
    network: Network, images: Images, labels: Any, class_names: Sequence[str] | None
) -> tuple[Images, Labels, tuple[str, ...]]:
    if not isinstance(network, Network):
        raise GlassnetError(f"{network!r} stands where a Network is wanted")
    images, labels = as_array(images, "images"), as_array(labels, "labels")
    if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
        raise GlassnetError(
            f"labels of shape {labels.shape} and dtype {labels.dtype}: give a whole number for each image"
        )
    if len(labels) == 0:
        raise GlassnetError("there is no image that could want anything: give one at least")
    count = len(images) if images.ndim else 0
    if len(labels) != count:
        raise GlassnetError(f"{count} images and {len(labels)} labels: give as many of both")
    check_labels(labels, outputs := prod(network.output_shape))
    names = tuple(map(str, range(outputs) if class_names is None else class_names))
    if len(names) != outputs:
        raise GlassnetError(f"{len(names)} class names for {outputs} outputs: give one for each")
    return images, labels, names
