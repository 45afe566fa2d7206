"""What is measured, and what is promised of it: the rows of the benchmarks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import log
from statistics import linear_regression
from typing import Any

from peers.crew import Entrant
from peers.workload import Workload

from glassnet import Recipe

LONG = 1_000_000  # epochs, more than anybody waits for
EAGER = ("PyTorch", "PyTorch, tuned", "PyTorch, channels last")
CONVOLVERS = ("glassnet", *EAGER, "torch.compile")
TRAINERS = ("glassnet", "PyTorch", "PyTorch, tuned", "torch.compile", "JAX", "NumPy")
PREDICTORS = (*TRAINERS, "ONNX Runtime")
WITH_SKLEARN = (*TRAINERS, "scikit-learn")  # it has no quadratic cost
ENOUGH_IMAGES = 20_000  # for one timing: shorter epochs are repeated
GROWING_IMAGES = (1_000, 10_000, 100_000, 1_000_000)
GROWING_LAYERS = (10, 30, 100, 300, 1_000)


@dataclass(frozen=True)
class Bar:
    """A promise about one of a row's measures, for example how many times faster than a peer it is."""

    measure: str
    bound: float
    at_most: bool = False
    unit: str = "×"

    def judge(self, measures: dict[str, float]) -> dict[str, Any]:
        """The promise and whether it is kept; `met` is None where there is nothing to judge by."""
        value = measures.get(self.measure)
        met = None
        if value is not None:
            met = value <= self.bound if self.at_most else value >= self.bound
        return asdict(self) | {"value": value, "met": met}


@dataclass(frozen=True)
class Row:
    """A race of entrants; without any, the command itself."""

    name: str
    group: str  # the table that it belongs to: training, prediction or promises
    title: str
    bars: tuple[Bar, ...]
    entrants: dict[str, Entrant]


QUADRATIC = Recipe(
    layers="784-30-10",
    cost="quadratic",
    initializer="normal",
    learning_rate=3.0,
    batch_size=10,
    epochs=LONG,
)
ENTROPY = Recipe(
    layers="784-100-10", cost="cross_entropy", learning_rate=0.5, l2=5.0, batch_size=10, epochs=LONG
)
WIDE = Recipe(
    layers="784-512-512-10",
    activation="relu",
    cost="log_likelihood",
    initializer="he",
    learning_rate=0.1,
    batch_size=128,
    epochs=LONG,
)

CONVOLUTION = Recipe(
    layers="conv20@5 pool2 conv40@5 pool2 100 10",
    activation="relu",
    cost="log_likelihood",
    initializer="he",
    learning_rate=0.03,
    l2=1.0,
    batch_size=10,
    epochs=LONG,
)
MOVING = CONVOLUTION.replace(batch_size=64, augmentation="shift2 rotate10 scale0.1 shear0.1 elastic1")
ONE_EPOCH = Recipe(
    layers="conv24@5 pool2 conv32@3 pool2 256 10",
    activation="relu",
    cost="log_likelihood",
    initializer="he",
    optimizer="adam",
    beta1=0.7,
    beta2=0.9,
    learning_rate=0.01,
    schedule="onecycle0.1",
    batch_size=256,
    epochs=1,
    l2=2.0,
    augmentation="shift1",
)
MEMORY_BATCHES, MEMORY_IMAGES = (10, 64, 128, 512, 4_096), (5_000, 50_000)  # the smaller set for all batches
TEXT = "conv20@5-pool2-conv40@5-pool2-100-10"


def rows(data: str, engine: str, quick: bool = False) -> list[Row]:
    """All rows; the quick ones have a hundredth of the images."""
    shrink = 100 if quick else 1

    def workload(recipe: Recipe, images: int, threads: int = 1) -> Workload:
        return Workload(recipe.replace(data=data, engine=engine), max(1, images // shrink), threads)

    def race(names: tuple[str, ...], same: Workload, calls: int = 1) -> dict[str, Entrant]:
        return {name: Entrant(name, same, calls) for name in names}

    def grown(recipe: Recipe, images: int) -> Entrant:
        same = workload(recipe, images)
        return Entrant("glassnet", same, max(1, ENOUGH_IMAGES // shrink // same.images))

    wide = workload(WIDE, 50_000, 2)
    deep = workload(CONVOLUTION.replace(batch_size=64), 50_000, 2)
    return [
        Row(
            "784-30-10",
            "training",
            "**784-30-10**, batch 10, quadratic cost, 1 thread",
            (Bar("PyTorch", 25), Bar("NumPy", 5), Bar("JAX", 3)),
            race(TRAINERS, workload(QUADRATIC, 50_000)),
        ),
        Row(
            "784-16-16-10",
            "training",
            "**784-16-16-10**, batch 10, quadratic cost, 1 thread",
            (Bar("PyTorch", 30),),
            race(TRAINERS, workload(QUADRATIC.replace(layers="784-16-16-10"), 50_000)),
        ),
        Row(
            "784-100-10",
            "training",
            "**784-100-10**, batch 10, cross-entropy, λ 5, 1 thread",
            (Bar("PyTorch", 8), Bar("NumPy", 3)),
            race(WITH_SKLEARN, workload(ENTROPY, 50_000)),
        ),
        Row(
            "784-512-512-10",
            "training",
            "**784-512-512-10**, batch 128, relu, softmax, 2 threads",
            (Bar("PyTorch", 1.8), Bar("NumPy", 2)),
            race(WITH_SKLEARN, wide),
        ),
        Row(
            "convolution-10",
            "training",
            f"**{TEXT}**, batch 10, relu, softmax, 2 threads",
            tuple(Bar(name, 3) for name in EAGER),
            race(CONVOLVERS, workload(CONVOLUTION, 50_000, 2)),
        ),
        Row(
            "convolution-64",
            "training",
            f"**{TEXT}**, batch 64, relu, softmax, 2 threads",
            tuple(Bar(name, 2) for name in EAGER),
            race(CONVOLVERS, deep),
        ),
        Row(
            "one-epoch-99",
            "training",
            "**conv24@5-pool2-conv32@3-pool2-256-10**, batch 256, Adam, one-cycle, λ 2, 60,000 images, moved "
            "by a pixel at most (PyTorch's beforehand), 2 threads",
            tuple(Bar(name, 2) for name in EAGER),
            race(("glassnet", *EAGER), workload(ONE_EPOCH, 60_000, 2)),
        ),
        Row(
            "one-image",
            "prediction",
            "**one image**, 784-30-10, 1 thread",
            (Bar("PyTorch", 5), Bar("ONNX Runtime", 1 / 0.6)),
            race(PREDICTORS, workload(QUADRATIC, 1), calls=20_000 // shrink),
        ),
        Row(
            "10000-images",
            "prediction",
            "**10,000 images**, 784-100-10, 1 thread",
            (Bar("PyTorch", 2),),
            race(PREDICTORS, workload(ENTROPY, 10_000), calls=5),
        ),
        Row(
            "convolution-one-image",
            "prediction",
            f"**one image**, {TEXT}, 1 thread",
            (),
            race((*CONVOLVERS, "ONNX Runtime"), workload(CONVOLUTION, 1), calls=2_000 // shrink),
        ),
        Row(
            "convolution-10000-images",
            "prediction",
            f"**10,000 images**, {TEXT}, 2 threads",
            (*(Bar(name, 2) for name in EAGER), Bar("ONNX Runtime", 1)),
            race((*CONVOLVERS, "ONNX Runtime"), workload(CONVOLUTION, 10_000, 2)),
        ),
        Row(
            "threads",
            "promises",
            "784-512-512-10: an epoch with 2 threads",
            (Bar("1 thread", 1.8),),
            {
                "glassnet": Entrant("glassnet", wide),
                "1 thread": Entrant("glassnet", replace(wide, threads=1)),
            },
        ),
        Row(
            "convolution-threads",
            "promises",
            f"{TEXT}, batch 64: an epoch with 2 threads",
            (Bar("1 thread", 1.8),),
            {
                "glassnet": Entrant("glassnet", deep),
                "1 thread": Entrant("glassnet", replace(deep, threads=1)),
            },
        ),
        Row(
            "convolution-augmented",
            "promises",
            f"{TEXT}, batch 64: an epoch of images that move in all ways",
            (Bar("augmented", 1.2, at_most=True),),
            {
                "glassnet": Entrant("glassnet", replace(deep, threads=1)),
                "augmented": Entrant("glassnet", workload(MOVING, 50_000)),
            },
        ),
        Row(
            "convolution-memory",
            "promises",
            f"{TEXT}: what an epoch needs beyond the images",
            (
                Bar("batch 4,096 over batch 128", 1.1, at_most=True),
                Bar("for each further image", 128, at_most=True, unit=" bytes"),
            ),
            {},
        ),
        Row(
            "images",
            "promises",
            "784-30-10: time per image, 1,000 to 1,000,000 images",
            (Bar("slowest / fastest", 1.25, at_most=True),),
            {f"{count:,} images": grown(QUADRATIC, count) for count in GROWING_IMAGES},
        ),
        Row(
            "parameters",
            "promises",
            "784-N-10, N from 10 to 1,000: time ∝ parametersᵖ",
            (Bar("p", 1.05, at_most=True, unit=""),),
            {f"784-{n}-10": grown(QUADRATIC.replace(layers=f"784-{n}-10"), 10_000) for n in GROWING_LAYERS},
        ),
        Row(
            "memory",
            "promises",
            "`glassnet train --data mnist`",
            (Bar("peak memory", 250, at_most=True, unit=" MB"),),
            {},
        ),
        Row(
            "digits",
            "promises",
            "`glassnet train` on the embedded digits, as a process",
            (
                Bar("accuracy printed after", 1.5, at_most=True, unit=" s"),
                Bar("ended after", 4.0, at_most=True, unit=" s"),
            ),
            {},
        ),
    ]


def measures(row: Row, medians: dict[str, float]) -> dict[str, float]:
    """What the bars of a row judge, from the medians of what was timed."""
    if row.name in ("images", "parameters"):
        if not row.entrants or set(medians) != set(row.entrants):
            return {}
        workloads = [entrant.workload for entrant in row.entrants.values()]
        seconds = [medians[label] for label in row.entrants]
        if row.name == "images":
            each = [time / workload.images for time, workload in zip(seconds, workloads, strict=True)]
            return {"slowest / fastest": max(each) / min(each)}
        counts = [workload.recipe.network().parameter_count for workload in workloads]
        return {"p": exponent(counts, seconds)}
    if row.name in ("memory", "digits"):
        return medians
    if row.name == "convolution-memory":
        few, many = (medians[memory_label(CONVOLUTION.batch_size, count)] for count in MEMORY_IMAGES)
        chunk, large = (medians[memory_label(m, MEMORY_IMAGES[0])] for m in (128, MEMORY_BATCHES[-1]))
        return {
            "batch 4,096 over batch 128": large / chunk,
            "for each further image": 1e6 * (many - few) / (MEMORY_IMAGES[1] - MEMORY_IMAGES[0]),
        }
    return ratios(medians)


def memory_label(batch_size: int, images: int) -> str:
    """A measurement of memory, by its circumstances."""
    return f"batch {batch_size:,}, {images:,} images"


def ratios(medians: dict[str, float]) -> dict[str, float]:
    """How many times as long as glassnet each of the others takes."""
    ours = medians.get("glassnet")
    others = {label: seconds for label, seconds in medians.items() if label != "glassnet"}
    return {label: seconds / ours for label, seconds in others.items()} if ours else {}


def exponent(x: list[int], y: list[float]) -> float:
    """p of y ∝ xᵖ, by least squares of the logarithms."""
    return linear_regression([log(value) for value in x], [log(value) for value in y]).slope
