"""What the benchmarks say, for readers: Markdown tables for README.md, and a picture."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import fill
from typing import Any

Result = dict[str, Any]

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
BETWEEN = re.compile(f"(?<={BEGIN}\n).*?(?={END})", re.DOTALL)
RACES = {"training": "An epoch of training", "prediction": "Prediction"}
MARKS = {True: "✓", False: "✗", None: "(not measured)"}
LONGEST = 48  # characters of a line beside the bars
COLORS = {
    "PyTorch": "#f2a488",
    "PyTorch, tuned": "#de6a3f",
    "PyTorch, channels last": "#c95f7b",
    "torch.compile": "#a8401a",
    "JAX": "#7a5fb0",
    "scikit-learn": "#e3b23c",
    "NumPy": "#4c8fc7",
    "ONNX Runtime": "#6d7a86",
}


# Markdown


def tables(results: Result) -> str:
    """All tables and what has to be known to read them."""
    parts = [race_table(results, group) for group in RACES]
    parts += [promises_table(results), notes(results)]
    return "\n\n".join(part for part in parts if part)


def race_table(results: Result, group: str) -> str:
    """A row a workload: glassnet's time, and each peer's beside how many times as long it is."""
    rows = rows_of(results, group)
    if not rows:
        return ""
    peers = peers_of(rows)
    head = [heading(rows, group), "glassnet", *peers, "promised"]
    lines = [table_line(head), table_line(["---", *["--:"] * (1 + len(peers)), "---"])]
    for row in rows:
        cells = [
            row["title"].replace("**, ", "**<br>"),
            own_cell(row),
            *(peer_cell(row, peer) for peer in peers),
        ]
        lines.append(table_line([*cells, "<br>".join(map(race_bar, row["bars"]))]))
    return "\n".join(lines)


def promises_table(results: Result) -> str:
    """What is promised of glassnet alone."""
    lines = [
        table_line([row["title"], measured(bar), f"{bound(bar)} {MARKS[bar['met']]}"])
        for row in rows_of(results, "promises")
        for bar in row["bars"]
    ]
    head = [table_line(["glassnet alone", "measured", "promised"]), table_line(["---"] * 3)]
    return "\n".join([*head, *lines]) if lines else ""


def notes(results: Result) -> str:
    """The machine, the versions, and what the numbers mean."""
    machine, names = results["machine"], ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    data = {"mnist": "MNIST", "random": "Random images of MNIST's shape and sparsity"}[results["data"]]
    text = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['instructions']}. {data}; medians of "
        f"{results['repeats']} interleaved rounds, the same arithmetic in the same order for all, held "
        "against the textbook's; × is how many times as long as glassnet the others take. "
    )
    if any(row.get("share_of_peak") for row in results["rows"]):
        text += (
            "Of peak: dense operations a second, as if none were skipped, over those of a loop of fused "
            "multiply-adds; what zero pixels save may carry it beyond 100%. "
        )
    if machine["instructions"] != "AVX-512":
        text += "The bars are meant for machines with AVX-512, which this one has not. "
    absent = {name: why for row in results["rows"] for name, why in row["left_out"].items()}
    left_out = "".join(f" {name} is left out: {why}." for name, why in absent.items())
    return f"{text}{names}; glassnet's engine: {results['engine']}.{left_out}"


def heading(rows: list[Result], group: str) -> str:
    """What was timed; in training also how many images, where a row's title says no other number."""
    counts = {
        entrant["images"]
        for row in rows
        for entrant in row["entrants"].values()
        if " images, " not in row["title"]
    }
    return f"{RACES[group]}, {counts.pop():,} images" if len(counts) == 1 else RACES[group]


def own_cell(row: Result) -> str:
    """glassnet's time, its operations a second and their share of the machine's peak."""
    if "glassnet" not in row["entrants"]:
        return "–"
    share, rate = row["share_of_peak"], row.get("operations_per_second")
    cell = f"**{duration(row['entrants']['glassnet']['median'])}**"
    cell += f"<br>{rate / 1e9:.{0 if rate > 99.95e9 else 1}f} GFLOP/s" if rate else ""
    return cell + (f"<br>{share:.0%} of peak" if share else "")


def peer_cell(row: Result, peer: str) -> str:
    """A peer's ratio and time."""
    if peer not in row["entrants"]:
        return "–"
    ratio, time = row["measures"].get(peer), duration(row["entrants"][peer]["median"])
    return f"{times(ratio)}<br>{time}" if ratio else time


def race_bar(bar: Result) -> str:
    """A promise and whether it is kept."""
    return f"{bar['measure']} {bound(bar)} {MARKS[bar['met']]}"


def measured(bar: Result) -> str:
    """A measure by its name, with its unit."""
    if bar["value"] is None:
        return "–"
    name = bar["measure"]
    if bar["unit"] == "×":
        return f"{times(bar['value'])} ({name})"
    return f"{name} {'= ' if not bar['unit'] else ''}{bar['value']:.3g}{bar['unit']}"


def bound(bar: Result) -> str:
    """≥ 25×."""
    return f"{'≤' if bar['at_most'] else '≥'} {bar['bound']:.3g}{bar['unit']}"


def times(ratio: float) -> str:
    """Two digits that count.

    >>> times(0.123), times(3.14), times(25.9)
    ('0.12×', '3.1×', '26×')
    """
    return f"{ratio:.{2 if ratio < 0.995 else 1 if ratio < 9.95 else 0}f}×"


def duration(seconds: float) -> str:
    """Three digits that count, in the unit that suits them.

    >>> duration(0.0351), duration(1.234), duration(2.86e-6)
    ('35.1 ms', '1.23 s', '2.86 µs')
    """
    factor, unit = next(
        ((f, u) for f, u in ((1, "s"), (1e3, "ms"), (1e6, "µs")) if seconds * f >= 0.9995), (1e9, "ns")
    )
    value = seconds * factor
    return f"{value:.0f} {unit}" if value >= 99.95 else f"{value:#.3g} {unit}"


def table_line(cells: list[str]) -> str:
    """| a | b |."""
    return f"| {' | '.join(cells)} |"


def rows_of(results: Result, group: str) -> list[Result]:
    """The rows of one table."""
    return [row for row in results["rows"] if row["group"] == group]


def peers_of(rows: list[Result]) -> list[str]:
    """Everybody but glassnet who took part in one of the rows, in the order of the colors."""
    return [peer for peer in COLORS if any(peer in row["entrants"] for row in rows)]


def put_into_readme(results: Result, readme: Path) -> None:
    """Replace what stands between README's two markers."""
    text = readme.read_text()
    if not BETWEEN.search(text):
        raise SystemExit(f"{readme} has no lines {BEGIN} and {END}: put them where the tables belong")
    readme.write_text(BETWEEN.sub(lambda _: f"\n{tables(results)}\n\n", text))


# The picture


def draw(results: Result, path: Path) -> None:
    """How many times as long as glassnet each peer takes, a panel for training and one for prediction."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    groups = [(group, [row for row in rows_of(results, group) if row["measures"]]) for group in RACES]
    groups = [(group, rows) for group, rows in groups if rows]
    if not groups:
        return
    heights = [sum(len(row["measures"]) + 1 for row in rows) for _, rows in groups]
    figure, axes = plt.subplots(
        len(groups),
        1,
        figsize=(9, 0.2 * sum(heights) + 0.7 * len(groups)),
        height_ratios=heights,
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for (group, rows), ax in zip(groups, axes[:, 0], strict=True):
        draw_races(ax, rows, RACES[group])
    axes[-1, 0].set_xlabel("times as long as glassnet (logarithmic); │ what is promised")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def draw_races(ax: Any, rows: list[Result], title: str) -> None:
    """A bar a peer, a group of bars a workload, from top to bottom."""
    y, ticks = 0.0, []
    for row in rows:
        bounds = {bar["measure"]: bar["bound"] for bar in row["bars"]}
        names = [peer for peer in COLORS if peer in row["measures"]]
        lines = row["title"].replace("**", "").split(", ", 1)  # the network; how it is used
        ticks.append((y + (len(names) - 1) / 2, "\n".join(fill(line, LONGEST) for line in lines)))
        for name in names:
            ratio = row["measures"][name]
            ax.barh(y, ratio - 1, left=1, color=COLORS[name], height=0.86)
            end = max(ratio, 1, bounds.get(name, 1))
            label = f"{name}  {times(ratio)}"
            ax.annotate(label, (end, y), (5, 0), textcoords="offset points", va="center", fontsize=8)
            if name in bounds:
                ax.plot([bounds[name]] * 2, [y - 0.43, y + 0.43], color="black", linewidth=1.6)
            y += 1
        y += 1
    ax.set_xscale("log")
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.axvline(1, color="black", linewidth=0.8)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    ax.margins(x=0.16, y=0.02)
    ax.spines[["top", "right", "left"]].set_visible(False)
