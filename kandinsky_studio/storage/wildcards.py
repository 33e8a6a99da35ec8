"""The user's text files of choices: ``wildcards/art/painters.txt`` is what ``__art/painters__`` in a prompt stands for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SUFFIX = ".txt"
MOST_FILES = 500
MOST_LINES = 5000  # of one file
LONGEST_LINE = 500  # characters
MOST_BYTES = 1_000_000  # of one file
_DEEPEST = 8  # folders in folders
_MOST_FOLDERS = 500

Wildcards = dict[str, tuple[str, ...]]
"""The lines by the name of the file below the folder, without its ending, with ``/`` between folders, in lower case."""


def read_wildcards(folder: Path) -> tuple[Wildcards, list[str]]:
    """All choices in ``folder`` and the folders in it, and the names of files that can't be used.

    One choice per line; blank lines and those that begin with ``#`` are none. Of what is too long, the rest is left
    out; links that lead elsewhere, files that are not UTF-8 and what is no ordinary file are not read. Never raises.
    """
    found: Wildcards = {}
    refused: list[str] = []
    waiting, seen = [(folder, 0)], 0
    while waiting and len(found) < MOST_FILES and seen < _MOST_FOLDERS:
        place, depth = waiting.pop(0)
        seen += 1
        for entry in _entries(place):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST:
                    waiting.append((path, depth + 1))
            elif path.suffix.lower() == SUFFIX and len(found) < MOST_FILES:
                name = path.relative_to(folder).with_suffix("").as_posix()
                lines = _lines(path)
                if lines is None:
                    refused.append(name)
                else:
                    found[name.lower()] = lines
    return found, refused


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)[: 4 * MOST_FILES]
    except OSError:
        return []


def _lines(path: Path) -> tuple[str, ...] | None:
    """The choices in a file; None if it can't be used."""
    try:
        # Looked at before it is opened: a pipe would keep whoever opens it waiting.
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    cut = len(content) > MOST_BYTES
    try:
        text = content[:MOST_BYTES].decode("utf-8-sig", "ignore" if cut else "strict")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    rows = text.splitlines()
    lines = (row.strip() for row in (rows[:-1] if cut else rows))
    return tuple(line[:LONGEST_LINE] for line in lines if line and not line.startswith("#"))[:MOST_LINES]
