"""The list of layers: rows that follow the document, and what the mouse and keys do with them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.naming import kind_name
from kandinsky_studio.ui.layer_rows import LayerRows, Part
from kandinsky_studio.ui.theme import Theme

ID = Qt.ItemDataRole.UserRole
LAYERS = "application/x-kandinsky-studio-layers"
"""The ids of layers that are being dragged, for those who take layers from the list."""

_INDENTATION = 14


class LayerTree(QTreeWidget):
    """The rows. A row that is dropped somewhere else is not moved here: the document is asked to, and the rows follow.

    ``pressed`` tells the eye, the lock or a small picture of a row (id, :class:`Part`, keys held), ``dropped`` the ids
    that were dragged, the id of the row they came to (or None) and where at it, ``chosen`` the row that has the
    keyboard now and ``renamed`` a new name.
    """

    pressed_part = Signal(int, object, object)
    dropped = Signal(list, object, object)
    chosen = Signal(int)
    renamed = Signal(int, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._document: Document | None = None
        self._shape: object = None
        self._filling = False
        self.rows = LayerRows(theme, self)
        self.setItemDelegate(self.rows)
        self.setHeaderHidden(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.currentItemChanged.connect(self._current_changed)
        self.itemChanged.connect(self._item_changed)
        theme.changed.connect(self._indent)
        self._indent()

    # ------------------------------------------------------------------ rows

    def show_document(self, document: Document | None, hidden: str, locked: str) -> None:
        """Make the rows those of ``document``; groups that were closed stay so.

        ``hidden`` and ``locked`` are what screen readers are told of such layers.
        """
        shape = _shape(document.state.layers) if document is not None else None
        self._filling = True
        if document is not self._document or shape != self._shape:
            self._make_rows(document)
        self._document, self._shape = document, shape
        if document is not None:
            words = {"visible": hidden, "locked": locked}
            for item in self.items():
                self._say(item, document.state.layer(item.data(0, ID)), words)
            self._show_active(document.active_id)
        self._filling = False
        self.rows.refresh()

    def _make_rows(self, document: Document | None) -> None:
        closed = {item.data(0, ID) for item in self.items() if item.childCount() and not item.isExpanded()}
        marked = set(self.selected())
        bar = self.verticalScrollBar().value()
        self.clear()
        self.rows.set_document(document)
        if document is not None:
            for layer in reversed(document.state.layers):
                self._add(self.invisibleRootItem(), layer, closed)
            if document.active_id in marked:
                for item in self.items():
                    item.setSelected(item.data(0, ID) in marked)
        self.verticalScrollBar().setValue(bar)

    def _add(self, parent: QTreeWidgetItem, layer: Layer, closed: set[int]) -> None:
        item = QTreeWidgetItem([layer.name])
        item.setData(0, ID, layer.id)
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsEditable
        flags |= Qt.ItemFlag.ItemIsDragEnabled
        if layer.kind is Kind.GROUP:
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        item.setFlags(flags)
        parent.addChild(item)
        for child in reversed(layer.children):
            self._add(item, child, closed)
        item.setExpanded(layer.id not in closed)

    @staticmethod
    def _say(item: QTreeWidgetItem, layer: Layer, words: dict[str, str]) -> None:
        if item.text(0) != layer.name:
            item.setText(0, layer.name)
        said = [layer.name or kind_name(layer.kind)]
        said += [words["visible"]] if not layer.visible else []
        said += [words["locked"]] if layer.locked else []
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, ", ".join(said))

    def _show_active(self, id: int | None) -> None:
        item = next((item for item in self.items() if item.data(0, ID) == id), None)
        if item is not None and (item is not self.currentItem() or not item.isSelected()):
            keep = item.isSelected()
            flags = QItemSelectionModel.SelectionFlag
            self.setCurrentItem(item, 0, flags.NoUpdate if keep else flags.ClearAndSelect)

    def items(self) -> list[QTreeWidgetItem]:
        """Every row, from the top."""
        found: list[QTreeWidgetItem] = []

        def walk(item: QTreeWidgetItem) -> None:
            for number in range(item.childCount()):
                if (child := item.child(number)) is not None:
                    found.append(child)
                    walk(child)

        walk(self.invisibleRootItem())
        return found

    def selected(self) -> list[int]:
        """The ids of the marked rows."""
        return [item.data(0, ID) for item in self.selectedItems()]

    def rename(self, id: int) -> None:
        """Let the user type a name."""
        item = next((item for item in self.items() if item.data(0, ID) == id), None)
        if item is not None:
            self.setFocus()
            self.setCurrentItem(item)
            self.editItem(item)

    def _current_changed(self, item: QTreeWidgetItem | None) -> None:
        if not self._filling and item is not None:
            # Later: the rows may be made anew by it, and the tree is not done with this one.
            id = item.data(0, ID)
            QTimer.singleShot(0, self, lambda: self.chosen.emit(id))

    def _item_changed(self, item: QTreeWidgetItem) -> None:
        if not self._filling:
            id, name = item.data(0, ID), item.text(0)
            QTimer.singleShot(0, self, lambda: self.renamed.emit(id, name))

    def _indent(self) -> None:
        self.setIndentation(self._theme.px(_INDENTATION))

    # ------------------------------------------------------------------ mouse and keys

    def _part_at(self, event: QMouseEvent) -> tuple[int, Part | None]:
        at = event.position().toPoint()
        index = self.indexAt(at)
        return index.data(ID) if index.isValid() else 0, self.rows.part_at(index, self.visualRect(index), at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        id, part = self._part_at(event)
        if part is not None and event.button() is Qt.MouseButton.LeftButton and part is not Part.NAME:
            self.pressed_part.emit(id, part, event.modifiers())
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        id, part = self._part_at(event)
        if part is Part.NAME:
            # Qt's own way fails where the first of the two clicks chose the row, and the rows were made anew.
            QTimer.singleShot(0, self, lambda: self.rename(id))
        elif part is not None and event.button() is Qt.MouseButton.LeftButton:
            self.pressed_part.emit(id, part, event.modifiers())  # two clicks on the eye, one after another

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentItem()
        if event.key() == Qt.Key.Key_Space and current is not None and not event.modifiers():
            self.pressed_part.emit(current.data(0, ID), Part.EYE, event.modifiers())
        else:
            super().keyPressEvent(event)

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:  # noqa: N802
        data = super().mimeData(items)
        data.setData(LAYERS, " ".join(str(item.data(0, ID)) for item in items).encode())
        return data

    def dropEvent(self, event: QDropEvent) -> None:
        where = self.dropIndicatorPosition()
        target = self.itemAt(event.position().toPoint())
        dragged = self.selected()
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.dropped.emit(dragged, target.data(0, ID) if target else None, where)


def layer_ids(data: QMimeData) -> list[int]:
    """The ids in what is dragged from the list of layers."""
    words = bytes(data.data(LAYERS).data()).decode("ascii", "replace").split()
    return [int(word) for word in words if word.isdecimal()]


def _shape(layers: tuple[Layer, ...]) -> object:
    """What decides which rows there are."""
    return tuple((layer.id, layer.kind, _shape(layer.children)) for layer in layers)
