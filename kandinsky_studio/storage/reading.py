"""What whoever waits for a document hears of it while it is read, and how the reading is called off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kandinsky_studio.errors import Cancelled

if TYPE_CHECKING:
    from PySide6.QtGui import QImage


class Reading:
    """``picture`` gets a small picture of the document, if the file has one; ``share`` how much of it is read, 0 … 1.

    Both are called in the threads that read.
    """

    def __init__(
        self,
        picture: Callable[[QImage], None] = lambda image: None,
        share: Callable[[float], None] = lambda share: None,
    ) -> None:
        self.picture = picture
        self._share = share
        self._lock = threading.Lock()
        self._done = self._all = 0
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Nobody waits any more. From any thread."""
        self._cancelled.set()

    def begin(self, amount: int) -> None:
        """There is as much to read; in whatever measure."""
        self._all = amount

    def advance(self, amount: int) -> None:
        """As much more is read."""
        with self._lock:
            self._done += amount
            self._share(self._done / self._all)

    def check(self) -> None:
        """Raises ``Cancelled`` if nobody waits any more."""
        if self.cancelled:
            raise Cancelled
