"""Files: tensors, models and run folders, of this format and of older ones."""

from glassnet.storage.model_file import Model, load_model, save_model
from glassnet.storage.runs import MAY_CHANGE, RunFolder
from glassnet.storage.tensor_file import read_tensors

__all__ = [
    "MAY_CHANGE",
    "Model",
    "RunFolder",
    "load_model",
    "read_tensors",
    "save_model",
]
