"""Every layer, built: what the tests of layers and of their pages of explanation run over."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from glassnet.layers import LAYERS, AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax

# A layer, an input shape, the output shape, the shapes of the parameters, and how many lines there are.
BUILT = {
    "dense": (Dense(3, "tanh"), (5,), (3,), {"weight": (3, 5), "bias": (3,)}, 3 * 5),
    # 2 · 3·2 neurons, each with a patch of 3×3
    "conv": (Conv(2, 3), (1, 5, 4), (2, 3, 2), {"weight": (2, 1, 3, 3), "bias": (2,)}, 12 * 9),
    # rows −1 … 1, 1 … 3, 3 … 5 of 0 … 5: 2 + 3 + 3 within; columns, of 0 … 4: 2 + 3 + 2
    "conv, strides and padding": (
        Conv(3, 3, stride=2, padding=1, activation="tanh"),
        (2, 6, 5),
        (3, 3, 3),
        {"weight": (3, 2, 3, 3), "bias": (3,)},
        3 * 2 * 8 * 7,
    ),
    # rows −2 … 0, −1 … 1, …, 2 … 4 of 0 … 2: 1 + 2 + 3 + 2 + 1 within; columns, of 0 … 1: 1 + 2 + 2 + 1
    "conv, wide padding": (
        Conv(2, 3, padding=2, activation="tanh"),
        (1, 3, 2),
        (2, 5, 4),
        {"weight": (2, 1, 3, 3), "bias": (2,)},
        2 * 9 * 6,
    ),
    "conv with gaps": (
        Conv(2, 2, stride=3),
        (2, 6, 7),
        (2, 2, 2),
        {"weight": (2, 2, 2, 2), "bias": (2,)},
        8 * 8,
    ),
    "conv of one pixel": (
        Conv(2, 1, activation="relu"),
        (3, 2, 3),
        (2, 2, 3),
        {"weight": (2, 3, 1, 1), "bias": (2,)},
        12 * 3,
    ),
    "conv of the whole image": (
        Conv(4, 3, activation="linear"),
        (1, 3, 3),
        (4, 1, 1),
        {"weight": (4, 1, 3, 3), "bias": (4,)},
        4 * 9,
    ),
    "max_pool": (MaxPool(2), (2, 4, 6), (2, 2, 3), {}, 12),  # a line to each winner
    "max_pool, overlapping": (MaxPool(3, 2), (2, 7, 5), (2, 3, 2), {}, 12),
    "max_pool, rows left over": (MaxPool(2), (1, 5, 7), (1, 2, 3), {}, 6),
    "max_pool with gaps": (MaxPool(2, 3), (1, 7, 6), (1, 2, 2), {}, 4),
    "average_pool": (AveragePool(2), (2, 4, 6), (2, 2, 3), {}, 12 * 4),
    "average_pool, overlapping": (AveragePool(3, 2), (2, 7, 5), (2, 3, 2), {}, 12 * 9),
    "average_pool, rows left over": (AveragePool(2), (1, 5, 7), (1, 2, 3), {}, 6 * 4),
    "average_pool with gaps": (AveragePool(2, 3), (1, 7, 6), (1, 2, 2), {}, 4 * 4),
    "flatten": (Flatten(), (2, 3, 4), (24,), {}, 24),
    "flatten of a row": (Flatten(), (5,), (5,), {}, 5),
    "dropout": (Dropout(0.4), (2, 3, 4), (2, 3, 4), {}, 24),
    "dropout in training": (Dropout(0.4), (7,), (7,), {}, 7),
    "softmax": (Softmax(), (4,), (4,), {}, 4),
}
EACH = pytest.mark.parametrize("which", BUILT)
KINDS = pytest.mark.parametrize("kind", LAYERS)


def parameters(rng, which, batch, dtype=np.float64):
    """Random ones, and the masks of a training step."""
    layer, inputs, _, shapes, _ = BUILT[which]
    params = {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}
    if "in training" in which:
        words = rng.integers(2**32, size=(batch, *inputs), dtype=np.uint32)
        params["mask"] = layer.mask(words, np.dtype(dtype))
    return params


def distinct(rng, *shape):
    """Numbers from −2 to 2 in random order, no two of an example nearer than 0.03: no pool meets a tie."""
    batch, *sizes = shape
    n = prod(sizes)
    assert n <= 120
    return np.array([rng.permutation(n) for _ in range(batch)]).reshape(shape) * (4 / n) - 2 + 1 / n


def forward(which, batch):
    """A pass through a layer: the layer, its parameters, the cache, and a random ∂C/∂z."""
    layer, inputs, outputs, _, _ = BUILT[which]
    rng = np.random.default_rng(3)
    params = parameters(rng, which, batch)
    _, cache = layer.forward(params, distinct(rng, batch, *inputs))
    return layer, params, cache, rng.normal(size=(batch, *outputs))
