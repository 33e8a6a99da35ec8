"""Whether there is a newer version: looked for when the user asks, and never else. Nothing is fetched but the news."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from kandinsky_studio import __version__
from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import described
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import Cancelled, NetworkOff, StudioError
from kandinsky_studio.storage import news
from kandinsky_studio.storage.news import News as News

if TYPE_CHECKING:
    from kandinsky_studio.storage.models.hub import Hub


class Updates(QObject):
    """``changed`` tells that the look began or ended.

    ``news`` is what was found, None before and if it failed; ``error`` says then why.
    """

    changed = Signal()

    def __init__(self, remembering: Remembering, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._remembering = remembering
        self._lane = Lane("updates", self)
        self._guard = threading.Lock()
        self._hub: Hub | None = None
        self._wanted = 0  # the number of the look whose outcome counts
        self.looking = False
        self.news: News | None = None
        self.error: StudioError | None = None

    @property
    def shipped(self) -> str:
        """Where this copy of the program says that its news are; empty if it names no place."""
        return news.shipped_address()

    @property
    def address(self) -> str:
        """Where to look: what the user wrote, or else :attr:`shipped`."""
        return self._remembering.values.news_address or self.shipped

    def use_address(self, address: str) -> None:
        """Look at ``address`` from now on; with an empty one, where the program says."""
        self._remembering.set(news_address=address.strip())

    @property
    def is_newest(self) -> bool:
        """Whether what was found is no newer than this program."""
        return self.news is not None and not self.news.newer_than(__version__)

    def look(self) -> None:
        """Ask. Does nothing while that goes on."""
        if self.looking:
            return
        self._wanted += 1
        self.looking, self.news, self.error = True, None, None
        self.changed.emit()
        number, address, proxy = self._wanted, self.address, self._remembering.values.proxy
        if not self._remembering.values.network:
            self._failed(number, NetworkOff())
            return
        self._lane.run(
            lambda: self._fetch(number, address, proxy),
            lambda found: self._found(number, found),
            lambda error: self._failed(number, error),
        )

    def stop(self) -> None:
        """What is looked for is not wanted any more."""
        self._wanted += 1
        with self._guard:
            if self._hub is not None:
                self._hub.abort()
        if self.looking:
            self.looking = False
            self.changed.emit()

    def flush(self) -> None:
        """Wait until the look is over."""
        self._lane.flush()

    def close(self) -> None:
        """End the thread."""
        self.stop()
        self._lane.close(drop=True)

    def _fetch(self, number: int, address: str, proxy: str) -> News:
        hub, path = news.hub_of(address, proxy)
        with self._guard:
            self._hub = hub
        try:
            if number != self._wanted:
                raise Cancelled
            return news.fetch(hub, path)
        finally:
            with self._guard:
                self._hub = None
            hub.close()

    def _found(self, number: int, found: News) -> None:
        if number == self._wanted:
            self.looking, self.news = False, found
            self.changed.emit()

    def _failed(self, number: int, error: Exception) -> None:
        if number == self._wanted:
            self.looking = False
            self.error = error if isinstance(error, StudioError) else described(error)
            self.changed.emit()
