"""A picture that waits over the canvas, and how it is cut out of what the engine made."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PySide6.QtGui import QImage

from kandinsky_studio.app.canvas_plan import Plan
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels, Surface, from_rgba
from kandinsky_studio.engine.request import GenerationResult

_FINEST = 1024  # pixels along the longer side of a mask, while a candidate waits


@dataclass(frozen=True, eq=False)
class Candidate:
    """A picture over the canvas. ``image`` is premultiplied, at the size it was made at, transparent where the plan's
    mask hides it; ``area`` is where it lies."""

    image: QImage
    area: Rect
    plan: Plan
    result: GenerationResult | None  # None while it is being made


class Cutter:
    """Cuts out the pictures of one job: worked out once, as masks can be large."""

    def __init__(self, made: Plan) -> None:
        self.plan = made
        self._alphas: dict[tuple[int, int], Pixels] = {}
        self._mask = made.mask
        if made.mask is not None:
            self._hard = not ((made.mask > 0) & (made.mask < 255)).any()
            height, width = made.mask.shape
            share = _FINEST / max(height, width)
            if share < 1:  # now, when the button was pressed, and not when the first preview comes under a stroke
                size = max(round(width * share), 1), max(round(height * share), 1)
                self._mask = np.asarray(cv2.resize(made.mask, size, interpolation=cv2.INTER_AREA), np.uint8)

    def alpha(self, width: int, height: int) -> Pixels:
        """How opaque a picture of this size is, where the plan's mask lies on it."""
        size = (width, height)
        if size not in self._alphas:
            alpha = np.full((height, width), 255, np.uint8)
            if self._mask is not None:
                alpha = np.asarray(cv2.resize(self._mask, size, interpolation=cv2.INTER_AREA), np.uint8)
                if self._hard:
                    alpha = np.where(alpha > 0, np.uint8(255), alpha)  # a half pixel at a hard edge would be seen
            self._alphas[size] = alpha
        return self._alphas[size]

    def candidate(self, image: Pixels, result: GenerationResult | None = None) -> Candidate:
        """``image`` (height × width × 3, RGB), transparent where the plan's mask hides it."""
        height, width = image.shape[:2]
        shown = from_rgba(np.dstack([image, self.alpha(width, height)]))
        return Candidate(shown, self.plan.area, self.plan, result)


def pixels_of(candidate: Candidate) -> Surface:
    """The whole picture of a candidate at the size of its area, for a layer; its mask is not applied."""
    assert candidate.result is not None
    area, image = candidate.area, candidate.result.image
    if image.shape[:2] != (area.height, area.width):
        larger = area.area > image.shape[0] * image.shape[1]
        way = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
        image = np.asarray(cv2.resize(image, (area.width, area.height), interpolation=way), np.uint8)
    opaque = np.full((*image.shape[:2], 1), 255, np.uint8)
    return Surface.from_image(from_rgba(np.concatenate([image, opaque], axis=2)), area.x, area.y)
