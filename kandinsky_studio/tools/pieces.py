"""Pixels that were taken up: what they are, where they are put, and tiles of a draft that are made when seen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.geometry import QUARTER, TILE, Key, Rect
from kandinsky_studio.document.surface import Depth, Pixels, Surface, Tile, new_image, readable, replace, writable

_HALVINGS = 6
_NOTHING_YET = {depth: new_image(1, 1, depth) for depth in Depth}


class Piece:
    """Pixels that move. ``surface`` is never changed while somebody holds the piece."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface

    @cached_property
    def content(self) -> Rect:
        """The smallest rectangle with all that moves."""
        return self.surface.content

    @cached_property
    def pixels(self) -> Pixels:
        """What is at ``content``: height × width × 4 or height × width."""
        return self.surface.array(self.content)

    @cached_property
    def halved(self) -> list[Pixels]:
        """``pixels``, and again and again at half the size; for drafts."""
        sizes = [self.pixels]
        while len(sizes) <= _HALVINGS and min(sizes[-1].shape[:2]) > 1:
            height, width = sizes[-1].shape[:2]
            half = cv2.resize(sizes[-1], (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
            sizes.append(np.asarray(half, np.uint8))
        return sizes


class Placement(ABC):
    """Where pieces are put."""

    @abstractmethod
    def bounds(self, piece: Piece) -> Rect:
        """Beyond it the piece changes nothing."""

    @abstractmethod
    def tile(self, piece: Piece, key: Key) -> QImage:
        """A tile of the piece in its place, as good as it gets: 256 × 256."""

    def draft(self, piece: Piece, key: Key) -> QImage:
        """The same, good enough to be seen for a moment."""
        return self.tile(piece, key)

    @abstractmethod
    def small_draft(self, piece: Piece, key: Key) -> QImage:
        """The same, 64 × 64, for views from far."""

    def placed(self, piece: Piece) -> Surface:
        """The whole piece in its place."""
        surface = Surface(piece.surface.depth, piece.surface.default)
        for key in self.bounds(piece).tiles():
            tile = Tile(self.tile(piece, key))
            if not tile.is_all(surface.default):
                surface.tiles[key] = tile
        return surface


class Shift(Placement):
    """By whole pixels; every bit stays as it is."""

    def __init__(self, dx: int, dy: int) -> None:
        self.by = dx, dy

    def bounds(self, piece: Piece) -> Rect:
        return piece.content.moved(*self.by)

    def tile(self, piece: Piece, key: Key) -> QImage:
        return piece.surface.read(Rect.of_tile(key).moved(-self.by[0], -self.by[1]))

    def small_draft(self, piece: Piece, key: Key) -> QImage:
        # Small copies are moved by whole pixels of theirs: half a pixel on the screen at most is wrong.
        scale = TILE // QUARTER
        surface = piece.surface
        image = new_image(QUARTER, QUARTER, surface.depth, surface.default)
        dx, dy = (round(by / scale) for by in self.by)
        wanted = Rect(key[0] * QUARTER - dx, key[1] * QUARTER - dy, QUARTER, QUARTER)
        for row in range(wanted.y // QUARTER, (wanted.bottom - 1) // QUARTER + 1):
            for column in range(wanted.x // QUARTER, (wanted.right - 1) // QUARTER + 1):
                tile = surface.tiles.get((column, row))
                if tile is not None:
                    replace(image, tile.quarter, column * QUARTER - wanted.x, row * QUARTER - wanted.y)
        return image

    def placed(self, piece: Piece) -> Surface:
        if self.by[0] % TILE == 0 and self.by[1] % TILE == 0:
            return piece.surface.moved(*self.by)
        return super().placed(piece)


class DraftTile(Tile):
    """A tile whose pixels are made when somebody looks at it, and never if nobody does."""

    __slots__ = ("_draft", "_make", "_make_small", "_small_draft")

    def __init__(self, depth: Depth, make: Callable[[], QImage], make_small: Callable[[], QImage]) -> None:
        super().__init__(_NOTHING_YET[depth])
        self._make = make
        self._make_small = make_small
        self._draft: QImage | None = None
        self._small_draft: QImage | None = None

    @property
    def image(self) -> QImage:
        if self._draft is None:
            self._draft = self._make()
        return self._draft

    @property
    def quarter(self) -> QImage:
        if self._small_draft is None:
            self._small_draft = self._make_small()
        return self._small_draft


def over(under: QImage, piece: QImage, cover: QImage | None = None) -> QImage:
    """``piece`` landed on ``under``, of the same size. Colours are drawn over colours, of masks the larger value stays.

    With ``cover``, a mask, ``piece`` has what it covers for its own: also values smaller than those below.
    """
    image = QImage(under)
    if image.depth() != 8:
        painter = QPainter(image)
        painter.drawImage(0, 0, piece)
        painter.end()
        return image
    below, values = readable(under), readable(piece)
    if cover is None:
        writable(image)[:] = np.maximum(below, values)
    else:
        kept = cv2.multiply(below, 255 - readable(cover), scale=1 / 255)
        writable(image)[:] = cv2.add(np.asarray(kept, np.uint8), values)
    return image
