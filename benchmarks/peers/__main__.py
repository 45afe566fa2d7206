"""A contender's process: does what it is told on standard input, a line each, and answers in JSON.

python -m peers NAME WORKLOAD CALLS
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import glassnet
from glassnet.rng import Purpose, Stream
from peers import Contender, contender
from peers.workload import Workload, textbook_step

Reply = dict[str, Any]
PEAK_SECONDS = 0.1


class Desk:
    """The commands; each starts where the one before has left the contender."""

    def __init__(self, name: str, workload: Workload, calls: int) -> None:
        kind = contender(name)
        self._package, self._calls, self._epoch = kind.package, calls, 0
        self._workload, self._data = workload, workload.data()
        self._network = workload.recipe.network()
        self._initial = list(self._network.parameters.values())
        self._contender: Contender = kind(workload, self._data)
        self._contender.load(self._initial)
        batch = self._data.test_images[: workload.images] / np.float32(255)
        self._batch = np.ascontiguousarray(batch)
        self._predict = self._contender.predictor(self._batch)

    def hello(self) -> Reply:
        try:
            return {"package": self._package, "version": version(self._package)}
        except PackageNotFoundError:  # glassnet, not installed but found by PYTHONPATH
            return {"package": self._package, "version": glassnet.__version__}

    def check_step(self) -> Reply:
        """How far its first step ends from the textbook's in float64, in lengths of that step."""
        m, order = self._workload.recipe.batch_size, self._order(1)
        first = order[:m]
        self._contender.first_step(order, m)
        seen = self._workload.seen(self._data.images, first)
        exact = textbook_step(self._network, seen, self._data.labels[first], self._workload)
        deviation = max(
            float(np.linalg.norm(theirs - right) / np.linalg.norm(right - start))
            for theirs, right, start in zip(self._contender.parameters(), exact, self._initial, strict=True)
        )
        self._contender.load(self._initial)
        return {"deviation": deviation}

    def check_outputs(self) -> Reply:
        """How far its outputs are from the textbook's."""
        expected = self._network.predict(self._batch)
        return {"deviation": float(np.abs(np.asarray(self._predict()) - expected).max())}

    def epoch(self) -> Reply:
        return self._timed(self._one_epoch)

    def predict(self) -> Reply:
        return self._timed(self._one_prediction)

    def accuracy(self) -> Reply:
        """On the test images, with what was learned."""
        self._network.load_parameters(
            dict(zip(self._network.parameters, self._contender.parameters(), strict=True))
        )
        answers = self._network.predict(self._data.test_images).argmax(axis=1)
        return {"accuracy": float((answers == self._data.test_labels).mean())}

    def peak(self) -> Reply:
        """Fused multiply-adds, in operations a second; None where glassnet's engine can't tell."""
        from peers.glassnet_itself import peak

        return {"peak": peak(self._workload.threads, PEAK_SECONDS)}

    def _one_epoch(self) -> float:
        if self._epoch == self._workload.recipe.epochs:  # it is over: the next begins anew
            self._contender.load(self._initial)
            self._epoch = 0
        self._epoch += 1
        return self._contender.timed_epoch(self._order(self._epoch))

    def _one_prediction(self) -> float:
        start = perf_counter()
        self._predict()
        return perf_counter() - start

    def _order(self, epoch: int) -> NDArray[Any]:
        stream = Stream(self._workload.recipe.seed, Purpose.SHUFFLE, epoch=epoch)
        return stream.permutation(self._workload.images)

    def _timed(self, one: Callable[[], float]) -> Reply:
        """The median of its seconds, and how many cores were busy on the whole."""
        wall, cpu = perf_counter(), process_time()
        seconds = median(one() for _ in range(self._calls))
        cpu, wall = process_time() - cpu, perf_counter() - wall
        return {"seconds": seconds, "busy": cpu / wall}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints doesn't come between
    _, name, workload, calls = sys.argv

    def answer(ask: Callable[[], Reply]) -> None:
        try:
            reply = ask()
        except ModuleNotFoundError as error:
            reply = {"error": f"{error.name} is not installed"}
        except Exception as error:  # whatever it is, the others go on
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), file=answers)

    def open_desk() -> Reply:
        nonlocal desk
        desk = Desk(name, Workload.from_json(workload), int(calls))
        return desk.hello()

    desk: Desk | None = None
    answer(open_desk)
    for line in sys.stdin:
        answer(getattr(desk, line.strip()))


if __name__ == "__main__":
    main()
