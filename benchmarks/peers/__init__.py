"""Who takes part: glassnet and its peers, each in a small file and at run time in a process of its own.

A contender trains and predicts the same workload with the same arithmetic, written the way an expert
in that library would write it for a CPU. `python -m peers` is the process; `peers.crew` talks to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from time import perf_counter
from typing import Any, Protocol

from numpy.typing import NDArray

from peers.workload import Data, Workload

HOMES = {  # the name in the results: module and class
    "glassnet": "glassnet_itself:Glassnet",
    "PyTorch": "pytorch:Usual",
    "PyTorch, tuned": "pytorch:Tuned",
    "PyTorch, channels last": "pytorch:ChannelsLast",
    "torch.compile": "pytorch:Compiled",
    "JAX": "jax_scan:Scan",
    "scikit-learn": "sklearn_mlp:MLP",
    "NumPy": "numpy_loop:Loop",
    "ONNX Runtime": "onnx_session:Session",
}


class Contender(Protocol):
    """One way to do a workload. What it needs of the data is prepared before the clock starts.

    Parameters are lists of arrays in the network's order: weight, bias, weight, bias, …
    """

    package: str  # whose version the results name

    def __init__(self, workload: Workload, data: Data) -> None: ...

    def load(self, parameters: Sequence[NDArray[Any]]) -> None:
        """Start (again) from copies of these."""

    def epoch(self, order: NDArray[Any]) -> None:
        """One step after the other, on the training images in this order."""

    def parameters(self) -> list[NDArray[Any]]:
        """What it has learned."""

    def predictor(self, images: NDArray[Any]) -> Callable[[], Any]:
        """A call that passes these float32 images (batch, 784) through the network."""

    def first_step(self, order: NDArray[Any], batch_size: int) -> None:
        """The first mini-batch of an epoch alone."""
        self.epoch(order[:batch_size])

    def timed_epoch(self, order: NDArray[Any]) -> float:
        """An epoch's seconds."""
        start = perf_counter()
        self.epoch(order)
        return perf_counter() - start


def contender(name: str) -> type[Contender]:
    """The class behind a name; its library is imported here, and may be missing."""
    module, _, class_name = HOMES[name].partition(":")
    found: type[Contender] = getattr(import_module(f"peers.{module}"), class_name)
    return found
