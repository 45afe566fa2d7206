"""The engine's C++ (native/binding.cpp). A wrong argument is answered with a TypeError or a ValueError.

The classes are checked when they are made, and cannot be changed. They hold on to their arrays.
"""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images

Shape = list[int]  # [n] or [channels, height, width]

def targets() -> list[str]: ...
def end() -> None: ...
def measure_peak(instruction_set: str, threads: int, seconds: float) -> float: ...

@final
class Layer:
    def __init__(
        self,
        kind: str,
        activation: str,
        input_shape: Shape,
        output_shape: Shape,
        size: int = 0,  # of a window
        stride: int = 0,
        padding: int = 0,
        threshold: int = 0,  # of dropout: a number is switched off where its random word is below
        scale: float = 1.0,  # of the others
    ) -> None: ...

@final
class Plan:
    def __init__(self, layers: list[Layer]) -> None: ...
    def rows_of_chunk(self, dtype: str) -> int: ...

@final
class Setup:
    def __init__(
        self, plan: Plan, cost: str, canonical: bool, dtype: str, instruction_set: str, threads: int
    ) -> None: ...

@final
class Descent:
    def __init__(
        self,
        rule: str,
        decoupled: bool,
        l1: float,  # λ₁/n
        l2: float,  # λ/n
        beta1: float,  # momentum's μ, too
        beta2: float,
        epsilon: float,
    ) -> None: ...

@final
class Examples:
    def __init__(
        self,
        images: Images,  # (n, n_in)
        targets: NDArray[Any],  # labels (n,), or (n, n_out)
        example_weights: NDArray[Any] | None = None,  # (n,)
    ) -> None: ...

@final
class Moves:
    def __init__(
        self,
        maps: NDArray[np.int32],  # (examples, 6), in the order of their use
        image_shape: Shape,
        gain: int,
        knot_weights_down: NDArray[np.int32],  # (height, knots)
        knot_weights_across: NDArray[np.int32],  # (width, knots)
    ) -> None: ...

@final
class MiniBatches:
    def __init__(
        self,
        order: NDArray[np.int64],  # (examples,)
        batch_size: int,
        rates: NDArray[np.float64],  # (mini-batches, 3): learning rate and Adam's two corrections
        seed: int,
        epoch: int,
        moves: Moves | None = None,
    ) -> None: ...

@final
class Draw:
    def __init__(self, seed: int, epoch: int, places: NDArray[np.int64]) -> None: ...

@final
class Results:
    def __init__(
        self,
        costs: NDArray[np.float64],  # (examples,)
        correct: NDArray[np.bool_],  # (examples,)
        gradient_norms: NDArray[np.float64],  # (mini-batches, layers with a weight)
    ) -> None: ...

@final
class LayerNumbers:
    def __init__(
        self,
        z: Array | None,  # (n, n_out), as the next three; None: not wanted
        a: Array | None,
        delta: Array | None,
        dC_da: Array | None,
        weight: Array | None,  # ∂C/∂W; None where the layer has no weight
        bias: Array | None,  # ∂C/∂b; None where it has no bias
    ) -> None: ...

def train_batches(
    setup: Setup,
    parameters: list[Array],
    memories: list[list[Array]],
    examples: Examples,
    mini_batches: MiniBatches,
    descent: Descent,
    results: Results,
) -> bool: ...
def evaluate(
    setup: Setup, parameters: list[Array], examples: Examples, outputs: Array, costs: NDArray[np.float64]
) -> bool: ...
def cost_and_gradient(
    setup: Setup,
    parameters: list[Array],
    examples: Examples,
    draw: Draw | None,
    costs: NDArray[np.float64],
    x: Array,
    layers: list[LayerNumbers],
) -> bool: ...

class PredictorFloat32:
    def __init__(self, plan: Plan, parameters: list[Array], instruction_set: str) -> None: ...
    def predict(self, images: Images, outputs: Array, threads: int) -> bool: ...

class PredictorFloat64:
    def __init__(self, plan: Plan, parameters: list[Array], instruction_set: str) -> None: ...
    def predict(self, images: Images, outputs: Array, threads: int) -> bool: ...
