"""Writing a file so that it is there whole or not at all, whatever happens meanwhile."""

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kandinsky_studio.errors import DiskFull, FolderNotWritable, StudioError

PARTIAL_SUFFIX = ".partial"
"""Ends the names of files that are still being written; nothing else may end so."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_file(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, in place of what was there; makes the folder if needed.

    When this returns, the bytes survive a power cut. When it raises, what was at ``path`` is unchanged. Raises
    ``DiskFull`` or ``FolderNotWritable``.
    """
    try:
        make_folder(path.parent)
    except OSError as error:
        raise cause_of(error, path.parent) from error
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path, keep_previous: bool = False) -> Iterator[BinaryIO]:
    """A file open for writing and reading that takes the place of ``path`` when the block ends, and not before.

    With ``keep_previous``, what was at ``path`` lies at :func:`previous_path` then, in place of what was there. When
    the block ends, the bytes survive a power cut. When it raises, or the writing fails, ``path`` is unchanged and
    nothing else is left behind. The folder must be there. Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    try:
        partial = _partial(path)
        try:
            with partial.open("x+b") as file:
                _copy_mode(path, partial)
                yield file
                file.flush()
                os.fsync(file.fileno())
            if keep_previous:
                _keep(path)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)
    except OSError as error:
        raise cause_of(error, path.parent) from error


def replace_keeping_previous(path: Path, content: bytes) -> Path | None:
    """Put ``content`` at ``path``; what was there is kept beside it. For the files that belong to the user.

    A link is followed, so that it goes on pointing to the file. Returns where the previous version is, None if there
    was none. Unlike :func:`write_file` it makes no folder: one that is gone may be a disk that was pulled out. Raises
    as :func:`replacing` does.
    """
    path = path.resolve()
    there = path.exists()
    with replacing(path, keep_previous=True) as file:
        file.write(content)
    return previous_path(path) if there else None


def previous_path(path: Path) -> Path:
    """Where the previous version of ``path`` is kept: beside it, “picture~.png” for “picture.png”."""
    return path.with_name(f"{path.stem}~{path.suffix}")


def sweep_partials(folder: Path, before: float) -> None:
    """Delete what a program that died left of files it was writing into ``folder``, last changed ``before`` a time."""
    with suppress(OSError):
        for path in folder.iterdir():
            if re.fullmatch(r"\.[0-9a-f]{16}" + re.escape(PARTIAL_SUFFIX), path.name):
                with suppress(OSError):
                    if path.stat().st_mtime < before:
                        path.unlink()


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it, each of which survives a power cut. Raises ``OSError``."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def cause_of(error: OSError, folder: Path) -> StudioError:
    """What a failure to write into ``folder`` means to the user."""
    return DiskFull(folder=folder) if error.errno in _FULL else FolderNotWritable(folder=folder)


def flush(path: Path) -> None:
    """Have what was written to ``path`` survive a power cut. Raises ``OSError``."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def set_aside(path: Path) -> Path:
    """Rename a damaged file so that its place is free and its content is kept; returns the new path."""
    aside = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    path.rename(aside)
    return aside


def _partial(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}{PARTIAL_SUFFIX}")


def _copy_mode(path: Path, partial: Path) -> None:
    # What only its owner may read must not become readable to all by being saved again.
    if os.name != "nt":
        with suppress(OSError):
            partial.chmod(stat.S_IMODE(path.stat().st_mode))


def _keep(path: Path) -> None:
    """Make :func:`previous_path` what ``path`` is, which stays where it is all the while."""
    kept = _partial(path)
    try:
        try:
            os.link(path, kept)  # a second name of the same bytes: at once, and without room on the disk
        except FileNotFoundError:
            return
        except OSError:  # memory sticks and network folders have no second names
            with path.open("rb") as source, kept.open("xb") as file:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())
        kept.replace(previous_path(path))
    finally:
        kept.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Have what was renamed in ``folder`` survive a power cut. Raises ``OSError``."""
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
