"""An open document, as the tabs and panels know it."""

from __future__ import annotations

import itertools
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, Signal

from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.storage.journal import Journal

_numbers = itertools.count(1)


class Sheet(QObject):
    """``title`` is what its tab says; ``number`` tells the unnamed ones apart."""

    changed = Signal(object)  # Change
    named = Signal()  # its file, or whether there is something to save
    settled = Signal()  # what was being saved is saved, or could not be

    def __init__(self, document: Document, journal: Journal | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.journal = journal
        self.number = next(_numbers)
        self._saves = 0
        self._was_saved = document.history.saved
        self._unwatch = document.watch(self._tell)

    @property
    def path(self) -> Path | None:
        return self.document.path

    @property
    def title(self) -> str:
        """The name of its file; of one that has none, what it was made from or is called, or a number."""
        path = self.document.path or self.document.source
        if path is not None:
            return path.name
        if self.document.title:
            return self.document.title
        return QCoreApplication.translate("Workbench", "Unnamed {number}").format(number=self.number)

    @property
    def unsaved(self) -> bool:
        """Whether closing it would lose something."""
        return not self.document.history.saved

    @property
    def saving(self) -> bool:
        """Whether it is being written to a file."""
        return self._saves > 0

    def begin_saving(self) -> None:
        self._saves += 1

    def end_saving(self) -> None:
        """Tells so once no other saving is under way."""
        self._saves -= 1
        self.check()
        if not self._saves:
            self.settled.emit()

    def close(self, keep_journal: bool = False) -> None:
        self._unwatch()
        if self.journal is not None:
            self.journal.close(keep_journal)
        self.document.history.close()

    def check(self) -> None:
        """Tell whether there is something to save, if that is different now."""
        if self._was_saved != self.document.history.saved:
            self._was_saved = self.document.history.saved
            self.named.emit()

    def _tell(self, change: Change) -> None:
        self.changed.emit(change)
        if change.action:
            self.check()
