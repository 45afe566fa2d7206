"""Learning curves and confusion matrices: what they show is what was given, number by number."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet import plots
from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.network import Network
from glassnet.training import Evaluation, Record, evaluate

pytestmark = pytest.mark.table

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
            gradient_norms={"1.weight": 1.0},
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


# Learning curves


@pytest.mark.parametrize("count", [1, 2, 60])
def test_learning_curve_shows_the_records(picture, count):
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


def test_confusion_shows_the_counts(picture):
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


def test_confusion_without_mistakes(picture):
    figure = plots.confusion(evaluation_of([0, 1, 2], [0, 1, 2], k=3), ("a", "b", "c"))
    picture(figure)
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "100.00% right, 0 of 3 wrong"
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1"]
    assert not axes.images[0].get_array().any()


@pytest.mark.parametrize(("k", "texts"), [(1, 1), (2, 2), (30, 30), (31, 0)])
def test_confusion_of_few_and_of_many_classes(picture, k, texts):
    figure = plots.confusion(evaluation_of(range(k), range(k), k=k), tuple(f"class {i}" for i in range(k)))
    picture(figure)
    assert len(figure.axes[0].texts) == texts  # no text where there is no room for it
