"""A layer's kind is known to its own files: hardly a line elsewhere asks which one it is."""

from __future__ import annotations

import ast
from pathlib import Path

import glassnet
from glassnet.layers import LAYERS

SOURCE = Path(glassnet.__file__).parent
CLASSES = {kind.__name__ for kind in LAYERS.values()}
# The files of each kind: the layer itself, and its page of explanation.
OWN = {path for folder in ("layers", "explanation/layers") for path in (SOURCE / folder).glob("*.py")}
AT_MOST = 10


def lines_that_ask(path):
    """The lines with isinstance, a case or a comparison that tell kinds of layers apart."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("glassnet.layers")
        for name in node.names
        if name.name in CLASSES
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                asks = imported & {name.id for name in ast.walk(kinds) if isinstance(name, ast.Name)}
            case ast.MatchClass(cls=ast.Name(id=name)):
                asks = name in imported
            case ast.Compare():
                parts = [*ast.walk(node)]
                asks = any(isinstance(part, ast.Attribute) and part.attr == "kind" for part in parts)
                asks &= any(isinstance(part, ast.Constant) and part.value in LAYERS for part in parts)
            case _:
                continue
        if asks:
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
        "isinstance(a, Conv | int)\n"
        "isinstance(a, Softmax)\n"
        "a.kind == 'max_pool'\n"
        "a.kind == 'weight'\n"
        "match a:\n"
        "    case D():\n"
        "        pass\n",
        "utf-8",
    )
    assert sorted(lines_that_ask(path)) == [3, 5, 8]
