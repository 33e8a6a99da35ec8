"""What is done with masks and selections as a whole. Nothing here changes what it is given."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath

from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.document.surface import Depth, Pixels, Surface, Tile, new_image, readable, to_image

_Run: TypeAlias = tuple[int, int, int, int]  # a straight piece of an outline: x, y of its start, x, y of its end
_OPAQUE = 255
_SMALL = 8  # pixels: up to here a soft mask grows by a disc, beyond by the distances at its values
_VALUES = 32


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
    """Larger by ``by`` pixels all around (a round brush), smaller if it is negative; cut at the canvas.

    Beyond the canvas the mask is taken to go on as it is at the edge, so that shrinking leaves the edge alone.
    """
    if by == 0:
        return mask
    area = mask.content.expanded(max(by, 0)).intersected(canvas)
    if area.is_empty:
        return Surface(Depth.MASK)
    around = area.expanded(abs(by))
    return Surface.from_array(_cut(grow(_beyond(mask, around, canvas), by), area, around), area.x, area.y)


def feathered(mask: Surface, radius: float, canvas: Rect) -> Surface:
    """With an edge that is soft over ``radius`` pixels to either side; cut at the canvas.

    Beyond the canvas the mask is taken to go on as it is at the edge.
    """
    if radius <= 0:
        return mask
    reach = ceil(radius) + 1
    area = mask.content.expanded(reach).intersected(canvas)
    if area.is_empty:
        return Surface(Depth.MASK)
    around = area.expanded(reach)
    return Surface.from_array(_cut(feather(_beyond(mask, around, canvas), radius), area, around), area.x, area.y)


def grow(mask: Pixels, by: int) -> Pixels:
    """``mask`` (height × width, 0 … 255) larger by ``by`` pixels, or smaller. Beyond its border is nothing.

    A hard mask grows by every pixel whose centre is at most ``by`` away. A soft one does so at each of its values; if
    it has many values and ``by`` is large, values are rounded down to one of 32.
    """
    if by == 0 or not mask.any():
        return mask
    if by < 0:
        return _OPAQUE - grow(_OPAQUE - np.pad(mask, 1), -by)[1:-1, 1:-1]
    values = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    values = values[values > 0]
    if by <= _SMALL < len(values):
        reach = np.arange(-by, by + 1)
        disc = (reach[:, None] ** 2 + reach**2 <= by**2).astype(np.uint8)
        return np.asarray(cv2.dilate(mask, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.uint8)
    if len(values) > _VALUES:
        values = values[np.linspace(0, len(values) - 1, _VALUES).astype(int)]
    result = np.zeros_like(mask)
    for value in values:  # the exact distance costs the same for every radius
        distance = cv2.distanceTransform((mask < value).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        result[distance <= by] = value
    return result


def feather(mask: Pixels, radius: float) -> Pixels:
    """``mask`` (height × width, 0 … 255) blurred so that its edge spreads over ``radius`` pixels to either side."""
    if radius <= 0:
        return mask
    # Three standard deviations of a Gaussian reach to 0.1 %.
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), radius / 3, borderType=cv2.BORDER_CONSTANT), np.uint8)


def effective(layer: Layer, canvas: Rect, area: Rect | None = None) -> Pixels:
    """What an inpaint layer says at ``area`` (the canvas if not given): height × width, 255 is painted anew.

    Grown, feathered and inverted as the layer has it, in this order of meaning: what is painted is inverted first, then
    grown, then feathered. Beyond the canvas the mask goes on as it is at the edge.
    """
    assert layer.pixels is not None
    area = area or canvas
    reach = abs(layer.grow) + (ceil(layer.feather) + 1 if layer.feather > 0 else 0)
    around = area.expanded(reach)
    mask = _beyond(layer.pixels, around, canvas)
    if layer.inverted:
        mask = _OPAQUE - mask
    return _cut(feather(grow(mask, layer.grow), layer.feather), area, around)


def everything(rect: Rect) -> Surface:
    """A mask with all of ``rect``; tiles that lie in it whole are one and the same."""
    mask = Surface(Depth.MASK)
    whole = Tile(new_image(TILE, TILE, Depth.MASK, 255))
    for key in rect.tiles():
        part = Rect.of_tile(key).intersected(rect)
        if part == Rect.of_tile(key):
            mask.tiles[key] = whole
        else:
            mask.fill_from(part, new_image(part.width, part.height, Depth.MASK, 255))
    return mask


def from_alpha(pixels: Surface) -> Surface:
    """A mask that is a layer's alpha."""
    mask = Surface(Depth.MASK)
    for key, tile in pixels.tiles.items():
        place = Rect.of_tile(key)
        mask.fill_from(place, to_image(np.ascontiguousarray(readable(tile.image)[..., 3])))
    return mask


def from_path(path: QPainterPath, antialias: bool = True, within: Rect | None = None) -> Surface:
    """A mask of what lies inside ``path`` (pixels of the document), and inside ``within`` if it is given."""
    area = Rect.of(path.boundingRect()).expanded(1)
    area = area if within is None else area.intersected(within)
    if area.is_empty:
        return Surface(Depth.MASK)
    image = QImage(area.width, area.height, Depth.MASK.format)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, antialias)
    painter.translate(-area.x, -area.y)
    painter.fillPath(path, Qt.GlobalColor.black)
    painter.end()
    return Surface.from_image(image, area.x, area.y, Depth.MASK)


def outline(mask: Pixels) -> QPainterPath:
    """The border of what is at least half selected, along the edges of pixels; (0, 0) is the corner of ``mask``.

    Closed loops, what is selected always to the right of the way; regions that only touch at a corner stay apart.
    """
    half = np.pad(mask >= 128, 1).astype(np.int8)
    # Selected below an edge: to the right. Selected right of an edge: up.
    horizontal = [(a, y, b, y) if sign > 0 else (b, y, a, y) for y, a, b, sign in _runs(np.diff(half, axis=0))]
    vertical = [(x, b, x, a) if sign > 0 else (x, a, x, b) for x, a, b, sign in _runs(np.diff(half, axis=1).T)]
    starting: dict[tuple[int, int], list[_Run]] = {}
    for run in (*horizontal, *vertical):
        starting.setdefault(run[:2], []).append(run)
    path = QPainterPath()
    known: set[_Run] = set()
    for first in horizontal:
        if first in known:
            continue
        path.moveTo(first[0], first[1])
        run = first
        while run != first or first not in known:
            known.add(run)
            path.lineTo(run[2], run[3])
            run = _turn(run, starting[run[2:]])
        path.closeSubpath()
    return path


def _runs(edges: NDArray[np.int8]) -> Iterator[tuple[int, int, int, int]]:
    """Neighbours in a row with the same sign: row, where they begin and end, their sign. The grid begins at -1."""
    rows, columns = np.nonzero(edges)
    if not len(rows):
        return
    signs = edges[rows, columns]
    breaks = np.flatnonzero((np.diff(rows) != 0) | (np.diff(columns) != 1) | (np.diff(signs) != 0)) + 1
    first, last = np.append(0, breaks), np.append(breaks, len(rows)) - 1
    yield from zip(
        rows[first].tolist(), (columns[first] - 1).tolist(), columns[last].tolist(), signs[first].tolist(), strict=True
    )


def _turn(run: _Run, choices: list[_Run]) -> _Run:
    """The way on; to the right where two loops touch."""
    if len(choices) > 1:
        x, y = run[1] - run[3], run[2] - run[0]
        return next(choice for choice in choices if (choice[2] - choice[0]) * x + (choice[3] - choice[1]) * y > 0)
    return choices[0]


def _beyond(mask: Surface, area: Rect, canvas: Rect) -> Pixels:
    """What is at ``area``, where the edge of the canvas goes on without end."""
    inside = area.intersected(canvas)
    if inside.is_empty:
        columns = np.clip(np.arange(area.x, area.right), canvas.x, canvas.right - 1) - canvas.x
        rows = np.clip(np.arange(area.y, area.bottom), canvas.y, canvas.bottom - 1) - canvas.y
        return mask.array(canvas)[np.ix_(rows, columns)]
    sides = (
        (inside.y - area.y, area.bottom - inside.bottom),
        (inside.x - area.x, area.right - inside.right),
    )
    return np.pad(mask.array(inside), sides, mode="edge")


def _cut(pixels: Pixels, area: Rect, around: Rect) -> Pixels:
    x, y = area.x - around.x, area.y - around.y
    return pixels[y : y + area.height, x : x + area.width]
