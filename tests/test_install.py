"""The package is built and installed from its sources as its users do it, with a compiler and without one.

Each environment is new and empty; what glassnet needs is lent to it by this one, so that nothing here wants a
network. The engine is compiled once for all tests, without the optimizations that take the compiler long:
what it computes is tested elsewhere.
"""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import glassnet
from glassnet.engine import native

for needed in ("build.__main__", "scikit_build_core", "nanobind"):  # a mere folder is called `build`, too
    pytest.importorskip(needed, reason="what builds the package is not installed: make test")

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
TOPMOST = {
    *(".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "constraints.txt"),
    *("benchmarks", "docs", "native", "pyproject.toml", "src", "tests", "tools"),
}
LITTER = (
    ".ci/run",
    ".git/HEAD",
    ".venv/pyvenv.cfg",
    "build/bits/bits",
    "dist/old.whl",
    "runs/first/history.csv",
)
UNOPTIMIZED = {"SKBUILD_CMAKE_BUILD_TYPE": "Debug"}
NO_COMPILER = {"CXX": "/nowhere/a-compiler", "CMAKE_GENERATOR": "Unix Makefiles"}
COMMANDS = "Scripts" if os.name == "nt" else "bin"
compiled = pytest.mark.skipif(
    not shutil.which("cmake") or native.missing() == native.NOT_BUILT,
    reason="there is no cmake or no compiler here to build with",
)


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def copy_sources(to):
    """What a clone holds, but for what is for git and CI alone."""
    for name in TOPMOST:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "_native.*[!i]")
            )
        else:
            shutil.copy(ROOT / name, to / name)
    return to


class Environment:
    """A new virtual environment, to which this one lends all its packages but glassnet."""

    def __init__(self, folder):
        self.folder = folder
        run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], folder)
        self.commands = folder / "venv" / COMMANDS
        packages = self.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout
        self.packages = Path(packages.strip())

        lent = folder / "lent"
        lent.mkdir()
        for place in sys.path:
            for path in Path(place).iterdir() if place.endswith("-packages") else ():
                if not ("glassnet" in path.name or path.suffix == ".pth" or (lent / path.name).exists()):
                    (lent / path.name).symlink_to(path)
        (self.packages / "lent.pth").write_text(f"{lent}\n")

    def run(self, command, *arguments, **environment):
        return run([self.commands / command, *arguments], self.folder, **environment)

    def pip_install(self, what, **environment):
        options = ["--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
        return self.run("python", "-m", "pip", "install", *options, what, **environment)


def run(command, folder, **environment):
    """Run it outside the sources, with nothing of what leads Python or pip to this environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    ran = subprocess.run(
        [str(word) for word in command],
        env=clean | UNOPTIMIZED | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran


@pytest.fixture(scope="module")
def source_distribution(tmp_path_factory):
    """The archive, and the files of the sources that it was made from, beside which there was litter."""
    folder = tmp_path_factory.mktemp("sdist")
    clone = folder / "clone"
    clone.mkdir()
    wanted = files(copy_sources(clone))
    for name in LITTER:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text("not for others\n")
    options = ["--no-isolation", "--sdist", "--outdir", folder / "dist"]
    run([sys.executable, "-m", "build", *options, clone], folder)
    (archive,) = (folder / "dist").iterdir()
    return archive, wanted


@pytest.fixture(scope="module")
def sources(source_distribution, tmp_path_factory):
    """The source distribution, unpacked."""
    archive, _ = source_distribution
    folder = tmp_path_factory.mktemp("unpacked")
    # Not in this process: versions of Python differ in what they filter, and in what they warn of.
    run([sys.executable, "-m", "tarfile", "--extract", archive, folder], folder)
    (sources,) = folder.iterdir()
    return sources


@pytest.fixture(scope="module")
def installed(sources, tmp_path_factory):
    """The environment of `pip install .`, which compiles."""
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.pip_install(sources)
    return environment


@pytest.fixture(scope="module")
def wheel(installed, sources):
    """The wheel of `python -m build`, which works in the same build/ as pip, and finds all compiled there."""
    dist = sources.parent / "dist"
    installed.run("python", "-m", "build", "--no-isolation", "--wheel", "--outdir", dist, sources)
    (wheel,) = dist.iterdir()
    return wheel


def assert_it_works(environment):
    """The commands run, and Python computes the same with what they left, by the native engine."""
    assert "find-rate" in environment.run("glassnet", "--help").stdout
    trained = environment.run("glassnet", "train", "--epochs", "2", "--out", "run")
    assert trained.stderr == ""  # it would say if it ran on the textbook
    right = re.search(r"test accuracy .*\((\d+) of 360\)", trained.stdout)[1]
    code = """
import glassnet as gn
from glassnet.engine import native
test = gn.load("digits").test
outputs = gn.Predictor(gn.load_model("run/model.safetensors").network, engine="native")(test.images)
print(gn.__file__, native._native.__file__, (outputs.argmax(axis=1) == test.labels).sum(), sep="\\n")
"""
    package, module, predicted = environment.run("python", "-W", "error", "-c", code).stdout.splitlines()
    assert Path(package) == environment.packages / "glassnet" / "__init__.py"
    assert Path(module).parent == environment.packages / "glassnet" / "engine"
    assert predicted == right


def test_the_source_distribution_holds_the_sources_and_nothing_else(source_distribution):
    archive, wanted = source_distribution
    top = f"glassnet-{glassnet.__version__}"
    assert archive.name == f"{top}.tar.gz"
    with tarfile.open(archive) as file:
        held = {member.name for member in file.getmembers() if not member.isdir()}
    assert held == {f"{top}/{name}" for name in {*wanted, "PKG-INFO"}}


@compiled
def test_pip_install_from_the_sources(installed):
    assert_it_works(installed)


@compiled
def test_the_wheel_works_in_an_empty_environment(wheel, tmp_path):
    environment = Environment(tmp_path)
    environment.pip_install(wheel)
    assert_it_works(environment)


@compiled
def test_the_wheel_holds_the_package_its_engine_and_what_the_package_index_shows(wheel, sources):
    with zipfile.ZipFile(wheel) as file:
        held = set(file.namelist())
        (name,) = (name for name in held if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(file.read(name))
    (engine,) = (name for name in held if name.startswith("glassnet/engine/_native.") and name[-4:] != ".pyi")
    about = {name for name in held if ".dist-info/" in name}
    assert held - about - {engine} == files(sources / "src")
    assert any(name.endswith("/licenses/LICENSE") for name in about)

    assert (metadata["Name"], metadata["Version"]) == ("glassnet", glassnet.__version__)
    assert metadata["Summary"]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    page = metadata.get_payload(decode=True).decode()
    assert page.strip() == (ROOT / "docs" / "PYPI.md").read_text(encoding="utf-8").strip()
    assert metadata.get_all("Provides-Extra") == ["test", "dev", "oracle", "bench", "digits"]


def test_without_a_compiler_everything_runs_on_the_textbook_and_says_so_once(tmp_path):
    sources = tmp_path / "sources"
    sources.mkdir()
    environment = Environment(tmp_path)
    environment.pip_install(copy_sources(sources), **NO_COMPILER)
    package = environment.packages / "glassnet"
    assert [path.name for path in package.rglob("_native*")] == ["_native.pyi"]

    trained = environment.run("glassnet", "train", "--epochs", "2", "--out", "run")
    assert "test accuracy" in trained.stdout
    assert trained.stderr.splitlines() == [
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
    script = environment.run("python", "-W", "always", "-c", twice)
    assert Path(script.stdout.strip()) == package / "__init__.py"
    assert script.stderr.count("GlassnetWarning: running on the textbook engine") == 1
