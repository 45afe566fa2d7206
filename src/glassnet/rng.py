"""Random numbers that depend on nothing but their key: Philox 4×32-10, counter-based.

A `Stream` is named by (seed, purpose, epoch, step). Whoever asks for the same stream gets the
same numbers, in any order, on any machine, in any process: a resumed run draws what the
uninterrupted one would have drawn. Everything below is integer arithmetic and correctly rounded
IEEE operations, so that the engine can repeat it to the bit.

Source of the generator and its constants: Salmon, Moraes, Dror, Shaw, *Parallel random numbers:
as easy as 1, 2, 3*, SC11 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import GlassnetError
from glassnet.exact import cos_sin_of_turn, ln

LARGEST_SEED = 2**63 - 1  # what TOML and JSON readers keep exactly as an integer


class Purpose(IntEnum):
    """What a stream is for; the values are part of what a seed means and never change."""

    WEIGHTS = 1  # the initial weights of layer `step`
    BIASES = 2  # the initial biases of layer `step`
    SHUFFLE = 3  # the order of the training examples in `epoch`
    GRADIENT_CHECK = 4  # which parameters a gradient check looks at
    LANDSCAPE = 5  # a random direction among the parameters: number `epoch`, array `step`
    DROPOUT = 6  # what dropout switches off in `epoch` for the training example `step`
    AUGMENT = 7  # how augmentation moves the training example `step` in `epoch`
    NOT_DIGITS = 8  # the picture `step` of those that show no digit


@dataclass(frozen=True)
class Stream:
    """An endless row of random bits, named by its key.

    >>> Stream(seed=0, purpose=Purpose.SHUFFLE, epoch=1).permutation(5)
    array([1, 2, 4, 0, 3])
    """

    seed: int
    purpose: Purpose
    epoch: int = 0
    step: int = 0

    def bits(self, count: int) -> NDArray[np.uint32]:
        """The first `count` 32-bit words of the stream, shape (count,)."""
        return words(self.seed, self.purpose, self.epoch, np.array([self.step]), count).ravel()

    def uniform(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Uniform numbers in the open interval (0, 1): u = (bits + ½) / 2³²."""
        u = (self.bits(prod(shape)).astype(np.float64) + 0.5) / 2.0**32
        return u.reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Numbers from N(0, 1), by Box and Muller's two formulas from pairs of uniforms.

        n₁ = √(−2 ln u₁) · cos 2πu₂,  n₂ = √(−2 ln u₁) · sin 2πu₂
        """
        count = prod(shape)
        pairs = self.uniform((-(-count // 2), 2))  # (pairs, 2)
        radius = np.sqrt(-2.0 * ln(pairs[:, 0]))  # (pairs,)
        cos, sin = cos_sin_of_turn(pairs[:, 1])  # (pairs,), (pairs,)
        return np.stack([radius * cos, radius * sin], axis=1).reshape(-1)[:count].reshape(shape)

    def permutation(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 … n−1 in random order: the order that sorts n random 64-bit keys."""
        words = self.bits(2 * n).astype(np.uint64)
        keys = words[0::2] << np.uint64(32) | words[1::2]
        return np.argsort(keys, kind="stable")


def words(
    seed: int, purpose: Purpose, epoch: int, steps: NDArray[np.int64], count: int
) -> NDArray[np.uint32]:
    """The first `count` words of the streams of all these steps, shape (steps, count)."""
    blocks = -(-count // 4)
    counter = np.empty((4, len(steps), blocks), dtype=np.uint64)
    counter[0] = np.arange(blocks)
    counter[1], counter[2], counter[3] = steps[:, None], epoch, purpose
    drawn = philox(counter, check_seed(seed))  # (4, steps, blocks)
    return drawn.transpose(1, 2, 0).reshape(len(steps), 4 * blocks)[:, :count]


def check_seed(seed: int) -> int:
    """The seed itself, if it is a whole number that fits 63 bits."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= LARGEST_SEED:
        raise GlassnetError(f"seed is {seed!r}: give a whole number from 0 to {LARGEST_SEED}")
    return int(seed)


_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)  # the lower half of a word of 64 bits; bits in a half
_FACTORS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_STEPS = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)  # the golden ratio, and √3 − 1


def philox(counter: NDArray[np.uint64], key: int) -> NDArray[np.uint32]:
    """Ten rounds of Philox 4×32 over counters (4, …), 32 bits in each 64-bit element."""
    even, odd = counter[0::2], counter[1::2]  # (2, …) each
    of_words = (2, *[1] * (counter.ndim - 1))
    factors, steps = _FACTORS.reshape(of_words), _STEPS.reshape(of_words)
    keys = np.array([key & 0xFFFFFFFF, key >> 32], dtype=np.uint64).reshape(of_words)
    for _ in range(10):
        products = (even * factors)[::-1]
        even, odd = (products >> _HALF) ^ odd ^ keys, products & _LOW
        keys = (keys + steps) & _LOW
    return np.stack([even[0], odd[0], even[1], odd[1]]).astype(np.uint32)
