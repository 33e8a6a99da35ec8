"""Pixels on a plane without end, kept in tiles that are shared until somebody paints on them.

A tile that is part of a finished step is never written again: an edit puts a new one in its place. So a copy of a
surface, the memory of the undo list and the journal's writer hold tiles without copying one pixel.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.geometry import QUARTER, TILE, Key, Rect, united

if TYPE_CHECKING:
    from kandinsky_studio.document.scratch import Block, Scratch

Pixels: TypeAlias = NDArray[np.uint8]


class Depth(enum.Enum):
    """What a pixel is made of."""

    RGBA = "rgba"  # 8 bits each, premultiplied; in memory blue, green, red, alpha
    MASK = "mask"  # 8 bits: 0 nothing … 255 everything

    @property
    def format(self) -> QImage.Format:
        return QImage.Format.Format_ARGB32_Premultiplied if self is Depth.RGBA else QImage.Format.Format_Alpha8

    @property
    def bytes(self) -> int:
        return 4 if self is Depth.RGBA else 1


def new_image(width: int, height: int, depth: Depth, value: int = 0) -> QImage:
    """An image with every byte ``value``. Raises ``MemoryError`` if there is no room for it."""
    image = QImage(width, height, depth.format)
    if image.isNull() and width > 0 and height > 0:
        raise MemoryError
    image.fill(value * 0x01010101 if depth is Depth.RGBA else value)
    return image


def writable(image: QImage) -> Pixels:
    """The bytes of ``image``, height × width × 4 (blue, green, red, alpha) or height × width, to be written in place.

    Lets go of what the image shares with others. The array keeps the image alive.
    """
    return _array(image, image.bits())


def readable(image: QImage) -> Pixels:
    """As :func:`writable`, to be read only; sharing stays."""
    array = _array(image, image.constBits())
    array.flags.writeable = False
    return array


class _Memory:
    """Pixels as numpy takes them. An array made of it holds on to it, and so to the image whose memory this is."""

    __slots__ = ("__array_interface__", "image")

    def __init__(self, image: QImage, memory: bytes | bytearray | memoryview[int]) -> None:
        self.image = image
        data = np.frombuffer(memory, np.uint8).__array_interface__["data"]
        line = image.bytesPerLine()
        one_byte = image.depth() == 8
        self.__array_interface__ = {
            "data": data,
            "typestr": "|u1",
            "shape": (image.height(), image.width()) if one_byte else (image.height(), image.width(), 4),
            "strides": (line, 1) if one_byte else (line, 4, 1),
            "version": 3,
        }


def _array(image: QImage, memory: bytes | bytearray | memoryview[int] | None) -> Pixels:
    if memory is None:  # no pixel, no memory; nor does such an image know its size
        return np.empty((0, 0, 4), np.uint8)
    return np.asarray(_Memory(image, memory))


def to_image(pixels: Pixels) -> QImage:
    """An image of its own with these bytes: height × width × 4 premultiplied, or height × width."""
    depth = Depth.MASK if pixels.ndim == 2 else Depth.RGBA
    image = QImage(pixels.shape[1], pixels.shape[0], depth.format)
    if not image.isNull():
        writable(image)[:] = pixels
    return image


def from_rgba(pixels: Pixels) -> QImage:
    """An image of its own from height × width × 4 straight RGBA, as files and the engine have it."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    straight = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return straight.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def to_rgba(image: QImage) -> Pixels:
    """Height × width × 4 straight RGBA, a copy."""
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return _array(straight, straight.constBits()).copy()


_numbers = itertools.count(1)


class Tile:
    """256 × 256 pixels. No two tiles have the same ``number``; ``version`` counts what was painted on it before its
    step was finished."""

    __slots__ = ("__weakref__", "_block", "_image", "_quarter", "depth", "number", "version")

    def __init__(self, image: QImage) -> None:
        self._image: QImage | None = image
        self._quarter: QImage | None = None
        self._block: Block | None = None
        self.number = next(_numbers)
        self.version = 0
        self.depth = Depth.MASK if image.depth() == 8 else Depth.RGBA

    @property
    def image(self) -> QImage:
        """The pixels, read back if they were put on disk. Whoever paints on them calls :meth:`touched`."""
        image = self._image  # once: another thread may read while this one is put away
        if image is None:
            assert self._block is not None
            shape = (TILE, TILE) if self.depth is Depth.MASK else (TILE, TILE, 4)
            image = self._image = to_image(np.frombuffer(self._block.read(), np.uint8).reshape(shape))
        return image

    def read(self) -> bytes:
        """All pixels. What was put on disk stays there, other than with :attr:`image`. From any thread."""
        image = self._image
        if image is None:
            assert self._block is not None
            return self._block.read()
        return readable(image).tobytes()

    @property
    def quarter(self) -> QImage:
        """The same, 64 × 64 pixels: each the mean of sixteen."""
        quarter = self._quarter
        if quarter is None:
            small = cv2.resize(readable(self.image), (QUARTER, QUARTER), interpolation=cv2.INTER_AREA)
            quarter = self._quarter = to_image(np.asarray(small, np.uint8))
        return quarter

    @property
    def in_memory(self) -> bool:
        return self._image is not None

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return TILE * TILE * self.depth.bytes if self._image is not None else 0

    def touched(self) -> None:
        """The pixels were painted on."""
        self.version += 1
        self._quarter = None
        self._block = None

    def copy(self) -> Tile:
        """A tile of its own, whose pixels are copied when one of the two is painted on."""
        return Tile(QImage(self.image))

    def put_away(self, scratch: Scratch) -> None:
        """Leave memory. What is on ``scratch`` comes back when it is asked for. Raises ``DiskFull``. From any thread."""
        image = self._image
        if image is None:
            return
        if self._block is None:
            self._block = scratch.write(readable(image).tobytes())
        self._image = None
        self._quarter = None

    def is_all(self, value: int) -> bool:
        """Whether every byte is ``value``."""
        pixels = readable(self.image)
        return bool(pixels[0, 0].max() == value) and bool((pixels == value).all())


class Surface:
    """A plane of pixels. Where there is no tile, every byte is ``default``.

    Reading is for everybody; writing goes through a ``document.Edit``, which remembers what was there.
    """

    __slots__ = ("__weakref__", "default", "depth", "tiles")

    def __init__(self, depth: Depth, default: int = 0) -> None:
        self.depth = depth
        self.default = default
        self.tiles: dict[Key, Tile] = {}

    @classmethod
    def from_image(cls, image: QImage, x: int = 0, y: int = 0, depth: Depth = Depth.RGBA, default: int = 0) -> Surface:
        """With the corner of ``image`` at (x, y). Masks are made of images in ``Format_Alpha8``."""
        surface = cls(depth, default)
        if image.format() != depth.format:
            image = image.convertToFormat(depth.format)
        surface.fill_from(Rect(x, y, image.width(), image.height()), image)
        return surface

    @classmethod
    def from_array(cls, pixels: Pixels, x: int = 0, y: int = 0, default: int = 0) -> Surface:
        """Of height × width × 4 (premultiplied, blue first) or height × width bytes."""
        return cls.from_image(to_image(pixels), x, y, Depth.MASK if pixels.ndim == 2 else Depth.RGBA, default)

    def fill_from(self, rect: Rect, image: QImage) -> None:
        """Put ``image`` at ``rect`` in place of what is there. Only for a surface that is in no document yet."""
        for key in rect.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(rect)
            inside = image.copy(part.moved(-rect.x, -rect.y).to_qt())
            if part == place:
                tile = Tile(inside)
            else:
                old = self.tiles.get(key)
                under = QImage(old.image) if old else new_image(TILE, TILE, self.depth, self.default)
                replace(under, inside, part.x - place.x, part.y - place.y)
                tile = Tile(under)
            if tile.is_all(self.default):
                self.tiles.pop(key, None)
            else:
                self.tiles[key] = tile

    def copy(self) -> Surface:
        """The same pixels, shared until one of the two is painted on."""
        surface = Surface(self.depth, self.default)
        surface.tiles = dict(self.tiles)
        return surface

    def image_of(self, key: Key) -> QImage | None:
        tile = self.tiles.get(key)
        return tile.image if tile else None

    @property
    def bounds(self) -> Rect:
        """Of all tiles; beyond it there is only ``default``."""
        return united(Rect.of_tile(key) for key in self.tiles)

    @property
    def content(self) -> Rect:
        """The smallest rectangle with every pixel that is not ``default``."""
        parts = []
        for key, tile in self.tiles.items():
            pixels = readable(tile.image)
            if pixels.ndim == 3:
                differs = pixels.view(np.uint32)[..., 0] != self.default * 0x01010101
            else:
                differs = pixels != self.default
            columns, rows = np.flatnonzero(differs.any(axis=0)), np.flatnonzero(differs.any(axis=1))
            if len(columns):
                x, y = key[0] * TILE + int(columns[0]), key[1] * TILE + int(rows[0])
                parts.append(Rect(x, y, int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1))
        return united(parts)

    @property
    def size(self) -> int:
        """Bytes in memory; tiles that several places share count once."""
        return sum({id(tile): tile.size for tile in self.tiles.values()}.values())

    def read(self, rect: Rect) -> QImage:
        """A copy of what is at ``rect``."""
        image = new_image(rect.width, rect.height, self.depth, self.default)
        for key in rect.tiles():
            tile = self.tiles.get(key)
            if tile is not None:
                place = Rect.of_tile(key)
                part = place.intersected(rect)
                source = tile.image if part == place else tile.image.copy(part.moved(-place.x, -place.y).to_qt())
                replace(image, source, part.x - rect.x, part.y - rect.y)
        return image

    def array(self, rect: Rect) -> Pixels:
        """A copy of what is at ``rect``: height × width × 4 (premultiplied, blue first) or height × width."""
        if rect.is_empty:
            shape = (max(rect.height, 0), max(rect.width, 0), 4)
            return np.empty(shape[: 2 if self.depth is Depth.MASK else 3], np.uint8)
        return readable(self.read(rect)).copy()

    def pixel(self, x: int, y: int) -> tuple[int, ...]:
        """The bytes of one pixel: blue, green, red, alpha, or one value."""
        tile = self.tiles.get((x // TILE, y // TILE))
        if tile is None:
            return (self.default,) * self.depth.bytes
        return tuple(int(byte) for byte in np.atleast_1d(readable(tile.image)[y % TILE, x % TILE]))

    def moved(self, dx: int, dy: int) -> Surface:
        """A copy with everything (dx, dy) pixels further. By whole tiles it shares them."""
        surface = Surface(self.depth, self.default)
        if dx % TILE == 0 and dy % TILE == 0:
            across, down = dx // TILE, dy // TILE
            surface.tiles = {(key[0] + across, key[1] + down): tile for key, tile in self.tiles.items()}
        else:
            for key, tile in self.tiles.items():
                surface.fill_from(Rect.of_tile(key).moved(dx, dy), tile.image)
        return surface

    def mapped(self, function: Callable[[Pixels], Pixels]) -> Surface:
        """A copy with ``function`` done to every tile that there is, and to ``default``."""
        values = function(np.full((1, 1) if self.depth is Depth.MASK else (1, 1, 4), self.default, np.uint8))
        surface = Surface(self.depth, int(values.flat[0]))
        done: dict[int, Tile] = {}  # tiles that several places share stay shared
        for key, tile in self.tiles.items():
            if id(tile) not in done:
                done[id(tile)] = Tile(to_image(function(readable(tile.image))))
            if not done[id(tile)].is_all(surface.default):
                surface.tiles[key] = done[id(tile)]
        return surface


def replace(image: QImage, source: QImage, x: int, y: int) -> None:
    """Put ``source`` on ``image`` at (x, y), in place of what is there: no blending."""
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(x, y, source)
    painter.end()


def bytes_of(tiles: Iterable[Tile]) -> int:
    """In memory; a tile that comes several times counts once."""
    return sum({id(tile): tile.size for tile in tiles}.values())
