"""The house: each package says what it is and hands out its names, and others take them from there."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import glassnet

SOURCE = Path(glassnet.__file__).parent
PACKAGES = sorted(path.parent for path in SOURCE.rglob("*/__init__.py"))
NAMES = {".".join(("glassnet", *package.relative_to(SOURCE).parts)) for package in PACKAGES}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_package_says_in_one_line_what_it_is_and_hands_out_its_names(name):
    package = import_module(name)
    first, *rest = package.__doc__.splitlines()
    assert first.endswith((".", ":"))
    assert len(rest) == 0 or not rest[0]
    assert package.__all__
    for handed_out in package.__all__:
        assert hasattr(package, handed_out)


def test_names_are_taken_from_the_package_that_hands_them_out():
    """Not from a module within it; within a package, and as a whole, modules may be imported."""
    inside = []
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            package, *others = node.module.removeprefix("glassnet.").split(".")
            if node.module.startswith("glassnet.") and others and package != room:
                inside.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.module}")
    assert not inside
