"""What the figures came to, kept in docs/figures.json, and the table that README makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "figures.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
BETWEEN = re.compile(f"(?<={BEGIN}\n).*?(?={END})", re.DOTALL)

Figures = dict[str, dict[str, Any]]


class Row(NamedTuple):
    """A line of the table: what (other numbers of the figure in braces), the number's place in
    docs/figures.json and its form, what is promised.
    """

    what: str
    name: str
    key: str
    form: str
    bar: float | None
    at_most: bool = False


ROWS = (
    Row("the best network, mean of {seeds} seeds", "mnist-best", "mean", ".3%", 0.9965),
    Row("the vote of these {seeds}", "mnist-best", "vote", ".2%", 0.998),
    Row("after one epoch, mean of {seeds} seeds", "mnist-one-epoch", "mean", ".2%", 0.99),
    Row("pretrained `16-16`, 13,002 parameters", "16-16", "test", ".2%", 0.953),
    Row("pretrained `conv`", "conv", "test", ".2%", None),
    Row("… digits moved by 2 pixels, 8 ways", "conv", "moved by 2", ".2%", 0.993),
    Row("… digits moved by 4 pixels, 8 ways", "conv", "moved by 4", ".2%", 0.985),
    Row("… test digits taken for digits", "conv", "test digits accepted", ".2%", 0.99),
    Row("… noise taken for digits", "conv", "noise called a digit", ".2%", 0.01, at_most=True),
    Row("… lines taken for digits", "conv", "lines called a digit", ".2%", 0.01, at_most=True),
    Row(
        "… letters of other fonts taken for digits",
        "conv",
        "letters called a digit",
        ".1%",
        0.2,
        at_most=True,
    ),
    Row(
        "… negative log-likelihood, calibrated",
        "conv",
        "negative log-likelihood after",
        ".4f",
        0.012,
        at_most=True,
    ),
)


def keep(name: str, figures: dict[str, Any]) -> None:
    """Put a figure's numbers into docs/figures.json."""
    kept: Figures = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    KEPT.write_text(json.dumps(kept | {name: figures}, indent=1, ensure_ascii=False) + "\n")


def table(kept: Figures) -> str:
    """The rows of which there are numbers, in Markdown."""
    lines = ["| on MNIST's test images | measured | promised |", "|---|--:|---|"]
    for row in ROWS:
        if row.name not in kept:
            continue
        value = kept[row.name][row.key]
        promised = ""
        if row.bar is not None:
            met = value <= row.bar if row.at_most else value >= row.bar
            promised = f"{'≤' if row.at_most else '≥'} {row.bar:{row.form}} {'✓' if met else '✗'}"
        lines.append(f"| {row.what.format_map(kept[row.name])} | {value:{row.form}} | {promised} |")
    return "\n".join(lines) + "\n"


def put_into_readme() -> None:
    """README's table, from what is kept."""
    text = README.read_text()
    README.write_text(BETWEEN.sub(lambda _: table(json.loads(KEPT.read_text())), text))
