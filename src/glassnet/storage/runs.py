"""A run folder: everything that one training leaves behind, and all that is needed to go on.

`config.toml` is there from the start. The checkpoint is the one source of truth: it holds the
parameters at the end of an epoch together with all records up to it, and `history.csv` is
written from the same records. Every file is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.arrays import Array, Parameters
from glassnet.errors import GlassnetError
from glassnet.files import cannot, read_bytes, temporary_name, write_atomically
from glassnet.schedules import parse_schedule
from glassnet.storage.older_files import CHECKPOINT_FROM_0, counted_from_1
from glassnet.storage.tensor_file import read_tensors, write_tensors
from glassnet.training import Progress, Recipe, Record

CHECKPOINT_FORMAT = 3  # 1 had the history in its JSON, 1 and 2 counted layers from 0
MAY_LACK = ("validation_cost", "validation_accuracy")  # what a record may be without
NORMS = "gradient_norms."  # begins the names of their columns
NAMES = str.maketrans({" ": "-", ":": ".", "@": "x"})  # what is no good in the name of a folder
LONGEST_NAME = 100  # characters of it that the layers may take
# A resumed run may raise its limits; anything else would make it a different run.
MAY_CHANGE = ("epochs", "patience", "time_limit", "keep")


class RunFolder:
    """A folder with `config.toml`, and, as training goes on, the files named here."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.toml"
        self.history = self.path / "history.csv"
        self.model = self.path / "model.safetensors"
        self.checkpoint = self.path / "checkpoint.safetensors"
        self.learning_curve = self.path / "learning_curve.png"
        self.confusion = self.path / "confusion.png"
        self.weights = self.path / "weights.png"

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe) -> RunFolder:
        """A new run; it appears at once, with its config.

        Raises:
            GlassnetError: there is something at `path` already, or it can't be written.
        """
        path = Path(path)
        draft = None
        try:
            if path.is_dir() and not any(path.iterdir()):
                write_atomically(path / "config.toml", recipe.to_toml().encode())
                return cls(path)
            if os.path.lexists(path):
                raise GlassnetError(
                    f"{path} exists already: name another --out, or go on with --resume {path}"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(temporary_name(path))
            draft.mkdir()
            write_atomically(draft / "config.toml", recipe.to_toml().encode())
            draft.rename(path)
        except OSError as error:
            raise cannot("make the run folder", path, error) from error
        finally:
            if draft is not None:
                shutil.rmtree(draft, ignore_errors=True)  # gone already when the rename succeeded
        return cls(path)

    @classmethod
    def create_next(cls, parent: str | Path, recipe: Recipe) -> RunFolder:
        """A new run in `parent`, named by data, layers and the first number that is free.

        `conv20@5 pool2 100:relu 10` becomes conv20x5-pool2-100.relu-10.
        """
        layers = recipe.layers.translate(NAMES)[:LONGEST_NAME].rstrip("-")
        for number in range(1, 1_000_000):
            path = Path(parent) / f"{recipe.data}-{layers}-{number}"
            try:
                if not os.path.lexists(path):
                    return cls.create(path, recipe)
            except GlassnetError:
                if not os.path.lexists(path):  # else another run took the number just before
                    raise
        raise GlassnetError(f"{parent} holds a million runs of this recipe: name another --out")

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """A run that exists."""
        run = cls(path)
        if not run.config.is_file():
            raise GlassnetError(f"{path} is not a run folder: it has no config.toml")
        return run

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from training here; what a kill left half-written is removed.

        The lock is the folder's own, and ends with the process however it ends. Where the system
        has none of that kind (Windows), nothing is locked.

        Raises:
            GlassnetError: another process trains here.
        """
        try:
            import fcntl
        except ImportError:
            yield
            return
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise cannot("open", self.path, error) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise GlassnetError(
                    f"{self.path} is being trained by another process: wait for it, or begin a new run"
                ) from error
            for leftover in self.path.glob(".*.tmp"):
                with contextlib.suppress(OSError):
                    leftover.unlink()
            yield
        finally:
            os.close(handle)

    def recipe(self) -> Recipe:
        """The recipe in config.toml."""
        try:
            text = read_bytes(self.config).decode()
        except UnicodeDecodeError as error:
            raise GlassnetError(f"{self.config} is not text in UTF-8") from error
        return Recipe.from_toml(text, str(self.config))

    def save_recipe(self, recipe: Recipe) -> None:
        """Replace config.toml: a resumed run with other limits."""
        write_atomically(self.config, recipe.to_toml().encode())

    def save_progress(self, progress: Progress, recipe: Recipe, data_sha256: str) -> None:
        """The checkpoint, then the history that goes with it."""
        history, columns = history_table(progress.history)
        arrays = _prefixed("last", progress.parameters) | _prefixed("optimizer", progress.optimizer_state)
        arrays |= {"history": history}
        if progress.best_parameters is not None:
            arrays |= _prefixed("best", progress.best_parameters)
        information = {
            "checkpoint": CHECKPOINT_FORMAT,
            "recipe": recipe.to_dict(),
            "data_sha256": data_sha256,
            "history_columns": columns,
            "best_epoch": progress.best_epoch,
        }
        write_tensors(self.checkpoint, arrays, information)
        write_atomically(self.history, history_csv(progress.history).encode())

    def load_progress(self, recipe: Recipe, data_sha256: str) -> Progress | None:
        """Where the run stopped; None if that was before its first checkpoint.

        Raises:
            GlassnetError: the checkpoint is damaged, or belongs to another recipe or other data.
        """
        if not self.checkpoint.exists():
            return None
        arrays, information = read_tensors(self.checkpoint)
        version = information.get("checkpoint")
        if type(version) is not int or not 1 <= version <= CHECKPOINT_FORMAT:
            raise GlassnetError(
                f"{self.checkpoint} has format {version!r}: this glassnet reads formats up to "
                f"{CHECKPOINT_FORMAT}"
            )
        try:
            made_with = Recipe.from_dict(information["recipe"]).to_dict()
            made_from = information["data_sha256"]
            if version == 1:
                history = [Record.from_dict(values) for values in information["history"]]
            else:
                history = records_of(arrays["history"], information["history_columns"])
            if version <= CHECKPOINT_FROM_0:
                arrays = counted_from_1(arrays)
                history = [
                    replace(record, gradient_norms=counted_from_1(record.gradient_norms))
                    for record in history
                ]
            best_epoch = information["best_epoch"]
            epochs = [*range(1, len(history) + 1)]
            if [record.epoch for record in history] != epochs or best_epoch not in (None, *epochs):
                raise KeyError("history")
        except (KeyError, TypeError, AttributeError) as error:
            raise GlassnetError(
                f"{self.checkpoint} is not a checkpoint: it lacks or garbles {error}"
            ) from error
        now = recipe.to_dict()
        by_epochs = parse_schedule(recipe.schedule).by_all_epochs
        for name in now.keys() | made_with.keys():
            if (name not in MAY_CHANGE or (name == "epochs" and by_epochs)) and now.get(
                name
            ) != made_with.get(name):
                reason = f", which schedule = {recipe.schedule!r} goes by" if name == "epochs" else ""
                raise GlassnetError(
                    f"{self.config} has {name} = {now.get(name)!r}, the run was begun with "
                    f"{made_with.get(name)!r}{reason}: put that back, or begin a new run"
                )
        if made_from != data_sha256:
            raise GlassnetError(f"{self.path} was begun with other {recipe.data} data: begin a new run")
        return Progress(
            parameters=_without_prefix("last", arrays),
            optimizer_state=_without_prefix("optimizer", arrays),
            history=history,
            best_epoch=best_epoch,
            best_parameters=_without_prefix("best", arrays) or None,
        )


def history_table(history: list[Record]) -> tuple[Array, list[str]]:
    """The records as numbers, a row an epoch, and the columns' names; NaN where there is no value.

    Raises:
        GlassnetError: a number that is not finite; NaN could not be told from none.
    """
    rows = [record.to_row() for record in history]
    columns = [*rows[0]] if rows else []
    table = np.array(
        [[nan if row[name] == "" else row[name] for name in columns] for row in rows], np.float64
    )
    table = table.reshape(len(rows), len(columns))  # (epochs, columns)
    for epoch, column in np.argwhere(~np.isfinite(table)):
        name = columns[column]
        if rows[epoch][name] != "":
            raise GlassnetError(f"{name} of epoch {epoch + 1} is {table[epoch, column]}: give finite numbers")
    return table, columns


def records_of(table: Array, columns: list[str]) -> list[Record]:
    """The records that `history_table` made a table of.

    Raises:
        KeyError, TypeError: it is no such table.
    """
    if table.ndim != 2 or table.shape[1] != len(columns):
        raise KeyError("history")
    for name, numbers in zip(columns, table.T, strict=True):
        if not (np.isfinite(numbers) | (np.isnan(numbers) & (name in MAY_LACK))).all():
            raise KeyError(name)
    records = []
    for row in table.tolist():
        values: dict[str, Any] = dict(zip(columns, (None if isnan(n) else n for n in row), strict=True))
        norms = {name.removeprefix(NORMS): values.pop(name) for name in columns if name.startswith(NORMS)}
        values |= {"epoch": int(values["epoch"]), "gradient_norms": norms}
        records.append(Record.from_dict(values))
    return records


def history_csv(history: list[Record]) -> str:
    """The records as CSV, a row an epoch, under the records' names."""
    text = io.StringIO()
    rows = [record.to_row() for record in history]
    if rows:
        writer = csv.DictWriter(text, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _prefixed(prefix: str, arrays: Parameters) -> Parameters:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _without_prefix(prefix: str, arrays: Parameters) -> Parameters:
    return {
        name.removeprefix(f"{prefix}/"): array
        for name, array in arrays.items()
        if name.startswith(f"{prefix}/")
    }
