"""The pigments: ideas of finished pictures, kept to be mixed again. What touches the disk runs in a lane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app import trash
from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.trash import Discarded
from kandinsky_studio.engine.embeddings import SavedEmbedding
from kandinsky_studio.engine.models import find
from kandinsky_studio.engine.request import Embedding, GenerationRequest, GenerationResult, Pixels
from kandinsky_studio.errors import NoIdea, StudioError
from kandinsky_studio.storage import pigments as storage
from kandinsky_studio.storage.pictures import read_pixels, read_record
from kandinsky_studio.storage.pigments import Pigment

_WORDS = 40  # characters of a prompt that become the name of a pigment


class Pigments(QObject):
    """What is on the palette, in the order of the names. ``changed`` tells that it is something else now,
    ``saved`` carries the :class:`Pigment` that was just kept."""

    changed = Signal()
    saved = Signal(object)

    def __init__(self, folder: Path, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._messages = messages
        self._lane = Lane("pigments", self)
        self._all: list[Pigment] = []

    @property
    def all(self) -> Sequence[Pigment]:
        return tuple(self._all)

    def named(self, name: str) -> Pigment | None:
        """The pigment called ``name``."""
        return next((pigment for pigment in self._all if pigment.name == name), None)

    def open(self) -> None:
        """Read what there is."""

        def arrived(read: tuple[list[Pigment], list[StudioError]]) -> None:
            found, broken = read
            self._all = found
            self.changed.emit()
            for error in broken:
                self._messages.error(error)

        self._lane.run(lambda: storage.read_all(self.folder), arrived, self._messages.error)

    def flush(self) -> None:
        """Wait until all that was asked for is done."""
        self._lane.flush()

    def close(self) -> None:
        """Finish what was asked for, and end the thread."""
        self._lane.close()

    # ------------------------------------------------------------------ keeping

    def save_result(self, result: GenerationResult) -> None:
        """Keep the idea of a picture that was just made."""
        self._save(lambda: (result.request, result.image_embeds, result.image))

    def save_item(self, item: Item) -> None:
        """Keep the idea of a picture of the gallery."""
        path = item.path
        if item.unsaved is not None:
            self.save_result(item.unsaved)
        elif path is not None:

            def read() -> tuple[GenerationRequest, Embedding | None, Pixels]:
                record, _ = read_record(path)
                return record.request, record.image_embeds, read_pixels(path)

            self._save(read)

    def _save(self, source: Callable[[], tuple[GenerationRequest, Embedding | None, Pixels]]) -> None:
        default = self.tr("Pigment")

        def work() -> Pigment:
            request, image_embeds, picture = source()
            if image_embeds is None:
                raise NoIdea
            embedding = SavedEmbedding(image_embeds, find(request.model).encoder())
            return storage.save(self.folder, _name(request) or default, embedding, picture)

        def done(pigment: Pigment) -> None:
            self._put(pigment)
            self._messages.note(self.tr("“{name}” is on the palette.").format(name=pigment.name))
            self.saved.emit(pigment)

        self._lane.run(work, done, self._messages.error)

    def _put(self, pigment: Pigment, before: Pigment | None = None) -> None:
        others = [other for other in self._all if other is not before]
        self._all = sorted([*others, pigment], key=lambda pigment: pigment.name.casefold())
        self.changed.emit()

    # ------------------------------------------------------------------ order

    def rename(self, pigment: Pigment, name: str) -> None:
        """Call it something else; a number is added to a name that is taken. Nothing but blanks leaves it as it is."""
        if name.strip():
            self._lane.run(
                lambda: storage.rename(pigment, name), lambda renamed: self._put(renamed, pigment), self._messages.error
            )

    def discard(self, pigment: Pigment) -> None:
        """To the system's trash; a message offers to take that back."""

        def done(gone: list[Discarded]) -> None:
            self._all = [other for other in self._all if other is not pigment]
            self.changed.emit()
            text = self.tr("The pigment “{name}” is in the trash.").format(name=pigment.name)
            self._messages.note(text, Action(self.tr("Undo"), lambda: self._bring_back(gone)))

        self._lane.run(lambda: [trash.throw_away(path) for path in reversed(pigment.files)], done, self._messages.error)

    def _bring_back(self, gone: list[Discarded]) -> None:
        def work() -> Pigment:
            for discarded in reversed(gone):
                trash.fetch_back(discarded)
            return storage.read(gone[0].path)

        def done(pigment: Pigment) -> None:
            self._put(pigment)
            self._messages.note(self.tr("“{name}” is on the palette.").format(name=pigment.name))

        if gone:
            self._lane.run(work, done, self._messages.error)


def stored_idea(path: Path) -> tuple[SavedEmbedding, str] | None:
    """The idea that the picture at ``path`` was drawn from, and the model that drew it; None if it can't be had.

    Of a picture of this program only, that was made from nothing but its idea, by the model as it is on this computer.
    Waits on the disk.
    """
    try:
        record, _ = read_record(path)
        request = record.request
        if record.image_embeds is None or request.task not in ("text2image", "mix"):
            return None
        files = find(request.model)
        if files.fingerprint() != record.weights:  # other weights may see pictures differently
            return None
        return SavedEmbedding(record.image_embeds, files.encoder()), request.model
    except (StudioError, OSError, ValueError, TypeError):
        return None


def _name(request: GenerationRequest) -> str:
    words = " ".join(request.prompt.split())
    if len(words) <= _WORDS:
        return words
    return words[:_WORDS].rsplit(" ", 1)[0]
