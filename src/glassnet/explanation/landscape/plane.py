"""The cost on a plane through the present parameters, spanned by two directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images, Labels
from glassnet.costs import Cost
from glassnet.document import Block, Note, Paragraph, Pixels, Shown, Table, number
from glassnet.errors import GlassnetError, unknown_name
from glassnet.explanation.landscape.cost_function import CostFunction, Row
from glassnet.explanation.landscape.directions import (
    Direction,
    parameter_direction,
    principal_directions,
    random_directions,
)
from glassnet.explanation.landscape.line import check_points, in_words
from glassnet.explanation.landscape.path import TrainingPath
from glassnet.network import Network
from glassnet.rng import check_seed

Place: TypeAlias = tuple[str, tuple[int, ...]]  # of one parameter: ("1.weight", (3, 400))


@dataclass(frozen=True, repr=False, eq=False)
class CostPlane(Shown):
    """Costs over two coefficients: C(θ + α d₁ + β d₂), or over two parameters' own values."""

    names: tuple[str, str]  # of the directions
    alpha: NDArray[np.float64]  # (points,), rising
    beta: NDArray[np.float64]  # (points,), rising
    costs: NDArray[np.float64]  # (points, points): costs[i, j] at (alpha[j], beta[i]); some not finite
    here: tuple[float, float]  # where the network stands
    cost: float  # there
    count: int  # of images
    path: NDArray[np.float64] | None = None  # (places, 2): training's path, projected
    epochs: tuple[int, ...] | None = None  # (places,)
    shares: tuple[float, float] | None = None  # of the path's variance, along each direction

    @property
    def lowest(self) -> tuple[int, int]:
        """The place (i, j) of the lowest cost."""
        return self._extreme(-1)

    @property
    def highest(self) -> tuple[int, int]:
        """The place (i, j) of the highest finite cost."""
        return self._extreme(1)

    @property
    def in_decades(self) -> bool:
        """Whether the costs span so much that only their logarithms make a picture."""
        low, high = self.costs[self.lowest], self.costs[self.highest]
        return bool(low > 0 and high > 30 * low)

    def blocks(self) -> Sequence[Block]:
        first, second = self.names
        words = f"The mean cost `C` of {in_words(self.count)} over {first} and {second}.{self._meaning()}"
        rows = [
            (what, number(cost), number(alpha, 4), number(beta, 4))
            for what, cost, (alpha, beta) in (
                ("the network", self.cost, self.here),
                self._at("the lowest", self.lowest),
                self._at("the highest", self.highest),
            )
        ]
        blocks: list[Block] = [Paragraph(words), Table(("", "`C`", first, second), rows)]
        if self.shares is not None:
            one, two = (f"{100 * share:.2g} %" for share in self.shares)
            seen = sum(self.shares) > 0.5
            words = f"Of the path's variance, {one} lies along {first} and {two} along {second}"
            rest = "" if seen else "; most of it can be seen in the directions of the path itself"
            blocks.append(Note(f"{words}{rest}.", good=seen))
        holes = int((~np.isfinite(self.costs)).sum())
        if holes:
            blocks.append(Note(f"At {holes:,} of {self.costs.size:,} points the cost is not finite.", False))
        caption = (
            f"From dark (low) to light; rightwards {first} from {number(self.alpha[0], 3)} to "
            f"{number(self.alpha[-1], 3)}, upwards {second} from {number(self.beta[0], 3)} to "
            f"{number(self.beta[-1], 3)}"
        )
        return [*blocks, Pixels(self._levels()[::-1], caption)]

    def _meaning(self) -> str:
        """What directions are that don't say it themselves."""
        if self.names[0].startswith("principal"):
            return " The principal directions are those in which training moved the parameters most."
        if self.names[0].startswith("random"):
            return " At 1, every neuron's weights have moved by their own length."
        return ""

    def _at(self, what: str, place: tuple[int, int]) -> tuple[str, float, tuple[float, float]]:
        i, j = place
        return what, float(self.costs[i, j]), (float(self.alpha[j]), float(self.beta[i]))

    def _levels(self) -> NDArray[np.float64]:
        """The costs from 0, the lowest, to 1, the highest; what is not finite counts as highest."""
        heights = np.log(self.costs) if self.in_decades else self.costs
        low, high = heights[self.lowest], heights[self.highest]
        span = high - low if high > low else 1.0
        return np.where(np.isfinite(heights), (heights - low) / span, 1.0)

    def _extreme(self, sign: int) -> tuple[int, int]:
        height = np.where(np.isfinite(self.costs), sign * self.costs, -np.inf)
        i, j = np.unravel_index(int(height.argmax()), height.shape)
        return int(i), int(j)


def cost_plane(
    network: Network,
    images: Images,
    labels: Labels,
    cost: str | Cost = "quadratic",
    *,
    directions: str | tuple[Place, Place] = "random",
    path: TrainingPath | None = None,
    points: int = 25,
    seed: int = 0,
    engine: str = "native",
) -> CostPlane:
    """Look at the cost around a network, in two of the many directions that there are.

    Directions:
        "random": two filter-normalized random directions, from −1 to 1, where each neuron's weights
            move by their own length; biases stay.
        "path": the two principal directions of the path, where most of it can be seen; their unit is
            the distance in the space of the parameters.
        two parameters, (("1.weight", (3, 400)), ("2.bias", (2,))): their own values, as far as the
            cost doubles or does most of what it ever does; with a path, as far as that goes.

    Args:
        network: is not changed; the plane goes through its parameters.
        images: (n, …) as the network takes them; a thousand make a good picture.
        labels: (n,).
        cost: its name.
        directions: as above.
        path: training's, to be drawn.
        points: in each direction, 3 at least.
        seed: draws the random directions.
        engine: what computes the costs.

    Raises:
        GlassnetError: no images, labels or images that don't fit, an unknown parameter or place,
            directions that are the same, or a path that has none.

    >>> from glassnet.data import load
    >>> digits = load("digits").validation
    >>> network = Network("784-16-10", seed=0)
    >>> plane = cost_plane(network, digits.images, digits.labels, points=5)
    >>> plane.costs.shape, plane.here
    ((5, 5), (0.0, 0.0))
    >>> bool(plane.costs[2, 2] == plane.cost)
    True
    """
    check_points(points)
    C = CostFunction(network, images, labels, cost, engine)
    way = None if path is None else _way(network, C, path)
    first, second = _pair(C, directions, way, seed)
    coordinates = None if way is None else _coordinates(way, C.here, first, second)
    alpha = _axis(C, first, None if coordinates is None else coordinates[:, 0], points)
    beta = _axis(C, second, None if coordinates is None else coordinates[:, 1], points)
    costs = [
        [C(C.here + (a - first.here) * first.row + (b - second.here) * second.row) for a in alpha]
        for b in beta
    ]
    return CostPlane(
        names=(first.name, second.name),
        alpha=alpha,
        beta=beta,
        costs=np.array(costs),
        here=(first.here, second.here),
        cost=C(C.here),
        count=C.count,
        path=coordinates,
        epochs=None if path is None else tuple(path.epochs),
        shares=None if way is None else _shares(way, first, second),
    )


def _way(network: Network, C: CostFunction, path: TrainingPath) -> NDArray[np.float64]:
    """The path's places, shape (places, P)."""
    if not isinstance(path, TrainingPath):
        raise GlassnetError(f"{path!r} stands where a path is wanted: give training_path(run, data)")
    for epoch, parameters in zip(path.epochs, path.parameters, strict=True):
        network.check_parameters(parameters)
        if not all(np.isfinite(array).all() for array in parameters.values()):
            raise GlassnetError(f"the path holds NaN or infinite values at epoch {epoch}: leave that out")
    return np.stack([C.row(parameters) for parameters in path.parameters])


def _pair(
    C: CostFunction, directions: Any, way: NDArray[np.float64] | None, seed: int
) -> tuple[Direction, Direction]:
    if isinstance(directions, str):
        if directions == "random":
            return random_directions(C, check_seed(seed))
        if directions != "path":
            raise unknown_name("directions", directions, ("random", "path"))
        if way is None:
            raise GlassnetError("directions = 'path' are a path's: give path=training_path(run, data), too")
        return principal_directions(way)
    try:
        (name, place), (other_name, other_place) = directions
    except (TypeError, ValueError) as error:
        raise GlassnetError(
            f"directions are {directions!r}: give 'random', 'path', or two parameters "
            "(('1.weight', (3, 400)), ('2.bias', (2,)))"
        ) from error
    first, second = parameter_direction(C, name, place), parameter_direction(C, other_name, other_place)
    if first.name == second.name:
        raise GlassnetError(f"both directions are {first.name}: give two different parameters")
    return first, second


def _coordinates(
    way: NDArray[np.float64], here: Row, first: Direction, second: Direction
) -> NDArray[np.float64]:
    """Where on the plane each place of the path is nearest to, shape (places, 2)."""
    rows = np.stack([first.row, second.row])  # (2, P)
    products = (way - here) @ rows.T  # (places, 2)
    nearest = np.linalg.solve(rows @ rows.T, products.T).T  # (places, 2)
    return nearest + np.array([first.here, second.here])


def _shares(way: NDArray[np.float64], first: Direction, second: Direction) -> tuple[float, float]:
    """How much of the path's variance lies along each direction, 0 … 1."""
    centered = way - way.mean(axis=0)  # (places, P)
    total = float(np.square(centered).sum()) or 1.0
    one, two = (
        float(np.square(centered @ direction.row).sum() / (direction.row @ direction.row) / total)
        for direction in (first, second)
    )
    return one, two


def _axis(
    C: CostFunction, direction: Direction, visited: NDArray[np.float64] | None, points: int
) -> NDArray[np.float64]:
    """The values of an axis, shape (points,): around the network, and around the path with some margin."""
    places = [direction.here, *([] if visited is None else visited)]
    low, high = min(places), max(places)
    margin = 0.3 * (high - low)
    reach = direction.reach or 0.0
    if direction.reach is None and not margin:
        reach = telling_reach(lambda r: C(C.here + r * direction.row), C(C.here))
    return np.linspace(
        min(low - margin, direction.here - reach), max(high + margin, direction.here + reach), points
    )


def telling_reach(along: Callable[[float], float], start: float) -> float:
    """How far to go both ways until the cost doubles, or until it has done most of what it ever does.

    >>> telling_reach(lambda r: 3 + r * r, 3)
    2.0
    """
    reaches = [2.0**k for k in range(-10, 11)]
    changes = np.array([max(abs(along(r) - start), abs(along(-r) - start)) for r in reaches])
    most = changes[np.isfinite(changes)].max(initial=0.0)
    if most <= 1e-12 * start:
        return 1.0  # these images don't hear of it at all
    enough = min(start, 0.8 * most) or 0.8 * most
    return reaches[int(np.argmax(~(changes < enough)))]  # NaN is enough
