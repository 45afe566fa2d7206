"""Many examples, some at a time, so that what they make on the way fits into memory."""

from __future__ import annotations

from collections.abc import Iterator


def at_a_time(numbers: int, most: int, room: int) -> int:
    """Number of examples to take at a time, for a given count of intermediate numbers per example.

    Args:
        numbers: of one example.
        most: examples.
        room: numbers that may be there at once; a single example may make more.

    >>> at_a_time(numbers=42, most=1024, room=2**22), at_a_time(numbers=2**20, most=1024, room=2**22)
    (1024, 4)
    """
    return max(1, min(most, room // numbers))


def chunks(count: int, size: int) -> Iterator[slice]:
    """The numbers 0 … count − 1 in slices of that size; the last may be smaller.

    >>> [(rows.start, rows.stop) for rows in chunks(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
