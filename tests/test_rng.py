"""The generator against its published answers, and the sums on top of it against math."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet import rng
from glassnet.errors import GlassnetError
from glassnet.rng import LARGEST_SEED, Purpose, Stream

PI = "243f6a88 85a308d3 13198a2e 03707344"

# counter, key → result: Random123's kat_vectors for philox4x32 with 10 rounds.
KNOWN_ANSWERS = [
    ("00000000 " * 4, "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (PI, "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

# The first words of Stream(2026, purpose, epoch=3, step=2). They are what a seed means: never change them.
FIRST_WORDS = {
    "WEIGHTS": "cb4f29de ba1ce048 b63568e0 79b6d1fa c4b9dcde",
    "BIASES": "af1007f6 17a2ae20 8ea45221 e45bdc8b 00d2ea67",
    "SHUFFLE": "ef2568b2 2532d74d 340de79b d5faaf75 69f2d8fb",
    "GRADIENT_CHECK": "15156e9d 44f2e27b 1c03dd79 8d2290af 62c5e5ca",
    "LANDSCAPE": "7f281204 0102c0ef ad7be903 260b85a2 d88701fe",
    "DROPOUT": "1b284a5f dd2ba098 f807a80e f9515333 15cdfa67",
    "AUGMENT": "77ab058a 80059d4f 1d557994 d5b0fee3 0dff4f36",
    "NOT_DIGITS": "c6f541d4 81d1b391 955c93d0 feab1595 d894a360",
}

WORD = st.integers(0, 2**32 - 1)
SEED = st.integers(0, LARGEST_SEED)


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def slow_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox 4×32-10 as the paper writes it, on Python's own integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_published_answers(counter, key, answer):
    k0, k1 = words(key)
    column = np.array(words(counter), dtype=np.uint64)[:, None]  # one block
    assert rng.philox(column, k1 << 32 | k0)[:, 0].tolist() == words(answer)
    assert slow_philox(words(counter), [k0, k1]) == words(answer)  # so the oracle below is one


@settings(deadline=None)
@given(st.lists(WORD, min_size=4, max_size=4), st.lists(WORD, min_size=2, max_size=2))
def test_philox_is_the_slow_one(counter, key):
    column = np.array(counter, dtype=np.uint64)[:, None]
    assert rng.philox(column, key[1] << 32 | key[0])[:, 0].tolist() == slow_philox(counter, key)


@settings(deadline=None)
@given(SEED, st.sampled_from(Purpose), WORD, WORD, st.integers(0, 11))
def test_a_stream_is_philox_over_its_key(seed, purpose, epoch, step, count):
    expected = []
    for block in range(3):
        expected += slow_philox([block, step, epoch, int(purpose)], [seed % 2**32, seed >> 32])
    assert Stream(seed, purpose, epoch, step).bits(count).tolist() == expected[:count]


def test_what_a_seed_means_has_not_changed():
    """If this fails, old recipes no longer repeat: put the old numbers back, don't pin new ones."""
    assert {purpose.name for purpose in Purpose} == set(FIRST_WORDS)
    for name, pinned in FIRST_WORDS.items():
        assert Stream(2026, Purpose[name], epoch=3, step=2).bits(5).tolist() == words(pinned), name
    assert [int(purpose) for purpose in Purpose] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_what_numbers_the_bits_become_has_not_changed():
    stream = Stream(2**40 + 7, Purpose.WEIGHTS, step=1)
    uniform = ["0x1.8cc048e400000p-3", "0x1.695e298800000p-4", "0x1.354e720400000p-3"]
    normal = ["0x1.8a5d686e7982ap+0", "0x1.e8498870d3ffbp-1", "-0x1.8fe632e9c2069p+0"]
    assert [u.hex() for u in stream.uniform((3,)).tolist()] == uniform
    assert [z.hex() for z in stream.normal((3,)).tolist()] == normal
    assert Stream(7, Purpose.SHUFFLE, epoch=1).permutation(10).tolist() == [6, 9, 7, 3, 1, 8, 4, 2, 0, 5]


def test_streams_differ_by_each_part_of_the_key_and_repeat():
    keys = [
        (0, Purpose.WEIGHTS, 0, 0),
        (1, Purpose.WEIGHTS, 0, 0),
        (2**32, Purpose.WEIGHTS, 0, 0),  # a seed's upper half counts, too
        (0, Purpose.BIASES, 0, 0),
        (0, Purpose.WEIGHTS, 1, 0),
        (0, Purpose.WEIGHTS, 0, 1),
    ]
    rows = [tuple(Stream(*key).bits(8).tolist()) for key in keys]
    assert len(set(rows)) == len(rows)
    assert rows == [tuple(Stream(*key).bits(8).tolist()) for key in keys]


@settings(deadline=None)
@given(SEED, WORD, st.lists(WORD, max_size=5), st.integers(0, 9))
def test_words_are_the_bits_of_one_stream_a_step(seed, epoch, steps, count):
    """In any order, repeated or not, and no step at all."""
    rows = rng.words(seed, Purpose.DROPOUT, epoch, np.array(steps, dtype=np.int64), count)
    assert rows.shape == (len(steps), count)
    assert rows.dtype == np.uint32
    for step, row in zip(steps, rows, strict=True):
        assert row.tolist() == Stream(seed, Purpose.DROPOUT, epoch, step).bits(count).tolist()


def test_a_longer_draw_begins_with_the_shorter_one():
    stream = Stream(5, Purpose.SHUFFLE)
    assert stream.bits(9)[:6].tolist() == stream.bits(6).tolist()


class Ends(Stream):
    def bits(self, count):
        return np.resize(np.array([0, 2**32 - 1], dtype=np.uint32), count)


def test_uniforms_lie_in_the_open_interval_even_at_its_ends():
    lowest, highest = Ends(0, Purpose.WEIGHTS).uniform((2,))
    assert (lowest, highest) == (0.5 / 2**32, 1 - 0.5 / 2**32)
    assert 0 < lowest < highest < 1
    assert np.isfinite(Ends(0, Purpose.WEIGHTS).normal((2,))).all()


def test_uniforms_have_the_moments_of_a_uniform():
    u = Stream(1, Purpose.WEIGHTS).uniform((400, 500))
    # 200,000 draws: the mean's standard error is √(1/12) / √200,000 = 0.00065
    assert u.shape == (400, 500)
    assert abs(u.mean() - 1 / 2) < 4 * 0.00065
    assert abs(u.var() - 1 / 12) < 0.001


def test_normals_have_the_moments_of_a_normal():
    n = Stream(1, Purpose.WEIGHTS).normal((401, 499))  # an odd number of them
    # 200,099 draws: standard errors of the moments 1 to 4 are √(1, 2, 15, 96) / √200,099
    assert n.shape == (401, 499)
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((n**power).mean() - moment) < 4 * math.sqrt(variance / n.size), power
    pairs = n.ravel()[:-1].reshape(-1, 2)  # Box and Muller's two are independent
    assert abs((pairs[:, 0] * pairs[:, 1]).mean()) < 4 / math.sqrt(len(pairs))
    assert abs((np.abs(n) < 1).mean() - math.erf(1 / math.sqrt(2))) < 0.005


@settings(deadline=None)
@given(SEED, st.integers(0, 300))
def test_a_permutation_holds_each_number_once(seed, n):
    assert sorted(Stream(seed, Purpose.SHUFFLE).permutation(n).tolist()) == list(range(n))


def test_a_permutation_sorts_64_bit_keys():
    stream = Stream(3, Purpose.SHUFFLE, epoch=2)
    bits = stream.bits(40).tolist()
    keys = [bits[2 * i] << 32 | bits[2 * i + 1] for i in range(20)]
    assert stream.permutation(20).tolist() == sorted(range(20), key=keys.__getitem__)


def test_every_place_of_a_permutation_takes_every_number_equally_often():
    orders = np.array([Stream(0, Purpose.SHUFFLE, epoch=epoch).permutation(4) for epoch in range(4000)])
    for place in range(4):  # 1,000 of each expected, standard deviation √(4000 · ¼ · ¾) = 27
        assert (abs(np.bincount(orders[:, place], minlength=4) - 1000) < 4 * 27).all()


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1, 1.0, True, "1", None])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(GlassnetError, match=r"seed is .*: give a whole number from 0 to 9223372036854775807"):
        Stream(seed, Purpose.WEIGHTS).bits(1)


def test_numpy_integers_are_seeds_too():
    stream = Stream(np.int64(12), Purpose.WEIGHTS)  # type: ignore[arg-type]
    assert stream.bits(3).tolist() == Stream(12, Purpose.WEIGHTS).bits(3).tolist()
