"""The live picture over the canvas: cut for the screen beside the window's thread, and open where one has painted since.

A stroke shows at once, as it is on the canvas; with the next picture it is covered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QImage, QPainter, QRegion, QTransform

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.live import Live
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import readable, to_image, writable

if TYPE_CHECKING:
    from kandinsky_studio.ui.easel.view import DocumentView

_ROUND = 0.4  # of the shorter side of what was painted: the radius of the corners of its hole
_STRIP, _STRIPS_APART = 128, 16  # pixels of a screen that are painted together, milliseconds until the next
_FRACTION = 4  # bits behind the point of a pixel's place
_ANGLES = (np.arange(32) + 0.5) * (np.pi / 16)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)  # eight points for each corner


class _Cut:
    """A picture as the screen has it: pixels of the device, with its corner at ``corner``, through one camera."""

    def __init__(
        self, candidate: Candidate, image: QImage, corner: QPoint, transform: QTransform, seen: QRectF
    ) -> None:
        self.candidate = candidate
        self.image = image
        self.pixels = writable(image)
        self.corner = corner
        self.transform = transform
        self.seen = seen  # the part of the screen it was cut for

    @property
    def box(self) -> QRect:
        return QRect(self.corner, self.image.size())


class LiveOverlay(QObject):
    """Shows what ``live`` has made in ``view``."""

    def __init__(self, live: Live, view: DocumentView, messages: Messages) -> None:
        super().__init__(view)
        self._live = live
        self._view = view
        self._messages = messages
        self._cut: _Cut | None = None
        self._cutting = False
        self._hidden = False
        self._stale = QRegion()  # of the screen
        self._next_strip = QTimer(self, singleShot=True, interval=_STRIPS_APART)
        self._next_strip.timeout.connect(self._paint_on)
        view.underlay = self._draw
        live.changed.connect(self._changed)
        live.painted.connect(self._painted)
        live.settings_changed.connect(self._chosen)
        view.camera_changed.connect(self._changed)

    def set_hidden(self, hidden: bool) -> None:
        """Something else is to be seen over the canvas."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._redraw()

    @Slot()
    def _changed(self) -> None:
        """Another picture, or another camera: cut it. What was cut before is shown until that is done."""
        shown, camera = self._live.shown, self._view.camera
        if shown is None or self._live.settings.beside:
            self._show(None)
        elif not self._cutting and not self._is_cut(self._cut):
            area = shown.area if shown.plan.grows else shown.area.intersected(camera.canvas)
            transform, seen = QTransform(camera.transform), QRectF(camera.area)
            box = transform.mapRect(QRectF(area.to_qt())).toAlignedRect().intersected(seen.toAlignedRect())
            if box.isEmpty():
                self._show(None)
                return
            self._cutting = True
            fresh = self._live.fresh
            last = fresh[-1][0] if fresh else 0

            def work() -> _Cut:
                cut = _cut(shown, area, transform, box, seen)
                _open(cut, [rect for _, rect in fresh])
                return cut

            self._live.lane.run(work, lambda cut: self._cut_out(cut, last), self._failed)

    def _cut_out(self, cut: _Cut, last: int) -> None:
        self._cutting = False
        if cut.candidate is self._live.shown and not self._live.settings.beside:
            _open(cut, [rect for number, rect in self._live.fresh if number > last])
            self._show(cut)
        self._changed()  # if that is not what is wanted any more

    def _failed(self, error: Exception) -> None:
        self._cutting = False
        self._messages.error(error)

    def _is_cut(self, cut: _Cut | None) -> bool:
        return (
            cut is not None
            and cut.candidate is self._live.shown
            and cut.transform == self._view.camera.transform
            and cut.seen == self._view.camera.area
        )

    def _show(self, cut: _Cut | None) -> None:
        before, self._cut = self._cut, cut
        for one in (before, cut):
            if one is not None:
                self._stale += one.box
        self._paint_on()

    def _paint_on(self) -> None:
        """Paint what is out of date: at once, or a strip after the other while a stroke is being drawn."""
        document = self._view.document
        strip = QRect(self._stale.boundingRect())
        if document is not None and document.editing and strip.height() > _STRIP:
            strip.setHeight(_STRIP)
        self._view.update_device(self._stale.intersected(strip))
        self._stale -= strip
        if not self._stale.isEmpty():
            self._next_strip.start()

    @Slot(object)
    def _painted(self, rect: Rect) -> None:
        if self._cut is not None:
            _open(self._cut, [rect])

    @Slot()
    def _chosen(self) -> None:
        self._changed()
        self._redraw()

    def _redraw(self) -> None:
        if self._cut is not None:
            self._view.update_device(self._cut.box)

    def _draw(self, painter: QPainter) -> None:
        cut = self._cut
        if cut is None or self._hidden:
            return
        painter.save()
        painter.setOpacity(self._live.settings.opacity)
        if cut.transform != self._view.camera.transform:  # until it is cut anew
            inverse, _ = cut.transform.inverted()
            painter.setTransform(inverse * self._view.camera.transform, True)
        painter.drawImage(cut.corner, cut.image)
        painter.restore()


def _cut(candidate: Candidate, area: Rect, transform: QTransform, box: QRect, seen: QRectF) -> _Cut:
    """``candidate`` as it is seen in ``box`` of the screen. In the lane: none of it holds the interpreter's lock long."""
    image, whole = candidate.image, candidate.area
    across, down = image.width() / whole.width, image.height() / whole.height
    pixels = readable(image)
    shrink = abs(transform.determinant()) ** 0.5 / max(across, down)
    if shrink < 0.5:  # what is drawn below looks at four pixels only
        size = max(round(image.width() * shrink), 1), max(round(image.height() * shrink), 1)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        across, down = size[0] / whole.width, size[1] / whole.height
    # From the middle of a pixel of the screen to the middle of one of the picture.
    way = transform * QTransform.fromTranslate(-box.x(), -box.y())
    back, _ = way.inverted()
    to_picture = back * QTransform.fromTranslate(-whole.x, -whole.y) * QTransform.fromScale(across, down)
    matrix = np.array(
        [
            [to_picture.m11(), to_picture.m21(), to_picture.dx()],
            [to_picture.m12(), to_picture.m22(), to_picture.dy()],
        ]
    )
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    size = box.width(), box.height()
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = to_image(np.asarray(cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)))
    if transform.isRotating():
        drawn = _within(drawn, box.topLeft(), transform, area)
    return _Cut(candidate, drawn, box.topLeft(), transform, seen)


def _within(image: QImage, corner: QPoint, transform: QTransform, area: Rect) -> QImage:
    """``image`` with nothing beside ``area``, not even when the view is turned."""
    masked = QImage(image.size(), image.format())
    masked.fill(0)
    painter = QPainter(masked)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(-corner)
    painter.setTransform(transform, True)
    painter.fillRect(area.to_qt(), Qt.GlobalColor.black)
    painter.resetTransform()
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.drawImage(0, 0, image)
    painter.end()
    return masked


def _open(cut: _Cut, rects: Sequence[Rect]) -> None:
    """Let the canvas be seen at ``rects`` of the document, where somebody has painted.

    Not by QPainter, which would hold the interpreter's lock, and wait for other threads where many rows are drawn.
    """
    box = QRectF(cut.box)
    holes = [rect for rect in rects if cut.transform.mapRect(QRectF(rect.to_qt())).intersects(box)]
    if not holes:
        return
    outlines = [_outline(rect, cut.transform) - (cut.corner.x(), cut.corner.y()) for rect in holes]
    every = np.concatenate(outlines)
    size = cut.image.width(), cut.image.height()
    left, top = (max(int(low) - 1, 0) for low in every.min(axis=0))
    right, bottom = (min(int(high) + 2, end) for high, end in zip(every.max(axis=0), size, strict=True))
    if left >= right or top >= bottom:
        return
    keep = np.full((bottom - top, right - left), 255, np.uint8)
    for outline in outlines:
        # A pixel's middle is at its number for OpenCV, half a pixel further for Qt.
        points = np.rint((outline - (left, top) - 0.5) * (1 << _FRACTION)).astype(np.int32)
        cv2.fillConvexPoly(keep, points, 0, cv2.LINE_AA, _FRACTION)
    part = cut.pixels[top:bottom, left:right]
    cv2.multiply(part, cv2.merge([keep] * 4), dst=part, scale=1 / 255)


def _outline(rect: Rect, transform: QTransform) -> npt.NDArray[np.float64]:
    """``rect`` with round corners on the screen: points × 2."""
    radius = min(rect.width, rect.height) * _ROUND
    middle = np.array([rect.x + rect.width / 2, rect.y + rect.height / 2])
    arms = np.array([rect.width / 2 - radius, rect.height / 2 - radius])
    points = middle + np.sign(_CIRCLE) * arms + _CIRCLE * radius
    linear = np.array([[transform.m11(), transform.m12()], [transform.m21(), transform.m22()]])
    return np.asarray(points @ linear + (transform.dx(), transform.dy()))
