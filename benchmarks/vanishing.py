"""Chapter 5 of the book: ‖δ‖ of the hidden layers before training, of the mean gradient of 1,000 images.

    python benchmarks/vanishing.py

784-30-…-10 with scaled normal weights and the cross-entropy cost, 21 seeds; MNIST's first training
images. Published: Nielsen, Neural Networks and Deep Learning, chapter 5, one draw each.
"""

from __future__ import annotations

import numpy as np

from glassnet import Network, load
from glassnet.explanation import vanishing_gradient

PUBLISHED = {2: (0.07, 0.31), 3: (0.012, 0.060, 0.283), 4: (0.003, 0.017, 0.070, 0.285)}
SEEDS, IMAGES = 21, 1000


def main() -> None:
    some = load("mnist").training[:IMAGES]
    print("network              layer  median ‖δ‖  smallest … largest  the book")
    for hidden, published in PUBLISHED.items():
        layers = "-".join(["784", *["30"] * hidden, "10"])
        lengths = np.array(
            [
                vanishing_gradient(
                    Network(layers, seed=seed), some.images, some.labels, "cross_entropy", engine="native"
                ).deltas[:-1]
                for seed in range(SEEDS)
            ]
        )  # (seeds, hidden layers)
        for layer, (column, said) in enumerate(zip(lengths.T, published, strict=True), 1):
            span = f"{column.min():.4f} … {column.max():.4f}"
            print(f"{layers:<19}  {layer:>5}  {np.median(column):10.4f}  {span:>18}  {said:8}")


if __name__ == "__main__":
    main()
