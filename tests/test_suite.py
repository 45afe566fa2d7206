"""The tests themselves: each draws from a generator of its own, so that it may run alone and in any order."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from glassnet.costs import COSTS
from glassnet.engine import ENGINES

HERE = Path(__file__).parent
GENERATORS = {"default_rng", "Generator", "RandomState", "Random", "Stream"}


def dotted(expression):
    """A name with its dots: "np.random.default_rng"; what isn't one has "" in its place."""
    if isinstance(expression, ast.Attribute):
        return f"{dotted(expression.value)}.{expression.attr}"
    return expression.id if isinstance(expression, ast.Name) else ""


def makes_a_generator(value):
    """Whether an expression is a generator, or holds one in a tuple, list or dictionary."""
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return any(map(makes_a_generator, value.elts))
    if isinstance(value, ast.Dict):
        return any(map(makes_a_generator, value.values))
    if isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return makes_a_generator(value.elt)
    if isinstance(value, ast.DictComp):
        return makes_a_generator(value.value)
    return isinstance(value, ast.Call) and dotted(value.func).split(".")[-1] in GENERATORS


def draws_from_a_hidden_one(call):
    """np.random.normal(…), random.choice(…) and their like: they draw from the one of the whole process."""
    module, _, function = dotted(call.func).rpartition(".")
    return module in {"np.random", "numpy.random", "random"} and function not in {*GENERATORS, "SeedSequence"}


def outside_functions(body):
    """Statements that run at import: of the module, of its classes, and within if, for, with and try."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from outside_functions(getattr(statement, field, []))


def shared_generators(text):
    """The lines of a module that share a generator between tests."""
    if not any(word in text for word in (*GENERATORS, "random")):
        return []
    module = ast.parse(text)
    lines = [
        statement.lineno
        for statement in outside_functions(module.body)
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and statement.value is not None
        and makes_a_generator(statement.value)
    ]
    defaults = [
        default.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for default in (*node.args.defaults, *node.args.kw_defaults)
        if default is not None and makes_a_generator(default)
    ]
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    return sorted([*lines, *defaults, *(call.lineno for call in calls if draws_from_a_hidden_one(call))])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("RNG = np.random.default_rng(5)", [1]),
        ("rng: object = default_rng()", [1]),
        ("import random\nDICE, SIDES = random.Random(1), 6", [2]),
        ("STREAMS = {'a': Stream(0, Purpose.WEIGHTS)}", [1]),
        ("MANY = [np.random.default_rng(i) for i in range(3)]", [1]),
        ("class TestIt:\n    rng = np.random.default_rng(5)", [2]),
        ("if True:\n    RNG = np.random.default_rng(5)", [2]),
        ("def drawn(rng=np.random.default_rng(5)):\n    return rng.normal()", [1]),
        ("def test():\n    np.random.seed(5)\n    x = np.random.normal(size=3)", [2, 3]),
        ("def test():\n    random.shuffle([1, 2])", [2]),
        # a constant that is drawn once, by itself; a test's own generator; what is no generator
        ("X = np.random.default_rng(5).normal(size=3)", []),
        ("def test():\n    rng = np.random.default_rng(5)\n    dice = random.Random(2)", []),
        ("N = len('random')", []),
    ],
)
def test_a_shared_generator_is_noticed(text, lines):
    assert shared_generators(text) == lines


def test_no_tests_share_a_generator():
    found = {
        path.relative_to(HERE).as_posix(): shared_generators(path.read_text()) for path in HERE.rglob("*.py")
    }
    assert Path(__file__).name in found
    assert len(found) > 100
    assert {path: lines for path, lines in found.items() if lines} == {}, (
        "give each test a generator of its own"
    )


def test_make_knows_all_that_runs_alone():
    """It names the files, as collecting all takes long: one that is marked elsewhere would never run."""
    marked = {
        path.relative_to(HERE.parent).as_posix()
        for path in HERE.rglob("test_*.py")
        if path != Path(__file__) and "mark.alone" in path.read_text(encoding="utf-8")
    }
    makefile = (HERE.parent / "Makefile").read_text(encoding="utf-8")
    assert marked == set(re.search(r"^ALONE := (.*)$", makefile, re.MULTILINE)[1].split())


def test_the_quick_cases_of_a_table_are_of_every_kind():
    """One case in eleven of each table: together they meet both engines, both dtypes and every cost."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run(
        [*command, HERE / "engine" / "test_engines.py"], capture_output=True, text=True, check=True
    )
    cases = re.findall(r"\[(.*)\]", ran.stdout)
    for name in (*ENGINES, "float32", "float64", *COSTS):
        assert any(name in case for case in cases), name
