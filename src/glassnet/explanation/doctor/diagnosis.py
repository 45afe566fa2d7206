"""All examinations, and what they say of a network, its data and the records of its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from glassnet.data import Dataset
from glassnet.errors import GlassnetError
from glassnet.explanation.doctor.case import Case
from glassnet.explanation.doctor.data import failing_class, unscaled_inputs
from glassnet.explanation.doctor.findings import Diagnosis, Finding, NotExaminedError, Seen
from glassnet.explanation.doctor.gradients import gradients, gradients_in_records
from glassnet.explanation.doctor.labels import suspicious_labels
from glassnet.explanation.doctor.learning_rate import learning_rate
from glassnet.explanation.doctor.neurons import dead_relus, saturated_neurons, saturated_outputs
from glassnet.explanation.doctor.not_finite import not_finite
from glassnet.explanation.doctor.records import oscillating_cost, overfitting
from glassnet.network import Network
from glassnet.training import Recipe, Record

# What is examined, in the order of the telling: what goes wrong earlier comes first. In the network with
# its data, or in the records of the training; where there are both ways, the network is asked, as it is what
# the training has come to.
IN_NETWORK: dict[str, Callable[[Case], Seen]] = {
    "numbers": not_finite,
    "inputs": unscaled_inputs,
    "learning rate": learning_rate,
    "gradients": gradients,
    "hidden neurons": saturated_neurons,
    "outputs": saturated_outputs,
    "ReLUs": dead_relus,
    "classes": failing_class,
    "labels": suspicious_labels,
}
IN_RECORDS: dict[str, Callable[[Sequence[Record]], Seen]] = {
    "gradients": gradients_in_records,
    "training cost": oscillating_cost,
    "validation cost": overfitting,
}


def diagnose(
    network: Network,
    data: Dataset,
    cost: str | None = None,
    *,
    history: Sequence[Record] = (),
    recipe: Recipe | None = None,
) -> Diagnosis:
    """What ails a network, seen on the data that it learned from; the test split is not looked at.

    Args:
        network: its parameters are not changed.
        data: training images for what learning shows, validation images for what it has led to.
        cost: its name; the recipe's, or quadratic, if not given.
        history: the records of the training, for overfitting and oscillation.
        recipe: how it was trained, to judge the learning rate.

    Raises:
        GlassnetError: network, data and cost don't fit each other.

    >>> from glassnet.data import load
    >>> diagnosis = diagnose(Network("784-16:relu-10", seed=0, initializer="zeros"), load("digits"))
    >>> [finding.illness for finding in diagnosis.findings]
    ['vanishing_gradients', 'dead_relus']
    >>> diagnosis.findings[1].evidence
    {'dead': 16.0, 'neurons': 16.0, 'images': 1000.0}
    """
    for given, kind in ((network, Network), (data, Dataset)):
        if not isinstance(given, kind):
            raise GlassnetError(
                f"{given!r} stands where a {kind.__name__} is wanted: diagnose(network, data)"
            )
    outputs, classes = int(np.prod(network.output_shape)), len(data.class_names)
    if outputs != classes:
        raise GlassnetError(
            f"the network {network} has {outputs} outputs: {data.name} has {classes} classes, "
            f"and each needs one"
        )
    if recipe is not None and cost not in (None, recipe.cost):
        raise GlassnetError(f"cost is {cost!r}, and the recipe's {recipe.cost!r}: leave one of them away")
    if cost is None:
        cost = "quadratic" if recipe is None else recipe.cost
    case = Case(network, data, network.check_cost(cost), recipe, history)
    case.x  # noqa: B018 (images that don't fit are refused at once)
    with np.errstate(all="ignore"):  # what is not finite is found, not warned of
        return _examine(case, history)


def diagnose_records(history: Sequence[Record]) -> Diagnosis:
    """What the records of a training show where its network or its data can't be had.

    >>> diagnose_records([]).not_examined["validation cost"]
    'there are no records'
    """
    with np.errstate(all="ignore"):
        return _examine(None, history)


def _examine(case: Case | None, history: Sequence[Record]) -> Diagnosis:
    findings: list[Finding] = []
    examined: dict[str, str] = {}
    not_examined: dict[str, str] = {}
    for part in [*IN_NETWORK, *(part for part in IN_RECORDS if part not in IN_NETWORK)]:
        try:
            if case is not None and part in IN_NETWORK:
                seen = IN_NETWORK[part](case)
            elif part in IN_RECORDS:
                seen = IN_RECORDS[part](history)
            else:
                raise NotExaminedError("that takes the network and its data")
        except NotExaminedError as reason:
            not_examined[part] = str(reason)
        else:
            examined[part] = seen.measured
            findings += seen.findings
    return Diagnosis(tuple(findings), examined, not_examined, _reads(case))


def _reads(case: Case | None) -> float | None:
    """The share of right answers; None where it can't be had."""
    try:
        return None if case is None else case.judged.accuracy
    except NotExaminedError:
        return None
