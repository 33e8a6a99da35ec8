"""The live picture over the canvas: cut for the screen beside the window's thread, and open where one has painted since.

A stroke shows at once, as it is on the canvas; with the next picture it is covered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QImage, QPainter, QTransform

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.live import Live
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import readable, to_image

if TYPE_CHECKING:
    from kandinsky_studio.ui.easel.view import DocumentView

_ROUND = 0.4  # of the shorter side of what was painted: the radius of the corners of its hole


class _Cut:
    """A picture as the screen has it: pixels of the device, with its corner at ``corner``, through one camera."""

    def __init__(
        self, candidate: Candidate, image: QImage, corner: QPoint, transform: QTransform, seen: QRectF
    ) -> None:
        self.candidate = candidate
        self.image = image
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
                self._view.update_device(one.box)

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
    cut = _Cut(candidate, drawn, box.topLeft(), transform, seen)
    _keep_within(cut, area)
    return cut


def _keep_within(cut: _Cut, area: Rect) -> None:
    """Nothing is seen beside ``area``, not even when the view is turned."""
    if not cut.transform.isRotating():
        return
    masked = QImage(cut.image.size(), cut.image.format())
    masked.fill(0)
    painter = QPainter(masked)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(-cut.corner)
    painter.setTransform(cut.transform, True)
    painter.fillRect(area.to_qt(), Qt.GlobalColor.black)
    painter.resetTransform()
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.drawImage(0, 0, cut.image)
    painter.end()
    cut.image = masked


def _open(cut: _Cut, rects: Sequence[Rect]) -> None:
    """Let the canvas be seen at ``rects`` of the document, where somebody has painted."""
    box = QRectF(cut.box)
    seen = [rect for rect in rects if cut.transform.mapRect(QRectF(rect.to_qt())).intersects(box)]
    if not seen:
        return
    painter = QPainter(cut.image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(Qt.GlobalColor.black)
    painter.translate(-cut.corner)
    painter.setTransform(cut.transform, True)
    for rect in seen:
        radius = min(rect.width, rect.height) * _ROUND
        painter.drawRoundedRect(rect.to_qt(), radius, radius)
    painter.end()
