"""Where a form stands that may be taller than the room there is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class FormArea(QScrollArea):
    """Scrolls ``form`` up and down and never sideways."""

    def __init__(self, form: QWidget) -> None:
        super().__init__()
        self._form = form
        self.setObjectName("form")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(form)

    @property
    def least_width(self) -> int:
        """Pixels; if it is narrower, no scroll bar brings the right edge of the form into sight."""
        return self._form.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
