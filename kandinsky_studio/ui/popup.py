"""What opens above a button and shows what belongs to it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from kandinsky_studio.ui.sizes import MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme


class Popup(QFrame):
    """Goes when one clicks beside it or presses Esc. Its widgets stand below one another in :attr:`column`.

    A subclass calls :meth:`retranslate` once itself when it is built.
    """

    def __init__(self, theme: Theme, width: int, parent: QWidget) -> None:
        """It is at least ``width`` pixels wide, at the ordinary font."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._theme = theme
        self._width = width
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(MEDIUM, MEDIUM, MEDIUM, MEDIUM)
        self.column.setSpacing(SMALL)

    def retranslate(self) -> None:
        """Set every text anew."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Show what is so now: it is about to be opened."""
        raise NotImplementedError

    def open_above(self, widget: QWidget) -> None:
        """Above ``widget``, all of it on the screen."""
        self.prepare()
        self.setFixedWidth(max(self._theme.px(self._width), self.minimumSizeHint().width()))
        self.adjustSize()
        self.resize(self.width(), self.heightForWidth(self.width()) if self.hasHeightForWidth() else self.height())
        corner = widget.mapToGlobal(QPoint(widget.width(), 0))
        screen = widget.screen().availableGeometry()
        x = min(max(corner.x() - self.width(), screen.left()), screen.right() - self.width())
        y = min(max(corner.y() - self.height() - SMALL, screen.top()), screen.bottom() - self.height())
        self.move(x, y)
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)
