"""The engines behind one small interface."""

from glassnet.engine.engine import Batches, Engine, Task
from glassnet.engine.textbook import TextbookEngine
from glassnet.errors import unknown_name

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (TextbookEngine(),)}


def get_engine(name: str) -> Engine:
    """The engine of that name, or an error that names the nearest."""
    if name not in ENGINES:
        raise unknown_name("engine", name, ENGINES)
    return ENGINES[name]


__all__ = ["ENGINES", "Batches", "Engine", "Task", "TextbookEngine", "get_engine"]
