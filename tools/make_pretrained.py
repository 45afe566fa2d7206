"""The networks that come with glassnet: trained, calibrated, and saved with their recipe and figures.

    python tools/make_pretrained.py conv     about ten minutes on two cores
    python tools/make_pretrained.py 16-16    ten seeds, of which the validation images choose one

Both learn from MNIST's 50,000 training images. `conv` has an eleventh output for what is no digit,
and sees pictures of that kind, too. Temperature and threshold, and the seed, are chosen on the 10,000
validation images and on letters of the DejaVu fonts; the test images are only reported on.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from glassnet import Recipe, Trainer, calibrate, evaluate, load, save_model, with_not_digits
from glassnet.calibration import last_sums, mean_cost, probabilistic_cost
from glassnet.data import Dataset, draw_not_digits
from glassnet.data.lettering import FONTS
from glassnet.model_file import Model
from glassnet.network import Network
from glassnet.pretrained import FOLDER

CONV = "conv32@3 conv32@3 pool2 conv64@3 conv64@3 pool2 dropout0.25 256 dropout0.5 11"
# Seeds of the pictures of no digit that a network learns from, and that its threshold is tried on.
LEARNED, TRIED = 0, 1


class Made(NamedTuple):
    """How a network is made."""

    recipe: Recipe
    further: Recipe | None  # a second training, from where the first one ended
    seeds: int  # so many are tried
    not_digits: int  # pictures of no digit, beside the training images; 0: no output for them
    accept: float  # the share of the validation digits that must be accepted as digits


NETWORKS = {
    "conv": Made(
        Recipe(
            data="mnist",
            layers=CONV,
            activation="relu",
            cost="log_likelihood",
            initializer="he",
            optimizer="adam",
            learning_rate=0.002,
            schedule="onecycle0.2",
            batch_size=128,
            epochs=25,
            augmentation="shift5 rotate10 scale0.1 shear0.1 elastic0.7",
        ),
        # Digits anywhere were the first lesson. Most are in the middle: what is learned there at last is
        # how to be sure.
        further=Recipe(
            data="mnist",
            layers=CONV,
            activation="relu",
            cost="log_likelihood",
            initializer="he",
            optimizer="adam",
            learning_rate=0.001,
            schedule="onecycle0.1",
            batch_size=128,
            epochs=15,
            augmentation="shift2 rotate8 scale0.08 shear0.08 elastic0.6",
        ),
        seeds=1,
        not_digits=15_000,
        accept=0.995,
    ),
    "16-16": Made(
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
        further=None,
        seeds=10,
        not_digits=0,
        accept=0.995,
    ),
}


def trained(
    data: Dataset, network: Network, recipe: Recipe, epochs: int | None
) -> tuple[float, float, Network]:
    """A network, its validation accuracy and the seconds that it took."""
    trainer = Trainer(network, data, recipe.replace(epochs=epochs or recipe.epochs))
    for record in trainer:
        print(
            f"seed {recipe.seed}, epoch {record.epoch}: training {record.training_accuracy:.2%}, "
            f"validation {record.validation_accuracy:.2%}, {record.seconds:.1f} s",
            flush=True,
        )
    return trainer.history[-1].validation_accuracy or 0.0, trainer.progress.seconds, trainer.network


def make(name: str, epochs: int | None) -> None:
    """Train, choose, calibrate, report, save."""
    made, data = NETWORKS[name], load("mnist")
    learned = with_not_digits(data, made.not_digits, LEARNED) if made.not_digits else data
    recipes = [made.recipe.replace(seed=seed) for seed in range(made.seeds)]
    runs = [trained(learned, recipe.network(), recipe, epochs) for recipe in recipes]
    best = max(range(made.seeds), key=lambda seed: runs[seed][0])
    validation_accuracy, seconds, network = runs[best]
    recipe, earlier = recipes[best], ()
    if made.further:
        recipe, earlier = made.further, (recipe,)
        validation_accuracy, more, network = trained(learned, network, recipe, epochs)
        seconds += more

    fonts = tuple(name.removesuffix(".ttf") for name in FONTS)
    others = draw_not_digits(1000, TRIED, digits=data.validation)
    calibration = calibrate(
        network, data.validation, others, class_names=learned.class_names, fonts=fonts, accept=made.accept
    )
    z, y = last_sums(network)(data.test.images), network.targets(data.test.labels)
    costs = {
        which: mean_cost(np.asarray(z, float), np.asarray(y, float), probabilistic_cost(network), temperature)
        for which, temperature in (("before", 1.0), ("after", calibration.temperature))
    }
    test = replace(learned, test=data.test).test
    figures = {
        "validation_accuracy": validation_accuracy,
        "test_accuracy": evaluate(network, test).accuracy,
        "test_cost_before_calibration": costs["before"],
        "test_cost": costs["after"],
        "not_digits_learned": float(made.not_digits),
        "seconds": seconds,
    }
    model = Model(
        network,
        learned.class_names,
        recipe,
        data.name,
        data.sha256,
        figures,
        calibration,
        earlier,
    )
    path = FOLDER / f"{name}.safetensors"
    save_model(path, model)
    print(f"{path.name}, {path.stat().st_size:,} bytes: {calibration}")
    for figure, value in figures.items():
        print(f"  {figure} {value:.6g}")


def main() -> None:
    """Make the networks that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=[*NETWORKS])
    parser.add_argument("--epochs", type=int, help="fewer, to try the command")
    given = parser.parse_args()
    for name in given.names:
        make(name, given.epochs)


if __name__ == "__main__":
    main()
