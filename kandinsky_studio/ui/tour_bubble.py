"""What the tour shows: a bubble that points at a part of the window, and a ring around that part."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from kandinsky_studio.ui.sizes import LARGE, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.translated import Translated

_WIDTH = 300  # pixels of the bubble
_ARROW = 10  # pixels that its tip reaches out
_APART = 6  # pixels between the ring and what it is around
_EDGE = 8  # pixels between the bubble and the edge of the window
_RADIUS = 8.0


class TourBubble(Translated):
    """Title, words, where one is, and buttons. ``went_on``, ``went_back`` and ``left`` say which of them was pressed.

    It lies in the window and not over the desktop: nothing is modal, and the window's keys go on working.
    """

    went_on = Signal()
    went_back = Signal()
    left = Signal()

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._tip: QPoint | None = None  # where it points to, in its own pixels
        self._last = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.title, self.words, self.place = paragraph("cardTitle"), paragraph(), paragraph("muted")
        self.back, self.next, self.end = QPushButton(), QPushButton(), QPushButton()
        self.end.setObjectName("link")
        self.next.setObjectName("primary")
        row = QHBoxLayout()
        row.setSpacing(SMALL)
        row.addWidget(self.end)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(LARGE + _ARROW,) * 4)
        column.setSpacing(SMALL)
        for label in (self.place, self.title, self.words):
            column.addWidget(label)
        column.addSpacing(SMALL)
        column.addLayout(row)
        self.next.clicked.connect(self.went_on)
        self.back.clicked.connect(self.went_back)
        self.end.clicked.connect(self.left)
        theme.changed.connect(self.update)
        self.retranslate()
        self.hide()

    def retranslate(self) -> None:
        self.back.setText(self.tr("Back"))
        self.end.setText(self.tr("End the tour"))
        self.next.setText(self.tr("Done") if self._last else self.tr("Next"))

    def show_step(self, number: int, count: int, title: str, words: str) -> None:
        """Step ``number`` of ``count``, from 1."""
        changed = (title, words) != (self.title.text(), self.words.text())
        self._last = number == count
        self.title.setText(title)
        self.words.setText(words)
        self.place.setText(self.tr("Step {number} of {count}").format(number=number, count=count))
        self.back.setEnabled(number > 1)
        self.retranslate()
        self.setAccessibleName(f"{self.place.text()}. {title}")
        self.setAccessibleDescription(words)
        self.next.setAccessibleDescription(f"{title}. {words}")
        if changed:
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def point_at(self, target: QRect | None) -> None:
        """Stand beside ``target`` (in pixels of the window), where there is room; without one, below in the middle."""
        area = self._window.rect().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        width = min(self._theme.px(_WIDTH) + 2 * _ARROW, area.width())
        width = max(width, self.minimumSizeHint().width())
        height = max(self.heightForWidth(width), self.minimumSizeHint().height())
        place, tip = None, None
        if target is not None:
            place, tip = _beside(target, width, height, area)
        if place is None:
            place = QRect(area.center().x() - width // 2, area.bottom() - height - 2 * LARGE, width, height)
            if target is not None and place.intersects(target):
                place.moveTop(area.top())
        self.setGeometry(place)
        self._tip = None if tip is None else tip - place.topLeft()
        self.show()
        self.raise_()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.rect().toRectF().adjusted(_ARROW, _ARROW, -_ARROW, -_ARROW)
        shape = QPainterPath()
        shape.addRoundedRect(box, _RADIUS, _RADIUS)
        if self._tip is not None:
            foot = self._tip.toPointF()
            foot.setX(min(max(foot.x(), box.left() + 2 * _ARROW), box.right() - 2 * _ARROW))
            foot.setY(min(max(foot.y(), box.top() + 2 * _ARROW), box.bottom() - 2 * _ARROW))
            tip = self._tip.toPointF()
            aside = QPoint(0, _ARROW) if tip.x() in (0.0, float(self.width())) else QPoint(_ARROW, 0)
            arrow = QPainterPath()
            arrow.addPolygon(QPolygonF([tip, foot + aside, foot - aside]))
            arrow.closeSubpath()
            shape = shape.united(arrow)
        painter.setPen(QPen(self._theme.colour("accent_line"), 2))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawPath(shape)
        painter.end()


class Ring(QWidget):
    """Around a part of the window; the pointer goes through it."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def show_around(self, target: QRect | None) -> None:
        """Around ``target``, in pixels of the window; nowhere without one."""
        self.setVisible(target is not None)
        if target is not None:
            whole = target.adjusted(-_APART, -_APART, _APART, _APART)
            self.setGeometry(whole.intersected(self._window.rect()))
            self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("accent_line"), 3))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(2, 2, -2, -2), _RADIUS, _RADIUS)
        painter.end()


def _beside(target: QRect, width: int, height: int, area: QRect) -> tuple[QRect | None, QPoint | None]:
    """A place of this size in ``area`` at a side of ``target``, and the point of it that the arrow comes to."""
    gap, middle = _APART, target.center()
    x = min(max(middle.x() - width // 2, area.left()), area.right() - width)
    y = min(max(middle.y() - height // 2, area.top()), area.bottom() - height)
    sides = (
        (QRect(target.left() - gap - width, y, width, height), QPoint(target.left() - gap, middle.y())),
        (QRect(target.right() + gap, y, width, height), QPoint(target.right() + gap, middle.y())),
        (QRect(x, target.top() - gap - height, width, height), QPoint(middle.x(), target.top() - gap)),
        (QRect(x, target.bottom() + gap, width, height), QPoint(middle.x(), target.bottom() + gap)),
    )
    for place, tip in sides:
        if area.contains(place):
            on = QPoint(min(max(tip.x(), place.left()), place.left() + width), tip.y())
            on.setY(min(max(tip.y(), place.top()), place.top() + height))
            return place, on
    return None, None
