"""The gallery's picture with what floats over it: the invitation of an empty studio."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen, QResizeEvent

from kandinsky_studio.app.easel import Easel
from kandinsky_studio.app.images import to_image
from kandinsky_studio.ui.canvas import Canvas
from kandinsky_studio.ui.empty_state import EmptyState
from kandinsky_studio.ui.theme import Theme

BY_KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class Stage(Canvas):
    """Shows what is on the easel."""

    def __init__(self, easel: Easel, theme: Theme) -> None:
        super().__init__()
        self._easel = easel
        self._theme = theme
        self._ringed = False
        self._covered = False
        self.empty = EmptyState(self)
        easel.changed.connect(self._show)
        theme.changed.connect(self._set_colours)
        self._set_colours()
        self._show()

    def _set_colours(self) -> None:
        self.set_background(self._theme.colour("canvas"))

    @Slot()
    def _show(self) -> None:
        pixels = self._easel.pixels
        self.set_image(None if pixels is None else to_image(pixels), self._easel.size)
        self.empty.setVisible(pixels is None and not self._covered)

    def set_covered(self, covered: bool) -> None:
        """Whether something else stands over the stage, so that nothing below it need invite."""
        self._covered = covered
        self.empty.setVisible(self._easel.pixels is None and not covered)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.empty.setGeometry(self.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._ringed:
            painter = QPainter(self)
            painter.setPen(QPen(self._theme.colour("accent_line"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
            painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Who comes here with the Tab key sees where the arrow keys will work; a click needs no sign."""
        self._ringed = event.reason() in BY_KEYBOARD
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._ringed = False
        self.update()
        super().focusOutEvent(event)
