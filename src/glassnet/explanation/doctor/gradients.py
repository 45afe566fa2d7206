"""Gradients that vanish or explode on their way back through the layers (lesson 6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.document import number
from glassnet.explanation.doctor.case import Case, by_unit
from glassnet.explanation.doctor.findings import Finding, NotExaminedError, Seen
from glassnet.training import Record

# δ of a layer as a part of the last layer's. Healthy: 1/5 and more once trained; before that, 1/50 and more
# in 784-16-16-10, and 1/1,400 and more with four hidden layers, which learn all the same. Five, which learn
# late, begin with 1/2,100 and less; six, which don't learn in 30 epochs, have 1/7,000 and less. Two conv
# layers with pooling and two dense ones begin with 1/2 (ReLU), 1/4 (tanh) and 1/90 to 1/170 (sigmoids, which
# learn late; by the mean over a filter's places that would be 1/2,000 to 1/4,000); four conv layers and three
# dense ones of sigmoids with 1/12,000, and don't learn.
VANISHED = 1 / 1500
# Healthy: up to 4 times the last layer's; N(0, 1) weights in four hidden layers of 30 ReLUs: 75 and more.
EXPLODED = 30
# The same of ‖∂C/∂W‖ in the records, where the first layer has the advantage of more weights. Healthy:
# 1/5 and more; six hidden layers of sigmoids: 1/300 and less.
VANISHED_IN_RECORDS = 1 / 100

MORE_GRADIENT = (
    "Take fewer layers, or activations with σ′ near 1 (relu with --initializer he, tanh with glorot); "
    "where neurons are saturated or dead, cure that first."
)


def gradients(case: Case) -> Seen:
    """δ from layer to layer: its root mean square over images and neurons.

    A filter's places share its weights, so that what they hear adds up: the sum of the squares counts.
    """
    sizes = {
        layer: float(np.sqrt(np.square(by_unit(delta), dtype=np.float64).sum(axis=2).mean()))
        for layer, _, _, delta in case.layers
    }
    if len(sizes) < 2:
        raise NotExaminedError("only one layer has weights")
    last = sizes[max(sizes)]
    if not last:
        raise NotExaminedError("δ of the last layer is 0")
    measured = f"δ {', '.join(number(size, 2) for size in sizes.values())} from the first layer to the last"
    evidence = {f"delta_{layer}": size for layer, size in sizes.items()}
    smallest, largest = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    findings = []
    if sizes[smallest] < VANISHED * last:
        findings.append(
            Finding(
                "vanishing_gradients",
                f"The gradient vanishes on its way back: δ is {number(last, 2)} in the last layer (root mean "
                f"square) and {number(sizes[smallest], 2)} in layer {smallest}, "
                f"{_part(sizes[smallest], last)} of it: that layer hardly learns.",
                MORE_GRADIENT,
                evidence | {"ratio": sizes[smallest] / last},
                layer=smallest,
            )
        )
    if sizes[largest] > EXPLODED * last:
        ratio = sizes[largest] / last
        findings.append(
            Finding(
                "exploding_gradients",
                f"The gradient explodes on its way back: δ is {number(last, 2)} in the last layer (root mean "
                f"square) and {number(sizes[largest], 2)} in layer {largest}, {number(ratio, 3)} times as "
                f"much: no η suits both.",
                "Begin again with smaller initial weights: --initializer scaled_normal, or he for ReLUs.",
                evidence | {"ratio": ratio},
                layer=largest,
            )
        )
    return Seen(measured, findings)


def gradients_in_records(history: Sequence[Record]) -> Seen:
    """The same in records, by ‖∂C/∂W‖ of the first and the last layer: the median over the epochs."""
    if not history:
        raise NotExaminedError("there are no records")
    norms = np.array([[*record.gradient_norms.values()] for record in history])  # (epochs, weights)
    if norms.shape[1] < 2:
        raise NotExaminedError("only one layer has weights")
    first, last = np.median(norms[:, [0, -1]], axis=0)
    measured = f"‖∂C/∂W‖ {number(first, 2)} in the first layer, {number(last, 2)} in the last"
    if first >= VANISHED_IN_RECORDS * last:
        return Seen(measured)
    finding = Finding(
        "vanishing_gradients",
        f"The gradient vanishes on its way back: ‖∂C/∂W‖ is {number(last, 2)} in the last layer (median over "
        f"{len(history)} epochs) and {number(first, 2)} in the first, {_part(first, last)} of it: "
        f"the first layer hardly learns.",
        MORE_GRADIENT,
        {"first": float(first), "last": float(last), "ratio": float(first / last)},
        layer=1,
    )
    return Seen(measured, [finding])


def _part(size: float, whole: float) -> str:
    """As people say it: 1/7,200 for 0.0001389."""
    share = size / whole
    if not share:
        return "nothing"
    return f"1/{int(float(f'{1 / share:.2g}')):,}" if share > 1e-9 else number(share, 2)
