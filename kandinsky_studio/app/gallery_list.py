"""The gallery as a Qt list: rows on demand, thumbnails as they come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QImage

from kandinsky_studio.app.gallery import PAGE, Gallery, Item
from kandinsky_studio.app.images import to_image
from kandinsky_studio.app.thumbnails import Thumbnails

ITEM_ROLE = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


def image_of(item: Item) -> QImage:
    """An unsaved picture has no thumbnail on disk; it is in memory anyway."""
    assert item.unsaved is not None
    return to_image(item.unsaved.image)


class GalleryList(QAbstractListModel):
    """Newest first; unsaved pictures stand at the head. Pages of the library are fetched as the view scrolls."""

    loaded = Signal()  # a page has arrived, or there is none

    def __init__(self, gallery: Gallery, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gallery = gallery
        self._thumbnails = thumbnails
        self._items: list[Item] = []
        self._words = ""
        self._more = False
        self._asked = 0  # counts questions, so that an answer to an older one is thrown away
        gallery.opened.connect(self.reload)
        gallery.restored.connect(self.reload)
        gallery.added.connect(self._add)
        gallery.removed.connect(self._remove)
        thumbnails.made.connect(self._thumbnail_made)

    @property
    def words(self) -> str:
        """What the rows are searched for."""
        return self._words

    def search(self, words: str) -> None:
        """Show only pictures whose prompt has all of ``words``."""
        if words != self._words:
            self._words = words
            self.reload()

    def reload(self) -> None:
        """Ask for the first page anew."""
        self._ask(None)

    def item(self, index: Index) -> Item | None:
        """The picture of a row."""
        return self._items[index.row()] if index.isValid() and index.row() < len(self._items) else None

    def row_of(self, item: Item) -> int | None:
        """Where a picture stands now."""
        for row, other in enumerate(self._items):
            if item.is_same(other):
                return row
        return None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._items)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A picture can be dragged where files can be dropped."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802
        """The files of the pictures; what is not saved yet has none."""
        data = QMimeData()
        items = [item for index in indexes if (item := self.item(index)) is not None]
        data.setUrls([QUrl.fromLocalFile(str(item.path)) for item in items if item.path is not None])
        return data

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self.item(index)
        if item is None:
            return None
        if role == ITEM_ROLE:
            return item
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.request.prompt
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnails.get(item.path) if item.path else image_of(item)
        return None

    def canFetchMore(self, parent: Index) -> bool:  # noqa: N802
        return not parent.isValid() and self._more

    def fetchMore(self, parent: Index) -> None:  # noqa: N802
        if self.canFetchMore(parent):
            self._more = False  # until the answer says so again
            self._ask(next((item for item in reversed(self._items) if item.entry is not None), None))

    def _ask(self, before: Item | None) -> None:
        self._asked += 1
        asked = self._asked

        def show(page: list[Item]) -> None:
            if asked == self._asked:
                self._show(page, before)

        self._gallery.page(self._words, before, show)

    def _show(self, page: list[Item], before: Item | None) -> None:
        if before is None:
            self.beginResetModel()
            self._items = [item for item in reversed(self._gallery.unsaved) if self._matches(item)] + page
            self.endResetModel()
        elif page:
            self.beginInsertRows(QModelIndex(), len(self._items), len(self._items) + len(page) - 1)
            self._items += page
            self.endInsertRows()
        self._more = len(page) == PAGE
        self.loaded.emit()

    def _matches(self, item: Item) -> bool:
        text = f"{item.request.prompt} {item.request.negative_prompt}".casefold()
        return all(word in text for word in self._words.casefold().split())

    def _add(self, item: Item) -> None:
        if self._matches(item) and self.row_of(item) is None:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._items.insert(0, item)
            self.endInsertRows()

    def _remove(self, item: Item) -> None:
        row = self.row_of(item)
        if row is not None:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._items[row]
            self.endRemoveRows()
        if item.path is not None:
            self._thumbnails.forget(item.path)

    def _thumbnail_made(self, path: Path) -> None:
        for row, item in enumerate(self._items):
            if item.path == path:
                index = self.index(row)
                self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
                return
