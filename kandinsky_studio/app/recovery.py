"""Brings back what was open when the program ended without being asked to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Action, Messages
from kandinsky_studio.app.sheet import Sheet
from kandinsky_studio.errors import NewerFile, NotRecovered
from kandinsky_studio.storage.durable import sweep_partials
from kandinsky_studio.storage.recovering import (
    ATTEMPTS,
    Orphan,
    Recovered,
    discard,
    give_up,
    orphans,
    recover,
    survived,
    sweep,
    tried,
)

SURVIVED = 100  # milliseconds after which a document that is shown has been painted: its journal is harmless
AT_WORK = 60.0  # seconds that a file may have been written after the last step before the program died
LISTED = 4  # names in one message


class Recovery(QObject):
    """Looks once, when the program starts, for journals in ``folder`` that nobody closed.

    They are read in ``lane``; ``add`` opens a document in a tab. ``own`` gives the folders of journals that are in
    use. A journal at which the program has died some times is only read again if the user wants it. ``ended`` tells that
    everything there was has been shown.
    """

    ended = Signal()

    def __init__(
        self,
        folder: Path,
        lane: Lane,
        messages: Messages,
        add: Callable[[Recovered], Sheet],
        own: Callable[[], set[Path]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._folder = folder
        self._lane = lane
        self._messages = messages
        self._add = add
        self._own = own
        self._back: list[str] = []
        self._shown: list[Path] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SURVIVED)
        self._timer.timeout.connect(self.close)

    def start(self) -> None:
        """Look; documents come one after the other, then a message."""

        def look() -> list[Orphan]:
            sweep(self._folder)
            return orphans(self._folder)

        def failed(error: Exception) -> None:
            self._messages.error(error)
            self.ended.emit()

        self._lane.run(look, self._read_each, failed)

    @Slot()
    def close(self) -> None:
        """The program lives on, or ends as it was asked to: what it has shown did no harm."""
        self._timer.stop()
        for folder in self._shown:
            survived(folder)
        self._shown.clear()

    def _read_each(self, found: list[Orphan]) -> None:
        own = self._own()
        for orphan in reversed(found):
            if orphan.folder not in own:
                self._lane.run(
                    lambda orphan=orphan: self._read(orphan),  # type: ignore[misc]
                    self._arrived,
                    lambda error, orphan=orphan: self._failed(orphan, error),  # type: ignore[misc]
                )
        self._lane.run(lambda: None, lambda _: self._tell(), self._messages.error)

    def _read(self, orphan: Orphan) -> Recovered | None:
        """In the lane. None if there is nothing in it that could be lost."""
        if orphan.newer:
            raise NewerFile(file=self._name(orphan))
        try:
            attempt = tried(orphan.folder)
        except OSError:  # a full disk must not keep anybody from what was painted
            attempt = 1
        if attempt > ATTEMPTS:
            raise NotRecovered(document=self._name(orphan), folder=orphan.folder)
        try:
            recovered = recover(orphan.folder)
        except MemoryError:
            raise  # at the next start there may be more
        except Exception as error:
            raise NotRecovered(document=self._name(orphan), folder=give_up(orphan.folder)) from error
        for folder in {path.resolve().parent for path in recovered.unfinished}:
            sweep_partials(folder, before=orphan.changed + AT_WORK)
        document = recovered.document
        if document.history.saved and not document.history.names and document.path is document.source is None:
            discard(orphan.folder)
            return None
        return recovered

    def _arrived(self, recovered: Recovered | None) -> None:
        if recovered is None:
            return
        sheet = self._add(recovered)
        if sheet.unsaved:
            self._back.append(sheet.title)
        self._shown.append(recovered.folder)
        if not self._timer.isActive():
            self._timer.start()

    def _failed(self, orphan: Orphan, error: Exception) -> None:
        if not orphan.folder.exists():  # it is damaged, and was put aside
            self._messages.error(error)
        elif isinstance(error, NotRecovered):
            again = Action(self.tr("Try again"), lambda: self._try_again(orphan))
            drop = Action(self.tr("Throw it away"), lambda: self._drop(orphan))
            self._messages.error(error, again, drop)
        elif isinstance(error, NewerFile):
            self._messages.error(error)
        else:
            survived(orphan.folder)  # nothing is wrong with it; at the next start there may be more memory
            self._messages.error(error)

    def _try_again(self, orphan: Orphan) -> None:
        if orphan.folder.exists():
            survived(orphan.folder)
            self._read_each([orphan])

    def _drop(self, orphan: Orphan) -> None:
        if orphan.folder not in self._own():
            self._lane.run(lambda: discard(orphan.folder), lambda _: None, self._messages.error)

    def _tell(self) -> None:
        names, self._back = self._back, []
        if len(names) == 1:
            text = self.tr("{document} is back, as it was when the program ended.")
            self._messages.note(text.format(document=names[0]))
        elif names:
            text = self.tr("{count} documents are back, as they were when the program ended: {documents}")
            listed = ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
            self._messages.note(text.format(count=len(names), documents=listed))
        self.ended.emit()

    def _name(self, orphan: Orphan) -> str:
        return orphan.path.name if orphan.path else self.tr("A document without a name")
