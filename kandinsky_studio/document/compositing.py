"""Layers to one picture, tile by tile. The screen, files and the engine all get what is made here."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.blending import BlendMode, paint, strips
from kandinsky_studio.document.geometry import QUARTER, TILE, Key, Rect
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.surface import Depth, Surface, Tile, new_image

_WHOLE = Rect(0, 0, TILE, TILE)
_WHOLE_QUARTER = Rect(0, 0, QUARTER, QUARTER)
_IN = QPainter.CompositionMode.CompositionMode_DestinationIn


def compose(
    layers: Sequence[Layer],
    key: Key,
    quarter: bool = False,
    area: Rect | None = None,
    under: QImage | None = None,
) -> QImage:
    """The picture at a tile, 256 × 256 pixels, premultiplied, with transparency.

    With ``quarter`` 64 × 64 pixels from the small copies of the tiles: blending small copies is not exactly the small
    copy of what was blended, but nobody sees that from far. With ``area`` (pixels of what is returned) only that part
    is right. ``under`` is drawn upon, and changed, in place of an empty picture.
    """
    side = QUARTER if quarter else TILE
    target = under if under is not None else new_image(side, side, Depth.RGBA)
    painter = QPainter(target)
    try:
        _blend_all(layers, key, quarter, area or (_WHOLE_QUARTER if quarter else _WHOLE), target, painter)
    finally:
        painter.end()
    return target


def _blend_all(layers: Sequence[Layer], key: Key, quarter: bool, area: Rect, target: QImage, painter: QPainter) -> None:
    for layer in layers:
        if not layer.visible or not layer.in_picture or layer.opacity <= 0:
            continue
        if layer.kind is Kind.GROUP:
            if _passes_through(layer):
                _blend_all(layer.children, key, quarter, area, target, painter)
                continue
            source: QImage | None = None
            if layer.children:
                source = compose(layer.children, key, quarter, area)
        else:
            assert layer.pixels is not None
            source = _image(layer.pixels, key, quarter)
        if source is None:
            if not layer.mode.clears:
                continue
            source = new_image(target.width(), target.height(), Depth.RGBA)
        if layer.mask is not None and layer.mask_enabled:
            masked = _masked(source, layer.mask, key, quarter, area)
            if masked is None and not layer.mode.clears:
                continue
            source = masked or new_image(target.width(), target.height(), Depth.RGBA)
        paint(painter, target, source, layer.mode, layer.opacity, area)


def _passes_through(group: Layer) -> bool:
    return (
        not group.isolated
        and group.mode is BlendMode.NORMAL
        and group.opacity >= 1
        and (group.mask is None or not group.mask_enabled)
    )


def _image(surface: Surface, key: Key, quarter: bool) -> QImage | None:
    tile: Tile | None = surface.tiles.get(key)
    if tile is None:
        return None
    return tile.quarter if quarter else tile.image


def _masked(source: QImage, mask: Surface, key: Key, quarter: bool, area: Rect) -> QImage | None:
    """``source`` where the mask shows it; None if it shows nothing here."""
    image = _image(mask, key, quarter)
    if image is None:
        return source if mask.default else None
    result = QImage(source)
    painter = QPainter(result)
    painter.setCompositionMode(_IN)
    for strip in strips(area):
        painter.drawImage(strip, image, strip)
    painter.end()
    return result
