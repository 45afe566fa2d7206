"""`glassnet find-rate`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from glassnet import Recipe, find_rate, load
from glassnet.training.rate_search import UNUSED


def test_it_says_what_the_library_finds_and_saves_the_picture(ok):
    search = find_rate(Recipe().network(), load("digits"), Recipe(), steps=40)
    said = ok("find-rate", "--steps", "40").out
    assert said.splitlines()[0] == f"suggestion: --learning-rate {search.suggestion:.2g}"
    for rate, cost in search.trials:
        assert f"    η = {rate:<8.2g} cost {cost:.4f} at the end of 120 mini-batches\n" in said
    assert f"{len(search.rates)} mini-batches from η = 1e-05 on; {search.ended}" in said
    assert Path("rates.png").read_bytes().startswith(b"\x89PNG")


def test_json_has_every_number(ok):
    (answer,) = ok("find-rate", "--steps", "40", "--seed", "2", "--json", "--picture", "other.png").json
    search = find_rate(Recipe(seed=2).network(), load("digits"), Recipe(seed=2), steps=40)
    assert answer["rates"] == search.rates.tolist()
    assert answer["costs"] == search.costs.tolist()
    assert answer["smoothed"] == search.smoothed.tolist()
    assert (answer["edge"], answer["suggestion"]) == (search.edge, search.suggestion)
    assert answer["trials"] == search.trials.tolist()
    assert answer["picture"] == "other.png"
    assert Path("other.png").exists()


@pytest.mark.slow
def test_a_trial_that_breaks_down_is_said(ok, monkeypatch):
    broken = iter([float("inf"), 2.0, 2.0, 2.0, 2.0] * 2)  # of five trials the first, in both searches
    monkeypatch.setattr("glassnet.training.rate_search._trial", lambda *_: next(broken))
    (answer,) = ok("find-rate", "--steps", "40", "--json").json
    assert answer["trials"][0][1] is None
    assert "training broke down\n" in ok("find-rate", "--steps", "40").out


@pytest.mark.slow
def test_a_recipe_in_a_file_counts(ok):
    recipe = Recipe(optimizer="adam", batch_size=30)
    Path("my.toml").write_text(recipe.to_toml())
    (answer,) = ok("find-rate", "--config", "my.toml", "--steps", "40", "--json").json
    assert answer["costs"] == find_rate(recipe.network(), load("digits"), recipe, steps=40).costs.tolist()


@pytest.mark.slow
def test_help_tells_of_what_counts_and_takes_what_does_not(ok):
    told = ok("find-rate", "--help").out
    for name in (field.name for field in fields(Recipe)):
        assert (f"--{name.replace('_', '-')} " in told) == (name not in UNUSED), name
    with_all = ok("find-rate", "--steps", "40", "--epochs", "3", "--schedule", "cosine", "--json").json
    assert with_all == ok("find-rate", "--steps", "40", "--json").json


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--steps", "3"), "steps is 3: give a whole number from 10 to 1,000,000"),
        (("--lowest", "-1"), "lowest is -1.0: give a positive rate"),
        (("--picture", "no/such/folder.png"), "no/such/folder.png"),
        (("--optimizer", "adan"), "unknown optimizer 'adan': did you mean 'adam'?"),
    ],
)
def test_bad_input_is_one_sentence(glassnet, arguments, sentence):
    answer = glassnet("find-rate", *arguments)
    assert (answer.status, answer.out) == (2, "")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1
