"""What is done with the depth layer, of which a document has one at most: near is white, far is black.

Each function makes one step of the undo list, or none if nothing changes; the layer is made when it is first needed.
The selection confines what changes values that are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import cv2
import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.confining import mixed
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.mask_operations import ensure
from kandinsky_studio.document.surface import Pixels, Surface, readable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, NoLayer, NoPixels

FURTHEST, NEAREST = 0, 255
_NARROW = 3  # pixels of a blur's deviation below which it is made as it is


@dataclass(frozen=True)
class Range:
    """How values become others: what was ``far`` or below becomes 0, what was ``near`` or above 255 (both 0…255; with
    ``far`` above ``near`` it is turned round), between them by a power curve: with ``gamma`` above 1 the middle comes
    nearer. Then it is blurred over ``blur`` pixels to either side of an edge."""

    far: int = FURTHEST
    near: int = NEAREST
    gamma: float = 1.0
    blur: float = 0.0

    def table(self) -> Pixels:
        """The new value of each of 256."""
        span = self.near - self.far or 1
        share = np.clip((np.arange(256) - self.far) / span, 0, 1)
        return np.asarray(np.rint(255 * share ** (1 / self.gamma)), np.uint8)


def of(document: Document) -> Surface | None:
    """What the depth layer holds; None if there is no such layer."""
    layer = document.state.of_kind(Kind.DEPTH)
    return layer.pixels if layer is not None else None


def put(
    document: Document, pixels: Pixels, area: Rect, name: str = QT_TRANSLATE_NOOP("steps", "Estimate depth")
) -> bool:
    """Make ``pixels`` (height × width of ``area``, near is 255) the depth there; elsewhere it stays as it is.

    Raises ``LayerLocked``, and ``ValueError`` for another size.
    """
    if pixels.shape != (area.height, area.width):
        raise ValueError(f"{pixels.shape} is not the size of {area}")
    with document.edit(name) as edit:
        surface = ensure(document, edit, Kind.DEPTH).pixels
        assert surface is not None
        edit.replace(surface, _covered(surface, pixels, area))
    return edit.made


def _covered(surface: Surface, pixels: Pixels, area: Rect) -> Surface:
    """``surface`` with ``pixels`` (height × width of ``area``) in place of what it has there."""
    whole = surface.bounds.united(area)
    values = surface.array(whole)
    y, x = area.y - whole.y, area.x - whole.x
    values[y : y + area.height, x : x + area.width] = pixels
    return Surface.from_array(values, whole.x, whole.y)


def scaled(pixels: Pixels, area: Rect) -> Pixels:
    """``pixels`` (height × width) at the size of ``area``."""
    if pixels.shape == (area.height, area.width):
        return pixels
    smaller = area.area < pixels.shape[0] * pixels.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (area.width, area.height), interpolation=way), np.uint8)


def from_luminance(document: Document, id: int | None = None) -> bool:
    """Make the depth how light a layer is, the active one if not given: white is near, black and transparent far.

    Raises ``NoLayer``, ``NoPixels`` for one that is no part of the picture, and ``LayerLocked``.
    """
    layer = document.active if id is None else document.state.find(id)
    if layer is None:
        raise NoLayer
    if not layer.in_picture:
        raise NoPixels(layer=layer.name)
    canvas = document.state.canvas
    pixels = readable(document.render(canvas, alone(layer)))
    light = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_BGR2GRAY)  # premultiplied: nothing is far
    return put(document, np.asarray(light, np.uint8), canvas, QT_TRANSLATE_NOOP("steps", "Depth from layer"))


def alone(layer: Layer) -> tuple[Layer, ...]:
    """``layer`` to be rendered by itself, shown or hidden, whatever its opacity and mode."""
    return (replace(layer, visible=True, opacity=1.0, mode=BlendMode.NORMAL),)


def invert(document: Document) -> bool:
    """Near becomes far. False without a depth layer. Raises ``LayerLocked``."""
    surface = of(document)
    if surface is None:
        return False
    turned = Range(far=NEAREST, near=FURTHEST)
    return adjust(document, surface.copy(), turned, name=QT_TRANSLATE_NOOP("steps", "Invert depth"))


def adjust(
    document: Document,
    base: Surface,
    values: Range,
    *,
    name: str = QT_TRANSLATE_NOOP("steps", "Adjust depth"),
    merge: str = "",
) -> bool:
    """Make the depth what ``values`` make of ``base``, as far as it is selected; steps with the same ``merge`` that
    follow one another become one.

    ``base`` is what the layer held when one began to try, so that nothing adds up. False without a depth layer.
    Raises ``LayerLocked``.
    """
    if of(document) is None:
        return False
    selection, canvas = document.state.selection, document.state.canvas
    area = canvas if selection is None else canvas.intersected(selection.bounds)
    if area.is_empty:
        return False
    before = base.array(area)
    after = np.asarray(cv2.LUT(before, values.table()), np.uint8)
    if values.blur > 0:
        around = area.expanded(int(values.blur) + 1).intersected(canvas)
        wide = cv2.LUT(base.array(around), values.table())
        soft = _softened(np.asarray(wide, np.uint8), values.blur / 3)
        y, x = area.y - around.y, area.x - around.x
        after = np.asarray(soft[y : y + area.height, x : x + area.width], np.uint8)
    if selection is not None:
        after = mixed(before, after, selection.array(area))
    with document.edit(name, merge) as edit:
        surface = ensure(document, edit, Kind.DEPTH).pixels
        assert surface is not None
        edit.replace(surface, _covered(base, after, area))
    return edit.made


def _softened(pixels: Pixels, deviation: float) -> Pixels:
    """``pixels`` blurred by ``deviation`` pixels; a wide blur is three boxes, which cost the same for every width."""
    if deviation < _NARROW:
        soft = cv2.GaussianBlur(pixels, (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(soft, np.uint8)
    side = 2 * (round(sqrt(4 * deviation**2 + 1)) // 2) + 1
    for _ in range(3):
        pixels = np.asarray(cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REPLICATE), np.uint8)
    return pixels
