"""Seeing and checking what backpropagation computes."""

from glassnet.explain.gradient_check import GradientCheck, check_gradient

__all__ = ["GradientCheck", "check_gradient"]
