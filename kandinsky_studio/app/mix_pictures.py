"""What of a document goes into a mix, as the picture a model is shown."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import QUARTER, Rect
from kandinsky_studio.document.layers import Layer
from kandinsky_studio.document.surface import Pixels, Surface, readable

MAX_SIDE = 1024  # pixels; the models look at 224, cut from the middle
_LARGE = 2048  # pixels of a side from which on small copies of tiles show a model all that it can see
_PAPER = 255  # of transparent parts, as the model sees them


def of_layer(document: Document, layer: Layer, small: bool = False) -> Pixels | None:
    """What is on ``layer`` and on the canvas, on white, uint8 (height, width, 3); None if that is nothing.

    Shown or hidden, and whatever its opacity and mode: what counts is what was painted on it. ``small`` is a quarter
    of the size, quickly made, to be looked at only.
    """
    area = layer.bounds.intersected(document.state.canvas)
    if area.is_empty or not layer.in_picture:
        return None
    alone = (dataclasses.replace(layer, visible=True, opacity=1.0, mode=BlendMode.NORMAL),)
    small = small or max(area.width, area.height) >= _LARGE
    return _on_paper(_glance(alone, area) if small else readable(document.render(area, alone)))


def of_selection(document: Document, selection: Surface, small: bool = False) -> Pixels | None:
    """What is seen through ``selection`` on the canvas, on white, uint8 (height, width, 3); None if that is nothing.

    ``small`` as for :func:`of_layer`.
    """
    area = selection.content.intersected(document.state.canvas)
    if area.is_empty:
        return None
    mask = selection.array(area)
    if small or max(area.width, area.height) >= _LARGE:
        seen = _glance(document.state.layers, area)
        mask = np.asarray(cv2.resize(mask, seen.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)
    else:
        seen = readable(document.render(area))
    through = (seen.astype(np.uint16) * mask[..., None] + 127) // 255
    return _on_paper(through.astype(np.uint8))


def fitted(pixels: Pixels) -> Pixels:
    """``pixels``, uint8 (height, width, 3), made smaller where they have more than a model can see."""
    height, width = pixels.shape[:2]
    scale = MAX_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _glance(layers: tuple[Layer, ...], area: Rect) -> Pixels:
    """``layers`` at ``area`` from the small copies of their tiles: premultiplied (height, width, 4), blue first."""
    whole = area.on_tiles()
    pixels = np.zeros((whole.height // 4, whole.width // 4, 4), np.uint8)
    for key in area.tiles():
        place = Rect.of_tile(key)
        x, y = (place.x - whole.x) // 4, (place.y - whole.y) // 4
        pixels[y : y + QUARTER, x : x + QUARTER] = readable(compose(layers, key, quarter=True))
    x, y = (area.x - whole.x) // 4, (area.y - whole.y) // 4
    return pixels[y : y + max(area.height // 4, 1), x : x + max(area.width // 4, 1)]


def _on_paper(pixels: Pixels) -> Pixels | None:
    """Premultiplied ``pixels`` (height, width, 4), blue first, cut to what is there.

    What has transparent parts is put in the middle of a square: a model sees no more than the square in the middle,
    and of a sketch all of it counts, while of a full picture what is at its ends may go.
    """
    there = pixels[..., 3] > 0
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not len(rows):
        return None
    cut = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture = cut[..., 2::-1] + (_PAPER - cut[..., 3:])
    if (cut[..., 3] < 255).any():
        height, width = picture.shape[:2]
        side = max(height, width)
        square = np.full((side, side, 3), _PAPER, np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = picture
        picture = square
    return fitted(np.ascontiguousarray(picture))


def selected(document: Document) -> Surface | None:
    """The selection as it is now, which stays so; None if nothing is selected."""
    selection = document.state.selection
    return selection.copy() if selection is not None and not selection.content.is_empty else None
