"""A workload: a recipe, how many images, how many threads; and the data that goes with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet import Augmentation, Network, Recipe, load, summarize
from glassnet.data import locate
from glassnet.optimizers import initial_state, update
from glassnet.schedules import Position, parse_schedule

MOST_TEST_IMAGES = 10_000
INK = 0.19  # the share of MNIST's pixels that are not zero


class Data(NamedTuple):
    """Images as they are published: uint8 (n, 784), and labels (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    @property
    def inputs(self) -> NDArray[np.float32]:
        """The training images as float32 from 0 to 1."""
        return self.images / np.float32(255)

    @property
    def targets(self) -> NDArray[np.float32]:
        """One-hot, (n, 10)."""
        return np.eye(10, dtype=np.float32)[self.labels]


@dataclass(frozen=True)
class Workload:
    """What every contender does alike."""

    recipe: Recipe
    images: int  # of an epoch, or of a prediction
    threads: int = 1

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"recipe": self.recipe.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Workload:
        values = json.loads(text)
        return cls(**values | {"recipe": Recipe.from_dict(values["recipe"])})

    @property
    def decay(self) -> float:
        """1 − ηλ/n, by which a step of L2 multiplies the weights."""
        return 1 - self.recipe.learning_rate * self.recipe.l2 / self.images

    @property
    def rates(self) -> list[float]:
        """The learning rate of each mini-batch of an epoch."""
        recipe, batches = self.recipe, -(-self.images // self.recipe.batch_size)
        if recipe.schedule != "constant" and recipe.epochs != 1:
            raise NotImplementedError(f"{recipe.schedule} over several epochs")
        at = Position(np.arange(batches), batches, batches * recipe.epochs, [])
        factors = parse_schedule(recipe.schedule).factors(at)
        return [float(recipe.learning_rate * factor) for factor in factors]

    def seen(self, images: NDArray[np.uint8], places: NDArray[Any]) -> NDArray[np.uint8]:
        """The images at these places of the training set as the first epoch meets them: moved, maybe."""
        augmentation = Augmentation.parse(self.recipe.augmentation)
        if not augmentation.moves:
            return images[places]
        pictures = images[places].reshape(-1, *self.recipe.network().input_shape)
        moved = augmentation.moved(pictures, self.recipe.seed, 1, places)
        return moved.reshape(len(places), -1)

    def data(self) -> Data:
        """The images, repeated in turn where there are fewer; random ones where MNIST isn't at hand."""
        known = mnist(self.images) if self.recipe.data == "mnist" else random_data(min(self.images, 50_000))
        if self.images <= len(known.images):
            return known._replace(images=known.images[: self.images], labels=known.labels[: self.images])
        places = np.arange(self.images) % len(known.images)
        return known._replace(images=known.images[places], labels=known.labels[places])


def data_at_hand() -> str:
    """The name of the data for `Recipe.data`: nothing is downloaded for a benchmark."""
    return "random" if locate("mnist") == "not fetched yet" else "mnist"


def mnist(count: int) -> Data:
    """MNIST's 50,000 training images, the 10,000 for validation where more are wanted, and its test."""
    data = load("mnist")
    parts = [data.training, data.validation] if count > len(data.training) else [data.training]
    images = np.concatenate([part.images.reshape(-1, 784) for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    return Data(images, labels, data.test.images.reshape(-1, 784), data.test.labels)


def random_data(count: int) -> Data:
    """Images of MNIST's shape and sparsity with something to learn: each class has a pattern under noise."""
    rng = np.random.default_rng(0)
    patterns = rng.random((10, 784)) < INK
    labels = rng.integers(10, size=count + min(count, MOST_TEST_IMAGES))
    noise = rng.random((len(labels), 784), dtype=np.float32)  # ½: the pattern; INK/2: ink, else none
    ink = np.where(noise < 0.5, patterns[labels], noise < 0.5 + INK / 2)
    images = ink * rng.integers(1, 256, size=ink.shape, dtype=np.uint8)
    return Data(images[:count], labels[:count], images[count:], labels[count:])


def operations(network: Network, training: bool) -> int:
    """Floating-point operations for one image, every product of the lessons' formulas, none skipped.

    Two for each product of the forward pass; in training as many again for ∂C/∂W, and for ∂C/∂x in
    every layer but the first that has weights.
    """
    products = [2 * layer.multiply_adds for layer in summarize(network).layers if layer.parameters]
    return 3 * sum(products) - products[0] if training else sum(products)


def textbook_step(network: Network, images: Any, labels: Any, workload: Workload) -> list[NDArray[Any]]:
    """The parameters after one step, in float64 by the textbook's formulas."""
    recipe = workload.recipe
    exact = Network(network.layers, network.input_shape, parameters=network.parameters, dtype=np.float64)
    gradients, optimizer = exact.gradient(images, labels, recipe.cost).parameters, recipe.make_optimizer()
    for name in network.weights:
        gradients[name] += recipe.l2 / workload.images * exact.parameters[name]
    state = initial_state(optimizer, exact.parameters)
    update(optimizer, exact.parameters, gradients, state, workload.rates[0])
    return list(exact.parameters.values())
