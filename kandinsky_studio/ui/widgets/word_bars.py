"""Words with a bar under each that says what it is worth; in the order they are read, or the most worthy first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kandinsky_studio.ui.sizes import SMALL, TIGHT
from kandinsky_studio.ui.theme import Theme

_BAR, _THICK = 40, 10  # pixels: the height of the bars under words, the thickness of those beside them
_NUMBER = "−100"
_WIDEST = 0.4  # of the width, that a word may take beside its bar


@dataclass(frozen=True)
class WordBar:
    """A word and what it is worth; shown as a whole number, a hundred times ``worth``."""

    word: str
    worth: float


class WordBars(QWidget):
    """``pointed`` tells the number of the word under the pointer or chosen by the arrow keys, -1 for none."""

    pointed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: tuple[WordBar, ...] = ()
        self._sorted = False
        self._current = -1
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        theme.changed.connect(self.updateGeometry)

    @property
    def bars(self) -> tuple[WordBar, ...]:
        """In reading order."""
        return self._bars

    @property
    def current(self) -> int:
        return self._current

    def show_bars(self, bars: Sequence[WordBar], by_worth: bool) -> None:
        """Show ``bars``, given in reading order, so or by what they are worth."""
        if tuple(bars) != self._bars:
            self._point(-1)
        self._bars, self._sorted = tuple(bars), by_worth
        self.setAccessibleDescription(", ".join(f"{bar.word} {_number(bar.worth)}" for bar in self._bars))
        self.updateGeometry()
        self.update()

    def order(self) -> list[int]:
        """The numbers of the words as they are shown."""
        numbers = list(range(len(self._bars)))
        return sorted(numbers, key=lambda number: -self._bars[number].worth) if self._sorted else numbers

    # ---------------------------------------------------------------- where

    def _small(self) -> QFont:
        font = self.font()
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * 0.85)
        return font

    def cells(self, width: int) -> dict[int, QRect]:
        """Where each word is with its bar, in a widget of this width."""
        line, small = self.fontMetrics(), QFontMetrics(self._small())
        if self._sorted:
            high = line.height() + SMALL
            return {number: QRect(0, row * high, width, high) for row, number in enumerate(self.order())}
        high = line.height() + self._theme.px(_BAR) + small.height() + 2 * TIGHT + 2
        least = small.horizontalAdvance(_NUMBER)
        found, x, y = {}, 0, 0
        for number, bar in enumerate(self._bars):
            wide = min(max(line.horizontalAdvance(bar.word) + 2, least) + 2 * TIGHT, max(width, 1))
            if x > 0 and x + wide > width:
                x, y = 0, y + high + SMALL
            found[number] = QRect(x, y, wide, high)
            x += wide + TIGHT
        return found

    def bar_rect(self, number: int) -> QRectF:
        """The bar itself."""
        cell, worth = self.cells(self.width())[number], self._bars[number].worth
        high = max([0.0, *(bar.worth for bar in self._bars)])
        low = min([0.0, *(bar.worth for bar in self._bars)])
        span = max(high - low, 1e-6)
        if self._sorted:
            left, room = self._beside()
            zero = left - low / span * room
            thick = self._theme.px(_THICK)
            start, end = sorted((zero, zero + worth / span * room))
            return QRectF(start, cell.center().y() + 1 - thick / 2, max(end - start, 1), thick)
        room = self._theme.px(_BAR)
        zero = cell.top() + self.fontMetrics().height() + TIGHT + high / span * room
        start, end = sorted((zero, zero - worth / span * room))
        return QRectF(cell.left() + TIGHT, start, cell.width() - 2 * TIGHT, max(end - start, 1))

    def _beside(self) -> tuple[float, float]:
        """Where bars begin beside their words, and how long they can be."""
        line, small = self.fontMetrics(), QFontMetrics(self._small())
        widest = max((line.horizontalAdvance(bar.word) for bar in self._bars), default=0)
        left = min(widest, round(self.width() * _WIDEST)) + SMALL + TIGHT
        return left, max(self.width() - left - small.horizontalAdvance(_NUMBER) - SMALL - TIGHT, 1)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max((cell.bottom() + 1 for cell in self.cells(width).values()), default=0)

    def sizeHint(self) -> QSize:
        width = self._theme.px(240)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120), self.heightForWidth(max(self.width(), self._theme.px(120))))

    # ---------------------------------------------------------------- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.fontMetrics()
        for number, cell in self.cells(self.width()).items():
            bar = self._bars[number]
            if number == self._current:
                painter.setPen(QPen(theme.colour("accent_line"), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("raised_hover"))
                painter.drawRoundedRect(QRectF(cell).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("danger" if _against(bar.worth) else "accent"))
            painter.drawRoundedRect(self.bar_rect(number), 1.5, 1.5)
            painter.setFont(self.font())
            painter.setPen(theme.colour("text"))
            inner = cell.adjusted(TIGHT, 0, -TIGHT, 0)
            middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
            if self._sorted:
                room = round(self._beside()[0]) - SMALL - TIGHT
                painter.drawText(inner, middle, line.elidedText(bar.word, Qt.TextElideMode.ElideRight, room))
                self._draw_number(painter, inner, right | middle, bar.worth)
            else:
                words = line.elidedText(bar.word, Qt.TextElideMode.ElideRight, inner.width())
                painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter, words)
                below = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
                self._draw_number(painter, inner, below, bar.worth)

    def _draw_number(self, painter: QPainter, where: QRect, align: Qt.AlignmentFlag, worth: float) -> None:
        painter.setFont(self._small())
        painter.setPen(self._theme.colour("danger" if _against(worth) else "muted"))
        painter.drawText(where, align, _number(worth))

    # ---------------------------------------------------------------- hands

    def _at(self, place: QPoint) -> int:
        return next((number for number, cell in self.cells(self.width()).items() if cell.contains(place)), -1)

    def _point(self, number: int) -> None:
        if number != self._current:
            self._current = number
            self.update()
            self.pointed.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        by, order = steps.get(Qt.Key(event.key())), self.order()
        if by is None or not order:
            super().keyPressEvent(event)
            return
        place = order.index(self._current) + by if self._current in order else 0 if by > 0 else len(order) - 1
        self._point(order[min(max(place, 0), len(order) - 1)])

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason) and self._bars:
            self._point(self.order()[0])
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point(-1)
        self.update()


def _against(worth: float) -> bool:
    """Whether it is below nothing by as much as one can read."""
    return round(worth * 100) < 0


def _number(worth: float) -> str:
    return f"{round(worth * 100)}".replace("-", "−")
