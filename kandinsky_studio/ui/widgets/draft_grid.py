"""Small pictures in a grid, to choose one of: with the pointer, or with the arrows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from kandinsky_studio.ui.sizes import RADIUS, SMALL
from kandinsky_studio.ui.theme import Theme

_SIDE = 84  # pixels of a cell, at least
_STEPS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


@dataclass(frozen=True, eq=False)
class Cell:
    """``image`` is None until it is made, ``progress`` (0 … 1) of it is done. ``name`` is told to screen readers and in
    the tooltip."""

    image: QImage | None
    progress: float = 0.0
    name: str = ""


class DraftGrid(QWidget):
    """``chosen`` carries the number of a picture that was clicked or gone to, ``picked`` of one that was clicked twice or
    confirmed with Enter, ``menu_wanted`` a number and a place on the screen. Pictures that are not made are neither."""

    chosen = Signal(int)
    picked = Signal(int)
    menu_wanted = Signal(int, QPoint)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._cells: list[Cell] = []
        self._ratio = 1.0  # width through height
        self._current: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.updateGeometry)

    def show_cells(self, cells: list[Cell], current: int | None, ratio: float = 1.0) -> None:
        """Show ``cells``, each ``ratio`` times as wide as high; ``current`` is the chosen one."""
        other = len(cells) != len(self._cells) or ratio != self._ratio
        self._cells, self._current, self._ratio = cells, current, ratio
        if current is not None:
            self.setAccessibleDescription(cells[current].name)
        if other:
            self.updateGeometry()
        self.update()

    # ------------------------------------------------------------------ where they lie

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        columns = self._columns(width)
        rows = -(-len(self._cells) // columns)
        return round(rows * self._height(width)) + max(rows - 1, 0) * SMALL

    def sizeHint(self) -> QSize:
        width = 3 * self._theme.px(_SIDE) + 2 * SMALL
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        side = self._theme.px(_SIDE)
        return QSize(side, side if self._cells else 0)

    def _columns(self, width: int) -> int:
        most = max((width + SMALL) // (self._theme.px(_SIDE) + SMALL), 1)
        count = max(len(self._cells), 1)
        rows = -(-count // most)
        return -(-count // rows)  # as even as it goes: 2 × 3 in place of 4 and 2

    def _height(self, width: int) -> float:
        columns = self._columns(width)
        return (width - (columns - 1) * SMALL) / columns / self._ratio

    def place_of(self, number: int) -> QRectF:
        """Where a cell lies."""
        columns = self._columns(self.width())
        wide, high = (self.width() - (columns - 1) * SMALL) / columns, self._height(self.width())
        row, column = divmod(number, columns)
        return QRectF(column * (wide + SMALL), row * (high + SMALL), wide, high)

    def at(self, place: QPoint) -> int | None:
        """The number of the cell there."""
        return next((n for n in range(len(self._cells)) if self.place_of(n).contains(place.toPointF())), None)

    # ------------------------------------------------------------------ choosing

    def _choose(self, number: int | None) -> bool:
        if number is None or self._cells[number].image is None:
            return False
        if number != self._current:
            self.chosen.emit(number)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._choose(self.at(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self.at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and self._choose(number):
            self.picked.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS and self._cells:
            across, down = _STEPS[key]
            start = -1 if self._current is None and across + down > 0 else self._current or 0
            step = across + down * (self._columns(self.width()) if self._current is not None else 1)
            number = start + step
            while 0 <= number < len(self._cells) and not self._choose(number):
                number += step
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current is not None:
            self.picked.emit(self._current)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        number = self._current if by_key else self.at(event.pos())
        if number is not None and self._cells[number].image is not None:
            place = self.mapToGlobal(self.place_of(number).center().toPoint()) if by_key else event.globalPos()
            self.menu_wanted.emit(number, place)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            number = self.at(event.pos())
            QToolTip.showText(event.globalPos(), self._cells[number].name if number is not None else "", self)
            return True
        return super().event(event)

    # ------------------------------------------------------------------ drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rim = self._theme.px(2)  # of the ring around what is chosen, half of which lies outside
        for number, cell in enumerate(self._cells):
            self._draw(painter, cell, self.place_of(number).adjusted(rim, rim, -rim, -rim), number == self._current)

    def _draw(self, painter: QPainter, cell: Cell, area: QRectF, current: bool) -> None:
        theme = self._theme
        shape = QPainterPath()
        shape.addRoundedRect(area, theme.px(RADIUS), theme.px(RADIUS))
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(area, theme.colour("field"))
        if cell.image is not None:
            painter.drawImage(area, cell.image)
        elif cell.progress > 0:
            bar = QRectF(area.left(), area.bottom() - theme.px(4), area.width() * cell.progress, theme.px(4))
            painter.fillRect(bar, theme.colour("accent_line"))
        painter.restore()
        painter.setPen(QPen(theme.colour("field_line"), 1))
        painter.drawPath(shape)
        if current:
            if cell.image is not None:  # seen on every picture: a dark line inside the ring
                painter.setPen(QPen(theme.colour("window"), theme.px(5)))
                painter.drawPath(shape)
            painter.setPen(QPen(theme.colour("accent_line"), theme.px(3)))
            painter.drawPath(shape)
            if self.hasFocus():
                painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DotLine))
                painter.drawRect(QRect(area.toAlignedRect()).adjusted(4, 4, -4, -4))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)
