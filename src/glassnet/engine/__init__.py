"""The engines behind one small interface."""

import warnings
from functools import cache

from glassnet.engine import native
from glassnet.engine.engine import Batches, Engine, Task
from glassnet.engine.native import NativeEngine
from glassnet.engine.textbook import TextbookEngine
from glassnet.errors import GlassnetWarning, unknown_name

# Those that can run here.
ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (NativeEngine(), TextbookEngine())
    if engine.name != NativeEngine.name or not native.missing()
}


def get_engine(name: str) -> Engine:
    """The engine of that name, or an error that names the nearest.

    Where the native engine can't run, the textbook stands in for it, and a warning says so once.
    """
    if name == NativeEngine.name and (reason := native.missing()):
        warn_of_textbook(reason)
        return ENGINES[TextbookEngine.name]
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    if name == NativeEngine.name:
        native.threads(), native.instruction_set()  # what is wrong with them is better said now than later
    return ENGINES[name]


@cache  # once
def warn_of_textbook(reason: str) -> None:
    """Say that everything works, but slowly."""
    warnings.warn(
        f"running on the textbook engine, which is slower: the native one can't run, as {reason}",
        GlassnetWarning,
        stacklevel=3,
    )


__all__ = [
    "ENGINES",
    "Batches",
    "Engine",
    "NativeEngine",
    "Task",
    "TextbookEngine",
    "get_engine",
]
