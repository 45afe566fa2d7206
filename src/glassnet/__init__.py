"""glassnet: a neural network made of glass.

>>> import glassnet as gn
>>> network = gn.Network("784-16-16-10", seed=1)
>>> digits = gn.load("digits")
>>> recipe = gn.Recipe(epochs=3, learning_rate=0.5)
>>> history = gn.train(network, digits, recipe)
>>> history[-1].training_cost < history[0].training_cost
True
>>> 0 < gn.evaluate(network, digits.test).accuracy <= 1
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glassnet.augmentation import Augmentation as Augmentation
    from glassnet.data import Dataset as Dataset
    from glassnet.data import Split as Split
    from glassnet.data import load as load
    from glassnet.errors import GlassnetError as GlassnetError
    from glassnet.errors import GlassnetWarning as GlassnetWarning
    from glassnet.explanation import Attribution as Attribution
    from glassnet.explanation import CostLine as CostLine
    from glassnet.explanation import CostPlane as CostPlane
    from glassnet.explanation import Diagnosis as Diagnosis
    from glassnet.explanation import Explanation as Explanation
    from glassnet.explanation import Finding as Finding
    from glassnet.explanation import GradientCheck as GradientCheck
    from glassnet.explanation import TrainingPath as TrainingPath
    from glassnet.explanation import VanishingGradient as VanishingGradient
    from glassnet.explanation import Wants as Wants
    from glassnet.explanation import attribute as attribute
    from glassnet.explanation import check_gradient as check_gradient
    from glassnet.explanation import cost_along_gradient as cost_along_gradient
    from glassnet.explanation import cost_plane as cost_plane
    from glassnet.explanation import diagnose as diagnose
    from glassnet.explanation import explain as explain
    from glassnet.explanation import training_path as training_path
    from glassnet.explanation import vanishing_gradient as vanishing_gradient
    from glassnet.explanation import what_examples_want as what_examples_want
    from glassnet.handwriting import Judge as Judge
    from glassnet.handwriting import Normalization as Normalization
    from glassnet.handwriting import Verdict as Verdict
    from glassnet.handwriting import find_digits as find_digits
    from glassnet.handwriting import normalization as normalization
    from glassnet.handwriting import normalize_drawing as normalize_drawing
    from glassnet.handwriting import read_digits as read_digits
    from glassnet.handwriting import read_drawing as read_drawing
    from glassnet.handwriting import with_not_digits as with_not_digits
    from glassnet.layers import AveragePool as AveragePool
    from glassnet.layers import Conv as Conv
    from glassnet.layers import Dense as Dense
    from glassnet.layers import Dropout as Dropout
    from glassnet.layers import Flatten as Flatten
    from glassnet.layers import MaxPool as MaxPool
    from glassnet.layers import Softmax as Softmax
    from glassnet.network import Gradient as Gradient
    from glassnet.network import Network as Network
    from glassnet.pretrained import load_pretrained as load_pretrained
    from glassnet.pretrained import pretrained_names as pretrained_names
    from glassnet.storage import Model as Model
    from glassnet.storage import load_model as load_model
    from glassnet.storage import save_model as save_model
    from glassnet.summary import Summary as Summary
    from glassnet.summary import summarize as summarize
    from glassnet.training import Calibration as Calibration
    from glassnet.training import DivergedError as DivergedError
    from glassnet.training import Evaluation as Evaluation
    from glassnet.training import History as History
    from glassnet.training import Predictor as Predictor
    from glassnet.training import Progress as Progress
    from glassnet.training import RateSearch as RateSearch
    from glassnet.training import Recipe as Recipe
    from glassnet.training import Record as Record
    from glassnet.training import Trainer as Trainer
    from glassnet.training import calibrate as calibrate
    from glassnet.training import evaluate as evaluate
    from glassnet.training import find_rate as find_rate
    from glassnet.training import train as train

__version__ = "0.1.0"

# The public names and their modules, which are imported when a name is first used:
# NumPy alone takes longer to import than `glassnet --help` to answer.
_HOME = {
    "Attribution": "explanation",
    "Augmentation": "augmentation",
    "AveragePool": "layers",
    "Calibration": "training",
    "Conv": "layers",
    "CostLine": "explanation",
    "CostPlane": "explanation",
    "Dataset": "data",
    "Dense": "layers",
    "Diagnosis": "explanation",
    "DivergedError": "training",
    "Dropout": "layers",
    "Evaluation": "training",
    "Explanation": "explanation",
    "Finding": "explanation",
    "Flatten": "layers",
    "GlassnetError": "errors",
    "GlassnetWarning": "errors",
    "Gradient": "network",
    "GradientCheck": "explanation",
    "History": "training",
    "Judge": "handwriting",
    "MaxPool": "layers",
    "Model": "storage",
    "Network": "network",
    "Normalization": "handwriting",
    "Predictor": "training",
    "Progress": "training",
    "Recipe": "training",
    "Record": "training",
    "Softmax": "layers",
    "Split": "data",
    "Summary": "summary",
    "RateSearch": "training",
    "Trainer": "training",
    "TrainingPath": "explanation",
    "VanishingGradient": "explanation",
    "Verdict": "handwriting",
    "Wants": "explanation",
    "attribute": "explanation",
    "calibrate": "training",
    "check_gradient": "explanation",
    "cost_along_gradient": "explanation",
    "cost_plane": "explanation",
    "diagnose": "explanation",
    "evaluate": "training",
    "find_rate": "training",
    "explain": "explanation",
    "find_digits": "handwriting",
    "load": "data",
    "load_model": "storage",
    "load_pretrained": "pretrained",
    "normalization": "handwriting",
    "normalize_drawing": "handwriting",
    "pretrained_names": "pretrained",
    "read_digits": "handwriting",
    "read_drawing": "handwriting",
    "save_model": "storage",
    "summarize": "summary",
    "train": "training",
    "training_path": "explanation",
    "vanishing_gradient": "explanation",
    "what_examples_want": "explanation",
    "with_not_digits": "handwriting",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    return getattr(import_module(f"glassnet.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
