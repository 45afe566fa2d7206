"""`glassnet evaluate`: how well a trained network reads what it didn't learn from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from glassnet import plots
from glassnet.data import NOT_A_DIGIT, Split
from glassnet.errors import GlassnetError, unknown_name
from glassnet.files import write_atomically
from glassnet.pretrained import comes_with_glassnet
from glassnet.training import Evaluation
from glassnet.training import evaluate as evaluate_network
from glassnet.workflows import find_model, model_cost, model_data


@click.command(short_help="Evaluate a trained network.")
@click.argument("model")
@click.option("--data", help="digits or mnist.  [what the model learned from]")
@click.option("--split", default="test", show_default=True, help="training, validation or test.")
@click.option("--cost", help="squared, quadratic, cross_entropy or log_likelihood.  [the model's own]")
@click.option(
    "--mistakes",
    metavar="FILE",
    help="The picture of the worst mistakes.  [mistakes.png beside MODEL; NAME-mistakes.png here for a"
    " network that comes with glassnet]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    model: str, data: str | None, split: str, cost: str | None, mistakes: str | None, as_json: bool
) -> None:
    """Accuracy, cost and confusion of MODEL, and its worst mistakes as a picture.

    MODEL is a model file, a run folder, or the name of a network that comes with glassnet.
    """
    path, loaded = find_model(model)
    dataset = model_data(path, loaded, data)
    if split not in dataset.splits:
        raise unknown_name("split", split, dataset.splits)
    images = dataset.splits[split]
    evaluation = evaluate_network(loaded.network, images, model_cost(loaded, cost))

    if as_json:
        picture = _save_mistakes(mistakes, path, images, evaluation, dataset.class_names)
        answer = {
            "model": str(path),
            "data": dataset.name,
            "split": split,
            "accuracy": evaluation.accuracy,
            "cost": evaluation.cost,
            "confusion": evaluation.confusion.tolist(),
            "mistakes": picture,
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(f"{loaded.network} on the {len(images):,} {split} images of {dataset.name}")
    click.echo(f"accuracy  {evaluation.score}")
    click.echo(f"cost      {evaluation.cost:.4f}\n")
    click.echo(_confusion_table(evaluation, dataset.class_names))
    # The numbers are out before the picture is tried.
    if picture := _save_mistakes(mistakes, path, images, evaluation, dataset.class_names):
        click.echo(f"\nworst mistakes: {picture}")


def _save_mistakes(
    named: str | None, model: Path, split: Split, evaluation: Evaluation, class_names: tuple[str, ...]
) -> str | None:
    """Draw the worst mistakes, if there are any, and say where."""
    if not len(evaluation.worst(1)):
        return None
    pretrained = comes_with_glassnet(model)
    usual = Path(f"{model.stem}-mistakes.png") if pretrained else model.parent / "mistakes.png"
    picture = usual if named is None else Path(named)
    try:
        write_atomically(picture, plots.png(plots.mistakes(split.images, evaluation, class_names)))
    except GlassnetError as error:
        raise GlassnetError(f"{error}; name another place with --mistakes") from error
    return str(picture)


def _confusion_table(evaluation: Evaluation, class_names: tuple[str, ...]) -> str:
    """Rows, the true classes; columns, the answers; a point where there is none."""
    counts = evaluation.confusion
    heads = ["none" if name == NOT_A_DIGIT else name for name in class_names]  # a column is narrow
    width = max(5, *(len(head) + 2 for head in heads), len(str(counts.max())) + 2)
    lines = ["true ╲ answer".ljust(14) + "".join(f"{head:>{width}}" for head in heads) + "     right"]
    for name, row, right in zip(class_names, counts, counts.diagonal(), strict=True):
        cells = "".join(f"{count or '·':>{width}}" for count in row)
        share = f"{right / row.sum():.1%}" if row.any() else "–"  # the test images show digits only
        lines.append(f"{name:>13} {cells}   {share:>7}")
    return "\n".join(lines)
