"""Figures that change at every movement of the pointer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel


class Figures(QLabel):
    """Quiet text of a width that stays: a plain label would have the whole window laid out anew for each change."""

    def __init__(self, widest: str) -> None:
        super().__init__()
        self._shown = ""
        self.setObjectName("muted")
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest))
        self.setMinimumHeight(self.fontMetrics().height())

    def text(self) -> str:
        return self._shown

    def setText(self, text: str) -> None:  # noqa: N802
        if text != self._shown:
            self._shown = text
            self.update()

    def clear(self) -> None:
        self.setText("")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment(), self._shown)
