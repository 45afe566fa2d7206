"""The path that training took through the parameters: its recipe, run once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from glassnet.arrays import Parameters
from glassnet.data import Dataset
from glassnet.errors import GlassnetError
from glassnet.schedules import parse_schedule
from glassnet.storage import RunFolder
from glassnet.training import Trainer

MOST_PLACES = 200
MOST_NUMBERS = 25_000_000  # on the path: 200 MB, when they are float64


@dataclass(frozen=True, repr=False)
class TrainingPath:
    """A network's parameters at the ends of some epochs; epoch 0 is the beginning."""

    epochs: Sequence[int]  # (places,), rising
    parameters: Sequence[Parameters]  # (places,)

    def __post_init__(self) -> None:
        if not len(self.epochs) or len(self.epochs) != len(self.parameters):
            raise GlassnetError(
                f"a path of {len(self.epochs)} epochs and {len(self.parameters)} places: "
                "give parameters for each epoch, and one epoch at least"
            )

    def __repr__(self) -> str:
        return f"TrainingPath({len(self.epochs)} places, epochs {self.epochs[0]} to {self.epochs[-1]})"


def training_path(run: RunFolder | str | Path, data: Dataset, longest: float | None = None) -> TrainingPath:
    """The parameters at the beginning of a run and after its epochs.

    A run folder keeps only the last of them, but its recipe gives the same bits again: the training
    is repeated up to the checkpoint's epoch, and must end at the checkpoint's parameters.

    A long run, or one of a large network, is thinned to every k-th epoch, with the first and the last
    place always among them: 200 places at most, and 25 million numbers (yet 3 places at least).

    Args:
        run: a folder with a checkpoint.
        data: what it was trained on.
        longest: seconds of training that are not repeated any more; None, however long it takes.

    Raises:
        GlassnetError: there is no checkpoint, the data is other data, the training took too long, or
            the repetition ends elsewhere.

    >>> import tempfile
    >>> from glassnet.data import load
    >>> from glassnet.training import Recipe
    >>> from glassnet.workflows import train_new
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = train_new(Recipe(layers="784-10", epochs=2), f"{folder}/run")
    ...     training_path(run, load("digits")).epochs
    [0, 1, 2]
    """
    run = run if isinstance(run, RunFolder) else RunFolder.open(run)
    recipe = run.recipe()
    progress = run.load_progress(recipe, data.sha256)
    if progress is None:
        raise GlassnetError(
            f"{run.path} has no checkpoint yet: go on with glassnet train --resume {run.path}"
        )
    if longest is not None and progress.seconds > longest:
        raise GlassnetError(
            f"{run.path} took {progress.seconds:.0f} s to train, and its path takes as long again: "
            "ask for it with --landscape"
        )
    # What may have ended the run changes nothing on the way there; nor do the validation images, unless
    # the learning rate goes by them. How many epochs there were to be may count, for the learning rate, too.
    recipe = recipe.replace(patience=None, time_limit=None, keep="last")
    if not parse_schedule(recipe.schedule).by_validation:
        data = replace(data, validation=data.validation[:0])
    network = recipe.network()
    trainer = Trainer(network, data, recipe)
    kept = epochs_to_keep(progress.epoch, network.parameter_count)
    epochs, parameters = [0], [trainer.progress.parameters]
    for _ in range(progress.epoch):
        record = trainer.epoch()
        if record.epoch in kept:
            epochs.append(record.epoch)
            parameters.append(trainer.progress.parameters)
    network.check_parameters(progress.parameters)
    if not all(
        np.array_equal(array, progress.parameters[name]) for name, array in network.parameters.items()
    ):
        raise GlassnetError(
            f"{run.path}, trained again, ends at other parameters than its checkpoint's: a time limit cut an "
            "epoch short, its examples had weights, or another engine or kind of CPU computed it; "
            "for a path, begin a new run"
        )
    return TrainingPath(epochs, parameters)


def epochs_to_keep(last: int, parameter_count: int) -> set[int]:
    """Which of the epochs 0 … last stay on the path.

    >>> sorted(epochs_to_keep(10, 5_000_000))
    [0, 2, 5, 8, 10]
    """
    places = min(last + 1, MOST_PLACES, max(3, MOST_NUMBERS // parameter_count))
    return {round(epoch) for epoch in np.linspace(0, last, places)}
