"""Filling, clearing, copying and pasting pixels of one layer. Each function makes one step, or none if nothing changes.

The selection confines all of them: outside it not one bit changes, and where it is soft old and new are mixed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.confining import mixed, over, paintable, plain, premultiplied, repaint
from kandinsky_studio.document.document import Document, Edit, check_editable
from kandinsky_studio.document.geometry import TILE, Rect, united
from kandinsky_studio.document.layer_operations import above_active
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.naming import free_name, pasted_name
from kandinsky_studio.document.surface import Depth, Pixels, Surface, Tile, readable, to_image
from kandinsky_studio.document.turning import flipped
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, LayerLocked, NoLayer


@dataclass(frozen=True)
class Clip:
    """Pixels that were copied, premultiplied with transparency, and where they came from."""

    image: QImage
    x: int
    y: int

    @property
    def rect(self) -> Rect:
        return Rect(self.x, self.y, self.image.width(), self.image.height())


def clear(document: Document, id: int | None = None) -> bool:
    """Make the selected part of a layer transparent (of a mask: nothing); all of it if nothing is selected.

    Raises ``NoLayer``, ``NoPixels`` and ``LayerLocked``, also if its transparent pixels are locked.
    """
    return _clear(document, id, QT_TRANSLATE_NOOP("steps", "Clear"))


def fill(document: Document, colour: QColor, id: int | None = None) -> bool:
    """Fill the selected part of a layer, or the canvas. Locked transparent pixels stay as transparent as they are.

    A mask is filled with the colour's lightness times its alpha; the inpaint mask with its alpha. Raises ``NoLayer``,
    ``NoPixels`` and ``LayerLocked``.
    """
    layer, surface = paintable(document, id)
    state = document.state
    rect = state.canvas if state.selection is None else state.selection.bounds
    keep_alpha = layer.alpha_locked and surface.depth is Depth.RGBA
    with document.edit(QT_TRANSLATE_NOOP("steps", "Fill")) as edit:
        if surface.depth is Depth.MASK:
            light = 1.0 if layer.kind is Kind.INPAINT else lightness(colour)
            value = round(light * colour.alpha())
            repaint(edit, surface, rect, state.selection, lambda old, part: plain(part, Depth.MASK, value))
        elif state.selection is None and colour.alpha() == 255 and not keep_alpha:
            _fill_plainly(edit, surface, rect, premultiplied(colour))
        else:
            ink = premultiplied(colour)
            repaint(edit, surface, rect, state.selection, lambda old, part: over(old, ink, keep_alpha))
    return edit.made


def copy(document: Document, merged: bool = False, id: int | None = None) -> Clip | None:
    """The selected pixels of a layer, or with ``merged`` of the picture; all of it if nothing is selected.

    Copies no further than there is something; None if there is nothing. A group is copied as it looks, a mask as grey.
    Raises ``NoLayer``.
    """
    state = document.state
    area = state.canvas
    if merged:
        pixels = readable(document.render(area)).copy()
    else:
        layer = document.active if id is None else state.find(id)
        if layer is None:
            raise NoLayer
        area = united(surface.content for surface in layer.surfaces()).united(area)
        if state.selection is not None:
            area = area.intersected(state.selection.content)
        pixels = _pixels(document, layer, area)
    if state.selection is not None and not area.is_empty:
        pixels = mixed(np.zeros_like(pixels), pixels, state.selection.array(area))
    surface = Surface.from_array(pixels, area.x, area.y)
    content = surface.content
    return None if content.is_empty else Clip(surface.read(content), content.x, content.y)


def cut(document: Document, id: int | None = None) -> Clip | None:
    """As :func:`copy`, then :func:`clear`. Raises what they raise, before anything is changed."""
    paintable(document, id)
    clip = copy(document, id=id)
    if clip is not None:
        _clear(document, id, QT_TRANSLATE_NOOP("steps", "Cut"))
    return clip


def paste(document: Document, image: QImage, centre: tuple[float, float], name: str = "") -> int:
    """A new layer above the active one with ``image`` in the middle of ``centre`` (pixels). Returns its id."""
    x, y = round(centre[0] - image.width() / 2), round(centre[1] - image.height() / 2)
    pixels = Surface.from_image(image, x, y)
    layer = document.new_layer(Kind.PIXELS, name or free_name(document.state, pasted_name()), pixels)
    parent, number = above_active(document)
    state = document.state.inserted(layer, parent, number)
    document.change(QT_TRANSLATE_NOOP("steps", "Paste"), state, damage=pixels.bounds)
    document.activate(layer.id)
    return layer.id


def flip_layer(document: Document, id: int, vertically: bool = False) -> bool:
    """Mirror a layer and its mask, or all layers of a group, about the middle of what they hold.

    Raises ``LayerLocked`` if the layer, or one in it, is locked or hidden.
    """
    layer = document.state.layer(id)
    for one in layer.walk():
        check_editable(document.state, one)
    content = united(one.pixels.content for one in layer.walk() if one.pixels)
    if content.is_empty:
        return False
    turned = {surface: flipped(surface, content, vertically) for surface in layer.surfaces()}
    with document.edit(QT_TRANSLATE_NOOP("steps", "Flip layer")) as edit:
        for surface, other in turned.items():
            edit.replace(surface, other)
    return edit.made


def lightness(colour: QColor) -> float:
    """How light a colour is, 0 … 1, its alpha left aside; greys stay what they are."""
    return 0.2126 * colour.redF() + 0.7152 * colour.greenF() + 0.0722 * colour.blueF()


def _clear(document: Document, id: int | None, name: str) -> bool:
    layer, surface = paintable(document, id)
    if layer.alpha_locked and surface.depth is Depth.RGBA:
        raise LayerLocked(layer=layer.name)
    selection = document.state.selection
    with document.edit(name) as edit:
        if selection is None:
            edit.replace(surface, Surface(surface.depth, surface.default))
        else:
            repaint(edit, surface, surface.bounds, selection, lambda old, part: np.zeros_like(old))
    return edit.made


def _fill_plainly(edit: Edit, surface: Surface, rect: Rect, ink: tuple[int, int, int, int]) -> None:
    """One tile for all that are covered whole."""
    tile = Tile(to_image(plain(Rect(0, 0, TILE, TILE), Depth.RGBA, ink)))
    for key in rect.tiles():
        part = Rect.of_tile(key).intersected(rect)
        if part == Rect.of_tile(key):
            edit.put(surface, key, tile)
        else:
            repaint(edit, surface, part, None, lambda old, place: plain(place, Depth.RGBA, ink))
    edit.touched(surface, rect, versions=False)


def _pixels(document: Document, layer: Layer, area: Rect) -> Pixels:
    if layer.pixels is None:
        alone = replace(layer, visible=True, opacity=1.0, mode=BlendMode.NORMAL)
        return (
            readable(document.render(area, only=(alone,))).copy()
            if not area.is_empty
            else np.empty((0, 0, 4), np.uint8)
        )
    pixels = layer.pixels.array(area)
    if pixels.ndim == 2:
        return np.stack((pixels, pixels, pixels, np.full_like(pixels, 255)), axis=2)
    return pixels
