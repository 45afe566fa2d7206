"""How long until glassnet is there: whole processes, interleaved with a bare interpreter.

python benchmarks/startup.py [--repeats 21]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter

COMMANDS = {
    "python, nothing else": ["-c", "pass"],
    "import glassnet": ["-c", "import glassnet"],
    "glassnet --help": ["-m", "glassnet", "--help"],
    "import glassnet, then a Network": ["-c", "import glassnet; glassnet.Network"],
    "import numpy": ["-c", "import numpy"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=21)
    repeats = parser.parse_args().repeats
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, command in COMMANDS.items():
            start = perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            times[name].append(1000 * (perf_counter() - start))
    for name, values in times.items():
        print(f"{name:<34} {median(values):5.0f} ms (median of {repeats})")


if __name__ == "__main__":
    main()
