"""Run what README.md and docs/PYPI.md show, and put in what came out.

    python tools/make_readme.py

A ```text block behind `<!-- output of: COMMAND -->` receives the output of that shell command; one
behind `<!-- output of the example -->` that of the Python block before it; a ```python block behind
`<!-- source of: MODULE.FUNCTION -->` that function. Commands run in one temporary folder, in the
order of the pages. The pictures of docs/images come from the same run; one of
them is a part of the page that `glassnet explain --html` writes, as Chromium shows it.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np

from glassnet import (
    Judge,
    cost_plane,
    explain,
    load,
    load_model,
    load_pretrained,
    plots,
    read_digits,
    training_path,
)
from glassnet.storage import RunFolder

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "PYPI.md")
IMAGES = ROOT / "docs" / "images"
PICTURES = ("weights.png", "learning_curve.png")
EXPLAIN = ["glassnet", "explain", "first-run", "--data", "digits:test:17", "--html", "page.html"]
BLOCK = re.compile(
    r"(?:<!-- example -->\n```python\n(?P<code>.*?)```\n\n)?"
    r"<!-- output of(?:: (?P<command>.*?)| the example) -->\n```text\n(?P<output>.*?)```\n",
    re.DOTALL,
)
SOURCE = re.compile(r"(<!-- source of: (\S+)\.(\w+) -->\n```python\n).*?(```\n)", re.DOTALL)


def with_sources(text: str) -> str:
    """The page, with the functions that it names as they stand in the code."""

    def source(block: re.Match[str]) -> str:
        begin, module, name, end = block.groups()
        return begin + inspect.getsource(getattr(import_module(module), name)) + end

    return SOURCE.sub(source, text)


def output(arguments: list[str], folder: str) -> str:
    """What a command prints; it finds `glassnet` beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        arguments, cwd=folder, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, text=True, check=False
    )
    return ran.stdout.rstrip() + "\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tests").symlink_to(ROOT / "tests")

        def rerun(block: re.Match[str]) -> str:
            code, command = block["code"], block["command"]
            arguments = ["bash", "-c", command] if command else [sys.executable, "-c", code]
            start, end = block.span("output")
            text = block.string
            return text[block.start() : start] + output(arguments, folder) + text[end : block.end()]

        for page in PAGES:
            page.write_text(
                BLOCK.sub(rerun, with_sources(page.read_text(encoding="utf-8"))), encoding="utf-8"
            )
        for name in PICTURES:
            shutil.copy(Path(folder, "first-run", name), IMAGES / name)
        draw_landscape(Path(folder, "first-run"))
        draw_shared_weight(Path(folder, "conv-run"))
        draw_reading(ROOT / "tests" / "drawings" / "10-5-photo-in-shade.jpg")
        output(EXPLAIN, folder)
        show_page(Path(folder, "page.html"))


def draw_landscape(folder: Path) -> None:
    """The path of that training, over the cost."""
    digits, run = load("digits"), RunFolder(folder)
    network, recipe = load_model(run.model).network, run.recipe()
    plane = cost_plane(
        network,
        digits.training.images,
        digits.training.labels,
        recipe.cost,
        directions="path",
        path=training_path(run, digits),
        points=41,
    )
    (IMAGES / "landscape.png").write_bytes(plots.png(plots.cost_plane(plane)))


def draw_shared_weight(folder: Path) -> None:
    """The weight of README's example, over the image."""
    run = RunFolder(folder)
    network = load_model(run.model).network
    explanation = explain(network, *load("digits").test[17], run.recipe().cost)
    picture = plots.shared_weight(explanation.shared_weight(1, 6, 0, 0, 2))
    (IMAGES / "shared_weight.png").write_bytes(plots.png(picture))


def draw_reading(photo: Path) -> None:
    """The way from a photo to its answer."""
    model, digits = load_pretrained(), read_digits(photo)
    verdicts = Judge(model)(np.stack([digit.centered for digit in digits]))
    picture = plots.reading_steps(
        digits,
        np.stack([verdict.confidences for verdict in verdicts]),
        model.class_names,
        [verdict.answer for verdict in verdicts],
        photo.name,
    )
    (IMAGES / "reading.png").write_bytes(plots.png(picture))


def show_page(page: Path) -> None:
    """The section about one weight of the last layer, as a browser shows it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 760, "height": 900}, device_scale_factor=1.5)
        tab.goto(page.as_uri())
        section = tab.locator("section", has=tab.locator("h2", has_text="Backward: the weight")).first
        section.screenshot(path=str(IMAGES / "explanation.png"))
        browser.close()


if __name__ == "__main__":
    main()
