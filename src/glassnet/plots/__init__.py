"""Figures, one idea a file. Each function returns a matplotlib Figure; `png` makes a file's bytes of it."""

from glassnet.plots.activations import activations
from glassnet.plots.attribution import attribution
from glassnet.plots.canvas import png
from glassnet.plots.contributions import contributions
from glassnet.plots.dropped import dropped
from glassnet.plots.feature_maps import feature_maps
from glassnet.plots.filters import filters
from glassnet.plots.gradient import gradient_by_layer
from glassnet.plots.landscape import cost_line, cost_plane
from glassnet.plots.pictures import mistakes, samples, weights
from glassnet.plots.rate_search import rate_search
from glassnet.plots.reading import reading_steps
from glassnet.plots.shared_weight import shared_weight
from glassnet.plots.training import confusion, learning_curve
from glassnet.plots.vanishing import vanishing_gradient
from glassnet.plots.winners import winners

__all__ = [
    "activations",
    "attribution",
    "confusion",
    "contributions",
    "cost_line",
    "cost_plane",
    "dropped",
    "feature_maps",
    "filters",
    "gradient_by_layer",
    "learning_curve",
    "mistakes",
    "png",
    "rate_search",
    "reading_steps",
    "samples",
    "shared_weight",
    "vanishing_gradient",
    "weights",
    "winners",
]
