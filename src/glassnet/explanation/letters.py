"""Names of things in formulas: of an activation function, of a shape."""

from __future__ import annotations

from glassnet.arrays import Shape


def sigma(activation: str) -> str:
    """What formulas call an activation function: σ, or its name.

    >>> sigma("sigmoid"), sigma("relu")
    ('σ', 'relu')
    """
    return "σ" if activation == "sigmoid" else activation


def times(shape: Shape) -> str:
    """A shape as people write it.

    >>> times((20, 24, 24))
    '20×24×24'
    """
    return "×".join(map(str, shape))
