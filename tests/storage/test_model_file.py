"""Model files: the same bits back, the same bytes again; a save that fails leaves the file that was there."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from glassnet.errors import GlassnetError
from glassnet.layers import LAYERS
from glassnet.network import Network
from glassnet.storage import Model, load_model, read_tensors, save_model
from glassnet.storage.model_file import FORMAT
from glassnet.storage.tensor_file import write_tensors
from glassnet.training import Recipe

from .made import (
    CALIBRATION,
    DESCRIPTION,
    NETWORKS,
    assert_same_network,
    file_of,
    header_of,
    model,
    refusal,
    saved,
)

# There and back


def test_the_networks_miss_no_layer():
    assert set(NETWORKS) == set(LAYERS)
    for kind, (layers, _) in NETWORKS.items():
        assert kind in {layer.kind for layer in layers}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_come_back(kind, dtype, tmp_path):
    before = model(kind, dtype)
    # what rounding or text would lose: −0, the smallest and the largest numbers
    before.network.parameters["1.bias"][:] = [
        -0.0,
        np.finfo(dtype).smallest_subnormal,
        np.finfo(dtype).max,
        1 / 3,
    ]
    save_model(tmp_path / "m.safetensors", before)
    after = load_model(tmp_path / "m.safetensors")
    assert_same_network(before.network, after.network)
    assert after.class_names == before.class_names
    assert after.recipe == before.recipe
    assert after.data_sha256 == before.data_sha256
    assert after.figures == before.figures
    before.network.parameters["1.bias"][:] = after.network.parameters["1.bias"][:] = 0
    images = np.random.default_rng(8).normal(size=(20, *before.network.input_shape))
    assert before.network.predict(images).tobytes() == after.network.predict(images).tobytes()


def test_a_model_may_know_nothing_but_its_network(tmp_path):
    save_model(tmp_path / "m", Model(model().network, ("a", "b", "c")))
    after = load_model(tmp_path / "m")
    assert (after.recipe, after.data_sha256, after.figures, after.calibration) == (None, "", {}, None)


def test_earlier_recipes_come_back_and_may_be_missing(tmp_path):
    """Files from before they were written have none."""
    earlier = (Recipe(seed=1), Recipe(optimizer="adam", learning_rate=0.01))
    path = tmp_path / "m"
    save_model(path, model(earlier=earlier))
    assert load_model(path).earlier == earlier
    arrays, information = read_tensors(path)
    del information["earlier_recipes"]
    write_tensors(path, arrays, information)
    assert load_model(path).earlier == ()


@pytest.mark.parametrize("passed", [None, 1 / 3])
def test_a_calibration_comes_back(passed, tmp_path):
    before = replace(CALIBRATION, passed=passed)
    first = saved(tmp_path / "m", model(calibration=before))
    assert load_model(tmp_path / "m").calibration == before
    assert saved(tmp_path / "again", load_model(tmp_path / "m")) == first


def test_the_same_content_gives_the_same_bytes(tmp_path):
    first = saved(tmp_path / "first")
    assert saved(tmp_path / "second") == first
    assert saved(tmp_path / "third", load_model(tmp_path / "first")) == first

    network = model().network  # the same parameters, in another order in memory and in the dictionary
    backwards = {name: np.asfortranarray(array) for name, array in reversed(network.parameters.items())}
    other = Network(network.layers, 5, parameters=backwards)
    assert saved(tmp_path / "fourth", model(figures={"epochs": 3.0, "test_accuracy": 0.1 + 0.2})) == first
    assert saved(tmp_path / "fifth", replace(model(), network=other)) == first


def test_other_content_gives_other_bytes(tmp_path):
    changed = model()
    changed.network.parameters["2.bias"][2] = np.nextafter(
        changed.network.parameters["2.bias"][2], np.float32(9)
    )
    assert saved(tmp_path / "other", changed) != saved(tmp_path / "first")


# Formats


def format_1():
    """The same file as format 1 had it: layers were counted from 0."""
    header = header_of(DESCRIPTION | {"format": 1})
    return {{"1.bias": "0.bias", "1.weight": "0.weight"}.get(name, name): header[name] for name in header}


@pytest.mark.parametrize("header", [format_1(), header_of()], ids=["format 1", "format 2"])
def test_a_file_of_every_format_loads(header, tmp_path):
    (tmp_path / "m").write_bytes(file_of(header))
    after = load_model(tmp_path / "m")
    assert after.network.predict(np.array([[3.0, 4.0]])).tolist() == [[5, 0]]
    assert after.network.dtype == np.float32
    assert after.class_names == ("a", "b")
    assert (after.recipe.cost, after.recipe.epochs) == ("squared", 7)
    assert after.figures == {"test_accuracy": 0.5}
    assert list(after.network.parameters) == ["1.weight", "1.bias"]
    assert after.network.parameters["1.weight"].tolist() == [[2, -0.5], [0, 0]]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("names", [("1.bias", "0.weight"), ("0.bias", "1.weight"), ("00.bias", "0.weight")])
def test_names_are_those_of_the_format(names, version, tmp_path):
    """Neither format is guessed from the names: a file that mixes both numberings is refused."""
    metadata, *entries = header_of(DESCRIPTION | {"format": version}).values()
    header = {"__metadata__": metadata} | dict(zip(names, entries, strict=True))
    assert "the network 2-2 has 1.weight, 1.bias" in refusal(tmp_path / "m", file_of(header))


def test_a_name_of_the_other_format_is_refused(tmp_path):
    now, before = header_of(), format_1()
    assert "parameters 0.bias, 0.weight, 1.bias, 1.weight:" in refusal(
        tmp_path / "m", file_of(before | {"__metadata__": now["__metadata__"]})
    )
    assert "parameters 1.bias, 1.weight, 2.bias, 2.weight:" in refusal(
        tmp_path / "m", file_of(now | {"__metadata__": before["__metadata__"]})
    )


def test_the_format_is_the_one_that_is_written():
    assert FORMAT == DESCRIPTION["format"]  # a new format needs its own file here, beside the old one


# Saving


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_model_that_is_not_finite_is_not_saved(wrong, tmp_path):
    bad = model()
    bad.network.parameters["2.weight"][2, 1] = wrong
    with pytest.raises(GlassnetError, match=r"2\.weight holds NaN or infinite values"):
        save_model(tmp_path / "m", bad)
    assert listed(tmp_path) == []


@pytest.mark.parametrize(
    "changes",
    [{"figures": {"accuracy": float("nan")}}, {"figures": {"accuracy": object()}}, {"data_sha256": "\ud800"}],
)
def test_facts_that_a_file_can_not_hold_are_refused(changes, tmp_path):
    before = saved(tmp_path / "m")
    with pytest.raises(GlassnetError, match=r"can't write .*m: "):
        save_model(tmp_path / "m", model(**changes))
    assert (tmp_path / "m").read_bytes() == before


@pytest.mark.parametrize("names", [(), ("a", "b"), ("a", "b", "c", "d")])
def test_a_model_has_a_name_for_each_output(names):
    with pytest.raises(GlassnetError, match=f"{len(names)} class names for 3 outputs: give one for each"):
        model(class_names=names)


def listed(folder):
    return [path.name for path in folder.iterdir()]


def full(*arguments, **keywords):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(call, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    before = saved(path)
    with monkeypatch.context() as patch:
        patch.setattr(f"glassnet.files.os.{call}", full)
        with pytest.raises(GlassnetError) as error:
            save_model(path, model("softmax"))
    assert str(error.value) == (
        f"can't write {path}: No space left on device; the file that was there is untouched"
    )
    assert path.read_bytes() == before
    assert listed(tmp_path) == [path.name]  # no leftovers


def test_a_save_that_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    def interrupted(handle):
        raise KeyboardInterrupt

    path = tmp_path / "m"
    before = saved(path)
    monkeypatch.setattr("glassnet.files.os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_model(path, model("softmax"))
    assert path.read_bytes() == before
    assert listed(tmp_path) == ["m"]


LIMITED = """
import resource, sys
from glassnet import GlassnetError, Model, Network, save_model
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    save_model(sys.argv[1], Model(Network("784-30-2", seed=0), ("a", "b")))
except GlassnetError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_write_that_really_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "m"
    before = saved(path)
    ran = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    assert ran.stdout == f"can't write {path}: File too large; the file that was there is untouched\n"
    assert path.read_bytes() == before
    assert listed(tmp_path) == ["m"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(GlassnetError, match=r"can't write .*m: No such file or directory$"):
        save_model(tmp_path / "nowhere" / "m", model())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_model_file_has_the_permissions_of_any_new_file(tmp_path):
    saved(tmp_path / "m")
    (tmp_path / "other").touch()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("m", "other")]
    assert modes[0] == modes[1]


# What is no file


def test_what_is_not_a_file_is_refused(tmp_path):
    assert refusal(tmp_path / "nothing").startswith("can't read ")


def test_a_folder_is_no_model_file(tmp_path):
    with pytest.raises(GlassnetError, match=r"is a folder: there is no model file in it$"):
        load_model(tmp_path)
    saved(tmp_path / "model.safetensors")
    (tmp_path / "checkpoint.safetensors").write_bytes(b"")  # which no advice should name
    with pytest.raises(GlassnetError, match=r": name the model file in it, .*/model\.safetensors$"):
        load_model(tmp_path)


def test_a_name_that_is_too_long():
    with pytest.raises(GlassnetError, match=r"^can't read a+: File name too long$"):
        load_model("a" * 300)
