"""Move the view."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Pointer, Tool


class Hand(Tool):
    """What is under the pointer stays under it."""

    id = "hand"
    title = QT_TRANSLATE_NOOP("tools", "Hand")
    hint = QT_TRANSLATE_NOOP("tools", "Drag the picture. The space bar does the same with any tool in hand.")
    cursor = "hand"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._last: QPointF | None = None
        self._gone = QPointF()

    def press(self, pointer: Pointer) -> None:
        if self.desk.view is not None:
            self._last = self.desk.view.screen_point(pointer.point)
            self._gone = QPointF()

    def move(self, pointer: Pointer) -> None:
        view = self.desk.view
        if view is None or self._last is None:
            return
        now = view.screen_point(pointer.point)
        by = now - self._last
        self._last = now
        self._gone += by
        view.pan(by.x(), by.y())

    def release(self, pointer: Pointer) -> None:
        self.move(pointer)
        self._last = None

    def cancel(self) -> None:
        if self.desk.view is not None and self._last is not None:
            self.desk.view.pan(-self._gone.x(), -self._gone.y())
        self._last = None
