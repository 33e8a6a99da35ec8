"""Which pixels are like one that was clicked."""

from __future__ import annotations

import enum

import cv2
import numpy as np

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.surface import Pixels, readable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Option

_ROWS = 64  # worked on at once: what stays near the processor is fast, and floats never fill the memory
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_AROUND = np.ones((5, 5), np.uint8)


class Sample(enum.Enum):
    """What is looked at."""

    LAYER = "layer"
    PICTURE = "picture"


SAMPLE = Option(
    "sample",
    QT_TRANSLATE_NOOP("tools", "Look at"),
    "choice",
    choices=(
        (Sample.LAYER, QT_TRANSLATE_NOOP("tools", "Active layer")),
        (Sample.PICTURE, QT_TRANSLATE_NOOP("tools", "All layers")),
    ),
)


def pixels_of(document: Document, sample: Sample) -> Pixels:
    """The canvas as it is seen, or the active layer on it: height × width × 4, premultiplied, blue first.

    A mask or depth layer comes as grey. Without an active layer the whole picture is looked at.
    """
    layer, canvas = document.active, document.state.canvas
    if sample is Sample.PICTURE or layer is None:
        return readable(document.render()).copy()
    if layer.pixels is None:
        return readable(document.render(only=layer.children)).copy()
    pixels = layer.pixels.array(canvas)
    if pixels.ndim == 2:
        return np.asarray(cv2.merge((pixels, pixels, pixels, np.full_like(pixels, 255))), np.uint8)
    return pixels


def difference(pixels: Pixels, colour: Pixels) -> Pixels:
    """How far each pixel is from ``colour`` (4 bytes), 0 … 255: the channel that differs most decides."""
    wanted = np.asarray([int(byte) for byte in colour], np.float64)
    result = np.empty(pixels.shape[:2], np.uint8)
    for top in range(0, len(pixels), _ROWS):
        apart = np.asarray(cv2.absdiff(pixels[top : top + _ROWS], wanted), np.uint8)
        blue, green, red, alpha = cv2.split(apart)
        result[top : top + _ROWS] = cv2.max(cv2.max(blue, green), cv2.max(red, alpha))
    return result


def like(pixels: Pixels, x: int, y: int, tolerance: int, contiguous: bool = True, soft: bool = True) -> Pixels:
    """A mask (height × width) of what differs from the pixel at (x, y) by ``tolerance`` (0 … 255) at most.

    With ``contiguous`` only what hangs together with that pixel by its sides. With ``soft`` a pixel at the border that
    is a mixture of the colour and of what lies beyond is taken as far as it is of the colour.
    """
    apart = difference(pixels, pixels[y, x])
    region = (apart <= tolerance).astype(np.uint8)
    if contiguous:
        cv2.floodFill(region, None, (x, y), 2)
        region = (region == 2).astype(np.uint8)
    mask = region * np.uint8(255)
    if soft:
        border = cv2.dilate(region, _NEIGHBOURS) - region
        rows, columns = np.nonzero((border > 0) & (apart > tolerance))
        beyond = cv2.dilate(apart, _AROUND)[rows, columns].astype(np.float32)
        share = 1 - apart[rows, columns] / np.maximum(beyond, 1)
        mask[rows, columns] = np.rint(255 * share).astype(np.uint8)
    return mask


def near(pixels: Pixels, colour: Pixels, fuzziness: float) -> Pixels:
    """A mask (height × width) that falls from 255 at ``colour`` (4 bytes) to 0 at a distance of ``fuzziness`` in Lab.

    A distance of 2 is hardly seen; black and white are 100 apart. What is half transparent counts half. If ``colour``
    is wholly transparent, the mask is what is transparent.
    """
    if colour[3] == 0:
        return np.asarray(255 - pixels[..., 3], np.uint8)
    wanted = _lab(colour.reshape(1, 1, 4))[0, 0]
    mask = np.empty(pixels.shape[:2], np.uint8)
    for top in range(0, len(pixels), _ROWS):
        rows = pixels[top : top + _ROWS]
        apart = _lab(rows)
        apart -= wanted
        share = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
        share *= np.float32(-1 / max(fuzziness, 1e-3))
        share += 1
        np.maximum(share, 0, out=share)
        share *= rows[..., 3]
        mask[top : top + _ROWS] = np.rint(share, out=share)
    return mask


def _lab(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    colour = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), np.float32)
    if pixels[..., 3].min() == 255:
        colour *= np.float32(1 / 255)
    else:
        colour /= np.maximum(pixels[..., 3:], 1)
        np.minimum(colour, 1, out=colour)
    return np.asarray(cv2.cvtColor(colour, cv2.COLOR_BGR2LAB), np.float32)
