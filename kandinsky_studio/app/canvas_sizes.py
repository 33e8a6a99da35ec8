"""How large what a model works on is: the part of the canvas around a mask, the size it is made at, the mask itself."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.engine import inpainting
from kandinsky_studio.engine.spec import ModelSpec

MULTIPLE = 8  # pixels: sides that are worked at
_ROOM = 0.5  # of the mask's size, that is seen around it on each side


def shaped(mask: Pixels, grow: int, feather: int) -> Pixels:
    """``mask`` (0 … 255) larger by ``grow`` pixels (smaller if it is negative), and soft over ``feather`` pixels at its
    edge, inward: nothing beyond is touched. What is too narrow for that is softened less, and never vanishes."""
    grown = inpainting.grow(mask, grow) if grow else mask
    if not grown.any():
        grown = mask
    bounds = bounds_of(grown)
    if feather <= 0 or bounds is None:
        return grown
    box = (slice(bounds.y, bounds.bottom), slice(bounds.x, bounds.right))
    within = cv2.copyMakeBorder((grown[box] > 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0,))
    widest = float(cv2.distanceTransform(np.asarray(within), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
    soft = min(feather, int(widest / 2))
    if soft < 1:
        return grown
    return np.asarray(np.minimum(grown, inpainting.feather(inpainting.grow(grown, -soft), soft)), np.uint8)


def working_size(area: Rect, spec: ModelSpec) -> tuple[int, int]:
    """The size at which a model works on ``area``: its proportions, about as many pixels as the model was trained on.

    What is a little larger or smaller than that is left as it is; sides are multiples of 8 within the model's range.
    """
    native = spec.native_size**2
    scale = 1.0 if native / 2 <= area.area <= native * 1.5 else sqrt(native / area.area)
    low, high = spec.size.minimum, spec.size.maximum
    longest, shortest = max(area.width, area.height), min(area.width, area.height)
    scale = min(max(scale, low / shortest), high / longest)

    def side(length: int) -> int:
        return min(max(round(length * scale / MULTIPLE) * MULTIPLE, low), high // MULTIPLE * MULTIPLE)

    return side(area.width), side(area.height)


def context_of(bounds: Rect, canvas: Rect, native: int, least: int = 0) -> Rect:
    """The part of the canvas that a model should see to fill ``bounds``: room around it, ``least`` pixels on each side or
    more, about square, not too small."""
    room = max(ceil(max(bounds.width, bounds.height) * _ROOM), least)
    width, height = bounds.width + 2 * room, bounds.height + 2 * room
    width, height = max(width, height // 2, native), max(height, width // 2, native)
    width, height = min(width, canvas.width), min(height, canvas.height)
    x = min(max(bounds.x + bounds.width // 2 - width // 2, canvas.x), canvas.right - width)
    y = min(max(bounds.y + bounds.height // 2 - height // 2, canvas.y), canvas.bottom - height)
    return Rect(x, y, width, height)


def bounds_of(mask: npt.NDArray[Any] | None) -> Rect | None:
    """Where ``mask`` is above 0, from its own corner; None if nowhere."""
    if mask is None:
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    x, y = int(columns[0]), int(rows[0])
    return Rect(x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y)
