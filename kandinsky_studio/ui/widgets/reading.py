"""What dialogs are made of that one reads while one works."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QWidget

from kandinsky_studio.ui.widgets.paragraph import paragraph as paragraph

WIDTH = 560  # pixels: lines of a length that reads well


class ReadingDialog(QDialog):
    """As tall as its words need, and in the language of the window while that changes.

    A subclass builds its layout, puts ``buttons`` at its end, then calls :meth:`retranslate` and :meth:`get_ready`.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.buttons.rejected.connect(self.reject)
        self.close_button: QPushButton = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        self.close_button.setDefault(True)  # else it would be whichever button is first

    def get_ready(self, first: QPushButton) -> None:
        """Take the size that is needed, and give the keyboard to ``first``."""
        self.ensurePolished()
        self._fit()
        first.setFocus()

    def retranslate(self) -> None:
        """Set every text anew."""
        raise NotImplementedError

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # a text has changed, or the style sheet came
            self._fit()
        return done

    def _fit(self) -> None:
        """Take the height that wrapped lines need, which Qt does not do by itself for a window."""
        width = max(WIDTH, self.minimumSizeHint().width(), self.width() if self.isVisible() else 0)
        height = self.heightForWidth(width)
        self.setMinimumHeight(height)
        self.resize(width, max(height, self.height() if self.isVisible() else 0))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)
