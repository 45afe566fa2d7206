"""From a recipe to a trained network, and how good it is."""

from glassnet.training.calibration import (
    Calibration,
    best_confidence,
    calibrate,
    check_share,
    confidences,
    last_sums,
    mean_cost,
    probabilistic_cost,
)
from glassnet.training.evaluation import Evaluation, evaluate
from glassnet.training.prediction import Predictor
from glassnet.training.rate_search import RateSearch, find_rate
from glassnet.training.recipe import Recipe
from glassnet.training.records import Record
from glassnet.training.trainer import DivergedError, History, Progress, Trainer, train

__all__ = [
    "Calibration",
    "DivergedError",
    "Evaluation",
    "History",
    "Predictor",
    "Progress",
    "RateSearch",
    "Recipe",
    "Record",
    "Trainer",
    "best_confidence",
    "calibrate",
    "check_share",
    "confidences",
    "evaluate",
    "find_rate",
    "last_sums",
    "mean_cost",
    "probabilistic_cost",
    "train",
]
