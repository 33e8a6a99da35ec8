"""The one primary button: it starts the work, shows how far it is, and stops it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from kandinsky_studio.ui.theme import Theme

HEIGHT = 44
_AROUND = 20  # pixels above and below the word together, at the ordinary font
RADIUS = 8.0


class GenerateButton(QPushButton):
    """Filled with the accent when idle; while a job runs, the accent fills it from the left as far as the job is."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fraction: float | None = None
        self._keys = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    @property
    def fraction(self) -> float | None:
        """How much of the work is done, 0…1; None when there is none."""
        return self._fraction

    def set_keys(self, keys: str) -> None:
        """The key that does the same, shown small at the right."""
        self._keys = keys
        self.update()

    def set_fraction(self, fraction: float | None) -> None:
        self._fraction = fraction
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), max(HEIGHT, self.fontMetrics().height() + self._theme.px(_AROUND)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(area, RADIUS, RADIUS)
        accent = "accent_press" if self.isDown() else "accent_hover" if self.underMouse() else "accent"
        if self._fraction is None:
            painter.fillPath(shape, self._theme.colour(accent))
            painter.setPen(self._theme.colour("accent_text"))
        else:
            painter.fillPath(shape, self._theme.colour("raised_hover" if self.underMouse() else "raised"))
            painter.setPen(self._theme.colour("field_line"))
            painter.drawPath(shape)
            painter.save()
            painter.setClipPath(shape)
            done = QRectF(area.left(), area.bottom() - 4, area.width() * self._fraction, 5)
            painter.fillRect(done, self._theme.colour("accent"))
            painter.restore()
            painter.setPen(self._theme.colour("text"))
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        self._draw_keys(painter, area)
        if self.hasFocus():
            ring = QPainterPath()
            ring.addRoundedRect(area.adjusted(2.5, 2.5, -2.5, -2.5), RADIUS - 2.5, RADIUS - 2.5)
            painter.setPen(self._theme.colour("accent_text" if self._fraction is None else "accent_line"))
            painter.drawPath(ring)

    def _draw_keys(self, painter: QPainter, area: QRectF) -> None:
        """Left out where it would run into the verb."""
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        right = area.adjusted(0, 0, -14, 0)
        width = painter.fontMetrics().horizontalAdvance(self._keys)
        verb = self.fontMetrics().horizontalAdvance(self.text()) * 1.1
        if width < (area.width() - verb) / 2 - 24:
            painter.setOpacity(0.8)
            painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._keys)
            painter.setOpacity(1.0)
