"""A thread for work that waits on the disk: one thing after another, outcomes back in the owner's thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

T = TypeVar("T")


class Lane(QObject):
    """Runs what it is given in one thread of its own, in order. :meth:`run` may be called from any thread."""

    _outcome = Signal(object)  # a function to call in the thread this object belongs to

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._closed = False
        self._outcome.connect(self._call)

    def run(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        """Do ``work`` in the lane, then ``done`` with what it returned or ``failed`` with what it raised, here."""

        if self._closed:
            return  # nobody is left to hear of the outcome

        def labour() -> None:
            try:
                value = work()
            except Exception as error:  # noqa: BLE001  whatever it is, the owner decides what it means
                self._outcome.emit(lambda error=error: failed(error))
            else:
                self._outcome.emit(lambda: done(value))

        self._thread.submit(labour)

    def flush(self) -> None:
        """Wait until everything given so far is done, and deliver the outcomes."""
        if not self._closed:
            self._thread.submit(lambda: None).result()
        QCoreApplication.sendPostedEvents(self)

    def close(self, drop: bool = False) -> None:
        """Finish what was begun (or, with ``drop``, only the work at hand), and deliver the outcomes."""
        self._closed = True
        self._thread.shutdown(wait=True, cancel_futures=drop)
        QCoreApplication.sendPostedEvents(self)

    @Slot(object)
    def _call(self, outcome: Callable[[], None]) -> None:
        outcome()
