"""A picture that lies over the document as if it were a layer, without being one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.ui.easel.camera import Camera


@dataclass(frozen=True, eq=False)
class Laid:
    """``image`` (any size) over ``area`` (pixels of the document); what lies beyond the canvas is shown only if that is
    to be made larger (``beyond``)."""

    image: QImage
    area: Rect
    beyond: bool = False

    def bounds(self, camera: Camera) -> QRectF:
        """Where it can be seen on the screen, in device pixels."""
        seen = self.area if self.beyond else self.area.intersected(camera.canvas)
        return camera.transform.mapRect(QRectF(seen.to_qt()))

    def on_screen(self, camera: Camera) -> QRect:
        """The device pixels that it touches."""
        return camera.transform.mapRect(QRectF(self.area.to_qt())).toAlignedRect().adjusted(-2, -2, 2, 2)

    def draw(self, painter: QPainter, camera: Camera) -> None:
        """Draw on a painter whose pixels are those of the camera."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(camera.transform, True)
        if not self.beyond:
            painter.setClipRect(camera.canvas.to_qt(), Qt.ClipOperation.IntersectClip)
        painter.drawImage(self.area.to_qt(), self.image)
        painter.restore()
