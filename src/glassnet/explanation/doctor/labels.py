"""Labels that look wrong: costly images whose nearest neighbors all say something else.

A network that is trained for long learns wrong labels by heart, so its answer alone is no witness.
The images themselves are: what lies next to each other in the pixels should bear one label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.arrays import Images, Labels
from glassnet.chunks import chunks
from glassnet.document import Block, Pixels, Table, plain
from glassnet.explanation.doctor.case import Case
from glassnet.explanation.doctor.findings import LEARNED, Finding, NotExaminedError, Seen, percent
from glassnet.network import Network

CANDIDATES = 500  # the costliest training images
NEIGHBORS = 10
# So many of them bear one other label, and the network answers them so; none bears the image's own. Digits:
# no image at all. With 2 % of its labels changed: 86 % of the changed ones, and no other. MNIST: about 70,
# some of them wrong, others only hard to read.
AGREEING = 8
CHUNK = 5_000  # images compared at a time, to bound the memory
SHOWN = 10  # rows of the table


def suspicious_labels(case: Case) -> Seen:
    """Which of the costliest images have neighbors that agree on another label?"""
    training, evaluation = case.data.training, case.training
    n = len(training)
    if n <= NEIGHBORS:
        raise NotExaminedError(f"that takes more than {NEIGHBORS} training images")
    if evaluation.accuracy < LEARNED:
        raise NotExaminedError(
            f"the network is no witness: it reads {percent(evaluation.accuracy)} of the images rightly"
        )
    costliest = np.argsort(-evaluation.costs, kind="stable")[:CANDIDATES]
    around = training.labels[near := nearest(case.network, training.images, costliest)]  # (candidates, 10)
    other = _most_frequent(around)  # (candidates,)
    right = (evaluation.answers == training.labels)[near]  # (candidates, neighbors)
    agreeing = ((around == other[:, None]) & right).sum(axis=1)
    own = (around == training.labels[costliest][:, None]).sum(axis=1)
    suspected = (agreeing >= AGREEING) & (own == 0)
    images, others, witnesses = costliest[suspected], other[suspected], agreeing[suspected]
    measured = f"{len(images)} odd ones among the {len(costliest)} costliest of {n:,} training images"
    if not len(images):
        return Seen(measured)
    costs = evaluation.costs[images]
    names = [plain(name) for name in case.data.class_names]
    rows = [
        (f"{image}", names[training.labels[image]], names[label], f"{count} of {NEIGHBORS}", float(cost))
        for image, label, count, cost in zip(images, others, witnesses, costs, strict=True)
    ]
    caption = f"the {SHOWN} costliest of {len(rows)}" if len(rows) > SHOWN else ""
    more: list[Block] = [
        Table(("training image", "label", "its neighbors", "that agree", "cost C₀"), rows[:SHOWN], caption)
    ]
    first = training.images[images[0]]
    if first.ndim == 2:
        more.append(Pixels(first, f"image {images[0]}, labelled {rows[0][1]}: or {rows[0][2]}?"))
    finding = Finding(
        "suspicious_labels",
        f"The labels of {len(images)} training images ({percent(len(images) / n)} of {n:,}) look odd: of the "
        f"{NEIGHBORS} nearest images to each, at least {AGREEING} bear one other label, which the network "
        f"answers to them, and none bears its own. Some may be wrong, others only hard to read.",
        f"Look at them, the costliest first (image {images[0]}: {rows[0][1]}, or {rows[0][2]}?), and put "
        f"right the labels that are wrong.",
        {
            "images": float(len(images)),
            "share": len(images) / n,
            "examined": float(len(costliest)),
            "largest_cost": float(costs[0]),
        },
        images=tuple(images.tolist()),
        more=more,
    )
    return Seen(measured, [finding])


def nearest(network: Network, images: Images, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places (len(places), 10) of the images nearest to each of some, itself left out."""
    these = network.inputs(images[places]).reshape(len(places), -1)  # (places, n_in)
    distances = np.full((len(places), NEIGHBORS), np.inf, these.dtype)
    found = np.zeros((len(places), NEIGHBORS), np.int64)
    for rows in chunks(len(images), CHUNK):
        x = network.inputs(images[rows])  # (chunk, *input_shape)
        x = x.reshape(len(x), -1)  # (chunk, n_in)
        # |x − t|² less |t|², which is the same for all: (places, chunk)
        squares = (x * x).sum(axis=1) - 2 * these @ x.T
        itself = np.flatnonzero((places >= rows.start) & (places < rows.stop))
        squares[itself, places[itself] - rows.start] = np.inf
        distances = np.concatenate([distances, squares], axis=1)
        indices = np.broadcast_to(np.arange(rows.start, rows.stop), squares.shape)
        found = np.concatenate([found, indices], axis=1)
        pick = np.argpartition(distances, NEIGHBORS - 1, axis=1)[:, :NEIGHBORS]
        distances, found = np.take_along_axis(distances, pick, 1), np.take_along_axis(found, pick, 1)
    return found


def _most_frequent(labels: Labels) -> Labels:
    """Of every row, shape (rows, some), the label that occurs most, shape (rows,)."""
    counts = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)  # (rows, some): how often each occurs
    return np.take_along_axis(labels, counts.argmax(axis=1)[:, None], axis=1)[:, 0]
