"""Record: what one epoch of training showed. Terminal, files and pages all read this."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

NUMBERS = ("epoch", "training_cost", "penalty", "training_accuracy", "seconds")  # never without a value


@dataclass(frozen=True)
class Record:
    """One epoch, in numbers.

    Costs are means over examples of the data cost, without penalty; the training figures are
    those of the mini-batches as they were met, each before its own step.
    """

    epoch: int  # from 1
    training_cost: float
    penalty: float  # (λ/2n) Σ w² + (λ₁/n) Σ |w| after the epoch
    training_accuracy: float  # 0 … 1
    validation_cost: float | None  # a full pass after the epoch; None without validation data
    validation_accuracy: float | None
    gradient_norms: dict[str, float]  # ‖∂C/∂W‖ of the mini-batches' data cost, their mean, by weight's name
    seconds: float  # spent on training alone
    images_per_second: float
    learning_rate: float  # of the last mini-batch

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the fields by their names."""
        return vars(self) | {"gradient_norms": dict(self.gradient_norms)}  # asdict takes ten times as long

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Record:
        """What `to_dict` gave, again as a record."""
        record = cls(**{field.name: values[field.name] for field in fields(cls)})
        numbers = [number for name, number in record.to_row().items() if number != "" or name in NUMBERS]
        if not all(type(number) in (int, float) for number in numbers):
            raise TypeError(f"record {record.epoch}")
        return record

    def to_row(self) -> dict[str, Any]:
        """For CSV: flat, a column a layer (`gradient_norms.1.weight`), empty where there is no value."""
        row: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            if name == "gradient_norms":
                row |= {f"{name}.{weight}": norm for weight, norm in value.items()}
            else:
                row[name] = "" if value is None else value
        return row
