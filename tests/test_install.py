"""The package is built and installed from its source: with a compiler, and where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scikit_build_core", reason="what builds the package is not installed: make test")
pytest.importorskip("nanobind", reason="what builds the package is not installed: make test")

ROOT = Path(__file__).parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "src", "native")
NO_COMPILER = {"CXX": "/nowhere/a-compiler", "CMAKE_GENERATOR": "Unix Makefiles"}


def install(folder, **environment):
    """What a wheel built from a copy of the sources holds, unpacked."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q"]
    command += ["--disable-pip-version-check", "-w", folder, source]
    built = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "installed")
    return folder / "installed"


def run(installed, *arguments):
    """Python with that package and this one's dependencies; -S leaves out the package installed here."""
    path = os.pathsep.join([str(installed), str(Path(np.__file__).parents[1])])
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": ""},
        cwd=installed.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_compiler_everything_runs_on_the_textbook_and_says_so_once(tmp_path):
    installed = install(tmp_path, **NO_COMPILER)
    assert not list(installed.rglob("_native*.so")) + list(installed.rglob("_native*.pyd"))

    command = run(installed, "-m", "glassnet", "train", "--epochs", "2", "--out", "run")
    assert command.returncode == 0, command.stderr
    assert "test accuracy" in command.stdout
    assert command.stderr.splitlines() == [
        "glassnet: running on the textbook engine, which is slower: the native one can't run, as it was not "
        "built when glassnet was installed (that takes g++ 12 or newer, or clang)"
    ]
    twice = """
import glassnet as gn
for _ in range(2):
    recipe = gn.Recipe(epochs=1)
    network = recipe.network()
    gn.train(network, gn.load("digits"), recipe)
    gn.evaluate(network, gn.load("digits").test)
    gn.Predictor(network)(gn.load("digits").test.images)
print(gn.__file__)
"""
    script = run(installed, "-W", "always", "-c", twice)
    assert script.stdout.strip() == str(installed / "glassnet" / "__init__.py")
    assert script.stderr.count("GlassnetWarning: running on the textbook engine") == 1


@pytest.mark.skipif(not shutil.which("cmake"), reason="there is no cmake here to build with")
def test_with_a_compiler_the_wheel_holds_everything(tmp_path):
    installed = install(tmp_path)
    held = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and not {"__pycache__", "_native"} & {*path.parts, path.name.split(".")[0]}
    }
    assert wanted <= held
    assert any(name.startswith("glassnet/engine/_native.") and not name.endswith(".pyi") for name in held)
    assert not any("native/" in name and name.endswith((".cpp", ".hpp")) for name in held)
    script = run(
        installed, "-W", "error", "-c", "import glassnet as gn; gn.Predictor(gn.Network('4-2', seed=0))"
    )
    assert script.returncode == 0, script.stderr
