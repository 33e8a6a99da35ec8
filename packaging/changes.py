"""Which version is being packaged, of which day, and what changed in it: read from the changelog, for every package."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from dataclasses import dataclass

from contents import ROOT

from kandinsky_studio import __version__

CHANGELOG = ROOT / "CHANGELOG.md"

_SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d\d-\d\d))?\s*$", re.MULTILINE)
_NOTE = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """One version, its day, and a sentence or more for each thing that changed, newest first, without markup."""

    version: str
    day: datetime.date
    notes: tuple[str, ...]


def source_date() -> int:
    """Seconds since 1970 of what is being packaged, so that the same source makes the same package.

    ``SOURCE_DATE_EPOCH``, if it is set; else the day of the last commit; else that of the changelog.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdecimal():
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # a folder without its history
        said = ""
    return int(said) if said.isdecimal() else int(CHANGELOG.stat().st_mtime)


def releases(text: str | None = None, *, version: str = __version__, seconds: int | None = None) -> list[Release]:
    """Every version of the changelog, newest first; ``version`` is always the first.

    What is under “Unreleased” belongs to ``version`` as long as that has no section of its own; its day is then that of
    the source, or ``seconds`` since 1970.
    """
    text = CHANGELOG.read_text(encoding="utf-8") if text is None else text
    seconds = source_date() if seconds is None else seconds
    today = datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
    found = {}
    marks = list(_SECTION.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        body = text[mark.end() : following.start() if following else len(text)]
        day = datetime.date.fromisoformat(mark["day"]) if mark["day"] else today
        found[mark["name"]] = Release(mark["name"], day, tuple(map(_plain, _NOTE.findall(body))))
    fresh = found.pop("Unreleased", None)
    if version not in found:
        found = {version: Release(version, today, fresh.notes if fresh else ())} | found
    return [found.pop(version), *found.values()]


def _plain(note: str) -> str:
    """The note as running text: lines joined, no emphasis, no code marks, links by their words."""
    text = re.sub(r"\s+", " ", note)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"\*\*|`", "", text).strip()
