"""A heading that opens and closes what is below it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget


class Fold(QWidget):
    """Closed at first; ``toggled`` tells whether it is open now."""

    toggled = Signal(bool)

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = (QIcon(), QIcon())
        self.button = QPushButton()
        self.button.setObjectName("fold")
        self.button.setCheckable(True)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.toggled.connect(self._toggle)
        self._content = content
        content.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(content)

    def set_title(self, title: str) -> None:
        self.button.setText(title)
        self.button.setAccessibleName(title)

    def set_icons(self, closed: QIcon, opened: QIcon) -> None:
        self._icons = (closed, opened)
        self.button.setIcon(self._icons[self.button.isChecked()])

    def set_open(self, opened: bool) -> None:
        self.button.setChecked(opened)

    @property
    def is_open(self) -> bool:
        return self.button.isChecked()

    def _toggle(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self.button.setIcon(self._icons[opened])
        self.toggled.emit(opened)
