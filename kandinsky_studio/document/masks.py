"""What is done with masks and selections as a whole. Nothing here changes what it is given."""

from __future__ import annotations

import enum
from math import ceil

import cv2
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.document.surface import Depth, Pixels, Surface, readable, to_image

_OPAQUE = 255


class Combine(enum.Enum):
    """How a new selection meets the one that is there."""

    REPLACE = "replace"
    ADD = "add"
    SUBTRACT = "subtract"
    INTERSECT = "intersect"


def combine(old: Surface | None, new: Surface, how: Combine) -> Surface:
    """Masks as fuzzy sets: the larger, the smaller, what is left."""
    if how is Combine.REPLACE or old is None:
        return Surface(Depth.MASK) if how in (Combine.SUBTRACT, Combine.INTERSECT) and old is None else new
    area = old.bounds.united(new.bounds)
    a, b = old.array(area), new.array(area)
    if how is Combine.ADD:
        result = np.maximum(a, b)
    elif how is Combine.SUBTRACT:
        result = np.minimum(a, _OPAQUE - b)
    else:
        result = np.minimum(a, b)
    return Surface.from_array(result, area.x, area.y)


def inverted(mask: Surface, canvas: Rect) -> Surface:
    """Everything on the canvas that ``mask`` has not; nothing beyond the canvas."""
    return Surface.from_array(_OPAQUE - mask.array(canvas), canvas.x, canvas.y)


def grown(mask: Surface, by: int, canvas: Rect) -> Surface:
    """Larger by ``by`` pixels all around (a round brush), smaller if it is negative; cut at the canvas."""
    if by == 0:
        return mask
    area = (mask.bounds if by < 0 else mask.content.expanded(by)).intersected(canvas)
    if area.is_empty:
        return Surface(Depth.MASK)
    around = area.expanded(abs(by))
    return Surface.from_array(_cut(grow(mask.array(around), by), area, around), area.x, area.y)


def feathered(mask: Surface, radius: float, canvas: Rect) -> Surface:
    """With an edge that is soft over ``radius`` pixels to either side; cut at the canvas."""
    if radius <= 0:
        return mask
    reach = ceil(radius) + 1
    area = mask.content.expanded(reach).intersected(canvas)
    if area.is_empty:
        return Surface(Depth.MASK)
    around = area.expanded(reach)
    return Surface.from_array(_cut(feather(mask.array(around), radius), area, around), area.x, area.y)


def grow(mask: Pixels, by: int) -> Pixels:
    """``mask`` (height × width, 0 … 255) larger by ``by`` pixels, or smaller. Beyond its border is nothing."""
    if by == 0:
        return mask
    hard = bool(((mask == 0) | (mask == _OPAQUE)).all())
    if hard:  # the exact distance costs the same for every radius
        if by > 0:
            distance = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            return np.where(distance <= by, np.uint8(_OPAQUE), np.uint8(0)) if mask.any() else mask
        framed = np.pad(mask, 1)
        distance = cv2.distanceTransform((framed > 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.where(distance[1:-1, 1:-1] > -by, np.uint8(_OPAQUE), np.uint8(0))
    size = 2 * abs(by) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.dilate if by > 0 else cv2.erode
    return np.asarray(change(mask, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)


def feather(mask: Pixels, radius: float) -> Pixels:
    """``mask`` (height × width, 0 … 255) blurred so that its edge spreads over ``radius`` pixels to either side."""
    if radius <= 0:
        return mask
    # Three standard deviations of a Gaussian reach to 0.1 %.
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), radius / 3, borderType=cv2.BORDER_CONSTANT), np.uint8)


def effective(layer: Layer, canvas: Rect, area: Rect | None = None) -> Pixels:
    """What an inpaint layer says at ``area`` (the canvas if not given): height × width, 255 is painted anew.

    Grown, feathered and inverted as the layer has it, in this order of meaning: what is painted is inverted first, then
    grown, then feathered.
    """
    assert layer.pixels is not None
    area = area or canvas
    reach = abs(layer.grow) + (ceil(layer.feather) + 1 if layer.feather > 0 else 0)
    around = area.expanded(reach)
    mask = layer.pixels.array(around)
    if layer.inverted:
        outside = around.intersected(canvas)
        inside = np.zeros_like(mask)
        rows = slice(outside.y - around.y, outside.bottom - around.y)
        columns = slice(outside.x - around.x, outside.right - around.x)
        inside[rows, columns] = _OPAQUE - mask[rows, columns]
        mask = inside
    return _cut(feather(grow(mask, layer.grow), layer.feather), area, around)


def from_alpha(pixels: Surface) -> Surface:
    """A mask that is a layer's alpha."""
    mask = Surface(Depth.MASK)
    for key, tile in pixels.tiles.items():
        place = Rect.of_tile(key)
        mask.fill_from(place, to_image(np.ascontiguousarray(readable(tile.image)[..., 3])))
    return mask


def from_path(path: QPainterPath, antialias: bool = True) -> Surface:
    """A mask of what lies inside ``path`` (pixels of the document)."""
    area = Rect.of(path.boundingRect()).expanded(1)
    if area.is_empty:
        return Surface(Depth.MASK)
    image = QImage(area.width, area.height, QImage.Format.Format_Alpha8)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, antialias)
    painter.translate(-area.x, -area.y)
    painter.fillPath(path, Qt.GlobalColor.black)
    painter.end()
    return Surface.from_image(image, area.x, area.y, Depth.MASK)


def outline(mask: Pixels) -> QPainterPath:
    """The border of what is at least half selected, along the edges of pixels; (0, 0) is the corner of ``mask``."""
    half = np.pad(mask >= 128, 1)
    path = QPainterPath()
    # Edges between rows, then between columns: each run of them is one straight line.
    for flip in (False, True):
        grid = half.T if flip else half
        rows, columns = np.nonzero(grid[1:] != grid[:-1])
        if not len(rows):
            continue
        ends = np.flatnonzero((np.diff(rows) != 0) | (np.diff(columns) != 1)) + 1
        for run in np.split(np.arange(len(rows)), ends):
            along, begin, end = float(rows[run[0]]), float(columns[run[0]] - 1), float(columns[run[-1]])
            if flip:
                path.moveTo(along, begin)
                path.lineTo(along, end)
            else:
                path.moveTo(begin, along)
                path.lineTo(end, along)
    return path


def _cut(pixels: Pixels, area: Rect, around: Rect) -> Pixels:
    x, y = area.x - around.x, area.y - around.y
    return pixels[y : y + area.height, x : x + area.width]
