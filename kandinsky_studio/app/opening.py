"""Documents on their way from the disk: what is read now, how far it has got, and how that is called off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.errors import Cancelled
from kandinsky_studio.storage.documents import ReadDocument, read_document
from kandinsky_studio.storage.reading import Reading
from kandinsky_studio.storage.records import Stamp, stamp_of


@dataclass(eq=False)
class Waited:
    """A file that somebody waits for. ``picture`` is a small picture of it, as soon as there is one; ``share`` how
    much of it is read, 0 … 1, as far as its reader tells."""

    path: Path
    picture: QImage | None = None
    share: float = 0.0
    reading: Reading = field(default_factory=Reading)


class Opening(QObject):
    """Reads files one after the other in ``lane``; ``waited`` are those that are not there yet, in order."""

    changed = Signal()
    _heard = Signal(object, object)  # Waited, and its picture or share; from other threads

    def __init__(self, lane: Lane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self.waited: list[Waited] = []
        self._heard.connect(self._hear)

    def read(
        self, path: Path, arrived: Callable[[tuple[Stamp, ReadDocument]], None], failed: Callable[[Exception], None]
    ) -> None:
        """Read ``path``, then call one of the two, here; neither if it is called off."""
        one = Waited(path)
        one.reading = Reading(lambda image: self._heard.emit(one, image), lambda share: self._heard.emit(one, share))
        self.waited.append(one)
        self.changed.emit()

        def work() -> tuple[Stamp, ReadDocument]:
            one.reading.check()
            return stamp_of(path), read_document(path, one.reading)

        def done(found: tuple[Stamp, ReadDocument]) -> None:
            if self._forget(one):
                arrived(found)

        def broken(error: Exception) -> None:
            if self._forget(one) and not isinstance(error, Cancelled):
                failed(error)

        self._lane.run(work, done, broken)

    @Slot()
    def cancel(self) -> None:
        """Call off what is read now. A reader that can't be stopped goes on, for nobody."""
        if self.waited:
            self.waited[0].reading.cancel()
            self._forget(self.waited[0])

    def cancel_all(self) -> None:
        while self.waited:
            self.cancel()

    def _forget(self, one: Waited) -> bool:
        """Whether somebody still waited for it."""
        if one not in self.waited:
            return False
        self.waited.remove(one)
        self.changed.emit()
        return True

    @Slot(object, object)
    def _hear(self, one: Waited, said: QImage | float) -> None:
        if one not in self.waited:
            return
        if isinstance(said, QImage):
            one.picture = said
        else:
            one.share = max(one.share, said)
        self.changed.emit()
