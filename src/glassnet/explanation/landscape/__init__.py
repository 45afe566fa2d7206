"""The cost as a landscape over the parameters: on a line through it, on a plane, and training's path."""

from glassnet.explanation.landscape.line import CostLine, cost_along_gradient
from glassnet.explanation.landscape.path import TrainingPath, training_path
from glassnet.explanation.landscape.plane import CostPlane, Place, cost_plane

__all__ = [
    "CostLine",
    "CostPlane",
    "Place",
    "TrainingPath",
    "cost_along_gradient",
    "cost_plane",
    "training_path",
]
