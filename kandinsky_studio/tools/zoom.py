"""See the picture from nearer or farther."""

from __future__ import annotations

from math import exp

from PySide6.QtCore import QPointF

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Option, Pointer, Tool
from kandinsky_studio.tools.selecting import CLICK

_STEP = 2.0  # of one click
_SLOW = 150.0  # pixels of the screen to drag for e times the size


class Zoom(Tool):
    """A click doubles the size around itself, with Alt halves it; a drag to the right or the left does it smoothly."""

    id = "zoom"
    title = QT_TRANSLATE_NOOP("tools", "Zoom")
    hint = QT_TRANSLATE_NOOP("tools", "Click to see it larger, Alt+click smaller; drag right or left for any size.")
    cursor = "zoom"
    options = (Option("out", QT_TRANSLATE_NOOP("tools", "Click zooms out"), "switch"),)
    out: bool = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._at = QPointF()  # of the document
        self._start: QPointF | None = None  # on the screen
        self._factor = 1.0
        self._dragging = False

    def press(self, pointer: Pointer) -> None:
        if self.desk.view is not None:
            self._at, self._start = pointer.point, self.desk.view.screen_point(pointer.point)
            self._factor, self._dragging = 1.0, False

    def move(self, pointer: Pointer) -> None:
        view = self.desk.view
        if view is None or self._start is None:
            return
        by = view.screen_point(pointer.point).x() - self._start.x()
        self._dragging = self._dragging or abs(by) >= CLICK
        if self._dragging:
            self._zoom_to(exp(by / _SLOW))

    def release(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        self.move(pointer)
        if not self._dragging:
            self._zoom_to(1 / _STEP if pointer.alt != self.out else _STEP)
        self._start = None

    def cancel(self) -> None:
        if self._start is not None:
            self._zoom_to(1.0)
        self._start = None

    def _zoom_to(self, factor: float) -> None:
        """``factor`` is counted from the press."""
        if self.desk.view is not None and factor != self._factor:
            self.desk.view.zoom_at(self._at, factor / self._factor)
            self._factor = factor
