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
    from glassnet.calibration import Calibration as Calibration
    from glassnet.calibration import calibrate as calibrate
    from glassnet.data import Dataset as Dataset
    from glassnet.data import Normalization as Normalization
    from glassnet.data import Split as Split
    from glassnet.data import find_digits as find_digits
    from glassnet.data import load as load
    from glassnet.data import normalization as normalization
    from glassnet.data import normalize_drawing as normalize_drawing
    from glassnet.data import read_digits as read_digits
    from glassnet.data import read_drawing as read_drawing
    from glassnet.data import with_not_digits as with_not_digits
    from glassnet.errors import GlassnetError as GlassnetError
    from glassnet.errors import GlassnetWarning as GlassnetWarning
    from glassnet.evaluation import Evaluation as Evaluation
    from glassnet.evaluation import evaluate as evaluate
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
    from glassnet.judging import Judge as Judge
    from glassnet.judging import Verdict as Verdict
    from glassnet.layers import AveragePool as AveragePool
    from glassnet.layers import Conv as Conv
    from glassnet.layers import Dense as Dense
    from glassnet.layers import Dropout as Dropout
    from glassnet.layers import Flatten as Flatten
    from glassnet.layers import MaxPool as MaxPool
    from glassnet.layers import Softmax as Softmax
    from glassnet.model_file import Model as Model
    from glassnet.model_file import load_model as load_model
    from glassnet.model_file import save_model as save_model
    from glassnet.network import Gradient as Gradient
    from glassnet.network import Network as Network
    from glassnet.prediction import Predictor as Predictor
    from glassnet.pretrained import load_pretrained as load_pretrained
    from glassnet.pretrained import pretrained_names as pretrained_names
    from glassnet.rate_search import RateSearch as RateSearch
    from glassnet.rate_search import find_rate as find_rate
    from glassnet.recipe import Recipe as Recipe
    from glassnet.records import Record as Record
    from glassnet.summary import Summary as Summary
    from glassnet.summary import summarize as summarize
    from glassnet.training import DivergedError as DivergedError
    from glassnet.training import History as History
    from glassnet.training import Progress as Progress
    from glassnet.training import Trainer as Trainer
    from glassnet.training import train as train

__version__ = "0.1.0"

# The public names and their modules, which are imported when a name is first used:
# NumPy alone takes longer to import than `glassnet --help` to answer.
_HOME = {
    "Attribution": "explanation",
    "Augmentation": "augmentation",
    "AveragePool": "layers",
    "Calibration": "calibration",
    "Conv": "layers",
    "CostLine": "explanation",
    "CostPlane": "explanation",
    "Dataset": "data",
    "Dense": "layers",
    "Diagnosis": "explanation",
    "DivergedError": "training",
    "Dropout": "layers",
    "Evaluation": "evaluation",
    "Explanation": "explanation",
    "Finding": "explanation",
    "Flatten": "layers",
    "GlassnetError": "errors",
    "GlassnetWarning": "errors",
    "Gradient": "network",
    "GradientCheck": "explanation",
    "History": "training",
    "Judge": "judging",
    "MaxPool": "layers",
    "Model": "model_file",
    "Network": "network",
    "Normalization": "data",
    "Predictor": "prediction",
    "Progress": "training",
    "Recipe": "recipe",
    "Record": "records",
    "Softmax": "layers",
    "Split": "data",
    "Summary": "summary",
    "RateSearch": "rate_search",
    "Trainer": "training",
    "TrainingPath": "explanation",
    "VanishingGradient": "explanation",
    "Verdict": "judging",
    "Wants": "explanation",
    "attribute": "explanation",
    "calibrate": "calibration",
    "check_gradient": "explanation",
    "cost_along_gradient": "explanation",
    "cost_plane": "explanation",
    "diagnose": "explanation",
    "evaluate": "evaluation",
    "find_rate": "rate_search",
    "explain": "explanation",
    "find_digits": "data",
    "load": "data",
    "load_model": "model_file",
    "load_pretrained": "pretrained",
    "normalization": "data",
    "normalize_drawing": "data",
    "pretrained_names": "pretrained",
    "read_digits": "data",
    "read_drawing": "data",
    "save_model": "model_file",
    "summarize": "summary",
    "train": "training",
    "training_path": "explanation",
    "vanishing_gradient": "explanation",
    "what_examples_want": "explanation",
    "with_not_digits": "data",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    return getattr(import_module(f"glassnet.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
