"""A field to search with: its magnifier grows with the text, which Qt's own icons in fields don't."""

from __future__ import annotations

from PySide6.QtCore import QRect, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from kandinsky_studio.ui.sizes import SMALL, SMALL_ICON, TIGHT
from kandinsky_studio.ui.theme import Theme


class SearchField(QLineEdit):
    """As wide as ``width`` at the ordinary font, and wider with it; a button clears it. 0 leaves the width to others."""

    def __init__(self, theme: Theme, width: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._width = width
        self.setClearButtonEnabled(True)
        theme.changed.connect(self._dress)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        self._icon = self._theme.icon("search", "muted")
        self.setTextMargins(self._theme.px(SMALL_ICON) + TIGHT, 0, 0, 0)
        if self._width:
            self.setFixedWidth(self._theme.px(self._width))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        side = self._theme.px(SMALL_ICON)
        place = QRect(self._theme.px(SMALL), (self.height() - side) // 2, side, side)
        self._icon.paint(QPainter(self), place)
