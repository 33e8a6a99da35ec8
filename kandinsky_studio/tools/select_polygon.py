"""Select what lies between straight lines."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

from kandinsky_studio.document import selection_operations
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Ink, Mark, Pointer
from kandinsky_studio.tools.selecting import ANTIALIAS, COMBINE, FEATHER, SelectionTool, filled

_CLOSE = 8.0  # pixels of the screen around the first point where a click closes the polygon


class SelectPolygon(SelectionTool):
    """Each click is a corner. A double click, a click on the first corner or Enter closes the polygon."""

    id = "select_polygon"
    title = QT_TRANSLATE_NOOP("tools", "Polygonal selection")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Click corners; Enter or a double click closes, Backspace takes the last one back, Esc drops all."
    )
    options = (COMBINE, FEATHER, ANTIALIAS)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._corners: list[QPointF] = []
        self._at: QPointF | None = None
        self._new = False  # the corner that is pressed now; it goes if the gesture is cancelled
        self._begun = False  # this press was told of: it was not taken for a drag of the outline
        self._first_how = Combine.REPLACE

    @property
    def busy(self) -> bool:
        return bool(self._corners)

    def started(self, pointer: Pointer) -> None:
        self._begun = True
        if not self._corners:
            self._first_how = self._how
        elif len(self._corners) > 2 and _distance(self._corners[0], pointer.point) * pointer.scale <= _CLOSE:
            self._new = False
            self.finish()
            return
        self._corners.append(self._bound(pointer, pointer.shift))
        self._at, self._new = self._corners[-1], True

    def dragged(self, pointer: Pointer, square: bool, centred: bool) -> None:
        if self._new and self._went:
            corner = self._corners.pop()
            self._corners.append(self._bound(pointer, square) if self._corners or not square else corner)
            self._at = self._corners[-1]

    def ended(self, pointer: Pointer) -> None:
        self._new = self._begun = False

    def clicked(self, pointer: Pointer) -> None:
        if not self._begun:
            self.started(pointer)
        self._new = self._begun = False

    def double_click(self, pointer: Pointer) -> None:
        if len(self._corners) > 1 and _distance(self._corners[-1], self._corners[-2]) * pointer.scale <= _CLOSE:
            self._corners.pop()  # the second click of the two
        self.finish()

    def hover(self, pointer: Pointer) -> None:
        if self._corners:
            self._at = self._bound(pointer, pointer.shift)
            self.desk.overlay_changed()

    def take_back(self) -> None:
        if self._corners:
            self._corners.pop()
            self._new = False
            self.desk.overlay_changed()

    def finish(self) -> None:
        corners, self._corners, self._at, self._new = self._corners, [], None, False
        if len(corners) > 2:
            path = QPainterPath()
            path.setFillRule(Qt.FillRule.WindingFill)
            path.addPolygon(QPolygonF(corners))
            path.closeSubpath()
            self._how = self._first_how
            mask = filled(path, self.document.state.canvas, self.antialias, self.feather)
            self.finish_with(QT_TRANSLATE_NOOP("steps", "Select a polygon"), mask)
        elif len(corners) == 1 and self._first_how is Combine.REPLACE:
            selection_operations.deselect(self.document)
        self.desk.overlay_changed()

    def abandon(self) -> None:
        self.cancel()
        self._corners.clear()
        self._at = None
        self.desk.overlay_changed()

    def dropped(self) -> None:
        if self._new and self._corners:
            self._corners.pop()
        self._new = self._begun = False

    def overlay(self) -> Sequence[Mark]:
        if not self._corners:
            return super().overlay()
        path = QPainterPath(self._corners[0])
        for corner in (*self._corners[1:], self._at or self._corners[-1]):
            path.lineTo(corner)
        return [Mark(path, Ink.LINE), *(Mark(QPainterPath(corner), Ink.HANDLE) for corner in self._corners)]

    def _bound(self, pointer: Pointer, bound: bool) -> QPointF:
        """The pointer; with ``bound`` in one of the eight main directions from the last corner."""
        if not bound or not self._corners:
            return pointer.point
        last = self._corners[-1]
        dx, dy = pointer.x - last.x(), pointer.y - last.y()
        angle = round(atan2(dy, dx) / (pi / 4)) * (pi / 4)
        along = dx * cos(angle) + dy * sin(angle)
        return QPointF(last.x() + along * cos(angle), last.y() + along * sin(angle))


def _distance(a: QPointF, b: QPointF) -> float:
    return hypot(a.x() - b.x(), a.y() - b.y())
