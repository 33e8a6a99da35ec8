"""The picture as a view needs it: whole images, one for each halving of the scale, made anew only where it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.geometry import Key, Rect
from kandinsky_studio.document.layers import Layer, State
from kandinsky_studio.document.surface import Depth, new_image, readable, writable

LEVELS = 6  # 1, 1/2, 1/4 … 1/32
_QUARTER_LEVEL = 2  # from here on, layers are blended from the small copies of their tiles
_BACKDROPS = 96  # tiles of blended layers below the active one that are kept: what a large brush moves over


class Projection:
    """Images of the canvas and what lies on the same tiles. ``area`` is where they are, in pixels of the document.

    Only levels that were asked for exist. Everything is drawn when it is asked for, never before.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.area = state.canvas.on_tiles()
        self._images: dict[int, QImage] = {}
        self._dirty: dict[int, dict[Key, Rect]] = {}
        self._active: int | None = None
        self._backdrops: dict[tuple[bool, Key], tuple[tuple[object, ...], QImage]] = {}

    def set_state(self, state: State, active: int | None, rect: Rect | None = None) -> None:
        """The layers are others now. ``rect`` is where that shows, None for anywhere."""
        self._state = state
        self._active = active
        area = state.canvas.on_tiles()
        if area != self.area:
            self.area = area
            self._images.clear()
            self._dirty.clear()
        elif rect is None:
            for dirty in self._dirty.values():
                dirty.update((key, Rect.of_tile(key)) for key in self.area.tiles())
        else:
            self.damage(rect)

    def damage(self, rect: Rect) -> None:
        """Pixels at ``rect`` were painted on."""
        rect = rect.intersected(self.area)
        for key in rect.tiles():
            part = Rect.of_tile(key).intersected(rect)
            for dirty in self._dirty.values():
                dirty[key] = dirty[key].united(part) if key in dirty else part

    def level(self, zoom: float) -> int:
        """The level whose image is shown no smaller than half its size at ``zoom`` (screen pixels per pixel)."""
        level = 0
        while level + 1 < LEVELS and zoom <= 0.5 ** (level + 1):
            level += 1
        return level

    def image(self, level: int) -> QImage:
        """The image at 1 / 2^level of the size. What is not yet :meth:`refresh`-ed in it is old or empty."""
        if level not in self._images:
            scale = 2**level
            self._images[level] = new_image(self.area.width // scale, self.area.height // scale, Depth.RGBA)
            self._dirty[level] = {key: Rect.of_tile(key) for key in self.area.tiles()}
        return self._images[level]

    def forget(self, levels: Iterable[int]) -> None:
        """Give back the memory of these levels."""
        for level in levels:
            self._images.pop(level, None)
            self._dirty.pop(level, None)

    def stale(self, level: int, rect: Rect) -> list[Key]:
        """The tiles at ``rect`` that are not up to date."""
        self.image(level)
        dirty = self._dirty[level]
        return [key for key in rect.intersected(self.area).tiles() if key in dirty] if dirty else []

    def refresh(self, level: int, rect: Rect, enough: Callable[[], bool] = lambda: False) -> bool:
        """Bring the image up to date at ``rect``; stops between two tiles when ``enough()``. True if it is."""
        for key in self.stale(level, rect):
            self._refresh_tile(level, key)
            if enough():
                break
        return not self.stale(level, rect)

    def _refresh_tile(self, level: int, key: Key) -> None:
        self.image(level)
        part = self._dirty[level].pop(key, None)
        if part is None:
            return
        if level in (0, _QUARTER_LEVEL):
            self._compose(level, key, part)
        else:
            self._refresh_tile(level - 1, key)
            self._halve(level, part)

    def _compose(self, level: int, key: Key, part: Rect) -> None:
        scale = 2**level
        quarter = level == _QUARTER_LEVEL
        place = Rect.of_tile(key)
        inside = part.moved(-place.x, -place.y)
        # The small copy of a pixel's neighbours changes with it.
        area = Rect.around(inside.x / scale, inside.y / scale, inside.right / scale, inside.bottom / scale)
        below, above = self._split()
        under = self._backdrop(below, key, quarter, area) if below else None
        tile = compose(above, key, quarter, area, under)
        painter = QPainter(self._images[level])
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        corner = QPoint((place.x - self.area.x) // scale + area.x, (place.y - self.area.y) // scale + area.y)
        painter.drawImage(corner, tile, area.to_qt())
        painter.end()

    def _split(self) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        """The layers below the one that is worked on, which stay as they are while it is, and the others."""
        layers = self._state.layers
        if self._active is not None:
            for number, layer in enumerate(layers):
                if any(inside.id == self._active for inside in layer.walk()):
                    return (layers[:number], layers[number:]) if number > 1 else ((), layers)
        return (), layers

    def _backdrop(self, below: tuple[Layer, ...], key: Key, quarter: bool, area: Rect) -> QImage:
        """The layers below the active one, blended; kept, since painting asks for it again and again."""
        mark = _mark(below, key)
        known = self._backdrops.get((quarter, key))
        if known is None or known[0] != mark:
            known = (mark, compose(below, key, quarter))
            self._backdrops.pop((quarter, key), None)
            self._backdrops[quarter, key] = known
            if len(self._backdrops) > _BACKDROPS:
                self._backdrops.pop(next(iter(self._backdrops)))
        return QImage(known[1])

    def _halve(self, level: int, part: Rect) -> None:
        scale = 2**level
        inside = part.moved(-self.area.x, -self.area.y)
        area = Rect.around(inside.x / scale, inside.y / scale, inside.right / scale, inside.bottom / scale)
        fine = readable(self._images[level - 1])
        source = fine[2 * area.y : 2 * area.bottom, 2 * area.x : 2 * area.right]
        target = writable(self._images[level])[area.y : area.bottom, area.x : area.right]
        target[:] = cv2.resize(np.ascontiguousarray(source), (area.width, area.height), interpolation=cv2.INTER_AREA)


def _mark(layers: Iterable[Layer], key: Key) -> tuple[object, ...]:
    """Differs if the layers may look different at a tile."""
    mark: list[object] = []
    for top in layers:
        mark.append(top)  # layers are never changed in place
        for surface in top.surfaces():
            tile = surface.tiles.get(key)
            mark.append(tile)
            mark.append(tile.version if tile else 0)
    return tuple(mark)
