"""How a layer's weights and biases are drawn before it has learned anything.

`fan_in` is the number of inputs of a neuron, `fan_out` the number of neurons that an input feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from glassnet.arrays import Array, Shape
from glassnet.errors import unknown_name
from glassnet.rng import Stream


@dataclass(frozen=True)
class Initializer:
    """A rule for weights, (stream, shape, fan_in, fan_out) → array, and one for biases."""

    name: str
    weight: Callable[[Stream, Shape, int, int], Array]
    bias: Callable[[Stream, Shape], Array]


def _zero_bias(stream: Stream, shape: Shape) -> Array:
    return np.zeros(shape)


def _normal_bias(stream: Stream, shape: Shape) -> Array:
    return stream.normal(shape)


# N(0, 1) for every weight and bias: Nielsen's book, chapter 1.
def _normal(stream: Stream, shape: Shape, fan_in: int, fan_out: int) -> Array:
    return stream.normal(shape)


# N(0, 1/n_in), so that z doesn't grow with the number of inputs; biases N(0, 1): the book, chapter 3.
def _scaled_normal(stream: Stream, shape: Shape, fan_in: int, fan_out: int) -> Array:
    return stream.normal(shape) / sqrt(fan_in)


# Uniform in ±√(6 / (n_in + n_out)): Glorot, Bengio, AISTATS 2010.
def _glorot(stream: Stream, shape: Shape, fan_in: int, fan_out: int) -> Array:
    return (2 * stream.uniform(shape) - 1) * sqrt(6 / (fan_in + fan_out))


# N(0, 2/n_in), for ReLU: He, Zhang, Ren, Sun, ICCV 2015.
def _he(stream: Stream, shape: Shape, fan_in: int, fan_out: int) -> Array:
    return stream.normal(shape) * sqrt(2 / fan_in)


# All neurons of a layer stay alike for ever: to see why weights are drawn at random.
def _zeros(stream: Stream, shape: Shape, fan_in: int, fan_out: int) -> Array:
    return np.zeros(shape)


INITIALIZERS: dict[str, Initializer] = {
    initializer.name: initializer
    for initializer in (
        Initializer("normal", _normal, _normal_bias),
        Initializer("scaled_normal", _scaled_normal, _normal_bias),
        Initializer("glorot", _glorot, _zero_bias),
        Initializer("he", _he, _zero_bias),
        Initializer("zeros", _zeros, _zero_bias),
    )
}


def get_initializer(name: str) -> Initializer:
    """The initializer of that name, or an error that names the nearest."""
    if name not in INITIALIZERS:
        raise unknown_name("initializer", name, INITIALIZERS)
    return INITIALIZERS[name]
