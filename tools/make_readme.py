"""Run what README.md shows, and put in what came out.

    python tools/make_readme.py

A ```text block behind `<!-- output of: COMMAND -->` receives the output of that shell command; one
behind `<!-- output of the example -->` that of the Python block before it. Commands run in one
temporary folder, in the order of the page. The pictures of docs/images come from the same run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURES = ("weights.png", "learning_curve.png")
BLOCK = re.compile(
    r"(?:<!-- example -->\n```python\n(?P<code>.*?)```\n\n)?"
    r"<!-- output of(?:: (?P<command>.*?)| the example) -->\n```text\n(?P<output>.*?)```\n",
    re.DOTALL,
)


def output(arguments: list[str], folder: str) -> str:
    """What a command prints; it finds `glassnet` beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        arguments, cwd=folder, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True, check=False
    )
    return ran.stdout.rstrip() + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def rerun(block: re.Match[str]) -> str:
            code, command = block["code"], block["command"]
            arguments = ["bash", "-c", command] if command else [sys.executable, "-c", code]
            start, end = block.span("output")
            text = block.string
            return text[block.start() : start] + output(arguments, folder) + text[end : block.end()]

        README.write_text(BLOCK.sub(rerun, README.read_text()))
        for name in PICTURES:
            shutil.copy(Path(folder, "first-run", name), ROOT / "docs" / "images" / name)


if __name__ == "__main__":
    main()
