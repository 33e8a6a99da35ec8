"""Rectangles of whole pixels, and the grid of tiles that pixels are kept in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, floor
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QRect, QRectF

TILE = 256  # pixels along each side of a tile
QUARTER = TILE // 4  # and of its small copy, which stands for it in far views

Key: TypeAlias = tuple[int, int]  # column and row of a tile; the pixel (0, 0) is the first of tile (0, 0)


class Rect(NamedTuple):
    """Pixels ``x ≤ column < x + width``, ``y ≤ row < y + height`` of the document's plane, which has no end."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def around(cls, left: float, top: float, right: float, bottom: float) -> Rect:
        """The smallest rectangle of whole pixels that holds these edges."""
        x, y = floor(left), floor(top)
        return cls(x, y, max(ceil(right) - x, 0), max(ceil(bottom) - y, 0))

    @classmethod
    def of(cls, rect: QRect | QRectF) -> Rect:
        if isinstance(rect, QRectF):
            return cls.around(rect.left(), rect.top(), rect.right(), rect.bottom())
        return cls(rect.x(), rect.y(), rect.width(), rect.height())

    @classmethod
    def of_tile(cls, key: Key) -> Rect:
        return cls(key[0] * TILE, key[1] * TILE, TILE, TILE)

    @property
    def right(self) -> int:
        """The first column beyond."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row beyond."""
        return self.y + self.height

    @property
    def is_empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def area(self) -> int:
        return 0 if self.is_empty else self.width * self.height

    def fitted(self, width: int, height: int) -> Rect:
        """The largest rectangle with the proportions of ``width`` × ``height`` in the middle of this one."""
        scale = min(self.width / width, self.height / height)
        wide, high = max(round(width * scale), 1), max(round(height * scale), 1)
        return Rect(self.x + (self.width - wide) // 2, self.y + (self.height - high) // 2, wide, high)

    def intersected(self, other: Rect) -> Rect:
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(x, y, max(min(self.right, other.right) - x, 0), max(min(self.bottom, other.bottom) - y, 0))

    def united(self, other: Rect) -> Rect:
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def expanded(self, by: int) -> Rect:
        """Larger by ``by`` pixels on every side; smaller if it is negative, down to nothing."""
        return Rect(self.x - by, self.y - by, max(self.width + 2 * by, 0), max(self.height + 2 * by, 0))

    def moved(self, dx: int, dy: int) -> Rect:
        return Rect(self.x + dx, self.y + dy, self.width, self.height)

    def contains(self, other: Rect) -> bool:
        return other.is_empty or self.intersected(other) == other

    def on_tiles(self) -> Rect:
        """The smallest rectangle of whole tiles that holds this one."""
        if self.is_empty:
            return Rect(self.x // TILE * TILE, self.y // TILE * TILE, 0, 0)
        x, y = self.x // TILE * TILE, self.y // TILE * TILE
        return Rect(x, y, -(-self.right // TILE) * TILE - x, -(-self.bottom // TILE) * TILE - y)

    def tiles(self) -> Iterator[Key]:
        """The tiles that this rectangle touches, row by row."""
        if self.is_empty:
            return
        for row in range(self.y // TILE, -(-self.bottom // TILE)):
            for column in range(self.x // TILE, -(-self.right // TILE)):
                yield column, row

    def to_qt(self) -> QRect:
        return QRect(self.x, self.y, self.width, self.height)


NOTHING = Rect(0, 0, 0, 0)


def united(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle that holds all of them."""
    whole = NOTHING
    for rect in rects:
        whole = whole.united(rect)
    return whole
