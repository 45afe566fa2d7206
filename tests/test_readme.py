"""README shows what really happens: its examples print what it says, its commands and options exist."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from glassnet.cli.main import COMMANDS, main
from glassnet.engine import textbook
from glassnet.engine.step import step

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PYPI = (ROOT / "docs" / "PYPI.md").read_text()
EXAMPLE = re.compile(
    r"<!-- example -->\n```python\n(.*?)```\n\n<!-- output of the example -->\n```text\n(.*?)```", re.DOTALL
)
EXAMPLES = EXAMPLE.findall(README)
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)).replace("\\\n", " ")
LINES = re.findall(r"^glassnet .*$", SHELL, re.MULTILINE) + re.findall(
    r"glassnet [^\n;|]*", "\n".join(re.findall(r"<!-- output of: (.*?) -->", README))
)


def without_numbers(text: str) -> str:
    """Machines differ in the last bits of a sum, and in time; the words stay."""
    text = re.sub(r"(?<=\d) ms\b", " s", text)  # a time's unit goes with its number
    return re.sub(r"[\d.,·\[\]\s%e-]+", "#", text)


def test_there_are_examples_and_commands():
    assert len(EXAMPLES) == 5
    assert all(shown.strip() for _, shown in EXAMPLES)
    assert len(LINES) >= 10
    assert "make train" in SHELL
    assert "make test" in SHELL


@pytest.mark.parametrize(("code", "shown"), EXAMPLES)
def test_example_prints_what_readme_shows(code, shown, tmp_path):
    (tmp_path / "tests").symlink_to(Path(__file__).parent)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert without_numbers(ran.stdout) == without_numbers(shown)
    assert len(shown.splitlines()) == len(ran.stdout.splitlines())


@pytest.mark.slow
def test_commands_print_what_readme_shows(tmp_path):
    shown = re.findall(r"<!-- output of: (.*?) -->\n```text\n(.*?)```", README, re.DOTALL)
    assert len(shown) == 9
    assert all(output.strip() for _, output in shown)
    (tmp_path / "tests").symlink_to(Path(__file__).parent)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, output in shown:  # in one folder: the later ones use what the first has trained
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert without_numbers(ran.stdout.rstrip()) == without_numbers(output.rstrip())


def test_the_source_that_readme_shows_is_what_runs():
    shown = re.findall(r"<!-- source of: (\S+)\.(\w+) -->\n```python\n(.*?)```\n", README, re.DOTALL)
    assert [name for _, name, _ in shown] == ["step"]
    for module, name, code in shown:
        assert code == inspect.getsource(getattr(import_module(module), name))
    assert textbook.step is step  # which the engine calls


def test_the_small_example_is_right_to_the_digit():
    # z = 0.6·1 + 0.9 = 1.5, σ(1.5) = 0.8176, C = ½·0.8176² = 0.3342, σ′ = 0.8176·0.1824 = 0.1491, δ = 0.1219
    _, shown = EXAMPLES[1]
    assert re.findall(r"\d\.\d{4}", shown) == ["1.5000", "0.8176", "0.3342", "0.8176", "0.1219", "0.1219"]


@pytest.mark.parametrize("line", LINES)
def test_documented_commands_and_options_exist(line):
    words = shlex.split(line.split("#")[0].split("2>")[0].split(">")[0])[1:]
    assert words[0] in COMMANDS
    command = main.get_command(None, words[0])
    if hasattr(command, "commands"):
        command = command.commands[words[1]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_recipe_choice_is_in_readme():
    from glassnet.activations import ACTIVATIONS
    from glassnet.costs import COSTS
    from glassnet.initializers import INITIALIZERS

    table = README[README.index("## What there is") :]
    assert [name for name in (*ACTIVATIONS, *COSTS, *INITIALIZERS) if name not in table] == []


def test_the_page_of_the_package_index_shows_nothing_but_what_readme_shows():
    shown = {code: without_numbers(output) for code, output in EXAMPLES}
    examples = EXAMPLE.findall(PYPI)
    assert examples
    for code, output in examples:
        assert shown[code] == without_numbers(output)
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", PYPI, re.DOTALL))
    commands = re.findall(r"^glassnet [^#\n]*", shell, re.MULTILINE)
    assert commands
    assert {line.strip() for line in commands} <= {line.split("#")[0].strip() for line in LINES}


def test_the_page_of_the_package_index_has_no_relative_links():
    """It stands alone there: a picture or a page of the repository would not be found."""
    for token in MarkdownIt().parse(PYPI):
        for part in token.children or []:
            target = part.attrs.get("src") or part.attrs.get("href")
            assert target is None or str(target).startswith("https://"), target
