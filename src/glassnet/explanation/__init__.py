"""Seeing and checking what backpropagation computes."""

from glassnet.explanation.gradient_check import GradientCheck, check_gradient

__all__ = ["GradientCheck", "check_gradient"]
