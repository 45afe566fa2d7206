"""Training into a run folder, as every face of glassnet does it."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.storage import RunFolder, load_model
from glassnet.training import DivergedError, Recipe
from glassnet.workflows import Display, Stopped, go_on, train_new


@pytest.fixture(autouse=True)
def own_place(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


class Told(Display):
    """Keeps what it is told; Ctrl-C after so many epochs."""

    def __init__(self, stop=None):
        self.said, self.stop = [], stop

    def start(self, trainer):
        self.said.append(("start", trainer.progress.epoch))

    def record(self, record):
        self.said.append(("record", record.epoch))
        if record.epoch == self.stop:
            raise KeyboardInterrupt

    def finished(self, trainer, evaluations, run):
        self.said.append(("finished", run, sorted(evaluations)))


def parameters(run):
    return load_model(run.model).network.parameters


def test_a_new_run_lies_in_the_next_folder_with_all_that_it_has():
    told, recipe = Told(), Recipe(epochs=2)
    run = train_new(recipe, display=told)
    assert str(run.path) == "runs/digits-784-16-16-10-1"
    assert str(train_new(recipe).path) == "runs/digits-784-16-16-10-2"
    assert told.said == [
        ("start", 0),
        ("record", 1),
        ("record", 2),
        ("finished", str(run.path), ["test", "validation"]),
    ]
    left = {"config.toml", "history.csv", "checkpoint.safetensors", "model.safetensors"}
    assert left | {"learning_curve.png", "confusion.png", "weights.png"} <= {
        path.name for path in run.path.iterdir()
    }


def test_what_was_stopped_goes_on_to_the_same_bits():
    recipe = Recipe(epochs=3)
    wanted = parameters(train_new(recipe, "whole"))
    with pytest.raises(Stopped, match=r"^stopped after epoch 2 of 3$") as stopped:
        train_new(recipe, "halves", Told(stop=2))
    assert (stopped.value.epoch, stopped.value.epochs) == (2, 3)
    run = stopped.value.run
    assert str(run.path) == "halves"
    assert not run.model.exists()
    told = Told()
    go_on(run, {}, told)
    assert told.said[:2] == [("start", 2), ("record", 3)]
    assert parameters(run).keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(parameters(run)[name], array)


def test_new_limits_are_kept():
    run = train_new(Recipe(epochs=1), "run")
    go_on(run, {"epochs": 2})
    assert RunFolder.open("run").recipe().epochs == 2
    assert load_model(run.model).figures["epochs"] == 2


def test_a_run_keeps_its_recipe():
    """Also one without a checkpoint, which could not tell that its recipe has changed."""
    run = RunFolder.create("run", Recipe(epochs=1))
    before = run.config.read_bytes()
    with pytest.raises(GlassnetError, match=r"^learning_rate can't change in a resumed run \(only epochs, "):
        go_on(run, {"epochs": 2, "learning_rate": 0.1})
    assert run.config.read_bytes() == before
    go_on(run, {})
    assert run.model.exists()


@pytest.mark.parametrize(
    ("recipe", "message"), [(Recipe(data="none"), "none"), (Recipe(layers="7-10"), "784")]
)
def test_what_is_refused_leaves_nothing_behind(tmp_path, recipe, message):
    with pytest.raises(GlassnetError, match=message):
        train_new(recipe, "run")
    assert [*tmp_path.iterdir()] == []


def test_a_cost_that_breaks_down_leaves_the_network_before():
    recipe = Recipe(layers="784-30:relu-10:linear", cost="squared", learning_rate=10.0)
    told = Told()
    with pytest.raises(DivergedError):
        train_new(recipe, "run", told)
    assert told.said[-1][0] == "finished"
    for name, array in recipe.network().parameters.items():
        np.testing.assert_array_equal(parameters(RunFolder.open("run"))[name], array)
