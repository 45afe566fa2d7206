"""Which defaults for 784-16-16-10 on the embedded digits? Chosen on the validation split alone.

    python benchmarks/digits_defaults.py [--seeds 5]

Trains every recipe of the grid over several seeds and prints them by their mean validation
accuracy after the last epoch, the best 25, ties by the mean validation cost (the same cost's, that is).
The test split is not touched.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from statistics import mean, stdev

from glassnet import Recipe, Trainer, load

GRID = {
    "cost": ["quadratic", "cross_entropy", "log_likelihood"],
    "initializer": ["scaled_normal", "glorot"],
    "learning_rate": [0.1, 0.25, 0.5, 1.0, 3.0],
    "l2": [0.0, 0.1, 0.3, 1.0, 3.0],
    "epochs": [30, 60, 100],
}


def accuracies(recipe: Recipe) -> dict[int, tuple[float, float]]:
    """Validation accuracy and cost after each number of epochs in the grid."""
    trainer = Trainer(recipe.network(), load("digits"), recipe)
    records = list(trainer)
    return {
        epochs: (records[epochs - 1].validation_accuracy or 0.0, records[epochs - 1].validation_cost or 0.0)
        for epochs in GRID["epochs"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)

    names = ["cost", "initializer", "learning_rate", "l2"]
    settings = list(product(*(GRID[name] for name in names)))
    recipes = [
        Recipe(**dict(zip(names, values, strict=True)), epochs=max(GRID["epochs"]), seed=seed)
        for values in settings
        for seed in seeds
    ]
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(accuracies, recipes, chunksize=4))

    rows = []
    for i, values in enumerate(settings):
        of_seeds = results[i * len(seeds) : (i + 1) * len(seeds)]
        for epochs in GRID["epochs"]:
            reached = [result[epochs][0] for result in of_seeds]
            cost = mean(result[epochs][1] for result in of_seeds)
            rows.append((mean(reached), -cost, stdev(reached) if len(reached) > 1 else 0.0, values, epochs))
    print(f"{'val. accuracy':>13} {'±':>6} {'val. cost':>9}  recipe ({len(seeds)} seeds)")
    for accuracy, cost, deviation, values, epochs in sorted(rows, key=lambda row: row[:2], reverse=True)[:25]:
        chosen = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        print(f"{accuracy:13.2%} {deviation:6.2%} {-cost:9.4f}  {chosen}, epochs {epochs}")


if __name__ == "__main__":
    main()
