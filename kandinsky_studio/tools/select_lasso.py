"""Select what a line drawn by hand goes around."""

from __future__ import annotations

from math import hypot

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Pointer
from kandinsky_studio.tools.selecting import ANTIALIAS, COMBINE, FEATHER, SelectionTool, filled

_NEAR = 0.5  # pixels of the screen between two points that are worth keeping


class SelectLasso(SelectionTool):
    """A line by hand; letting go closes it."""

    id = "select_lasso"
    title = QT_TRANSLATE_NOOP("tools", "Lasso")
    hint = QT_TRANSLATE_NOOP("tools", "Draw around what you want. Shift adds, Alt subtracts, both intersect.")
    options = (COMBINE, FEATHER, ANTIALIAS)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._path: QPainterPath | None = None

    def shape(self) -> QPainterPath | None:
        return self._path

    def started(self, pointer: Pointer) -> None:
        self._path = QPainterPath(pointer.point)
        self._path.setFillRule(Qt.FillRule.WindingFill)

    def dragged(self, pointer: Pointer, square: bool, centred: bool) -> None:
        if self._path is None:
            return
        last = self._path.currentPosition()
        if hypot(pointer.x - last.x(), pointer.y - last.y()) * pointer.scale >= _NEAR:
            self._path.lineTo(pointer.point)

    def ended(self, pointer: Pointer) -> None:
        path = self._path
        self.dropped()
        if path is not None:
            path.closeSubpath()
            mask = filled(path, self.document.state.canvas, self.antialias, self.feather)
            self.finish_with(QT_TRANSLATE_NOOP("steps", "Select by lasso"), mask)

    def dropped(self) -> None:
        self._path = None
