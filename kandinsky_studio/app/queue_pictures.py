"""A small picture of a job before anything of it is made: what it starts from."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtGui import QImage

from kandinsky_studio.app.images import to_image
from kandinsky_studio.engine.raster import Raster
from kandinsky_studio.engine.request import GenerationRequest, Pixels

SIDE = 160  # pixels of the longer side: enough for a row at twice the size of the text

_TINT = np.array([224, 64, 64], np.float32)  # over what is to be repainted
_SHARE = 0.55


def picture_of(request: GenerationRequest) -> QImage | None:
    """What goes into ``request``, its mask in red; None if it is words alone. Takes a moment where that is large."""
    slots = [slot.image for slot in request.slots if slot.image is not None and not slot.negative]
    source = request.image or request.hint or next(iter(slots), None)
    if source is None or not source.present:
        return None
    picture = _small(source)
    if request.mask is not None and request.mask.present:
        height, width = picture.shape[:2]
        mask = cv2.resize(request.mask.pixels, (width, height), interpolation=cv2.INTER_AREA)
        share = mask.astype(np.float32)[:, :, None] / 255 * _SHARE
        picture = np.asarray(picture * (1 - share) + _TINT * share, np.uint8)
    return to_image(picture)


def small_picture(pixels: Pixels) -> QImage:
    """``pixels``, uint8 (height, width, 3), at the size of a row."""
    return to_image(_shrunk(pixels))


def _small(raster: Raster) -> Pixels:
    pixels = _shrunk(raster.pixels)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def _shrunk(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    share = SIDE / max(height, width)
    if share >= 1:
        return np.ascontiguousarray(pixels)
    size = max(round(width * share), 1), max(round(height * share), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
