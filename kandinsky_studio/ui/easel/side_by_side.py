"""The same part of the document several times, each with another picture over it: all zoomed and moved together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.ui.easel.camera import FIT_MAXIMUM, STEP, Camera, Fit, Sighting
from kandinsky_studio.ui.easel.frame import Frame
from kandinsky_studio.ui.easel.input import wheel_steps
from kandinsky_studio.ui.easel.laid import Laid
from kandinsky_studio.ui.sizes import ICON, MEDIUM, SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme

_WORK = 0.012  # seconds of one painting that go into bringing the picture up to date
_ROUND = 1.06  # of what is compared, that is in sight at first
_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Plus, Qt.Key.Key_Minus)


@dataclass(frozen=True, eq=False)
class Cell:
    """One of the pictures. ``number`` (from 0) is told when it is chosen; without one it can't be."""

    title: str
    laid: Laid | None
    number: int | None = None
    marked: bool = False


class SideBySide(QWidget):
    """``chosen`` and ``marked`` tell the number of a cell, ``kept`` and ``closed`` that Enter and Esc were pressed."""

    chosen = Signal(int)
    marked = Signal(int)
    kept = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.cells: tuple[Cell, ...] = ()
        self._shown = 0
        self._hovered: int | None = None
        self.camera = Camera()
        self._frame = Frame(self.camera)
        self._frame.grid = False
        self._about = Rect(0, 0, 1, 1)
        self._fitted = True
        self._press: QPointF | None = None
        self._last = QPointF()
        self._dragged = False
        self._end_watch: Callable[[], None] = lambda: None
        self._catch_up = QTimer(self, interval=0, singleShot=True)
        self._catch_up.timeout.connect(self.update)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme.changed.connect(self._dress)
        self._dress()

    # ---------------------------------------------------------------- what is shown

    def show_document(self, document: Document | None, seen: Sighting | None = None) -> None:
        """Compare over ``document``, turned and mirrored as it was ``seen``; None lets go of it."""
        self._end_watch()
        self._end_watch = document.watch(self._changed) if document is not None else lambda: None
        self._frame.set_document(document)
        if document is None:
            self._catch_up.stop()
            self.cells = ()
            return
        self.camera.set_canvas(document.state.canvas)
        self.camera.fit_to(Fit.NONE)
        if seen is not None:
            self.camera.mirror(seen.mirrored)
            self.camera.rotate_to(seen.angle)
        self._fitted = True

    def show_cells(self, cells: Sequence[Cell], shown: int) -> None:
        """Show ``cells``; ``shown`` is the number of the one that is chosen."""
        self.cells, self._shown = tuple(cells), shown
        areas = [cell.laid.area for cell in cells if cell.laid is not None]
        about = areas[0] if areas else self.camera.canvas
        for area in areas:
            about = about.united(area)
        if about != self._about:
            self._about, self._fitted = about, True
        self._see()
        self.update()

    def fit(self) -> None:
        """Show all that is compared, and keep doing so when the window changes its size."""
        self._fitted = True
        self._see()
        self.update()

    def cell_rect(self, index: int) -> QRect:
        """Where cell ``index`` shows its picture, in pixels of the widget."""
        return self._places()[index]

    def mark_rect(self, index: int) -> QRect:
        """Where the mark of cell ``index`` is."""
        place, side = self.cell_rect(index), self._theme.px(ICON)
        return QRect(place.right() - side + 1, place.bottom() + 1 + TIGHT, side, side)

    @property
    def unfinished(self) -> bool:
        """Whether anything in sight is still to be brought up to date."""
        return self._frame.unfinished

    def _dress(self) -> None:
        theme = self._theme
        self._frame.background = theme.colour("canvas")
        self._frame.checks = theme.colour("check_light"), theme.colour("check_dark")
        self._frame.invalidate()
        self._see()
        self.update()

    def _changed(self, change: Change) -> None:
        self._frame.change(change)
        self.update()

    # ---------------------------------------------------------------- where

    def _caption(self) -> int:
        return max(self._theme.px(ICON), self.fontMetrics().height()) + 2 * TIGHT

    def _columns(self) -> int:
        """As many as let the pictures be largest."""
        count, caption = max(len(self.cells), 1), self._caption()
        box = self.camera_box()
        best, columns = 0.0, 1
        for across in range(1, count + 1):
            down = math.ceil(count / across)
            width = (self.width() - MEDIUM * (across + 1)) / across
            height = (self.height() - MEDIUM * (down + 1)) / down - caption
            scale = min(width / box.width(), height / box.height())
            if scale > best * 1.001:
                best, columns = scale, across
        return columns

    def camera_box(self) -> QRectF:
        """What is compared as it is turned, in pixels of the document."""
        turned = self.camera.transform
        scale = max(self.camera.zoom, 1e-6)
        box = turned.mapRect(QRectF(self._about.to_qt()))
        return QRectF(0, 0, max(box.width() / scale, 1), max(box.height() / scale, 1))

    def _places(self) -> list[QRect]:
        columns, caption = self._columns(), self._caption()
        rows = max(math.ceil(len(self.cells) / columns), 1)
        width = max((self.width() - MEDIUM * (columns + 1)) // columns, 8)
        height = max((self.height() - MEDIUM * (rows + 1)) // rows - caption, 8)
        return [
            QRect(
                MEDIUM + (k % columns) * (width + MEDIUM),
                MEDIUM + (k // columns) * (height + caption + MEDIUM),
                width,
                height,
            )
            for k in range(len(self.cells))
        ]

    def _see(self) -> None:
        places, ratio = self._places(), self.devicePixelRatioF()
        if not places:
            return
        size = QSize(round(places[0].width() * ratio), round(places[0].height() * ratio))
        self.camera.see(QRectF(0, 0, size.width(), size.height()), ratio)
        if self._fitted:
            box = self.camera_box()
            zoom = min(size.width() / box.width(), size.height() / box.height()) / _ROUND
            self.camera.zoom_to(min(zoom, FIT_MAXIMUM), stop=False)
            self.camera.show(QRectF(self._about.to_qt()).center())

    def _at(self, point: QPointF) -> int | None:
        """The cell at ``point``, with what is written below it."""
        for index, place in enumerate(self._places()):
            if place.adjusted(0, 0, 0, self._caption()).contains(point.toPoint()):
                return index
        return None

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        frame, ratio = self._frame, self.camera.ratio
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.colour("canvas"))
        if frame.document is None or not self.cells:
            return
        frame.look()
        whole = QRegion(frame.image.rect())
        frame.work(whole, _WORK)
        frame.draw(whole)
        for index, (cell, place) in enumerate(zip(self.cells, self._places(), strict=True)):
            if not place.adjusted(-4, -4, 4, self._caption()).intersects(event.rect()):
                continue
            painter.save()
            painter.setClipRect(place)
            painter.translate(place.topLeft())
            painter.scale(1 / ratio, 1 / ratio)
            painter.drawImage(0, 0, frame.image)
            if cell.laid is not None:
                cell.laid.draw(painter, self.camera)
            painter.restore()
            self._draw_around(painter, index, cell, place)
        if frame.unfinished:
            self._catch_up.start()

    def _draw_around(self, painter: QPainter, index: int, cell: Cell, place: QRect) -> None:
        theme = self._theme
        shown = cell.number is not None and cell.number == self._shown
        line = theme.colour("accent_line" if shown else "muted" if index == self._hovered else "line")
        painter.setPen(QPen(line, 3 if shown else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        out = 2 if shown else 1
        painter.drawRect(place.adjusted(-out, -out, out - 1, out - 1))
        below = QRect(place.left(), place.bottom() + 1, place.width(), self._caption())
        ink = "canvas_text"
        if cell.number is not None:
            mark = self.mark_rect(index)
            icon = theme.icon("mark" if cell.marked else "unmarked", "accent_line" if cell.marked else ink)
            icon.paint(painter, mark)
            below.setRight(mark.left() - SMALL)
        font = self.font()
        font.setBold(shown)
        painter.setFont(font)
        painter.setPen(QColor(theme.colour(ink)))
        text = painter.fontMetrics().elidedText(cell.title, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    # ---------------------------------------------------------------- hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._press = self._last = event.position()
            self._dragged = event.button() is Qt.MouseButton.MiddleButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None:
            self._hover(self._at(at))
            return
        if not self._dragged and (at - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._dragged = True
        if self._dragged:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._fitted = False
            self.camera.pan((at - self._last) * self.camera.ratio)
            self.update()
        self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._press = self._press, None
        self.unsetCursor()
        index = self._at(event.position())
        if pressed is None or self._dragged or index is None or index != self._at(pressed):
            return
        number = self.cells[index].number
        if number is not None:
            on_mark = self.mark_rect(index).adjusted(-TIGHT, -TIGHT, TIGHT, TIGHT).contains(event.position().toPoint())
            (self.marked if on_mark else self.chosen).emit(number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """To the canvas with the one that the first click chose; on a mark the second click is one more."""
        index = self._at(event.position())
        if index is None or self.cells[index].number is None:
            return
        if self.mark_rect(index).contains(event.position().toPoint()):
            self.mousePressEvent(event)
        else:
            self.closed.emit()

    def _hover(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            can = index is not None and self.cells[index].number is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if can else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        pan, notches = wheel_steps(event)
        index = self._at(event.position())
        self._fitted = False
        if notches and index is not None:
            inside = event.position() - QPointF(self.cell_rect(index).topLeft())
            self.camera.zoom_to(self.camera.zoom * STEP**notches, inside * self.camera.ratio)
        elif not notches:
            self.camera.pan(pan * self.camera.ratio)
        self.update()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            digit = Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9
            zooms = held == Qt.KeyboardModifier.ControlModifier and event.key() in (
                *(Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus, Qt.Key.Key_0),
            )
            if zooms or (not held and (digit or event.key() in _KEYS)):
                event.accept()  # the keys of the window do the same to the document, which is not in sight
                return True
        elif event.type() == QEvent.Type.FontChange:
            self._see()
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, columns = event.key(), self._columns()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -columns, Qt.Key.Key_Down: columns}
        if (by := steps.get(Qt.Key(key))) is not None:
            numbers = [cell.number for cell in self.cells]
            here = numbers.index(self._shown) if self._shown in numbers else 0
            there = here + by
            if 0 <= there < len(numbers) and (number := numbers[there]) is not None:
                self.chosen.emit(number)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.kept.emit()
        elif key == Qt.Key.Key_Escape:
            self.closed.emit()
        elif key == Qt.Key.Key_Space:
            self.marked.emit(self._shown)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._fitted = False
            self.camera.zoom_to(self.camera.zoom * (1 / STEP if key == Qt.Key.Key_Minus else STEP))
            self.update()
        elif key == Qt.Key.Key_0:
            self.fit()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and any(cell.number == key - Qt.Key.Key_1 for cell in self.cells):
            self.chosen.emit(key - Qt.Key.Key_1)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._see()

    def hideEvent(self, event: QHideEvent) -> None:
        self._catch_up.stop()
        self._press, self._hovered = None, None
