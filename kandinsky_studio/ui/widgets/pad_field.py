"""The mixing pad as one sees and touches it. It knows nothing of the program."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip

from kandinsky_studio.app.pad_geometry import Place, corners_of, weights_at
from kandinsky_studio.ui.sizes import SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets import pad_drawing as drawing
from kandinsky_studio.ui.widgets.pad_drawing import Corner, Mark
from kandinsky_studio.ui.widgets.translated import Translated

_SIDE = 58  # pixels of what lies at a corner, at the ordinary font
_HIGH = 150  # and of the plane, at the most
_WIDE = 200
_PUCK = 8
_MARK = 22
_STEP, _FINE = 0.05, 0.01  # of the plane, with an arrow key and with Shift
_DRAG = 3  # pixels the pointer may move before a press is a drag
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class PadField(Translated):
    """Drag the puck, or move it with the arrow keys (finely with Shift); Enter makes the whole picture.

    A click on a corner takes all of it, Tab goes from the puck to the corners, Enter takes the one that has the ring and
    Delete takes it away. A click on the trail goes back there, as do Page Up and Page Down. ``empty`` tells that somebody
    clicked where nothing lies yet.
    """

    moved = Signal(object)  # Place
    rested = Signal()
    corner_chosen = Signal(int)
    corner_removed = Signal(int)
    empty = Signal()
    visited = Signal(int)  # place of the trail
    stepped = Signal(int)  # along the trail
    left = Signal()
    menu_wanted = Signal(int, object)  # corner, QPoint (global)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._corners: tuple[Corner, ...] = ()
        self._place: Place = (0.0, 0.0)
        self._trail: list[tuple[Place, QImage | None, bool]] = []
        self._chosen: int | None = None
        self._ring = -1  # the corner the keyboard is at; -1 for the puck
        self._held: int | None = None  # the corner something is held over
        self._press: QPointF | None = None
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        theme.changed.connect(self.updateGeometry)
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(self.tr("Mixing pad"))
        self._describe()

    # ------------------------------------------------------------------ what is shown

    def show_corners(self, corners: Sequence[Corner]) -> None:
        """What lies there, up to five."""
        self._corners = tuple(corners)
        self._ring = min(self._ring, len(corners) - 1)
        self.updateGeometry()
        self._describe()
        self.update()

    def show_place(self, place: Place) -> None:
        """Where the puck is."""
        self._place = place
        self._describe()
        self.update()

    def show_trail(self, trail: Sequence[tuple[Place, QImage | None, bool]], chosen: int | None) -> None:
        """Places with their pictures, and whether those are finished; ``chosen`` is the one where the puck is."""
        self._trail, self._chosen = list(trail), chosen
        self.update()

    def mark(self, place: QPoint | None) -> None:
        """Show the corner that something held at ``place`` would go to."""
        held = self.corner_at(QPointF(place)) if place is not None else None
        if held != self._held:
            self._held = held
            self.update()

    def corner_at(self, point: QPointF) -> int | None:
        """The corner whose picture is at ``point``; also one where nothing lies yet."""
        for number, corner in enumerate(self._points()):
            if self._square(corner).contains(point):
                return number
        return None

    @property
    def weights(self) -> tuple[float, ...]:
        return weights_at(self._place, corners_of(len(self._corners)))

    def point_of(self, place: Place) -> QPointF:
        """Where ``place`` is, in pixels of the widget."""
        middle, scale = self._scale()
        return QPointF(middle.x() + place[0] * scale, middle.y() + place[1] * scale)

    def _place_at(self, point: QPointF) -> Place:
        middle, scale = self._scale()
        return ((point.x() - middle.x()) / scale, (point.y() - middle.y()) / scale)

    def _shown(self) -> tuple[Place, ...]:
        """The corners that are drawn: places for what is missing, too."""
        return corners_of({0: 3, 1: 2}.get(len(self._corners), len(self._corners)))

    def _points(self) -> list[QPointF]:
        return [self.point_of(corner) for corner in self._shown()]

    def _scale(self) -> tuple[QPointF, float]:
        """The middle of the plane in pixels, and how long 1 is."""
        shown = self._shown()
        left, right = (pick(x for x, _ in shown) for pick in (min, max))
        top, bottom = (pick(y for _, y in shown) for pick in (min, max))
        room = self.width() - self._side() - 4
        scale = max(min(room, self._theme.px(_WIDE * 1.15)) / (right - left), 1.0)
        if bottom > top:
            scale = min(scale, self._theme.px(_HIGH) / (bottom - top))
        middle = QPointF(self.width() / 2 - (left + right) / 2 * scale, self.height() / 2 - (top + bottom) / 2 * scale)
        return middle, scale

    def _side(self) -> int:
        return self._theme.px(_SIDE)

    def _square(self, corner: QPointF) -> QRectF:
        area = QRectF(0, 0, self._side(), self._side())
        area.moveCenter(corner)
        return area

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        high = {0: _HIGH, 1: 0, 2: 0}.get(len(self._corners), _HIGH)
        return self._side() + self._theme.px(high) + 2 * SMALL

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(_WIDE) + self._side(), self.heightForWidth(0))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._theme.px(120) + self._side(), self.heightForWidth(0))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        points, theme, weights = self._points(), self._theme, self.weights
        drawing.draw_plane(painter, theme, points)
        usable = len(self._corners) > 1
        if usable:
            drawing.draw_ties(painter, theme, self.point_of(self._place), points, weights)
        for number, point in enumerate(points):
            corner = self._corners[number] if number < len(self._corners) else None
            percent = (
                self.tr("{percent} %").format(percent=self.locale().toString(round(weights[number] * 100)))
                if (usable and corner is not None)
                else ""
            )
            ring = (self.hasFocus() and number == self._ring) or number == self._held
            drawing.draw_corner(painter, theme, self._square(point), corner, percent, ring)
        if usable:
            drawing.draw_trail(painter, theme, self._marks(), theme.px(_MARK), self._chosen)
            focus = self.hasFocus() and self._ring < 0
            drawing.draw_puck(painter, theme, self.point_of(self._place), theme.px(_PUCK), focus)

    def _marks(self) -> list[Mark]:
        return [Mark(self.point_of(place), image, finished) for place, image, finished in self._trail]

    def _describe(self) -> None:
        parts = [
            self.tr("{name}: {percent} %").format(name=corner.name, percent=round(weight * 100))
            for corner, weight in zip(self._corners, self.weights, strict=True)
        ]
        self.setAccessibleDescription("; ".join(parts))

    # ------------------------------------------------------------------ mouse

    def _visited_at(self, point: QPointF) -> int | None:
        """The newest place of the trail whose picture is there; not the one where the puck is, which is dragged."""
        radius = self._theme.px(_MARK) / 2
        for number in reversed(range(len(self._trail))):
            way = self.point_of(self._trail[number][0]) - point
            if number != self._chosen and math.hypot(way.x(), way.y()) <= radius:
                return number
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._ring = -1
        self._press, self._dragging = event.position(), False
        on_something = self.corner_at(event.position()) is not None or self._visited_at(event.position()) is not None
        if not on_something and len(self._corners) > 1:
            self._dragging = True
            self.moved.emit(self._place_at(event.position()))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            over = self.corner_at(event.position()) is not None or self._visited_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        way = event.position() - self._press
        if len(self._corners) > 1 and (self._dragging or max(abs(way.x()), abs(way.y())) > _DRAG):
            self._dragging = True
            self.moved.emit(self._place_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._press is None:
            return
        point, dragged = self._press, self._dragging
        self._press, self._dragging = None, False
        if dragged:
            self.rested.emit()
            return
        visited, corner = self._visited_at(point), self.corner_at(point)
        if visited is not None:
            self.visited.emit(visited)
        elif corner is not None and corner < len(self._corners):
            self.corner_chosen.emit(corner)
        elif corner is not None:
            self.empty.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        corner = self._ring if by_key else self.corner_at(QPointF(event.pos()))
        if corner is not None and 0 <= corner < len(self._corners):
            place = self.mapToGlobal(self._points()[corner].toPoint()) if by_key else event.globalPos()
            self.menu_wanted.emit(corner, place)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            corner = self.corner_at(QPointF(event.pos()))
            name = self._corners[corner].name if corner is not None and corner < len(self._corners) else ""
            QToolTip.showText(event.globalPos(), name, self)
            return True
        return super().event(event)

    # ------------------------------------------------------------------ keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, usable = Qt.Key(event.key()), len(self._corners) > 1
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if not plain:
            event.ignore()
        elif key in _ARROWS and usable:
            step = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP
            x, y = _ARROWS[key]
            self._ring = -1
            self.moved.emit((self._place[0] + x * step, self._place[1] + y * step))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and usable:
            if self._ring >= 0:
                self.corner_chosen.emit(self._ring)
            else:
                self.rested.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._ring >= 0:
            self.corner_removed.emit(self._ring)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.stepped.emit(-1 if key == Qt.Key.Key_PageUp else 1)
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            event.ignore()

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """From the puck to the corners, and only then on."""
        ring = self._ring + (1 if forward else -1)
        if -1 <= ring < len(self._corners):
            self._ring = ring
            self.update()
            return True
        return bool(super().focusNextPrevChild(forward))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = len(self._corners) - 1 if event.reason() is Qt.FocusReason.BacktabFocusReason else -1
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
        if event.reason() is not Qt.FocusReason.PopupFocusReason:
            self.left.emit()
