"""Layers that Photoshop clips to the one below them, as groups that make the same picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.merging import blended
from kandinsky_studio.document.surface import Depth, Pixels, Surface, Tile, readable, to_image


@dataclass(frozen=True)
class Part:
    """A layer as it was read, and whether it shows only where the next lower one that is not clipped does."""

    layer: Layer
    clips: bool


def clipped(parts: Sequence[Part], new_id: Callable[[], int]) -> tuple[tuple[Layer, ...], bool]:
    """The lowest first; also whether a group became one layer for it."""
    done: list[Layer] = []
    merged = False
    number = 0
    while number < len(parts):
        end = number + 1
        while end < len(parts) and parts[end].clips:
            end += 1
        layer = parts[number].layer
        upon = [part.layer for part in parts[number + 1 : end]]
        if not upon:
            done.append(layer)
        elif all(one.mode is BlendMode.NORMAL for one in upon) and layer.isolated:
            done.append(_atop(layer, upon, new_id()))
        else:
            merged |= layer.kind is Kind.GROUP
            done.append(_blended_in(layer, upon, new_id()))
        number = end
    return tuple(done), merged


def _atop(base: Layer, upon: list[Layer], id: int) -> Layer:
    """What is drawn normally, drawn atop of the lowest layer, is clipped to it."""
    inside = [replace(layer, mode=BlendMode.SOURCE_ATOP) for layer in upon]
    return _around(base, (replace(base, mode=BlendMode.NORMAL, opacity=1.0, visible=True), *inside), id)


def _blended_in(base: Layer, upon: list[Layer], id: int) -> Layer:
    """Modes mix with the colour of the base, and then all is as opaque as the base: it gets opaque, its group a mask.

    A base that is a group becomes one layer.
    """
    alone = replace(base, mode=BlendMode.NORMAL, opacity=1.0, visible=True)
    seen = blended((alone,))  # through its mask, if it has one
    bottom = replace(
        alone, kind=Kind.PIXELS, children=(), isolated=True, pixels=seen.mapped(_opaque), mask=None, mask_enabled=True
    )
    return replace(_around(base, (bottom, *upon), id), mask=_alphas(seen))


def _around(base: Layer, children: tuple[Layer, ...], id: int) -> Layer:
    return Layer(
        id,
        Kind.GROUP,
        base.name,
        children=children,
        visible=base.visible,
        opacity=base.opacity,
        mode=base.mode,
        label=base.label,
    )


def _opaque(pixels: Pixels) -> Pixels:
    """The colours of ``pixels`` (height × width × 4, premultiplied) without transparency, where there are any."""
    alpha = pixels[..., 3:].astype(np.uint16)
    full = (pixels.astype(np.uint16) * 255 + alpha // 2) // np.maximum(alpha, 1)
    return np.where(alpha > 0, np.minimum(full, 255), 0).astype(np.uint8)


def _alphas(surface: Surface) -> Surface:
    mask = Surface(Depth.MASK)
    for key, tile in surface.tiles.items():
        mask.tiles[key] = Tile(to_image(np.ascontiguousarray(readable(tile.image)[..., 3])))
    return mask
