"""glassnet, as everybody uses it: a Trainer for epochs, a Predictor for images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import glassnet as gn
from glassnet.engine import native
from peers import Contender
from peers.workload import Data, Workload

LETTERS = tuple("0123456789")


class Glassnet(Contender):
    """Trains straight from uint8; its clock is the one in its own records, around training alone."""

    package = "glassnet"

    def __init__(self, workload: Workload, data: Data) -> None:
        self._recipe = workload.recipe
        none = gn.Split(data.images[:0], data.labels[:0])
        self._data = gn.Dataset("benchmark", gn.Split(data.images, data.labels), none, none, LETTERS)

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        self._network = self._recipe.network()
        self._network.load_parameters(dict(zip(self._network.parameters, parameters, strict=True)))
        self._trainer = gn.Trainer(self._network, self._data, self._recipe)

    def epoch(self, order: NDArray[Any]) -> None:
        self.timed_epoch(order)

    def timed_epoch(self, order: NDArray[Any]) -> float:
        """The order is the Trainer's own, from the same stream."""
        return self._trainer.epoch().seconds

    def first_step(self, order: NDArray[Any], batch_size: int) -> None:
        self._trainer.step()

    def parameters(self) -> list[NDArray[Any]]:
        return [array.copy() for array in self._network.parameters.values()]

    def predictor(self, images: NDArray[np.float32]) -> Callable[[], Any]:
        predict = gn.Predictor(self._network, self._recipe.engine)
        return lambda: predict(images)


def peak(threads: int, seconds: float) -> float | None:
    """This machine's float32 operations a second in fused multiply-adds, if the engine can measure them."""
    return None if native.missing() else native.measure_peak(threads, seconds)
