"""Sheets of pictures: each shows the numbers that it was given."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.layers import Conv, Dense, Flatten
from glassnet.network import Network
from glassnet.training import Evaluation

pytestmark = pytest.mark.table

DIGITS = tuple("0123456789")


def evaluation_of(labels, answers, k=10, costs=None):
    labels = np.array(labels)
    costs = np.arange(len(labels), dtype=float) if costs is None else np.array(costs, dtype=float)
    return Evaluation(np.eye(k)[np.array(answers)], costs, labels)


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


# Weights


@pytest.mark.parametrize(
    ("layers", "shape", "count"),
    [
        ("784-16-10", (28, 28), 16),
        ("784-1", (28, 28), 1),
        ("784-3-10", (28, 28), 3),
        ("64-5-10", (8, 8), 5),
        ("7-4-3", (1, 7), 4),
        ("1-2", (1, 1), 2),
        ("784-100-10", (28, 28), 100),
        ("9-250-10", (3, 3), 100),
    ],
)
def test_weights_are_the_networks(picture, layers, shape, count):
    network = Network(layers, seed=3)
    figure = plots.weights(network)
    tiles = figure.axes[0].images
    assert len(tiles) == count
    limit = np.abs(network.parameters["1.weight"][:count]).max()
    for j, tile in enumerate(tiles):
        np.testing.assert_array_equal(tile.get_array(), network.parameters["1.weight"][j].reshape(shape))
        assert tile.get_clim() == pytest.approx((-limit, limit))  # one scale for all
        assert tile.get_label() == f"{j}"
    neurons = network.shapes["1.weight"][0]
    which = "one picture per neuron" if count == neurons else f"the first {count} of {neurons} neurons"
    assert words(figure)[:2] == ["the weights of layer 1 (1.weight)", which]
    picture(figure)


def test_weights_that_are_all_zero():
    network = Network("784-4-10", seed=0, initializer="zeros")
    figure = plots.weights(network)
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    plots.png(figure)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_leaves_the_scale_to_the_others(picture, broken):
    network = Network("9-2-2", seed=0)
    network.parameters["1.weight"][1, 4] = broken
    figure = plots.weights(network)
    picture(figure)
    _, tile = figure.axes[0].images
    assert tile.get_array().mask.sum() == 1  # drawn in the color of what is bad
    assert tile.get_array().mask[1, 1]
    finite = network.parameters["1.weight"][np.isfinite(network.parameters["1.weight"])]
    assert tile.get_clim()[1] == pytest.approx(np.abs(finite).max())


def test_weights_of_a_network_that_begins_with_softmax():
    network = Network("9-softmax-2", seed=0)
    np.testing.assert_array_equal(
        plots.weights(network).axes[0].images[1].get_array(),
        network.parameters["2.weight"][1].reshape(3, 3),
    )


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 12, 12)])
def test_the_first_layers_filters(picture, shape):
    network = Network([Conv(6, 5), Flatten(), Dense(2)], shape, seed=3)
    figure = plots.weights(network)
    picture(figure)
    tiles = figure.axes[0].images
    assert len(tiles) == 6 * shape[0]
    for tile, filter_of_channel in zip(tiles, network.parameters["1.weight"].reshape(-1, 5, 5), strict=True):
        np.testing.assert_array_equal(tile.get_array(), filter_of_channel)
    assert "the filters of layer 1 (1.weight)" in words(figure)


def test_a_network_without_weights():
    with pytest.raises(GlassnetError, match="the network 9-softmax has no weights to draw"):
        plots.weights(Network("9-softmax", seed=0))


# Mistakes


IMAGES = np.arange(6 * 28 * 28, dtype=np.uint32).reshape(6, 28, 28).astype(np.uint8)


def test_mistakes_are_shown_the_costliest_first(picture):
    evaluation = evaluation_of([1, 2, 3, 4, 5, 6], [1, 0, 3, 9, 5, 7], costs=[9, 1, 9, 3, 9, 2])
    figure = plots.mistakes(IMAGES, evaluation, DIGITS)
    picture(figure)
    names = ["4 read as 9\nno. 3", "6 read as 7\nno. 5", "2 read as 0\nno. 1"]
    assert words(figure) == ["mistakes", "the costliest first: 3 of 3", *names]
    tiles = figure.axes[0].images
    assert [tile.get_label() for tile in tiles] == names
    for tile, place in zip(tiles, (3, 5, 1), strict=True):
        np.testing.assert_array_equal(tile.get_array(), IMAGES[place])


def test_only_so_many_mistakes(picture):
    evaluation = evaluation_of([0] * 6, [1] * 6)
    figure = plots.mistakes(IMAGES, evaluation, DIGITS, count=2)
    assert words(figure)[1] == "the costliest first: 2 of 6"
    assert [name.rpartition("\n")[2] for name in words(figure)[2:]] == ["no. 5", "no. 4"]
    picture(figure)


@pytest.mark.parametrize(
    "long", ["boot", "an ankle boot", "all that one wears on one's feet", "WWWWWWWWWWWWWWWW"]
)
def test_names_of_classes_keep_apart(picture, long):
    figure = plots.mistakes(IMAGES, evaluation_of([0] * 6, [1] * 6), (long, long.upper()))
    picture(figure)
    _, _, *names = figure.axes[0].texts
    assert long[:15] in names[0].get_text()
    boxes = [name.get_window_extent() for name in names]
    assert not any(boxes[i].overlaps(boxes[j]) for i in range(6) for j in range(i))


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (7, (1, 7))])
def test_mistakes_on_rows_of_numbers(picture, features, shape):
    rows = np.linspace(0, 1, 3 * features).reshape(3, features)
    figure = plots.mistakes(rows, evaluation_of([0, 0, 0], [0, 1, 0]), DIGITS)
    (tile,) = figure.axes[0].images
    np.testing.assert_array_equal(tile.get_array(), rows[1].reshape(shape))
    picture(figure)


@pytest.mark.parametrize("kind", [list, np.asarray])
def test_images_with_negative_numbers_are_grey(picture, kind):
    images = np.linspace(-2.0, 1.0, 2 * 25).reshape(2, 5, 5)
    figure = plots.mistakes(kind(images), evaluation_of([0, 0], [1, 1]), DIGITS)
    picture(figure)
    for tile in figure.axes[0].images:
        assert tile.get_cmap().name == "gray_r"
        assert tile.get_clim() == (-2.0, 1.0)


def test_no_mistakes():
    with pytest.raises(GlassnetError, match="there is no mistake to show: all 6 answers are right"):
        plots.mistakes(IMAGES, evaluation_of([0] * 6, [0] * 6), DIGITS)


# Samples


def tiles_of(figure, height, width, down, across):
    """The sheet's picture, cut into so many places for images; what is left free around them is blank."""
    (image,) = figure.axes[0].images
    sheet = image.get_array().filled(np.nan)
    pitch_down, pitch_across = sheet.shape[0] // down, sheet.shape[1] // across
    assert pitch_down > height
    assert pitch_across > width
    places = sheet.reshape(down, pitch_down, across, pitch_across).swapaxes(1, 2)
    assert np.isnan(places[:, :, height:]).all()
    assert np.isnan(places[..., width:]).all()
    return places[:, :, :height, :width]


def test_samples_are_a_row_a_class(picture):
    digits = load("digits").test
    figure = plots.samples(digits.images, digits.labels, DIGITS, each=4)
    picture(figure)
    places = tiles_of(figure, 28, 28, 10, 4)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [*DIGITS]
    for k, up in enumerate(figure.axes[0].get_yticks()):
        assert up == pytest.approx(k * 30 + 13.5)  # beside the middle of its row
        np.testing.assert_array_equal(places[k], digits.images[digits.labels == k][:4])


def test_samples_of_a_class_that_has_few(picture):
    figure = plots.samples(IMAGES[:2, :, :], np.array([1, 1]), ("none", "two"), each=3)
    places = tiles_of(figure, 28, 28, 2, 3)
    np.testing.assert_array_equal(places[1, :2], IMAGES[:2])
    assert np.isnan(places[0]).all()
    assert np.isnan(places[1, 2]).all()
    picture(figure)


def test_samples_of_lists_and_of_classes_with_odd_names(picture):
    names = ("$a^$", "_x $5 and $6", "hippopotamus amphibius")
    figure = plots.samples([*IMAGES[:3]], [0, 1, 2], names, each=2)
    picture(figure)
    written = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert written == ["$a^$", "_x $5 and $6", "hippopotamus am…"]
    np.testing.assert_array_equal(tiles_of(figure, 28, 28, 3, 2)[:, 0], IMAGES[:3])


@pytest.mark.parametrize(("names", "each"), [((), 1), (DIGITS, 0), (DIGITS, -1)])
def test_samples_of_nothing(names, each):
    message = f"{each} images each of {len(names)} classes: give 1 or more of both"
    with pytest.raises(GlassnetError, match=message):
        plots.samples(IMAGES, np.zeros(6, int), names, each)


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (7, (1, 7)), (1, (1, 1))])
def test_samples_of_rows_of_numbers(picture, features, shape):
    rows = np.linspace(-1, 1, 2 * features).reshape(2, features)
    figure = plots.samples(rows, np.array([0, 1]), ("a", "b"), each=1)
    np.testing.assert_array_equal(tiles_of(figure, *shape, 2, 1)[:, 0], rows.reshape(2, *shape))
    picture(figure)
