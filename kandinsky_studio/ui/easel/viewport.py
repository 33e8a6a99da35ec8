"""What tools that move the view get of it, and how the pointer looks meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QRegion

from kandinsky_studio.tools.base import Tool, View
from kandinsky_studio.ui.easel.camera import Camera
from kandinsky_studio.ui.easel.gestures import Doing

_CURSORS = {
    "brush": Qt.CursorShape.BlankCursor,  # the view draws a circle
    "cross": Qt.CursorShape.CrossCursor,
    "hand": Qt.CursorShape.OpenHandCursor,
    "move": Qt.CursorShape.SizeAllCursor,
}


class Moved(Protocol):
    """A widget with a camera."""

    camera: Camera

    def camera_moved(self) -> None: ...


class Viewport(View):
    """The camera of a widget, for tools."""

    def __init__(self, widget: Moved) -> None:
        self._widget = widget

    def pan(self, dx: float, dy: float) -> None:
        camera = self._widget.camera
        camera.pan(QPointF(dx, dy) * camera.ratio)
        self._widget.camera_moved()

    def zoom_at(self, point: QPointF, factor: float) -> None:
        camera = self._widget.camera
        camera.zoom_to(camera.zoom * factor, camera.transform.map(point), stop=False)
        self._widget.camera_moved()

    def rotate_to(self, degrees: float) -> None:
        self._widget.camera.rotate_to(degrees)
        self._widget.camera_moved()

    def screen_point(self, point: QPointF) -> QPointF:
        camera = self._widget.camera
        return camera.transform.map(point) / camera.ratio

    @property
    def centre(self) -> QPointF:
        camera = self._widget.camera
        return camera.middle / camera.ratio


def cursor_of(doing: Doing, pressed: bool, tool: Tool | None) -> Qt.CursorShape:
    """The system's cursor while a gesture does ``doing``, or before one that would."""
    if doing is Doing.PAN:
        return Qt.CursorShape.ClosedHandCursor if pressed else Qt.CursorShape.OpenHandCursor
    if doing in (Doing.ROTATE, Doing.ZOOM):
        return Qt.CursorShape.SizeAllCursor if doing is Doing.ROTATE else Qt.CursorShape.SizeVerCursor
    if doing is Doing.PICK:
        return Qt.CursorShape.CrossCursor
    if tool is None:
        return Qt.CursorShape.ArrowCursor
    if tool.cursor == "hand" and pressed:
        return Qt.CursorShape.ClosedHandCursor
    return _CURSORS.get(tool.cursor, Qt.CursorShape.CrossCursor)


def scaled(rect: QRect, factor: float) -> QRect:
    """The whole pixels that ``rect`` lies on where pixels are ``factor`` times as many."""
    if factor == 1:
        return rect
    return QRectF(rect.x() * factor, rect.y() * factor, rect.width() * factor, rect.height() * factor).toAlignedRect()


def rects(region: QRegion) -> Iterator[QRect]:
    """The rectangles that ``region`` is made of, which PySide6 has no type for."""
    yield from region  # type: ignore[misc]
