"""Rulers along the upper and the left edge of the view, in pixels of the document."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from kandinsky_studio.ui.easel.camera import Camera

WIDTH = 18  # pixels of the desktop
_APART = 56  # pixels of the desktop from one number to the next, at least
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def draw(painter: QPainter, camera: Camera, ground: QColor, ink: QColor, at: QPointF | None) -> None:
    """Draw both on a painter whose pixels are the device's; ``at`` (device pixels) is where the pointer is.

    A view that is turned by anything but quarters has no rulers: no edge of the screen runs along the picture's.
    """
    if not camera.upright:
        return
    wide = WIDTH * camera.ratio
    area = camera.area
    painter.save()
    font = QFont(painter.font())
    font.setPixelSize(max(round(9 * camera.ratio), 1))
    painter.setFont(font)
    across = QRectF(area.left(), area.top() - wide, area.width(), wide)
    down = QRectF(area.left() - wide, area.top(), wide, area.height())
    for strip, flat in ((across, True), (down, False)):
        painter.fillRect(strip, ground)
        _draw_marks(painter, camera, strip, flat, ink)
        painter.setPen(QPen(ink, camera.ratio))
        if at is not None and flat:
            painter.drawLine(QPointF(at.x(), strip.top()), QPointF(at.x(), strip.bottom()))
        elif at is not None:
            painter.drawLine(QPointF(strip.left(), at.y()), QPointF(strip.right(), at.y()))
    painter.fillRect(QRectF(area.left() - wide, area.top() - wide, wide, wide), ground)
    painter.restore()


def step(camera: Camera) -> int:
    """How many pixels of the document lie between two numbers."""
    return next((step for step in _STEPS if step * camera.zoom >= _APART * camera.ratio), _STEPS[-1])


def _draw_marks(painter: QPainter, camera: Camera, strip: QRectF, flat: bool, ink: QColor) -> None:
    near, far = (
        camera.inverse.map(strip.topLeft()),
        camera.inverse.map(strip.topRight() if flat else strip.bottomLeft()),
    )
    by_x = flat == (camera.angle % 180 == 0)  # which side of the document runs along this edge of the screen
    first, last = sorted((near.x(), far.x()) if by_x else (near.y(), far.y()))
    apart = step(camera)
    small = max(apart // 5, 1)
    painter.setClipRect(strip)
    painter.setPen(QPen(ink, max(1.0, camera.ratio)))
    anchor = QPointF(camera.canvas.x, camera.canvas.y)
    for number in range(floor(first / small) * small, ceil(last / small) * small + 1, small):
        point = QPointF(number, anchor.y()) if by_x else QPointF(anchor.x(), number)
        on_screen = camera.transform.map(point)
        named = number % apart == 0
        length = strip.height() if flat else strip.width()
        short = 0.0 if named else 0.7 * length
        if flat:
            x = on_screen.x()
            painter.drawLine(QPointF(x, strip.top() + short), QPointF(x, strip.bottom()))
            if named:
                painter.drawText(QPointF(x + 2 * camera.ratio, strip.top() + 9 * camera.ratio), str(number))
        else:
            y = on_screen.y()
            painter.drawLine(QPointF(strip.left() + short, y), QPointF(strip.right(), y))
            if named:
                painter.save()
                painter.translate(strip.left() + 9 * camera.ratio, y - 2 * camera.ratio)
                painter.rotate(-90)
                painter.drawText(QPointF(0, 0), str(number))
                painter.restore()
    painter.setClipping(False)
    painter.setPen(Qt.PenStyle.NoPen)
