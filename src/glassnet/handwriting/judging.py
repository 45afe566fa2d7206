"""A model's verdict on a picture: which digit, how sure, or that it is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images
from glassnet.data import NOT_A_DIGIT
from glassnet.errors import GlassnetError
from glassnet.storage import Model
from glassnet.training import Predictor, best_confidence, confidences, last_sums


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a model says of one picture.

    Attributes:
        answer: the name of a class, or "not a digit".
        nearest: the digit of the largest confidence, whatever the answer.
        confidence: in that digit, 0 … 1 if calibrated.
        confidences: (classes,), in the order of the model's class names.
        calibrated: whether the model has a calibration. Where it has none, the answer is the largest
            output, and the confidences are the outputs as they are.
    """

    answer: str
    nearest: str
    confidence: float
    confidences: NDArray[np.float64]
    calibrated: bool

    @property
    def is_digit(self) -> bool:
        """Whether the answer is a digit."""
        return self.answer != NOT_A_DIGIT


class Judge:
    """A model as a function from pictures to verdicts, made ready once.

    A picture is a digit if the confidence in the nearest reaches the threshold that the model's
    calibration has.

    Args:
        model: with a calibration, or without.
        engine: what computes it: native or textbook.

    Raises:
        GlassnetError: no model; when called, images that don't fit the network.

    >>> from glassnet.data import load
    >>> from glassnet.network import Network
    >>> judge = Judge(Model(Network("784-10", seed=0), tuple("0123456789")))
    >>> verdicts = judge(load("digits").test.images)
    >>> len(verdicts), verdicts[0].calibrated
    (360, False)
    """

    def __init__(self, model: Model, engine: str = "native") -> None:
        if not isinstance(model, Model):
            raise GlassnetError(f"{model!r} stands where a Model is wanted: Judge(load_model(path))")
        self._model = model
        calibrated = model.calibration is not None
        self._predict = last_sums(model.network, engine) if calibrated else Predictor(model.network, engine)

    def confidences(self, images: Images) -> NDArray[np.float64]:
        """In every class, (batch, classes): calibrated, or else the outputs."""
        numbers, calibration = self._predict(images), self._model.calibration
        if calibration is None:
            return np.asarray(numbers, np.float64)
        return confidences(self._model.network, numbers, calibration.temperature)

    def are_digits(self, images: Images) -> NDArray[np.bool_]:
        """Whether each of the pictures is called a digit, (batch,)."""
        return self._are_digits(self.confidences(images))

    def __call__(self, images: Images) -> list[Verdict]:
        """Verdicts on images (batch, …), uint8 pixels or floats."""
        rows, names = self.confidences(images), self._model.class_names
        verdicts = []
        for row, digit in zip(rows, self._are_digits(rows), strict=True):
            nearest = max((k for k, name in enumerate(names) if name != NOT_A_DIGIT), key=row.__getitem__)
            answer = names[nearest] if digit else NOT_A_DIGIT
            verdicts.append(
                Verdict(answer, names[nearest], float(row[nearest]), row, self._model.calibration is not None)
            )
        return verdicts

    def _are_digits(self, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
        best, calibration = best_confidence(rows, self._model.class_names), self._model.calibration
        return best >= (rows.max(axis=1) if calibration is None else calibration.threshold)
