"""The networks that come with glassnet: trained, calibrated, and saved with their recipe and figures.

    python tools/make_pretrained.py conv     about an hour on two cores
    python tools/make_pretrained.py 16-16    ten seeds, of which the validation images choose one

Choices are made on MNIST's 10,000 validation images: the seed, temperature and threshold; the test images
are only reported on. Where a network learns from the validation images, too, a twin that didn't has made
the choices. `conv` has an eleventh output for what is no digit, and sees pictures of that kind; and the
embedded digits, as a coarse picture of a digit is a digit.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from glassnet import Recipe, Trainer, calibrate, evaluate, load, save_model, with_not_digits
from glassnet.data import Dataset, Split
from glassnet.handwriting import draw_not_digits
from glassnet.handwriting.not_digits.lettering import FONTS
from glassnet.network import Network
from glassnet.pretrained import FOLDER
from glassnet.storage import Model
from glassnet.training import Calibration
from glassnet.training.calibration import last_sums, mean_cost, probabilistic_cost

# Seeds of the pictures of no digit that a network learns from, and that its threshold is tried on.
LEARNED, TRIED = 0, 1


class Made(NamedTuple):
    """How a network is made."""

    recipes: tuple[Recipe, ...]  # each goes on from where the one before ended
    seeds: int  # so many are tried
    not_digits: int  # pictures of no digit, beside the training images; 0: no output for them
    accept: float  # the share of the validation digits that must be accepted as digits
    twin: bool = False  # whether another one learns from the validation images, too, and is what is saved


ANYWHERE = Recipe(
    data="mnist",
    layers="conv32@3 conv32@3 pool2 conv64@3 conv64@3 pool2 dropout0.25 256 dropout0.5 11",
    activation="relu",
    cost="log_likelihood",
    initializer="he",
    optimizer="adam",
    learning_rate=0.002,
    schedule="onecycle0.2",
    batch_size=128,
    epochs=40,
    augmentation="shift5 rotate10 scale0.1 shear0.1 elastic0.7",
)
# Digits anywhere were the first lesson. Most are in the middle: what is learned there at last is how to
# be sure.
IN_THE_MIDDLE = ANYWHERE.replace(
    learning_rate=0.001,
    schedule="onecycle0.1",
    epochs=10,
    augmentation="shift1 rotate8 scale0.08 shear0.08 elastic0.6",
)
NETWORKS = {
    "conv": Made((ANYWHERE, IN_THE_MIDDLE), seeds=1, not_digits=15_000, accept=0.995, twin=True),
    "16-16": Made(
        (
            Recipe(
                data="mnist",
                layers="784-16-16-10",
                initializer="glorot",
                optimizer="adam",
                learning_rate=0.01,
                schedule="onecycle0.2",
                batch_size=32,
                epochs=100,
                l2=5.0,
                augmentation="shift0.3 rotate3 elastic0.2",
            ),
        ),
        seeds=10,
        not_digits=0,
        accept=0.995,
    ),
}


def with_others(data: Dataset, not_digits: int) -> Dataset:
    """The embedded digits, too, which are coarser than MNIST's, and a class of pictures that show none."""
    coarse = load("digits").training
    training = Split(
        np.concatenate([data.training.images, coarse.images]),
        np.concatenate([data.training.labels, coarse.labels]),
    )
    return with_not_digits(replace(data, training=training), not_digits, LEARNED)


class Run(NamedTuple):
    """A trained network, and how it went."""

    network: Network
    recipes: tuple[Recipe, ...]
    validation_accuracy: float | None  # None: there were no validation images
    seconds: float


def trained(data: Dataset, recipes: tuple[Recipe, ...]) -> Run:
    """A network that has learned by these recipes, one after the other."""
    network, seconds, validation = recipes[0].network(), 0.0, None
    for recipe in recipes:
        trainer = Trainer(network, data, recipe)
        for record in trainer:
            validation = record.validation_accuracy
            told = "" if validation is None else f", validation {validation:.2%}"
            print(
                f"seed {recipe.seed}, epoch {record.epoch}: training {record.training_accuracy:.2%}{told}, "
                f"{record.seconds:.1f} s",
                flush=True,
            )
        network, seconds = trainer.network, seconds + trainer.progress.seconds
    return Run(network, recipes, validation, seconds)


def make(name: str, epochs: int | None) -> None:
    """Train, choose, calibrate, report, save."""
    made, data = NETWORKS[name], load("mnist")

    def learned(data: Dataset) -> Dataset:
        return with_others(data, made.not_digits) if made.not_digits else data

    runs, learned_from = [], learned(data)
    for seed in range(made.seeds):  # each further recipe draws anew
        recipes = tuple(
            recipe.replace(seed=seed + k, epochs=epochs or recipe.epochs)
            for k, recipe in enumerate(made.recipes)
        )
        runs.append(trained(learned_from, recipes))
    best = max(runs, key=lambda run: run.validation_accuracy or 0.0)
    calibration = calibrated(made, data, learned_from.class_names, best.network)
    final = best
    if made.twin:  # it has chosen the temperature and the threshold; its twin learns from all images
        learned_from = learned(data.with_all_to_train())
        final = trained(learned_from, best.recipes)
    of = "twin_validation_accuracy" if made.twin else "validation_accuracy"
    chosen_by = {of: best.validation_accuracy or 0.0}
    model = finished(final, calibration, learned_from, chosen_by)
    print(calibration, *(f"  {figure} {value:.6g}" for figure, value in model.figures.items()), sep="\n")
    if epochs:
        print("nothing is saved: this was a try")
        return
    path = FOLDER / f"{name}.safetensors"
    save_model(path, model)
    print(f"{path}: {path.stat().st_size:,} bytes")


def calibrated(made: Made, data: Dataset, class_names: tuple[str, ...], network: Network) -> Calibration:
    """Temperature and threshold by the validation images; pictures of no digit tell how good it is."""
    fonts = tuple(name.removesuffix(".ttf") for name in FONTS)
    others = draw_not_digits(1000, TRIED, digits=data.validation)
    return calibrate(
        network, data.validation, others, class_names=class_names, fonts=fonts, accept=made.accept
    )


def finished(run: Run, calibration: Calibration, learned_from: Dataset, chosen_by: dict[str, float]) -> Model:
    """The model, with what it reaches on the test images."""
    network, test = run.network, learned_from.test
    z, y = last_sums(network)(test.images), network.targets(test.labels)
    costs = {
        which: mean_cost(np.asarray(z, float), np.asarray(y, float), probabilistic_cost(network), temperature)
        for which, temperature in (("before", 1.0), ("after", calibration.temperature))
    }
    not_digits = int((learned_from.training.labels == 10).sum())
    figures = {
        **chosen_by,
        "test_accuracy": evaluate(network, test).accuracy,
        "test_cost_before_calibration": costs["before"],
        "test_cost": costs["after"],
        "digits_learned": float(len(learned_from.training) - not_digits),
        "not_digits_learned": float(not_digits),
        "seconds": run.seconds,
    }
    *earlier, recipe = run.recipes
    data = load(recipe.data)
    names = learned_from.class_names
    return Model(network, names, recipe, data.name, data.sha256, figures, calibration, tuple(earlier))


def main() -> None:
    """Make the networks that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=[*NETWORKS])
    parser.add_argument("--epochs", type=int, help="fewer, to try the command; nothing is saved")
    given = parser.parse_args()
    for name in given.names:
        make(name, given.epochs)


if __name__ == "__main__":
    main()
