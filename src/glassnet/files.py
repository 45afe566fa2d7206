"""Saving a file so that it is either the old one or the new one, never a part of one."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from glassnet.errors import GlassnetError


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path`: to a temporary name beside it, synced, then renamed.

    Whatever happens on the way (a full disk, a kill), `path` holds what it held before. A pipe or
    a device is written to as it is.

    Raises:
        GlassnetError: the file can't be written; nothing was lost.
    """
    target = os.path.realpath(path)  # a link stays a link
    if os.path.exists(target) and not os.path.isfile(target):
        _write_into(target, path, data)
        return
    temporary = temporary_name(target)
    try:
        # O_EXCL: the name is nobody else's; 0o666: readable by whom the umask lets.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(os.path.dirname(target))
    except OSError as error:
        kept = "; the file that was there is untouched" if os.path.isfile(target) else ""
        raise cannot("write", path, error, kept) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # gone already when the rename succeeded


def temporary_name(path: str | os.PathLike[str]) -> str:
    """A name beside `path` that is nobody else's; short, so that it fits wherever `path` does."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), f".{secrets.token_hex(6)}.tmp")


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file.

    Raises:
        GlassnetError: there is no such file, or it can't be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise cannot("read", path, error) from error


def cannot(verb: str, path: str | os.PathLike[str], error: OSError, then: str = "") -> GlassnetError:
    """The one sentence for a file that the system refuses: verb, path, the system's reason."""
    reason = error.strerror or str(error)
    return GlassnetError(f"can't {verb} {os.fspath(path)}: {reason}{then}")


def _write_into(target: str, path: str | os.PathLike[str], data: bytes) -> None:
    """Write to what is no file (a pipe, a device): it can't be replaced, and holds nothing to lose."""
    try:
        with open(target, "wb") as file:
            file.write(data)
    except OSError as error:
        raise cannot("write", path, error) from error


def _sync_folder(folder: str) -> None:
    """Make a rename in `folder` survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
