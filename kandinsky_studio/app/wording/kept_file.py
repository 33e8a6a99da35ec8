"""A file of the user's own words: read once, written whenever they change, both in a lane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.errors import NewerFile

T = TypeVar("T")


class KeptFile:
    """The file at ``path``; without one nothing is kept. What goes wrong with it is told in ``messages``."""

    def __init__(self, path: Path | None, lane: Lane, messages: Messages) -> None:
        self._path, self._lane, self._messages = path, lane, messages

    def read(self, work: Callable[[Path], T], arrived: Callable[[T], None]) -> None:
        """Call ``arrived`` with what ``work`` made of the file, in the lane. What a newer program wrote is never written."""

        def failed(error: Exception) -> None:
            if isinstance(error, NewerFile):
                self._path = None  # it is left as it is, and nobody is told of it again
            self._messages.error(error)

        if (path := self._path) is not None:
            self._lane.run(lambda: work(path), arrived, failed)

    def write(self, work: Callable[[Path], None]) -> None:
        """Have ``work`` write the file, in the lane: what it writes must not change any more."""
        if (path := self._path) is not None:
            self._lane.run(lambda: work(path), lambda _: None, self._messages.error)
