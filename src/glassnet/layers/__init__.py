"""The layers, one file each."""

from glassnet.layers.conv import Conv
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.flatten import Flatten
from glassnet.layers.layer import Cache, Connections, Layer
from glassnet.layers.pool import AveragePool, MaxPool
from glassnet.layers.softmax import Softmax
from glassnet.layers.text import format_layers, parse_layers

LAYERS: dict[str, type[Dense | Conv | MaxPool | AveragePool | Flatten | Dropout | Softmax]] = {
    layer.kind: layer for layer in (Dense, Conv, MaxPool, AveragePool, Flatten, Dropout, Softmax)
}

__all__ = [
    "LAYERS",
    "AveragePool",
    "Cache",
    "Connections",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool",
    "Softmax",
    "format_layers",
    "parse_layers",
]
