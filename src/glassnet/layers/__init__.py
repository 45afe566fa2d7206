"""The layers, one file each."""

from glassnet.layers.conv import Conv
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.flatten import Flatten
from glassnet.layers.kinds import LAYERS
from glassnet.layers.layer import Cache, Layer
from glassnet.layers.parameterless import Parameterless
from glassnet.layers.pool import AveragePool, MaxPool
from glassnet.layers.softmax import Softmax
from glassnet.layers.tables import tables_as_text
from glassnet.layers.text import format_layer, format_layers, normalize_layers, parse_layers
from glassnet.layers.window import Windowed, windows

__all__ = [
    "LAYERS",
    "AveragePool",
    "Cache",
    "Conv",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool",
    "Parameterless",
    "Softmax",
    "Windowed",
    "format_layer",
    "format_layers",
    "normalize_layers",
    "parse_layers",
    "tables_as_text",
    "windows",
]
