"""The finger that drags colours along."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kandinsky_studio.document.document import Edit
from kandinsky_studio.document.geometry import NOTHING, TILE, Key, Rect
from kandinsky_studio.document.surface import Depth, Surface, readable, writable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.base import Desk, Option, Pointer
from kandinsky_studio.tools.dabs import Dab, Plane
from kandinsky_studio.tools.painting import PaintingTool
from kandinsky_studio.tools.stroke import Stroke
from kandinsky_studio.tools.target import Target

_GRID = 5  # spots of colour across what is carried: the finer they are, the more a trace is striped
Colours: TypeAlias = NDArray[np.float32]  # height × width (× 4), premultiplied, 0 … 255


class Smudge(PaintingTool):
    """Takes up what is under it and lays it down further on."""

    id = "smudge"
    title = QT_TRANSLATE_NOOP("tools", "Smudge")
    hint = QT_TRANSLATE_NOOP("tools", "Drag to smear the colours that are there.")
    step = QT_TRANSLATE_NOOP("steps", "Smudge stroke")
    options = (
        painting.SIZE,
        painting.HARDNESS,
        Option("strength", QT_TRANSLATE_NOOP("tools", "Strength"), minimum=0.01, factor=100, unit="%"),
        painting.SMOOTHING,
        painting.PRESSURE_SIZE,
        painting.PRESSURE_OPACITY,
        painting.PRESSURE_CURVE,
        painting.SPACING,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 40.0
        self.hardness = 0.5
        self.strength = 0.6  # what is left of the colour after half a diameter

    def stroke(self, edit: Edit, target: Target, pointer: Pointer) -> Stroke:
        settings = self.settings
        # However close the dabs are, the trace is as long.
        keep = self.strength ** (2 * min(settings.spacing, 0.5))
        smear = Smear(edit, target, keep)
        return Stroke(settings, smear, painting.STAMPS, smear.show, self.smoothing, pointer.scale)


class Smear:
    """Colours that are dragged along, in finer steps than the 8 bits they are shown in.

    ``keep`` (0 … 1) is how much of what is carried is left after each dab.
    """

    def __init__(self, edit: Edit, target: Target, keep: float) -> None:
        self._edit = edit
        self._surface: Surface = target.surface
        self._alpha_locked = target.alpha_locked
        self._selection = edit.state.selection
        self.area = edit.state.canvas
        self._keep = keep
        self._tiles: dict[Key, Colours] = {}
        self._carried: Colours | None = None

    def lay(self, stamp: Plane, column: int, row: int, dab: Dab) -> Rect:
        """Mix what is carried into what is there, and that into what is carried."""
        height, width = stamp.shape
        whole = Rect(column, row, width, height)
        rect = whole.intersected(self.area)
        if rect.is_empty:
            self._carried = None
            return NOTHING
        under = self._read(rect)
        around = (rect.y - row, row + height - rect.bottom, rect.x - column, column + width - rect.right)
        filled = under if rect == whole else cv2.copyMakeBorder(under, *around, cv2.BORDER_REPLICATE)
        picked = np.asarray(cv2.resize(filled, (_GRID, _GRID), interpolation=cv2.INTER_AREA), np.float32)
        if self._carried is None:
            self._carried = picked
            return NOTHING
        carried = self._carried
        keep = self._keep * dab.opacity
        self._carried = picked + (carried - picked) * np.float32(self._keep)
        laid = np.asarray(cv2.resize(carried, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        inside = (slice(rect.y - row, rect.bottom - row), slice(rect.x - column, rect.right - column))
        share = stamp[inside] * np.float32(keep)
        if self._selection is not None:
            share = share * (self._selection.array(rect) * np.float32(1 / 255))
        if under.ndim == 3:
            share = np.asarray(cv2.merge((share, share, share, share)), np.float32)
        new = under + (laid[inside] - under) * share
        if self._alpha_locked:
            new = _with_alpha(new, under[..., 3])
        self._write(rect, new)
        return rect

    def show(self, rect: Rect) -> None:
        """Put what was smeared at ``rect`` into the document."""
        for key in rect.tiles():
            if key in self._tiles:
                place = Rect.of_tile(key)
                part = place.intersected(rect).moved(-place.x, -place.y)
                rows, columns = slice(part.y, part.bottom), slice(part.x, part.right)
                writable(self._edit.tile(self._surface, key))[rows, columns] = np.rint(self._tiles[key][rows, columns])
        self._edit.touched(self._surface, rect)

    def _tile(self, key: Key) -> Colours:
        if key not in self._tiles:
            image = self._surface.image_of(key)
            shape = (TILE, TILE) if self._surface.depth is Depth.MASK else (TILE, TILE, 4)
            if image is None:
                self._tiles[key] = np.full(shape, self._surface.default, np.float32)
            else:
                self._tiles[key] = readable(image).astype(np.float32)
        return self._tiles[key]

    def _read(self, rect: Rect) -> Colours:
        shape = (rect.height, rect.width) if self._surface.depth is Depth.MASK else (rect.height, rect.width, 4)
        pixels = np.empty(shape, np.float32)
        for key in rect.tiles():
            here, there = _overlap(key, rect)
            pixels[there] = self._tile(key)[here]
        return pixels

    def _write(self, rect: Rect, pixels: Colours) -> None:
        for key in rect.tiles():
            here, there = _overlap(key, rect)
            self._tile(key)[here] = pixels[there]


def _overlap(key: Key, rect: Rect) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a tile and a rectangle meet, in pixels of each."""
    place = Rect.of_tile(key)
    part = place.intersected(rect)
    here, there = part.moved(-place.x, -place.y), part.moved(-rect.x, -rect.y)
    return (
        (slice(here.y, here.bottom), slice(here.x, here.right)),
        (slice(there.y, there.bottom), slice(there.x, there.right)),
    )


def _with_alpha(pixels: Colours, alpha: Plane) -> Colours:
    """The same colours, with this alpha."""
    scale = alpha / np.maximum(pixels[..., 3], np.float32(1e-3))
    result = pixels * scale[..., np.newaxis]
    result[..., 3] = alpha
    return np.asarray(np.minimum(result, alpha[..., np.newaxis]), np.float32)
