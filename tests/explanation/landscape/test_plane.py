"""Planes: every point against the cost computed by hand, every direction against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import load
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.explanation.landscape import CostPlane, TrainingPath, cost_plane
from glassnet.explanation.landscape.cost_function import CostFunction
from glassnet.explanation.landscape.directions import random_directions
from glassnet.explanation.landscape.plane import telling_reach
from glassnet.layers import Dense
from glassnet.network import Network
from glassnet.rng import Purpose, Stream

DIGITS = load("digits").training[:40]
X, ZEROS = np.array([[1.0], [3.0]]), [0, 0]  # C = ½ [(w + b − 1)² + (3w + b − 1)²]
W, B = ("1.weight", (0, 0)), ("1.bias", (0,))


def neuron(w, b):
    """One linear neuron, whose desired output for label 0 is 1."""
    return Network([Dense(1, "linear")], 1, parameters={"1.weight": np.array([[w]]), "1.bias": np.array([b])})


def bowl(w, b):
    return ((w + b - 1) ** 2 + (3 * w + b - 1) ** 2) / 2


def path_of(*networks):
    return TrainingPath([*range(len(networks))], [network.parameters for network in networks])


def digits_plane(network, **how):
    return cost_plane(network, DIGITS.images, DIGITS.labels, "cross_entropy", **how)


def cost_at(network, moved):
    """The cost of other parameters, by the textbook in float64."""
    there = Network(network.layers, network.input_shape, parameters=moved, dtype=np.float64)
    return there.gradient(DIGITS.images, DIGITS.labels, "cross_entropy").cost


# Two parameters


def test_two_parameters_by_hand():
    plane = cost_plane(neuron(2.0, 0.5), X, ZEROS, "squared", directions=(W, B), points=7)
    assert plane.names == ("1.weight[0, 0]", "1.bias[0]")
    assert plane.here == (2.0, 0.5)
    assert plane.cost == bowl(2.0, 0.5)
    for i, b in enumerate(plane.beta):
        for j, w in enumerate(plane.alpha):
            assert plane.costs[i, j] == pytest.approx(bowl(w, b), rel=1e-12)
    assert plane.path is plane.epochs is plane.shares is None


def test_the_range_of_a_parameter_is_where_the_cost_has_doubled():
    """At (2, ½), C = ½ (1.5² + 5.5²) = 16.25; a change r of w makes it ½ ((1.5 + r)² + (5.5 + 3r)²)
    = 16.25 + 18 r + 5 r²: for r = ½ that is 26.5, for r = 1 it is 39.25, and 1 the first power of 2
    that doubles it."""
    plane = cost_plane(neuron(2.0, 0.5), X, ZEROS, "squared", directions=(W, B), points=5)
    assert plane.alpha.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]


@pytest.mark.parametrize(
    ("change", "reach"),
    [
        (lambda r: r**2, 1.0),  # doubles 1 at r = 1
        (lambda r: 1e-4 * r**2, 128.0),  # 10⁻⁴ · 128² = 1.6
        (lambda r: 0.5 * (1 - 2.0 ** -abs(r)), 4.0),  # never doubles: 80 % of ½ is reached at 2⁻ʳ = 0.2
        (lambda r: 0.0, 1.0),
        (lambda r: np.inf if abs(r) > 3 else 0.01 * r**2, 2.0),  # the most that is finite is 0.04
        (lambda r: np.nan, 1.0),
    ],
)
def test_how_far_a_parameter_tells_something(change, reach):
    assert telling_reach(lambda r: 1 + change(r), 1.0) == reach


def test_how_far_from_a_cost_of_0():
    """There is nothing to double; 80 % of what r² comes to within 2¹⁰ is reached there alone."""
    assert telling_reach(lambda r: r * r, 0.0) == 1024


def test_a_place_may_be_given_as_one_number():
    network = Network("784-5-10", seed=1)
    one = digits_plane(network, directions=(("1.bias", 2), ("2.bias", np.int64(3))), points=3)
    assert one.names == ("1.bias[2]", "2.bias[3]")


def test_the_parameters_of_a_large_network_are_changed_one_by_one():
    network = Network("784-5-10", seed=1)
    plane = digits_plane(network, directions=(("1.weight", (3, 400)), ("2.bias", (2,))), points=3)
    for i, b in enumerate(plane.beta):
        for j, w in enumerate(plane.alpha):
            moved = network.astype(np.float64).parameters
            moved["1.weight"][3, 400], moved["2.bias"][2] = w, b
            assert plane.costs[i, j] == pytest.approx(cost_at(network, moved), rel=1e-10)
    assert plane.here == (network.parameters["1.weight"][3, 400], network.parameters["2.bias"][2])


# Random directions


def test_in_a_conv_layer_each_filter_is_normalized_as_a_whole():
    network = Network("conv3@5 pool2 conv2@3 10", seed=1, initializer="normal")
    C = CostFunction(network, DIGITS.images, DIGITS.labels, "cross_entropy", engine="textbook")
    for direction in random_directions(C, seed=7):
        for name, array in C.arrays(direction.row).items():
            own = network.parameters[name].astype(np.float64)
            if array.ndim == 4:
                for filter_of_it, its_own in zip(array, own, strict=True):
                    assert np.sqrt((filter_of_it**2).sum()) == pytest.approx(np.sqrt((its_own**2).sum()))
                assert len({float(np.sqrt((one**2).sum())) for one in array}) == len(array)
    plane = cost_plane(
        network, DIGITS.images, DIGITS.labels, "cross_entropy", points=3, seed=7, engine="textbook"
    )
    assert plane.costs[1, 1] == plane.cost == pytest.approx(cost_at(network, network.parameters), rel=1e-9)


def test_random_directions_are_filter_normalized():
    network = Network("784-5-10-softmax", seed=1, initializer="normal")
    C = CostFunction(network, DIGITS.images, DIGITS.labels, "log_likelihood")
    rows = random_directions(C, seed=7)
    for which, direction in enumerate(rows, 1):
        arrays = C.arrays(direction.row)
        for step, (name, array) in enumerate(arrays.items()):
            if name.endswith("bias"):
                assert not array.any()
                continue
            own = network.parameters[name].astype(np.float64)
            np.testing.assert_allclose(np.linalg.norm(array, axis=1), np.linalg.norm(own, axis=1), rtol=1e-12)
            drawn = Stream(7, Purpose.LANDSCAPE, epoch=which, step=step).normal(array.shape)
            ratios = array / drawn  # the same along each row: only the length is another
            np.testing.assert_allclose(ratios, np.broadcast_to(ratios[:, :1], ratios.shape), rtol=1e-9)
            assert (ratios > 0).all()
    one, two = (direction.row for direction in rows)
    assert abs(one @ two) < 0.1 * (one @ one)  # nearly at right angles, as random directions are


@pytest.mark.parametrize("engine", ENGINES)
def test_every_point_of_a_random_plane(engine):
    network = Network("784-5-10", seed=1)
    before = {name: array.copy() for name, array in network.parameters.items()}
    plane = digits_plane(network, points=5, seed=7, engine=engine)
    assert plane.alpha.tolist() == plane.beta.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert plane.here == (0, 0)
    assert plane.costs[2, 2] == plane.cost
    C = CostFunction(network, DIGITS.images, DIGITS.labels, "cross_entropy")
    one, two = (C.arrays(direction.row) for direction in random_directions(C, seed=7))
    exact = network.astype(np.float64).parameters
    for i, beta in enumerate(plane.beta):
        for j, alpha in enumerate(plane.alpha):
            moved = {name: exact[name] + alpha * one[name] + beta * two[name] for name in exact}
            assert plane.costs[i, j] == pytest.approx(cost_at(network, moved), rel=1e-10)
    for name, array in before.items():
        np.testing.assert_array_equal(network.parameters[name], array)


def test_the_seed_chooses_the_plane():
    network = Network("784-5-10", seed=1)
    first, again, other = (digits_plane(network, points=3, seed=seed).costs for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first[1, 1] == other[1, 1]
    assert (np.delete(first.ravel(), 4) != np.delete(other.ravel(), 4)).all()


def test_a_row_of_zeros_stays():
    network = neuron(0.0, 0.5)
    both = Network(
        [Dense(2, "linear")], 1, parameters={"1.weight": np.array([[0.0], [3.0]]), "1.bias": np.zeros(2)}
    )
    C = CostFunction(both, X, ZEROS, "squared")
    for direction in random_directions(C, seed=0):
        assert C.arrays(direction.row)["1.weight"][0] == 0
        assert abs(C.arrays(direction.row)["1.weight"][1]) == pytest.approx(3)
    with pytest.raises(GlassnetError, match="all weights are 0"):
        cost_plane(network, X, ZEROS, "squared")


# A path


def walk(places, seed=5):
    """Parameters of a small network on a crooked way."""
    rng = np.random.default_rng(seed)
    networks = [Network("784-5-10", seed=seed)]
    long, short = (
        {name: rng.normal(size=shape) for name, shape in networks[0].shapes.items()} for _ in range(2)
    )
    for k in range(1, places):
        moved = {
            name: networks[0].parameters[name]
            + 0.3 * k * long[name]
            + 0.1 * np.sin(k) * short[name]
            + 0.01 * rng.normal(size=shape)
            for name, shape in networks[0].shapes.items()
        }
        networks.append(Network("784-5-10", parameters=moved))
    return networks


def as_rows(networks):
    return np.stack(
        [np.concatenate([a.ravel() for a in n.parameters.values()]) for n in networks], dtype=np.float64
    )


def test_principal_directions_are_those_of_the_path():
    networks = walk(8)
    plane = digits_plane(networks[-1], directions="path", path=path_of(*networks), points=5)
    places = as_rows(networks)
    _, sizes, directions = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(plane.shares, (sizes**2 / (sizes**2).sum())[:2], rtol=1e-9)
    assert plane.shares[0] > 0.9
    assert 0.97 < sum(plane.shares) < 1
    expected = (places - places[-1]) @ directions[:2].T  # (places, 2), but for the signs
    np.testing.assert_allclose(np.abs(plane.path), np.abs(expected), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(plane.path[-1], 0, atol=1e-12)  # the network stands at its end
    assert (plane.path[0] <= 0).all()  # training goes rightwards and up
    assert plane.names == ("principal direction 1", "principal direction 2")
    assert plane.epochs == tuple(range(8))


def test_points_of_the_principal_plane():
    networks = walk(6)
    plane = digits_plane(networks[-1], directions="path", path=path_of(*networks), points=3)
    places = as_rows(networks)
    _, _, (one, two) = (part[:2] for part in np.linalg.svd(places - places.mean(axis=0), full_matrices=False))
    one, two = (row * np.sign(row @ (places[-1] - places[0])) for row in (one, two))
    C = CostFunction(networks[-1], DIGITS.images, DIGITS.labels, "cross_entropy")
    for i, beta in enumerate(plane.beta):
        for j, alpha in enumerate(plane.alpha):
            moved = C.arrays(places[-1] + alpha * one + beta * two)
            assert plane.costs[i, j] == pytest.approx(cost_at(networks[-1], moved), rel=1e-7)


@pytest.mark.parametrize("directions", ["random", "path", (("1.weight", (3, 400)), ("2.bias", (2,)))])
def test_a_path_is_where_it_comes_nearest_to_the_plane_and_within_it(directions):
    networks = walk(6)
    plane = digits_plane(networks[2], directions=directions, path=path_of(*networks), points=3, seed=4)
    C = CostFunction(networks[2], DIGITS.images, DIGITS.labels, "cross_entropy")
    places = as_rows(networks)
    if directions == "random":
        axes = np.stack([direction.row for direction in random_directions(C, seed=4)])
    elif directions == "path":
        axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)[2][:2]
        axes *= np.sign(axes @ (places[-1] - places[0]))[:, None]
    else:
        axes = np.zeros((2, places.shape[1]))
        axes[0, 3 * 784 + 400] = axes[1, -8] = 1
    expected = np.linalg.lstsq(axes.T, (places - places[2]).T, rcond=None)[0].T + plane.here
    np.testing.assert_allclose(plane.path, expected, rtol=1e-6, atol=1e-8)
    for axis, visited in ((plane.alpha, plane.path[:, 0]), (plane.beta, plane.path[:, 1])):
        assert axis[0] < visited.min() <= visited.max() < axis[-1]
    centered = places - places.mean(axis=0)
    for share, axis in zip(plane.shares, axes, strict=True):
        along = centered @ axis / np.linalg.norm(axis)
        assert share == pytest.approx((along**2).sum() / (centered**2).sum(), rel=1e-6)


def test_parameters_on_a_path_have_its_values():
    networks = walk(4)
    plane = digits_plane(
        networks[-1], directions=(("1.weight", (3, 400)), ("2.bias", (2,))), path=path_of(*networks), points=3
    )
    expected = [(n.parameters["1.weight"][3, 400], n.parameters["2.bias"][2]) for n in networks]
    np.testing.assert_allclose(plane.path, expected, rtol=1e-12)


def test_a_path_that_leaves_a_parameter_alone_has_the_range_of_the_cost():
    path = path_of(neuron(1.0, 0.5), neuron(2.0, 0.5))
    plane = cost_plane(neuron(2.0, 0.5), X, ZEROS, "squared", directions=(W, B), path=path, points=5)
    np.testing.assert_allclose(plane.alpha, np.linspace(0.7, 2.3, 5))  # 1 … 2 and 30 % more on both sides
    assert plane.beta[0] < 0.5 < plane.beta[-1]
    assert plane.shares == (1, 0)


def test_a_path_of_one_place():
    plane = cost_plane(
        neuron(2.0, 0.5), X, ZEROS, "squared", directions=(W, B), path=path_of(neuron(2.0, 0.5)), points=3
    )
    assert plane.path.tolist() == [[2.0, 0.5]]
    assert plane.shares == (0, 0)


# How it shows itself


def plane_of(costs, **more):
    costs = np.array(costs, dtype=float)
    beta, alpha = (np.arange(count, dtype=float) for count in costs.shape)
    return CostPlane(("the first", "the second"), alpha, beta, costs, (1.0, 1.0), 2.0, 40, **more)


def test_what_it_says():
    plane = plane_of([[4.0, 3.0, 9.0], [3.0, 2.0, 3.0], [4.0, 1.5, np.nan]])
    assert plane.lowest == (2, 1)
    assert plane.highest == (0, 2)
    paragraph, table, holes, pixels = plane.blocks()
    assert paragraph.text == "The mean cost `C` of 40 images over the first and the second."
    assert [list(row) for row in table.rows] == [
        ["the network", "2", "1", "1"],
        ["the lowest", "1.5", "1", "2"],
        ["the highest", "9", "2", "0"],
    ]
    assert holes.text == "At 1 of 9 points the cost is not finite."
    # Upwards is the second direction: the last row comes first; 1.5 is 0, 9 is 1, what is not finite 1, too.
    expected = (np.array([[4.0, 1.5, 9.0], [3.0, 2.0, 3.0], [4.0, 3.0, 9.0]]) - 1.5) / 7.5
    np.testing.assert_allclose(pixels.image, expected)
    assert "the lowest" in str(plane)
    assert "<img" in plane._repr_html_()


def test_costs_over_decades_are_shown_by_their_logarithms():
    plane = plane_of([[1e-4, 1e-2], [1e-3, 1.0]])
    assert plane.in_decades
    np.testing.assert_allclose(plane.blocks()[-1].image, [[0.25, 1], [0, 0.5]])
    assert not plane_of([[0.0, 1.0]]).in_decades
    assert not plane_of([[1.0, 29.0]]).in_decades


@pytest.mark.parametrize("costs", [[[2.0, 2.0]], [[np.nan, np.inf]], [[np.nan, 1.0]]])
def test_planes_that_are_flat_or_have_holes(costs):
    plane = plane_of(costs)
    image = plane.blocks()[-1].image
    np.testing.assert_array_equal(image, np.where(np.isfinite(costs), 0.0, 1.0))
    assert str(plane)


def test_how_much_of_the_path_is_seen():
    points = np.zeros((2, 2))
    for shares, good in (((0.92, 0.05), True), ((0.001, 0.002), False)):
        note = plane_of([[1.0, 2.0]], path=points, epochs=(0, 1), shares=shares).blocks()[2]
        assert note.good == good
        assert ("most of it can be seen in the directions of the path itself" in note.text) != good
    assert note.text.startswith(
        "Of the path's variance, 0.1 % lies along the first and 0.2 % along the second;"
    )


def test_holes_where_the_cost_is_not_finite():
    """Softmax saturates far away, and cross-entropy of its outputs is infinite there."""
    network = Network([Dense(2, "softmax")], 1, seed=0)
    far = TrainingPath([0], [{"1.weight": np.full((2, 1), 3e3), "1.bias": np.full(2, 3e3)}])
    two = (("1.weight", (0, 0)), ("1.bias", (0,)))
    plane = cost_plane(network, X, [0, 1], "cross_entropy", directions=two, path=far)
    finite = np.isfinite(plane.costs)
    assert finite.any()
    assert not finite.all()
    assert f"At {(~finite).sum()} of 625 points the cost is not finite" in str(plane)
    assert np.isfinite(plane.costs[plane.lowest])
    assert np.isfinite(plane.costs[plane.highest])


# What can't be

NETWORK = Network("784-5-10", seed=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": DIGITS.images[:0], "labels": []}, "there are no images"),
        ({"labels": DIGITS.labels[:3]}, "there are 40 images and 3 labels"),
        ({"labels": DIGITS.labels + 5}, "the network has the outputs 0 to 9"),
        ({"points": 2}, "points is 2: give a whole number from 3"),
        ({"points": True}, "points is True"),
        ({"seed": -1}, "seed is -1"),
        ({"directions": "paths"}, "unknown directions 'paths': did you mean 'path'"),
        ({"directions": "path"}, "directions = 'path' are a path's"),
        ({"directions": 3}, "directions are 3: give 'random', 'path', or two parameters"),
        ({"directions": (("1.weight", (0, 0)),)}, "give 'random', 'path', or two parameters"),
        ({"directions": (("1.weigth", (0, 0)), W)}, "unknown parameter '1.weigth': did you mean '1.weight'"),
        (
            {"directions": (("1.weight", (3, 800)), ("1.bias", 0))},
            r"no 1.weight\[3, 800\]: 1.weight\[j, k\] leads to neuron j, 0 to 4, from input k, 0 to 783",
        ),
        ({"directions": (("1.bias", -1), ("1.bias", 0))}, r"there is no 1.bias\[-1\]"),
        ({"directions": (("1.weight", 3), ("1.bias", 0))}, r"there is no 1.weight\[3\]"),
        ({"directions": (("1.weight", (0.5, 1)), ("1.bias", 0))}, r"there is no 1.weight\[0.5, 1\]"),
        ({"directions": (("1.bias", 2), ("1.bias", (2,)))}, r"both directions are 1.bias\[2\]"),
        ({"path": [NETWORK.parameters]}, "stands where a path is wanted"),
        ({"path": path_of(Network("784-4-10", seed=0))}, "1.weight is float32"),
        ({"path": path_of(NETWORK, NETWORK, NETWORK), "directions": "path"}, "no two directions"),
        ({"path": path_of(*walk(2)), "directions": "path"}, "the path lies on a line"),
        (
            {"path": TrainingPath([4], [{n: np.full(s, np.nan) for n, s in NETWORK.shapes.items()}])},
            "the path holds NaN or infinite values at epoch 4",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(changes, message):
    given = {"network": NETWORK, "images": DIGITS.images, "labels": DIGITS.labels, "points": 3} | changes
    with pytest.raises(GlassnetError, match=message):
        cost_plane(**given)
