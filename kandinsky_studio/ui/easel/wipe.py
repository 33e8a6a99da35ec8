"""A divider over the document: at its left the canvas or another picture, at its right the one that is looked at.

It stands upright on the screen, however the document is zoomed, turned or mirrored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLineF, QObject, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF, QTabletEvent

from kandinsky_studio.ui.easel.laid import Laid

if TYPE_CHECKING:
    from kandinsky_studio.ui.easel.view import DocumentView

_REACH = 6.0  # pixels of the desktop beside the line from which it is caught
_KNOB = 13.0  # and the radius of its knob
_INSET = 10.0  # pixels of the desktop that it keeps from the edge of the view: what is out of sight can't be caught
STEP = 0.05  # of the way that a key moves it by
_LIGHT, _DARK = QColor(255, 255, 255), QColor(0, 0, 0, 150)
_KINDS = (
    *(QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease),
    *(QEvent.Type.MouseButtonDblClick, QEvent.Type.TabletPress, QEvent.Type.TabletMove, QEvent.Type.TabletRelease),
)
_PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.TabletPress)
_RELEASES = (QEvent.Type.MouseButtonRelease, QEvent.Type.TabletRelease)


class Wipe(QObject):
    """The divider of ``view``. ``moved`` tells how far from left (0) to right (1) somebody put it, ``left`` that Esc was
    pressed. Pen and mouse paint as ever where the divider is not."""

    moved = Signal(float)
    left = Signal()

    def __init__(self, view: DocumentView) -> None:
        super().__init__(view)
        self._view = view
        self._share: float | None = None
        self._other: Laid | None = None
        self._held: float | None = None  # how far beside the line it was caught, in device pixels
        self._near = False

    @property
    def on(self) -> bool:
        return self._share is not None

    def show_at(self, share: float | None, other: Laid | None = None) -> None:
        """Stand at ``share`` with ``other`` at the left (None is the canvas as it is), or go."""
        if (share, other) == (self._share, self._other):
            return
        view, before, other_before = self._view, self._touched(), self._other
        turned = (share is None) != (self._share is None)
        if turned:
            self._held, self._near = None, False
            # Only while there is something to catch: all the pen's events come this way.
            (view.removeEventFilter if share is None else view.installEventFilter)(self)
        self._share, self._other = share, other
        view.update_device(before.united(self._touched()))
        if turned or other is not other_before:
            for laid in (other_before, other, view.laid):
                if laid is not None:
                    view.update_device(laid.on_screen(view.camera))

    def line(self) -> QLineF | None:
        """The divider on the screen, in device pixels; None if it is not there."""
        laid, box = self._view.laid, self._visible()
        if laid is None or self._share is None or box.isEmpty():
            return None
        whole = laid.bounds(self._view.camera)
        x = min(max(whole.left() + self._share * whole.width(), box.left()), box.right())
        return QLineF(round(x), box.top(), round(x), box.bottom())

    def draw(self, painter: QPainter, laid: Laid) -> None:
        """Draw ``laid``, or what of it is at the right of the divider, with the divider."""
        camera, line = self._view.camera, self.line()
        if line is None:
            laid.draw(painter, camera)
            return
        size = camera.area.bottomRight()
        for shown, left, right in ((self._other, 0.0, line.x1()), (laid, line.x1(), size.x() + 1)):
            if shown is not None:
                painter.save()
                painter.setClipRect(QRectF(left, 0, right - left, size.y() + 1), Qt.ClipOperation.IntersectClip)
                shown.draw(painter, camera)
                painter.restore()

    def draw_line(self, painter: QPainter, accent: QColor) -> None:
        """Draw the divider itself, which goes over marks and frames."""
        line, ratio = self.line(), self._view.camera.ratio
        if line is None:
            return
        painter.save()
        painter.setPen(QPen(_DARK, 4 * ratio))
        painter.drawLine(line)
        painter.setPen(QPen(_LIGHT, 2 * ratio))
        painter.drawLine(line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, knob = self._knob(line), _KNOB * ratio
        painter.setPen(QPen(_DARK, ratio))
        painter.setBrush(accent if self._held is not None or self._near else _LIGHT)
        painter.drawEllipse(middle, knob, knob)
        ink = _LIGHT if accent.lightness() < 150 and (self._held is not None or self._near) else QColor(40, 40, 40)
        painter.setPen(QPen(ink, 2 * ratio, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for way in (-1, 1):
            tip = middle + QPointF(way * 0.62 * knob, 0)
            wing = QPointF(-way * 0.32 * knob, 0.36 * knob)
            painter.drawPolyline(QPolygonF([tip + wing, tip, tip + QPointF(wing.x(), -wing.y())]))
        painter.restore()

    def nudge(self, by: float) -> None:
        """Move it by a share of the way."""
        if self._share is not None:
            self.moved.emit(min(max(self._share + by, 0.0), 1.0))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        if kind == QEvent.Type.Leave and self._near:
            self._come_near(False)
        if kind in _KINDS and isinstance(event, QMouseEvent | QTabletEvent):
            return self._pointer(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        ways = {Qt.Key.Key_Left: -STEP, Qt.Key.Key_Right: STEP, Qt.Key.Key_Home: -1.0, Qt.Key.Key_End: 1.0}
        by = ways.get(Qt.Key(event.key()))
        if by is not None and held == Qt.KeyboardModifier.ShiftModifier:
            self.nudge(by)
            return True
        tool = self._view.tool
        busy = self._view.in_hand or (tool is not None and tool.busy)
        if event.key() == Qt.Key.Key_Escape and not held and not busy:
            self.left.emit()
            return True
        return False

    def _pointer(self, event: QMouseEvent | QTabletEvent) -> bool:
        at, kind = event.position() * self._view.camera.ratio, event.type()
        if self._held is not None:
            if kind in _RELEASES:
                self._held = None
                self._come_near(self._catches(at))
            else:
                self._put(at.x() - self._held)
            event.accept()
            return True
        if self._view.in_hand:
            return False
        line, near = self.line(), self._catches(at)
        self._come_near(near)
        if not near or line is None:
            return False
        if kind in _PRESSES and event.button() is Qt.MouseButton.LeftButton:
            self._held = at.x() - line.x1()
            self._view.setFocus(Qt.FocusReason.MouseFocusReason)
        elif kind in _PRESSES or kind in _RELEASES:
            return False
        event.accept()
        return True

    def _put(self, x: float) -> None:
        laid = self._view.laid
        if laid is not None:
            whole, box = laid.bounds(self._view.camera), self._visible()
            x = min(max(x, box.left()), box.right())
            self.moved.emit((x - whole.left()) / max(whole.width(), 1))

    def _come_near(self, near: bool) -> None:
        if near:
            self._view.rest()
            self._view.setCursor(Qt.CursorShape.SplitHCursor)
        if near != self._near:
            self._near = near
            self._view.update_device(self._touched())

    def _catches(self, at: QPointF) -> bool:
        line, ratio = self.line(), self._view.camera.ratio
        if line is None:
            return False
        beside = line.y1() <= at.y() <= line.y2() and abs(at.x() - line.x1()) <= _REACH * ratio
        return beside or QLineF(at, self._knob(line)).length() <= _KNOB * ratio

    def _visible(self) -> QRectF:
        """The part of the picture that is on the screen."""
        laid, camera = self._view.laid, self._view.camera
        if laid is None:
            return QRectF()
        inset = _INSET * camera.ratio
        return laid.bounds(camera).intersected(camera.area.adjusted(inset, inset, -inset, -inset))

    def _touched(self) -> QRect:
        """The device pixels that the divider lies on; what is between two places of it is swapped when it moves."""
        line = self.line()
        if line is None:
            return QRect()
        reach = (_KNOB + 3) * self._view.camera.ratio
        box = QRectF(line.x1(), line.y1(), 0, line.dy()).adjusted(-reach, -reach, reach, reach)
        return box.toAlignedRect()

    @staticmethod
    def _knob(line: QLineF) -> QPointF:
        return line.center()
