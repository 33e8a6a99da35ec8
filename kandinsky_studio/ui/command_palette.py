"""Find any command by a few of its letters, see its key, and run it, without leaving the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from kandinsky_studio.app.command import CATEGORIES
from kandinsky_studio.app.command_search import Text, ranked
from kandinsky_studio.app.commands import Commands
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.ui.theme import Theme

OWN = "window.command_palette"
WIDTH, TOP, ROWS = 560, 48, 11  # pixels at an ordinary font, and rows that are in sight
KEPT = 12  # commands that were used lately
PADDING = 8

ID = Qt.ItemDataRole.UserRole
CATEGORY = Qt.ItemDataRole.UserRole + 1
KEY = Qt.ItemDataRole.UserRole + 2
CHECKED = Qt.ItemDataRole.UserRole + 3


class CommandPalette(QFrame):
    """Lies over ``window`` while it is open; whatever else gets the keyboard closes it."""

    def __init__(self, window: QMainWindow, commands: Commands, theme: Theme, remembering: Remembering) -> None:
        super().__init__(window)
        self._window, self._commands, self._theme, self._remembering = window, commands, theme, remembering
        self._before: QWidget | None = None
        self._texts: list[tuple[str, Text]] = []
        self.search = QLineEdit()
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys reach it from the field
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_Row(self.list, theme))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.nothing = QLabel()
        self.nothing.setObjectName("muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(PADDING, PADDING, PADDING, PADDING)
        layout.setSpacing(PADDING)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        layout.addWidget(self.nothing)
        self.search.textChanged.connect(self._find)
        self.search.installEventFilter(self)
        self.list.itemClicked.connect(self._run)
        self.retranslate()
        self.hide()

    @Slot()
    def open(self) -> None:
        """Show it, empty, over the window; open already, it closes."""
        if self.isVisible():
            self.close_()
            return
        self._before = self._window.focusWidget()
        self._texts = [
            (command.id, self._text(command.id)) for command in self._commands.implemented() if command.id != OWN
        ]
        self.search.clear()
        self._find("")
        self._window.installEventFilter(self)
        self._place()
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def close_(self) -> None:
        """Put it away and give the keyboard back."""
        if self.isVisible():
            self._window.removeEventFilter(self)
            before = self._before if self._before is not None and isValid(self._before) else self._window
            self._before = None
            self.hide()
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def retranslate(self) -> None:
        """Set every text anew."""
        self.search.setPlaceholderText(self.tr("A few letters of a command"))
        self.search.setAccessibleName(self.tr("Find a command"))
        self.list.setAccessibleName(self.tr("Commands"))
        self.nothing.setText(self.tr("No command has these letters."))

    # ------------------------------------------------------------------ finding and running

    @Slot(str)
    def _find(self, query: str) -> None:
        self.list.clear()
        found = ranked(query, self._texts, self._remembering.values.recent_commands)
        found.sort(key=lambda id: not self._commands.action(id).isEnabled())  # first what Enter can run
        for id in found:
            self.list.addItem(self._item(id))
        self.list.setCurrentRow(0)
        self.list.scrollToTop()
        self.list.setVisible(self.list.count() > 0)
        self.nothing.setVisible(self.list.count() == 0)

    def _text(self, id: str) -> Text:
        category = CATEGORIES[self._commands.command(id).category]
        words = (self._commands.command(id).keywords, category, QCoreApplication.translate("commands", category))
        return Text((self._commands.title(id), self._commands.english(id)), (" ".join(words),))

    def _item(self, id: str) -> QListWidgetItem:
        action, key = self._commands.action(id), self._commands.key_text(id)
        category = QCoreApplication.translate("commands", CATEGORIES[self._commands.command(id).category])
        item = QListWidgetItem(action.icon(), self._commands.title(id))
        item.setData(ID, id)
        item.setData(CATEGORY, category)
        item.setData(KEY, key)
        item.setData(CHECKED, action.isCheckable() and action.isChecked())
        words = [self._commands.title(id), category, key]
        if not action.isEnabled():
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            words.append(self.tr("not possible now"))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(filter(None, words)))
        return item

    @Slot(QListWidgetItem)
    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        id = str(item.data(ID))
        action: QAction = self._commands.action(id)
        if action.isEnabled():
            recent = [id, *(other for other in self._remembering.values.recent_commands if other != id)]
            self._remembering.set(recent_commands=recent[:KEPT])
            self.close_()  # first: what is done depends on what has the keyboard
            action.trigger()

    # ------------------------------------------------------------------ keys, place, look

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() is QEvent.Type.Resize:
                self._place()
            return False
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            return self._key(event)
        leaving = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() not in leaving:
            self._before = self._window.focusWidget()
            self.close_()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        rows, row = self.list.count(), self.list.currentRow()
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Tab: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Backtab: -1,
        }
        if event.key() == Qt.Key.Key_Escape:
            self.close_()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        elif rows and event.key() in steps:
            self.list.setCurrentRow((row + steps[Qt.Key(event.key())]) % rows)
        elif rows and event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            page = ROWS - 1 if event.key() == Qt.Key.Key_PageDown else 1 - ROWS
            self.list.setCurrentRow(min(max(row + page, 0), rows - 1))
        else:
            return False
        return True

    def _place(self) -> None:
        room, top = self._window.size(), self._theme.px(TOP)
        width = min(self._theme.px(WIDTH), room.width() - 4 * PADDING)
        rows = ROWS * self.list.sizeHintForRow(0) if self.list.count() else 0
        height = min(rows + self.search.sizeHint().height() + 3 * PADDING, room.height() - top - 2 * PADDING)
        self.setGeometry((room.width() - width) // 2, top, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("muted"), 1))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), PADDING, PADDING)
        painter.end()


class _Row(QStyledItemDelegate):
    """Icon, name, category, and at the right the key."""

    def __init__(self, parent: QObject, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, option.fontMetrics.height() + self._theme.px(12))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colour, px = self._theme.colour, self._theme.px
        enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
        area: QRect = option.rect
        painter.save()
        view = self.parent()
        if isinstance(view, QListWidget) and view.currentIndex() == index:  # Qt selects nothing that is disabled
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour("accent_line"), 1))
            painter.setBrush(colour("accent_soft"))
            painter.drawRoundedRect(area.adjusted(1, 1, -2, -2), px(4), px(4))
        inner, side = area.adjusted(px(8), 0, -px(8), 0), px(16)
        spot = QRect(inner.left(), inner.top() + (inner.height() - side) // 2, side, side)
        if index.data(CHECKED):
            self._theme.icon("check", "accent_line" if enabled else "disabled").paint(painter, spot)
        elif not (icon := index.data(Qt.ItemDataRole.DecorationRole)).isNull():
            icon.paint(painter, spot, mode=icon.Mode.Normal if enabled else icon.Mode.Disabled)
        inner.setLeft(spot.right() + px(10))
        painter.setFont(option.font)
        metrics = option.fontMetrics
        middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        muted = colour("muted" if enabled else "disabled")
        if key := str(index.data(KEY) or ""):
            painter.setPen(muted)
            painter.drawText(inner, middle | right, key)
            inner.setRight(inner.right() - metrics.horizontalAdvance(key) - px(16))
        title = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, inner.width())
        painter.setPen(colour("text" if enabled else "disabled"))
        painter.drawText(inner, middle, title)
        inner.setLeft(inner.left() + metrics.horizontalAdvance(title) + px(10))
        category = str(index.data(CATEGORY))
        if inner.width() > metrics.horizontalAdvance(category):
            painter.setPen(muted)
            painter.drawText(inner, middle, category)
        painter.restore()
