"""What stands on the canvas before the first picture: an invitation and three ways to accept it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.ui.widgets.translated import Translated

EXAMPLES = 3


class EmptyState(Translated):
    """``chosen`` carries the prompt of the example that was clicked."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel()
        self._title.setObjectName("emptyTitle")
        self._hint = QLabel()
        self._hint.setObjectName("emptyHint")
        self.examples = [QPushButton() for _ in range(EXAMPLES)]
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addStretch(1)
        for label in (self._title, self._hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addSpacing(10)
        for button in self.examples:
            button.setObjectName("example")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, button=button: self.chosen.emit(button.text()))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.retranslate()

    def retranslate(self) -> None:
        self._title.setText(self.tr("Describe a picture…"))
        self._hint.setText(self.tr("Write a prompt on the right, or begin with one of these:"))
        prompts = (
            self.tr("a red circle on a blue background"),
            self.tr("a yellow triangle on a black background"),
            self.tr("a green star on a white background"),
        )
        for button, prompt in zip(self.examples, prompts, strict=True):
            button.setText(prompt)
