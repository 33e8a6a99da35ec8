"""What stands on the canvas before the first picture: an invitation and three ways to accept it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.ui.widgets.translated import Translated

_PROMPTS = (
    QT_TRANSLATE_NOOP("EmptyState", "a red circle on a blue background"),
    QT_TRANSLATE_NOOP("EmptyState", "a yellow triangle on a black background"),
    QT_TRANSLATE_NOOP("EmptyState", "a green star on a white background"),
)
EXAMPLES = len(_PROMPTS)


def example_prompts() -> tuple[str, ...]:
    """``EXAMPLES`` prompts that the built-in model draws well, in the language of the window."""
    return tuple(QCoreApplication.translate("EmptyState", prompt) for prompt in _PROMPTS)


class EmptyState(Translated):
    """``chosen`` carries the prompt of the example that was clicked."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawn: str | None = None
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
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addSpacing(10)
        for button in self.examples:
            button.setObjectName("example")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, button=button: self.chosen.emit(button.text()))
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.retranslate()

    @property
    def words(self) -> tuple[str, str]:
        """What it says: the title and the line below."""
        return self._title.text(), self._hint.text()

    def show_drawn(self, prompt: str | None) -> None:
        """Say that a picture of ``prompt`` is being made, before there is anything to see of it; None invites again."""
        if prompt != self._drawn:
            self._drawn = prompt
            self.retranslate()

    def retranslate(self) -> None:
        if self._drawn is None:
            self._title.setText(self.tr("Describe a picture…"))
            self._hint.setText(self.tr("Write a prompt on the right, or begin with one of these:"))
        else:
            self._title.setText(self.tr("Your picture is on its way…"))
            self._hint.setText(
                self.tr("“{prompt}”. The first one takes longer: the model is being loaded.").format(prompt=self._drawn)
            )
        for button, prompt in zip(self.examples, example_prompts(), strict=True):
            button.setText(prompt)
            button.setVisible(self._drawn is None)
