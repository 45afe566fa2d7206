"""The public surface: what is listed is what there is, and all of it is described."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import glassnet
from glassnet import workflows


def reexports(package=glassnet):
    """What the `if TYPE_CHECKING:` block of a package imports, as name → module."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    names = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name  # `X as X` is what makes it public to type checkers
            names[alias.name] = node.module
    return names


@pytest.mark.parametrize("package", [glassnet, workflows])
def test_all_is_what_type_checkers_see(package):
    assert sorted(package.__all__) == sorted(reexports(package))
    assert len(set(package.__all__)) == len(package.__all__)


@pytest.mark.parametrize("name", workflows.__all__)
def test_a_name_of_workflows_is_what_its_module_has(name):
    assert getattr(workflows, name) is getattr(import_module(reexports(workflows)[name]), name)
    assert name not in workflows._HOME.values()  # a module of that name would hide it


@pytest.mark.parametrize("name", glassnet.__all__)
def test_a_public_name_is_what_its_module_has(name):
    assert getattr(glassnet, name) is getattr(import_module(reexports()[name]), name)
    assert name in dir(glassnet)


@pytest.mark.parametrize("name", glassnet.__all__)
def test_a_public_name_is_described(name):
    documentation = getattr(glassnet, name).__doc__
    assert documentation
    assert not documentation.startswith(f"{name}(")  # what dataclasses and tuples make up by themselves
    assert documentation.split("\n\n")[0].rstrip().endswith((".", ":")), documentation
    assert ">>> " in documentation, f"{name} has no example"


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="has no attribute 'Netwerk': did you mean 'Network'"):
        glassnet.Netwerk  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'Verdict': it is in glassnet\.handwriting"):
        glassnet.Verdict  # noqa: B018


def test_asking_for_a_module_imports_no_other():
    """`from glassnet import memory` first asks the package for the name; what was meant is not looked for."""
    code = "from glassnet import memory; import sys; print({'numpy', 'glassnet.training'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_importing_glassnet_imports_nothing_heavy():
    code = "import glassnet, sys; print({'numpy', 'matplotlib', 'rich'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
