"""A layer's kind is known to its own files: hardly a line elsewhere asks which one it is."""

from __future__ import annotations

import ast
from pathlib import Path

import glassnet
from glassnet.explanation.layers import PAGES
from glassnet.layers import LAYERS

SOURCE = Path(glassnet.__file__).parent
CLASSES = {kind.__name__ for kind in (*LAYERS.values(), *PAGES.values())} | {"Windowed"}
# Softmax is an activation, too, and many things have channels.
NAMES = {*LAYERS, *(page.unit for page in PAGES.values())} - {"channel", "softmax"}
# The files of each kind: the layer itself, and its page of explanation.
OWN = {path for folder in ("layers", "explanation/layers") for path in (SOURCE / folder).glob("*.py")}
AT_MOST = 10


def lines_that_ask(path):
    """The lines that use the class of a kind (but in an annotation), or compare something with its name."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("glassnet")
        for name in node.names
        if name.name in CLASSES and "activations" not in node.module
    }
    annotations = {
        id(part)
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if getattr(node, field, None) is not None
        for part in ast.walk(getattr(node, field))
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in imported and id(node) not in annotations:
                yield node.lineno
            case ast.Attribute(attr=name) if name in CLASSES and id(node) not in annotations:
                yield node.lineno
            case ast.Compare() | ast.MatchValue():
                if any(isinstance(part, ast.Constant) and part.value in NAMES for part in ast.walk(node)):
                    yield node.lineno


def test_few_lines_ask_for_the_kind_of_a_layer():
    others = [path for path in SOURCE.rglob("*.py") if path not in OWN]
    asking = {f"{path.relative_to(SOURCE)}:{line}" for path in others for line in lines_that_ask(path)}
    assert len(asking) <= AT_MOST, sorted(asking)


def test_such_lines_are_found(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(
        "from glassnet.layers import Conv, Dense as D\n"
        "from glassnet.activations import Softmax\n"
        "from glassnet import layers\n"
        "isinstance(a, Softmax)\n"
        "a.kind == 'weight'\n"
        "def f(a: Conv, b: int) -> D: ...\n"
        "isinstance(a, Conv | int)\n"
        "type(a) is Conv\n"
        "type(a) == D\n"
        "isinstance(a, layers.Conv)\n"
        "a.kind == 'max_pool'\n"
        "a.unit == 'filter'\n"
        "a.kind in ('conv', 'dense')\n"
        "match a:\n"
        "    case D():\n"
        "        pass\n"
        "match a.kind:\n"
        "    case 'conv':\n"
        "        pass\n",
        "utf-8",
    )
    assert sorted(set(lines_that_ask(path))) == [7, 8, 9, 10, 11, 12, 13, 15, 18]
