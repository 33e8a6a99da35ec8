"""A curve from 0 to 1 that is bent by dragging its points: how hard one presses, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from kandinsky_studio.tools.curves import value as curve_value
from kandinsky_studio.ui.theme import Theme

_SIDE = 148
_MARGIN = 8
_REACH = 10  # pixels around a point that belong to it
_STEP = 0.02


class CurveField(QWidget):
    """``changed`` carries the points, a tuple of (x, y) in 0 … 1 from left to right.

    A click where no point is makes one, a double click or Delete takes one away; the arrow keys move the point that
    was touched last. The ends stay at the edges.
    """

    changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._points: list[tuple[float, float]] = [(0.0, 0.0), (1.0, 1.0)]
        self._held: int | None = None
        self._last = 0
        self._words = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def set_words(self, title: str) -> None:
        """What it is called, above it and for screen readers."""
        self._words = title
        self.setAccessibleName(title)
        self.update()

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        return tuple(self._points)

    def set_points(self, points: Sequence[tuple[float, float]]) -> None:
        """Show these; nothing is told."""
        if self._held is None:
            self._points = [(float(x), float(y)) for x, y in points]
            self.update()

    def sizeHint(self) -> QSize:
        side = self._theme.px(_SIDE)
        return QSize(side, side + self.fontMetrics().height() + _MARGIN)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _area(self) -> QRectF:
        top = self.fontMetrics().height() + _MARGIN
        return QRectF(_MARGIN, top, self.width() - 2 * _MARGIN, self.height() - top - _MARGIN)

    def _place(self, point: tuple[float, float]) -> QPointF:
        area = self._area()
        return QPointF(area.left() + point[0] * area.width(), area.bottom() - point[1] * area.height())

    def _value(self, at: QPointF) -> tuple[float, float]:
        area = self._area()
        x, y = (at.x() - area.left()) / area.width(), (area.bottom() - at.y()) / area.height()
        return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)

    def _near(self, at: QPointF) -> int | None:
        reach = self._theme.px(_REACH)
        near = [
            ((self._place(point) - at).manhattanLength(), number)
            for number, point in enumerate(self._points)
            if (self._place(point) - at).manhattanLength() <= reach
        ]
        return min(near)[1] if near else None

    def _move(self, number: int, to: tuple[float, float]) -> None:
        x, y = to
        if number in (0, len(self._points) - 1):
            x = self._points[number][0]
        else:
            x = min(max(x, self._points[number - 1][0] + 0.01), self._points[number + 1][0] - 0.01)
        self._points[number] = (round(x, 4), round(y, 4))
        self.update()
        self.changed.emit(self.points)

    def _remove(self, number: int) -> None:
        if number not in (0, len(self._points) - 1):
            del self._points[number]
            self._last = 0
            self.update()
            self.changed.emit(self.points)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        number = self._near(event.position())
        if number is None and len(self._points) < 12:
            value = self._value(event.position())
            number = next((n for n, (x, _) in enumerate(self._points) if x > value[0]), len(self._points) - 1)
            if number > 0 and self._points[number][0] - self._points[number - 1][0] > 0.03:
                self._points.insert(number, value)
            else:
                number = None
        self._held = number
        if number is not None:
            self._last = number
            self._move(number, self._value(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._move(self._held, self._value(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self._near(event.position())
        if number is not None:
            self._held = None
            self._remove(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-_STEP, 0.0),
            Qt.Key.Key_Right: (_STEP, 0.0),
            Qt.Key.Key_Up: (0.0, _STEP),
            Qt.Key.Key_Down: (0.0, -_STEP),
        }
        key = Qt.Key(event.key())
        if key in steps:
            x, y = self._points[self._last]
            dx, dy = steps[key]
            self._move(self._last, (min(max(x + dx, 0.0), 1.0), min(max(y + dy, 0.0), 1.0)))
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._last = (self._last + (1 if key == Qt.Key.Key_PageUp else -1)) % len(self._points)
            self.update()
        elif key == Qt.Key.Key_Delete:
            self._remove(self._last)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        area, theme = self._area(), self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.colour("muted"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self._words)
        painter.setPen(QPen(theme.colour("accent_line" if self.hasFocus() else "field_line"), 1))
        painter.setBrush(theme.colour("field"))
        painter.drawRect(area)
        painter.setPen(QPen(theme.colour("line"), 1))
        for quarter in (0.25, 0.5, 0.75):
            painter.drawLine(self._place((quarter, 0)), self._place((quarter, 1)))
            painter.drawLine(self._place((0, quarter)), self._place((1, quarter)))
        line = [(float(x), curve_value(self.points, float(x))) for x in np.linspace(0, 1, 65)]
        painter.setPen(QPen(theme.colour("text"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([self._place(point) for point in line]))
        painter.setPen(QPen(theme.colour("panel"), 1.5))
        for number, point in enumerate(self._points):
            chosen = number == self._last and self.hasFocus()
            painter.setBrush(theme.colour("accent_line" if chosen else "text"))
            painter.drawEllipse(self._place(point), theme.px(4), theme.px(4))
        painter.end()
