"""Files to the system's trash, and back. Waits on the disk."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QFile, QStandardPaths

from kandinsky_studio.errors import GoneFromTrash, TrashRefused


@dataclass(frozen=True)
class Discarded:
    """What was thrown away: where it was, and where it is in the trash."""

    path: Path
    trashed: Path


def throw_away(path: Path) -> Discarded:
    """Move a file to the trash. Raises ``TrashRefused``.

    One that somebody deleted outside the program is gone already, which is what was wanted.
    """
    file = QFile(os.fspath(path))
    home = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation))
    with contextlib.suppress(OSError):  # in a new account Linux has no place for the trash yet, and Qt makes none
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists() and not file.moveToTrash():
        raise TrashRefused(file=path.name)
    return Discarded(path, Path(file.fileName()))


def fetch_back(discarded: Discarded) -> None:
    """Move the file back where it was, and drop the trash's note about it (Linux keeps one beside).

    Raises ``GoneFromTrash``.
    """
    if discarded.path.exists() or not QFile.rename(os.fspath(discarded.trashed), os.fspath(discarded.path)):
        raise GoneFromTrash(file=discarded.path.name)
    note = discarded.trashed.parent.parent / "info" / f"{discarded.trashed.name}.trashinfo"
    note.unlink(missing_ok=True)
