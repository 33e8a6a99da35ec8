"""Pixels put elsewhere by a matrix: scaled, turned, pulled into a perspective. Always from the originals."""

from __future__ import annotations

from math import log2

import cv2
import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from kandinsky_studio.document.geometry import QUARTER, TILE, Key, Rect
from kandinsky_studio.document.surface import Depth, Pixels, readable, to_image
from kandinsky_studio.tools.pieces import Piece, Placement
from kandinsky_studio.tools.transforming import Matrix, bounds, corners, is_exact, scales

_LARGEST = 16384  # pixels around the middle of the canvas that anything is kept in


class Warp(Placement):
    """``matrix`` leads from where pixels were to where they go; ``canvas`` is what is seen of both.

    A pixel is a little square of one colour: where the outermost ones end, the result ends, sharply if that is an edge
    of the grid and else by shares of a pixel. ``smooth`` resamples bicubically, and by the mean of what falls together
    when things become smaller; without it each pixel is the nearest one.
    """

    def __init__(self, matrix: Matrix, canvas: Rect, smooth: bool = True) -> None:
        self.matrix = matrix
        self.exact = is_exact(matrix)
        self.smooth = smooth and not self.exact
        middle = canvas.x + canvas.width // 2, canvas.y + canvas.height // 2
        self._limit = Rect(middle[0] - _LARGEST // 2, middle[1] - _LARGEST // 2, _LARGEST, _LARGEST)
        self._prepared: dict[Piece, Pixels] = {}

    def bounds(self, piece: Piece) -> Rect:
        return bounds(self.matrix, piece.content).intersected(self._limit)

    def tile(self, piece: Piece, key: Key) -> QImage:
        return self._image(piece, Rect.of_tile(key), 1, self._prepare(piece), cv2.INTER_CUBIC)

    def draft(self, piece: Piece, key: Key) -> QImage:
        return self._image(piece, Rect.of_tile(key), 1, self._halved(piece, 1), cv2.INTER_LINEAR)

    def small_draft(self, piece: Piece, key: Key) -> QImage:
        scale = TILE // QUARTER
        return self._image(piece, Rect.of_tile(key), scale, self._halved(piece, scale), cv2.INTER_LINEAR)

    def _prepare(self, piece: Piece) -> Pixels:
        """The pixels, made smaller already if they will be: no later step could take the mean of so many."""
        if piece not in self._prepared:
            pixels = piece.pixels
            if self.smooth:
                height, width = pixels.shape[:2]
                across, down = scales(self.matrix, piece.content)
                size = max(round(width * min(across, 1)), 1), max(round(height * min(down, 1)), 1)
                if size != (width, height):
                    pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
            self._prepared[piece] = pixels
        return self._prepared[piece]

    def _halved(self, piece: Piece, divisor: int) -> Pixels:
        if not self.smooth:
            return piece.pixels
        scale = max(scales(self.matrix, piece.content)) / divisor
        level = round(-log2(max(scale, 1e-6)))
        return piece.halved[min(max(level, 0), len(piece.halved) - 1)]

    def _image(self, piece: Piece, area: Rect, divisor: int, pixels: Pixels, smoothly: int) -> QImage:
        """What is at ``area``, at 1 / ``divisor`` of the size, from ``pixels``, which are the piece in any size."""
        content = piece.content
        height, width = pixels.shape[:2]
        from_pixels = np.array(
            [[content.width / width, 0, content.x], [0, content.height / height, content.y], [0, 0, 1]]
        )
        to_area = np.array([[1 / divisor, 0, -area.x / divisor], [0, 1 / divisor, -area.y / divisor], [0, 0, 1]])
        whole = to_area @ self.matrix @ from_pixels
        # OpenCV counts from the middles of pixels.
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        back = np.linalg.inv(np.linalg.inv(half) @ whole @ half)
        back /= back[2, 2]
        how = (smoothly if self.smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        size = area.width // divisor, area.height // divisor
        if np.abs(back[2] - (0, 0, 1)).max() < 1e-12:
            taken = cv2.warpAffine(pixels, back[:2], size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        else:
            taken = cv2.warpPerspective(pixels, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        result = np.asarray(taken, np.uint8)
        if result.ndim == 3 and self.smooth:  # curves overshoot; no colour can be more than its alpha
            np.minimum(result[..., :3], result[..., 3:], out=result[..., :3])
        share = self._share(content, to_area, size)
        if share is not None:
            result = _faded(result, share, piece.surface.default)
        return to_image(result)

    def _share(self, content: Rect, to_area: Matrix, size: tuple[int, int]) -> Pixels | None:
        """How much of each pixel lies in the box that the piece becomes; None if all of all do."""
        # Rounded: an edge that is off the grid by an error of arithmetic alone shall be on it.
        points = [QPointF(round(x, 6), round(y, 6)) for x, y in corners(to_area @ self.matrix, content)]
        image = QImage(*size, Depth.MASK.format)
        image.fill(0)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.smooth)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.drawPolygon(QPolygonF(points))
        painter.end()
        share = readable(image)
        return None if share.all() and (share == 255).all() else share.copy()


def _faded(pixels: Pixels, share: Pixels, default: int) -> Pixels:
    """``pixels`` where ``share`` is 255, ``default`` where it is 0."""
    wide = np.asarray(cv2.merge((share,) * 4) if pixels.ndim == 3 else share, np.uint8)
    faded = np.asarray(cv2.multiply(pixels, wide, scale=1 / 255), np.uint8)
    if default:
        around = np.rint((255 - wide) * np.float32(default / 255)).astype(np.uint8)
        faded = np.asarray(cv2.add(faded, around), np.uint8)
    return faded
