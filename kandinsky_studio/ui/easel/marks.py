"""What tools draw over the picture, and the circle that is the brush: the same on every ground, at every zoom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from kandinsky_studio.tools.base import Ink, Mark
from kandinsky_studio.ui.easel.camera import Camera

_HANDLE = 9  # pixels of the desktop along a handle
_TINY = 5  # diameters on the screen below which a circle can't be seen
_CROSS, _GAP = 9, 3  # pixels of the desktop: where the arms of the crosshair end and begin
_LIGHT, _DARK = QColor(255, 255, 255, 210), QColor(0, 0, 0, 220)
_SHADE = QColor(0, 0, 0, 120)
_DASHED = (Ink.DASHED, Ink.ANTS)


def bounds(marks: Sequence[Mark], camera: Camera) -> QRect:
    """Where ``marks`` lie on the screen, in device pixels."""
    whole = QRectF()
    reach = (_HANDLE + 2) * camera.ratio
    for mark in marks:
        box = camera.transform.mapRect(mark.path.controlPointRect())
        whole = whole.united(box.adjusted(-reach, -reach, reach, reach))
    return whole.toAlignedRect()


def draw(painter: QPainter, marks: Sequence[Mark], camera: Camera, accent: QColor, phase: int) -> None:
    """Draw on a painter whose pixels are the device's. ``phase`` moves ants."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in marks:
        if mark.ink is Ink.HANDLE:
            _draw_handle(painter, mark, camera, accent)
            continue
        path = camera.transform.map(mark.path)
        if mark.ink is Ink.SHADE:
            painter.fillPath(path, _SHADE)
            continue
        wide = 2 if mark.ink is Ink.FRAME else 1
        if round(wide * camera.ratio) % 2:
            path.translate(0.5, 0.5)  # along the middle of a row of pixels, not between two
        painter.setPen(_pen(_LIGHT, wide + 2, camera))
        painter.drawPath(path)
        pen = _pen(accent if mark.ink is Ink.FRAME else _DARK, wide, camera)
        if mark.ink in _DASHED:
            pen.setDashPattern([4, 4])
            pen.setDashOffset(-phase if mark.ink is Ink.ANTS else 0)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawPath(path)
    painter.restore()


def cursor_bounds(at: QPointF, diameter: float, camera: Camera) -> QRect:
    """Where :func:`draw_cursor` draws, in device pixels."""
    reach = max(diameter / 2, _CROSS * camera.ratio) + 3 * camera.ratio
    return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect()


def draw_cursor(painter: QPainter, at: QPointF, diameter: float, camera: Camera) -> None:
    """The brush at ``at``, ``diameter`` device pixels wide: a dark ring in a light one, or a crosshair if it is tiny."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if diameter < _TINY * camera.ratio:
        gap, end = _GAP * camera.ratio, _CROSS * camera.ratio
        path = QPainterPath()
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            path.moveTo(at + QPointF(x * gap, y * gap))
            path.lineTo(at + QPointF(x * end, y * end))
        for colour, width in ((_LIGHT, 3), (_DARK, 1)):
            painter.setPen(_pen(colour, width, camera))
            painter.drawPath(path)
    else:
        radius, half = diameter / 2, camera.ratio / 2
        painter.setPen(_pen(_LIGHT, 1, camera))
        painter.drawEllipse(at, radius + half, radius + half)
        painter.setPen(_pen(_DARK, 1, camera))
        painter.drawEllipse(at, radius - half, radius - half)
    painter.restore()


def _pen(colour: QColor, width: float, camera: Camera) -> QPen:
    return QPen(colour, width * camera.ratio)


def _draw_handle(painter: QPainter, mark: Mark, camera: Camera, accent: QColor) -> None:
    at = camera.transform.map(mark.path.currentPosition())
    side = _HANDLE * camera.ratio
    box = QRectF(at.x() - side / 2, at.y() - side / 2, side, side)
    painter.setPen(_pen(_DARK, 3, camera))
    painter.drawRect(box)
    painter.setPen(_pen(accent, 1, camera))
    painter.fillRect(box, QColor(255, 255, 255))
    painter.drawRect(box)
