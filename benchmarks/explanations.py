"""How long explanations take, and how right they are, on the lessons' network, trained.

    python benchmarks/explanations.py

Times are medians of several runs in this process, on a machine that should be quiet. MNIST's
50,000 images are wanted for the attribution; where they are not, the row is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from glassnet import (
    GlassnetError,
    Network,
    Recipe,
    attribute,
    check_gradient,
    cost_plane,
    diagnose,
    explain,
    load,
    train,
)
from glassnet.arrays import Images
from glassnet.engine import get_engine

REPEATS = 7


def seconds(run: Callable[[], object]) -> float:
    """The median time of a call."""
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return median(times)


def row(what: str, measured: str, promised: str, kept: bool) -> None:
    print(f"{what:<66} {measured:>12}   {promised:<24} {'✓' if kept else '✗'}")


def time_row(what: str, run: Callable[[], object], limit: float) -> None:
    took = seconds(run)
    row(what, f"{1000 * took:.2f} ms", f"≤ {1000 * limit:,.0f} ms", took <= limit)


def main() -> None:
    digits, recipe = load("digits"), Recipe()
    network = recipe.network()
    train(network, digits, recipe)
    (image, label), test = digits.test[17], digits.test

    def all_parts() -> None:
        explanation = explain(network, image, label, recipe.cost)
        explanation.neuron(3, 3), explanation.weight(3, 3, 5), explanation.weight(2, 7, 1)
        explanation.ways_to_raise(3), explanation.wishes(), explanation.nudges(), explanation.pixels

    time_row("explain one image, 784-16-16-10", lambda: explain(network, image, label, recipe.cost), 0.005)
    time_row("the same and two weights, a neuron, wishes, nudges", all_parts, 0.005)
    one = (test.images[17:18], test.labels[17:18], recipe.cost)
    time_row("gradient check of all 13,002 parameters, one image", lambda: check_gradient(network, *one), 2.0)
    some = digits.training[:1000]
    time_row(
        "cost plane, 25 × 25 points over 1,000 images",
        lambda: cost_plane(network, some.images, some.labels, recipe.cost),
        1.0,
    )
    time_row("doctor, digits", lambda: diagnose(network, digits, recipe.cost), 1.0)
    try:
        mnist = load("mnist").training
        weight = ("3.weight", (3, 5))
        time_row(
            "attribution of one weight over 50,000 images",
            lambda: attribute(network, mnist.images, mnist.labels, weight, recipe.cost),
            2.0,
        )
    except GlassnetError as error:
        print(error)

    for cost in ("cross_entropy", "quadratic"):
        checks = [
            check_gradient(network, test.images[i : i + 1], test.labels[i : i + 1], cost) for i in range(20)
        ]
        worst = max(check.worst.error for check in checks if check.worst)
        count = sum(len(check.entries) for check in checks)
        row(
            f"worst of {count:,} gradients beside differences, {cost}",
            f"{worst:.1e}",
            "≤ 1e-6",
            worst <= 1e-6,
        )
    # The bars are about the engine that trains; what float32 itself loses stands beside them.
    examples = [test[i] for i in range(20)]
    worst = max(engine_error(network, *example, recipe.cost, "textbook", "float64") for example in examples)
    row("shown in float64 beside the native engine's, every layer", f"{worst:.1e}", "≤ 1e-12", worst <= 1e-12)
    worst = max(engine_error(network, *example, recipe.cost, "native", "float32") for example in examples)
    row(
        "explain(engine='native', float32) beside the engine's, in norm",
        f"{worst:.1e}",
        "≤ 1e-5",
        worst <= 1e-5,
    )
    errors = [engine_error(network, *example, recipe.cost, "textbook", "float32") for example in examples]
    print(
        f"shown by the textbook in float32, beside it: median {median(errors):.1e}, worst {max(errors):.1e}"
    )


def engine_error(network: Network, image: Images, label: int, cost: str, engine: str, dtype: str) -> float:
    """The largest relative distance, in norm, between what is shown and what the native engine computes."""
    shown = explain(network, image, label, cost, engine=engine, dtype=dtype).trace.used
    theirs = get_engine("native").gradient(network.astype(dtype), image[None], [label], cost)
    distances = []
    for mine, other in zip(shown.layers, theirs.layers, strict=True):
        pairs = [(mine.dC_dz, other.dC_dz)]
        pairs += [(mine.parameters[name], other.parameters[name]) for name in mine.parameters]
        distances += [float(np.linalg.norm(a - b) / np.linalg.norm(a)) for a, b in pairs]
    return max(distances)


if __name__ == "__main__":
    main()
