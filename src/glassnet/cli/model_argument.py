"""MODEL on a command line: a model file, or a run folder that holds one."""

from __future__ import annotations

from pathlib import Path

from glassnet.errors import GlassnetError
from glassnet.model_file import Model, load_model
from glassnet.runs import RunFolder


def find_model(argument: str) -> tuple[Path, Model]:
    """The model, and the file that it was in."""
    path = Path(argument)
    if path.is_dir():
        run = RunFolder(path)
        if not run.model.exists() and run.config.exists():
            raise GlassnetError(f"{path} has no model yet: finish it with glassnet train --resume {path}")
        if not run.model.exists():
            raise GlassnetError(f"{path} is not a run folder: it has no {run.model.name}")
        path = run.model
    return path, load_model(path)
