"""A picture as large as there is room, with a word on it; words alone where there is none yet."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kandinsky_studio.ui.sizes import MEDIUM, RADIUS, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme


class PictureBox(QWidget):
    """``side`` pixels high at the ordinary font."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__()
        self._theme = theme
        self._side = side
        self._image: QImage | None = None
        self._badge = ""
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    @property
    def image(self) -> QImage | None:
        return self._image

    @property
    def badge(self) -> str:
        """The word on the picture."""
        return self._badge

    def show_image(self, image: QImage | None, badge: str = "") -> None:
        """Show ``image`` with ``badge`` in its corner; without an image, the words."""
        self._image, self._badge = image, badge
        self.update()

    def set_words(self, words: str) -> None:
        """What stands there as long as there is no picture."""
        self._words = words
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(self._side), self._theme.px(self._side))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(60), self._theme.px(self._side))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._image is not None:
            size = self._image.size().toSizeF().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
            middle = area.center()
            area = QRectF(0, 0, size.width(), size.height())
            area.moveCenter(middle)
        shape = QPainterPath()
        shape.addRoundedRect(area, self._theme.px(RADIUS), self._theme.px(RADIUS))
        if self._image is None:
            painter.fillPath(shape, self._theme.colour("field"))
            painter.setPen(self._theme.colour("muted"))
            inner = area.adjusted(MEDIUM, SMALL, -MEDIUM, -SMALL)
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
        else:
            painter.save()
            painter.setClipPath(shape)
            painter.drawImage(area, self._image)
            painter.restore()
        painter.setPen(QPen(self._theme.colour("field_line"), 1))
        painter.drawPath(shape)
        if self._image is not None and self._badge:
            self._draw_badge(painter, area)

    def _draw_badge(self, painter: QPainter, area: QRectF) -> None:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(self._badge) + 2 * SMALL, metrics.height() + TIGHT
        chip = QRectF(area.left() + SMALL, area.bottom() - height - SMALL, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("canvas_chip"))
        painter.drawRoundedRect(chip, height / 2, height / 2)
        painter.setPen(self._theme.colour("text"))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, self._badge)
