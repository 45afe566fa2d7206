"""Training's path: the recipe run again gives the bits that training had, or says that it doesn't."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import Dataset, load
from glassnet.engine import ENGINES
from glassnet.errors import GlassnetError
from glassnet.explanation.landscape import TrainingPath, training_path
from glassnet.explanation.landscape.path import MOST_NUMBERS, MOST_PLACES, epochs_to_keep
from glassnet.storage import RunFolder
from glassnet.training import Recipe, Trainer

DIGITS = load("digits")
DATA = Dataset(
    "digits", DIGITS.training[:60], DIGITS.validation[:30], DIGITS.test[:10], DIGITS.class_names, "a" * 64
)
SHORT = {"layers": "784-4-10", "epochs": 4}


def trained(folder, recipe, data=DATA, **how):
    """A run, and the parameters at its beginning and after each epoch, as it had them."""
    trainer = Trainer(recipe.network(), data, recipe, **how)
    seen = [trainer.progress.parameters]
    while not trainer.finished:
        trainer.epoch()
        seen.append(trainer.progress.parameters)
    run = RunFolder.create(folder / "run", recipe)
    run.save_progress(trainer.progress, recipe, data.sha256)
    return run, seen


def assert_same(found, expected):
    assert len(found) == len(expected)
    for arrays, others in zip(found, expected, strict=True):
        assert arrays.keys() == others.keys()
        for name, array in arrays.items():
            assert array.dtype == others[name].dtype
            np.testing.assert_array_equal(array, others[name])


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"keep": "best"},
        {"patience": 1, "epochs": 30},
        {"l2": 2.0, "batch_size": 7, "activation": "relu", "cost": "log_likelihood", "learning_rate": 0.1},
        {"class_weights": (2.0,) + 9 * (1.0,), "dtype": "float64", "seed": 9},
        {"time_limit": 1e6},
        {"epochs": 0},
        {"optimizer": "adam", "learning_rate": 0.01, "l1": 1.0, "augmentation": "shift1"},
        {"schedule": "halve1", "epochs": 30},
        {"schedule": "cosine", "patience": 1, "epochs": 30},
        {"schedule": "onecycle", "patience": 1, "epochs": 30, "optimizer": "nesterov"},
        *({"engine": engine} for engine in ENGINES),
    ],
    ids=str,
)
def test_the_path_is_the_trainings_own(tmp_path, how):
    run, seen = trained(tmp_path, Recipe(**SHORT | how))
    path = training_path(run, DATA)
    assert [*path.epochs] == [*range(len(seen))]
    assert_same(path.parameters, seen)
    assert repr(path) == f"TrainingPath({len(seen)} places, epochs 0 to {len(seen) - 1})"


def test_a_run_that_was_stopped_early_has_its_path_so_far(tmp_path):
    recipe = Recipe(**SHORT)
    run, seen = trained(tmp_path, recipe.replace(epochs=2))
    run.save_recipe(recipe)
    path = training_path(run, DATA)
    assert [*path.epochs] == [0, 1, 2]
    assert_same(path.parameters, seen)


def test_a_path_changes_nothing_in_the_folder(tmp_path):
    run, _ = trained(tmp_path, Recipe(**SHORT))
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    training_path(run, DATA)
    assert {file.name: file.read_bytes() for file in run.path.iterdir()} == before


# Long ones


def test_long_paths_are_thinned(tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.explanation.landscape.path.MOST_PLACES", 3)
    run, seen = trained(tmp_path, Recipe(**SHORT))
    path = training_path(run, DATA)
    assert path.epochs == [0, 2, 4]
    assert_same(path.parameters, seen[::2])


@pytest.mark.parametrize(
    ("last", "parameter_count", "places"),
    [
        (0, 10, 1),
        (1, 10, 2),
        (60, 13_002, 61),
        (199, 10, 200),
        (1000, 10, 200),
        (100, 669_706, 37),
        (9, 10**8, 3),
    ],
)
def test_which_epochs_are_kept(last, parameter_count, places):
    kept = sorted(epochs_to_keep(last, parameter_count))
    assert len(kept) == places <= MOST_PLACES
    assert kept[0] == 0
    assert kept[-1] == last
    assert places * parameter_count <= MOST_NUMBERS or places <= 3
    steps = np.diff(kept)
    assert not steps.size or steps.max() - steps.min() <= 1


# What can't be


def test_no_checkpoint_yet(tmp_path):
    run = RunFolder.create(tmp_path / "run", Recipe(**SHORT))
    with pytest.raises(GlassnetError, match="has no checkpoint yet: go on with glassnet train --resume"):
        training_path(run, DATA)


def test_other_data(tmp_path):
    run, _ = trained(tmp_path, Recipe(**SHORT))
    with pytest.raises(GlassnetError, match="begun with other digits data"):
        training_path(run, DIGITS)


@pytest.mark.parametrize("how", [{"time_limit": 1e-9}, {"weights": np.linspace(0, 2, 60)}], ids=str)
def test_what_the_recipe_can_not_repeat(tmp_path, how):
    weights = how.pop("weights", None)
    run, _ = trained(tmp_path, Recipe(**SHORT, **how), example_weights=weights)
    with pytest.raises(GlassnetError, match="trained again, ends at other parameters than its checkpoint's"):
        training_path(run, DATA)


def test_one_bit_is_enough_to_be_another_path(tmp_path):
    recipe = Recipe(**SHORT)
    run, _ = trained(tmp_path, recipe)
    progress = run.load_progress(recipe, DATA.sha256)
    bias = progress.parameters["2.bias"]
    bias[3] = np.nextafter(bias[3], 10)
    run.save_progress(progress, recipe, DATA.sha256)
    with pytest.raises(GlassnetError, match="for a path, begin a new run"):
        training_path(run, DATA)


def test_a_checkpoint_of_another_network(tmp_path):
    recipe = Recipe(**SHORT)
    run, _ = trained(tmp_path, recipe)
    progress = run.load_progress(recipe, DATA.sha256)
    progress.parameters = Recipe(layers="784-5-10").network().parameters
    run.save_progress(progress, recipe, DATA.sha256)
    with pytest.raises(GlassnetError, match=r"1.weight is float32 \(5, 784\)"):
        training_path(run, DATA)


@pytest.mark.parametrize(("epochs", "places"), [([], 0), ([0, 1], 1)])
def test_a_path_needs_parameters_for_each_epoch(epochs, places):
    with pytest.raises(GlassnetError, match=f"a path of {len(epochs)} epochs and {places} places"):
        TrainingPath(epochs, places * [{}])
