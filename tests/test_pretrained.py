"""Networks that come with the package: found by name, and what comes with them is whole."""

from __future__ import annotations

import shutil

import pytest

import glassnet as gn
from glassnet import pretrained
from glassnet.errors import GlassnetError
from glassnet.storage import Model, save_model


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A folder of two networks in place of the package's."""
    network = gn.Network("784-3-10", seed=4)
    save_model(tmp_path / "small.safetensors", Model(network, tuple("0123456789")))
    shutil.copy(tmp_path / "small.safetensors", tmp_path / "16-16.safetensors")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    return tmp_path


def test_a_network_by_its_name(folder):
    assert gn.pretrained_names() == ("16-16", "small")
    assert str(gn.load_pretrained("small").network) == "784-3-10"


def test_an_unknown_name(folder):
    with pytest.raises(GlassnetError, match=r"^unknown pretrained network 'smal': did you mean 'small'\?"):
        gn.load_pretrained("smal")
    with pytest.raises(GlassnetError, match=r"^unknown pretrained network '../small'"):
        gn.load_pretrained("../small")


def test_an_empty_folder(folder):
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(GlassnetError, match=r"^no network lies in .*: reinstall glassnet"):
        gn.load_pretrained()


@pytest.mark.parametrize("name", gn.pretrained_names())
def test_what_comes_with_the_package_is_whole(name):
    model = gn.load_pretrained(name)
    assert model.class_names[:10] == tuple("0123456789")
    assert model.recipe is not None
    assert model.figures


def test_what_comes_with_the_package_is_there_and_small():
    assert gn.pretrained_names() == ("16-16", "conv")
    assert sum(path.stat().st_size for path in pretrained.FOLDER.glob("*.safetensors")) <= 1.5e6
