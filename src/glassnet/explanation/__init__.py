"""Seeing and checking what backpropagation computes."""

from glassnet.explanation.activation_derivative import ActivationDerivative
from glassnet.explanation.chain import ParameterDerivative
from glassnet.explanation.doctor import Diagnosis, Finding, diagnose
from glassnet.explanation.explain import Explanation, explain
from glassnet.explanation.forward import CostSum, LayerFormula, NeuronSum
from glassnet.explanation.gradient_check import GradientCheck, check_gradient
from glassnet.explanation.jacobian import Jacobian
from glassnet.explanation.landscape import (
    CostLine,
    CostPlane,
    TrainingPath,
    cost_along_gradient,
    cost_plane,
    training_path,
)
from glassnet.explanation.nudges import Nudges
from glassnet.explanation.wants import Attribution, Wants, attribute, what_examples_want
from glassnet.explanation.wishes import Ways, Wishes

__all__ = [
    "ActivationDerivative",
    "Attribution",
    "CostLine",
    "CostPlane",
    "CostSum",
    "Diagnosis",
    "Explanation",
    "Finding",
    "GradientCheck",
    "Jacobian",
    "LayerFormula",
    "NeuronSum",
    "Nudges",
    "ParameterDerivative",
    "TrainingPath",
    "Wants",
    "Ways",
    "Wishes",
    "attribute",
    "check_gradient",
    "cost_along_gradient",
    "cost_plane",
    "diagnose",
    "explain",
    "training_path",
    "what_examples_want",
]
