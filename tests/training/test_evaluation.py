"""Evaluations: their figures by hand, and every engine's answers."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.costs import COSTS
from glassnet.data import Split
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.layers import Dense
from glassnet.network import Network
from glassnet.training import Evaluation, evaluate

# Six examples of three classes. Answers: the largest output, 0 2 2 1 0 0 (the last a tie: the first of them).
OUTPUTS = np.array(
    [[0.9, 0.1, 0.2], [0.1, 0.2, 0.3], [0.0, 0.1, 0.8], [0.2, 0.7, 0.1], [0.6, 0.5, 0.4], [0.5, 0.1, 0.5]]
)
EVALUATION = Evaluation(OUTPUTS, np.array([0.1, 2.0, 0.2, 0.4, 2.0, 3.1]), np.array([0, 1, 2, 1, 2, 2]))


def test_figures_by_hand():
    assert EVALUATION.answers.tolist() == [0, 2, 2, 1, 0, 0]
    assert EVALUATION.accuracy == 3 / 6  # examples 0, 2 and 3
    assert EVALUATION.cost == pytest.approx(7.8 / 6)
    assert EVALUATION.confusion.tolist() == [
        [1, 0, 0],  # the one 0 is answered 0
        [0, 1, 1],  # of two 1s, one is answered 1 and one 2
        [2, 0, 1],  # of three 2s, two are answered 0
    ]


def test_the_worst_are_the_mistakes_by_cost():
    assert EVALUATION.worst(10).tolist() == [5, 1, 4]  # 1 and 4 cost the same: in their order
    assert EVALUATION.worst(1).tolist() == [5]
    assert EVALUATION.worst(0).tolist() == []


def test_classes_that_never_occur_are_in_the_confusion():
    evaluation = Evaluation(np.array([[1.0, 0, 0, 0]]), np.array([0.0]), np.array([1]))
    assert evaluation.confusion.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("n", [1, 2500])
def test_evaluate_is_prediction_and_cost(engine, cost, n):
    rng = np.random.default_rng(6)
    network = Network([Dense(4, "tanh"), Dense(3, COSTS[cost].natural)], 5, seed=1, dtype=np.float64)
    split = Split(rng.integers(0, 256, size=(n, 5), dtype=np.uint8), rng.integers(3, size=n))
    before = {name: array.copy() for name, array in network.parameters.items()}

    evaluation = evaluate(network, split, cost, engine)

    outputs = network.predict(split.images)
    np.testing.assert_allclose(evaluation.outputs, outputs, rtol=1e-12)
    np.testing.assert_allclose(
        evaluation.costs, COSTS[cost].value(outputs, np.eye(3)[split.labels]), rtol=1e-10
    )
    assert evaluation.accuracy == np.mean([np.argmax(row) for row in outputs] == split.labels)
    assert evaluation.confusion.sum() == n
    assert evaluation.confusion.trace() == round(evaluation.accuracy * n)
    assert all(np.array_equal(network.parameters[name], array) for name, array in before.items())


def test_what_can_not_be_evaluated():
    network = Network("5-3", seed=0)
    images, labels = np.zeros((2, 5)), np.array([0, 1])
    with pytest.raises(GlassnetError, match="there are no images to evaluate on"):
        evaluate(network, Split(images[:0], labels[:0]))
    with pytest.raises(GlassnetError, match=r"images of shape \(2, 4\): the network takes"):
        evaluate(network, Split(images[:, :4], labels))
    with pytest.raises(GlassnetError, match="label 3: the network has the outputs 0 to 2"):
        evaluate(network, Split(images, labels + 2))
    with pytest.raises(GlassnetError, match="cost 'log_likelihood' is not defined for 'sigmoid' outputs"):
        evaluate(network, Split(images, labels), "log_likelihood")
    with pytest.raises(GlassnetError, match="unknown engine 'steam'"):
        evaluate(network, Split(images, labels), engine="steam")
