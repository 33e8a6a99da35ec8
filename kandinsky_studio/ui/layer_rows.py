"""How a row of the layer list looks: eye, small pictures of pixels and mask, name, locks, colour label."""

from __future__ import annotations

import enum

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeWidget, QWidget

from kandinsky_studio.app.layer_words import LABELS
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.surface import Depth, Surface, new_image, readable
from kandinsky_studio.ui.sizes import SMALL_ICON, TIGHT
from kandinsky_studio.ui.theme import Theme

ID = Qt.ItemDataRole.UserRole
_SIDE = 32  # of a small picture
_ROW = 40
_EYE = 26
_LABELS = {label: colour for label, _, colour in LABELS}


class Part(enum.Enum):
    """What of a row is under the pointer."""

    EYE = "eye"
    PIXELS = "pixels"
    MASK = "mask"
    LOCK = "lock"
    NAME = "name"


class LayerRows(QStyledItemDelegate):
    """Draws rows from the document, which the items of the tree name by number only."""

    def __init__(self, theme: Theme, tree: QTreeWidget) -> None:
        super().__init__(tree)
        self._theme = theme
        self._tree = tree
        self._document: Document | None = None
        self._pictures: dict[tuple[int, bool], tuple[tuple[object, ...], QPixmap]] = {}
        self._edits_mask = False

    def set_document(self, document: Document | None) -> None:
        if document is not self._document:
            self._pictures.clear()
            self._edits_mask = False
        self._document = document

    def set_edits_mask(self, on: bool) -> None:
        """Whether the tools work on the mask of the active layer: it gets the frame."""
        self._edits_mask = on
        self._tree.viewport().update()

    def refresh(self) -> None:
        """Draw the small pictures of the rows in sight that are old."""
        self._tree.viewport().update()

    def dot(self, colour: QColor | None) -> QIcon:
        """A round sample of a label."""
        side = self._theme.px(SMALL_ICON)
        pixmap = QPixmap(side, side)
        pixmap.fill(Qt.GlobalColor.transparent)
        if colour is not None:
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(2, 2, side - 4, side - 4)
            painter.end()
        return QIcon(pixmap)

    # ------------------------------------------------------------------ places

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self._theme.px(160), self._theme.px(_ROW))

    def _layer(self, index: QModelIndex | QPersistentModelIndex) -> Layer | None:
        return self._document.state.find(index.data(ID)) if self._document is not None else None

    def _places(self, layer: Layer, row: QRect) -> dict[Part, QRect]:
        px = self._theme.px
        side, middle = px(_SIDE), row.center().y()
        x = row.left() + TIGHT
        places = {Part.EYE: QRect(x, row.top(), px(_EYE), row.height())}
        x += px(_EYE)
        places[Part.PIXELS] = QRect(x, middle - side // 2, side, side)
        x += side + TIGHT
        if layer.mask is not None:
            places[Part.MASK] = QRect(x, middle - side // 2, side, side)
            x += side + TIGHT
        right = row.right() - TIGHT
        if layer.locked:
            right -= px(SMALL_ICON)
            places[Part.LOCK] = QRect(right, row.top(), px(SMALL_ICON), row.height())
        places[Part.NAME] = QRect(x + TIGHT, row.top(), max(right - x - 2 * TIGHT, 0), row.height())
        return places

    def part_at(self, index: QModelIndex, row: QRect, point: QPoint) -> Part | None:
        """What of the row ``index`` lies at ``point``."""
        layer = self._layer(index)
        if layer is None:
            return None
        places = self._places(layer, row)
        return next((part for part, place in places.items() if place.contains(point)), None)

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        layer = self._layer(index)
        if layer is not None:
            editor.setGeometry(self._places(layer, option.rect)[Part.NAME].adjusted(0, 4, 0, -4))

    # ------------------------------------------------------------------ drawing

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        layer = self._layer(index)
        if layer is None:
            return
        theme, row = self._theme, option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        active = self._document is not None and layer.id == self._document.active_id
        painter.save()
        if selected or active:
            painter.fillRect(row, theme.colour("accent_soft"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(row, theme.colour("raised_hover"))
        if colour := _LABELS[layer.label]:
            painter.fillRect(row.left(), row.top() + 2, 3, row.height() - 4, QColor(colour))
        if active and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.colour("accent_line"), 1))
            painter.drawRect(row.adjusted(0, 0, -1, -1))
        places = self._places(layer, row)
        hidden = not layer.visible
        self._icon(painter, "hidden" if hidden else "visible", places[Part.EYE], "disabled" if hidden else "text")
        for part, mask in ((Part.PIXELS, False), (Part.MASK, True)):
            if part in places:
                framed = active and mask is (self._edits_mask and layer.mask is not None)
                self._picture(painter, layer, mask, places[part], framed)
        if Part.LOCK in places:
            self._icon(painter, "lock", places[Part.LOCK], "muted")
        painter.setPen(theme.colour("disabled" if hidden else "text"))
        name = places[Part.NAME]
        metrics = option.fontMetrics
        text = metrics.elidedText(layer.name, Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()

    def _icon(self, painter: QPainter, name: str, place: QRect, colour: str) -> None:
        side = self._theme.px(SMALL_ICON)
        box = QRect(0, 0, side, side)
        box.moveCenter(place.center())
        self._theme.icon(name, colour).paint(painter, box)

    def _picture(self, painter: QPainter, layer: Layer, mask: bool, place: QRect, framed: bool) -> None:
        theme = self._theme
        if layer.kind is Kind.GROUP and not mask:
            self._icon(painter, "layer_group", place, "muted")
        else:
            half = place.width() // 4
            painter.fillRect(place, theme.colour("check_light"))
            for across in range(4):
                for down in range(4):
                    if (across + down) % 2:
                        square = QRect(place.left() + across * half, place.top() + down * half, half, half)
                        painter.fillRect(square, theme.colour("check_dark"))
            painter.drawPixmap(place, self._pixmap(layer, mask))
        if mask and not layer.mask_enabled:
            painter.setPen(QPen(theme.colour("danger"), 2))
            painter.drawLine(place.topLeft(), place.bottomRight())
        painter.setPen(QPen(theme.colour("accent_line" if framed else "line"), 2 if framed else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place.adjusted(0, 0, -1, -1))

    def _pixmap(self, layer: Layer, mask: bool) -> QPixmap:
        """The small picture, drawn anew if the layer's tiles are others than when it was drawn."""
        assert self._document is not None
        surface = layer.mask if mask else layer.pixels
        assert surface is not None
        canvas = self._document.state.canvas
        mark = (canvas, surface.default, *sorted((key, id(tile), tile.version) for key, tile in surface.tiles.items()))
        known = self._pictures.get((layer.id, mask))
        if known is None or (known[0] != mark and not self._document.editing):
            side = round(self._theme.px(_SIDE) * self._tree.devicePixelRatioF())
            known = (mark, QPixmap.fromImage(small_picture(surface, canvas, side)))
            self._pictures[layer.id, mask] = known
        return known[1]


def small_picture(surface: Surface, canvas: Rect, side: int) -> QImage:
    """What of ``surface`` lies on the canvas, in a square of ``side`` pixels, with its proportions kept."""
    scale = side / max(canvas.width, canvas.height)
    image = new_image(side, side, Depth.RGBA)
    width, height = canvas.width * scale, canvas.height * scale
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setClipRect(
        round((side - width) / 2), round((side - height) / 2), max(round(width), 1), max(round(height), 1)
    )
    painter.translate((side - width) / 2, (side - height) / 2)
    painter.scale(scale, scale)
    painter.translate(-canvas.x, -canvas.y)
    if surface.depth is Depth.MASK:
        value = surface.default
        painter.fillRect(canvas.to_qt(), QColor(value, value, value))
    for key in canvas.tiles():
        tile = surface.tiles.get(key)
        if tile is not None:
            place = Rect.of_tile(key)
            far = tile.quarter if scale < 0.5 else tile.image
            painter.drawImage(place.to_qt(), _grey(far) if surface.depth is Depth.MASK else far)
    painter.end()
    return image


def _grey(mask: QImage) -> QImage:
    """A mask as a picture: white where it is 255."""
    values = readable(mask)
    height, width = values.shape
    return QImage(np.ascontiguousarray(values).data, width, height, width, QImage.Format.Format_Grayscale8).copy()
