"""The user's words on the disk: prompts that were used, styles, entries of the handbook. JSON files, read with care."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kandinsky_studio.engine.request import MAX_PROMPT_LENGTH
from kandinsky_studio.errors import BrokenStyles, NewerFile
from kandinsky_studio.storage.durable import set_aside, write_file

log = logging.getLogger(__name__)

VERSION = 1  # of our own files; an older program leaves newer ones as they are
MOST_BYTES = 8_000_000  # of a file; larger ones are none of ours
MOST_PROMPTS = 300  # per field
MOST_STYLES = 500
MOST_ENTRIES = 2000
LONGEST_NAME = 80  # characters
FIELDS = ("prompt", "negative_prompt")
SETTINGS = ("num_inference_steps", "guidance_scale", "prior_num_inference_steps", "prior_guidance_scale")
"""What a style may set beside the words."""


@dataclass(frozen=True)
class Style:
    """Words around a prompt, which stands where ``{prompt}`` is in ``text``, or before it if there is none.

    ``settings`` are values by the names in ``SETTINGS``. ``model`` is the key of the only model that a shipped style
    is for, empty for all.
    """

    name: str
    text: str
    negative: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)
    model: str = ""


@dataclass(frozen=True)
class Entry:
    """What a few words do to a picture: ``words`` and ``about`` (a sentence) by the code of the language."""

    group: str
    words: Mapping[str, str]
    about: Mapping[str, str]

    def in_language(self, language: str) -> tuple[str, str]:
        """Words and sentence in ``language``, or in whichever there is."""
        return _any(self.words, language), _any(self.about, language)


def _any(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


# ---------------------------------------------------------------------- prompts


def read_prompts(path: Path) -> dict[str, list[str]]:
    """The prompts of each field, the newest first. A damaged file is set aside. Raises ``NewerFile``."""
    content = _read(path)
    found: dict[str, list[str]] = {}
    for name in FIELDS:
        texts = content.get(name) if isinstance(content, dict) else None
        sound = [text for text in texts if _is_text(text)] if isinstance(texts, list) else []
        found[name] = list(dict.fromkeys(sound))[:MOST_PROMPTS]
    return found


def write_prompts(path: Path, prompts: Mapping[str, Sequence[str]]) -> None:
    """Keep the prompts of each field. Raises ``DiskFull``, ``FolderNotWritable`` or ``NewerFile``."""
    _write(path, {name: list(texts) for name, texts in prompts.items()})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_PROMPT_LENGTH


# ---------------------------------------------------------------------- styles


def read_styles(path: Path) -> tuple[list[Style], list[str]]:
    """The user's styles, and the names of those that were chosen last. A damaged file is set aside. Raises ``NewerFile``."""
    content = _read(path)
    chosen = content.get("chosen") if isinstance(content, dict) else None
    names = [name for name in chosen if isinstance(name, str)] if isinstance(chosen, list) else []
    return styles_in(content), names[:MOST_STYLES]


def import_styles(path: Path) -> list[Style]:
    """The styles in a file of anybody's. Raises ``BrokenStyles`` if there are none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        found = styles_in(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError) as error:
        raise BrokenStyles(file=path.name) from error
    if not found:
        raise BrokenStyles(file=path.name)
    return found


def write_styles(path: Path, styles: Sequence[Style], chosen: Sequence[str] = ()) -> None:
    """Keep ``styles`` at ``path``, and which of all are ``chosen``. Raises ``DiskFull``, ``FolderNotWritable`` or ``NewerFile``."""
    rows = []
    for style in styles:
        row: dict[str, Any] = {"name": style.name, "text": style.text}
        if style.negative:
            row["negative"] = style.negative
        if style.settings:
            row["settings"] = dict(style.settings)
        rows.append(row)
    _write(path, {"styles": rows, "chosen": list(chosen)} if chosen else {"styles": rows})


def styles_in(content: object, language: str = "en") -> list[Style]:
    """The styles of a file's content; what makes no sense is left out. Names may be given by language."""
    rows = content.get("styles") if isinstance(content, dict) else None
    found: dict[str, Style] = {}
    for row in rows[:MOST_STYLES] if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        name, text, negative = row.get("name"), row.get("text", ""), row.get("negative", "")
        if isinstance(name, dict):
            name = name.get(language) or name.get("en")
        if not (isinstance(name, str) and name.strip() and isinstance(text, str) and isinstance(negative, str)):
            continue
        if not (text.strip() or negative.strip()) or max(len(text), len(negative)) > MAX_PROMPT_LENGTH:
            continue
        model = row.get("model", "")
        name = " ".join(name.split())[:LONGEST_NAME]
        found[name] = Style(name, text, negative, _settings(row.get("settings")), model if _is_text(model) else "")
    return list(found.values())


def _settings(values: object) -> dict[str, float]:
    if not isinstance(values, dict):
        return {}
    numbers = (int, float)
    return {k: v for k, v in values.items() if k in SETTINGS and isinstance(v, numbers) and not isinstance(v, bool)}


# ---------------------------------------------------------------------- the handbook


def read_entries(path: Path) -> list[Entry]:
    """The user's own entries of the handbook. A damaged file is set aside. Raises ``NewerFile``."""
    return entries_in(_read(path))


def write_entries(path: Path, entries: Sequence[Entry]) -> None:
    """Keep the user's own entries. Raises ``DiskFull``, ``FolderNotWritable`` or ``NewerFile``."""
    rows = [{"group": entry.group, "words": dict(entry.words), "about": dict(entry.about)} for entry in entries]
    _write(path, {"entries": rows})


def entries_in(content: object, group: str = "own") -> list[Entry]:
    """The entries of a file's content; what makes no sense is left out."""
    rows = content.get("entries") if isinstance(content, dict) else None
    found = []
    for row in rows[:MOST_ENTRIES] if isinstance(rows, list) else []:
        if isinstance(row, dict):
            words, about = _by_language(row.get("words")), _by_language(row.get("about"))
            name = row.get("group")
            if words:
                found.append(Entry(name if isinstance(name, str) and name else group, words, about))
    return found


def read_shipped(path: Path) -> object:
    """The content of a file that comes with the program; nothing, and a line in the log, if it can't be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        log.warning("words that come with the program can't be read")
        return {}


def _by_language(texts: object) -> dict[str, str]:
    if not isinstance(texts, dict):
        return {}
    return {
        code: " ".join(text.split())[:500]
        for code, text in texts.items()
        if isinstance(code, str) and isinstance(text, str) and text.strip()
    }


# ---------------------------------------------------------------------- files


def _read(path: Path) -> object:
    """The content of a file of ours; nothing if it isn't there, or is damaged, and then it is set aside.

    Raises ``NewerFile``.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        log.warning("a file of words can't be read and is set aside")
        try:
            set_aside(path)
        except OSError:
            log.warning("a file of words can't be set aside")
        return {}
    _check_version(content, path)
    return content


def _check_version(content: object, path: Path) -> None:
    version = content.get("version", VERSION) if isinstance(content, dict) else VERSION
    if isinstance(version, int) and version > VERSION:
        raise NewerFile(file=path.name)


def _write(path: Path, content: Mapping[str, object]) -> None:
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= MOST_BYTES:
            _check_version(json.loads(path.read_text(encoding="utf-8")), path)
    text = json.dumps({"version": VERSION, **content}, ensure_ascii=False, indent=1)
    write_file(path, text.encode("utf-8", "replace"))
