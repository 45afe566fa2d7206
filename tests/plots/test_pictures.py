"""Sheets of pictures: each shows the numbers that it was given."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.evaluation import Evaluation
from glassnet.layers import Conv, Dense, Flatten
from glassnet.network import Network

pytestmark = pytest.mark.table

DIGITS = tuple("0123456789")


def evaluation_of(labels, answers, k=10, costs=None):
    labels = np.array(labels)
    costs = np.arange(len(labels), dtype=float) if costs is None else np.array(costs, dtype=float)
    return Evaluation(np.eye(k)[np.array(answers)], costs, labels)


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
def test_weights_are_the_networks(picture, shown, layers, shape, count):
    network = Network(layers, seed=3)
    figure = plots.weights(network)
    pictures = shown(figure)[:count]
    assert len(pictures) == count
    limit = np.abs(network.parameters["1.weight"][:count]).max()
    for j, axes in enumerate(pictures):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), network.parameters["1.weight"][j].reshape(shape))
        assert image.get_clim() == pytest.approx((-limit, limit))  # one scale for all
        assert axes.get_title() == f"{j}"
    neurons = network.shapes["1.weight"][0]
    which = "one picture per neuron" if count == neurons else f"the first {count} of {neurons} neurons"
    assert figure.get_suptitle() == f"the weights of layer 1 (1.weight), {which}"
    if count < 100:
        picture(figure)


def test_weights_that_are_all_zero(shown):
    network = Network("784-4-10", seed=0, initializer="zeros")
    figure = plots.weights(network)
    assert shown(figure)[0].images[0].get_clim() == (-1, 1)
    plots.png(figure)


def test_weights_of_a_network_that_begins_with_softmax(shown):
    network = Network("9-softmax-2", seed=0)
    np.testing.assert_array_equal(
        shown(plots.weights(network))[1].images[0].get_array(),
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
    assert "the filters of layer 1 (1.weight)" in [text.get_text() for text in figure.axes[0].texts]


def test_a_network_without_weights():
    with pytest.raises(GlassnetError, match="the network 9-softmax has no weights to draw"):
        plots.weights(Network("9-softmax", seed=0))


# Mistakes


IMAGES = np.arange(6 * 28 * 28, dtype=np.uint32).reshape(6, 28, 28).astype(np.uint8)


def test_mistakes_are_shown_the_costliest_first(picture, shown):
    evaluation = evaluation_of([1, 2, 3, 4, 5, 6], [1, 0, 3, 9, 5, 7], costs=[9, 1, 9, 3, 9, 2])
    figure = plots.mistakes(IMAGES, evaluation, DIGITS)
    picture(figure)
    assert figure.get_suptitle() == "mistakes, the costliest first: 3 of 3"
    pictures = shown(figure)
    assert [axes.get_title() for axes in pictures] == ["4 read as 9", "6 read as 7", "2 read as 0"]
    assert [axes.get_xlabel() for axes in pictures] == ["no. 3", "no. 5", "no. 1"]
    for axes, place in zip(pictures, (3, 5, 1), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), IMAGES[place])


def test_only_so_many_mistakes(picture, shown):
    evaluation = evaluation_of([0] * 6, [1] * 6)
    figure = plots.mistakes(IMAGES, evaluation, DIGITS, count=2)
    assert figure.get_suptitle() == "mistakes, the costliest first: 2 of 6"
    assert [axes.get_xlabel() for axes in shown(figure)] == ["no. 5", "no. 4"]
    picture(figure)


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (7, (1, 7))])
def test_mistakes_on_rows_of_numbers(picture, shown, features, shape):
    rows = np.linspace(0, 1, 3 * features).reshape(3, features)
    figure = plots.mistakes(rows, evaluation_of([0, 0, 0], [0, 1, 0]), DIGITS)
    (axes,) = shown(figure)
    np.testing.assert_array_equal(axes.images[0].get_array(), rows[1].reshape(shape))
    picture(figure)


def test_no_mistakes():
    with pytest.raises(GlassnetError, match="there is no mistake to show: all 6 answers are right"):
        plots.mistakes(IMAGES, evaluation_of([0] * 6, [0] * 6), DIGITS)


# Samples


@pytest.mark.slow
def test_samples_are_a_row_a_class(picture):
    digits = load("digits").test
    figure = plots.samples(digits.images, digits.labels, DIGITS, each=4)
    picture(figure)
    assert len(figure.axes) == 40
    for k in range(10):
        row = figure.axes[4 * k : 4 * k + 4]
        assert row[0].get_ylabel() == DIGITS[k]
        for axes, image in zip(row, digits.images[digits.labels == k][:4], strict=True):
            np.testing.assert_array_equal(axes.images[0].get_array(), image)


def test_samples_of_a_class_that_has_few(picture):
    figure = plots.samples(IMAGES[:2, :, :], np.array([1, 1]), ("none", "two"), each=3)
    assert [len(axes.images) for axes in figure.axes] == [0, 0, 0, 1, 1, 0]
    picture(figure)
