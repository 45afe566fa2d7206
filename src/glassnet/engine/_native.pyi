"""The engine's C++ (native/binding.cpp). A wrong argument is answered with a TypeError or a ValueError."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images

Plan = list[tuple[str, str, list[int], list[int], tuple[int, int, int], tuple[int, float]]]
How = tuple[str, bool, float, float, float, float, float]
Moves = tuple[NDArray[np.int32], list[int], int, NDArray[np.int32], NDArray[np.int32]]

def targets() -> list[str]: ...
def end() -> None: ...
def measure_peak(target: str, threads: int, seconds: float) -> float: ...
def rows_of_chunk(plan: Plan, dtype: str) -> int: ...
def train_batches(
    plan: Plan,
    parameters: list[Array],
    memories: list[list[Array]],
    images: Images,
    labels: NDArray[Any],
    example_weights: NDArray[Any] | None,
    order: NDArray[Any],
    seed: int,
    epoch: int,
    moves: Moves | None,
    batch_size: int,
    cost: str,
    canonical: bool,
    how: How,
    paces: NDArray[Any],
    dtype: str,
    target: str,
    threads: int,
    costs: NDArray[Any],
    correct: NDArray[Any],
    gradient_norms: NDArray[Any],
) -> bool: ...
def evaluate(
    plan: Plan,
    parameters: list[Array],
    images: Images,
    labels: NDArray[Any],
    cost: str,
    canonical: bool,
    dtype: str,
    target: str,
    threads: int,
    outputs: Array,
    costs: NDArray[Any],
) -> bool: ...
def cost_and_gradient(
    plan: Plan,
    parameters: list[Array],
    images: Images,
    targets: Array,
    example_weights: NDArray[Any] | None,
    places: NDArray[Any] | None,
    seed: int,
    epoch: int,
    cost: str,
    canonical: bool,
    dtype: str,
    target: str,
    threads: int,
    costs: NDArray[Any],
    x: Array,
    layers: list[list[Array | None]],
) -> bool: ...

class PredictorFloat32:
    def __init__(self, plan: Plan, parameters: list[Array], target: str) -> None: ...
    def predict(self, images: Images, outputs: Array, threads: int) -> bool: ...

class PredictorFloat64:
    def __init__(self, plan: Plan, parameters: list[Array], target: str) -> None: ...
    def predict(self, images: Images, outputs: Array, threads: int) -> bool: ...
