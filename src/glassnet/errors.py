"""One kind of error for everything a user can put right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class GlassnetError(ValueError):
    """What went wrong, with which value, and what to do: one sentence.

    The command line prints it without a traceback and exits with status 2.

    >>> raise GlassnetError("epochs is 0: give a whole number, 1 or more")
    Traceback (most recent call last):
    glassnet.errors.GlassnetError: epochs is 0: give a whole number, 1 or more
    """


class GlassnetWarning(UserWarning):
    """Something that works, but not as it could; the command line prints it as one line.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warnings.warn("this network overfits", GlassnetWarning)
    >>> print(caught[0].message)
    this network overfits
    """


def unknown_name(kind: str, name: object, known: Iterable[str]) -> GlassnetError:
    """The error for a name that is not in a table, with the nearest one that is.

    >>> print(unknown_name("activation", "sigmod", ["relu", "sigmoid"]))
    unknown activation 'sigmod': did you mean 'sigmoid'? (known: relu, sigmoid)
    """
    names = list(known)
    nearest = get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    hint = f": did you mean {nearest[0]!r}?" if nearest else ""
    return GlassnetError(f"unknown {kind} {name!r}{hint} (known: {', '.join(names)})")
