"""What the textbook's readability costs: an epoch of it beside a bare NumPy loop, in one run.

    python benchmarks/textbook_epoch.py [--repeats 7]

784-30-10, sigmoid, quadratic cost, mini-batches of 10, float32, one epoch of 50,000 images. Both
start from the same parameters and take the same images in the same order from the same uint8 array;
that they do the same arithmetic is checked first. The bare loop is what one would write by hand for
this one network. The textbook also computes what its records say (costs, right answers, gradient
norms); the bare loop is measured without and with these.
"""

from __future__ import annotations

import argparse
import os
from statistics import median
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from glassnet import Dataset, Recipe, Split, Trainer, load
from glassnet.errors import GlassnetError
from glassnet.rng import Purpose, Stream

RECIPE = Recipe(
    data="mnist",
    layers="784-30-10",
    cost="quadratic",
    initializer="normal",
    learning_rate=3.0,
    epochs=1,
    engine="textbook",
)


def training_images() -> Split:
    """MNIST's 50,000; where it isn't at hand, random images of the same size and sparsity."""
    try:
        return load("mnist").training
    except GlassnetError as error:
        print(f"({error})\nrandom images instead")
        words = Stream(0, Purpose.SHUFFLE).bits(50_000 * 784)
        ink = (words % 100 < 19).reshape(-1, 784)
        return Split(((words >> 8) % 256).astype(np.uint8).reshape(-1, 784) * ink, words[:50_000] % 10)


def bare_epoch(
    parameters: list[NDArray[np.float32]],
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    records: bool = False,
) -> None:
    """The same steps, written out for two layers; with or without the arithmetic of the records."""
    seen = []
    W1, b1, W2, b2 = parameters
    one_hot = np.eye(10, dtype=np.float32)
    for start in range(0, len(order), 10):
        batch = order[start : start + 10]
        x = images[batch] / np.float32(255)
        y = one_hot[labels[batch]]
        a1 = 1 / (1 + np.exp(-(x @ W1.T + b1)))
        a2 = 1 / (1 + np.exp(-(a1 @ W2.T + b2)))
        delta2 = (a2 - y) * a2 * (1 - a2) / len(batch)
        delta1 = (delta2 @ W2) * a1 * (1 - a1)
        dC_dW2, dC_dW1 = delta2.T @ a1, delta1.T @ x
        if records:
            cost = 0.5 * ((a2 - y) ** 2).sum()
            right = (a2.argmax(axis=1) == labels[batch]).sum()
            seen.append((cost, right, np.linalg.norm(dC_dW1), np.linalg.norm(dC_dW2)))
        W2 -= 3.0 * dC_dW2
        b2 -= 3.0 * delta2.sum(axis=0)
        W1 -= 3.0 * dC_dW1
        b1 -= 3.0 * delta1.sum(axis=0)


def check_same_arithmetic(split: Split) -> None:
    """After 100 steps both have the same parameters, but for rounding (which grows from step to step)."""
    network = RECIPE.network()
    parameters = [array.copy() for array in network.parameters.values()]
    first = Dataset("first", split[:1000], split[:0], split[:0], tuple("0123456789"), "0" * 64, "")
    order = Stream(RECIPE.seed, Purpose.SHUFFLE, epoch=1).permutation(1000)
    bare_epoch(parameters, split.images, split.labels, order)
    Trainer(network, first, RECIPE).epoch()
    for ours, theirs in zip(network.parameters.values(), parameters, strict=True):
        assert np.linalg.norm(ours - theirs) < 1e-4 * np.linalg.norm(theirs), "not the same arithmetic"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats

    training = training_images()
    flat = Split(training.images.reshape(len(training), -1), training.labels)
    data = Dataset("mnist", flat, flat[:0], flat[:0], tuple("0123456789"), "0" * 64, "")
    order = Stream(RECIPE.seed, Purpose.SHUFFLE, epoch=1).permutation(len(flat))
    check_same_arithmetic(flat)
    seconds: dict[str, list[float]] = {"bare loop": [], "bare loop with records": [], "textbook": []}
    for _ in range(repeats):
        for name in seconds:
            network = RECIPE.network()
            if name == "textbook":
                seconds[name].append(Trainer(network, data, RECIPE).epoch().seconds)
                continue
            start = perf_counter()
            with np.errstate(over="ignore"):
                bare_epoch([*network.parameters.values()], flat.images, flat.labels, order, "records" in name)
            seconds[name].append(perf_counter() - start)
    textbook = median(seconds["textbook"])
    for name, values in seconds.items():
        print(f"{name:<24} {median(values):.3f} s   textbook / this = {textbook / median(values):.2f}")
    print(f"(medians of {repeats}, interleaved)")


if __name__ == "__main__":
    main()
