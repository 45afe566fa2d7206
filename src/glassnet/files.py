"""Saving a file so that it is either the old one or the new one, never a part of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from glassnet.errors import GlassnetError


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path`: to a temporary name beside it, synced, then renamed.

    Whatever happens on the way (a full disk, a kill), `path` holds what it held before.

    Raises:
        GlassnetError: the file can't be written; nothing was lost.
    """
    path = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~umask())  # mkstemp makes private files
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        kept = "; the file that was there is untouched" if os.path.isfile(path) else ""
        raise cannot("write", path, error, kept) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # gone already when the rename succeeded


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


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def umask() -> int:
    """The permissions that the user wants no new file to have."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
