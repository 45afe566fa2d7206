"""`glassnet predict`: the digit in a picture, and all outputs of the network."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import click

from glassnet.arrays import Array, Images
from glassnet.cli.complaints import complain
from glassnet.cli.model_argument import find_model
from glassnet.data import normalize_drawing, read_drawing
from glassnet.data.mnist_form import SIDE
from glassnet.errors import GlassnetError
from glassnet.files import write_atomically
from glassnet.prediction import Predictor


@click.command(short_help="Read the digit in a picture.")
@click.argument("model")
@click.argument("images", nargs=-1, required=True)
@click.option("--show", is_flag=True, help="Save what the network saw, as NAME-seen.png beside the picture.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a picture, one a line.")
def predict(model: str, images: tuple[str, ...], show: bool, as_json: bool) -> None:
    """Which digit is in each of the pictures IMAGES?

    MODEL is a model file or a run folder. A picture may have any size, dark on light or light on
    dark; it is brought into the form of MNIST's: the digit in a box of 20×20 pixels, its centre
    of mass in the middle of 28×28.
    """
    path, loaded = find_model(model)
    if prod(loaded.network.input_shape) != SIDE * SIDE:
        raise GlassnetError(
            f"{path} takes {prod(loaded.network.input_shape)} numbers: a drawing has {SIDE}×{SIDE}"
        )
    predictor = Predictor(loaded.network)
    failed = False
    for image in images:
        try:
            seen = normalize_drawing(read_drawing(image), image)
            saved = _save_seen(image, seen) if show else None
        except GlassnetError as error:
            complain(error)
            failed = True
            continue
        outputs = predictor(seen[None])[0]
        if as_json:
            click.echo(_json(image, outputs, loaded.class_names, saved))
        else:
            click.echo(_text(image, outputs, loaded.class_names, saved))
    if failed:
        raise SystemExit(2)


def _text(image: str, outputs: Array, class_names: tuple[str, ...], saved: str | None) -> str:
    answer = int(outputs.argmax())
    lines = [f"{image}: {class_names[answer]}"]
    for k, (name, output) in enumerate(zip(class_names, outputs, strict=True)):
        bar = "█" * round(30 * min(1.0, max(0.0, float(output))))
        lines.append(f"  {name} {output:7.4f} {bar:<30}{' ◂' if k == answer else ''}".rstrip())
    if saved:
        lines.append(f"  what the network saw: {saved}")
    return "\n".join(lines)


def _json(image: str, outputs: Array, class_names: tuple[str, ...], saved: str | None) -> str:
    answer = {
        "image": image,
        "answer": class_names[int(outputs.argmax())],
        "outputs": dict(zip(class_names, outputs.astype(float).tolist(), strict=True)),
    }
    return json.dumps(answer | ({"seen": saved} if saved else {}), ensure_ascii=False)


def _save_seen(image: str, seen: Images) -> str:
    import io

    from PIL import Image

    path = str(Path(image).with_name(f"{Path(image).stem}-seen.png"))
    buffer = io.BytesIO()
    Image.fromarray(seen).resize((280, 280), Image.Resampling.NEAREST).save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())
    return path
