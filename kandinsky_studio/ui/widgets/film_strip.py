"""Frames in a row: what is made shows its picture, what is not how far it is. It knows nothing of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip

from kandinsky_studio.ui.sizes import RADIUS
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.pad_drawing import draw_filling
from kandinsky_studio.ui.widgets.translated import Translated

_SIDE = 80  # pixels of a frame, at the ordinary font
_GAP = 18  # between two, where the plus is


@dataclass(frozen=True, eq=False)
class Cell:
    """A frame: ``share`` (0 … 1) of the way, its picture, or how much of it (0 … 1) is made."""

    share: float
    image: QImage | None = None
    progress: float = 0.0


class FilmStrip(Translated):
    """A click or the arrow keys choose a frame, a double click or Enter opens it; the plus between two, or Insert, wants
    another one there."""

    chosen = Signal(int)
    opened = Signal(int)
    refined = Signal(int)  # the frame before the gap

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._cells: tuple[Cell, ...] = ()
        self._current = -1
        self._refinable = True
        self._over: int | None = None  # the gap the pointer is at
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        theme.changed.connect(self.updateGeometry)
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(self.tr("Strip"))
        self._describe()

    def show_cells(self, cells: Sequence[Cell], current: int, refinable: bool) -> None:
        """The frames, which of them is chosen (-1: none), and whether others may come between them."""
        self._cells, self._current, self._refinable = tuple(cells), current, refinable
        self._describe()
        self.resize(self.sizeHint())
        self.updateGeometry()
        self.update()

    @property
    def current(self) -> int:
        """The chosen frame, -1 if none is."""
        return self._current

    def area_of(self, number: int) -> QRect:
        """Where a frame is."""
        side, gap = self._theme.px(_SIDE), self._theme.px(_GAP)
        return QRect(3 + number * (side + gap), 3, side, side)

    def gap_at(self, number: int) -> QPointF:
        """The middle of the plus behind a frame."""
        area = self.area_of(number)
        return QPointF(area.right() + 1 + self._theme.px(_GAP) / 2, area.center().y())

    def sizeHint(self) -> QSize:
        side, gap, count = self._theme.px(_SIDE), self._theme.px(_GAP), len(self._cells)
        return QSize(count * side + max(count - 1, 0) * gap + 6, side + 6)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, cell in enumerate(self._cells):
            area = QRectF(self.area_of(number))
            if area.intersects(QRectF(event.rect()).adjusted(-self._theme.px(_GAP), 0, self._theme.px(_GAP), 0)):
                self._draw(painter, area, cell, number == self._current)
                if number + 1 < len(self._cells) and self._refinable:
                    self._draw_plus(painter, self.gap_at(number), number == self._over)

    def _draw(self, painter: QPainter, area: QRectF, cell: Cell, current: bool) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(area, self._theme.px(RADIUS), self._theme.px(RADIUS))
        painter.fillPath(shape, self._theme.colour("field"))
        painter.save()
        painter.setClipPath(shape)
        if cell.image is not None:
            draw_filling(painter, cell.image, area)
        else:
            bar = self._theme.px(4)
            painter.fillRect(
                QRectF(area.left(), area.bottom() - bar, area.width() * cell.progress, bar),
                self._theme.colour("accent_line"),
            )
            painter.setPen(self._theme.colour("muted"))
            font = QFont(self.font())
            font.setPointSizeF(font.pointSizeF() * 0.85)
            painter.setFont(font)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._percent(cell))
        painter.restore()
        painter.setPen(QPen(self._theme.colour("field_line"), 1))
        if current:
            painter.setPen(QPen(self._theme.colour("accent_line"), 3 if self.hasFocus() else 2))
        painter.drawPath(shape)

    def _draw_plus(self, painter: QPainter, middle: QPointF, over: bool) -> None:
        side = self._theme.px(14)
        icon = QRectF(0, 0, side, side)
        icon.moveCenter(middle)
        self._theme.icon("plus", "accent_line" if over else "muted").paint(painter, icon.toRect())

    def _percent(self, cell: Cell) -> str:
        return self.tr("{percent} %").format(percent=self.locale().toString(round(cell.share * 100)))

    def _describe(self) -> None:
        there = 0 <= self._current < len(self._cells)
        self.setAccessibleDescription(self._percent(self._cells[self._current]) if there else "")

    # ------------------------------------------------------------------ mouse and keyboard

    def _frame_at(self, point: QPointF) -> int | None:
        return next((n for n in range(len(self._cells)) if self.area_of(n).contains(point.toPoint())), None)

    def _gap_at(self, point: QPointF) -> int | None:
        if not self._refinable:
            return None
        half = self._theme.px(_GAP) / 2
        return next((n for n in range(len(self._cells) - 1) if abs(self.gap_at(n).x() - point.x()) < half), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        number, gap = self._frame_at(event.position()), self._gap_at(event.position())
        if number is not None:
            self.chosen.emit(number)
        elif gap is not None:
            self.refined.emit(gap)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self._frame_at(event.position())
        if number is not None:
            self.opened.emit(number)
        else:
            self.mousePressEvent(event)  # two quick clicks on a plus are two frames

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        over = self._gap_at(event.position()) if self._frame_at(event.position()) is None else None
        if over != self._over:
            self._over = over
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = None
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            point = QPointF(event.pos())
            number, gap = self._frame_at(point), self._gap_at(point)
            words = self.tr("Make another frame between these two") if gap is not None else ""
            QToolTip.showText(event.globalPos(), self._percent(self._cells[number]) if number is not None else words)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._cells) - 1
        goals = {
            Qt.Key.Key_Left: max(self._current - 1, 0),
            Qt.Key.Key_Right: min(self._current + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last < 0:
            event.ignore()
        elif key in goals and not event.modifiers():
            self.chosen.emit(goals[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current >= 0:
            self.opened.emit(self._current)
        elif key in (Qt.Key.Key_Insert, Qt.Key.Key_Plus) and 0 <= self._current < last and self._refinable:
            self.refined.emit(self._current)
        else:
            event.ignore()
