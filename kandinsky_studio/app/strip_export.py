"""Writing the strip to the disk: films and numbered pictures, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.strip import Strip
from kandinsky_studio.errors import Cancelled
from kandinsky_studio.storage import animation
from kandinsky_studio.storage.animation import OnFrame
from kandinsky_studio.storage.animation import Pace as Pace


class StripExport(QObject):
    """One export at a time. ``changed``: it is further, or over; ``written`` carries the path."""

    changed = Signal()
    written = Signal(object)  # Path
    _counted = Signal(int)  # from the lane

    def __init__(self, strip: Strip, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strip = strip
        self._messages = messages
        self._lane = Lane("strip", self)
        self._giving_up = threading.Event()
        self._progress: tuple[int, int] | None = None
        self._counted.connect(self._count)

    def close(self) -> None:
        """Give up an export that is not finished, and end the thread."""
        self._giving_up.set()
        self._lane.close(drop=True)

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many frames of how many are written; None if nothing is being exported."""
        return self._progress

    def film(self, path: Path, pace: Pace) -> None:
        """Write a film of what is made; the suffix chooses GIF, WebP or MP4, and MP4 is added to any other name."""
        writers = {".gif": animation.write_gif, ".webp": animation.write_webp, ".mp4": animation.write_video}
        if path.suffix.lower() not in writers:
            path = path.with_name(path.name + ".mp4")
        write = writers[path.suffix.lower()]
        images = [result.image for result in self._strip.to_export()]
        self._export(path, len(pace.order(len(images))), lambda on_frame: write(path, images, pace, on_frame))

    def frames(self, folder: Path) -> None:
        """Write each frame as a PNG file into a new folder; a number is added to a name that is taken."""
        results, folder = self._strip.to_export(), animation.free_folder(folder)
        self._export(folder, len(results), lambda on_frame: animation.write_frames(folder, results, on_frame))

    def cancel(self) -> None:
        """Leave it; what was there before stays as it is."""
        self._giving_up.set()

    def _export(self, path: Path, count: int, write: Callable[[OnFrame], None]) -> None:
        if self._progress is not None or not count:
            return
        self._giving_up.clear()
        self._progress = (0, count)
        self.changed.emit()

        def on_frame(done: int) -> None:
            if self._giving_up.is_set():
                raise Cancelled
            self._counted.emit(done)

        def over() -> None:
            self._progress = None
            self.changed.emit()

        def done(_: None) -> None:
            over()
            self._messages.note(self.tr("Saved as {file}.").format(file=path))
            self.written.emit(path)

        def failed(error: Exception) -> None:
            over()
            if not isinstance(error, Cancelled):
                self._messages.error(error)

        self._lane.run(lambda: write(on_frame), done, failed)

    @Slot(int)
    def _count(self, done: int) -> None:
        if self._progress is not None:
            self._progress = (done, self._progress[1])
            self.changed.emit()
