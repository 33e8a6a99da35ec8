"""The queue on the disk, and what was learned of times: written and read in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.errors import QueueNotKept, StudioError
from kandinsky_studio.storage import paces
from kandinsky_studio.storage.paces import Paces
from kandinsky_studio.storage.queue_files import KeptJob, QueueFiles

T = TypeVar("T")


class QueueKeeping(QObject):
    """What is asked for is done in order. Without a ``folder`` nothing outlives the program."""

    def __init__(
        self, folder: Path | None, times: Path | None, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._files = QueueFiles(folder) if folder is not None else None
        self._times = times
        self._messages = messages
        self._lane = Lane("queue", self)
        self._order: list[str] | None = None  # to be written
        self._complained = False

    def open(self, done: Callable[[Paces, list[KeptJob], list[StudioError]], None]) -> None:
        """Read what there is."""

        def work() -> tuple[Paces, list[KeptJob], list[StudioError]]:
            found, broken = self._files.read_all() if self._files is not None else ([], [])
            return paces.load(self._times) if self._times is not None else Paces(), found, broken

        self._lane.run(work, lambda read: done(*read), self._messages.error)

    def keep(self, job: KeptJob) -> None:
        """Write ``job``."""
        if (files := self._files) is not None:
            self._lane.run(lambda: files.keep(job), lambda _: self._works(), self._complain)

    def drop(self, name: str) -> None:
        """Forget a job."""
        if (files := self._files) is not None:
            self._lane.run(lambda: files.drop(name), lambda _: None, self._complain)

    def put_in_order(self, names: Sequence[str]) -> None:
        """Write the order of the jobs; of several asked for one after another, the last."""
        if (files := self._files) is None:
            return
        self._order = list(names)

        def work() -> None:
            order, self._order = self._order, None
            if order is not None:
                files.put_in_order(order)

        self._lane.run(work, lambda _: None, self._complain)

    def keep_paces(self, learned: Paces) -> None:
        """Write what was learned."""
        if (file := self._times) is not None:
            values = learned.to_json()
            self._lane.run(lambda: paces.save(values, file), lambda _: None, self._complain)

    def run(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Something else that takes a moment, after all that."""
        self._lane.run(work, done, self._messages.error)

    def flush(self) -> None:
        """Wait until everything so far is written."""
        self._lane.flush()

    def close(self) -> None:
        """Write what is to be written, and end the thread."""
        self._lane.close()

    def _works(self) -> None:
        self._complained = False

    def _complain(self, error: Exception) -> None:
        """Once, until it works again: a message at every job would be noise."""
        if not self._complained:
            self._complained = True
            folder = self._files.folder if self._files is not None else ""
            self._messages.error(QueueNotKept(folder=folder) if isinstance(error, StudioError) else error)
