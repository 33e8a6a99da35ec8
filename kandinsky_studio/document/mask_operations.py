"""What is done with the inpaint mask and the depth layer, of which a document has at most one each.

Each function makes one step of the undo list, or none if nothing changes. The inpaint mask is made when it is first
needed. How it is used (``grow``, ``feather``, ``inverted``) is set by ``layer_operations.set_property``.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PySide6.QtGui import QColor

from kandinsky_studio.document import masks
from kandinsky_studio.document.confining import repaint
from kandinsky_studio.document.document import Document, Edit, check_editable
from kandinsky_studio.document.geometry import NOTHING
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.document.naming import kind_name
from kandinsky_studio.document.surface import Depth, Pixels, Surface, readable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, NoLayer, NoPixels, WrongSize

_WHITE = 255
_ROWS = 512  # of the picture that are compared with a colour at once


def ensure(document: Document, edit: Edit, kind: Kind) -> Layer:
    """The layer of this kind, visible; made within ``edit`` if there is none. Raises ``LayerLocked``."""
    layer = document.state.of_kind(kind)
    if layer is None:
        layer = document.new_layer(kind, kind_name(kind))
        edit.set(document.state.inserted(layer), NOTHING)
    elif not layer.visible:
        edit.set(document.state.with_layer(layer.id, visible=True), NOTHING)
    layer = document.state.layer(layer.id)
    check_editable(document.state, layer)
    return layer


def from_selection(document: Document, how: Combine = Combine.REPLACE) -> bool:
    """Mask what is selected; the canvas if nothing is. Raises ``LayerLocked``."""
    mask = document.state.selection
    if mask is None:
        mask = masks.everything(document.state.canvas)
    return _put(document, mask, QT_TRANSLATE_NOOP("steps", "Inpaint mask from selection"), how)


def from_alpha(document: Document, id: int | None = None, how: Combine = Combine.REPLACE) -> bool:
    """Mask what is opaque in a layer, the active one if not given. Raises ``NoLayer``, ``NoPixels``, ``LayerLocked``."""
    layer = document.active if id is None else document.state.find(id)
    if layer is None:
        raise NoLayer
    if layer.pixels is None:
        raise NoPixels(layer=layer.name)
    mask = layer.pixels.copy() if layer.pixels.depth is Depth.MASK else masks.from_alpha(layer.pixels)
    return _put(document, mask, QT_TRANSLATE_NOOP("steps", "Inpaint mask from layer"), how)


def from_colour(document: Document, colour: QColor, tolerance: int, how: Combine = Combine.REPLACE) -> bool:
    """Mask where the picture has a colour. ``tolerance`` is 0 … 255: what the channel that differs most may differ by.

    Raises ``LayerLocked``.
    """
    canvas = document.state.canvas
    wanted = np.array((colour.blue(), colour.green(), colour.red(), 255), np.float64)
    pixels = readable(document.render())
    mask = np.empty(pixels.shape[:2], np.uint8)
    for row in range(0, len(mask), _ROWS):
        apart = cv2.absdiff(np.ascontiguousarray(pixels[row : row + _ROWS]), wanted)
        mask[row : row + _ROWS] = np.where(np.max(apart, axis=2) <= tolerance, np.uint8(_WHITE), np.uint8(0))
    name = QT_TRANSLATE_NOOP("steps", "Inpaint mask from colour")
    return _put(document, Surface.from_array(mask, canvas.x, canvas.y), name, how)


def from_pixels(document: Document, pixels: Pixels) -> bool:
    """Mask what is white in ``pixels`` (height × width, 0 … 255), which cover the canvas: a file that was read.

    Raises ``WrongSize`` and ``LayerLocked``.
    """
    mask = _on_canvas(document, pixels)
    return _put(document, mask, QT_TRANSLATE_NOOP("steps", "Import inpaint mask"), Combine.REPLACE)


def fill(document: Document) -> bool:
    """Mask what is selected beside what is masked; the canvas if nothing is. Raises ``LayerLocked``."""
    name = QT_TRANSLATE_NOOP("steps", "Fill inpaint mask")
    return _repaint(document, name, lambda old: np.full_like(old, _WHITE))


def clear(document: Document) -> bool:
    """Mask nothing; nothing of what is selected. Raises ``LayerLocked``."""
    if document.state.of_kind(Kind.INPAINT) is None:
        return False
    return _repaint(document, QT_TRANSLATE_NOOP("steps", "Clear inpaint mask"), np.zeros_like, beyond=True)


def invert(document: Document) -> bool:
    """Mask what is not masked, within what is selected or the canvas. Changes what is painted, for good.

    Raises ``LayerLocked``.
    """
    return _repaint(document, QT_TRANSLATE_NOOP("steps", "Invert inpaint mask"), lambda old: _WHITE - old)


def set_depth(document: Document, pixels: Pixels) -> bool:
    """Make ``pixels`` (height × width, near is 255), which cover the canvas, the depth layer's.

    Raises ``WrongSize`` and ``LayerLocked``.
    """
    depth = _on_canvas(document, pixels)
    with document.edit(QT_TRANSLATE_NOOP("steps", "Depth")) as edit:
        surface = ensure(document, edit, Kind.DEPTH).pixels
        assert surface is not None
        edit.replace(surface, depth)
    return edit.made


def _put(document: Document, mask: Surface, name: str, how: Combine) -> bool:
    with document.edit(name) as edit:
        surface = ensure(document, edit, Kind.INPAINT).pixels
        assert surface is not None
        edit.replace(surface, masks.combine(surface, mask, how))
    return edit.made


def _repaint(document: Document, name: str, function: Callable[[Pixels], Pixels], beyond: bool = False) -> bool:
    """Within the selection or the canvas; with ``beyond`` also outside the canvas."""
    state = document.state
    with document.edit(name) as edit:
        surface = ensure(document, edit, Kind.INPAINT).pixels
        assert surface is not None
        if beyond and state.selection is None:
            edit.replace(surface, Surface(Depth.MASK))
        else:
            rect = state.canvas if state.selection is None else state.selection.bounds
            repaint(edit, surface, rect, state.selection, lambda old, part: function(old))
    return edit.made


def _on_canvas(document: Document, pixels: Pixels) -> Surface:
    canvas = document.state.canvas
    if pixels.shape != (canvas.height, canvas.width):
        raise WrongSize(
            name="mask",
            width=pixels.shape[1],
            height=pixels.shape[0],
            needed_width=canvas.width,
            needed_height=canvas.height,
        )
    return Surface.from_array(pixels, canvas.x, canvas.y)
