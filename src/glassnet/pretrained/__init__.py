"""Networks that come with the package, trained: `conv` reads best, `16-16` fits a page."""

from __future__ import annotations

from pathlib import Path

from glassnet.errors import GlassnetError, unknown_name
from glassnet.storage import Model, load_model

FOLDER = Path(__file__).parent

__all__ = ["comes_with_glassnet", "load_pretrained", "pretrained_names", "pretrained_path"]


def load_pretrained(name: str = "conv") -> Model:
    """A trained network that comes with glassnet, with its recipe and the figures that it reached.

    Args:
        name: `conv`, the convolutional one, which reads drawings best; or `16-16`, the lessons'
            784-16-16-10.

    Raises:
        GlassnetError: there is no network of that name.

    >>> model = load_pretrained("16-16")  # Judge(model) answers to the `centered` of read_digits(path)
    >>> str(model.network), model.figures["test_accuracy"] > 0.95
    ('784-16-16-10', True)
    """
    return load_model(pretrained_path(name))


def pretrained_names() -> tuple[str, ...]:
    """The names that `load_pretrained` knows, in the order of the alphabet.

    >>> pretrained_names()
    ('16-16', 'conv')
    """
    return tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))


def pretrained_path(name: str) -> Path:
    """The file of a network that comes with glassnet.

    Raises:
        GlassnetError: there is no network of that name.
    """
    names = pretrained_names()
    if not names:
        raise GlassnetError(f"no network lies in {FOLDER}: reinstall glassnet, or name a model of your own")
    if name not in names:
        raise unknown_name("pretrained network", name, names)
    return FOLDER / f"{name}.safetensors"


def comes_with_glassnet(path: Path) -> bool:
    """Whether a file is one of the package's own, beside which nothing is to be written.

    >>> comes_with_glassnet(pretrained_path("conv")), comes_with_glassnet(Path("model.safetensors"))
    (True, False)
    """
    return path.resolve().parent == FOLDER.resolve()
