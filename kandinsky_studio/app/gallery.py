"""The library as a service: pictures are saved the moment they exist, found again, exported, thrown away and fetched back.

Everything that touches the disk runs in one lane. A picture that could not be saved stays here, in memory, until it
is saved again or elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from kandinsky_studio.app import trash
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.trash import Discarded
from kandinsky_studio.engine.request import GenerationRequest, GenerationResult, Pixels
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.library import Entry, Library
from kandinsky_studio.storage.pictures import FORMATS, export, read_pixels, read_request, save_png

PAGE = 200  # entries fetched at once


@dataclass(frozen=True, eq=False)
class Item:
    """A row of the gallery: an entry of the library, or a picture that could not be saved yet."""

    request: GenerationRequest
    width: int
    height: int
    entry: Entry | None = None
    unsaved: GenerationResult | None = None

    @property
    def path(self) -> Path | None:
        """The file, if there is one."""
        return None if self.entry is None else self.entry.path

    def is_same(self, other: Item | None) -> bool:
        """Whether both stand for one picture; an entry read twice is the same picture."""
        if self.entry is not None and other is not None and other.entry is not None:
            return self.entry.id == other.entry.id
        return self is other


class Gallery(QObject):
    """All pictures there are. Nothing here waits; what was asked for arrives in a callback or a signal."""

    opened = Signal()  # the library can be searched
    added = Signal(object)  # Item, at the head of the gallery
    removed = Signal(object)  # Item
    restored = Signal()  # thrown-away pictures are back; any row may have changed
    returned = Signal(object)  # Item, of those that came back the one to look at
    undo_changed = Signal()

    def __init__(self, folder: Path, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._messages = messages
        self._lane = Lane("library", self)
        self._library: Library | None = None  # used in the lane only
        self._unsaved: list[Item] = []
        self._discarded: list[list[Discarded]] = []

    # ------------------------------------------------------------------ opening and closing

    def open(self) -> None:
        """Open the library and bring its index up to date with the files."""

        def work() -> None:
            self._opened().synchronise()

        self._lane.run(work, lambda _: self.opened.emit(), self._messages.error)

    def close(self) -> None:
        """Finish saving, then close the library."""

        def work() -> None:
            if self._library is not None:
                self._library.close()
                self._library = None

        self._lane.run(work, lambda _: None, self._messages.error)
        self._lane.close()

    def flush(self) -> None:
        """Wait until everything asked for so far is done, so that :attr:`unsaved` tells the truth."""
        self._lane.flush()

    def _opened(self) -> Library:
        """In the lane. Opened when first needed, and again after it failed: the folder may be writable by then."""
        if self._library is None:
            self._library = Library(self.folder)
        return self._library

    # ------------------------------------------------------------------ saving

    def keep(self, result: GenerationResult) -> None:
        """Save a picture. May be called from any thread."""
        self._lane.run(
            lambda: self._opened().add(result),
            lambda entry: self.added.emit(self._item(entry)),
            lambda error: self._not_saved(result, error),
        )

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call ``call``, here, once every picture that was given so far is saved or known not to be."""
        self._lane.run(lambda: None, lambda _: call(), self._messages.error)

    @property
    def unsaved(self) -> Sequence[Item]:
        """Pictures that could not be saved, oldest first."""
        return tuple(self._unsaved)

    def save_again(self) -> None:
        """Try to save all unsaved pictures once more."""
        waiting, self._unsaved = self._unsaved, []
        for item in waiting:
            self.removed.emit(item)
            if item.unsaved is not None:
                self.keep(item.unsaved)

    def _not_saved(self, result: GenerationResult, error: Exception) -> None:
        height, width = result.image.shape[:2]
        item = Item(result.request, width, height, unsaved=result)
        self._unsaved.append(item)
        self.added.emit(item)
        self._messages.error(error, Action(self.tr("Save again"), self.save_again))

    def _drop_unsaved(self, item: Item) -> None:
        if item in self._unsaved:
            self._unsaved.remove(item)
            self.removed.emit(item)

    # ------------------------------------------------------------------ finding and reading

    def page(self, words: str, before: Item | None, show: Callable[[list[Item]], None]) -> None:
        """Give ``show`` the next entries, newest first, that match ``words`` and are older than ``before``."""
        before_id = before.entry.id if before is not None and before.entry is not None else None

        def work() -> list[Item]:
            return [self._item(entry) for entry in self._opened().entries(words, before_id, PAGE)]

        self._lane.run(work, show, self._messages.error)

    def read(self, item: Item, show: Callable[[Pixels], None]) -> None:
        """Give ``show`` the pixels of ``item``, uint8 (height, width, 3)."""
        if item.unsaved is not None:
            show(item.unsaved.image)
        elif item.entry is not None:
            path = item.entry.path
            self._lane.run(lambda: read_pixels(path), show, self._messages.error)

    def read_file(self, path: Path) -> tuple[Pixels, GenerationRequest]:
        """The pixels of a picture file, and how it was made. Waits. Raises what reading it raises."""
        return read_pixels(path), read_request(path)

    def export(self, item: Item, path: Path, quality: int = 95) -> None:
        """Write ``item`` to ``path``; the suffix chooses PNG, JPEG or WebP, and PNG is added to any other name.

        ``quality`` (1…100) is for JPEG and WebP.
        """
        if path.suffix.lower() not in FORMATS:
            path = path.with_name(path.name + ".png")

        def work() -> None:
            if item.entry is not None:
                export(item.entry.path, path, quality)
            elif item.unsaved is not None:
                _export_result(item.unsaved, path, quality)

        def done(_: None) -> None:
            self._drop_unsaved(item)
            self._messages.note(self.tr("Saved as {file}.").format(file=path))

        self._lane.run(work, done, self._messages.error)

    def export_unsaved(self, folder: Path, name: Callable[[str], str]) -> None:
        """Write all pictures that could not be saved into ``folder``, as PNG; ``name`` makes a file name of a prompt."""
        for item in self.unsaved:
            stem = f"{name(item.request.prompt)} {item.request.prior_seed} {item.request.seed}"
            self.export(item, folder / f"{stem}.png")

    # ------------------------------------------------------------------ the trash

    @property
    def can_undo(self) -> bool:
        """Whether pictures thrown away since the start can be fetched back."""
        return bool(self._discarded)

    def discard(self, items: Sequence[Item]) -> None:
        """Move pictures to the system's trash; a message offers to take that back."""
        saved = [item for item in items if item.entry is not None]

        def work() -> tuple[list[tuple[Item, Discarded]], StudioError | None]:
            gone: list[tuple[Item, Discarded]] = []
            for item in saved:
                assert item.entry is not None
                try:
                    discarded = trash.throw_away(item.entry.path)
                except StudioError as error:
                    return gone, error
                self._opened().forget(item.entry.id)
                gone.append((item, discarded))
            return gone, None

        def done(outcome: tuple[list[tuple[Item, Discarded]], StudioError | None]) -> None:
            gone, error = outcome
            for item, _ in gone:
                self.removed.emit(item)
            if gone:
                self._discarded.append([discarded for _, discarded in gone])
                self.undo_changed.emit()
                text = (
                    self.tr("The picture is in the trash.")
                    if len(gone) == 1
                    else self.tr("Pictures moved to the trash: {count}.").format(count=len(gone))
                )
                self._messages.note(text, Action(self.tr("Undo"), self.undo_discard))
            if error is not None:
                self._messages.error(error)

        for item in items:
            if item.unsaved is not None:
                self._drop_unsaved(item)
        if saved:
            self._lane.run(work, done, self._messages.error)

    def undo_discard(self) -> None:
        """Fetch the pictures that were thrown away last out of the trash."""
        if not self._discarded:
            return
        batch = self._discarded.pop()
        self.undo_changed.emit()

        def work() -> tuple[list[Entry], StudioError | None]:
            back, failed = [], None
            for discarded in batch:
                try:
                    trash.fetch_back(discarded)
                    back.append(self._opened().readopt(discarded.path))
                except StudioError as error:
                    failed = error
            return back, failed

        def done(outcome: tuple[list[Entry], StudioError | None]) -> None:
            back, failed = outcome
            self.restored.emit()
            if back:
                self.returned.emit(self._item(back[0]))
                self._messages.note(  # in place of the one that still offers to take the deletion back
                    self.tr("The picture is back in the gallery.")
                    if len(back) == 1
                    else self.tr("Pictures brought back to the gallery: {count}.").format(count=len(back))
                )
            if failed is not None:
                self._messages.error(failed)

        self._lane.run(work, done, self._messages.error)

    @staticmethod
    def _item(entry: Entry) -> Item:
        return Item(entry.request, entry.width, entry.height, entry=entry)


def _export_result(result: GenerationResult, path: Path, quality: int) -> None:
    """An unsaved picture has no file to export from, so it gets one for a moment, unless PNG is what is wanted."""
    if path.suffix.lower() == ".png":
        save_png(path, result)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "picture.png"
        save_png(source, result)
        export(source, path, quality)
