"""What the doctor says: findings, each with its numbers, and what was looked at without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from glassnet.document import Block, Note, Paragraph, Shown, Table, for_json

LEARNED = 0.5  # right answers; below that, nobody is told that all is well

# Every illness that is looked for, and its name in prose.
ILLNESSES = {
    "not_finite": "numbers that are NaN or infinite",
    "unscaled_inputs": "inputs that are not scaled",
    "small_learning_rate": "η too small",
    "large_learning_rate": "η too large",
    "oscillating_cost": "a cost that goes up and down",
    "vanishing_gradients": "vanishing gradients",
    "exploding_gradients": "exploding gradients",
    "saturated_neurons": "saturated hidden neurons",
    "saturated_outputs": "wrong answers that are saturated",
    "dead_relus": "dead ReLUs",
    "overfitting": "overfitting",
    "failing_class": "a class that fails",
    "suspicious_labels": "labels that look wrong",
}


@dataclass(frozen=True)
class Finding:
    """One illness: what was seen, what to do about it, and the numbers behind it."""

    illness: str  # one of ILLNESSES
    what: str
    advice: str
    evidence: dict[str, float]
    layer: int | None = None  # as the lessons count them: 1 … L
    neurons: tuple[int, ...] = ()  # of that layer
    classes: tuple[int, ...] = ()
    images: tuple[int, ...] = ()  # places in the training split
    more: Sequence[Block] = field(default=(), repr=False)  # to be shown below

    def __post_init__(self) -> None:
        assert self.illness in ILLNESSES
        assert self.evidence  # no finding without its number

    def to_dict(self) -> dict[str, Any]:
        """For JSON: everything but what is there to be looked at."""
        places = {name: [*getattr(self, name)] for name in ("neurons", "classes", "images")}
        return {
            "illness": self.illness,
            "what": self.what,
            "advice": self.advice,
            "evidence": {name: for_json(value) for name, value in self.evidence.items()},
            "layer": self.layer,
            **places,
        }


class Seen(NamedTuple):
    """What one examination brought."""

    measured: str  # its numbers, whether they are good or bad
    findings: Sequence[Finding] = ()


class NotExaminedError(Exception):
    """An examination that can't be made; the message says why."""


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """All findings, and what was examined: without a finding, what was measured there is healthy."""

    findings: tuple[Finding, ...]
    examined: dict[str, str]  # a part (the inputs, the gradients …), and what was measured there
    not_examined: dict[str, str]  # a part, and why it couldn't be examined
    reads: float | None = None  # the share of right answers (validation, else training), where it is known

    def blocks(self) -> list[Block]:
        """The findings with their advice, then what was measured."""
        told: list[Block] = []
        for finding in self.findings:
            told += [Note(finding.what, good=False), Paragraph(finding.advice), *finding.more]
        if not self.examined:
            told.append(Note("Nothing could be examined.", good=False))
        elif not self.findings and self.reads is not None and self.reads < LEARNED:
            told.append(
                Note(
                    f"No illness was found, but the network reads only {percent(self.reads)} of the images "
                    "rightly: it has not learned (yet).",
                    good=False,
                )
            )
        elif not self.findings:
            told.append(Note(f"Nothing found in what was examined: {', '.join(self.examined)}.", good=True))
        if self.examined:
            told.append(Table(("examined", "measured"), [*self.examined.items()]))
        if self.not_examined:
            told.append(Table(("not examined", "why"), [*self.not_examined.items()]))
        return told

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "examined": self.examined,
            "not_examined": self.not_examined,
            "reads": self.reads,
        }


def percent(share: float) -> str:
    """A share of a whole as people say it.

    >>> percent(0.625), percent(0.0014), percent(0)
    ('62 %', '0.14 %', '0 %')
    """
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
