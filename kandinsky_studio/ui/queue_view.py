"""The list of jobs: how a row looks, and what mouse and keys do with it."""

from __future__ import annotations

import enum

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from kandinsky_studio.app.models import Models
from kandinsky_studio.app.queue import Queue
from kandinsky_studio.app.queue_list import ROW_ROLE, Row, Standing
from kandinsky_studio.app.queue_words import kind_of, prompt_of, state_of
from kandinsky_studio.engine.request import Task
from kandinsky_studio.ui.sizes import MEDIUM, RADIUS, SMALL, SMALL_ICON, TIGHT
from kandinsky_studio.ui.theme import Theme

_BUTTON = 26
_BAR = 4  # height of the bar that shows how far it is
_WIDE = 560  # from which width on kind and state stand in one line
_ICONS = {
    Task.text2image: "generate",
    Task.image2image: "brush",
    Task.inpaint: "fill",
    Task.outpaint: "frame",
    Task.mix: "mix",
    Task.depth: "depth",
}


class Part(enum.Enum):
    """A button of a row."""

    UP = "chevron_up"
    DOWN = "chevron_down"
    RETRY = "retry"
    REMOVE = "close"


_BUTTONS = {
    Standing.running: (Part.REMOVE,),
    Standing.waiting: (Part.UP, Part.DOWN, Part.REMOVE),
    Standing.failed: (Part.RETRY, Part.REMOVE),
    Standing.done: (Part.REMOVE,),
}


class QueueRows(QStyledItemDelegate):
    """A small picture, the words, what is made, how far it is; buttons where the pointer or the keyboard is."""

    def __init__(self, theme: Theme, queue: Queue, models: Models, view: QueueView) -> None:
        super().__init__(view)
        self._theme = theme
        self._queue = queue
        self._models = models
        self._view = view

    # ------------------------------------------------------------------ places

    def _lines(self, width: int) -> int:
        return 2 if width >= self._theme.px(_WIDE) else 3

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        lines = self._lines(self._view.viewport().width())
        return QSize(0, lines * option.fontMetrics.height() + 2 * SMALL + _BAR + TIGHT)

    def _buttons(self, row: Row, area: QRect) -> dict[Part, QRect]:
        side = self._theme.px(_BUTTON)
        right = area.right() - SMALL
        places = {}
        for part in reversed(_BUTTONS[row.standing]):
            right -= side
            places[part] = QRect(right, area.center().y() - side // 2, side, side)
        return places

    def part_at(self, index: QModelIndex, area: QRect, point: QPoint) -> Part | None:
        """The button of the row ``index`` at ``point``."""
        row = index.data(ROW_ROLE)
        if row is None:
            return None
        return next((part for part, place in self._buttons(row, area).items() if place.contains(point)), None)

    # ------------------------------------------------------------------ drawing

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row | None = index.data(ROW_ROLE)
        if row is None:
            return
        theme, area = self._theme, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        current = self._view.hasFocus() and self._view.currentIndex() == index
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if selected or hovered:
            painter.fillRect(area, theme.colour("accent_soft" if selected else "raised_hover"))
        side = area.height() - 2 * SMALL
        self._picture(painter, row, QRectF(area.left() + MEDIUM, area.top() + SMALL, side, side))
        left = area.left() + 2 * MEDIUM + side
        right = area.right() - MEDIUM
        if hovered or current:
            places = self._buttons(row, area)
            right = min(place.left() for place in places.values()) - SMALL
            for part, place in places.items():
                self._button(painter, part, place)
        self._words(painter, option, row, QRect(left, area.top() + SMALL, right - left, area.height() - 2 * SMALL))
        if current:
            painter.setPen(QPen(theme.colour("accent_line"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), 4, 4)
        painter.restore()

    def _words(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, area: QRect) -> None:
        theme, metrics = self._theme, option.fontMetrics
        kind = kind_of(row, self._models.title(row.request.model))
        state = state_of(row, self._queue.left(row), self._queue.holds(row))
        failed = row.standing is Standing.failed
        lines = [(prompt_of(row.request), "muted" if row.standing is Standing.done else "text")]
        if self._lines(self._view.viewport().width()) == 3:
            lines += [(kind, "muted"), (state, "danger" if failed else "muted")]
        else:
            lines += [(state if failed else f"{kind} · {state}", "danger" if failed else "muted")]
        bar = _BAR + TIGHT if row.standing is Standing.running else 0
        top = area.top() + (area.height() - len(lines) * metrics.height() - bar) // 2
        for text, colour in lines:
            line = QRect(area.left(), top, area.width(), metrics.height())
            painter.setPen(theme.colour(colour))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
            top += metrics.height()
        if row.standing is Standing.running:
            done = row.progress.fraction if row.progress is not None else 0.0
            painter.setPen(Qt.PenStyle.NoPen)
            for colour, share in (("line", 1.0), ("accent", done)):
                painter.setBrush(theme.colour(colour))
                painter.drawRoundedRect(QRectF(area.left(), top + TIGHT, area.width() * share, _BAR), 2, 2)

    def _picture(self, painter: QPainter, row: Row, cell: QRectF) -> None:
        theme, image = self._theme, row.picture
        shape = QPainterPath()
        if image is None or image.isNull():
            shape.addRoundedRect(cell, RADIUS, RADIUS)
            painter.fillPath(shape, theme.colour("line"))
            side = theme.px(SMALL_ICON * 1.25)
            box = QRect(0, 0, side, side)
            box.moveCenter(cell.center().toPoint())
            theme.icon(_ICONS[row.request.task], "muted").paint(painter, box)
            return
        size = image.size().toSizeF().scaled(cell.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(cell.center())
        shape.addRoundedRect(place, RADIUS, RADIUS)
        painter.save()
        painter.setClipPath(shape)
        painter.setOpacity(0.6 if row.standing is Standing.done else 1.0)
        painter.drawImage(place, image)
        painter.restore()
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawPath(shape)

    def _button(self, painter: QPainter, part: Part, place: QRect) -> None:
        if place.contains(self._view.pointer):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("line"))
            painter.drawRoundedRect(QRectF(place), RADIUS, RADIUS)
        side = self._theme.px(SMALL_ICON)
        box = QRect(0, 0, side, side)
        box.moveCenter(place.center())
        self._theme.icon(part.value).paint(painter, box)


class QueueView(QListView):
    """``pressed_part`` tells of a button (id, :class:`Part`), ``removed``, ``shifted`` and ``dropped`` of what is wanted
    of rows, ``opened`` of Enter or a double click, ``menu_wanted`` where a menu should open."""

    pressed_part = Signal(int, object)
    removed = Signal(list)
    shifted = Signal(list, int)
    dropped = Signal(list, object)
    opened = Signal(list)
    menu_wanted = Signal(object)

    def __init__(self, theme: Theme, queue: Queue, models: Models, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self.pointer = QPoint(-1, -1)
        self.rows = QueueRows(theme, queue, models, self)
        self.setModel(queue.list)
        self.setItemDelegate(self.rows)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def chosen(self) -> list[int]:
        """The ids of the marked rows, from the top."""
        indexes = sorted(self.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [row.id for index in indexes if (row := self._queue.list.row(index)) is not None]

    def button_place(self, id: int, part: Part) -> QPoint:
        """The middle of a button, in the view."""
        index = self._queue.list.index_of(id)
        row = self._queue.list.row(index)
        assert row is not None
        return self.rows._buttons(row, self.visualRect(index))[part].center()

    # ------------------------------------------------------------------ mouse and keys

    def _part_at(self, event: QMouseEvent) -> tuple[int, Part | None]:
        at = event.position().toPoint()
        index = self.indexAt(at)
        row = self._queue.list.row(index)
        return (0, None) if row is None else (row.id, self.rows.part_at(index, self.visualRect(index), at))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        id, part = self._part_at(event)
        if part is not None and event.button() is Qt.MouseButton.LeftButton:
            self.pressed_part.emit(id, part)
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        id, part = self._part_at(event)
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if part is not None:
            self.pressed_part.emit(id, part)  # two clicks on a button, one after another
        elif id:
            self.opened.emit([id])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer = event.position().toPoint()
        self.viewport().update()
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointer = QPoint(-1, -1)
        super().leaveEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and _is_own(event):
            event.accept()  # here they are for the rows, and no command's
            return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            row = self._queue.list.row(self.indexAt(event.pos()))
            if row is not None:
                QToolTip.showText(event.globalPos(), self._queue.list.words(row), self)
                return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ids = self.chosen()
        if not ids or not _is_own(event):
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            at = self.currentIndex().row()
            self.removed.emit(ids)
            self.setCurrentIndex(self._queue.list.index(min(at, len(self._queue.list) - 1)))
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.shifted.emit(ids, -1 if event.key() == Qt.Key.Key_Up else 1)
            self.scrollTo(self.currentIndex())
        else:
            self.opened.emit(ids)

    def dropEvent(self, event: QDropEvent) -> None:
        """A row that is dropped somewhere else is not moved here: the queue is asked to, and the rows follow."""
        at = self.indexAt(event.position().toPoint())
        number = at.row() if at.isValid() else len(self._queue.list)
        if at.isValid() and event.position().y() > self.visualRect(at).center().y():
            number += 1
        below = self._queue.list.row(self._queue.list.index(number))
        ids = self.chosen()
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()
        self.dropped.emit(ids, None if below is None else below.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center()))
        elif self.indexAt(event.pos()).isValid():
            self.menu_wanted.emit(event.globalPos())


def _is_own(event: QKeyEvent) -> bool:
    """Whether a key does something to the rows."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers == Qt.KeyboardModifier.AltModifier:
        return event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
    plain = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return not modifiers and event.key() in plain
