"""Figures: what they show is what was given, number by number."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from glassnet import plots
from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.evaluation import Evaluation, evaluate
from glassnet.network import Network
from glassnet.records import Record

DIGITS = tuple("0123456789")


def records(count, validation=True):
    return [
        Record(
            epoch=epoch,
            training_cost=2.0 / epoch,
            penalty=0.0,
            training_accuracy=1 - 0.5 / epoch,
            validation_cost=2.5 / epoch if validation else None,
            validation_accuracy=1 - 0.6 / epoch if validation else None,
            gradient_norms={"0.weight": 1.0},
            seconds=0.1,
            images_per_second=1000.0,
            learning_rate=0.5,
        )
        for epoch in range(1, count + 1)
    ]


def evaluation_of(labels, answers, k=10, costs=None):
    labels = np.array(labels)
    costs = np.arange(len(labels), dtype=float) if costs is None else np.array(costs, dtype=float)
    return Evaluation(np.eye(k)[np.array(answers)], costs, labels)


def picture(figure):
    """The PNG that the figure makes, read again."""
    image = Image.open(io.BytesIO(plots.png(figure)))
    assert image.format == "PNG"
    width, height = figure.get_size_inches()
    assert abs(image.width - 150 * width) <= 1
    assert abs(image.height - 150 * height) <= 1
    assert 200 < image.width < 4000
    assert 100 < image.height < 4000
    pixels = np.asarray(image.convert("L"))
    assert pixels.min() < 128 < pixels.max()  # there is something on it
    return pixels


def shown(figure):
    """The axes that hold a picture, without a colour bar's."""
    return [axes for axes in figure.axes if axes.images and axes.get_visible()]


def test_the_same_figure_gives_the_same_bytes():
    first, second = (plots.png(plots.weights(Network("784-5-10", seed=1))) for _ in range(2))
    assert first == second
    assert first != plots.png(plots.weights(Network("784-5-10", seed=2)))


# Learning curves


@pytest.mark.parametrize("count", [1, 2, 60])
def test_learning_curve_shows_the_records(count):
    history = records(count)
    figure = plots.learning_curve(history)
    picture(figure)
    left, right = figure.axes
    for axes, quantity, scale in ((left, "cost", 1), (right, "accuracy", 100)):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert list(lines) == ["training", "validation"]
        for which, line in lines.items():
            assert list(line.get_xdata()) == [*range(1, count + 1)]
            wanted = [scale * getattr(record, f"{which}_{quantity}") for record in history]
            assert list(line.get_ydata()) == wanted
            assert (line.get_marker() == "o") == (count == 1)
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == round(tick) for tick in ticks)  # there is no epoch 1.5
    assert left.get_ylim()[0] == 0


def test_learning_curve_without_validation_data():
    left, right = plots.learning_curve(records(5, validation=False)).axes
    for axes in (left, right):
        assert [line.get_label() for line in axes.get_lines()] == ["training"]


def test_learning_curve_of_nothing():
    with pytest.raises(GlassnetError, match="there is no epoch to draw a learning curve of"):
        plots.learning_curve([])


# Confusion


def test_confusion_shows_the_counts():
    evaluation = evaluation_of([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 2, 0], k=3)
    figure = plots.confusion(evaluation, ("ant", "bee", "cat"))
    picture(figure)
    (axes,) = figure.axes
    texts = {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in axes.texts
    }
    assert texts == {(0, 0): "1", (0, 1): "1", (1, 1): "2", (1, 2): "1", (2, 0): "1"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ant", "bee", "cat"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["ant", "bee", "cat"]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert axes.get_title(loc="left") == "50.00% right, 3 of 6 wrong"


def test_confusion_of_a_real_network():
    digits = load("digits")
    evaluation = evaluate(Network("784-10", seed=0), digits.test)
    (axes,) = plots.confusion(evaluation, DIGITS).axes
    total = sum(int(text.get_text()) for text in axes.texts)
    assert total == 360
    for text in axes.texts:
        answer, truth = map(int, text.get_position())
        assert int(text.get_text()) == evaluation.confusion[truth, answer]


def test_confusion_without_mistakes():
    figure = plots.confusion(evaluation_of([0, 1, 2], [0, 1, 2], k=3), ("a", "b", "c"))
    picture(figure)
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "100.00% right, 0 of 3 wrong"
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1"]
    assert not axes.images[0].get_array().any()


@pytest.mark.parametrize(("k", "texts"), [(1, 1), (2, 2), (30, 30), (31, 0)])
def test_confusion_of_few_and_of_many_classes(k, texts):
    figure = plots.confusion(evaluation_of(range(k), range(k), k=k), tuple(f"class {i}" for i in range(k)))
    picture(figure)
    assert len(figure.axes[0].texts) == texts  # no text where there is no room for it


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
def test_weights_are_the_networks(layers, shape, count):
    network = Network(layers, seed=3)
    figure = plots.weights(network)
    pictures = shown(figure)[:count]
    assert len(pictures) == count
    limit = np.abs(network.parameters["0.weight"][:count]).max()
    for j, axes in enumerate(pictures):
        (image,) = axes.images
        np.testing.assert_array_equal(image.get_array(), network.parameters["0.weight"][j].reshape(shape))
        assert image.get_clim() == pytest.approx((-limit, limit))  # one scale for all
        assert axes.get_title() == f"{j}"
    neurons = network.shapes["0.weight"][0]
    which = "a picture a neuron" if count == neurons else f"the first {count} of {neurons} neurons"
    assert figure.get_suptitle() == f"the first layer's weights (0.weight), {which}"
    if count < 100:
        picture(figure)


def test_weights_that_are_all_zero():
    network = Network("784-4-10", seed=0, initializer="zeros")
    figure = plots.weights(network)
    assert shown(figure)[0].images[0].get_clim() == (-1, 1)
    plots.png(figure)


def test_weights_of_a_network_that_begins_with_softmax():
    network = Network("9-softmax-2", seed=0)
    np.testing.assert_array_equal(
        shown(plots.weights(network))[1].images[0].get_array(),
        network.parameters["1.weight"][1].reshape(3, 3),
    )


def test_a_network_without_weights():
    with pytest.raises(GlassnetError, match="the network 9-softmax has no weights to draw"):
        plots.weights(Network("9-softmax", seed=0))


# Mistakes


IMAGES = np.arange(6 * 28 * 28, dtype=np.uint32).reshape(6, 28, 28).astype(np.uint8)


def test_mistakes_are_shown_the_costliest_first():
    evaluation = evaluation_of([1, 2, 3, 4, 5, 6], [1, 0, 3, 9, 5, 7], costs=[9, 1, 9, 3, 9, 2])
    figure = plots.mistakes(IMAGES, evaluation, DIGITS)
    picture(figure)
    assert figure.get_suptitle() == "mistakes, the costliest first: 3 of 3"
    pictures = shown(figure)
    assert [axes.get_title() for axes in pictures] == ["4 read as 9", "6 read as 7", "2 read as 0"]
    assert [axes.get_xlabel() for axes in pictures] == ["no. 3", "no. 5", "no. 1"]
    for axes, place in zip(pictures, (3, 5, 1), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), IMAGES[place])


def test_only_so_many_mistakes():
    evaluation = evaluation_of([0] * 6, [1] * 6)
    figure = plots.mistakes(IMAGES, evaluation, DIGITS, count=2)
    assert figure.get_suptitle() == "mistakes, the costliest first: 2 of 6"
    assert [axes.get_xlabel() for axes in shown(figure)] == ["no. 5", "no. 4"]
    picture(figure)


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (7, (1, 7))])
def test_mistakes_on_rows_of_numbers(features, shape):
    rows = np.linspace(0, 1, 3 * features).reshape(3, features)
    figure = plots.mistakes(rows, evaluation_of([0, 0, 0], [0, 1, 0]), DIGITS)
    (axes,) = shown(figure)
    np.testing.assert_array_equal(axes.images[0].get_array(), rows[1].reshape(shape))
    picture(figure)


def test_no_mistakes():
    with pytest.raises(GlassnetError, match="there is no mistake to show: all 6 answers are right"):
        plots.mistakes(IMAGES, evaluation_of([0] * 6, [0] * 6), DIGITS)


# Samples


def test_samples_are_a_row_a_class():
    digits = load("digits").test
    figure = plots.samples(digits.images, digits.labels, DIGITS, each=4)
    picture(figure)
    assert len(figure.axes) == 40
    for k in range(10):
        row = figure.axes[4 * k : 4 * k + 4]
        assert row[0].get_ylabel() == DIGITS[k]
        for axes, image in zip(row, digits.images[digits.labels == k][:4], strict=True):
            np.testing.assert_array_equal(axes.images[0].get_array(), image)


def test_samples_of_a_class_that_has_few():
    figure = plots.samples(IMAGES[:2, :, :], np.array([1, 1]), ("none", "two"), each=3)
    assert [len(axes.images) for axes in figure.axes] == [0, 0, 0, 1, 1, 0]
    picture(figure)
