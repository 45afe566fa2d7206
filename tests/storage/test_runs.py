"""Run folders: made, opened again, and refused where they don't fit."""

from __future__ import annotations

import csv
import dataclasses
import os
import stat
import threading

import numpy as np
import pytest
import tomli_w

from glassnet.data import Dataset, load
from glassnet.errors import GlassnetError
from glassnet.storage import RunFolder, read_tensors
from glassnet.storage.runs import history_csv, history_table, records_of
from glassnet.storage.tensor_file import write_tensors
from glassnet.training import Progress, Recipe, Record, Trainer
from glassnet.workflows.reports import save_pictures, save_trained

RECIPE = Recipe(layers="784-4-10", epochs=3, seed=5)
SHA = "0" * 64


@pytest.fixture(scope="module")
def trainer():
    trainer = Trainer(RECIPE.network(), load("digits"), RECIPE)
    assert len(list(trainer)) == 3
    return trainer


def saved(run, trainer, recipe=RECIPE):
    run.save_progress(trainer.progress, recipe, SHA)
    return run


def rewrite_checkpoint(run, history=None, **changes):
    arrays, information = read_tensors(run.checkpoint)
    write_tensors(
        run.checkpoint, arrays if history is None else arrays | {"history": history}, information | changes
    )


FROM_0 = {"1.weight": "0.weight", "1.bias": "0.bias", "2.weight": "1.weight", "2.bias": "1.bias"}  # of RECIPE


def as_format_2(run):
    """The same checkpoint as format 2 had it: layers were counted from 0."""
    arrays, information = read_tensors(run.checkpoint)
    assert not any(name.startswith("optimizer/") for name in arrays)  # SGD remembers nothing
    slashes = {name: name.partition("/") for name in arrays}
    arrays = {
        before + slash + FROM_0.get(name, name): arrays[before + slash + name]
        for before, slash, name in slashes.values()
    }
    columns = [column.partition(".") for column in information["history_columns"]]
    information["history_columns"] = [head + dot + FROM_0.get(name, name) for head, dot, name in columns]
    write_tensors(run.checkpoint, arrays, information | {"checkpoint": 2})


def as_format_1(run, trainer, **changes):
    """The same checkpoint as format 1 had it: with the history in the JSON."""
    as_format_2(run)
    arrays, information = read_tensors(run.checkpoint)
    del arrays["history"], information["history_columns"]
    history = [record.to_dict() for record in trainer.history]
    for record in history:
        norms = record["gradient_norms"]
        record["gradient_norms"] = {FROM_0[name]: norm for name, norm in norms.items()}
    write_tensors(run.checkpoint, arrays, information | {"checkpoint": 1, "history": history} | changes)


# Making one


def test_a_new_run_has_its_config_and_nothing_else(tmp_path):
    run = RunFolder.create(tmp_path / "deep" / "er" / "run", RECIPE)
    assert [path.name for path in run.path.iterdir()] == ["config.toml"]
    assert run.recipe() == RECIPE
    assert sorted(path.name for path in run.path.parent.iterdir()) == ["run"]  # no draft


def test_the_files_have_the_documented_names(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    evaluations = save_trained(run, trainer)
    save_pictures(run, trainer, evaluations["test"])
    assert sorted(path.name for path in run.path.iterdir()) == [
        "checkpoint.safetensors",
        "config.toml",
        "confusion.png",
        "history.csv",
        "learning_curve.png",
        "model.safetensors",
        "weights.png",
    ]
    for picture in (run.confusion, run.learning_curve, run.weights):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "run").mkdir()
    assert RunFolder.create(tmp_path / "run", RECIPE).recipe() == RECIPE


def test_the_present_folder_is_taken_if_it_is_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    RunFolder.create(".", RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o755), (0o077, 0o700)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        run = RunFolder.create(tmp_path / "run", RECIPE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(run.path.stat().st_mode) == mode


@pytest.mark.parametrize("kind", ["run", "file", "folder", "dangling link"])
def test_what_exists_is_left_alone(tmp_path, kind):
    path = tmp_path / "run"
    if kind == "run":
        RunFolder.create(path, RECIPE)
    elif kind == "file":
        path.write_bytes(b"kept")
    elif kind == "folder":
        path.mkdir()
        (path / "thing").write_bytes(b"kept")
    else:
        path.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        GlassnetError, match=r"run exists already: name another --out, or go on with --resume"
    ):
        RunFolder.create(path, RECIPE.replace(seed=6))
    assert sorted(tmp_path.rglob("*")) == before
    assert kind != "run" or RunFolder.open(path).recipe() == RECIPE


@pytest.mark.parametrize("where", ["a-file/run", "x" * 300])
def test_a_place_where_no_folder_can_be(tmp_path, where):
    (tmp_path / "a-file").write_bytes(b"")
    with pytest.raises(GlassnetError, match=r"can't make the run folder .*: [A-Z]"):
        RunFolder.create(tmp_path / where, RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_a_full_disk_leaves_no_folder(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(GlassnetError, match=r"can't write .*config\.toml: No space left on device"):
        RunFolder.create(tmp_path / "run", RECIPE)
    assert list(tmp_path.iterdir()) == []


def test_numbered_names(tmp_path):
    recipe = Recipe(layers="784-16:relu-10")
    (tmp_path / "digits-784-16.relu-10-2").write_bytes(b"in the way")
    names = [RunFolder.create_next(tmp_path, recipe).path.name for _ in range(3)]
    assert names == ["digits-784-16.relu-10-1", "digits-784-16.relu-10-3", "digits-784-16.relu-10-4"]


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ("conv20@5 pool2 100:relu 10", "digits-conv20x5-pool2-100.relu-10-1"),
        ("1×28×28 conv20@5s2p1 dropout0.5 10", "digits-1x28x28-conv20x5s2p1-dropout0.5-10-1"),
        ("784" + "-10" * 1000, "digits-784" + "-10" * 32 + "-1"),
    ],
)
def test_names_of_runs_are_good_names_of_folders(tmp_path, layers, name):
    run = RunFolder.create_next(tmp_path, Recipe(layers=layers))
    assert run.path.name == name
    assert run.recipe() == Recipe(layers=layers)


def test_runs_that_begin_at_once_get_a_number_each(tmp_path):
    """Many threads want the next number at the same time: every one gets a folder of its own."""
    made, barrier = [], threading.Barrier(8)

    def begin(seed):
        barrier.wait()
        made.append((seed, RunFolder.create_next(tmp_path, RECIPE.replace(seed=seed))))

    threads = [threading.Thread(target=begin, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.path for _, run in made}) == 8
    assert sorted(run.recipe().seed for _, run in made) == [*range(8)]
    assert all(run.recipe().seed == seed for seed, run in made)


# Opening one


@pytest.mark.parametrize("kind", ["missing", "file", "empty folder"])
def test_what_is_not_a_run(tmp_path, kind):
    path = tmp_path / "run"
    if kind == "file":
        path.write_bytes(b"")
    elif kind == "empty folder":
        path.mkdir()
    with pytest.raises(GlassnetError, match=r"run is not a run folder: it has no config\.toml"):
        RunFolder.open(path)


def test_what_a_kill_left_there_is_removed(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    (run.path / ".checkpoint.safetensors.x1y2.tmp").write_bytes(b"half")
    (run.path / ".history.csv.x1y2.tmp").write_bytes(b"")
    (run.path / "notes.tmp").write_bytes(b"the user's own")
    (run.path / ".hidden").write_bytes(b"the user's own")
    with RunFolder.open(run.path).locked():
        pass
    assert sorted(path.name for path in run.path.iterdir()) == [
        ".hidden",
        "checkpoint.safetensors",
        "config.toml",
        "history.csv",
        "notes.tmp",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"epochs = ", r"config\.toml is not TOML"),
        (b"\xff\xfe", r"config\.toml is not text in UTF-8"),
        (b"epoch = 3", r"config\.toml: unknown recipe field 'epoch': did you mean 'epochs'"),
        (b"epochs = -3", r"config\.toml: epochs is -3"),
    ],
)
def test_a_damaged_config(tmp_path, content, sentence):
    run = RunFolder.create(tmp_path / "run", RECIPE)
    run.config.write_bytes(content)
    with pytest.raises(GlassnetError, match=sentence):
        run.recipe()


# Checkpoints


def test_without_a_checkpoint_there_is_no_progress(tmp_path):
    assert RunFolder.create(tmp_path / "run", RECIPE).load_progress(RECIPE, SHA) is None


def test_a_checkpoint_brings_everything_back(tmp_path):
    recipe = RECIPE.replace(optimizer="adam", learning_rate=0.01)
    trainer = Trainer(recipe.network(), load("digits"), recipe)
    list(trainer)
    run = saved(RunFolder.create(tmp_path / "run", recipe), trainer, recipe)
    before, after = trainer.progress, run.load_progress(recipe, SHA)
    assert after.history == before.history
    assert (after.epoch, after.best_epoch, after.best_accuracy) == (
        3,
        before.best_epoch,
        before.best_accuracy,
    )
    assert before.best_epoch is not None
    assert len(before.optimizer_state) == 2 * len(before.parameters)  # m and v
    for ours, theirs in (
        (after.parameters, before.parameters),
        (after.best_parameters, before.best_parameters),
        (after.optimizer_state, before.optimizer_state),
    ):
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert ours[name].dtype == theirs[name].dtype
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_a_checkpoint_without_validation_data(tmp_path):
    digits = load("digits")
    data = Dataset("d", digits.training, digits.test[:0], digits.test, digits.class_names, SHA, "")
    trainer = Trainer(RECIPE.network(), data, RECIPE)
    trainer.epoch()
    progress = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer).load_progress(RECIPE, SHA)
    assert progress.best_epoch is None
    assert progress.best_parameters is None
    assert progress.history[0].validation_cost is None
    assert progress.history == trainer.history


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("keep", ["last", "best"])
def test_going_on_from_a_checkpoint_gives_the_same_bits(tmp_path, trainer, epochs, keep):
    recipe = RECIPE.replace(keep=keep)
    first = Trainer(recipe.network(), load("digits"), recipe)
    for _ in range(epochs):
        first.epoch()
    run = saved(RunFolder.create(tmp_path / "run", recipe), first, recipe)
    second = Trainer(recipe.network(), load("digits"), recipe, progress=run.load_progress(recipe, SHA))
    assert [record.epoch for record in second] == [*range(epochs + 1, 4)]
    wanted = trainer.progress.best_parameters if keep == "best" else trainer.progress.parameters
    for name, array in second.network.parameters.items():
        np.testing.assert_array_equal(array, wanted[name])


def test_limits_may_change(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    other = RECIPE.replace(epochs=9, patience=4, time_limit=100, keep="best")
    assert run.load_progress(other, SHA).epoch == 3
    run.save_recipe(other)
    assert RunFolder.open(run.path).recipe() == other


OTHERS = {
    "data": "mnist",
    "layers": "784-5-10",
    "activation": "tanh",
    "output_activation": "softmax",
    "cost": "quadratic",
    "initializer": "normal",
    "learning_rate": 0.25,
    "batch_size": 7,
    "optimizer": "momentum",
    "momentum": 0.5,
    "beta1": 0.5,
    "beta2": 0.5,
    "schedule": "cosine",
    "l2": 0.1,
    "augmentation": "shift2",
    "l1": 0.1,
    "class_weights": (1.0,) * 10,
    "seed": 6,
    "dtype": "float64",
    "engine": "textbook",
}


def test_every_field_is_either_a_limit_or_in_the_table_above():
    assert {field.name for field in dataclasses.fields(Recipe)} == OTHERS.keys() | {
        "epochs",
        "patience",
        "time_limit",
        "keep",
    }


@pytest.mark.parametrize("name", OTHERS)
def test_a_recipe_changed_by_hand(tmp_path, trainer, name):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    other = RECIPE.replace(**{name: OTHERS[name]})
    with pytest.raises(GlassnetError, match=rf"config\.toml has {name} = .*begun with .*: put that back"):
        run.load_progress(other, SHA)


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_a_schedule_over_all_epochs_keeps_their_number(tmp_path, trainer, schedule):
    recipe = RECIPE.replace(schedule=schedule)
    run = saved(RunFolder.create(tmp_path / "run", recipe), trainer, recipe)
    assert run.load_progress(recipe.replace(patience=4), SHA).epoch == 3
    sentence = rf"epochs = 9, the run was begun with 3, which schedule = '{recipe.schedule}' goes by: put"
    with pytest.raises(GlassnetError, match=sentence):
        run.load_progress(recipe.replace(epochs=9), SHA)


@pytest.mark.parametrize("schedule", ["constant", "step2", "halve2"])
def test_other_schedules_leave_epochs_to_be_raised(tmp_path, trainer, schedule):
    recipe = RECIPE.replace(schedule=schedule)
    run = saved(RunFolder.create(tmp_path / "run", recipe), trainer, recipe)
    assert run.load_progress(recipe.replace(epochs=9), SHA).epoch == 3


# The fields that came later: a run that was begun before them has none of them in its files.
LATER = ("optimizer", "momentum", "beta1", "beta2", "schedule", "l1")


def test_a_run_from_before_there_were_optimizers_goes_on(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    old = {name: value for name, value in RECIPE.to_dict().items() if name not in LATER}
    run.config.write_text(tomli_w.dumps(old))
    rewrite_checkpoint(run, recipe=old)
    recipe = run.recipe()
    assert recipe == RECIPE
    progress = run.load_progress(recipe.replace(epochs=4), SHA)
    assert progress.optimizer_state == {}
    list(Trainer(recipe.network(), load("digits"), recipe.replace(epochs=4), progress=progress))


def test_other_data(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    with pytest.raises(GlassnetError, match="run was begun with other digits data: begin a new run"):
        run.load_progress(RECIPE, "1" * 64)


def test_a_checkpoint_that_is_cut_anywhere_is_refused(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    whole = run.checkpoint.read_bytes()
    for length in [*range(0, 40, 3), 1000, len(whole) // 2, len(whole) - 1]:
        run.checkpoint.write_bytes(whole[:length])
        with pytest.raises(GlassnetError, match=r"checkpoint\.safetensors is not a whole glassnet file"):
            run.load_progress(RECIPE, SHA)
    run.checkpoint.write_bytes(whole + b"\x00")
    with pytest.raises(GlassnetError, match="it should hold"):
        run.load_progress(RECIPE, SHA)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"checkpoint": 4}, "has format 4: this glassnet reads formats up to 3"),
        ({"checkpoint": 0}, "has format 0"),
        ({"checkpoint": True}, "has format True"),
        ({"checkpoint": None}, "has format None"),
        ({"recipe": None}, "is not a checkpoint"),
        ({"recipe": {"layers": "784-0-10"}}, "part 2, '0': 0 neurons"),
        ({"history": np.zeros(3)}, "lacks or garbles 'history'"),
        ({"history": np.zeros((3, 2))}, "lacks or garbles 'history'"),
        ({"history": np.zeros((0, 11))}, "lacks or garbles 'history'"),  # it says that epoch 3 was the best
        ({"history": np.full((3, 11), np.nan)}, "lacks or garbles 'epoch'"),
        ({"history": np.full((3, 11), np.inf)}, "lacks or garbles 'epoch'"),
        ({"history": np.ones((3, 11))}, "lacks or garbles 'history'"),  # three times epoch 1
        ({"history_columns": None}, "is not a checkpoint"),
        ({"history_columns": 11}, "is not a checkpoint"),
        ({"history_columns": [["epoch"]] * 11}, "is not a checkpoint"),
        ({"history_columns": ["epoch"] * 11}, "lacks or garbles 'training_cost'"),
        ({"history_columns": [str(i) for i in range(11)]}, "lacks or garbles 'epoch'"),
        ({"best_epoch": 4}, "lacks or garbles 'history'"),
        ({"best_epoch": "3"}, "lacks or garbles 'history'"),
    ],
)
def test_a_checkpoint_that_says_something_else(tmp_path, trainer, changes, sentence):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    rewrite_checkpoint(run, **changes)
    with pytest.raises(GlassnetError, match=sentence):
        run.load_progress(RECIPE, SHA)


def test_a_checkpoint_with_a_gap_in_its_history(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    rewrite_checkpoint(run, history=read_tensors(run.checkpoint)[0]["history"][1:])
    with pytest.raises(GlassnetError, match="lacks or garbles 'history'"):
        run.load_progress(RECIPE, SHA)


@pytest.mark.parametrize("column", [0, 1, 2, 3, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_checkpoint_with_a_hole_in_its_history(tmp_path, trainer, column, wrong):
    """Only the two figures of validation may be missing, and no number may be infinite."""
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    arrays, information = read_tensors(run.checkpoint)
    arrays["history"] = arrays["history"].copy()
    arrays["history"][1, column] = wrong
    write_tensors(run.checkpoint, arrays, information)
    name = information["history_columns"][column]
    with pytest.raises(GlassnetError, match=f"lacks or garbles '{name}'"):
        run.load_progress(RECIPE, SHA)


@pytest.mark.parametrize("version", [1, 2])
def test_a_checkpoint_of_an_older_format_loads(tmp_path, trainer, version):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    now = run.load_progress(RECIPE, SHA)
    as_format_2(run) if version == 2 else as_format_1(run, trainer)
    before = run.load_progress(RECIPE, SHA)
    assert before.history == now.history == trainer.history
    assert before.best_epoch == now.best_epoch
    for older, newer in [
        (before.parameters, now.parameters),
        (before.best_parameters, now.best_parameters),
        (before.optimizer_state, now.optimizer_state),
    ]:
        assert older.keys() == newer.keys()
        assert all(np.array_equal(older[name], newer[name]) for name in newer)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"history": 5}, "is not a checkpoint"),
        ({"history": ["epoch"]}, "is not a checkpoint"),
        ({"history": [{}]}, "lacks or garbles 'epoch'"),
        ({"history": []}, "lacks or garbles 'history'"),
    ],
)
def test_a_checkpoint_of_format_1_that_says_something_else(tmp_path, trainer, changes, sentence):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    as_format_1(run, trainer, **changes)
    with pytest.raises(GlassnetError, match=sentence):
        run.load_progress(RECIPE, SHA)


def records(count):
    """A long history in which no two numbers are alike, and every third epoch lacks its validation."""
    return [
        Record(
            epoch=i,
            training_cost=1 / i,
            penalty=i * 1e-300,
            training_accuracy=1 - 1 / (3 * i),
            validation_cost=None if i % 3 == 0 else 2 / i,
            validation_accuracy=None if i % 3 == 0 else 1 - 2 / (3 * i),
            gradient_norms={"1.weight": 0.1 * i, "3.weight": 1e300 / i},
            seconds=i / 7,
            images_per_second=1e4 / i,
            learning_rate=0.5,
        )
        for i in range(1, count + 1)
    ]


@pytest.mark.slow
def test_a_history_of_50_000_epochs_comes_back(tmp_path):
    """As JSON it would have some 17 MB, and no header may have more than 10."""
    recipe, history = RECIPE.replace(epochs=60_000), records(50_000)
    run = RunFolder.create(tmp_path / "run", recipe)
    progress = Progress(recipe.network().parameters, history=history, best_epoch=49_999)
    run.save_progress(progress, recipe, SHA)
    after = run.load_progress(recipe, SHA)
    assert after.history == history
    assert type(after.history[-1].epoch) is int
    assert (after.epoch, after.best_epoch) == (50_000, 49_999)


def test_a_history_is_a_table_of_numbers():
    table, columns = history_table(records(6))
    assert columns[:2] + columns[6:8] == [
        *("epoch", "training_cost"),
        *("gradient_norms.1.weight", "gradient_norms.3.weight"),
    ]
    assert table.dtype == np.float64
    assert table[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert np.argwhere(np.isnan(table)).tolist() == [[2, 4], [2, 5], [5, 4], [5, 5]]
    assert records_of(table, columns) == records(6)
    assert records_of(*history_table([])) == []


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["training_cost", "validation_cost"])
def test_a_history_of_no_numbers_is_not_saved(tmp_path, name, wrong):
    """NaN would come back as None."""
    history = records(2)
    history[1] = dataclasses.replace(history[1], **{name: wrong})
    run = RunFolder.create(tmp_path / "run", RECIPE)
    with pytest.raises(GlassnetError, match=f"{name} of epoch 2 is {wrong}: give finite numbers"):
        run.save_progress(Progress(RECIPE.network().parameters, history=history), RECIPE, SHA)
    assert not run.checkpoint.exists()


def test_a_model_is_not_a_checkpoint(tmp_path, trainer):
    run = RunFolder.create(tmp_path / "run", RECIPE)
    save_trained(run, trainer)
    run.model.rename(run.checkpoint)
    with pytest.raises(GlassnetError, match="has format None"):
        run.load_progress(RECIPE, SHA)


# history.csv


def test_history_has_the_records_columns_and_values(tmp_path, trainer):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    rows = list(csv.DictReader(run.history.read_text(encoding="utf-8").splitlines()))
    names = [field.name for field in dataclasses.fields(Record)]
    place = names.index("gradient_norms")
    names[place : place + 1] = ["gradient_norms.1.weight", "gradient_norms.2.weight"]
    assert list(rows[0]) == names
    assert len(rows) == 3
    for row, record in zip(rows, trainer.history, strict=True):
        assert int(row["epoch"]) == record.epoch
        for name in names[1:]:
            first, _, rest = name.partition(".")
            value = getattr(record, first)
            assert float(row[name]) == (value[rest] if rest else value)  # every digit is there


def test_history_without_validation_has_empty_cells(trainer):
    record = dataclasses.replace(trainer.history[0], validation_cost=None, validation_accuracy=None)
    (row,) = csv.DictReader(history_csv([record]).splitlines())
    assert row["validation_cost"] == row["validation_accuracy"] == ""
    assert float(row["training_cost"]) == record.training_cost


def test_no_epoch_no_history():
    assert history_csv([]) == ""


def test_only_one_at_a_time_trains_in_a_folder(tmp_path):
    run = RunFolder.create(tmp_path / "run", RECIPE)
    again = RunFolder.open(run.path).locked()
    with (
        run.locked(),
        pytest.raises(GlassnetError, match="run is being trained by another process: wait for it"),
    ):
        again.__enter__()
    with run.locked():  # free again
        pass


@pytest.mark.parametrize("wrong", ["x", None, [1], True])
def test_a_history_of_something_else_than_numbers_is_refused(tmp_path, trainer, wrong):
    run = saved(RunFolder.create(tmp_path / "run", RECIPE), trainer)
    history = [record.to_dict() for record in trainer.history]
    history[0]["training_cost"] = wrong
    as_format_1(run, trainer, history=history)
    with pytest.raises(GlassnetError, match="is not a checkpoint: it lacks or garbles record 1"):
        run.load_progress(RECIPE, SHA)
