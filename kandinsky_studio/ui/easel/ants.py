"""Marching ants: the edge of a mask, found among the pixels of the screen.

However ragged a selection is, this costs no more than the screen has pixels, and no worker thread is needed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage

from kandinsky_studio.ui.easel.camera import Camera
from kandinsky_studio.ui.easel.coverage import Coverage

FRAMES_PER_SECOND = 8
_DASH = 4  # pixels of the desktop along an ant, and between two
_LIGHT, _DARK = 0xFFFFFFFF, 0xFF000000


class Ants:
    """The edge of ``coverage`` as the camera sees it. ``box`` is where it lies on the screen, in device pixels."""

    def __init__(self, coverage: Coverage, camera: Camera) -> None:
        self.box = QRect()
        self._image = QImage()
        width = max(1, round(camera.ratio))
        area = camera.area.toAlignedRect()
        shown = camera.transform.mapRect(QRectF(coverage.canvas.to_qt())).toAlignedRect().intersected(area)
        if coverage.level < 0 or shown.isEmpty():
            return
        shown.adjust(-width, -width, width, width)
        inside = _sampled(coverage, camera, shown)
        edge = np.zeros_like(inside)
        edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
        edge[1:] |= inside[1:] != inside[:-1]
        rows, columns = np.flatnonzero(edge.any(axis=1)), np.flatnonzero(edge.any(axis=0))
        if not len(rows):
            return
        if width > 1:
            edge = np.asarray(cv2.dilate(edge, np.ones((width, width), np.uint8)), np.uint8)
        top, left = int(rows[0]), int(columns[0])
        bottom, right = int(rows[-1]) + width, int(columns[-1]) + width
        edge = edge[top:bottom, left:right]
        self._points = np.nonzero(edge)
        dash = round(_DASH * camera.ratio)
        # Along the screen's diagonal, so that ants walk on every edge but one of 45°, and without a seam.
        self._along = (self._points[0] + self._points[1] + left + top) % (2 * dash)
        self._dash = dash
        self._pixels: NDArray[np.uint32] = np.zeros(edge.shape, np.uint32)
        self.box = QRect(shown.x() + left, shown.y() + top, edge.shape[1], edge.shape[0])

    def image(self, phase: int) -> QImage:
        """What lies at ``box`` after ``phase`` steps."""
        dash = self._dash
        dark = (self._along + phase) % (2 * dash) < dash
        self._pixels[self._points] = np.where(dark, np.uint32(_DARK), np.uint32(_LIGHT))
        height, width = self._pixels.shape
        return QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)


def _sampled(coverage: Coverage, camera: Camera, shown: QRect) -> NDArray[np.uint8]:
    """1 where the middle of a pixel of the screen is at least half covered, else 0."""
    back, scale = camera.inverse, 2**coverage.level
    # cv2 counts from the middles of pixels, we from their corners.
    x, y = shown.x() + 0.5, shown.y() + 0.5
    corner_x = back.m11() * x + back.m21() * y + back.dx() - coverage.area.x
    corner_y = back.m12() * x + back.m22() * y + back.dy() - coverage.area.y
    matrix = np.array(
        [
            [back.m11() / scale, back.m21() / scale, corner_x / scale - 0.5],
            [back.m12() / scale, back.m22() / scale, corner_y / scale - 0.5],
        ]
    )
    half = cv2.warpAffine(
        coverage.pixels,
        matrix,
        (shown.width(), shown.height()),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0,),
    )
    return np.asarray(half >= 128, np.uint8)
