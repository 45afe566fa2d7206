"""The frame of the command line: help, unknown names, and the way from options to a recipe."""

from __future__ import annotations

import dataclasses
import re

import pytest

import glassnet as gn
from glassnet import Recipe
from glassnet.cli.main import COMMANDS

FIELDS = {field.name: field for field in dataclasses.fields(Recipe)}

# A value for every field of the recipe that is not its default.
OTHERS = {
    "data": ("mnist", "mnist"),
    "layers": ("784-30:tanh-10", "784-30:tanh-10"),
    "activation": ("relu", "relu"),
    "output_activation": ("softmax", "softmax"),
    "cost": ("quadratic", "quadratic"),
    "initializer": ("he", "he"),
    "learning_rate": ("3", 3.0),
    "batch_size": ("32", 32),
    "epochs": ("7", 7),
    "optimizer": ("adam", "adam"),
    "momentum": ("0.5", 0.5),
    "beta1": ("0.7", 0.7),
    "beta2": ("0.99", 0.99),
    "schedule": ("step10", "step10x0.1"),
    "l2": ("0.1", 0.1),
    "augmentation": ("rotate10 shift2.50", "shift2.5 rotate10"),
    "l1": ("0.2", 0.2),
    "class_weights": ("1,2,0.5", (1.0, 2.0, 0.5)),
    "patience": ("3", 3),
    "time_limit": ("1.5", 1.5),
    "keep": ("best", "best"),
    "seed": ("123", 123),
    "dtype": ("float64", "float64"),
    "engine": ("textbook", "textbook"),
}


# Help


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_every_command(ok, arguments):
    out = ok(*arguments).out
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", out, re.M)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(ok, name):
    out = ok(name, "--help").out
    assert out.startswith(f"Usage: main {name} ")
    assert "\b" not in out


def test_help_of_train_has_every_field_with_its_default(ok):
    out = " ".join(ok("train", "--help").out.split())
    for name, field in FIELDS.items():
        option = f"--{name.replace('_', '-')} "
        default = "" if field.default in (None, (), "") else f" [{field.default}]"
        assert option in out
        assert field.metadata["help"] + default in out, name
    for option in ("--config", "--print-config", "--out", "--resume", "--quiet", "--json"):
        assert option in out
    assert "[]" not in out
    assert "--cost quadratic \\ --initializer normal" in out


def test_help_of_data(ok):
    out = ok("data", "--help").out
    for name in ("list", "fetch", "show"):
        assert re.search(rf"^  {name} ", out, re.M)


def test_version(ok):
    assert ok("--version").out == f"glassnet, version {gn.__version__}\n"


def test_unknown_commands_and_options(glassnet):
    answer = glassnet("trian")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == (
        f"glassnet: unknown command 'trian': did you mean 'train'? (known: {', '.join(COMMANDS)})\n"
    )
    answer = glassnet("train", "--learnig-rate", "3")
    assert (answer.status, answer.out) == (2, "")
    assert "No such option '--learnig-rate'" in answer.err
    assert "--learning-rate" in answer.err
    assert "Traceback" not in answer.err
    for arguments in (["data", "lst"], ["evaluate"], ["predict"], ["train", "extra"]):
        answer = glassnet(*arguments)
        assert answer.status == 2
        assert "Error: " in answer.err


# Recipes


def test_print_config_prints_the_default_recipe(ok, tmp_path):
    assert Recipe.from_toml(ok("train", "--print-config").out) == Recipe()
    assert list(tmp_path.iterdir()) == []  # and nothing is made


def test_every_field_has_a_value_to_try():
    assert FIELDS.keys() == OTHERS.keys()
    assert all(value != FIELDS[name].default for name, (_, value) in OTHERS.items())


@pytest.mark.parametrize("name", OTHERS)
def test_every_option_reaches_the_recipe(ok, name):
    text, value = OTHERS[name]
    recipe = Recipe.from_toml(ok("train", f"--{name.replace('_', '-')}", text, "--print-config").out)
    assert recipe == Recipe(**{name: value})


def test_config_goes_around(ok, tmp_path):
    options = [f"--{name.replace('_', '-')}={text}" for name, (text, _) in OTHERS.items()]
    printed = ok("train", *options, "--print-config").out
    wanted = Recipe(**{name: value for name, (_, value) in OTHERS.items()})
    assert Recipe.from_toml(printed) == wanted
    (tmp_path / "my.toml").write_text(printed)
    assert ok("train", "--config", "my.toml", "--print-config").out == printed
    more = ok("train", "--config", "my.toml", "--epochs", "9", "--seed", "0", "--print-config").out
    assert Recipe.from_toml(more) == wanted.replace(epochs=9, seed=0)


def test_config_may_be_short(ok, tmp_path):
    (tmp_path / "my.toml").write_text("# just this\nlearning_rate = 1\n")
    printed = ok("train", "--config", "my.toml", "--print-config").out
    assert Recipe.from_toml(printed) == Recipe(learning_rate=1.0)


def test_print_config_of_a_run(ok, trained):
    printed = ok("train", "--resume", trained.path, "--epochs", "50", "--print-config").out
    assert Recipe.from_toml(printed) == trained.recipe().replace(epochs=50)
    assert trained.recipe().epochs == 4  # asking changes nothing
