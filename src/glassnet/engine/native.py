"""The native engine: the textbook's fast twin, in C++ (the folder `native`).

A network becomes a plan, its layers without their parameters; its arrays are handed over as they are,
and come back changed. Bits don't depend on the number of threads, on the instruction set, or on how
an epoch is cut into calls. Two variables of the environment force what is otherwise chosen when it runs:

    GLASSNET_THREADS    how many threads at most; else as many as there are processors
    GLASSNET_ISA        the instruction set: x86-64-v4, x86-64-v3 or neon; else the fastest there is
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Array, Images, Labels, Parameters, Shape
from glassnet.augmentation import gain, knot_weights
from glassnet.costs import Cost
from glassnet.draws import Draw, check_draw
from glassnet.engine.engine import Batches, Task
from glassnet.errors import GlassnetError
from glassnet.examples import as_weights, check_labels, image_rows, not_finite
from glassnet.layers import Cache, Dropout, Layer, Windowed, format_layers
from glassnet.network import Gradient, LayerGradient, Network
from glassnet.optimizers import SGD, Adam, AdamW, Momentum, Nesterov, Optimizer

NOT_BUILT = "it was not built when glassnet was installed (that takes g++ 12 or newer, or clang)"
_reason = NOT_BUILT

try:
    from glassnet.engine import _native
except ImportError as error:
    _native = None  # type: ignore[assignment]
    if error.path and "_native" in error.path:  # it is there, but no module
        _reason = f"its module can't be loaded ({error}); install glassnet anew"
else:
    atexit.register(_native.end)

MOST_THREADS = 1024
MOST_NEURONS = 2**24
FEW = 8  # images for which no other thread is worth its while


def missing() -> str | None:
    """Why this engine can't run here, or None where it can."""
    if _native is None:
        return _reason
    if not _native.targets():
        return "this processor has neither AVX2 with FMA nor NEON"
    return None


def threads() -> int:
    """How many threads it may use."""
    given = os.environ.get("GLASSNET_THREADS")
    if not given:
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(available, MOST_THREADS)
    digits = given.isascii() and given.isdigit() and len(given) < 20
    if not (digits and 1 <= int(given) <= MOST_THREADS):
        raise GlassnetError(f"GLASSNET_THREADS is {given!r}: give a whole number from 1 to {MOST_THREADS:,}")
    return int(given)


def instruction_set() -> str:
    """The one that its kernels are chosen for."""
    names = _native.targets()
    given = os.environ.get("GLASSNET_ISA") or names[0]
    if given not in names:
        raise GlassnetError(f"GLASSNET_ISA is {given!r}: this processor and build have {', '.join(names)}")
    return given


def measure_peak(thread_count: int, seconds: float = 0.2) -> float:
    """Float32 operations a second that so many threads reach in a loop of fused multiply-adds."""
    return _native.measure_peak(instruction_set(), thread_count, seconds)


class NativeEngine:
    """Forward, backward, update, in machine code."""

    name = "native"

    def train_batches(
        self,
        network: Network,
        optimizer_state: Parameters,
        task: Task,
        order: NDArray[np.int64],
        epoch: int = 1,
        learning_rates: NDArray[np.float64] | None = None,
        first_step: int = 1,
    ) -> Batches:
        count = -(-len(order) // task.batch_size)
        batches = Batches(
            costs=np.empty(len(order)),
            correct=np.empty(len(order), np.bool_),
            gradient_norms=np.empty((count, len(network.weights))),
        )
        parameters = own_arrays(network)
        for name, array in zip(network.shapes, parameters, strict=True):
            if array is not network.parameters[name]:
                raise GlassnetError(
                    f"{name} is not an array of {network.dtype} in rows that can be written to: "
                    "give it by network.load_parameters"
                )
        rates = [task.learning_rate] * count if learning_rates is None else learning_rates.tolist()
        finite = _native.train_batches(
            setup=setup(network, task.cost),
            parameters=parameters,
            memories=_memories(network, task.optimizer, optimizer_state),
            examples=_native.Examples(
                images=flat_images(network, task.images),
                targets=own_labels(network, task.labels),
                example_weights=weights_or_none(task.example_weights),
            ),
            mini_batches=_native.MiniBatches(
                order=np.ascontiguousarray(order, np.int64),
                batch_size=task.batch_size,
                rates=_with_corrections(rates, task.optimizer, first_step),
                seed=task.seed,
                epoch=epoch,
                moves=moves(task, order, epoch),
            ),
            descent=descent(task),
            results=_native.Results(*batches),
        )
        if not finite:
            raise not_finite(network.dtype)
        return batches

    def rows_at_a_time(self, network: Network, batch_size: int) -> int:
        return min(batch_size, plan(network).rows_of_chunk(network.dtype.name))

    def evaluate(self, network: Network, images: Images, labels: Labels, cost: Cost) -> tuple[Array, Array]:
        outputs = np.empty((len(images), prod(network.output_shape)), network.dtype)
        costs = np.empty(len(images))
        finite = _native.evaluate(
            setup=setup(network, cost),
            parameters=own_arrays(network),
            examples=_native.Examples(flat_images(network, images), own_labels(network, labels)),
            outputs=outputs,
            costs=costs,
        )
        if not finite:
            raise not_finite(network.dtype)
        return outputs, costs

    def gradient(
        self,
        network: Network,
        images: Images,
        y: Any,
        cost: str | Cost = "quadratic",
        *,
        example_weights: Any = None,
        canonical: bool = True,
        draw: Draw | None = None,
    ) -> Gradient:
        cost = network.check_cost(cost)
        rows, y = flat_images(network, images), network.targets(y)
        network.check_batch(rows, y, cost)
        arrays, n = own_arrays(network), len(rows)
        draw = None if draw is None else check_draw(draw, n)
        x = np.empty((n, rows.shape[1]), network.dtype)
        caches, layers = [], []
        direct = canonical and network.canonical(cost) is not None
        below = x.reshape(n, *network.input_shape)
        for i, parameters in enumerate(network.by_layer()):
            shape = (n, *network.output_shapes[i])
            z, a, delta, dC_da = (np.empty(shape, network.dtype) for _ in range(4))
            is_last = i + 1 == len(network.layers)
            gradients = {name: np.empty(array.shape, network.dtype) for name, array in parameters.items()}
            caches.append(Cache(below, z, a))
            layers.append(LayerGradient(None if direct and is_last else dC_da, delta, gradients))
            below = a
        costs = np.empty(n)
        finite = _native.cost_and_gradient(
            setup=setup(network, cost, canonical),
            parameters=arrays,
            examples=_native.Examples(
                images=rows,
                targets=np.ascontiguousarray(y),
                example_weights=None if example_weights is None else as_weights(example_weights, n),
            ),
            draw=None if draw is None else _native.Draw(*draw),
            costs=costs,
            x=x,
            layers=[
                _native.LayerNumbers(
                    z=_rows(cache.z),
                    a=_rows(cache.a),
                    delta=_rows(back.dC_dz),
                    dC_da=_rows(back.dC_da),
                    weight=back.parameters.get("weight"),
                    bias=back.parameters.get("bias"),
                )
                for cache, back in zip(caches, layers, strict=True)
            ],
        )
        if not finite:
            raise not_finite(network.dtype)
        parameters_by_name = network.by_name(back.parameters for back in layers)
        return Gradient(float(costs.sum() / n), parameters_by_name, layers, caches)

    def predictor(self, network: Network) -> Callable[[Images], Array]:
        kind = {"float32": "PredictorFloat32", "float64": "PredictorFloat64"}[network.dtype.name]
        run = getattr(_native, kind)(plan(network), own_arrays(network), instruction_set()).predict
        n_out, dtype = prod(network.output_shape), network.dtype

        def predict(images: Images) -> Array:
            try:  # most images fit as they are, and looking at them first takes longer than the network
                outputs = np.empty((len(images), n_out), dtype)
                finite = run(images, outputs, 1 if len(images) <= FEW else threads())
            except (TypeError, ValueError):
                rows = flat_images(network, images)
                outputs = np.empty((len(rows), n_out), dtype)
                finite = run(rows, outputs, threads())
            if not finite:
                raise not_finite(dtype)
            return outputs

        return predict


def setup(network: Network, cost: Cost, canonical: bool = True) -> _native.Setup:
    """What every call wants to know beside the arrays."""
    return _native.Setup(
        plan=plan(network),
        cost=cost.name,
        canonical=canonical and network.canonical(cost) is not None,
        dtype=network.dtype.name,
        instruction_set=instruction_set(),
        threads=threads(),
    )


def plan(network: Network) -> _native.Plan:
    """The network's layers, without their parameters."""
    return _plan(network.layers, network.input_shape, *network.output_shapes)


@lru_cache(maxsize=16)  # training in single steps asks for the same again and again
def _plan(layers: tuple[Layer, ...], *shapes_between: Shape) -> _native.Plan:
    shapes = [list(shape) for shape in shapes_between]  # the input's, and each layer's output's
    if max(map(prod, shapes)) > MOST_NEURONS:
        raise GlassnetError(
            f"the network {format_layers(shapes_between[0], layers)} has a layer of more than "
            f"{MOST_NEURONS:,} numbers: the native engine takes no more, give engine = 'textbook'"
        )
    shapes = [shape if len(shape) == 3 else [prod(shape)] for shape in shapes]  # (channels, height, width)
    return _native.Plan(
        [
            _native.Layer(layer.kind, layer.activation, shape, output_shape, **_settings(layer))
            for layer, shape, output_shape in zip(layers, shapes, shapes[1:], strict=False)
        ]
    )


def _settings(layer: Layer) -> dict[str, Any]:
    """The settings of its kind of layer: a window over an image, or what dropout switches off."""
    match layer:
        case Windowed(size=size, stride=stride, padding=padding):
            return {"size": size, "stride": stride, "padding": padding}
        case Dropout(threshold=threshold, scale=scale):
            return {"threshold": threshold, "scale": scale}
    return {}


def moves(task: Task, order: NDArray[np.int64], epoch: int) -> _native.Moves | None:
    """The maps that move the examples, in the order of their use; None where nothing moves."""
    if task.augmentation is None:
        return None
    height, width = task.images.shape[-2:]
    return _native.Moves(
        maps=task.augmentation.maps((height, width), task.seed, epoch, order),
        image_shape=[prod(task.images.shape[1:-2]), height, width],
        gain=gain(task.augmentation.elastic),
        knot_weights_down=knot_weights(height).astype(np.int32),
        knot_weights_across=knot_weights(width).astype(np.int32),
    )


RULES: dict[type[Optimizer], str] = {
    SGD: "sgd",
    Momentum: "momentum",
    Nesterov: "nesterov",
    Adam: "adam",
    AdamW: "adam",
}


def descent(task: Task) -> _native.Descent:
    """The optimizer's rule and its constants."""
    optimizer, n = task.optimizer, len(task.images)
    if type(optimizer) not in RULES:
        raise GlassnetError(f"the native engine has no {optimizer!r}: give engine = 'textbook'")
    beta1, beta2, epsilon = 0.0, 0.0, 0.0
    match optimizer:
        case Adam():
            beta1, beta2, epsilon = optimizer.beta1, optimizer.beta2, optimizer.epsilon
        case Momentum(momentum=momentum):
            beta1 = momentum
    return _native.Descent(
        rule=RULES[type(optimizer)],
        decoupled=optimizer.decoupled,
        l1=task.l1 / n,
        l2=task.l2 / n,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
    )


def _with_corrections(rates: list[float], optimizer: Optimizer, first_step: int) -> NDArray[np.float64]:
    """(steps, 3): each step's learning rate and the optimizer's corrections."""
    rows = [(rate, *optimizer.corrections(first_step + i)) for i, rate in enumerate(rates)]
    return np.array(rows, np.float64).reshape(len(rows), 3)


def _memories(network: Network, optimizer: Optimizer, state: Parameters) -> list[list[Array]]:
    """What the optimizer remembers: a list for each kind, its arrays in the order of the parameters."""
    return [[state[f"{name}.{kind}"] for name in network.shapes] for kind in optimizer.remembers]


def own_arrays(network: Network) -> list[Array]:
    """The parameters, layer by layer, where they are; a copy of those that can't be used as they are."""
    network.check_parameters(network.parameters)
    return [_own(network.parameters[name], network.dtype) for name in network.shapes]


def _own(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array itself, if it can be used as it is; else a copy."""
    usable: Array = np.require(array, dtype, ["C", "A", "W"])
    # A dtype that comes out of a pickle is another object than NumPy's own: there NumPy makes a new view.
    return array if usable is not array and usable.ctypes.data == array.ctypes.data else usable


def flat_images(network: Network, images: Images) -> Images:
    """(n, n_in), uint8, float32 or float64: the same memory, wherever that is possible."""
    rows = image_rows(images, network.input_shape)
    if rows.dtype not in (np.uint8, np.float32, np.float64):
        rows = rows.astype(network.dtype)
    return np.require(rows.reshape(len(rows), prod(network.input_shape)), requirements=["C", "A"])


def _rows(array: Array | None) -> Array | None:
    """The same memory with a row an example."""
    return None if array is None else array.reshape(len(array), -1)


def own_labels(network: Network, labels: Labels) -> Labels:
    """(n,), each of them one of the network's outputs."""
    check_labels(labels, prod(network.output_shape))
    return np.ascontiguousarray(labels, np.int64)


def weights_or_none(weights: Array | None) -> NDArray[np.float64] | None:
    """Example weights as the engine takes them."""
    return None if weights is None else np.ascontiguousarray(weights, np.float64)
