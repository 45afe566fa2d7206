"""Training images that are moved a little, each epoch in another way."""

from glassnet.augmentation.moves import EXPANDED, Augmentation, expanded
from glassnet.augmentation.resampling import gain, knot_weights

__all__ = [
    "EXPANDED",
    "Augmentation",
    "expanded",
    "gain",
    "knot_weights",
]
