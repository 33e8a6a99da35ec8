"""The prompt handbook: words by what they do to a picture, ours and the user's own, and the words of the built-in model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from kandinsky_studio import paths
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.vocabulary import read_vocabulary
from kandinsky_studio.app.wording.kept_file import KeptFile
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.storage import wording as storage
from kandinsky_studio.storage.wording import Entry as Entry

OWN = "own"
"""The group of the user's own entries."""

GROUPS = {
    "composition": QT_TRANSLATE_NOOP("handbook", "Composition"),
    "view": QT_TRANSLATE_NOOP("handbook", "Lens and view"),
    "light": QT_TRANSLATE_NOOP("handbook", "Light"),
    "palette": QT_TRANSLATE_NOOP("handbook", "Palette"),
    "medium": QT_TRANSLATE_NOOP("handbook", "Medium"),
    "line": QT_TRANSLATE_NOOP("handbook", "Line and shape"),
    "texture": QT_TRANSLATE_NOOP("handbook", "Texture and surface"),
    "detail": QT_TRANSLATE_NOOP("handbook", "Detail and finish"),
    "mood": QT_TRANSLATE_NOOP("handbook", "Mood"),
    "weather": QT_TRANSLATE_NOOP("handbook", "Weather and time"),
    "style": QT_TRANSLATE_NOOP("handbook", "Era and style"),
    "purpose": QT_TRANSLATE_NOOP("handbook", "Purpose"),
    OWN: QT_TRANSLATE_NOOP("handbook", "Your own"),
    "colours": QT_TRANSLATE_NOOP("handbook", "Colours"),
    "shapes": QT_TRANSLATE_NOOP("handbook", "Shapes"),
    "sizes": QT_TRANSLATE_NOOP("handbook", "Sizes"),
    "places": QT_TRANSLATE_NOOP("handbook", "Places"),
    "relations": QT_TRANSLATE_NOOP("handbook", "One to the other"),
}
"""The groups in their order, the user's own behind ours, those of the built-in model at the end."""

_OF_KIND = {
    "colours": QT_TRANSLATE_NOOP("handbook", "The colour of a shape, or of the ground behind it."),
    "shapes": QT_TRANSLATE_NOOP("handbook", "What is drawn; two shapes in one picture work, too."),
    "sizes": QT_TRANSLATE_NOOP("handbook", "How much room the shape takes."),
    "places": QT_TRANSLATE_NOOP("handbook", "Where on the picture the shape stands."),
    "relations": QT_TRANSLATE_NOOP("handbook", "Where one of two shapes stands beside the other."),
}


@dataclass(frozen=True)
class Modifier:
    """A row of the handbook: ``words`` to insert, ``title`` and ``about`` in the language of the window."""

    group: str
    words: str
    title: str
    about: str
    separator: str = ", "
    entry: Entry | None = None  # of the user's own

    def matches(self, query: str) -> bool:
        """Whether each word of ``query`` is somewhere in it, in any language it has."""
        texts = [self.title, self.words, self.about, group_title(self.group), GROUPS.get(self.group, "")]
        if self.entry is not None:
            texts += [*self.entry.words.values(), *self.entry.about.values()]
        whole = " ".join(texts).casefold()
        return all(word in whole for word in query.casefold().split())


def group_title(group: str) -> str:
    """What a group is called in the language of the window; a group of the user's is called what it is."""
    return QCoreApplication.translate("handbook", GROUPS[group]) if group in GROUPS else group


class Handbook(QObject):
    """``changed`` tells that the user's own entries are others now."""

    changed = Signal()

    def __init__(self, path: Path | None, lane: Lane, messages: Messages, parent: QObject | None = None) -> None:
        """The user's own entries in the file at ``path``; without one they are forgotten when the program ends."""
        super().__init__(parent)
        self._file, self._messages = KeptFile(path, lane, messages), messages
        content = storage.read_shipped(paths.resources() / "handbook" / "handbook.json")
        self.shipped: Sequence[Entry] = tuple(storage.entries_in(content))
        self._own: list[Entry] = []
        self._vocabulary = read_vocabulary()

    @property
    def own(self) -> Sequence[Entry]:
        """The user's own entries."""
        return tuple(self._own)

    def open(self) -> None:
        """Read the user's own."""

        def arrived(entries: list[Entry]) -> None:
            self._own = [*entries, *self._own]
            self.changed.emit()

        self._file.read(storage.read_entries, arrived)

    def modifiers(self, language: str, reads: Sequence[str], builtin: bool) -> list[Modifier]:
        """What there is for a model that ``reads`` these languages, told in ``language``, in the order of the groups.

        Words are in ``language`` if the model reads it, else in English. The built-in model knows only its own.
        """
        spoken = language if language in reads or not reads else "en"
        found = self._words_of_builtin(spoken) if builtin else []
        if not builtin:
            for entry in self.shipped:
                title, about = entry.in_language(language)
                found.append(Modifier(entry.group, entry.in_language(spoken)[0], title, about, entry=entry))
        for entry in self._own:
            title, about = entry.in_language(language)
            separator = " " if builtin else ", "
            found.append(Modifier(entry.group, entry.in_language(spoken)[0], title, about, separator, entry))
        order = list(GROUPS)
        return sorted(found, key=lambda row: order.index(row.group) if row.group in order else len(order))

    def _words_of_builtin(self, language: str) -> list[Modifier]:
        kinds = self._vocabulary.get(language) or self._vocabulary.get("en") or {}
        return [
            Modifier(kind, word, word, QCoreApplication.translate("handbook", _OF_KIND[kind]), " ")
            for kind, words in kinds.items()
            for word in words
        ]

    # ------------------------------------------------------------------ the user's own

    def is_own(self, entry: Entry | None) -> bool:
        return entry is not None and any(entry is own for own in self._own)

    def save(self, entry: Entry, in_place_of: Entry | None = None) -> None:
        """Keep an entry of one's own, or put it where another one was."""
        rows = [entry if row is in_place_of else row for row in self._own]
        self._own = rows if in_place_of is not None and entry in rows else [*self._own, entry]
        self._changed()

    def delete(self, entry: Entry) -> None:
        """Throw one of one's own away; a message offers to take that back."""
        if not self.is_own(entry):
            return
        self._own = [own for own in self._own if own is not entry]
        self._changed()
        text = self.tr("“{words}” is out of the handbook.").format(words=entry.in_language("en")[0])
        self._messages.note(text, Action(self.tr("Undo"), lambda: self.save(entry)))

    def _changed(self) -> None:
        own = tuple(self._own)
        self._file.write(lambda path: storage.write_entries(path, own))
        self.changed.emit()
