"""Changing pixels inside the selection, and not one bit outside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtGui import QColor

from kandinsky_studio.document.document import Document, Edit, check_editable
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.document.surface import Depth, Pixels, Surface, readable, writable
from kandinsky_studio.errors import NoLayer, NoPixels


def paintable(document: Document, id: int | None = None) -> tuple[Layer, Surface]:
    """A layer (the active one if not given) and its pixels. Raises ``NoLayer``, ``NoPixels`` and ``LayerLocked``."""
    layer = document.active if id is None else document.state.find(id)
    if layer is None:
        raise NoLayer
    if layer.pixels is None:
        raise NoPixels(layer=layer.name)
    check_editable(document.state, layer)
    return layer, layer.pixels


def mixed(old: Pixels, new: Pixels, strength: Pixels) -> Pixels:
    """``new`` where ``strength`` (height × width) is 255, ``old`` where it is 0, between them in between."""
    share = strength.astype(np.float32) / np.float32(255)
    if old.ndim == 3:
        share = share[..., None]
    before = old.astype(np.float32)
    # Both colours are no brighter than their alpha, and rounding keeps that order.
    return np.rint(before + (new.astype(np.float32) - before) * share).astype(np.uint8)


def repaint(
    edit: Edit,
    surface: Surface,
    rect: Rect,
    selection: Surface | None,
    function: Callable[[Pixels, Rect], Pixels],
) -> None:
    """Put ``function(what is there, where that is)`` in place of what is at ``rect``, as far as it is selected.

    ``function`` gets parts of tiles and returns new pixels of the same shape.
    """
    if selection is not None:
        rect = rect.intersected(selection.bounds)
    for key in rect.tiles():
        place = Rect.of_tile(key)
        part = place.intersected(rect)
        strength = selection.array(part) if selection is not None else None
        if strength is not None and not strength.any():
            continue
        rows = slice(part.y - place.y, part.bottom - place.y)
        columns = slice(part.x - place.x, part.right - place.x)
        tile = surface.tiles.get(key)
        old = readable(tile.image)[rows, columns] if tile else surface.array(part)
        new = function(old, part)
        if strength is not None:
            new = mixed(old, new, strength)
        writable(edit.tile(surface, key))[rows, columns] = new
    edit.touched(surface, rect)


def premultiplied(colour: QColor) -> tuple[int, int, int, int]:
    """Blue, green, red, alpha."""
    alpha = colour.alpha()
    channels = (round(value * alpha / 255) for value in (colour.blue(), colour.green(), colour.red()))
    blue, green, red = channels
    return blue, green, red, alpha


def over(old: Pixels, colour: tuple[int, int, int, int], keep_alpha: bool = False) -> Pixels:
    """A premultiplied colour over premultiplied pixels; with ``keep_alpha`` no pixel gets more or less opaque."""
    alpha = colour[3]
    under = old.astype(np.uint16) * (255 - alpha)
    source = np.array(colour, np.uint16)
    if keep_alpha:
        result = under + source * old[..., 3:]
        result[..., 3] = old[..., 3].astype(np.uint16) * 255
    else:
        result = under + source * 255
    return ((result + 127) // 255).astype(np.uint8)


def plain(rect: Rect, depth: Depth, value: int | tuple[int, int, int, int]) -> Pixels:
    """Pixels that are all the same."""
    shape = (rect.height, rect.width) if depth is Depth.MASK else (rect.height, rect.width, 4)
    return np.full(shape, value, np.uint8)
