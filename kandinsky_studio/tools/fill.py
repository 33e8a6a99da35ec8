"""The paint bucket."""

from __future__ import annotations

import cv2
import numpy as np

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.base import Desk, Option, Pointer, Tool
from kandinsky_studio.tools.likeness import SAMPLE, Sample, like, pixels_of
from kandinsky_studio.tools.target import Paint, open_target


class Fill(Tool):
    """Fills the area around a pixel that is like it, or all that is like it, with the foreground colour."""

    id = "fill"
    title = QT_TRANSLATE_NOOP("tools", "Fill")
    hint = QT_TRANSLATE_NOOP("tools", "Click an area of one colour to fill it.")
    paints = True
    options = (
        Option("tolerance", QT_TRANSLATE_NOOP("tools", "Tolerance"), maximum=255),
        Option("contiguous", QT_TRANSLATE_NOOP("tools", "Contiguous"), "switch"),
        SAMPLE,
        Option("grow", QT_TRANSLATE_NOOP("tools", "Grow"), minimum=-50, maximum=50, unit="px"),
        Option("antialias", QT_TRANSLATE_NOOP("tools", "Smooth edges"), "switch"),
        painting.OPACITY,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.tolerance: float = 32
        self.contiguous = True
        self.sample = Sample.LAYER
        self.grow: float = 0
        self.antialias = True
        self.opacity = 1.0

    def press(self, pointer: Pointer) -> None:
        document = self.document
        canvas = document.state.canvas
        x, y = int(np.floor(pointer.x)) - canvas.x, int(np.floor(pointer.y)) - canvas.y
        if document.editing or not (0 <= x < canvas.width and 0 <= y < canvas.height):
            return
        with document.edit(QT_TRANSLATE_NOOP("steps", "Fill")) as edit:
            target = open_target(self.desk, edit)
            mask = self._mask(x, y)
            left, top, width, height = cv2.boundingRect(mask)
            alpha = mask[top : top + height, left : left + width]
            if self.opacity < 1:
                alpha = np.asarray(cv2.convertScaleAbs(alpha, alpha=self.opacity), np.uint8)
            paint = Paint(edit, target, self.desk.foreground, pointer.eraser)
            paint.cover(Rect(canvas.x + left, canvas.y + top, width, height), alpha)

    def move(self, pointer: Pointer) -> None:
        """One click fills; there is nothing to drag."""

    def release(self, pointer: Pointer) -> None:
        """All was done when the pointer came down."""

    def _mask(self, x: int, y: int) -> Pixels:
        pixels, by = pixels_of(self.document, self.sample), round(self.grow)
        mask = like(pixels, x, y, round(self.tolerance), self.contiguous, self.antialias and not by)
        return grown(mask, by, self.antialias) if by else mask


def grown(mask: Pixels, by: int, soft: bool) -> Pixels:
    """A mask of 0 and 255 larger by ``by`` pixels all around, or smaller; ``soft`` gives it a smooth edge."""
    left, top, width, height = cv2.boundingRect(mask)
    room = abs(by) + 2
    rows = slice(max(top - room, 0), top + height + room)
    columns = slice(max(left - room, 0), left + width + room)
    part = mask[rows, columns]
    distance = cv2.distanceTransform(cv2.bitwise_not(part) if by > 0 else part, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    cover = np.clip(by + 1 - distance if by > 0 else distance + by, 0, 1)
    if not soft:
        cover = np.floor(cover) if by > 0 else np.ceil(cover)
    result = np.zeros_like(mask)
    result[rows, columns] = np.rint(cover * np.float32(255))
    return result
