"""Run folders as every format of model files and checkpoints had them: they load, and go on, for ever.

`tests/older_files/checkpoint-N` is a run of three epochs, trained and saved by the glassnet that wrote that
format; its `five_epochs.safetensors` is the model that the same glassnet made of the same recipe in
five epochs without a stop. A new format gets a folder of its own here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from glassnet.cli import main
from glassnet.data import load
from glassnet.engine import native
from glassnet.storage import RunFolder, load_model, read_tensors
from glassnet.storage.model_file import FORMAT
from glassnet.storage.runs import CHECKPOINT_FORMAT
from glassnet.training import Trainer

OLDER = Path(__file__).parents[1] / "older_files"
# What each format calls the parameters, and their names today. Of the second network, the layers are pool,
# dropout, flatten, dense, dense; of the third dropout, conv, pool, flatten, dense, dense.
NAMES = {
    1: {"0.weight": "1.weight", "0.bias": "1.bias", "1.weight": "2.weight", "1.bias": "2.bias"},
    2: {"3.weight": "4.weight", "3.bias": "4.bias", "4.weight": "5.weight", "4.bias": "5.bias"},
    3: {name: name for layer in (2, 5, 6) for name in (f"{layer}.weight", f"{layer}.bias")},
}
MODEL_FORMATS = {1: 1, 2: 1, 3: 2}


@pytest.fixture(params=NAMES, ids=lambda version: f"checkpoint-{version}")
def version(request):
    return request.param


def folder(version, tmp_path):
    """A copy: the samples themselves must stay as they are."""
    return Path(shutil.copytree(OLDER / f"checkpoint-{version}", tmp_path / "run"))


def test_there_is_a_sample_of_every_format():
    assert {path.name for path in OLDER.iterdir()} == {f"checkpoint-{version}" for version in NAMES}
    assert [*NAMES] == [*range(1, CHECKPOINT_FORMAT + 1)]
    assert {*MODEL_FORMATS.values()} == {*range(1, FORMAT + 1)}


def test_the_sample_is_of_that_format(version):
    arrays, information = read_tensors(OLDER / f"checkpoint-{version}" / "checkpoint.safetensors")
    assert information["checkpoint"] == version
    assert {f"last/{name}" for name in NAMES[version]} <= {*arrays}
    arrays, information = read_tensors(OLDER / f"checkpoint-{version}" / "model.safetensors")
    assert information["format"] == MODEL_FORMATS[version]
    assert {*arrays} == {*NAMES[version]}


def test_a_model_has_its_own_numbers_under_the_names_of_today(version):
    path = OLDER / f"checkpoint-{version}" / "model.safetensors"
    arrays, _ = read_tensors(path)
    parameters = load_model(path).network.parameters
    assert [*parameters] == [*NAMES[version].values()]
    for before, now in NAMES[version].items():
        assert np.array_equal(parameters[now], arrays[before]), now


def test_a_checkpoint_has_its_own_numbers_under_the_names_of_today(version):
    run = RunFolder.open(OLDER / f"checkpoint-{version}")
    arrays, _ = read_tensors(run.checkpoint)
    progress = run.load_progress(run.recipe(), load("digits").sha256)
    optimizer = run.recipe().make_optimizer()
    for before, now in NAMES[version].items():
        assert np.array_equal(progress.parameters[now], arrays[f"last/{before}"])
        assert np.array_equal(progress.best_parameters[now], arrays[f"best/{before}"])
        for kind in optimizer.remembers:
            state = progress.optimizer_state[f"{now}.{kind}"]
            assert np.array_equal(state, arrays[f"optimizer/{before}.{kind}"])
    assert len(progress.optimizer_state) == len(optimizer.remembers) * len(NAMES[version])
    weights = [now for now in NAMES[version].values() if now.endswith(".weight")]
    header, *rows = run.history.read_text(encoding="utf-8").splitlines()
    for record, row in zip(progress.history, rows, strict=True):
        values = dict(zip(header.split(","), row.split(","), strict=True))
        assert [*record.gradient_norms] == weights
        assert [repr(norm) for norm in record.gradient_norms.values()] == [
            value for name, value in values.items() if name.startswith("gradient_norms.")
        ]
        assert repr(record.training_cost) == values["training_cost"]


@pytest.mark.skipif(native.missing() is not None, reason="the textbook's bits depend on NumPy's BLAS")
def test_a_run_goes_on_to_the_same_bits(version, tmp_path):
    run = RunFolder.open(folder(version, tmp_path))
    recipe, data = run.recipe().replace(epochs=5), load("digits")
    progress = run.load_progress(recipe, data.sha256)
    trainer = Trainer(recipe.network(), data, recipe, progress=progress)
    assert [record.epoch for record in trainer] == [4, 5]
    without_a_stop, _ = read_tensors(run.path / "five_epochs.safetensors")
    for before, now in NAMES[version].items():
        assert np.array_equal(trainer.network.parameters[now], without_a_stop[before]), now


@pytest.mark.parametrize(
    "command",
    [
        "summary",
        "evaluate",
        "explain --nudges",
        "explain --depth",
        "check --sample 20",
        "doctor",
    ],
)
def test_every_command_takes_the_folder(version, command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name, *options = command.split()
    with pytest.raises(SystemExit) as end:
        main([name, str(folder(version, tmp_path)), *options], prog_name="glassnet")
    assert end.value.code in (0, None), capsys.readouterr().err


def test_a_resumed_folder_is_written_in_the_newest_format(version, tmp_path, monkeypatch):
    path = folder(version, tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["train", "--resume", str(path), "--epochs", "4", "--quiet"], prog_name="glassnet")
    assert end.value.code in (0, None)
    weights = [now for now in NAMES[version].values() if now.endswith(".weight")]
    header = (path / "history.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert [name for name in header if "norms" in name] == [f"gradient_norms.{name}" for name in weights]
    arrays, information = read_tensors(path / "checkpoint.safetensors")
    assert information["checkpoint"] == CHECKPOINT_FORMAT
    assert {name for name in arrays if name.startswith("last/")} == {
        f"last/{n}" for n in NAMES[version].values()
    }
    arrays, information = read_tensors(path / "model.safetensors")
    assert information["format"] == FORMAT
    assert {*arrays} == {*NAMES[version].values()}
