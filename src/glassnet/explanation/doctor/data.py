"""What is wrong with the data, or with what became of it: inputs not scaled, a class that fails."""

from __future__ import annotations

import numpy as np

from glassnet.document import number, plain
from glassnet.explanation.doctor.case import Case
from glassnet.explanation.doctor.findings import Finding, NotExaminedError, Seen, percent

# The root mean square of the inputs: pixels of digits have 0.3, standardized features 1, the centimetres of
# the irises 4, which is still no hindrance; pixels from 0 to 16 have 5 and more, those to 255 have 80.
LARGE = 5.0
SMALL = 0.1  # the largest absolute value of all; pixels have 1
# The largest deviation of a feature beside the median one's: 2 for the pixels of MNIST and for the irises,
# 390 for the raw measurements of UCI's wines.
UNEVEN = 30.0
# A class fails where the network finds less than half as much of it as of the median class, misses several
# images, and reads the other classes well (one that has just begun doesn't know all classes yet). Healthy:
# 3/4 and more of the median.
FAILING = 0.5
SEVERAL = 5
WELL = 0.8


def unscaled_inputs(case: Case) -> Seen:
    """Are the inputs, as the network sees them, of about the size 1, and all alike?"""
    x = case.x.reshape(len(case.x), -1).astype(np.float64)  # (images, n_in)
    deviations = x.std(axis=0)  # (n_in,)
    varying = deviations[deviations > 0]
    widest, median = (float(varying.max()), float(np.median(varying))) if len(varying) else (1.0, 1.0)
    size = float(np.sqrt(np.square(x).mean()))
    least, largest, mean, deviation = (float(of(x)) for of in (np.min, np.max, np.mean, np.std))
    measured = (
        f"{number(least, 3)} to {number(largest, 3)}, "
        f"mean {number(mean, 3)}, deviation {number(deviation, 3)}"
    )
    if size > LARGE or max(-least, largest) < SMALL:
        what = (
            f"The inputs are not scaled: they go from {measured}, which is too "
            f"{'large' if size > LARGE else 'small'} for weights that are drawn for inputs of about 0 … 1."
        )
    elif widest > UNEVEN * median:
        what = (
            f"The inputs are not scaled alike: one of them varies {number(widest / median, 2)} times as much "
            f"as the median one (deviations {number(widest, 3)} and {number(median, 3)})."
        )
    else:
        return Seen(measured)
    finding = Finding(
        "unscaled_inputs",
        what,
        "Bring every input to about 0 … 1 (less its least value, divided by its range), or to mean 0 and "
        "deviation 1, by the numbers of the training data; pixels given as uint8 are scaled by themselves.",
        {
            "least": least,
            "largest": largest,
            "mean": mean,
            "deviation": deviation,
            "widest_deviation": widest,
            "median_deviation": median,
        },
    )
    return Seen(measured, [finding])


def failing_class(case: Case) -> Seen:
    """Is there a class that the network finds far more rarely than the others?"""
    confusion = case.judged.confusion  # (k, k): row, the true class; column, the answer
    counts, right = confusion.sum(axis=1), confusion.diagonal()  # (k,)
    present = np.flatnonzero(counts)
    if len(present) < 2:
        raise NotExaminedError(f"the {case.judge} images are of one class")
    recall = right / np.maximum(counts, 1)  # (k,)
    names = [plain(name) for name in case.data.class_names]
    least = present[recall[present].argmin()]
    measured = (
        f"right answers to {case.judge} images: least to class {names[least]}, "
        f"{percent(float(recall[least]))}; to the median class {percent(float(np.median(recall[present])))}"
    )
    examples = np.bincount(case.data.training.labels, minlength=len(names))  # (k,)
    findings = []
    for k in present.tolist():
        others = float(np.median(recall[present[present != k]]))
        if recall[k] >= FAILING * others or counts[k] - right[k] < SEVERAL or others < WELL:
            continue
        mistaken = np.where(np.arange(len(names)) == k, -1, confusion[k])  # (k,)
        taken_for = int(mistaken.argmax())
        usual = round(float(examples[examples > 0].mean()))
        findings.append(
            Finding(
                "failing_class",
                f"Class {names[k]} fails: {right[k]} of its {counts[k]} {case.judge} images are read rightly "
                f"({percent(float(recall[k]))}; of the other classes' median {percent(others)}), and "
                f"{mistaken[taken_for]} are taken for {names[taken_for]}.",
                f"Train for longer, or keep the best epoch (--keep best). If that doesn't help, look at the "
                f"labels of its {examples[k]:,} training images (a class has {usual:,} on average), give "
                f"more of them, or let them count more (--class-weights).",
                {
                    "recall": float(recall[k]),
                    "recall_of_others": others,
                    "right": float(right[k]),
                    "images": float(counts[k]),
                    "taken_for": float(mistaken[taken_for]),
                    "training_images": float(examples[k]),
                },
                classes=(k, taken_for),
            )
        )
    return Seen(measured, findings)
