"""The rows of the prompt handbook: words with a sentence under them, in groups that open and close."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from kandinsky_studio.app.wording.handbook import Modifier, group_title
from kandinsky_studio.ui.sizes import MEDIUM, SMALL, SMALL_ICON, TIGHT
from kandinsky_studio.ui.theme import Theme

_ROW = Qt.ItemDataRole.UserRole
_GROUP = Qt.ItemDataRole.UserRole + 1
_HELD = Qt.ItemDataRole.UserRole + 2
_COUNT = Qt.ItemDataRole.UserRole + 3


class HandbookList(QListWidget):
    """A click, Space or Enter puts the words of a row in or takes them out (``toggled``), and opens or closes a group.

    ``menu_wanted`` carries a row and where its menu goes (of the screen).
    """

    toggled = Signal(object)
    menu_wanted = Signal(object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName("handbook")
        self.setItemDelegate(_Row(self))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._rows: Sequence[Modifier] = ()
        self._held: set[str] = set()
        self._opened: set[str] = set()
        self._all_open = False
        self.itemClicked.connect(self._use)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def show_rows(self, rows: Sequence[Modifier], held: set[str], all_open: bool) -> None:
        """Show ``rows`` in their groups, those whose words are ``held`` with a tick, all groups open if so said."""
        current = self.currentItem()
        key = (current.data(_GROUP), getattr(current.data(_ROW), "words", None)) if current is not None else None
        place = self.verticalScrollBar().value()
        self._rows, self._held, self._all_open = rows, held, all_open
        self.clear()
        for group in dict.fromkeys(row.group for row in rows):
            own = [row for row in rows if row.group == group]
            opened = all_open or group in self._opened
            self._add_heading(group, own, opened)
            if opened:
                for row in own:
                    self._add_row(row)
        for number in range(self.count()):
            item = self.item(number)
            if key == (item.data(_GROUP), getattr(item.data(_ROW), "words", None)):
                self.setCurrentRow(number)
        self.verticalScrollBar().setValue(place)

    def open_group(self, group: str) -> None:
        """Open a group, if it is closed."""
        self._opened.add(group)
        self.show_rows(self._rows, self._held, self._all_open)

    def _add_heading(self, group: str, own: Sequence[Modifier], opened: bool) -> None:
        item = QListWidgetItem(group_title(group))
        item.setData(_GROUP, group)
        held = sum(row.words in self._held for row in own)
        item.setData(_COUNT, f"{held} / {len(own)}" if held else str(len(own)))
        item.setData(_HELD, opened)
        state = self.tr("open") if opened else self.tr("closed")
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{group_title(group)}, {len(own)}, {state}")
        self.addItem(item)

    def _add_row(self, row: Modifier) -> None:
        item = QListWidgetItem(row.title)
        item.setData(_GROUP, row.group)
        item.setData(_ROW, row)
        item.setData(_HELD, row.words in self._held)
        words = [row.title, self.tr("in the prompt") if row.words in self._held else "", row.about]
        item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(filter(None, words)))
        item.setToolTip(row.words)
        self.addItem(item)

    def _use(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        row, group = item.data(_ROW), item.data(_GROUP)
        if row is not None:
            self.toggled.emit(row)
        elif not self._all_open:
            self._opened ^= {group}
            self.show_rows(self._rows, self._held, self._all_open)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self._use(item)
        elif item is not None and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and not self._all_open:
            group = item.data(_GROUP)
            if (group in self._opened) is (event.key() == Qt.Key.Key_Left):
                self._opened ^= {group}
                self.show_rows(self._rows, self._held, self._all_open)
                heading = next(n for n in range(self.count()) if self.item(n).data(_GROUP) == group)
                self.setCurrentRow(heading)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Space and the arrows are those of a command elsewhere; here they are its own."""
        own = (Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in own:
            event.accept()
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self.currentItem()
        if item is not None and item.data(_ROW) is not None:
            keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
            place = self.viewport().mapToGlobal(self.visualItemRect(item).center()) if keyboard else event.globalPos()
            self.menu_wanted.emit(item.data(_ROW), place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()


def _title(row: Modifier) -> str:
    """With the words themselves, where the model reads them in another language."""
    return row.title if row.title == row.words else f"{row.title} · {row.words}"


class _Row(QStyledItemDelegate):
    """A heading with an arrow and a number, or a tick, words, and a sentence over as many lines as it takes."""

    def __init__(self, view: HandbookList) -> None:
        super().__init__(view)
        self._view = view

    def _indent(self) -> int:
        return self._view.theme.px(SMALL_ICON) + SMALL

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        metrics, row = option.fontMetrics, index.data(_ROW)
        if row is None:
            return QSize(0, metrics.height() + 2 * TIGHT + TIGHT)
        width = max(self._view.viewport().width() - self._indent() - 2 * SMALL, 40)
        flags = int(Qt.TextFlag.TextWordWrap)
        title = metrics.boundingRect(QRect(0, 0, width, 10_000), flags, _title(row)).height()
        about = metrics.boundingRect(QRect(0, 0, width, 10_000), flags, row.about).height() if row.about else 0
        return QSize(0, title + about + MEDIUM)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        theme, row, area = self._view.theme, index.data(_ROW), option.rect
        painter.save()
        painter.setFont(option.font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = self._view.hasFocus() and self._view.currentIndex() == index
        if current or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(theme.colour("accent_line"), 1) if current else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised_hover") if not current else theme.colour("accent_soft"))
            painter.drawRoundedRect(area.adjusted(1, 1, -2, -1), TIGHT, TIGHT)
        side = theme.px(SMALL_ICON)
        inner = area.adjusted(SMALL, 0, -SMALL, 0)
        if row is None:
            self._paint_heading(painter, inner, index, side)
        else:
            self._paint_row(painter, inner, row, bool(index.data(_HELD)), side, option)
        painter.restore()

    def _paint_heading(
        self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex, side: int
    ) -> None:
        theme = self._view.theme
        icon = theme.icon("chevron_down" if index.data(_HELD) else "chevron_right", "muted")
        icon.paint(painter, QRect(area.left() - TIGHT, area.center().y() - side // 2, side, side))
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        text = area.adjusted(side + TIGHT, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(theme.colour("muted"))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(index.data(_COUNT)))

    def _paint_row(
        self, painter: QPainter, area: QRect, row: Modifier, held: bool, side: int, option: QStyleOptionViewItem
    ) -> None:
        theme, flags = self._view.theme, int(Qt.TextFlag.TextWordWrap)
        text = area.adjusted(self._indent(), TIGHT, 0, 0)
        if held:
            line = option.fontMetrics.height()
            spot = QRect(area.left(), text.top() + (line - side) // 2, side, side)
            theme.icon("check", "accent_line").paint(painter, spot)
        painter.setPen(theme.colour("accent_line" if held else "text"))
        drawn = painter.boundingRect(text, flags, _title(row))
        painter.drawText(text, flags, _title(row))
        painter.setPen(theme.colour("muted"))
        painter.drawText(text.adjusted(0, drawn.height(), 0, 0), flags, row.about)
