"""Which key does what: the keymaps that come with the program, and what the user changed about them.

A keymap is one file of ``resources/keymaps``; it may lie ``over`` another one and then names only what differs. A key
is written as Qt writes it, ``Ctrl+Shift+N``; with a place behind it, ``Del @gallery``, it counts only while that place
has the keyboard, and there it comes before the same key without a place.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence

from kandinsky_studio import paths
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, BrokenKeymap, NewerFile
from kandinsky_studio.storage.durable import write_file

KEYMAPS = ("studio", "krita", "photoshop")
"""The files of ``resources/keymaps``, the one of a first start first."""

EVERYWHERE = ""
PLACES: dict[str, str] = {
    EVERYWHERE: QT_TRANSLATE_NOOP("commands", "Everywhere"),
    "canvas": QT_TRANSLATE_NOOP("commands", "On the canvas"),
    "layers": QT_TRANSLATE_NOOP("commands", "In the layers"),
    "gallery": QT_TRANSLATE_NOOP("commands", "In the gallery"),
}
"""Where a key can count, with titles in the context ``commands``."""

FORMAT = "kandinsky-studio-keymap"
VERSION = 1
_NO_KEYS = {
    Qt.Key.Key_unknown,
    *(Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta),
}
LARGEST = 1_000_000  # bytes; ours have five thousand


@dataclass(frozen=True, order=True)
class Key:
    """A key, or several one after another, and where they count. ``sequence`` is in Qt's portable form."""

    sequence: str
    place: str = EVERYWHERE

    @classmethod
    def parse(cls, text: str) -> Key:
        """``Ctrl+J`` or ``Del @layers``. Raises ``ValueError`` if it is no key or no place."""
        written, _, place = text.partition(" @")
        sequence = QKeySequence.fromString(written, QKeySequence.SequenceFormat.PortableText)
        known = [sequence[part].key() not in _NO_KEYS for part in range(sequence.count())]  # type: ignore[index]
        if not known or not all(known) or place not in PLACES:
            raise ValueError(f"{text!r} is no key")
        return cls.of(sequence, place)

    @classmethod
    def of(cls, sequence: QKeySequence, place: str = EVERYWHERE) -> Key:
        """The key for ``sequence``. The two Enter keys are one."""
        return cls(sequence.toString(QKeySequence.SequenceFormat.PortableText).replace("Return", "Enter"), place)

    def __str__(self) -> str:
        return f"{self.sequence} @{self.place}" if self.place else self.sequence

    @property
    def native(self) -> str:
        """The sequence as the desktop writes it."""
        return QKeySequence(self.sequence).toString(QKeySequence.SequenceFormat.NativeText)


Keys = tuple[Key, ...]


@dataclass(frozen=True)
class Keymap:
    """Keys by command, whole: what lies below is already in ``keys``."""

    title: str
    keys: Mapping[str, Keys] = field(default_factory=dict)


@lru_cache(maxsize=len(KEYMAPS))
def keymap(name: str) -> Keymap:
    """A keymap that comes with the program, one of :data:`KEYMAPS`."""
    file = paths.resources() / "keymaps" / f"{name}.json"
    return read(file)


def read(file: Path) -> Keymap:
    """The keymap in ``file``. Raises ``BrokenKeymap`` if it is none, ``NewerFile`` if we are too old for it."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        values = json.loads(content) if len(content) <= LARGEST else None
    except (OSError, ValueError, RecursionError) as error:
        raise BrokenKeymap(file=file.name) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise BrokenKeymap(file=file.name)
    version = values.get("version")
    if type(version) is not int:
        raise BrokenKeymap(file=file.name)
    if version > VERSION:
        raise NewerFile(file=file.name)
    title, below, keys = values.get("title"), values.get("over"), values.get("keys")
    if version != VERSION or not isinstance(title, str) or below not in (None, *KEYMAPS) or not isinstance(keys, dict):
        raise BrokenKeymap(file=file.name)
    try:
        own = parse_keys(keys)
    except ValueError as error:
        raise BrokenKeymap(file=file.name) from error
    return Keymap(title, {**(keymap(below).keys if below else {}), **own})


def parse_keys(values: Any) -> dict[str, Keys]:
    """Keys by command from JSON: an object of lists of strings. Raises ``ValueError`` if it is anything else."""
    if not isinstance(values, dict):
        raise ValueError("no object")
    parsed = {}
    for command, keys in values.items():
        if not isinstance(command, str) or not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError(f"the keys of {command!r} are no list of keys")
        parsed[command] = tuple(dict.fromkeys(Key.parse(key) for key in keys))
    return parsed


@dataclass(frozen=True)
class Conflict:
    """Two commands want one key in one place, or one command's key begins another's."""

    first: str
    second: str
    key: Key


def conflicts(keys: Mapping[str, Iterable[Key]]) -> list[Conflict]:
    """Every conflict between two commands of ``keys``."""
    by_place: dict[tuple[str, str], list[tuple[str, Key]]] = {}
    for command, own in keys.items():
        for key in own:
            # Keys that collide begin with the same stroke; so only those need to be compared with one another.
            by_place.setdefault((key.place, key.sequence.split(", ")[0]), []).append((command, key))
    return [
        Conflict(first, second, min(one, other, key=lambda key: len(key.sequence)))
        for together in by_place.values()
        for (first, one), (second, other) in itertools.combinations(together, 2)
        if first != second and collide(one, other)
    ]


def collide(one: Key, other: Key) -> bool:
    """Whether the two can't be told apart: the same place, and one begins with the other."""
    short, long = sorted((one.sequence, other.sequence), key=len)
    return one.place == other.place and (long == short or long.startswith(f"{short}, "))


class KeyBindings(QObject):
    """The keys that count now: the chosen keymap with the user's changes over it, kept for each keymap by itself.

    ``changed`` says that keys are others now. Without ``remembering`` nothing outlives the object.
    """

    changed = Signal()

    def __init__(self, remembering: Remembering | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._remembering = remembering
        values = remembering.values if remembering is not None else None
        self._name = values.keymap if values is not None else KEYMAPS[0]
        self._changes = _changes(values.key_changes if values is not None else {})
        self._effective = self._combine()

    @property
    def name(self) -> str:
        """Which keymap is chosen, one of :data:`KEYMAPS`."""
        return self._name

    def choose(self, name: str) -> None:
        """Change to another keymap, with the changes that were made to it before."""
        self._name = name if name in KEYMAPS else KEYMAPS[0]
        self._apply()

    def keys(self, command: str) -> Keys:
        """The keys of ``command``, the one to show first."""
        return self._effective.get(command, ())

    def default(self, command: str) -> Keys:
        """What the chosen keymap gives to ``command`` before any change."""
        return keymap(self._name).keys.get(command, ())

    def is_changed(self, command: str | None = None) -> bool:
        """Whether the user changed the keys of ``command``, or of any command."""
        own = self._changes.get(self._name, {})
        return bool(own) if command is None else command in own

    def set_keys(self, changes: Mapping[str, Sequence[Key]]) -> None:
        """Give new keys to some commands, all at once."""
        own = dict(self._changes.get(self._name, {}))
        for command, keys in changes.items():
            own[command] = tuple(dict.fromkeys(keys))
            if own[command] == self.default(command):
                del own[command]
        self._changes = {**self._changes, self._name: own}
        self._apply()

    def reset(self, command: str) -> None:
        """Back to what the keymap says."""
        self.set_keys({command: self.default(command)})

    def reset_all(self) -> None:
        """Back to the keymap as it comes."""
        self.restore({})

    def changes(self) -> Mapping[str, Keys]:
        """What the user changed about the chosen keymap, for :meth:`restore`."""
        return self._changes.get(self._name, {})

    def restore(self, changes: Mapping[str, Keys]) -> None:
        """Make the changes to the chosen keymap those of before."""
        self._changes = {**self._changes, self._name: dict(changes)}
        self._apply()

    def conflicts(self, commands: Iterable[str]) -> list[Conflict]:
        """Which of ``commands`` get in each other's way."""
        return conflicts({command: self.keys(command) for command in commands})

    def rivals(self, command: str, key: Key, commands: Iterable[str]) -> list[str]:
        """Those of ``commands`` that would lose something if ``command`` got ``key``."""
        others = (other for other in commands if other != command)
        return [other for other in others if any(collide(key, theirs) for theirs in self.keys(other))]

    def take(self, command: str, key: Key, commands: Iterable[str]) -> None:
        """Give ``key`` to ``command``; those of ``commands`` that are in its way lose theirs."""
        changes = {
            rival: [theirs for theirs in self.keys(rival) if not collide(key, theirs)]
            for rival in self.rivals(command, key, commands)
        }
        own = [mine for mine in self.keys(command) if not collide(key, mine)]
        self.set_keys({**changes, command: [*own, key]})

    def to_json(self) -> dict[str, Any]:
        """The keys that count now as a keymap file: what differs from the keymap as it comes."""
        own = self._changes.get(self._name, {})
        keys = {command: [str(key) for key in own[command]] for command in sorted(own)}
        return {"format": FORMAT, "version": VERSION, "title": "", "over": self._name, "keys": keys}

    def use(self, imported: Keymap) -> None:
        """Change the chosen keymap so that every key is as in ``imported``."""
        commands = {**keymap(self._name).keys, **imported.keys}
        self._changes = {**self._changes, self._name: {}}
        self.set_keys({command: imported.keys.get(command, ()) for command in commands})

    def _apply(self) -> None:
        self._effective = self._combine()
        if self._remembering is not None:
            changes = {
                name: {command: [str(key) for key in keys] for command, keys in own.items()}
                for name, own in self._changes.items()
                if own
            }
            self._remembering.set(keymap=self._name, key_changes=changes)
        self.changed.emit()

    def _combine(self) -> dict[str, Keys]:
        """The user's changes over the keymap. A key that the user gave away is not given out a second time by a newer
        keymap: what the user chose wins."""
        own = self._changes.get(self._name, {})
        chosen = [key for keys in own.values() for key in keys]
        kept = {
            command: tuple(key for key in keys if not any(collide(key, other) for other in chosen))
            for command, keys in keymap(self._name).keys.items()
            if command not in own
        }
        return {**kept, **own}


def write(bindings: KeyBindings, file: Path) -> None:
    """Write the keys that count now to ``file``. Raises ``DiskFull`` or ``FolderNotWritable``."""
    values = {**bindings.to_json(), "title": file.stem}
    write_file(file, (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode())


def _changes(remembered: Mapping[str, Any]) -> dict[str, dict[str, Keys]]:
    """What the preferences hold, each keymap for itself: one that can't be read costs only its own changes."""
    changes = {}
    for name in KEYMAPS:
        try:
            changes[name] = parse_keys(remembered.get(name, {}))
        except ValueError:
            changes[name] = {}
    return changes
