"""The live picture in a corner of the view, for those who want to see nothing but their strokes on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Slot
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.live import Live
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.ui.theme import Theme

if TYPE_CHECKING:
    from kandinsky_studio.ui.easel.view import DocumentView

_SHARE = 0.4  # of the view's width and height, that it takes at most
_GAP = 12  # pixels of the desktop to the edges of the view
_CORNERS = ((1, 0), (1, 1), (0, 1), (0, 0))  # right or left, below or above, in the order in which it goes round


class LiveCorner(QWidget):
    """Shows the picture of ``live`` while that is chosen. A click takes it to the next corner."""

    def __init__(self, live: Live, view: DocumentView, messages: Messages, theme: Theme) -> None:
        super().__init__(view)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._live = live
        self._view = view
        self._messages = messages
        self._theme = theme
        self._corner = 0
        self._image = QImage()
        self._made: tuple[Candidate, QSize] | None = None  # what it was made of
        self._busy = False
        self.hide()
        view.installEventFilter(self)
        live.changed.connect(self.show_picture)
        live.settings_changed.connect(self.show_picture)

    @Slot()
    def show_picture(self) -> None:
        """Show what there is now; it is made as large as it is shown beside the window's thread."""
        shown = self._live.shown if self._live.settings.beside else None
        result = shown.result if shown is not None else None
        if shown is None or result is None:
            self._made = None
            self.hide()
            return
        size = self._place(shown.area.width / shown.area.height)
        if self._busy or self._made == (shown, size):
            return
        self._busy = True
        self._live.lane.run(
            lambda: _scaled(result.image, size), lambda image: self._arrived((shown, size), image), self._failed
        )

    def _arrived(self, made: tuple[Candidate, QSize], image: QImage) -> None:
        self._busy = False
        self._made, self._image = made, image
        self.show()
        self.update()
        self.show_picture()  # if another is wanted by now

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._messages.error(error)

    def _place(self, shape: float) -> QSize:
        """Into the corner, with these proportions; its size in pixels of the device."""
        width = min(self._view.width() * _SHARE, self._view.height() * _SHARE * shape)
        size = QSize(max(round(width), 2), max(round(width / shape), 2))
        right, below = _CORNERS[self._corner]
        x = self._view.width() - size.width() - _GAP if right else _GAP
        y = self._view.height() - size.height() - _GAP if below else _GAP
        self.setGeometry(x, y, size.width(), size.height())
        return size * self.devicePixelRatioF()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._corner = (self._corner + 1) % len(_CORNERS)
        self.show_picture()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.setPen(QColor(self._theme.colour("canvas")))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view and event.type() == QEvent.Type.Resize and self._made is not None:
            self.show_picture()
        return False


def _scaled(pixels: Pixels, size: QSize) -> QImage:
    width, height = size.width(), size.height()
    way = cv2.INTER_AREA if width < pixels.shape[1] else cv2.INTER_CUBIC
    scaled = np.ascontiguousarray(cv2.resize(pixels, (width, height), interpolation=way))
    image = QImage(scaled.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)
