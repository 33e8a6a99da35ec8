"""What is painted on: which pixels a tool may change, and how covering them changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter

from kandinsky_studio.document.blending import strips
from kandinsky_studio.document.document import Edit, check_editable
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.mask_operations import ensure
from kandinsky_studio.document.pixel_operations import lightness
from kandinsky_studio.document.surface import Depth, Pixels, Surface, readable, writable
from kandinsky_studio.errors import NoLayer, NoPixels
from kandinsky_studio.tools.base import Desk

Colours: TypeAlias = NDArray[np.uint32]
_Mode = QPainter.CompositionMode


@dataclass(frozen=True, eq=False)
class Target:
    """A surface of a layer: its pixels, or its mask."""

    layer: Layer
    surface: Surface

    @property
    def inpaints(self) -> bool:
        """Whether this is the inpaint mask."""
        return self.layer.kind is Kind.INPAINT

    @property
    def alpha_locked(self) -> bool:
        """Whether what is see-through stays so."""
        return self.layer.alpha_locked and self.surface.depth is Depth.RGBA

    @property
    def mode(self) -> QPainter.CompositionMode:
        """How colours meet what is there."""
        return _Mode.CompositionMode_SourceAtop if self.alpha_locked else _Mode.CompositionMode_SourceOver

    def value(self, colour: QColor) -> int:
        """What painting with ``colour`` puts into a mask: all of an inpaint mask, elsewhere the colour's grey."""
        return 255 if self.inpaints else round(255 * lightness(colour))


def open_target(desk: Desk, edit: Edit, inpaint: bool = False) -> Target:
    """What painting changes now: the inpaint mask if that is asked for, chosen in the list or the quick mask is on, made
    and shown within ``edit`` if need be; else the mask of the active layer, if that is edited, or its pixels.

    Raises ``NoLayer``, ``NoPixels`` and ``LayerLocked``; then the edit is to be cancelled.
    """
    layer = desk.document.active
    if inpaint or desk.quick_mask or (layer is not None and layer.kind is Kind.INPAINT):
        layer = ensure(desk.document, edit, Kind.INPAINT)
        assert layer.pixels is not None
        return Target(layer, layer.pixels)
    if layer is None:
        raise NoLayer
    surface = layer.mask if desk.edit_mask and layer.mask is not None else layer.pixels
    if surface is None:
        raise NoPixels(layer=layer.name)
    check_editable(desk.document.state, layer)
    return Target(layer, surface)


class Paint:
    """Covers pixels of a surface with one colour, or wipes them out, within the selection.

    ``edit`` is the open step; what is covered is always mixed with what was there before it, so that the same place can
    be covered again, by more, and nothing adds up.
    """

    def __init__(self, edit: Edit, target: Target, colour: QColor, erase: bool = False) -> None:
        self._edit = edit
        self._surface = target.surface
        self._selection = edit.state.selection
        self._value = 0 if erase else target.value(colour)
        self._mode = target.mode
        if erase and not target.alpha_locked:
            self._mode = _Mode.CompositionMode_DestinationOut
        # One table for all 256 strengths is faster than multiplying each pixel.
        strengths = np.arange(256, dtype=np.float32)[:, np.newaxis] / np.float32(255)
        self._table = packed(strengths * pixel(colour))

    def cover(self, rect: Rect, alpha: Pixels) -> None:
        """Cover ``rect`` by ``alpha`` (height × width): 0 leaves every bit as it was, 255 is the colour itself."""
        alpha = selected(self._selection, rect, alpha)
        for key in rect.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(rect)
            inside = alpha[part.y - rect.y : part.bottom - rect.y, part.x - rect.x : part.right - rect.x]
            if not cv2.countNonZero(inside):
                continue
            image, before = self._edit.tile(self._surface, key), self._edit.before(self._surface, key)
            local = part.moved(-place.x, -place.y)
            if self._surface.depth is Depth.MASK:
                mix(image, before, local, self._surface.default, self._value, inside)
            else:
                draw(image, before, local, np.take(self._table, inside, mode="clip"), self._mode)
        self._edit.touched(self._surface, rect)


def draw(image: QImage, before: QImage | None, local: Rect, colours: Colours, mode: QPainter.CompositionMode) -> None:
    """Make ``image`` at ``local`` what ``before`` is there with ``colours`` (height × width, premultiplied) on it."""
    source = QImage(colours.data, local.width, local.height, 4 * local.width, Depth.RGBA.format)
    corner = QPoint(local.x, local.y)
    painter = QPainter(image)
    if before is None:
        painter.setCompositionMode(_Mode.CompositionMode_Clear)
        painter.fillRect(local.to_qt(), 0)
    else:
        painter.setCompositionMode(_Mode.CompositionMode_Source)
        painter.drawImage(corner, before, local.to_qt())
    painter.setCompositionMode(mode)
    for strip in strips(local):
        painter.drawImage(strip, source, strip.translated(-corner))
    painter.end()


def mix(image: QImage, before: QImage | None, local: Rect, default: int, value: Pixels | int, alpha: Pixels) -> None:
    """Make a mask's ``image`` at ``local`` what ``before`` is there, as far as ``alpha`` goes nearer to ``value``."""
    rows, columns = slice(local.y, local.bottom), slice(local.x, local.right)
    old: Pixels | np.uint8 = np.uint8(default) if before is None else readable(before)[rows, columns]
    share = alpha * np.float32(1 / 255)
    share *= np.subtract(value, old, dtype=np.float32)
    share += old
    writable(image)[rows, columns] = np.rint(share)


def selected(selection: Surface | None, rect: Rect, alpha: Pixels) -> Pixels:
    """``alpha`` (of ``rect``) as far as the selection lets it through."""
    if selection is None:
        return alpha
    return np.asarray(cv2.multiply(alpha, selection.array(rect), scale=1 / 255), np.uint8)


def pixel(colour: QColor) -> NDArray[np.float32]:
    """An opaque colour as it lies in memory: blue, green, red, alpha, each 0 … 255."""
    return np.array((colour.blue(), colour.green(), colour.red(), 255), np.float32)


def packed(pixels: NDArray[np.float32]) -> Colours:
    """n × 4 values (blue, green, red, alpha; 0 … 255, premultiplied) as n pixels."""
    return np.ascontiguousarray(np.rint(pixels).astype(np.uint8)).view(np.uint32)[:, 0]
