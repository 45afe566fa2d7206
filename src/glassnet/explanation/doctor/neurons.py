"""Neurons and filters that hardly learn any more: saturated ones, and ReLUs that are never active."""

from __future__ import annotations

import numpy as np

from glassnet.activations import ACTIVATIONS, Elementwise
from glassnet.arrays import Array
from glassnet.explanation.doctor.case import Case, by_unit, units
from glassnet.explanation.doctor.findings import Finding, NotExaminedError, Seen, percent
from glassnet.layers import Cache, Layer

FLAT = 0.01  # a σ′ below this is called flat: 4 % of the sigmoid's steepest, 1 % of tanh's
# A neuron is stuck where σ′ is flat for nearly every image; a filter, where it is flat at all places of them.
# (Being flat for most is what a sharp detector does: healthy networks on MNIST have up to 94 % flat values
# in a layer.)
NEARLY_ALL = 0.99
# Stuck neurons of a layer. Healthy: up to 37 % (784-30-10, N(0, 1) weights, quadratic, η = 3);
# ill: 63 % and more (η = 3 with the whole data as one mini-batch; η = 5 with 784-16-16-10).
STUCK = 0.5
# Dead ReLUs of a layer. Healthy networks carry up to 63 % of them (784-30:relu-10, η = 0.1, 150 seeds)
# and read 97 %; with η = 0.3 it is 80 % and more, and they read 20 to 84 %.
DEAD = 0.75
# Images answered wrongly by outputs that are all flat. Healthy: up to 0.5 %; where sigmoids with the
# quadratic cost give up a class, 2.6 to 19 %.
WRONG_AND_FLAT = 0.02


def saturated_neurons(case: Case) -> Seen:
    """Hidden layers: the share of (image, neuron) where σ′ < 0.01, and the neurons that are always there."""
    measured, findings = [], []
    for number, layer, cache, _ in case.layers:
        if number == case.depth or not ACTIVATIONS[layer.activation].saturates:
            continue
        flat = by_unit(_slope(layer, cache)) < FLAT  # (images, neurons or filters, places)
        everywhere = flat.all(axis=2)  # (images, neurons or filters)
        share, stuck = float(flat.mean()), np.flatnonzero(everywhere.mean(axis=0) >= NEARLY_ALL)
        neurons, what = flat.shape[1], units(layer)
        measured.append(
            f"layer {number}: {percent(share)} of σ′ below {FLAT}, {len(stuck)} of {neurons} {what} stuck"
        )
        if len(stuck) > STUCK * neurons:
            findings.append(
                Finding(
                    "saturated_neurons",
                    f"Layer {number} is saturated: {len(stuck)} of its {neurons} {what} have σ′ < {FLAT} "
                    f"{'at all places ' if what == 'filters' else ''}"
                    f"for nearly all of {len(flat):,} training images ({percent(share)} of the values in the "
                    f"layer); such a {what[:-1]} says the same to everything and hardly learns.",
                    "Begin again with smaller steps (--learning-rate) or smaller initial weights "
                    "(--initializer scaled_normal), on inputs scaled to 0 … 1.",
                    {"flat": share, "stuck": float(len(stuck)), what: float(neurons)},
                    layer=number,
                    neurons=tuple(stuck.tolist()),
                )
            )
    if not measured:
        raise NotExaminedError("there is no hidden layer of sigmoids or tanh")
    return Seen("; ".join(measured), findings)


def saturated_outputs(case: Case) -> Seen:
    """Wrong answers that σ′ keeps from learning: sigmoids with the quadratic cost (lesson 5)."""
    if case.network.canonical(case.cost):
        raise NotExaminedError("δ of the last layer is a − y: no σ′ of the outputs is left in it")
    saturates = ACTIVATIONS[case.network.layers[-1].activation].saturates
    if not saturates or not case.layers or case.layers[-1][0] < case.depth:
        raise NotExaminedError("the outputs are no sigmoids or tanh")
    number, layer, cache, _ = case.layers[-1]
    wrong = case.gradient.caches[-1].a.argmax(axis=1) != case.sample.labels  # (images,)
    flat = (_slope(layer, cache) < FLAT).all(axis=1)  # (images,)
    both = wrong & flat
    n, share = len(both), float(both.mean())
    measured = f"{both.sum()} of {wrong.sum()} wrong answers, of {n:,} images"
    if share < WRONG_AND_FLAT:
        return Seen(measured)
    return Seen(
        measured,
        [
            Finding(
                "saturated_outputs",
                f"{both.sum()} of {n:,} training images are answered wrongly by outputs that all have "
                f"σ′ < {FLAT} (altogether, {wrong.sum()} are answered wrongly): where this network is most "
                f"wrong, it learns slowest.",
                "Take a cost that was made for the outputs, in whose δ the factor σ′ cancels: "
                "--cost cross_entropy with sigmoids, log_likelihood with softmax.",
                {"wrong_and_flat": float(both.sum()), "wrong": float(wrong.sum()), "images": float(n)},
                layer=number,
                images=tuple(case.places[both].tolist()),
            )
        ],
    )


def dead_relus(case: Case) -> Seen:
    """Neurons whose a is 0 for all examined images: their σ′ is 0, so they never change again.

    A filter is dead if it is so at every place of every image.
    """
    measured, findings = [], []
    for number, layer, cache, _ in case.layers:
        if not ACTIVATIONS[layer.activation].dies:
            continue
        a, what = by_unit(cache.a), units(layer)  # (images, neurons or filters, places)
        dead, neurons = np.flatnonzero(a.max(axis=(0, 2)) == 0), a.shape[1]
        of_them, filters, where = "ReLUs", "", "for"
        if what == "filters":
            of_them, filters, where = what, " filters", "at every place of"
        measured.append(f"layer {number}: {len(dead)} of {neurons}{filters} dead")
        if len(dead) >= DEAD * neurons:
            findings.append(
                Finding(
                    "dead_relus",
                    f"{len(dead)} of the {neurons} {of_them} in layer {number} are dead: a = 0 {where} all "
                    f"of {len(a):,} training images, so that no gradient reaches them.",
                    "Begin again with a smaller --learning-rate, and with --initializer he.",
                    {"dead": float(len(dead)), what: float(neurons), "images": float(len(a))},
                    layer=number,
                    neurons=tuple(dead.tolist()),
                )
            )
    if not measured:
        raise NotExaminedError("there is no layer of ReLUs")
    return Seen("; ".join(measured), findings)


def _slope(layer: Layer, cache: Cache) -> Array:
    """σ′ of every neuron for every image."""
    activation = ACTIVATIONS[layer.activation]
    assert isinstance(activation, Elementwise)
    return activation.derivative(cache.z, cache.a)
