"""The layers, one file each."""

from glassnet.layers.dense import Dense
from glassnet.layers.layer import Cache, Connections, Layer
from glassnet.layers.softmax import Softmax
from glassnet.layers.text import format_layers, parse_layers

LAYERS: dict[str, type[Dense] | type[Softmax]] = {layer.kind: layer for layer in (Dense, Softmax)}

__all__ = ["LAYERS", "Cache", "Connections", "Dense", "Layer", "Softmax", "format_layers", "parse_layers"]
