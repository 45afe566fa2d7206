"""How a training looks while it runs: a live table, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Self

import click

from glassnet.summary import summarize
from glassnet.training import Evaluation, Recipe, Record, Trainer
from glassnet.workflows import Display

if TYPE_CHECKING:
    from rich.table import Table


class JsonLines(Display):
    """A record a line, then one line with the outcome."""

    def record(self, record: Record) -> None:
        click.echo(json.dumps(record.to_dict(), ensure_ascii=False))

    def finished(self, trainer: Trainer, evaluations: dict[str, Evaluation], run: str) -> None:
        outcome: dict[str, Any] = {"finished": trainer.finished, "run": run}
        for name, evaluation in evaluations.items():
            outcome |= {f"{name}_accuracy": evaluation.accuracy, f"{name}_cost": evaluation.cost}
        click.echo(json.dumps(outcome, ensure_ascii=False))


class PlainLines(Display):
    """A line an epoch, for pipes and log files."""

    def start(self, trainer: Trainer) -> None:
        click.echo(_headline(trainer))

    def record(self, record: Record) -> None:
        line = f"epoch {record.epoch:3}  cost {record.training_cost:.4f} "
        line += f" accuracy {record.training_accuracy:7.2%}"
        if record.validation_cost is not None:
            line += f"  validation: cost {record.validation_cost:.4f} "
        if record.validation_accuracy is not None:
            line += f" accuracy {record.validation_accuracy:7.2%}"
        click.echo(f"{line}  {duration(record.seconds)}")

    def finished(self, trainer: Trainer, evaluations: dict[str, Evaluation], run: str) -> None:
        ended = trainer.finished or f"stopped; the parameters of epoch {trainer.progress.epoch} are kept"
        click.echo(f"{ended}; {duration(trainer.progress.seconds)} of training")
        for name, evaluation in evaluations.items():
            click.echo(f"{name + ' accuracy':<20} {evaluation.score}")
        click.echo(f"{'run folder':<20} {run}")


class LiveTable(PlainLines):
    """The last epochs as a table that grows while you watch, over a bar for the whole training."""

    ROWS = 12

    def __enter__(self) -> Self:
        from rich.live import Live

        self._trainer: Trainer | None = None
        self._live = Live(get_renderable=self._table, refresh_per_second=10, transient=False)
        self._live.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._live.__exit__(*exception)

    def start(self, trainer: Trainer) -> None:
        self._live.console.print(_headline(trainer), highlight=False)
        self._trainer = trainer

    def record(self, record: Record) -> None: ...

    def _table(self) -> Table | str:
        from rich.table import Table
        from rich.text import Text

        if (trainer := self._trainer) is None:
            return ""
        recipe = trainer.recipe
        done = min(1.0, (trainer.progress.epoch + trainer.epoch_share) / max(1, recipe.epochs))
        table = Table(
            box=None,
            header_style="dim",
            padding=(0, 2, 0, 0),
            caption_justify="left",
            caption=_bar(done),
            min_width=60,
        )
        for column in ("epoch", "cost", "accuracy", "val. cost", "val. accuracy"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("‖∂C/∂W‖ by layer")  # the one column that gives way on a narrow terminal
        for record in trainer.history[-self.ROWS :]:
            best = record.epoch == trainer.progress.best_epoch
            table.add_row(
                f"{record.epoch}/{recipe.epochs}",
                f"{record.training_cost:.4f}",
                f"{record.training_accuracy:.2%}",
                "" if record.validation_cost is None else f"{record.validation_cost:.4f}",
                "" if record.validation_accuracy is None else f"{record.validation_accuracy:.2%}",
                Text(" ".join(f"{norm:5.3f}" for norm in record.gradient_norms.values()), no_wrap=True),
                style="bold green" if best else None,
            )
        return table


def choose_display(*, quiet: bool, as_json: bool) -> Display:
    """JSON or silence where they are asked for, a live table on a terminal, else plain lines."""
    if as_json:
        return JsonLines()
    if quiet:
        return Display()
    return LiveTable() if sys.stdout.isatty() else PlainLines()


def duration(seconds: float) -> str:
    """In the unit that suits it.

    >>> duration(0.0012), duration(0.35), duration(754.3)
    ('1.2 ms', '0.35 s', '754 s')
    """
    if seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def _headline(trainer: Trainer) -> str:
    """What begins; below it, what the layers leave over."""
    recipe, network, n = trainer.recipe, trainer.network, trainer.examples
    headline = (
        f"{network} ({network.parameter_count:,} parameters) learns {trainer.data.name} from {n:,} images: "
        f"{recipe.cost}, {_descent(recipe)}, mini-batches of {min(recipe.batch_size, n):,}"
    )
    headline += f", λ {recipe.l2:g}" if recipe.l2 else ""
    headline += f", augmentation {recipe.augmentation}" if recipe.augmentation else ""
    headline += f", λ₁ {recipe.l1:g}" if recipe.l1 else ""
    return "\n".join([headline, *summarize(network).notes()])


def _descent(recipe: Recipe) -> str:
    """The learning rate, and what makes of it more than plain descent.

    >>> _descent(Recipe()), _descent(Recipe(optimizer="adam", learning_rate=0.001, schedule="cosine"))
    ('η 0.5', 'adam, η 0.001 (cosine)')
    """
    optimizer = "" if recipe.optimizer == "sgd" else f"{recipe.optimizer}, "
    schedule = "" if recipe.schedule == "constant" else f" ({recipe.schedule})"
    return f"{optimizer}η {recipe.learning_rate:g}{schedule}"


def _bar(share: float, width: int = 40) -> str:
    full = round(share * width)
    return f"{'━' * full}{'╌' * (width - full)} {share:4.0%}"
