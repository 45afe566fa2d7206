"""The figures that glassnet promises, each by a command; every figure is computed when it is asked for.

    python benchmarks/figures.py digits            784-16-16-10, default recipe, 5 seeds
    python benchmarks/figures.py mnist-quadratic   784-30-10, quadratic, η 3, 30 epochs, 9 seeds
    python benchmarks/figures.py mnist-entropy     784-100-10, cross-entropy, η .5, λ 5, 30 epochs, 3 seeds

Test accuracy with the last epoch's parameters and with those of the best epoch by validation
accuracy, a row a seed, then mean and median. `--seeds` takes more of them.
Published for comparison: Nielsen, Neural Networks and Deep Learning, chapters 1 and 3.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from statistics import mean, median
from typing import NamedTuple

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "GLASSNET_THREADS": "1"}  # a process a core, each with one thread

from glassnet import Recipe, Trainer, evaluate, load

STUCK = 0.90  # a run that ends below this has output neurons that never woke up


class Figure(NamedTuple):
    """A recipe, how many seeds, and what is promised."""

    recipe: Recipe
    seeds: int
    bar: str


FIGURES = {
    "digits": Figure(Recipe(), 5, "last epoch (the default), mean ≥ 95 %"),
    "mnist-quadratic": Figure(
        Recipe(
            data="mnist",
            layers="784-30-10",
            cost="quadratic",
            initializer="normal",
            learning_rate=3.0,
            batch_size=10,
            epochs=30,
            l2=0.0,
        ),
        9,
        "last epoch, median within 94.6–95.2 %",
    ),
    "mnist-entropy": Figure(
        Recipe(
            data="mnist",
            layers="784-100-10",
            cost="cross_entropy",
            initializer="scaled_normal",
            learning_rate=0.5,
            batch_size=10,
            epochs=30,
            l2=5.0,
        ),
        3,
        "mean ≥ 97.7 %",
    ),
}


class Reached(NamedTuple):
    """What one training reached."""

    seconds: float
    last: float  # test accuracy after the last epoch
    best_epoch: int
    best: float  # test accuracy at the epoch with the best validation accuracy


def train(recipe: Recipe) -> Reached:
    """One training and its two test accuracies."""
    data = load(recipe.data)
    network = recipe.network()
    trainer = Trainer(network, data, recipe)
    for _ in trainer:
        pass
    progress = trainer.progress
    tests = []
    for parameters in (progress.parameters, progress.best_parameters):
        network.load_parameters(parameters or progress.parameters)
        tests.append(evaluate(network, data.test).accuracy)
    return Reached(progress.seconds, tests[0], progress.best_epoch or progress.epoch, tests[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--seeds", type=int, help="how many seeds, from 0")
    arguments = parser.parse_args()

    figure = FIGURES[arguments.figure]
    seeds = range(arguments.seeds or figure.seeds)
    print(figure.recipe.replace(seed=0).to_toml())
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(train, [figure.recipe.replace(seed=seed) for seed in seeds]))
    print("seed  seconds  last epoch  best epoch by validation")
    for seed, run in zip(seeds, results, strict=True):
        stuck = "  stuck" if run.last < STUCK else ""
        print(f"{seed:4}  {run.seconds:7.1f}  {run.last:10.2%}  {run.best:10.2%} ({run.best_epoch}){stuck}")
    for name, tests in (("last", [run.last for run in results]), ("best", [run.best for run in results])):
        span = f"{min(tests):.2%} to {max(tests):.2%}"
        print(f"{name} epoch, test: mean {mean(tests):.2%}, median {median(tests):.2%}, {span}")
    print(f"bar: {figure.bar}")


if __name__ == "__main__":
    main()
