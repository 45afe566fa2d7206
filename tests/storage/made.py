"""Models and model files that the tests share: made by the library, and byte by byte."""

from __future__ import annotations

import json

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.layers import AveragePool, Conv, Dense, Dropout, Flatten, MaxPool, Softmax
from glassnet.network import Network
from glassnet.storage import Model, load_model, save_model
from glassnet.training import Calibration, Recipe

# kind: a network that has a layer of it.
NETWORKS = {
    "dense": ([Dense(4, "relu"), Dense(3, "sigmoid")], 5),
    "softmax": ([Dense(4, "tanh"), Dense(3, "linear"), Softmax()], 5),
    "conv": ([Conv(4, 3, stride=2, padding=1, activation="tanh"), Flatten(), Dense(3)], (2, 5, 6)),
    "max_pool": ([Conv(4, 2), MaxPool(2, stride=1), Flatten(), Dense(3)], (1, 5, 6)),
    "average_pool": ([Conv(4, 2), AveragePool(2), Flatten(), Dense(3)], (1, 5, 6)),
    "flatten": ([Conv(4, 2), Flatten(), Flatten(), Dense(3)], (1, 3, 3)),
    "dropout": ([Dense(4, "relu"), Dropout(0.3), Dense(3, "sigmoid")], 5),
}

CALIBRATION = Calibration(
    temperature=0.1 + 0.2, threshold=0.7, accepted=0.995, passed=None, digits=200, not_digits=0, fonts=("½",)
)


def model(kind="dense", dtype="float32", **changes):
    layers, inputs = NETWORKS[kind]
    network = Network(layers, inputs, seed=1, dtype=dtype)
    parts = {"class_names": ("nought", "one", "zwei ½"), "recipe": Recipe(layers="5-4:relu-3", dtype=dtype)}
    parts |= {"data_sha256": "ab" * 32, "figures": {"test_accuracy": 0.1 + 0.2, "epochs": 3.0}}
    return Model(network, **(parts | changes))


def saved(path, value=None):
    save_model(path, model() if value is None else value)
    return path.read_bytes()


def assert_same_network(one, other):
    assert one.layers == other.layers
    assert one.input_shape == other.input_shape
    assert list(one.parameters) == list(other.parameters)
    for name, array in one.parameters.items():
        assert array.dtype == other.parameters[name].dtype
        assert array.tobytes() == other.parameters[name].tobytes()


# A file byte by byte: it must load for ever. One layer: z = 2 x₀ − ½ x₁ + 1 and z = 0.
DESCRIPTION = {
    "format": 2,
    "input_shape": [2],
    "layers": [{"kind": "dense", "size": 2, "activation": "linear"}],
    "preprocessing": {"pixels": "uint8/255", "drawing": "mnist"},
    "class_names": ["a", "b"],
    "calibration": None,
    "recipe": {"layers": "2-2", "cost": "squared", "output_activation": "linear", "epochs": 7},
    "data": {"name": "", "sha256": ""},
    "figures": {"test_accuracy": 0.5},
}
BIAS = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
WEIGHT = {"dtype": "F32", "shape": [2, 2], "data_offsets": [8, 24]}
DATA = np.array([1, 0, 2, -0.5, 0, 0], dtype="<f4").tobytes()


def file_of(header, data=DATA):
    """A safetensors file with that header, an object or its text."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return len(text).to_bytes(8, "little") + text + data


def header_of(description=DESCRIPTION, **tensors):
    text = description if isinstance(description, str) else json.dumps(description)
    return {"__metadata__": {"glassnet": text}, "1.bias": BIAS, "1.weight": WEIGHT} | tensors


def refusal(path, data=None):
    """The sentence of the refusal; anything but a GlassnetError fails the test that asks."""
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(GlassnetError) as error:
        load_model(path)
    sentence = str(error.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence
