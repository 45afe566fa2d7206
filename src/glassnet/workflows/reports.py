"""What a finished training leaves in its run folder: the model, its figures, the pictures."""

from __future__ import annotations

from glassnet import plots
from glassnet.files import write_atomically
from glassnet.storage import Model, RunFolder, save_model
from glassnet.training import Evaluation, Trainer, evaluate


def save_trained(run: RunFolder, trainer: Trainer) -> dict[str, Evaluation]:
    """Read the validation and the test split once, and save the model with the figures reached.

    Returns:
        The evaluations by the names of the splits; those of empty splits are left out.
    """
    data, recipe, network = trainer.data, trainer.recipe, trainer.network
    evaluations = {
        name: evaluate(network, split, recipe.cost, recipe.engine)
        for name, split in (("validation", data.validation), ("test", data.test))
        if len(split)
    }
    figures: dict[str, float] = {"epochs": trainer.progress.epoch}
    for name, evaluation in evaluations.items():
        figures |= {f"{name}_accuracy": evaluation.accuracy, f"{name}_cost": evaluation.cost}
    save_model(run.model, Model(network, data.class_names, recipe, data.name, data.sha256, figures))
    return evaluations


def save_pictures(run: RunFolder, trainer: Trainer, evaluation: Evaluation | None) -> None:
    """Draw learning curve, confusion and first-layer weights into the run folder."""
    if trainer.history:
        write_atomically(run.learning_curve, plots.png(plots.learning_curve(trainer.history)))
    if evaluation is not None:
        write_atomically(run.confusion, plots.png(plots.confusion(evaluation, trainer.data.class_names)))
    if trainer.network.weights:
        write_atomically(run.weights, plots.png(plots.weights(trainer.network)))
