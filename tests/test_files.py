"""A file is the old one or the new one, never a part of one."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from glassnet.errors import GlassnetError
from glassnet.files import cannot, read_bytes, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("data", [b"", b"x", b"line\r\nline\n\x00\xff", bytes(range(256)) * 5000])
def test_what_is_written_is_read_again(tmp_path, data):
    write_atomically(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == data
    assert read_bytes(tmp_path / "file") == data
    assert names(tmp_path) == ["file"]


def test_a_new_file_replaces_the_old_one(tmp_path):
    write_atomically(str(tmp_path / "file"), b"the old one, which is longer")
    write_atomically(str(tmp_path / "file"), b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_name_without_a_folder_is_in_the_present_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("file", b"here")
    assert (tmp_path / "file").read_bytes() == b"here"


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o000, 0o666)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", b"x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize("old", [b"the old one", None])
def test_a_refusal_on_the_way_leaves_what_was_there(tmp_path, monkeypatch, call, old):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)

    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(GlassnetError) as caught:
        write_atomically(path, b"the new one")
    monkeypatch.undo()
    kept = "" if old is None else "; the file that was there is untouched"
    assert str(caught.value) == f"can't write {path}: {os.strerror(errno.ENOSPC)}{kept}"
    assert names(tmp_path) == ([] if old is None else ["file"])
    assert old is None or path.read_bytes() == old


def test_an_interruption_on_the_way_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path, monkeypatch):
    real = os.fsync

    def only_files(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not for folders")
        real(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomically(tmp_path / "file", b"x")
    assert (tmp_path / "file").read_bytes() == b"x"


def test_the_file_is_synced_before_it_gets_its_name(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda h: (events.append(f"sync {stat.S_IFMT(os.fstat(h).st_mode):o}"), fsync(h))
    )
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append("rename"), replace(a, b)))
    write_atomically(tmp_path / "file", b"x")
    assert events == ["sync 100000", "rename", "sync 40000"]  # the file, its name, the folder


@pytest.mark.parametrize("make", ["missing/file", "a-file/file", "x" * 300])
def test_places_where_no_file_can_be(tmp_path, make):
    (tmp_path / "a-file").write_bytes(b"kept")
    with pytest.raises(GlassnetError, match=r"^can't write .*: [A-Z]"):
        write_atomically(tmp_path / make, b"x")
    assert names(tmp_path) == ["a-file"]
    assert (tmp_path / "a-file").read_bytes() == b"kept"


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_bytes(b"kept")
    with pytest.raises(GlassnetError, match=r"can't write .*folder"):
        write_atomically(tmp_path / "folder", b"x")
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "inside").read_bytes() == b"kept"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    with pytest.raises(GlassnetError, match=r"can't write .*: Permission denied"):
        write_atomically(folder / "file", b"x")
    assert names(folder) == []


@pytest.mark.parametrize("make", ["missing", "folder", "a-file/below", "x" * 300])
def test_what_cannot_be_read(tmp_path, make):
    (tmp_path / "a-file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(GlassnetError, match=f"^can't read .*{make[-20:]}: [A-Z]"):
        read_bytes(tmp_path / make)


def test_the_sentence_has_a_reason_even_where_the_system_gives_none(tmp_path):
    error = cannot("read", tmp_path, OSError("it is gone"), "; look elsewhere")
    assert str(error) == f"can't read {tmp_path}: it is gone; look elsewhere"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "pipe", b"hello")
    assert os.read(reader, 100) == b"hello"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_the_longest_name_that_the_system_takes(tmp_path):
    name = "x" * 255
    write_atomically(tmp_path / name, b"hello")
    assert (tmp_path / name).read_bytes() == b"hello"
