"""How much memory there is, so that what can't fit is refused before it is tried."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from glassnet.errors import GlassnetError

UNITS = ("kB", "MB", "GB", "TB")
NEVER_ASKED = 2**27  # bytes: less than this is taken without looking how much there is


def check_room(needed: int, what: str, advice: str) -> None:
    """Refuse what would take more memory than there is.

    Args:
        needed: bytes.
        what: what takes them, as the beginning of a sentence.
        advice: what to do, as its end.

    Raises:
        GlassnetError: says how many would be needed, and how many there are.
    """
    if needed <= NEVER_ASKED:
        return
    free = available()
    if free is not None and needed > free:
        raise GlassnetError(
            f"{what} would take about {in_bytes(needed)} of memory, and {in_bytes(free)} are free: {advice}"
        )


def available() -> int | None:
    """Bytes that this process may still take; None where the system doesn't say."""
    limits = []
    with contextlib.suppress(OSError, ValueError, AttributeError):  # Windows has no sysconf
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError):  # what can be had without swapping; Linux alone knows
        match = re.search(r"^MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
        limits += [int(match[1]) * 1024] if match else []
    with contextlib.suppress(OSError, ValueError):  # of a container; "max" where it has no limit
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(limits, default=None)


def in_bytes(count: int) -> str:
    """A number of bytes in the unit that suits it.

    >>> in_bytes(520), in_bytes(52_008), in_bytes(63_744_064_000), in_bytes(10**19)
    ('520 bytes', '52.0 kB', '63.7 GB', '10,000,000 TB')
    """
    if count < 1000:
        return f"{count} bytes"
    power = min((len(str(count)) - 1) // 3, len(UNITS))
    whole = count // 1000**power
    value = f"{whole:,}" if whole >= 100 else f"{count / 1000**power:.{3 - len(str(whole))}f}"
    return f"{value} {UNITS[power - 1]}"
