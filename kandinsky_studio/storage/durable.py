"""Writing a file so that it is there whole or not at all, whatever happens meanwhile."""

import errno
import os
import secrets
from pathlib import Path

from kandinsky_studio.errors import DiskFull, FolderNotWritable, StudioError

PARTIAL_SUFFIX = ".partial"
"""Ends the names of files that are still being written; nothing else may end so."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_file(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, in place of what was there; makes the folder if needed.

    When this returns, the bytes survive a power cut. When it raises, what was at ``path`` is unchanged. Raises
    ``DiskFull`` or ``FolderNotWritable``.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}{PARTIAL_SUFFIX}")
    try:
        make_folder(path.parent)
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
    except OSError as error:
        raise cause_of(error, path.parent) from error


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it, each of which survives a power cut. Raises ``OSError``."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


def cause_of(error: OSError, folder: Path) -> StudioError:
    """What a failure to write into ``folder`` means to the user."""
    return DiskFull(folder=folder) if error.errno in _FULL else FolderNotWritable(folder=folder)


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its place is free and its content is kept; returns the new path."""
    aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    path.rename(aside)
    return aside


def _flush_folder(folder: Path) -> None:
    # A rename lasts only once the folder itself is on the disk; Windows has no call for it and does not need one.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems can't flush a folder
            raise
    finally:
        os.close(descriptor)
