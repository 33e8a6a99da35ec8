"""Pixels put elsewhere by a matrix: scaled, turned, pulled into a perspective. Always from the originals."""

from __future__ import annotations

import enum
from math import log2

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF

from kandinsky_studio.document.geometry import QUARTER, TILE, Key, Rect
from kandinsky_studio.document.surface import Depth, Pixels, new_image, readable, to_image
from kandinsky_studio.tools.pieces import Piece, Placement
from kandinsky_studio.tools.transforming import Matrix, bounds, corners, is_exact, scales

_LARGEST = 16384  # pixels around the middle of the canvas that anything is kept in


# OpenCV counts from the middles of pixels.
_TO_MIDDLES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
_FROM_MIDDLES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


class Lies(enum.Enum):
    """Where an area is, as seen from a box."""

    OUTSIDE = "outside"
    ACROSS = "across"
    INSIDE = "inside"


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
        self._backs: dict[tuple[Piece, tuple[int, ...]], Matrix] = {}
        self._boxes: dict[Piece, NDArray[np.float64]] = {}

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
        surface, size = piece.surface, (area.width // divisor, area.height // divisor)
        lies = self._lies(piece, area)
        if lies is Lies.OUTSIDE:
            return new_image(*size, surface.depth, surface.default)
        spread = np.array([[divisor, 0, area.x], [0, divisor, area.y], [0, 0, 1]])
        back = _FROM_MIDDLES @ self._back(piece, pixels) @ spread @ _TO_MIDDLES
        back /= back[2, 2]
        how = (smoothly if self.smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        if np.abs(back[2] - (0, 0, 1)).max() < 1e-12:
            taken = cv2.warpAffine(pixels, back[:2], size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        else:
            taken = cv2.warpPerspective(pixels, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        result = np.asarray(taken, np.uint8)
        if result.ndim == 3 and smoothly == cv2.INTER_CUBIC and (alpha := result[..., 3:]).min() < 255:
            np.minimum(result[..., :3], alpha, out=result[..., :3])  # curves overshoot; no colour is more than alpha
        if lies is Lies.ACROSS:
            result = _faded(result, self._share(piece, area, divisor), surface.default)
        return to_image(result)

    def _back(self, piece: Piece, pixels: Pixels) -> Matrix:
        """From pixels of the document to those of ``pixels``."""
        key = piece, pixels.shape[:2]
        if key not in self._backs:
            content, (height, width) = piece.content, pixels.shape[:2]
            across, down = content.width / width, content.height / height
            self._backs[key] = np.linalg.inv(
                self.matrix @ np.array([[across, 0, content.x], [0, down, content.y], [0, 0, 1]])
            )
        return self._backs[key]

    def _corners(self, piece: Piece) -> NDArray[np.float64]:
        """Of the box that the piece becomes: 4 × 2, clockwise."""
        if piece not in self._boxes:
            points = np.array(corners(self.matrix, piece.content))
            ahead = np.roll(points, -1, axis=0)
            area = (points[:, 0] * ahead[:, 1] - ahead[:, 0] * points[:, 1]).sum()
            # Rounded: an edge that is off the grid by an error of arithmetic alone shall be on it.
            self._boxes[piece] = np.round(points if area > 0 else points[::-1], 6)
        return self._boxes[piece]

    def _lies(self, piece: Piece, area: Rect) -> Lies:
        """Whether ``area`` is outside of the box, inside, or across its border."""
        box = self._corners(piece)
        along = np.roll(box, -1, axis=0) - box
        places = np.array([(x, y) for x in (area.x, area.right) for y in (area.y, area.bottom)], np.float64)
        to = places[None] - box[:, None]
        beside = (
            along[:, :1] * to[..., 1] - along[:, 1:] * to[..., 0]
        )  # of each edge, for each place; inside is positive
        if (beside >= 0).all():
            return Lies.INSIDE
        return Lies.OUTSIDE if (beside <= 0).all(axis=1).any() else Lies.ACROSS

    def _share(self, piece: Piece, area: Rect, divisor: int) -> Pixels:
        """How much of each pixel at ``area`` lies in the box that the piece becomes."""
        image = new_image(area.width // divisor, area.height // divisor, Depth.MASK)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.smooth)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        points = (self._corners(piece) - (area.x, area.y)) / divisor
        painter.drawPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in points]))
        painter.end()
        return readable(image).copy()


def _faded(pixels: Pixels, share: Pixels, default: int) -> Pixels:
    """``pixels`` where ``share`` is 255, ``default`` where it is 0."""
    wide = np.asarray(cv2.merge((share,) * 4) if pixels.ndim == 3 else share, np.uint8)
    faded = np.asarray(cv2.multiply(pixels, wide, scale=1 / 255), np.uint8)
    if default:
        around = np.rint((255 - wide) * np.float32(default / 255)).astype(np.uint8)
        faded = np.asarray(cv2.add(faded, around), np.uint8)
    return faded
