"""scikit-learn's MLPClassifier; its settings can be chosen so that its steps are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from peers import Contender
from peers.workload import Data, Workload

ACTIVATIONS = {"sigmoid": "logistic", "relu": "relu"}


class MLP(Contender):
    """Sigmoid outputs with cross-entropy (its multi-label form) or softmax with log-likelihood."""

    package = "scikit-learn"

    def __init__(self, workload: Workload, data: Data) -> None:
        recipe = workload.recipe
        network = recipe.network()
        self._x = data.inputs
        # One-hot rows are labels of their own, each a sigmoid; class numbers bring a softmax.
        self._y = data.labels if recipe.last_activation == "softmax" else data.targets.astype(np.int64)
        self._classifier = MLPClassifier(
            hidden_layer_sizes=[network.shapes[name][0] for name in network.weights[:-1]],
            activation=ACTIVATIONS[recipe.activation],
            solver="sgd",
            alpha=recipe.l2 * recipe.batch_size / workload.images,
            batch_size=recipe.batch_size,
            learning_rate_init=recipe.learning_rate,
            momentum=0.0,
            shuffle=False,
        )
        some = slice(recipe.batch_size)
        self._classifier.partial_fit(self._x[some], self._y[some], classes=np.arange(10))

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._classifier.coefs_ = [np.array(W.T, order="C") for W in parameters[0::2]]
        self._classifier.intercepts_ = [b.copy() for b in parameters[1::2]]

    def parameters(self) -> list[NDArray[Any]]:
        layers = zip(self._classifier.coefs_, self._classifier.intercepts_, strict=True)
        return [array for W, b in layers for array in (W.T.copy(), b.copy())]

    def epoch(self, order: NDArray[Any]) -> None:
        self._classifier.partial_fit(self._x[order], self._y[order])

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        return lambda: self._classifier.predict_proba(images)
