"""A page of drawings with what a network saw of each, and what it answered; wrong answers are red.

    python benchmarks/drawings.py [MODEL] [--out drawings.png] [PICTURE ...]

Without a model, the pretrained one; without pictures, the twenty of tests/drawings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.files import write_atomically
from glassnet.plots.canvas import BLUE, GREY, RED, bare, new_figure, png
from glassnet.workflows import find_model

DRAWINGS = Path(__file__).parents[1] / "tests" / "drawings"
ACROSS = 4


def main() -> None:
    """Read them all, and save the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("model", nargs="?", default="conv", help="a model file, a run folder, or a name")
    parser.add_argument("pictures", nargs="*", type=Path, default=sorted(DRAWINGS.iterdir()))
    parser.add_argument("--out", default="drawings.png", help="where the page goes")
    options = parser.parse_args()
    _, model = find_model(options.model)
    judge = gn.Judge(model)
    rows = -(-len(options.pictures) // ACROSS)
    figure = new_figure(2.6 * ACROSS, 1.75 * rows)
    cells = figure.subfigures(rows, ACROSS, squeeze=False).flat
    right = known = 0
    for path, cell in zip(options.pictures, cells, strict=False):
        digits = gn.read_digits(path)
        verdicts = judge(np.stack([digit.centered for digit in digits]))
        answers = [verdict.answer for verdict in verdicts]
        least = min(verdict.confidence for verdict in verdicts)
        label = path.stem.split("-")[1] if path.parent == DRAWINGS else ""
        good = list(label) == answers
        right, known = right + good, known + bool(label)
        picture, seen = cell.subplots(1, 2, gridspec_kw={"wspace": 0.02})
        picture.imshow(digits[0].grey, cmap="gray", vmin=0, vmax=1)
        columns = min(4, len(digits))
        blank = np.zeros((28, 28), dtype=np.uint8)
        images = [digit.centered for digit in digits] + [blank] * (-len(digits) % columns)
        seen.imshow(
            np.block([images[k : k + columns] for k in range(0, len(images), columns)]), cmap="gray_r"
        )
        for axes in (picture, seen):
            bare(axes)
        for axes in (picture, seen):
            axes.spines[:].set(visible=True, color="#d8d8d8")
        cell.suptitle(
            f"{' '.join(answers)}   {least:.3f}",
            fontsize=11,
            color=GREY if not label else BLUE if good else RED,
        )
        name = path.stem.split("-", 2)[-1].replace("-", " ") if label else path.stem
        picture.set_xlabel(name, fontsize=7, loc="left")
        print(f"{path.name}: {' '.join(answers)} ({least:.3f})")
    if known:
        print(f"{right} of {known} right")
    write_atomically(options.out, png(figure))


if __name__ == "__main__":
    main()
