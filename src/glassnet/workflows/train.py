"""Train into a run folder, from the first epoch or from where it stopped: to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, Self

from glassnet.data import load
from glassnet.errors import GlassnetError
from glassnet.storage import MAY_CHANGE, RunFolder
from glassnet.training import DivergedError, Evaluation, Recipe, Record, Trainer

SAVE_EVERY = 1.0  # seconds between checkpoints; a kill loses no more than this, or an epoch
SAVING = 0.05  # of the time goes into them at most: a history of 50,000 epochs takes half a second


class Display:
    """Shows nothing: the silent one, and the frame of the others."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def start(self, trainer: Trainer) -> None:
        """Training is about to begin, or to go on."""

    def record(self, record: Record) -> None:
        """An epoch has ended."""

    def finished(self, trainer: Trainer, evaluations: dict[str, Evaluation], run: str) -> None:
        """Training has ended; what the network reached on the splits that it didn't learn from."""


class Stopped(KeyboardInterrupt):
    """Training was interrupted; all that it had learned is saved.

    Attributes:
        run: the folder in which it can go on.
        epoch: the last epoch that is whole; 0 for none.
        epochs: how many the recipe asks for.
    """

    def __init__(self, run: RunFolder, epoch: int, epochs: int) -> None:
        super().__init__(f"stopped after epoch {epoch} of {epochs}")
        self.run, self.epoch, self.epochs = run, epoch, epochs


def train_new(recipe: Recipe, folder: str | None = None, display: Display | None = None) -> RunFolder:
    """Train a new network into a new folder, which is left as `go_on` needs it whatever happens.

    Args:
        recipe: what is trained, and how.
        folder: new or empty; None: the next one in `runs`.
        display: is told how training goes.

    Raises:
        Stopped: by Ctrl-C.
        GlassnetError: the recipe, its data or the folder can't be used; nothing was written.
        DivergedError: the cost is no longer finite; the folder has the network before that.
    """
    trainer = Trainer(recipe.network(), load(recipe.data), recipe)  # before the folder: it may refuse
    run = RunFolder.create_next("runs", recipe) if folder is None else RunFolder.create(folder, recipe)
    with run.locked():
        _to_the_end(run, trainer, display or Display())
    return run


def resumed_recipe(run: RunFolder, limits: Mapping[str, Any]) -> Recipe:
    """A run's recipe with other limits.

    Raises:
        GlassnetError: what shall change is no limit.
    """
    for name in limits:
        if name not in MAY_CHANGE:
            raise GlassnetError(
                f"{name} can't change in a resumed run (only {', '.join(MAY_CHANGE)} can): begin a new run"
            )
    return run.recipe().replace(**limits)


def go_on(run: RunFolder, limits: Mapping[str, Any], display: Display | None = None) -> None:
    """Train on where the run stopped.

    Args:
        run: it keeps its recipe.
        limits: what may change of that: `epochs`, `patience`, `time_limit`, `keep`.
        display: is told how training goes.

    Raises:
        GlassnetError: what shall change is no limit, or the run can't go on.
        Stopped, DivergedError: as `train_new`.
    """
    recipe = resumed_recipe(run, limits)
    data = load(recipe.data)
    with run.locked():
        progress = run.load_progress(recipe, data.sha256)
        trainer = Trainer(recipe.network(), data, recipe, progress=progress)
        run.save_recipe(recipe)
        _to_the_end(run, trainer, display or Display())


def _to_the_end(run: RunFolder, trainer: Trainer, display: Display) -> None:
    """Train, saving on the way; then the figures, the model, the pictures."""

    def save() -> None:
        run.save_progress(trainer.progress, trainer.recipe, trainer.data.sha256)

    try:
        saved, pause = monotonic(), SAVE_EVERY
        with display:
            display.start(trainer)
            while not trainer.finished:
                record = trainer.advance()
                if record is not None:
                    display.record(record)
                    if (begun := monotonic()) - saved >= pause:
                        save()
                        saved = monotonic()
                        pause = SAVE_EVERY * max(1.0, (saved - begun) / SAVING)
        save()
        _finish(run, trainer, display)
    except KeyboardInterrupt:
        save()
        raise Stopped(run, trainer.progress.epoch, trainer.recipe.epochs) from None
    except DivergedError:
        save()
        _finish(run, trainer, display)
        raise


def _finish(run: RunFolder, trainer: Trainer, display: Display) -> None:
    from glassnet.workflows.reports import save_pictures, save_trained

    evaluations = save_trained(run, trainer)
    display.finished(trainer, evaluations, str(run.path))
    save_pictures(run, trainer, evaluations.get("test", evaluations.get("validation")))
