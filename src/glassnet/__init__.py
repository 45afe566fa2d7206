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

from typing import TYPE_CHECKING

from glassnet.lazy import lazily

if TYPE_CHECKING:
    from glassnet.augmentation import Augmentation as Augmentation
    from glassnet.data import Dataset as Dataset
    from glassnet.data import Split as Split
    from glassnet.data import load as load
    from glassnet.draws import Draw as Draw
    from glassnet.errors import GlassnetError as GlassnetError
    from glassnet.errors import GlassnetWarning as GlassnetWarning
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
    from glassnet.network import Network as Network
    from glassnet.pretrained import load_pretrained as load_pretrained
    from glassnet.pretrained import pretrained_names as pretrained_names
    from glassnet.storage import Model as Model
    from glassnet.storage import load_model as load_model
    from glassnet.storage import save_model as save_model
    from glassnet.summary import summarize as summarize
    from glassnet.training import DivergedError as DivergedError
    from glassnet.training import Predictor as Predictor
    from glassnet.training import Recipe as Recipe
    from glassnet.training import Trainer as Trainer
    from glassnet.training import calibrate as calibrate
    from glassnet.training import evaluate as evaluate
    from glassnet.training import find_rate as find_rate
    from glassnet.training import train as train

__version__ = "0.1.0"

# What users call, construct or catch, and its package. What they only get back, such as an `Evaluation`,
# is a name of its package.
_HOME = {
    "Augmentation": "augmentation",
    "AveragePool": "layers",
    "Conv": "layers",
    "Dataset": "data",
    "Dense": "layers",
    "DivergedError": "training",
    "Draw": "draws",
    "Dropout": "layers",
    "Flatten": "layers",
    "GlassnetError": "errors",
    "GlassnetWarning": "errors",
    "Judge": "handwriting",
    "MaxPool": "layers",
    "Model": "storage",
    "Network": "network",
    "Predictor": "training",
    "Recipe": "training",
    "Softmax": "layers",
    "Split": "data",
    "Trainer": "training",
    "attribute": "explanation",
    "calibrate": "training",
    "check_gradient": "explanation",
    "cost_along_gradient": "explanation",
    "cost_plane": "explanation",
    "diagnose": "explanation",
    "evaluate": "training",
    "explain": "explanation",
    "find_rate": "training",
    "load": "data",
    "load_model": "storage",
    "load_pretrained": "pretrained",
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


__getattr__ = lazily(__name__, _HOME, others=("training", "explanation", "handwriting"))


def __dir__() -> list[str]:
    return [*_HOME, *(name for name in globals() if name.startswith("__"))]
