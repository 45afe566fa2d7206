"""What a model answers to digits out of place, and to what is no digit. Test data only, nothing is chosen.

    python benchmarks/honesty.py MODEL [--json] [--fonts FILE FILE …]

MODEL is a model file or a run folder. With a calibration (`glassnet calibrate`) it can say "not a digit".
Letters are printed with fonts that come with matplotlib and that no choice was made by, in several sizes,
weights and slants, and brought into MNIST's form as `glassnet predict` does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from figures_table import keep, put_into_readme
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from glassnet.data import NOT_A_DIGIT, load
from glassnet.errors import GlassnetError
from glassnet.handwriting import Judge, normalize_drawing
from glassnet.handwriting.not_digits.lettering import CAPITALS, TEST_FONTS, matplotlib_fonts, printed
from glassnet.rng import Purpose, Stream
from glassnet.storage import Model
from glassnet.training import evaluate
from glassnet.training.calibration import last_sums, mean_cost, probabilistic_cost
from glassnet.workflows import find_model

SEED = 6  # of noise and lines
PICTURES = 10_000
DIRECTIONS = [(dx, dy) for dx, dy in product((-1, 0, 1), repeat=2) if (dx, dy) != (0, 0)]
# What a row has to reach, and which way: the issue's own figures.
BARS = {
    "moved by 2": (">=", 0.993),
    "moved by 4": (">=", 0.985),
    "test digits accepted": (">=", 0.99),
    "noise called a digit": ("<=", 0.01),
    "blank called a digit": ("<=", 0.01),
    "lines called a digit": ("<=", 0.01),
    "letters called a digit": ("<=", 0.20),
    "negative log-likelihood after": ("<=", 0.012),
}


def moved(images: NDArray[np.uint8], dx: int, dy: int) -> NDArray[np.uint8]:
    """Every image moved by whole pixels, zeros coming in, (n, 28, 28)."""
    reach = max(abs(dx), abs(dy))
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach)))
    top, left = reach - dy, reach - dx
    return padded[:, top : top + images.shape[1], left : left + images.shape[2]]


def noise() -> NDArray[np.uint8]:
    """Uniform noise from 0 to 255, (10,000, 28, 28)."""
    numbers = [Stream(SEED, Purpose.NOT_DIGITS, epoch=1, step=i).bits(784) >> 24 for i in range(PICTURES)]
    return np.stack(numbers).astype(np.uint8).reshape(-1, 28, 28)


def lines() -> NDArray[np.uint8]:
    """One straight line each, from edge to edge, (10,000, 28, 28): any angle, width 1 to 4 pixels.

    It goes through a point anywhere in the image. (A line that ends inside may be a 1.)
    """
    images = []
    for i in range(PICTURES):
        angle, x, y, width = Stream(SEED, Purpose.NOT_DIGITS, epoch=2, step=i).uniform((4,)).tolist()
        sheet = Image.new("L", (112, 112))
        dx, dy = 200 * cos(pi * angle), 200 * sin(pi * angle)
        ends = (112 * x - dx, 112 * y - dy, 112 * x + dx, 112 * y + dy)
        ImageDraw.Draw(sheet).line(ends, 255, round(4 * (1 + 3 * width)))
        images.append(np.asarray(sheet.resize((28, 28), Image.Resampling.BOX)))
    return np.stack(images)


def letters(letter: str, font: str) -> NDArray[np.uint8]:
    """Drawings of a letter, (24, 28, 28): two sizes, four weights, upright and slanted both ways."""
    images = []
    for size, weight, slant in product((40, 72), ("thin", "plain", "bold", "heavy"), (-0.2, 0.0, 0.2)):
        sheet = printed(letter, font, size)
        sheet = sheet.transform(sheet.size, Image.Transform.AFFINE, (1, slant, -56 * slant, 0, 1, 0))
        match weight:
            case "thin":
                thinner = sheet.filter(ImageFilter.MinFilter(3))
                # A hairline would vanish.
                sheet = thinner if np.sum(thinner) > 0.35 * np.sum(sheet) else sheet
            case "bold":
                sheet = sheet.filter(ImageFilter.MaxFilter(3))
            case "heavy":
                sheet = sheet.filter(ImageFilter.MaxFilter(5))
        images.append(normalize_drawing(255 - np.asarray(sheet)))  # dark on white paper
    return np.stack(images)


def measure(model: Model, fonts: Sequence[Path]) -> dict[str, float]:
    """Every row, by its name."""
    test, judge, network = load("mnist").test, Judge(model), model.network
    places = {"test": [(0, 0)]} | {
        f"moved by {by}": [(by * dx, by * dy) for dx, dy in DIRECTIONS] for by in (2, 4)
    }
    rows = {}
    for name, shifts in places.items():
        shifted = [replace(test, images=moved(test.images, dx, dy)) for dx, dy in shifts]
        found = [(evaluate(network, split, "squared"), split.labels) for split in shifted]
        rows[name] = float(np.mean([evaluation.accuracy for evaluation, _ in found]))
        if NOT_A_DIGIT in model.class_names:  # what it would have answered if it had to name a digit
            nearest = [evaluation.outputs[:, :10].argmax(axis=1) == labels for evaluation, labels in found]
            rows[f"{name}, nearest digit"] = float(np.mean(nearest))
    rows["test digits accepted"] = float(judge.are_digits(test.images).mean())
    rows["noise called a digit"] = float(judge.are_digits(noise()).mean())
    blanks = np.stack([np.full((28, 28), level, np.uint8) for level in (0, 255)])
    rows["blank called a digit"] = float(judge.are_digits(blanks).mean())
    rows["lines called a digit"] = float(judge.are_digits(lines()).mean())
    called = np.array(
        [[judge.are_digits(letters(letter, str(font))).mean() for letter in CAPITALS] for font in fonts]
    )  # (fonts, letters)
    rows["letters called a digit"] = float(called.mean())
    rows |= {
        f"letter {letter}": float(share) for letter, share in zip(CAPITALS, called.mean(axis=0), strict=True)
    }
    rows |= {
        f"font {font.stem}": float(share) for font, share in zip(fonts, called.mean(axis=1), strict=True)
    }
    try:
        pair = probabilistic_cost(network)
    except GlassnetError:  # outputs that are no probabilities
        return rows
    z = np.asarray(last_sums(network)(test.images), np.float64)  # (n, classes)
    y = np.asarray(network.targets(test.labels), np.float64)  # (n, classes)
    costs = {"negative log-likelihood": (z, y)}
    if NOT_A_DIGIT in model.class_names:  # of the ten digits, given that it is one
        costs["negative log-likelihood, digits alone"] = (z[:, :10], y[:, :10])
    for name, (sums, right) in costs.items():
        rows[f"{name} before"] = mean_cost(sums, right, pair, 1.0)
        if model.calibration:
            rows[f"{name} after"] = mean_cost(sums, right, pair, model.calibration.temperature)
    return rows


def verdict(name: str, value: float) -> str:
    """The bar of a row and whether it is reached."""
    if name not in BARS:
        return ""
    way, bar = BARS[name]
    reached = value >= bar if way == ">=" else value <= bar
    return f"{'≥' if way == '>=' else '≤'} {bar:g}   {'reached' if reached else 'missed'}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="What a model answers to digits out of place and to what is none."
    )
    parser.add_argument("model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--keep", action="store_true", help="in docs/figures.json, and in README's table")
    parser.add_argument("--fonts", nargs="+", type=Path, help="other fonts for the letters")
    arguments = parser.parse_args()
    try:
        _, model = find_model(arguments.model)
        rows = measure(model, arguments.fonts or matplotlib_fonts(TEST_FONTS))
    except GlassnetError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    if arguments.keep:
        keep(arguments.model, rows)
        put_into_readme()
    if arguments.json:
        print(json.dumps(rows))
        return
    if model.calibration is None:
        print("This model has no calibration: it calls a digit whatever its largest output says is one.\n")
    for name, value in rows.items():
        print(f"{name:44} {value:8.4f}   {verdict(name, value)}".rstrip())


if __name__ == "__main__":
    main()
