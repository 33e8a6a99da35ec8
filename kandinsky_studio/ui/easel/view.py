"""The widget that shows a document and hands what a pen, a mouse, fingers and keys do to a tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QRegion,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.errors import StudioError
from kandinsky_studio.tools.base import Desk, Mark, Tool
from kandinsky_studio.ui.easel import dropping, marks, rulers
from kandinsky_studio.ui.easel.camera import STEP
from kandinsky_studio.ui.easel.gestures import Doing, Gestures
from kandinsky_studio.ui.easel.input import Fingers, mouse_sample, pen_sample, wheel_steps
from kandinsky_studio.ui.easel.laid import Laid
from kandinsky_studio.ui.easel.sight import Sight
from kandinsky_studio.ui.easel.viewport import Viewport, cursor_of
from kandinsky_studio.ui.easel.wipe import Wipe

PAN_STEP = 64  # pixels of the desktop per arrow key
_MODIFIERS = (Qt.Key.Key_Alt, Qt.Key.Key_Control, Qt.Key.Key_Shift)


class DocumentView(Sight):
    """Shows one document and lets a tool work on it. ``viewport`` is what tools get of it.

    ``pointer_moved`` tells a point of the document, ``popup_wanted`` where on the screen a right click asks for brushes
    and colours, ``dropped`` a list of ``Dropped``: the pictures that were dropped here, or pasted.
    """

    pointer_moved = Signal(QPointF)
    pointer_left = Signal()
    popup_wanted = Signal(QPoint)
    dropped = Signal(list)

    _fingers: Fingers | None = None  # events come while the widget is still being built

    def __init__(self, desk: Desk | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk: Desk | None = None
        self.viewport = Viewport(self)
        self._gestures = Gestures(self)
        self._fingers = Fingers()
        self._accent = QColor("#2f6ae0")
        self._hovering: QPointF | None = None  # in pixels of the widget
        self._pen_near = False
        self._would = Doing.NOTHING  # what a press would begin, or what goes on
        self._drawn_cursor = QRect()
        self.laid: Laid | None = None  # what is shown over the picture
        self.underlay: Callable[[QPainter], None] | None = None  # draws, in device pixels, what lies below that
        self.wipe = Wipe(self)
        self._standing: Sequence[Mark] = ()
        self._drawn_marks = QRect()
        self._next: Rect | None = None  # where a stroke may go on
        self._rulers: tuple[QColor, QColor] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        if desk is not None:
            self.set_desk(desk)

    # ---------------------------------------------------------------- what is shown

    @property
    def tool(self) -> Tool | None:
        return self._gestures.tool

    def set_desk(self, desk: Desk) -> None:
        """Share ``desk`` with the tools; its ``view`` and ``overlay_changed`` are this view's from now on."""
        self.desk = desk
        desk.view = self.viewport
        desk.overlay_changed = self._overlay_changed
        self.set_document(desk.document)

    def set_document(self, document: Document | None) -> None:
        """Show ``document``; the desk, if there is one, gets it too."""
        if document is self.document:
            return
        self._gestures.end()
        if self.tool is not None and self.tool.busy:
            self._gestures.finish()
        if self.desk is not None and document is not None:
            self.desk.document = document
        super().set_document(document)

    def set_tool(self, tool: Tool | None) -> None:
        """Work with ``tool``; what goes on with the one before is ended."""
        self._gestures.set_tool(tool)
        self._show_cursor()
        self._overlay_changed()

    def set_picker(self, tool: Tool | None) -> None:
        """The tool that Alt or Ctrl turn a painting tool into."""
        self._gestures.picker = tool

    def set_accent(self, colour: QColor) -> None:
        """The colour of frames and handles."""
        self._accent = colour
        self.update()

    def set_rulers(self, shown: bool, ground: QColor | None = None, ink: QColor | None = None) -> None:
        """Show rulers at the upper and left edge, in pixels of the document."""
        self._rulers = (ground or QColor("#d6d6d6"), ink or QColor("#333333")) if shown else None
        self._inset = rulers.WIDTH if shown else 0
        self._see()
        self._redraw()

    def _overlay_changed(self) -> None:
        before = self._drawn_marks
        if self.tool is not None:
            self._drawn_marks = marks.bounds(self.tool.overlay(), self.camera)
        self.update_device(QRegion(before) + QRegion(self._drawn_marks))

    # ---------------------------------------------------------------- the brush on the screen

    def gesture_changed(self) -> None:
        """A gesture began or ended."""
        self._show_cursor()

    def brush_changed(self) -> None:
        """The brush was resized by a drag."""
        self._move_cursor()
        if self.desk is not None:
            self.desk.options_changed()

    def ask_popup(self, at: QPointF) -> None:
        """Somebody clicked right."""
        self.popup_wanted.emit(self.mapToGlobal(at.toPoint()))

    def _shown_brush(self) -> tuple[QPointF, float] | None:
        """Where the circle of the brush is and how wide, in device pixels."""
        gestures, tool = self._gestures, self.tool
        if tool is None or tool.cursor != "brush" or self.document is None:
            return None
        at = gestures.anchor
        if at is None:
            if self._hovering is None or self._would in (Doing.PAN, Doing.ROTATE, Doing.ZOOM, Doing.PICK):
                return None
            at = self._hovering * self.camera.ratio
        return at, tool.cursor_size * self.camera.zoom

    def lay_over(self, laid: Laid | None) -> None:
        """Show a picture over the document, in place of the one before."""
        before, self.laid = self.laid, laid
        for one in (before, laid):
            if one is not None:
                self.update_device(one.on_screen(self.camera))

    def set_standing(self, shown: Sequence[Mark]) -> None:
        """Draw ``shown`` over the picture, below what the tool draws."""
        self.update_device(marks.bounds(self._standing, self.camera))
        self._standing = shown
        self.update_device(marks.bounds(shown, self.camera))

    def paint_over(self, painter: QPainter) -> None:
        if self.underlay is not None and self.document is not None:
            self.underlay(painter)
        if self.laid is not None and self.document is not None:
            self.wipe.draw(painter, self.laid)
        marks.draw(painter, self._standing, self.camera, self._accent, self._phase)
        if self.tool is not None and self.document is not None:
            shown = self.tool.overlay()
            self._drawn_marks = marks.bounds(shown, self.camera)
            marks.draw(painter, shown, self.camera, self._accent, self._phase)
        self.wipe.draw_line(painter, self._accent)
        if (brush := self._shown_brush()) is not None:
            marks.draw_cursor(painter, *brush, self.camera)
        if self._rulers is not None and self.document is not None:
            at = self._hovering * self.camera.ratio if self._hovering is not None else None
            rulers.draw(painter, self.camera, *self._rulers, at)

    def _move_cursor(self) -> None:
        brush = self._shown_brush()
        box = marks.cursor_bounds(*brush, self.camera) if brush is not None else QRect()
        self.update_device(QRegion(self._drawn_cursor) + QRegion(box))
        self._drawn_cursor = box
        if self._rulers is not None:
            self.update(0, 0, self.width(), rulers.WIDTH + 1)
            self.update(0, 0, rulers.WIDTH + 1, self.height())

    def _show_cursor(self) -> None:
        gestures = self._gestures
        held = QGuiApplication.keyboardModifiers()
        self._would = gestures.doing if gestures.active else gestures.wanted(held)
        self.setCursor(cursor_of(self._would, gestures.active, self.tool))
        self._move_cursor()

    # ---------------------------------------------------------------- pen and mouse

    def tabletEvent(self, event: QTabletEvent) -> None:
        event.accept()  # or Qt would tell the same again as a mouse
        if self.document is None:
            return
        sample = pen_sample(event)
        self._pen_near = True
        self._point_at(sample.at)
        if event.type() == QEvent.Type.TabletPress:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._gestures.press(sample, event.button())
        elif event.type() == QEvent.Type.TabletRelease:
            self._gestures.release(sample, event.button())
        else:
            self._gestures.move(sample, event.buttons())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.document is None or self._is_pens(event):
            return
        self._point_at(event.position())
        self._gestures.press(mouse_sample(event), event.button())

    mouseDoubleClickEvent = mousePressEvent  # the second press of the two

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.document is None or self._is_pens(event):
            return
        self._point_at(event.position())
        self._gestures.move(mouse_sample(event), event.buttons())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.document is not None and not self._is_pens(event):
            self._gestures.release(mouse_sample(event), event.button())

    @property
    def in_hand(self) -> bool:
        """Whether a gesture goes on, or the space bar is held to begin one anywhere."""
        return self._gestures.doing is not Doing.NOTHING or self._gestures.space

    def rest(self) -> None:
        """The pointer is on something that lies over the picture: no tool is under it."""
        self._hovering = None
        self._move_cursor()

    def _is_pens(self, event: QMouseEvent) -> bool:
        """Whether it is a pen's event told once more as a mouse's."""
        return event.source() != Qt.MouseEventSource.MouseEventNotSynthesized and self._pen_near

    def _point_at(self, at: QPointF) -> None:
        self._hovering = at
        self._quiet.restart()
        self._show_cursor()
        point = self.document_point(at)
        if self.tool is not None and self.tool.paints:
            self._warm_around(point)
        self.pointer_moved.emit(point)

    def painted_next(self) -> Rect | None:
        return self._next

    def _warm_around(self, point: QPointF) -> None:
        """Prepare for a stroke that goes on to one of the tiles around."""
        assert self.tool is not None
        reach = min(self.tool.cursor_size / 2 + TILE / 2, 2.0 * TILE)
        around = Rect.around(point.x() - reach, point.y() - reach, point.x() + reach, point.y() + reach).on_tiles()
        if around != self._next:
            self._next = around
            self.about_to_paint()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovering = None
        self._pen_near = False
        self._move_cursor()
        self.pointer_left.emit()

    # ---------------------------------------------------------------- pictures from elsewhere

    def take(self, data: QMimeData, at: QPointF | None = None) -> bool:
        """Tell of the pictures in ``data``, pasted or dropped on ``at`` of the document; else say why there is none."""
        try:
            found = dropping.pictures(data, at)
        except StudioError as error:
            if self.desk is not None:
                self.desk.fail(error)
            return False
        self.dropped.emit(found)
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropping.takes(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.take(event.mimeData(), self.document_point(event.position())):
            event.acceptProposedAction()

    # ---------------------------------------------------------------- wheel, fingers, keys

    def wheelEvent(self, event: QWheelEvent) -> None:
        pan, notches = wheel_steps(event)
        if notches:
            self.camera.zoom_to(self.zoom * STEP**notches, event.position() * self.camera.ratio)
        else:
            self.camera.pan(pan * self.camera.ratio)
        self.camera_moved()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if self._fingers is not None and self._fingers.handle(event, self.camera):
            self._gestures.end()
            self.camera_moved()
            return True
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes_key(event):
            event.accept()
            return True
        if kind == QEvent.Type.DevicePixelRatioChange:
            self._see()
        elif kind in (QEvent.Type.UngrabMouse, QEvent.Type.WindowDeactivate):
            self._gestures.end()
        return bool(super().event(event))

    def _takes_key(self, event: QKeyEvent) -> bool:
        """Whether a key is ours even where the window has a command for it."""
        key = event.key()
        if key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace):
            busy = self.tool is not None and self.tool.busy
            return busy or (key == Qt.Key.Key_Escape and self._gestures.active)
        return key == Qt.Key.Key_Space

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = event.key(), PAN_STEP * self.camera.ratio
        arrows = {
            Qt.Key.Key_Left: QPointF(step, 0),
            Qt.Key.Key_Right: QPointF(-step, 0),
            Qt.Key.Key_Up: QPointF(0, step),
            Qt.Key.Key_Down: QPointF(0, -step),
        }
        if key == Qt.Key.Key_Space:
            self._gestures.space = True
            self._show_cursor()
        elif key in _MODIFIERS:
            self._show_cursor()
            super().keyPressEvent(event)
        elif (by := arrows.get(Qt.Key(key))) is not None and not event.modifiers():
            self.camera.pan(by)
            self.camera_moved()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier and key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier and key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif not (
            (key == Qt.Key.Key_Escape and self._gestures.cancel())
            or (key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._gestures.finish())
            or (key == Qt.Key.Key_Backspace and self._gestures.take_back())
        ):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._gestures.space = False
                self._show_cursor()
        else:
            if event.key() in _MODIFIERS:
                self._show_cursor()
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._gestures.end()
        self._show_cursor()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._gestures.end()
        super().hideEvent(event)
