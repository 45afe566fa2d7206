"""`glassnet predict`: the digits in a picture, and how sure the network is of each."""

from __future__ import annotations

import io
import json
from math import prod
from pathlib import Path

import click
import numpy as np

from glassnet.cli.complaints import complain
from glassnet.data import SIDE
from glassnet.errors import GlassnetError
from glassnet.files import write_atomically
from glassnet.handwriting import Judge, Normalization, Verdict, read_digits
from glassnet.workflows import find_model, split_arguments

PRETRAINED = "conv"


@click.command(short_help="Read the digits in a picture.")
@click.argument("arguments", metavar="[MODEL] IMAGES...", nargs=-1, required=True)
@click.option("--show", is_flag=True, help="Save what the network saw, as NAME-seen.png beside the picture.")
@click.option(
    "--steps",
    is_flag=True,
    help="Save the way from the picture to the answer, step by step, as NAME-steps.png.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a digit, one a line.")
def predict(arguments: tuple[str, ...], show: bool, steps: bool, as_json: bool) -> None:
    """Which digits are in each of the pictures IMAGES?

    MODEL is a model file, a run folder, or the name of a network that comes with glassnet; without
    it, conv, which does. A picture may have any size, dark on light or light on dark, and may be a
    photo of uneven paper. Several digits are read one by one. Each is brought into the form of
    MNIST's: in a box of 20×20 pixels, its centre of mass in the middle of 28×28.

    A calibrated model says how sure it is, and of what is none: "not a digit". `glassnet calibrate`
    calibrates one of yours; without that, you see its outputs as they are.
    """
    model, images = split_arguments(arguments, PRETRAINED)
    path, loaded = find_model(model)
    if not images:
        raise GlassnetError(f"{model} is a model: name a picture to read behind it")
    if prod(loaded.network.input_shape) != SIDE * SIDE:
        raise GlassnetError(
            f"{path} takes {prod(loaded.network.input_shape)} numbers: a drawing has {SIDE}×{SIDE}"
        )
    judge, names = Judge(loaded), loaded.class_names
    failed = False
    for image in images:
        try:
            digits = read_digits(image)
            verdicts = judge(np.stack([digit.centered for digit in digits]))
            saved = {}
            if show:
                saved["seen"] = _save_seen(image, digits)
            if steps:
                saved["steps"] = _save_steps(image, digits, verdicts, names)
        except GlassnetError as error:
            complain(error)
            failed = True
            continue
        say = _json if as_json else _text
        click.echo(say(image, digits, verdicts, names, saved))
    if failed:
        raise SystemExit(2)


def _text(
    image: str,
    digits: list[Normalization],
    verdicts: list[Verdict],
    names: tuple[str, ...],
    saved: dict[str, str],
) -> str:
    several = len(digits) > 1
    lines = [f"{image}: {_several(verdicts) if several else _sentence(verdicts[0])}"]
    widest = max(map(len, names))
    for place, verdict in enumerate(verdicts, start=1):
        if several:
            lines.append(f"{place} of {len(digits)}: {_sentence(verdict)}")
        for name, confidence in zip(names, verdict.confidences, strict=True):
            bar = "█" * round(30 * min(1.0, max(0.0, float(confidence))))
            mark = " ◂" if name == verdict.answer else ""
            lines.append(f"  {name:<{widest}} {confidence:7.4f} {bar:<30}{mark}".rstrip())
    what = {"seen": "what the network saw", "steps": "step by step"}
    lines += [f"  {what[kind]}: {path}" for kind, path in saved.items()]
    return "\n".join(lines)


def _sentence(verdict: Verdict) -> str:
    """The answer, and how sure it is, if that is known."""
    if not verdict.calibrated:
        return verdict.answer
    share = "over 99.9%" if verdict.confidence > 0.9995 else f"{verdict.confidence:.1%}"
    if verdict.is_digit:
        return f"{verdict.answer}, {share} sure"
    return f"{verdict.answer} (nearest: {verdict.nearest}, {share})"


def _several(verdicts: list[Verdict]) -> str:
    """The answers in a row, a question mark where there is no digit."""
    found = sum(verdict.is_digit for verdict in verdicts)
    what = f"{found} digits" if found == len(verdicts) else f"{len(verdicts)} marks, {found} of them digits"
    return f"{what}: {' '.join(verdict.answer if verdict.is_digit else '?' for verdict in verdicts)}"


def _json(
    image: str,
    digits: list[Normalization],
    verdicts: list[Verdict],
    names: tuple[str, ...],
    saved: dict[str, str],
) -> str:
    lines = []
    for place, (digit, verdict) in enumerate(zip(digits, verdicts, strict=True), start=1):
        answer = {
            "image": image,
            "digit": place,
            "digits": len(digits),
            "box": digit.box._asdict(),
            "answer": verdict.answer,
            "nearest": verdict.nearest,
            "confidence": verdict.confidence,
            "calibrated": verdict.calibrated,
            "confidences": dict(zip(names, verdict.confidences.tolist(), strict=True)),
        }
        lines.append(json.dumps(answer | saved, ensure_ascii=False))
    return "\n".join(lines)


def _beside(image: str, what: str) -> str:
    """A file's name beside the picture: NAME-seen.png."""
    return str(Path(image).with_name(f"{Path(image).stem}-{what}.png"))


def _save_seen(image: str, digits: list[Normalization]) -> str:
    from PIL import Image

    seen = np.hstack([digit.centered for digit in digits])  # (28, 28 digits)
    buffer = io.BytesIO()
    Image.fromarray(seen.repeat(10, axis=0).repeat(10, axis=1)).save(buffer, "PNG")
    path = _beside(image, "seen")
    write_atomically(path, buffer.getvalue())
    return path


def _save_steps(
    image: str, digits: list[Normalization], verdicts: list[Verdict], names: tuple[str, ...]
) -> str:
    from glassnet.plots import png, reading_steps

    path = _beside(image, "steps")
    confidences = np.stack([verdict.confidences for verdict in verdicts])  # (digits, classes)
    answers = [verdict.answer for verdict in verdicts]
    write_atomically(path, png(reading_steps(digits, confidences, names, answers, Path(image).name)))
    return path
