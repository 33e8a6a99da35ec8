"""A ring of hues around a square of saturation and value."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QConicalGradient,
    QFocusEvent,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from kandinsky_studio.ui.theme import Theme

SIDE = 200  # at the ordinary font
RING = 0.11  # width of the ring, as a share of the side
STEP = 0.01  # of saturation and value, by the keyboard
HUE_STEP = 1 / 360

Hsv = tuple[float, float, float]


class ColourWheel(QWidget):
    """``changed`` carries hue, saturation and value (0…1 each) the user chose, ``committed`` comes when a drag ends.

    The arrows go about the square, Page Up and Down round the ring; with Shift ten times as far. The hue is kept where
    a grey has none.
    """

    changed = Signal(float, float, float)
    committed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hsv: Hsv = (0.0, 0.0, 0.0)
        self._drag = ""  # "ring" or "square" while the mouse is down
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.updateGeometry)

    @property
    def hsv(self) -> Hsv:
        """Hue, saturation, value, 0…1 each."""
        return self._hsv

    def set_hsv(self, hue: float, saturation: float, value: float) -> None:
        """Show these; nothing is told."""
        self._hsv = (hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
        self.update()

    def _choose(self, hue: float, saturation: float, value: float) -> None:
        before = self._hsv
        self.set_hsv(hue, saturation, value)
        if self._hsv != before:
            self.changed.emit(*self._hsv)

    # ------------------------------------------------------------------ where things lie

    def sizeHint(self) -> QSize:
        side = self._theme.px(SIDE)
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        side = self._theme.px(SIDE * 0.6)
        return QSize(side, side)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return min(width, self._theme.px(SIDE * 1.4))

    def _disc(self) -> QRectF:
        side = min(self.width(), self.height()) - 4.0
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _square(self) -> QRectF:
        disc = self._disc()
        radius = disc.width() * (0.5 - RING) - 4
        half = radius / math.sqrt(2)
        return QRectF(disc.center().x() - half, disc.center().y() - half, 2 * half, 2 * half)

    def _hue_at(self, point: QPointF) -> float:
        """Red is at the right, and the hues go against the clock, as angles do."""
        away = point - self._disc().center()
        return math.atan2(-away.y(), away.x()) / math.tau % 1.0

    def point_of_hue(self, hue: float) -> QPointF:
        """The middle of the ring at ``hue``."""
        disc = self._disc()
        radius = disc.width() * (0.5 - RING / 2)
        angle = hue * math.tau
        return disc.center() + QPointF(radius * math.cos(angle), -radius * math.sin(angle))

    def point_of(self, saturation: float, value: float) -> QPointF:
        """Where a saturation and a value lie in the square."""
        square = self._square()
        return QPointF(square.left() + saturation * square.width(), square.bottom() - value * square.height())

    # ------------------------------------------------------------------ mouse and keyboard

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        away = event.position() - self._disc().center()
        inner = self._disc().width() * (0.5 - RING)
        if self._square().adjusted(-3, -3, 3, 3).contains(event.position()):
            self._drag = "square"
        elif inner - 4 <= math.hypot(away.x(), away.y()) <= self._disc().width() / 2 + 2:
            self._drag = "ring"
        self._follow(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._follow(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag and event.button() == Qt.MouseButton.LeftButton:
            self._drag = ""
            self.committed.emit()

    def _follow(self, point: QPointF) -> None:
        hue, saturation, value = self._hsv
        if self._drag == "ring":
            self._choose(self._hue_at(point), saturation, value)
        elif self._drag == "square":
            square = self._square()
            saturation = (point.x() - square.left()) / square.width()
            self._choose(hue, saturation, (square.bottom() - point.y()) / square.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        times = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        steps = {
            Qt.Key.Key_Left: (0.0, -STEP, 0.0),
            Qt.Key.Key_Right: (0.0, STEP, 0.0),
            Qt.Key.Key_Down: (0.0, 0.0, -STEP),
            Qt.Key.Key_Up: (0.0, 0.0, STEP),
            Qt.Key.Key_PageUp: (HUE_STEP, 0.0, 0.0),
            Qt.Key.Key_PageDown: (-HUE_STEP, 0.0, 0.0),
        }
        if event.key() not in steps:
            event.ignore()
            return
        hue, saturation, value = (
            now + times * step for now, step in zip(self._hsv, steps[Qt.Key(event.key())], strict=True)
        )
        self._choose(hue, saturation, value)
        self.committed.emit()

    # ------------------------------------------------------------------ looks

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ring(painter)
        self._paint_square(painter)
        hue, saturation, value = self._hsv
        width = self._disc().width() * RING / 2
        _mark(painter, self.point_of_hue(hue), width - 1, QColor.fromHsvF(hue, 1, 1))
        _mark(painter, self.point_of(saturation, value), max(6.0, width * 0.7), QColor.fromHsvF(hue, saturation, value))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("accent_line"), 2))
            painter.drawEllipse(self._disc().adjusted(-1, -1, 1, 1))

    def _paint_ring(self, painter: QPainter) -> None:
        disc = self._disc()
        gradient = QConicalGradient(disc.center(), 0)
        for step in range(13):
            gradient.setColorAt(step / 12, QColor.fromHsvF(step / 12 % 1.0, 1, 1))
        ring = QPainterPath()
        ring.addEllipse(disc)
        hole = disc.width() * RING
        ring.addEllipse(disc.adjusted(hole, hole, -hole, -hole))
        painter.fillPath(ring, gradient)

    def _paint_square(self, painter: QPainter) -> None:
        square = self._square()
        across = QLinearGradient(square.topLeft(), square.topRight())
        across.setColorAt(0, QColor("#ffffff"))
        across.setColorAt(1, QColor.fromHsvF(self._hsv[0], 1, 1))
        painter.fillRect(square, across)
        down = QLinearGradient(square.topLeft(), square.bottomLeft())
        down.setColorAt(0, QColor(0, 0, 0, 0))
        down.setColorAt(1, QColor(0, 0, 0, 255))
        painter.fillRect(square, down)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)


def _mark(painter: QPainter, point: QPointF, radius: float, colour: QColor) -> None:
    """A disc of the colour itself in a white ring in a black one: seen on every ground."""
    painter.setBrush(colour)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
    painter.drawEllipse(point, radius, radius)
    painter.setPen(QPen(QColor("#ffffff"), 2))
    painter.drawEllipse(point, radius - 1.5, radius - 1.5)
