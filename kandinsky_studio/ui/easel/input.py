"""What Qt says about pens, mice, wheels and fingers, in the words of the view."""

from __future__ import annotations

from math import atan2, degrees, hypot

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import (
    QInputDevice,
    QMouseEvent,
    QNativeGestureEvent,
    QPointingDevice,
    QTabletEvent,
    QTouchEvent,
    QWheelEvent,
)

from kandinsky_studio.ui.easel.camera import Camera
from kandinsky_studio.ui.easel.gestures import Sample

_Gesture = Qt.NativeGestureType


def mouse_sample(event: QMouseEvent) -> Sample:
    """A mouse presses with all its might."""
    return Sample(event.position(), event.modifiers(), event.timestamp() / 1000)


def pen_sample(event: QTabletEvent) -> Sample:
    """Where the pen is between pixels, how hard and how steep."""
    return Sample(
        event.position(),
        event.modifiers(),
        event.timestamp() / 1000,
        min(max(event.pressure(), 0.0), 1.0),
        event.xTilt(),
        event.yTilt(),
        event.pointerType() == QPointingDevice.PointerType.Eraser,
        pen=True,
    )


def wheel_steps(event: QWheelEvent) -> tuple[QPointF, float]:
    """What a turn means: pixels of the desktop to pan by, or notches to zoom by (the other is nothing)."""
    touchpad = event.device().type() == QInputDevice.DeviceType.TouchPad
    if touchpad and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        by = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        return QPointF(by), 0.0
    turned = event.angleDelta()
    return QPointF(), (turned.y() or turned.x()) / 120  # with Alt the wheel turns sideways


class Fingers:
    """One finger moves the picture, two move, zoom and turn it; a touchpad's own gestures do the same."""

    SLACK = 8.0  # degrees that two fingers turn before the picture does, or nobody could zoom straight

    def __init__(self) -> None:
        self._count = 0
        self._middle = QPointF()
        self._distance = 0.0
        self._direction = 0.0
        self._turned = 0.0
        self._turning = False

    def handle(self, event: QEvent, camera: Camera) -> bool:
        """Move ``camera`` if ``event`` is a finger's; False if it is not."""
        if isinstance(event, QNativeGestureEvent):
            return self._native(event, camera)
        if not isinstance(event, QTouchEvent):
            return False
        event.accept()
        points = [point.position() for point in event.points() if point.state().name != "Released"]
        if event.type() in (QEvent.Type.TouchEnd, QEvent.Type.TouchCancel):
            points = []
        self._follow(points, camera)
        return True

    def _follow(self, points: list[QPointF], camera: Camera) -> None:
        middle = sum(points, QPointF()) / max(len(points), 1)
        across = points[1] - points[0] if len(points) > 1 else QPointF()
        distance, direction = hypot(across.x(), across.y()), degrees(atan2(across.y(), across.x()))
        if len(points) == self._count and points:
            at = middle * camera.ratio
            camera.pan((middle - self._middle) * camera.ratio)
            if len(points) > 1 and self._distance > 0 and distance > 0:
                camera.zoom_to(camera.zoom * distance / self._distance, at, stop=False)
                self._turn((direction - self._direction + 180) % 360 - 180, at, camera)
        else:
            self._turned, self._turning = 0.0, False
        self._count, self._middle, self._distance, self._direction = len(points), middle, distance, direction

    def _turn(self, by: float, at: QPointF, camera: Camera) -> None:
        self._turned += by
        if not self._turning and abs(self._turned) > self.SLACK:
            self._turning = True
        elif self._turning:
            camera.rotate_to(camera.angle + by, at)

    @staticmethod
    def _native(event: QNativeGestureEvent, camera: Camera) -> bool:
        at = event.position() * camera.ratio
        kind = event.gestureType()
        if kind == _Gesture.ZoomNativeGesture:
            camera.zoom_to(camera.zoom * (1 + event.value()), at, stop=False)
        elif kind == _Gesture.RotateNativeGesture:
            camera.rotate_to(camera.angle + event.value(), at)
        elif kind == _Gesture.PanNativeGesture:
            camera.pan(event.delta() * camera.ratio)
        else:
            return False
        return True
