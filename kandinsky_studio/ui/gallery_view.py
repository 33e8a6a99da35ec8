"""The strip of thumbnails: one row that scrolls sideways, or as many as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QPainter, QPainterPath, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from kandinsky_studio.app.gallery import Item
from kandinsky_studio.app.gallery_list import ITEM_ROLE, GalleryList
from kandinsky_studio.ui.theme import Theme

SIDE = 104  # pixels of a tile at the least
LARGEST = 168
GAP = 8
RADIUS = 6.0
ALMOST = 400  # pixels before the end of the row at which the next page is fetched


class TileDelegate(QStyledItemDelegate):
    """A rounded thumbnail; a ring around the one that is looked at, a sign on one that is not saved."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.side = SIDE

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self.side + GAP, self.side + GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        cell = QRectF(option.rect).adjusted(GAP / 2, GAP / 2, -GAP / 2, -GAP / 2)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        area = self._picture_area(cell, image)
        shape = QPainterPath()
        shape.addRoundedRect(area, RADIUS, RADIUS)
        if image is None or image.isNull():
            painter.fillPath(shape, self._theme.colour("raised"))
            if image is not None:
                self._theme.icon("warning", "muted").paint(painter, area.adjusted(36, 36, -36, -36).toRect())
        else:
            painter.setClipPath(shape)
            painter.drawImage(area, image)
            painter.setClipping(False)
            painter.setPen(QPen(self._theme.colour("line"), 1))  # a white picture on a white panel has an edge too
            painter.drawPath(shape)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            ring = QPainterPath()
            ring.addRoundedRect(area.adjusted(-2, -2, 2, 2), RADIUS + 2, RADIUS + 2)
            painter.setPen(QPen(self._theme.colour("accent_line"), 2))
            painter.drawPath(ring)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(self._theme.colour("muted"), 1))
            painter.drawPath(shape)
        item: Item = index.data(ITEM_ROLE)
        if item.unsaved is not None:
            badge = QRectF(area.right() - 26, area.top() + 4, 22, 22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("error"))
            painter.drawEllipse(badge)
            self._theme.icon("warning", "error_text").paint(painter, badge.adjusted(4, 3, -4, -5).toRect())
        painter.restore()

    @staticmethod
    def _picture_area(cell: QRectF, image: QImage | None) -> QRectF:
        if image is None or image.isNull():
            return cell
        size = image.size().toSizeF().scaled(cell.size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRectF(0, 0, size.width(), size.height())
        area.moveCenter(cell.center())
        return area


class GalleryView(QListView):
    """``looked_at`` carries the item the keyboard or mouse went to, ``menu_wanted`` where a menu should open."""

    looked_at = Signal(object)  # Item
    menu_wanted = Signal(object)  # QPoint, global

    def __init__(self, theme: Theme, model: GalleryList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles = TileDelegate(theme, self)
        self._list = model
        self.setModel(model)
        self.setItemDelegate(self._tiles)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMinimumHeight(SIDE + GAP + 12)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.clicked.connect(self._clicked)
        self.horizontalScrollBar().valueChanged.connect(self._fetch_ahead)
        theme.changed.connect(self.viewport().update)

    def selected(self) -> list[Item]:
        """The selected pictures, newest first."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return [item for row in rows if (item := self._list.item(self._list.index(row))) is not None]

    def choose(self, item: Item) -> None:
        """Mark ``item`` and bring it into sight, without looking at it: it is looked at already."""
        row = self._list.row_of(item)
        if row is None:
            return
        index = self._list.index(row)
        if self.currentIndex() == index and self.selectionModel().isSelected(index):
            return
        self.selectionModel().currentChanged.disconnect(self._current_changed)
        self.setCurrentIndex(index)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.scrollTo(index)

    def _current_changed(self, index: QModelIndex) -> None:
        item = self._list.item(index)
        if item is not None:
            self.looked_at.emit(item)

    def _clicked(self, index: QModelIndex) -> None:
        """The current row too, since something else may be on the canvas by now."""
        self._current_changed(index)

    def _fetch_ahead(self, value: int) -> None:
        if self.horizontalScrollBar().maximum() - value < ALMOST and self._list.canFetchMore(QModelIndex()):
            self._list.fetchMore(QModelIndex())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """In a single row the wheel goes sideways: there is nowhere else to go."""
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta()
        if self.isWrapping() or abs(delta.x()) > abs(delta.y()):
            super().wheelEvent(event)
        else:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - delta.y())
            event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        height = self.viewport().height() + (
            self.horizontalScrollBar().height() if self.horizontalScrollBar().isVisible() else 0
        )
        several = height >= 2 * (SIDE + GAP) + 24
        self._tiles.side = SIDE if several else min(max(height - GAP - 12, SIDE), LARGEST)
        if several != self.isWrapping():
            self.setWrapping(several)
        self.setSpacing(0)  # also makes the view ask for the sizes again
        super().resizeEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center()))
        elif self.indexAt(event.pos()).isValid():
            self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._current_changed(self.currentIndex())
        else:
            super().keyPressEvent(event)
