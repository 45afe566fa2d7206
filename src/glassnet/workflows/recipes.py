"""A recipe that lies in a file."""

from __future__ import annotations

from glassnet.errors import GlassnetError
from glassnet.files import read_bytes
from glassnet.training import Recipe


def recipe_from_file(path: str) -> Recipe:
    """The recipe in a TOML file.

    Raises:
        GlassnetError: it can't be read, or is none.
    """
    try:
        return Recipe.from_toml(read_bytes(path).decode(), path)
    except UnicodeDecodeError as error:
        raise GlassnetError(f"{path} is not text in UTF-8: give a recipe in TOML") from error
