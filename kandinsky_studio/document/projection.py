"""The picture as a view needs it: whole images, one for each halving of the scale, made anew only where it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import cv2
import numpy as np
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.geometry import Key, Rect
from kandinsky_studio.document.layers import Layer, State
from kandinsky_studio.document.surface import Depth, Pixels, Surface, readable, writable

_Mark: TypeAlias = tuple[tuple[object, ...], tuple[int, ...]]  # what steps change; how far a stroke has got

LEVELS = 6  # 1, 1/2, 1/4 … 1/32
_FEW = 32  # tiles: from here on it is cheaper to look at those in sight than at those that are out of date
_QUARTER_LEVEL = 2  # from here on, layers are blended from the small copies of their tiles
_BACKDROPS = 14 * 2**20  # bytes of blended layers below the active one that are kept: what a large brush moves over
_EARLIER = 12 * 2**20  # bytes of tiles kept as they were before they were drawn anew: undo finds them again


class Projection:
    """Images of the canvas and what lies on the same tiles. ``area`` is where they are, in pixels of the document.

    Only levels that were asked for exist. Everything is drawn when it is asked for, never before.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.area = state.canvas.on_tiles()
        self._images: dict[int, QImage] = {}
        self._memory: dict[int, Pixels] = {}  # what the images lie in
        self._dirty: dict[int, dict[Key, Rect]] = {}
        self._active: int | None = None
        self._backdrops: dict[tuple[bool, Key], tuple[_Mark, QImage]] = {}
        self._kept = 0
        self._marks: dict[tuple[bool, Key], _Mark] = {}  # of what the images hold, tile by tile
        self._earlier: dict[tuple[bool, Key, _Mark], QImage] = {}
        self._earlier_size = 0

    def set_state(self, state: State, active: int | None, rect: Rect | None = None) -> None:
        """The layers are others now. ``rect`` is where that shows, None for anywhere."""
        self._state = state
        self._active = active
        area = state.canvas.on_tiles()
        if area != self.area:
            self.area = area
            self._images.clear()
            self._memory.clear()
            self._dirty.clear()
            self._marks.clear()
        elif rect is None:
            for dirty in self._dirty.values():
                dirty.update((key, Rect.of_tile(key)) for key in self.area.tiles())
        else:
            self.damage(rect)

    def damage(self, rect: Rect) -> None:
        """Pixels at ``rect`` were painted on."""
        rect = rect.intersected(self.area)
        for key in rect.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(rect)
            if part.contains(place.intersected(self._state.canvas)):
                part = place  # all of the tile that is ever seen
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
            # Memory that comes into being where it is drawn on: nobody waits for all of it.
            width, height = self.area.width // scale, self.area.height // scale
            memory = self._memory[level] = np.zeros((height, width, 4), np.uint8)
            self._images[level] = QImage(memory.data, width, height, 4 * width, Depth.RGBA.format)
            self._dirty[level] = {key: Rect.of_tile(key) for key in self.area.tiles()}
        return self._images[level]

    def forget(self, levels: Iterable[int]) -> None:
        """Give back the memory of these levels."""
        for level in levels:
            self._images.pop(level, None)
            self._memory.pop(level, None)
            self._dirty.pop(level, None)
            if level in (0, _QUARTER_LEVEL):
                for mark in [mark for mark in self._marks if mark[0] == (level == _QUARTER_LEVEL)]:
                    del self._marks[mark]

    def stale(self, level: int, rect: Rect) -> list[Key]:
        """The tiles at ``rect`` that are not up to date."""
        self.image(level)
        dirty = self._dirty[level]
        rect = rect.intersected(self.area)
        if len(dirty) < _FEW:
            return [key for key in dirty if not Rect.of_tile(key).intersected(rect).is_empty]
        return [key for key in rect.tiles() if key in dirty]

    def refresh(self, level: int, rect: Rect, enough: Callable[[], bool] = lambda: False) -> bool:
        """Bring the image up to date at ``rect``; stops between two tiles when ``enough()``. True if it is."""
        for key in self.stale(level, rect):
            self._refresh_tile(level, key)
            if enough():
                break
        return not self.stale(level, rect)

    def warm(self, level: int, rect: Rect, enough: Callable[[], bool]) -> bool:
        """Blend what lies below the active layer at ``rect`` before somebody paints there. True if all of it is."""
        below, _ = self._split()
        if not below:
            return True
        quarter = level >= _QUARTER_LEVEL
        for key in rect.intersected(self._state.canvas).tiles():
            known = self._backdrops.get((quarter, key))
            if known is None or known[0] != _mark(below, key):
                if enough():
                    return False
                self._backdrop(below, key, quarter)
        return True

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
        corner = QPoint((place.x - self.area.x) // scale + area.x, (place.y - self.area.y) // scale + area.y)
        mark = _mark(self._state.layers, key)
        if part == place:
            self._keep(level, key, mark, QRect(corner, area.to_qt().size()))
            known = self._earlier.pop((quarter, key, mark), None)
            if known is not None:
                self._earlier_size -= known.sizeInBytes()
                self._put(level, key, mark, corner, known, area)
                return
        below, above = self._split()
        under = self._backdrop(below, key, quarter) if below else None
        tile = compose(above, key, quarter, area, under)
        self._put(level, key, mark, corner, tile, area)

    def _put(self, level: int, key: Key, mark: _Mark, corner: QPoint, tile: QImage, area: Rect) -> None:
        painter = QPainter(self._images[level])
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(corner, tile, area.to_qt())
        painter.end()
        self._marks[level == _QUARTER_LEVEL, key] = mark

    def _keep(self, level: int, key: Key, new: _Mark, place: QRect) -> None:
        """Keep a tile of the picture that is about to be drawn anew: an undo may bring it back."""
        quarter = level == _QUARTER_LEVEL
        old = self._marks.pop((quarter, key), None)
        # Between two marks with the same tiles lies a piece of a stroke, which no undo goes back to.
        if old is None or old[0] == new[0]:
            return
        if (same := self._earlier.pop((quarter, key, old), None)) is not None:
            self._earlier_size -= same.sizeInBytes()
        self._earlier[quarter, key, old] = self._images[level].copy(place)
        self._earlier_size += 4 * place.width() * place.height()
        while self._earlier_size > _EARLIER:
            self._earlier_size -= self._earlier.pop(next(iter(self._earlier))).sizeInBytes()

    def _split(self) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        """The layers below the one that is worked on, which stay as they are while it is, and the others."""
        layers = self._state.layers
        if self._active is not None:
            for number, layer in enumerate(layers):
                if any(inside.id == self._active for inside in layer.walk()):
                    return (layers[:number], layers[number:]) if number > 1 else ((), layers)
        return (), layers

    def _backdrop(self, below: tuple[Layer, ...], key: Key, quarter: bool) -> QImage:
        """The layers below the active one, blended; kept, since painting asks for it again and again."""
        mark = _mark(below, key)
        known = self._backdrops.get((quarter, key))
        if known is None or known[0] != mark:
            known = (mark, compose(below, key, quarter))
            old = self._backdrops.pop((quarter, key), None)
            self._backdrops[quarter, key] = known
            self._kept += known[1].sizeInBytes() - (old[1].sizeInBytes() if old else 0)
            while self._kept > _BACKDROPS:
                self._kept -= self._backdrops.pop(next(iter(self._backdrops)))[1].sizeInBytes()
        return QImage(known[1])

    def _halve(self, level: int, part: Rect) -> None:
        scale = 2**level
        inside = part.moved(-self.area.x, -self.area.y)
        area = Rect.around(inside.x / scale, inside.y / scale, inside.right / scale, inside.bottom / scale)
        fine = readable(self._images[level - 1])
        source = fine[2 * area.y : 2 * area.bottom, 2 * area.x : 2 * area.right]
        target = writable(self._images[level])[area.y : area.bottom, area.x : area.right]
        target[:] = cv2.resize(np.ascontiguousarray(source), (area.width, area.height), interpolation=cv2.INTER_AREA)


def _mark(layers: Iterable[Layer], key: Key) -> _Mark:
    """Layers whose marks are equal look the same at a tile. Numbers only: a mark keeps no pixels in memory."""
    look: list[object] = []
    versions: list[int] = []

    def see(surface: Surface) -> None:
        tile = surface.tiles.get(key)
        look.append(-surface.default if tile is None else tile.number)
        versions.append(0 if tile is None else tile.version)

    def walk(layers: Iterable[Layer]) -> None:
        for layer in layers:
            if not layer.visible or not layer.in_picture:
                continue
            look.extend((layer.opacity, layer.mode.value, layer.isolated))
            if layer.pixels is not None:
                see(layer.pixels)
            else:
                look.append("(")
                walk(layer.children)
                look.append(")")
            if layer.mask is not None and layer.mask_enabled:
                look.append("mask")
                see(layer.mask)

    walk(layers)
    return tuple(look), tuple(versions)
