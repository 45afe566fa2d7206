"""Seeing and checking what backpropagation computes."""

from glassnet.explanation.activation_derivative import ActivationDerivative
from glassnet.explanation.chain import ParameterDerivative
from glassnet.explanation.doctor import Diagnosis, Finding, diagnose, diagnose_records
from glassnet.explanation.dropped import Dropped
from glassnet.explanation.explain import Explanation, Neuron, explain
from glassnet.explanation.feature_maps import FeatureMaps
from glassnet.explanation.filters import Filter
from glassnet.explanation.forward import CostSum, LayerFormula, NeuronSum, headline
from glassnet.explanation.gradient_check import GradientCheck, check_gradient, quick_sample
from glassnet.explanation.jacobian import Jacobian
from glassnet.explanation.landscape import (
    CostLine,
    CostPlane,
    Place,
    TrainingPath,
    cost_along_gradient,
    cost_plane,
    training_path,
)
from glassnet.explanation.nudges import Nudges
from glassnet.explanation.pooling import Winners
from glassnet.explanation.shared_weight import SharedWeight
from glassnet.explanation.vanishing import VanishingGradient, vanishing_gradient
from glassnet.explanation.wants import Attribution, Wants, attribute, what_examples_want
from glassnet.explanation.wishes import Ways, Wishes

__all__ = [
    "ActivationDerivative",
    "Attribution",
    "CostLine",
    "CostPlane",
    "CostSum",
    "Diagnosis",
    "Dropped",
    "Explanation",
    "FeatureMaps",
    "Filter",
    "Finding",
    "GradientCheck",
    "Jacobian",
    "LayerFormula",
    "Neuron",
    "NeuronSum",
    "Nudges",
    "ParameterDerivative",
    "Place",
    "SharedWeight",
    "TrainingPath",
    "VanishingGradient",
    "Wants",
    "Ways",
    "Winners",
    "Wishes",
    "attribute",
    "check_gradient",
    "cost_along_gradient",
    "cost_plane",
    "diagnose",
    "diagnose_records",
    "explain",
    "headline",
    "quick_sample",
    "training_path",
    "vanishing_gradient",
    "what_examples_want",
]
