"""Verdicts: by hand, of a network whose confidences can be computed by hand."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from glassnet.activations import ACTIVATIONS
from glassnet.data import NOT_A_DIGIT
from glassnet.errors import GlassnetError
from glassnet.handwriting import Judge
from glassnet.layers import Dense
from glassnet.network import Network
from glassnet.storage import Model
from glassnet.training import Calibration

CALIBRATION = Calibration(temperature=2.0, threshold=0.8, accepted=1.0, passed=None, digits=10, not_digits=0)


def model(classes, activation="softmax", calibration=None):
    """z is the input itself."""
    n = len(classes)
    parameters = {"1.weight": np.eye(n), "1.bias": np.zeros(n)}
    network = Network([Dense(n, activation)], n, parameters=parameters, dtype="float64")
    return Model(network, classes, calibration=calibration)


@pytest.mark.parametrize("engine", ["native", "textbook"])
def test_a_digit_is_what_reaches_the_threshold(engine):
    judge = Judge(model(("3", "7"), calibration=CALIBRATION), engine)
    # σ(z/2) for z = 3 is 0.8176, for z = 2.7 it is 0.7941.
    sure, unsure, other = judge(np.array([[3.0, 0.0], [2.7, 0.0], [0.0, 5.0]]))
    assert (sure.answer, sure.nearest, sure.is_digit, sure.calibrated) == ("3", "3", True, True)
    assert sure.confidence == pytest.approx(1 / (1 + exp(-1.5)))
    np.testing.assert_allclose(sure.confidences, [1 / (1 + exp(-1.5)), 1 / (1 + exp(1.5))])
    assert (unsure.answer, unsure.nearest, unsure.is_digit) == (NOT_A_DIGIT, "3", False)
    assert unsure.confidence == pytest.approx(1 / (1 + exp(-1.35)))
    assert (other.answer, other.nearest) == ("7", "7")


def test_the_class_of_no_digits_is_never_the_nearest():
    judge = Judge(model(("3", "7", NOT_A_DIGIT), calibration=CALIBRATION))
    (verdict,) = judge(np.array([[0.0, 1.0, 30.0]]))
    assert (verdict.answer, verdict.nearest) == (NOT_A_DIGIT, "7")
    assert verdict.confidence == verdict.confidences[1] < 1e-6 < verdict.confidences[2]
    # Sure enough of a digit, it is one, whatever the others hold.
    assert judge(np.array([[9.0, 0.0, 2.0]]))[0].answer == "3"


def test_sigmoid_outputs_are_divided_one_by_one():
    (verdict,) = Judge(model(("3", "7"), "sigmoid", CALIBRATION))(np.array([[4.0, -2.0]]))
    np.testing.assert_allclose(verdict.confidences, [1 / (1 + exp(-2)), 1 / (1 + exp(1))])


@pytest.mark.parametrize("activation", [*ACTIVATIONS])
def test_without_a_calibration_the_largest_output_is_the_answer(activation):
    judge = Judge(model(("3", "7", NOT_A_DIGIT), activation))
    images = np.array([[0.1, 0.2, -0.3], [0.3, -0.2, 0.1], [0.0, 0.1, 0.2]])
    verdicts = judge(images)
    assert [verdict.answer for verdict in verdicts] == ["7", "3", NOT_A_DIGIT]
    assert [verdict.nearest for verdict in verdicts] == ["7", "3", "7"]
    assert not any(verdict.calibrated for verdict in verdicts)
    outputs = model(("3", "7", NOT_A_DIGIT), activation).network.predict(images)
    np.testing.assert_allclose([verdict.confidences for verdict in verdicts], outputs, rtol=1e-14)
    assert judge.are_digits(images).tolist() == [True, True, False]


def test_what_stands_at_the_threshold_is_a_digit():
    even = Calibration(temperature=1.0, threshold=0.5, accepted=1.0, passed=None, digits=1, not_digits=0)
    assert Judge(model(("3", "7"), calibration=even))(np.zeros((1, 2)))[0].answer == "3"


def test_a_judge_needs_a_model():
    with pytest.raises(GlassnetError, match="stands where a Model is wanted"):
        Judge(Network("2-2", seed=0))
