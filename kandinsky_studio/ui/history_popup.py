"""The prompts that were used before, to be searched and taken again."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from kandinsky_studio.app.wording.history import PromptHistory
from kandinsky_studio.ui.sizes import SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.search_field import SearchField

_WIDTH, _HEIGHT = 420, 320  # pixels at an ordinary font
_TEXT = Qt.ItemDataRole.UserRole


class HistoryPopup(QFrame):
    """Goes when one clicks beside it, takes one, or presses Esc. ``chosen`` carries a text; Delete forgets one."""

    chosen = Signal(str)

    def __init__(self, history: PromptHistory, field: str, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._history, self._field = history, field
        self.search = SearchField(theme)
        self.search.setPlaceholderText(self.tr("Search the prompts"))
        self.search.setAccessibleName(self.tr("Search the prompts"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Prompts that were used before"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys reach it from the field
        self.nothing = QLabel()
        self.nothing.setObjectName("muted")
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        column.setSpacing(SMALL)
        for widget in (self.search, self.list, self.nothing):
            column.addWidget(widget)
        self.resize(theme.px(_WIDTH), theme.px(_HEIGHT))
        self.setAccessibleName(self.tr("Prompts that were used before"))
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list.itemClicked.connect(self._take)
        self._fill("")

    def open_at(self, place: QPoint) -> None:
        """Below ``place`` (of the screen), all of it on the screen."""
        screen = self.screen().availableGeometry()
        self.resize(self.size().boundedTo(screen.size()))
        x = min(max(place.x(), screen.left()), screen.right() - self.width())
        y = min(max(place.y(), screen.top()), screen.bottom() - self.height())
        self.move(x, y)
        self.show()
        self.search.setFocus()

    def _fill(self, query: str) -> None:
        wanted = query.casefold().split()
        texts = self._history.texts(self._field)
        self.list.clear()
        for text in texts:
            if all(word in text.casefold() for word in wanted):
                item = QListWidgetItem(" ".join(text.split()))
                item.setData(_TEXT, text)
                item.setToolTip(text)
                self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self.nothing.setVisible(self.list.count() == 0)
        empty = self.tr("The words of each picture that you make are kept here.")
        self.nothing.setText(self.tr("No prompt has these words.") if texts else empty)

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            text = str(item.data(_TEXT))
            self.close()
            self.chosen.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() is not QEvent.Type.KeyPress:
            return False
        row, rows = self.list.currentRow(), self.list.count()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentItem())
        elif rows and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow((row + step) % rows)
        elif rows and event.key() == Qt.Key.Key_Delete and not self.search.hasSelectedText() and self._at_end():
            self._history.forget(self._field, str(self.list.currentItem().data(_TEXT)))
            self._fill(self.search.text())
            self.list.setCurrentRow(min(row, self.list.count() - 1))
        else:
            return False
        return True

    def _at_end(self) -> bool:
        """Whether Delete has nothing to delete in the field."""
        return self.search.cursorPosition() == len(self.search.text())
