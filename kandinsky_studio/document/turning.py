"""Whole surfaces turned, mirrored, cut and scaled. Nothing here changes what it is given."""

from __future__ import annotations

import enum
from math import gcd

import cv2
import numpy as np

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels, Surface

_MOST = 4  # a scaled surface may be so many times the canvas; beyond, what lies outside the canvas is cut off
_SUPPORT = 8  # pixels around that a resampling looks at, at most


class Resampling(enum.Enum):
    """How pixels between pixels are found. All but ``NEAREST`` take the mean where the picture shrinks."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


_FLAGS = {
    Resampling.NEAREST: cv2.INTER_NEAREST_EXACT,
    Resampling.BILINEAR: cv2.INTER_LINEAR,
    Resampling.BICUBIC: cv2.INTER_CUBIC,
    Resampling.LANCZOS: cv2.INTER_LANCZOS4,
}


def flipped(surface: Surface, about: Rect, vertically: bool = False) -> Surface:
    """Mirrored left to right, or upside down, about the middle of a rectangle."""
    content = surface.content
    pixels = surface.array(content)
    if vertically:
        y = about.y + about.bottom - content.bottom
        return Surface.from_array(np.ascontiguousarray(pixels[::-1]), content.x, y, surface.default)
    x = about.x + about.right - content.right
    return Surface.from_array(np.ascontiguousarray(pixels[:, ::-1]), x, content.y, surface.default)


def turned(surface: Surface, canvas: Rect, quarters: int) -> Surface:
    """Turned clockwise by quarters of a circle, so that the canvas keeps its upper left corner."""
    content = surface.content
    left, top = content.x - canvas.x, content.y - canvas.y
    right, bottom = canvas.right - content.right, canvas.bottom - content.bottom
    x, y = [(left, top), (bottom, left), (right, bottom), (top, right)][quarters % 4]
    pixels = np.ascontiguousarray(np.rot90(surface.array(content), -quarters))
    return Surface.from_array(pixels, canvas.x + x, canvas.y + y, surface.default)


def cut(surface: Surface, rect: Rect) -> Surface:
    """Only what lies in ``rect``; tiles that lie in it whole are shared."""
    result = Surface(surface.depth, surface.default)
    for key, tile in surface.tiles.items():
        place = Rect.of_tile(key)
        part = place.intersected(rect)
        if part == place:
            result.tiles[key] = tile
        elif not part.is_empty:
            result.fill_from(part, surface.read(part))
    return result


def scaled(surface: Surface, canvas: Rect, width: int, height: int, resampling: Resampling) -> Surface:
    """Scaled so that the canvas, which keeps its upper left corner, becomes ``width`` × ``height`` pixels."""
    # Only at these distances from the canvas do edges of old pixels and edges of new ones meet.
    across, down = canvas.width // gcd(canvas.width, width), canvas.height // gcd(canvas.height, height)
    content = surface.content
    if content.is_empty:
        return Surface(surface.depth, surface.default)
    around = content.expanded(_SUPPORT)
    left, right = (around.x - canvas.x) // across, -(-(around.right - canvas.x) // across)
    top, bottom = (around.y - canvas.y) // down, -(-(around.bottom - canvas.y) // down)
    source = Rect(canvas.x + left * across, canvas.y + top * down, (right - left) * across, (bottom - top) * down)
    if canvas.contains(content) or source.area > _MOST * canvas.area:
        source = source.intersected(canvas)
    x = (source.x - canvas.x) * width // canvas.width
    y = (source.y - canvas.y) * height // canvas.height
    wide, high = source.width * width // canvas.width, source.height * height // canvas.height
    pixels = resize(surface.array(source), wide, high, resampling)
    return Surface.from_array(pixels, canvas.x + x, canvas.y + y, surface.default)


def resize(pixels: Pixels, width: int, height: int, resampling: Resampling) -> Pixels:
    """Premultiplied pixels (height × width × 4), or a mask, at another size."""
    flag = _FLAGS[resampling]
    if resampling is not Resampling.NEAREST and width <= pixels.shape[1] and height <= pixels.shape[0]:
        flag = cv2.INTER_AREA
    result = np.asarray(cv2.resize(pixels, (width, height), interpolation=flag), np.uint8)
    if result.ndim == 3:  # cubic and Lanczos swing over: no colour may be brighter than its alpha
        np.minimum(result[..., :3], result[..., 3:], out=result[..., :3])
    return result
