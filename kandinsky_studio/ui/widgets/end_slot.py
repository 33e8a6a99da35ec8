"""An end of the strip: a picture, or words that are typed below it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.pad_drawing import Corner, draw_corner

_SIDE = 56  # pixels, at the ordinary font


class EndSlot(QWidget):
    """``clicked`` wants a picture, ``worded`` carries words that were typed, ``cleared`` wants nothing there."""

    clicked = Signal()
    worded = Signal(str)
    cleared = Signal()

    def __init__(self, theme: Theme, *beside: QWidget) -> None:
        """``beside`` are small buttons that stand at the right of the picture."""
        super().__init__()
        self._theme = theme
        self.picture = _Square(theme)
        self.words = QLineEdit()
        self.words.setMaxLength(4000)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(TIGHT)
        above = QHBoxLayout()
        above.setSpacing(TIGHT)
        above.addStretch(1)
        above.addWidget(self.picture)
        if beside:
            buttons = QVBoxLayout()
            buttons.setSpacing(0)
            for button in beside:
                buttons.addWidget(button)
            above.addLayout(buttons)
        above.addStretch(1)
        column.addLayout(above)
        column.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.picture.clicked.connect(self.clicked)
        self.picture.cleared.connect(self.cleared)
        self.words.textEdited.connect(self.worded)

    def show_corner(self, corner: Corner | None, words: str | None) -> None:
        """What lies there; ``words`` if it is words, None if it is not."""
        self.picture.show_corner(corner)
        if words is None:
            self.words.clear()
        elif words != self.words.text():
            self.words.setText(words)
            self.words.setCursorPosition(0)  # its beginning says more than its end

    def set_words(self, name: str, hint: str, placeholder: str) -> None:
        """What it is called, what a click does, and what the empty field of words says."""
        self.picture.setAccessibleName(name)
        self.picture.setToolTip(hint)
        self.words.setAccessibleName(name)
        self.words.setPlaceholderText(placeholder)

    def sizeHint(self) -> QSize:
        own = super().sizeHint()
        return QSize(self._theme.px(104), own.height())


class _Square(QWidget):
    clicked = Signal()
    cleared = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._corner: Corner | None = None
        self._marked = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def show_corner(self, corner: Corner | None) -> None:
        self._corner = corner
        self.setAccessibleDescription(corner.name if corner is not None else "")
        self.update()

    def mark(self, marked: bool) -> None:
        if marked != self._marked:
            self._marked = marked
            self.update()

    def sizeHint(self) -> QSize:
        side = self._theme.px(_SIDE) + 4
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        draw_corner(painter, self._theme, area, self._corner, "", self._marked or self.hasFocus())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.cleared.emit()
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.accept()
