"""glassnet beside its peers: the same work, interleaved in one run, in medians.

    python benchmarks/bench.py [--repeats 5] [--rows 784-30-10 …] [--contenders glassnet NumPy …]
    python benchmarks/bench.py --readme      # measures nothing: puts docs/benchmarks.json into README.md

Every contender runs in a process of its own and gets as many threads as the others. They start from
the same parameters and meet the same images in the same order; before the clock starts each one's
first step is held against the textbook's in float64, and at the end their accuracies must agree. A
round asks each of them in turn for an epoch, or for some predictions; the first round warms up.
MNIST is taken from `GLASSNET_DATA`, else random images of its shape and sparsity; nothing is
downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from peers import HOMES
from peers.crew import Crew, Replies
from peers.workload import data_at_hand, operations
from results_table import draw, put_into_readme, tables
from rows import CONVOLUTION, MEMORY_BATCHES, MEMORY_IMAGES, Row, measures, memory_label, rows

from glassnet import Recipe
from glassnet.engine import get_engine

ROOT = Path(__file__).parent.parent
SAME_STEP = 1e-4  # of the first step's length; rounding to float32 leaves some 1e-6
SAME_OUTPUTS = 1e-5
SAME_ACCURACY = 0.01
UNSTEADY = 1.3  # the slowest over the fastest timing of a contender
MORE_THREADS = 1.2  # cores busy for each thread that was given

Result = dict[str, Any]


# Races


def race(row: Row, repeats: int) -> Result:
    """A row's timings, its entrants interleaved."""
    training = row.group != "prediction"
    timings: dict[str, list[dict[str, Any]]] = defaultdict(list)
    peaks: list[float | None] = []
    with Crew(row.entrants) as crew:
        deviations = crew.ask("check_step" if training else "check_outputs")
        dismiss_others_work(crew, deviations, SAME_STEP if training else SAME_OUTPUTS)
        for number in range(repeats + 1):
            replies = crew.ask("epoch" if training else "predict")
            if number:  # the first round warms up
                for label, reply in replies.items():
                    timings[label].append(reply)
                peaks += [reply["peak"] for reply in crew.ask("peak", only="glassnet").values()]
        dismiss_more_threads(row, crew, timings)
        accuracies = crew.ask("accuracy") if row.group == "training" else {}
        dismiss_other_accuracies(crew, accuracies)
        entrants = {
            label: crew.hello[label]
            | {"images": row.entrants[label].workload.images}
            | deviations[label]
            | accuracies.get(label, {})
            | {"busy": median(reply["busy"] for reply in timings[label])}
            | summary([reply["seconds"] for reply in timings[label]])
            for label in crew.present
        }
    return {
        "entrants": entrants,
        "left_out": crew.left_out,
        "operations_per_second": operations_per_second(row, entrants),
        "share_of_peak": share_of_peak(row, entrants, peaks),
    }


def dismiss_others_work(crew: Crew, deviations: Replies, bound: float) -> None:
    """Whoever's numbers are not the textbook's did other work, and its time says nothing."""
    for label, reply in deviations.items():
        if not reply["deviation"] <= bound:
            crew.dismiss(label, f"{reply['deviation']:.1e} away from the textbook: not the same arithmetic")


def dismiss_more_threads(row: Row, crew: Crew, timings: dict[str, list[dict[str, Any]]]) -> None:
    """Libraries have their own ways to be told of threads; this is what came of it."""
    for label in crew.present:
        busy = median(reply["busy"] for reply in timings[label])
        if busy > MORE_THREADS * row.entrants[label].workload.threads:
            crew.dismiss(label, f"it kept {busy:.1f} cores busy, more than it was given")


def dismiss_other_accuracies(crew: Crew, accuracies: Replies) -> None:
    """Rounding leads the contenders apart in time, but all must learn as well as glassnet."""
    if "glassnet" in accuracies:
        ours = accuracies["glassnet"]["accuracy"]
        for label, reply in accuracies.items():
            if abs(reply["accuracy"] - ours) > SAME_ACCURACY:
                crew.dismiss(label, f"accuracy {reply['accuracy']:.2%}, where glassnet has {ours:.2%}")


def operations_per_second(row: Row, entrants: Result) -> float | None:
    """glassnet's operations a second, as if none were skipped."""
    if "glassnet" not in entrants:
        return None
    workload = row.entrants["glassnet"].workload
    of_an_image = operations(workload.recipe.network(), training=row.group != "prediction")
    return float(of_an_image * workload.images / entrants["glassnet"]["median"])


def share_of_peak(row: Row, entrants: Result, peaks: list[float | None]) -> float | None:
    """glassnet's operations a second over those of a loop of fused multiply-adds."""
    known, rate = [peak for peak in peaks if peak], operations_per_second(row, entrants)
    return rate / max(known) if known and rate else None


def summary(timings: list[float]) -> Result:
    """All of them, and the middle one."""
    return {"timings": timings, "median": median(timings)}


# The command


def train_command(recipe: Recipe, folder: str) -> list[str]:
    """`glassnet train` into a folder."""
    options = ("--data", recipe.data, "--engine", recipe.engine, "--epochs", str(recipe.epochs))
    return [sys.executable, "-m", "glassnet", "train", *options, "--out", str(Path(folder, "run"))]


def peak_memory(recipe: Recipe) -> dict[str, float]:
    """What `glassnet train` needs at most, in MB (10⁶ bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        command = train_command(recipe, folder)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return {"peak memory": usage.ru_maxrss * unit / 1e6}


def process_times(recipe: Recipe) -> dict[str, float]:
    """Seconds from the start of the process until the accuracy is printed, and until its end."""
    with tempfile.TemporaryDirectory() as folder:
        command, start = train_command(recipe, folder), perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            assert process.stdout
            printed = None
            for line in process.stdout:
                if line.startswith("test accuracy"):
                    printed = perf_counter() - start
        ended = perf_counter() - start
    if process.returncode or printed is None:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {"accuracy printed after": printed, "ended after": ended}


def training_memory(recipe: Recipe, shrink: int) -> dict[str, float]:
    """What an epoch needs beyond the images, in MB, for several mini-batches and numbers of images."""
    cases = [(m, MEMORY_IMAGES[0]) for m in MEMORY_BATCHES] + [(recipe.batch_size, MEMORY_IMAGES[1])]
    found = {}
    for m, count in cases:
        values = json.dumps(recipe.replace(batch_size=m).to_dict())
        command = [
            sys.executable,
            str(ROOT / "benchmarks" / "training_memory.py"),
            values,
            str(count // shrink),
        ]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[memory_label(m, count)] = float(ran.stdout)
    return found


def command_row(measure: Callable[[Recipe], dict[str, float]], recipe: Recipe, repeats: int) -> Result:
    """The medians of a command's figures; a first run warms up the disk and Python's caches."""
    try:
        runs = [measure(recipe) for _ in range(repeats + 1)][1:]
    except subprocess.CalledProcessError as error:
        return {"entrants": {}, "left_out": {"glassnet train": f"status {error.returncode}"}}
    return {"entrants": {name: summary([run[name] for run in runs]) for name in runs[0]}, "left_out": {}}


# The whole


def measure_row(row: Row, options: argparse.Namespace, data: str) -> Result:
    """A row's timings, and what they say of its bars."""
    print(f"{row.name} …", file=sys.stderr)
    default = Recipe(engine=options.engine)
    if row.name == "memory" and data != "mnist":
        result: Result = {"entrants": {}, "left_out": {"glassnet train": "MNIST is not at hand"}}
    elif row.name == "memory":
        result = command_row(peak_memory, default.replace(data="mnist", epochs=2), min(options.repeats, 2))
    elif row.name == "convolution-memory":
        recipe, shrink = CONVOLUTION.replace(engine=options.engine), 100 if options.quick else 1
        result = command_row(lambda same: training_memory(same, shrink), recipe, min(options.repeats, 2))
    elif row.name == "digits":
        recipe = default.replace(epochs=2) if options.quick else default
        result = command_row(process_times, recipe, options.repeats)
    else:
        result = race(row, options.repeats)
    for label, reason in result["left_out"].items():
        print(f"  {label} is left out: {reason}", file=sys.stderr)
    for label, entrant in result["entrants"].items():
        if max(entrant["timings"]) > UNSTEADY * min(entrant["timings"]):
            print(f"  {label}: unsteady times; is something else running here?", file=sys.stderr)
    medians = {label: entrant["median"] for label, entrant in result["entrants"].items()}
    found = measures(row, medians)
    judged = [bar.judge(found) for bar in row.bars]
    facts = {"name": row.name, "group": row.group, "title": row.title}
    return facts | result | {"measures": found, "bars": judged}


def machine() -> dict[str, Any]:
    """What the times depend on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    facts = dict(line.replace("\t", "").split(": ", 1) for line in info.splitlines() if ": " in line)
    flags = facts.get("flags", "").split()
    vectors = {"avx512f": "AVX-512", "avx2": "AVX2"}
    return {
        "cpu": facts.get("model name", platform.processor() or platform.machine()),
        "instructions": next((name for flag, name in vectors.items() if flag in flags), platform.machine()),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def run(options: argparse.Namespace) -> Result:
    """Measure the rows that were asked for."""
    data = data_at_hand() if not options.quick else "random"
    results = []
    for row in rows(data, options.engine, options.quick):
        if row.name in options.rows:
            kept = {k: v for k, v in row.entrants.items() if v.contender in options.contenders}
            results.append(measure_row(replace(row, entrants=kept), options, data))
    versions = {
        entrant["package"]: entrant["version"]
        for result in results
        for entrant in result["entrants"].values()
        if "package" in entrant
    }
    return {
        "machine": machine(),
        "versions": versions,
        "engine": get_engine(options.engine).name,  # the textbook, where the native one can't run
        "data": data,
        "repeats": options.repeats,
        "rows": results,
    }


def with_others(results: Result, before: Result) -> Result:
    """The results, and those of before for rows that weren't measured now, if all else was the same."""
    versions = before["versions"] | results["versions"]
    if results != before | {"versions": results["versions"], "rows": results["rows"]}:
        return results  # another machine, or other data
    if versions != results["versions"] | before["versions"]:
        return results  # a package has another version
    measured = {row["name"]: row for row in before["rows"] + results["rows"]}
    order = [row.name for row in rows(results["data"], results["engine"])]
    return results | {"versions": versions, "rows": [measured[name] for name in order if name in measured]}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    names = [row.name for row in rows("random", Recipe().engine)]
    own = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    own.add_argument("--repeats", type=int, default=5, help="timings of each contender, after a warm-up")
    own.add_argument("--rows", nargs="+", choices=names, default=names, metavar="NAME")
    own.add_argument("--contenders", nargs="+", choices=HOMES, default=list(HOMES), metavar="NAME")
    own.add_argument("--engine", default=Recipe().engine, help="glassnet's")
    own.add_argument("--quick", action="store_true", help="few random images, to see that it works")
    own.add_argument("--json", type=Path, default=ROOT / "docs" / "benchmarks.json")
    own.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "benchmarks.png")
    own.add_argument("--readme", action="store_true", help="only put the JSON's tables into README.md")
    return own


def main() -> None:
    options = parser().parse_args()
    if options.readme:
        put_into_readme(json.loads(options.json.read_text()), ROOT / "README.md")
        return
    results = run(options)
    if options.json.exists() and not options.quick:  # the rows of a quick run have other workloads
        results = with_others(results, json.loads(options.json.read_text()))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    draw(results, options.picture)
    print(tables(results))


if __name__ == "__main__":
    main()
