"""The end of the log, with nothing in it but what is known to come from the program itself.

What passes is listed: moments, names of modules, sentences without anything of the user's in them, and of a traceback
where in the program it went. The log is written in this way (:mod:`kandinsky_studio.log`); what else got into the file
stays behind.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kandinsky_studio import errors, log
from kandinsky_studio.log import LIBRARIES

MOST = 40  # records that are told
_READ = 256 * 1024  # bytes of the log's end
_MOST_FRAMES = 12  # of one traceback; the innermost tell most

LEFT_OUT = "(left out)"

SENTENCES = frozenset(
    {
        "Windows did not take the program's name",
        "a constant can't be kept",
        "a constant can't be read",
        "a damaged job can't be put aside",
        "a file of words can't be read and is set aside",
        "a file of words can't be set aside",
        "a thumbnail could not be made",
        "an error was shown",
        "an unfinished picture can't be deleted",
        "the engine did not free its memory",
        "the engine's thread did not end in time",
        "the index was damaged and is set aside",
        "the preferences could not be read",
        "the preferences could not be read and are set aside",
        "the small picture of a pigment can't be read",
        "the words of the built-in model can't be read",
        "unforeseen",
        "what was learned of times can't be read",
        "words that come with the program can't be read",
    }
)
"""What the program writes into its log as it stands."""

_PATTERNS = (
    re.compile(r"version [\w.+-]+, Python [\w.+-]+, [\w.+() -]+"),
    re.compile(r"ended by (?P<error>[A-Za-z]+)"),
    re.compile(r"self-test: [a-z]+"),
    re.compile(r"the preference [a-z_]+ is back at its default"),
    re.compile(r"\d+ files in the library are no pictures of ours"),
)
_HEAD = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ ([A-Z]+) (kandinsky_studio[\w.]*): (.*)")
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function><?\w+>?)')
_IMPORTING = re.compile(r"<frozen .*|(.*[\\/])?(importlib[\\/]__init__|pyimod\d\d_importers)\.pyc?|PyInstaller[\\/].*")
_SAFE = re.compile(
    r"\w+: No module named '[A-Za-z_][\w.]*'|[\w.]+: (\[Errno \d+\]( E[A-Z0-9]+)?|SQLITE_[A-Z_]+)", re.ASCII
)
_ERROR = re.compile(r"(?:(?P<module>[a-z][\w.]*)\.)?(?P<name>[A-Z]\w*)(?::.*)?")


@dataclass
class _Record:
    moment: str
    level: str
    module: str
    message: str
    below: list[str] = field(default_factory=list)

    def same_as(self, other: _Record) -> bool:
        """Whether they differ in their moments alone."""
        mine, theirs = ((one.level, one.module, one.message, one.below) for one in (self, other))
        return mine == theirs

    def lines(self) -> Iterator[str]:
        """What may be handed on."""
        told = self.message if _passes(self.message) else ""
        frames, ended = _traceback([self.message, *self.below])
        if not told and not frames:
            told = LEFT_OUT
        yield f"{self.moment} {self.level} {self.module}: {told or 'a traceback'}"
        skipped = len(frames) - _MOST_FRAMES
        if skipped > 0:
            yield f"    … {skipped} more"
        yield from (f"    {frame}" for frame in frames[-_MOST_FRAMES:])
        if frames and ended:
            yield f"    {ended}"


def excerpt(file: Path | None = None) -> list[str]:
    """The last lines of the log ``file`` (the program's, if it is not given) that may be handed on; none without one."""
    try:
        with (file or log.file()).open("rb") as opened:
            end = opened.seek(0, 2)
            opened.seek(max(end - _READ, 0))
            text = opened.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line for record in _folded(_records(text))[-MOST:] for line in record.lines()]


def _folded(records: list[_Record]) -> list[_Record]:
    """Of starts that follow one another and said nothing else, the last."""
    follows = [*records[1:], None]
    return [one for one, after in zip(records, follows, strict=True) if after is None or not one.same_as(after)]


def _records(text: str) -> list[_Record]:
    """What comes before the first head is the rest of a record, and dropped."""
    records: list[_Record] = []
    for line in text.splitlines():
        head = _HEAD.fullmatch(line)
        if head is not None:
            records.append(_Record(head[1], head[2], head[3], head[4]))
        elif records:
            records[-1].below.append(line)
    return records


def _passes(message: str) -> bool:
    if message in SENTENCES:
        return True
    found = next((match for match in (pattern.fullmatch(message) for pattern in _PATTERNS) if match), None)
    return found is not None and ("error" not in found.groupdict() or _is_error("", found["error"]))


def _traceback(lines: list[str]) -> tuple[list[str], str]:
    """Where it went, outermost first, and the class of the error that came last."""
    frames, ended = [], ""
    for line in lines:
        frame = _FRAME.fullmatch(line)
        if frame is not None:
            if _IMPORTING.fullmatch(frame["file"]):
                continue  # every other frame, where modules import modules
            frames.append(f"{log.place_of(frame['file'])}:{frame['line']} in {frame['function']}")
            continue
        error = _ERROR.fullmatch(line)
        if error is not None and _is_error(error["module"] or "", error["name"]):
            named = ".".join(filter(None, (error["module"], error["name"])))
            ended = line if _SAFE.fullmatch(line) else named
    return frames, ended


def _is_error(module: str, name: str) -> bool:
    """Whether that is the name of a class of errors: Python's, ours, or of a library that we use."""
    if module:
        top = module.split(".")[0]
        known = top in (*LIBRARIES, "kandinsky_studio") or top in sys.stdlib_module_names
        return known and name.endswith(("Error", "Exception", "Warning"))
    kind = getattr(builtins, name, None) or getattr(errors, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)
