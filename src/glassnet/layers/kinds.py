"""The kinds of layers by their names, as files and tables have them."""

from __future__ import annotations

from glassnet.layers.conv import Conv
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.flatten import Flatten
from glassnet.layers.pool import AveragePool, MaxPool
from glassnet.layers.softmax import Softmax

LAYERS: dict[str, type[Dense | Conv | MaxPool | AveragePool | Flatten | Dropout | Softmax]] = {
    layer.kind: layer for layer in (Dense, Conv, MaxPool, AveragePool, Flatten, Dropout, Softmax)
}
