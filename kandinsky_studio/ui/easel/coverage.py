"""A mask as the view needs it: one byte a pixel at the scale it is shown, made anew only where it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import cv2
import numpy as np
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document import masks
from kandinsky_studio.document.geometry import TILE, Key, Rect
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.document.surface import Pixels, Surface, readable

_QUARTER_LEVEL = 2  # the scale of the small copies of tiles
_AREA = cv2.INTER_AREA


class Coverage:
    """What a mask says at every pixel of ``canvas``, at 1 / 2^level of its size.

    With ``layer`` as its feather, growth and inversion make it; else as it was painted. Until it is refreshed it shows
    what ``old`` did.
    """

    def __init__(self, surface: Surface, canvas: Rect, layer: Layer | None = None, old: Coverage | None = None) -> None:
        self.surface = surface
        self.canvas = canvas
        self.area = canvas.on_tiles()
        plain = layer is None or not (layer.grow or layer.feather > 0 or layer.inverted)
        self._layer = None if plain else layer
        self.reach = 0
        if layer is not None and not plain:
            self.reach = abs(layer.grow) + (ceil(layer.feather) + 1 if layer.feather > 0 else 0)
        self.level = -1
        self.version = 0  # counts refreshed tiles
        self.pixels: Pixels = np.zeros((0, 0), np.uint8)
        self._dirty: set[Key] = set()
        if old is not None and old.area == self.area:
            self.level, self.pixels = old.level, old.pixels
            self._dirty = set(self.area.tiles())

    @property
    def is_empty(self) -> bool:
        """Whether it is nothing anywhere, for sure."""
        inverted = self._layer is not None and self._layer.inverted
        return not self.surface.tiles and not self.surface.default and not inverted

    def show_at(self, level: int, visible: Rect) -> None:
        """Be at ``level`` from now on; what is ``visible`` begins as what was there at the level before."""
        if level == self.level:
            return
        before, old = self.pixels, self.level
        self.version += 1
        self.level = level
        # Fresh memory is zero already and costs nothing where nobody looks.
        self.pixels = np.zeros((self.area.height >> level, self.area.width >> level), np.uint8)
        self._dirty = set(self.area.tiles())
        if old >= 0:
            for key in visible.tiles():
                source = before[_place(self.area, key, old)]
                target = self.pixels[_place(self.area, key, level)]
                target[:] = cv2.resize(source, target.shape[::-1], interpolation=cv2.INTER_NEAREST)

    def damage(self, rect: Rect) -> Rect:
        """The mask was painted on at ``rect``; where that shows."""
        rect = rect.expanded(self.reach).intersected(self.canvas)
        self._dirty.update(rect.tiles())
        return rect

    def stale(self, rect: Rect) -> list[Key]:
        """The tiles at ``rect`` that are not up to date."""
        if not self._dirty:
            return []
        return [key for key in rect.intersected(self.canvas).tiles() if key in self._dirty]

    def refresh(self, rect: Rect, enough: Callable[[], bool]) -> list[Key]:
        """Bring it up to date at ``rect``, stopping when ``enough()``; which tiles were done."""
        done = []
        for key in self.stale(rect):
            self._dirty.discard(key)
            self._refresh_tile(key)
            self._cut_at_canvas(key)
            self.version += 1
            done.append(key)
            if enough():
                break
        return done

    def image(self, table: Sequence[int]) -> QImage:
        """All of it, each byte as the colour that ``table`` (256 × ARGB) has for it. Not a copy."""
        height, width = self.pixels.shape
        image = QImage(self.pixels.data, width, height, width, QImage.Format.Format_Indexed8)
        image.setColorTable(table)
        return image

    def _refresh_tile(self, key: Key) -> None:
        target = self.pixels[_place(self.area, key, self.level)]
        side = TILE >> self.level
        if self._layer is not None:
            place = Rect.of_tile(key)
            around = place.expanded(self.reach)
            if self._layer.inverted or any(near in self.surface.tiles for near in around.tiles()):
                target[:] = _scaled(masks.effective(self._layer, self.canvas, place), side)
            else:
                target[:] = 0
            return
        tile = self.surface.tiles.get(key)
        if tile is None:
            target[:] = self.surface.default
        else:
            target[:] = _scaled(readable(tile.image if self.level < _QUARTER_LEVEL else tile.quarter), side)

    def _cut_at_canvas(self, key: Key) -> None:
        place = Rect.of_tile(key)
        if self.canvas.contains(place):
            return
        inside = place.intersected(self.canvas)
        target = self.pixels[_place(self.area, key, self.level)]
        scale = 2**self.level
        target[: (inside.y - place.y) // scale] = 0
        target[-(-(inside.bottom - place.y) // scale) :] = 0
        target[:, : (inside.x - place.x) // scale] = 0
        target[:, -(-(inside.right - place.x) // scale) :] = 0


def tint(colour: QColor, opacity: float, inverted: bool = False) -> list[int]:
    """A table for :meth:`Coverage.image`: ``colour`` where the mask is (where it is not), ``opacity`` 0 … 1."""
    table = []
    for value in range(256):
        shown = QColor(colour)
        shown.setAlphaF((255 - value if inverted else value) / 255 * opacity)
        table.append(shown.rgba())
    return table


def greys(opacity: float) -> list[int]:
    """A table for :meth:`Coverage.image`: how light it is, ``opacity`` 0 … 1."""
    return [QColor(value, value, value, round(255 * opacity)).rgba() for value in range(256)]


def _place(area: Rect, key: Key, level: int) -> tuple[slice, slice]:
    side = TILE >> level
    x, y = (key[0] * TILE - area.x) >> level, (key[1] * TILE - area.y) >> level
    return slice(y, y + side), slice(x, x + side)


def _scaled(pixels: Pixels, side: int) -> Pixels:
    if pixels.shape[0] == side:
        return pixels
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (side, side), interpolation=_AREA), np.uint8)
