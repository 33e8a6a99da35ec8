"""The PNG files in OpenRaster files, as the tiles of surfaces."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from PySide6.QtGui import QImage

from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.surface import Depth, Pixels, Surface, from_rgba, to_image
from kandinsky_studio.errors import DamagedPicture
from kandinsky_studio.storage import png_rows
from kandinsky_studio.storage.image_files import open_from_bytes
from kandinsky_studio.storage.png_rows import Unusual

PNG = b"\x89PNG\r\n\x1a\n"
_FAR = 2048  # pixels along each side from which on a picture is first seen at a quarter of its size or less
_NOT_PLAIN = {b"iCCP", b"tRNS", b"acTL", b"PLTE"}  # of colours to be converted, or of several pictures


def fill(surface: Surface, rect: Rect, data: bytes, name: str) -> None:
    """Put the PNG file ``data``, whose size is that of ``rect``, on ``surface`` there.

    ``name`` is what messages call it. Raises ``DamagedPicture`` and what ``open_from_bytes`` raises.
    """
    grey = surface.depth is Depth.MASK
    heights = [row.height for row in _rows_of_tiles(rect)]
    with contextlib.suppress(Unusual):
        bands = png_rows.bands(data, png_rows.GREY if grey else png_rows.RGBA, rect.width, rect.height, heights)
        _put(surface, rect, map(to_image if grey else from_rgba, bands))
        return
    if grey:
        pixels, to_image_of = _mask(data, name), to_image
    elif _is_plain(data):
        pixels, to_image_of = _picture(data, name), _premultiplied
    else:
        pixels, to_image_of = open_from_bytes(data, name).pixels, from_rgba
    if pixels.shape[:2] != (rect.height, rect.width):
        raise DamagedPicture(file=name)
    parts = (pixels[row.y - rect.y : row.bottom - rect.y] for row in _rows_of_tiles(rect))
    _put(surface, rect, map(to_image_of, parts))


def _put(surface: Surface, rect: Rect, images: Iterable[QImage]) -> None:
    """A row of tiles at a time: what is converted is still in the processor's memory when it is cut to tiles."""
    # Images first: after the last one, whoever makes them looks at the end of the file.
    for image, row in zip(images, _rows_of_tiles(rect), strict=True):
        if image.isNull():
            raise MemoryError
        surface.fill_from(row, image)
        if min(rect.width, rect.height) >= _FAR:  # who waits for the picture shall not wait for this as well
            for tile in map(surface.tiles.get, row.tiles()):
                if tile is not None:
                    _ = tile.quarter


def _rows_of_tiles(rect: Rect) -> Iterator[Rect]:
    """The parts of ``rect`` that lie in one row of tiles each, from the top."""
    top = rect.y
    while top < rect.bottom:
        bottom = min((top // TILE + 1) * TILE, rect.bottom)
        yield Rect(rect.x, top, rect.width, bottom - top)
        top = bottom


def _picture(data: bytes, name: str) -> Pixels:
    """Straight, blue first."""
    pixels = _decoded(data, name)
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise DamagedPicture(file=name)
    return pixels


def _premultiplied(pixels: Pixels) -> QImage:
    height, width = pixels.shape[:2]
    straight = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
    return straight.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _is_plain(data: bytes, kind: bytes = b"\x08\x06") -> bool:
    """Whether this has eight bits, RGBA if no other kind is asked for, and neither a profile nor other frames.

    Such files are decoded in all threads at once.
    """
    at = 8
    while data[24:26] == kind and at + 8 <= len(data):
        chunk = data[at + 4 : at + 8]
        if chunk == b"IDAT":
            return True
        if chunk in _NOT_PLAIN:
            return False
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def _mask(data: bytes, name: str) -> Pixels:
    if not _is_plain(data, b"\x08\x00"):
        raise DamagedPicture(file=name)
    return _decoded(data, name)


def _decoded(data: bytes, name: str) -> Pixels:
    if not _is_whole(data):
        raise DamagedPicture(file=name)
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8:
        raise DamagedPicture(file=name)
    return np.asarray(pixels, np.uint8)


def _is_whole(data: bytes) -> bool:
    """Whether there is as much of each chunk as it says: OpenCV makes room for them before it looks, up to 2 GB."""
    at = 8
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False
