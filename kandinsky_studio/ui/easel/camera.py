"""Where the document lies on the screen: zoom, place, rotation, mirror.

Everything is in device pixels, whatever the display is scaled by: at 100 % one pixel of the picture is one pixel of the
screen. The corner of the canvas always lies on a whole one, or pixels would be smeared over two.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import isclose

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPolygonF, QTransform

from kandinsky_studio.document.geometry import Rect

STEP = 1.25  # zoom factor of one notch or key
MINIMUM, MAXIMUM = 1 / 64, 64.0
FIT_MAXIMUM = 6.0  # a 128 px picture fills the view, an icon does not become a wall
MARGIN = 12  # pixels left free around a fitted picture
IN_SIGHT = 48.0  # device pixels of the canvas that can't be pushed out of the view


class Fit(enum.Enum):
    """What the zoom follows."""

    NONE = "none"
    WHOLE = "whole"
    WIDTH = "width"


@dataclass(frozen=True)
class Sighting:
    """How a document was seen: for :meth:`Camera.resume`."""

    fit: Fit
    zoom: float
    angle: float
    mirrored: bool
    middle: QPointF  # of the room on the screen, in pixels of the document


class Camera:
    """The way from the document to the screen and back. ``area`` is the room on the screen, in device pixels."""

    def __init__(self) -> None:
        self.canvas = Rect(0, 0, 1, 1)
        self.area = QRectF(0, 0, 1, 1)
        self.ratio = 1.0  # device pixels per pixel of the desktop
        self.fit = Fit.WHOLE
        self.zoom = 1.0
        self.angle = 0.0  # degrees clockwise, −180 < angle ≤ 180
        self.mirrored = False
        self._offset = QPointF()  # where (0, 0) of the document lies, exactly
        self._transform: QTransform | None = None
        self._inverse: QTransform | None = None

    @property
    def transform(self) -> QTransform:
        """Document to device pixels, the corner of the canvas on a whole pixel."""
        if self._transform is None:
            turned = self._turned()
            corner = turned.map(QPointF(self.canvas.x, self.canvas.y)) + self._offset
            x, y = round(corner.x()) - corner.x(), round(corner.y()) - corner.y()
            self._transform = turned * QTransform.fromTranslate(self._offset.x() + x, self._offset.y() + y)
            self._inverse = self._transform.inverted()[0]
        return self._transform

    @property
    def inverse(self) -> QTransform:
        """Device pixels to the document."""
        assert self.transform is not None
        assert self._inverse is not None
        return self._inverse

    @property
    def upright(self) -> bool:
        """Whether the edges of pixels run along those of the screen."""
        return isclose(self.angle % 90, 0, abs_tol=1e-9)

    @property
    def outline(self) -> QPolygonF:
        """The edge of the canvas on the screen."""
        return self.transform.map(QPolygonF(QRectF(self.canvas.to_qt())))

    @property
    def middle(self) -> QPointF:
        return self.area.center()

    def visible(self, part: QRectF | None = None) -> Rect:
        """The pixels of the canvas that are shown in ``part`` of the screen (all of it if not given)."""
        return Rect.of(self.inverse.mapRect(part or self.area)).intersected(self.canvas)

    def see(self, area: QRectF, ratio: float) -> None:
        """The room on the screen is another."""
        if area == self.area and ratio == self.ratio:
            return
        moved = area.topLeft() - self.area.topLeft()
        self.area, self.ratio = area, ratio
        self._offset += moved
        self._settle()

    def set_canvas(self, canvas: Rect) -> None:
        """The canvas was cut or enlarged: what is seen stays where it is unless the zoom follows the canvas."""
        self.canvas = canvas
        self._settle()

    def fit_to(self, fit: Fit) -> None:
        """Show all of the canvas or all of its width, and keep doing so; or stop following."""
        self.fit = fit
        self._settle()

    def pan(self, by: QPointF) -> None:
        """Move what is seen by device pixels."""
        self.fit = Fit.NONE
        self._offset += by
        self._keep_in_sight()

    def zoom_to(self, zoom: float, at: QPointF | None = None, stop: bool = True) -> None:
        """Change the zoom; what is under ``at`` (device pixels; the middle if not given) stays under it.

        With ``stop`` the way past 100 % ends there: nobody wants to miss it.
        """
        if stop and (self.zoom < 1 < zoom or zoom < 1 < self.zoom):
            zoom = 1.0
        at = at or self.middle
        under = self._exact_inverse().map(at)
        self.fit = Fit.NONE
        self.zoom = min(max(zoom, MINIMUM), MAXIMUM)
        self._put(under, at)

    def rotate_to(self, degrees: float, at: QPointF | None = None) -> None:
        """Turn the view around ``at`` (device pixels; the middle if not given)."""
        at = at or self.middle
        under = self._exact_inverse().map(at)
        degrees = degrees % 360
        self.angle = degrees - 360 if degrees > 180 else degrees
        if self.fit is not Fit.NONE:
            self._settle()
        else:
            self._put(under, at)

    def mirror(self, mirrored: bool) -> None:
        """Show left as right; what is in the middle stays there."""
        if mirrored != self.mirrored:
            under = self._exact_inverse().map(self.middle)
            self.mirrored = mirrored
            self._put(under, self.middle)

    def show(self, point: QPointF) -> None:
        """Bring ``point`` of the document to the middle."""
        self.fit = Fit.NONE
        self._put(point, self.middle)

    def sighting(self) -> Sighting:
        """How the document is seen now."""
        return Sighting(self.fit, self.zoom, self.angle, self.mirrored, self._exact_inverse().map(self.middle))

    def resume(self, seen: Sighting) -> None:
        """See the document as it was; the room on the screen may be another."""
        self.fit, self.zoom, self.angle, self.mirrored = seen.fit, seen.zoom, seen.angle, seen.mirrored
        if seen.fit is Fit.NONE:
            self._put(seen.middle, self.middle)
        else:
            self._settle()

    def _turned(self) -> QTransform:
        turned = QTransform().rotate(self.angle)
        return turned.scale(-self.zoom if self.mirrored else self.zoom, self.zoom)

    def _exact_inverse(self) -> QTransform:
        exact = self._turned() * QTransform.fromTranslate(self._offset.x(), self._offset.y())
        return exact.inverted()[0]

    def _put(self, point: QPointF, at: QPointF) -> None:
        self._offset = at - self._turned().map(point)
        self._keep_in_sight()

    def _settle(self) -> None:
        """Follow the window and the canvas."""
        if self.fit is Fit.NONE:
            self._keep_in_sight()
            return
        margin = 2 * MARGIN * self.ratio
        whole = QTransform().rotate(self.angle).mapRect(QRectF(self.canvas.to_qt()))
        room = QSizeF(max(self.area.width() - margin, 16), max(self.area.height() - margin, 16))
        across, down = room.width() / whole.width(), room.height() / whole.height()
        zoom = across if self.fit is Fit.WIDTH else min(across, down)
        self.zoom = min(max(zoom, MINIMUM), FIT_MAXIMUM)
        centre = QRectF(self.canvas.to_qt()).center()
        at = QPointF(self.middle)
        if self.fit is Fit.WIDTH and zoom > down:  # higher than the window: begin at the top
            at.setY(self.area.top() + margin / 2 + whole.height() * self.zoom / 2)
        self._offset = at - self._turned().map(centre)
        self._transform = None

    def _keep_in_sight(self) -> None:
        """A picture pushed out of the window is a picture lost: a corner of it stays."""
        box = self._turned().mapRect(QRectF(self.canvas.to_qt()))
        left, top = box.left() + self._offset.x(), box.top() + self._offset.y()
        x = min(max(left, self.area.left() + IN_SIGHT - box.width()), self.area.right() - IN_SIGHT)
        y = min(max(top, self.area.top() + IN_SIGHT - box.height()), self.area.bottom() - IN_SIGHT)
        self._offset += QPointF(x - left, y - top)
        self._transform = None
