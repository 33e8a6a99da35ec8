"""Several layers become one that looks the same. Each function makes one step, or none if nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document, check_editable
from kandinsky_studio.document.layer_operations import check_unlocked
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.surface import Depth, Surface, Tile
from kandinsky_studio.errors import QT_TRANSLATE_NOOP


def blended(layers: Sequence[Layer]) -> Surface:
    """What layers look like together on nothing, also beyond the canvas."""
    surface = Surface(Depth.RGBA)
    keys = {key for layer in layers for one in layer.walk() if one.pixels for key in one.pixels.tiles}
    for key in sorted(keys):
        tile = Tile(compose(layers, key))
        if not tile.is_all(0):
            surface.tiles[key] = tile
    return surface


def merge_down(document: Document, id: int) -> bool:
    """Merge the layer with the one below it, which keeps its name and mode. False if there is none below.

    Where the lower layer is see-through and the upper one has a mode of its own, the picture changes: there the mode
    has nothing to mix with any more.
    Raises ``LayerLocked`` if one of them is locked or hidden.
    """
    state = document.state
    parent, number = state.place(id)
    upper = state.layer(id)
    below = [layer for layer in state.siblings(parent)[:number] if layer.in_picture]
    if not below or not upper.in_picture:
        return False
    lower = below[-1]
    for layer in (upper, lower):
        check_editable(state, layer)
        check_unlocked(state, layer)
    pixels = blended((replace(lower, mode=BlendMode.NORMAL), upper))
    one = Layer(document.new_id(), Kind.PIXELS, lower.name, pixels, mode=lower.mode, label=lower.label)
    where = state.place(lower.id)
    state = state.without(upper.id).without(lower.id).inserted(one, *where)
    document.change(QT_TRANSLATE_NOOP("steps", "Merge down"), state)
    document.activate(one.id)
    return True


def merge_group(document: Document, id: int) -> bool:
    """Make one layer of a group. False if it is none. Raises ``LayerLocked``."""
    group = document.state.layer(id)
    if group.kind is not Kind.GROUP:
        return False
    check_editable(document.state, group)
    check_unlocked(document.state, group)
    pixels = blended(group.children)
    one = replace(group, id=document.new_id(), kind=Kind.PIXELS, pixels=pixels, children=(), isolated=True)
    state = document.state.inserted(one, *document.state.place(id)).without(id)
    document.change(QT_TRANSLATE_NOOP("steps", "Merge group"), state)
    document.activate(one.id)
    return True


def merge_visible(document: Document) -> bool:
    """Make one layer of all that can be seen, in place of the lowest of them. False if that is one layer already.

    Raises ``LayerLocked``.
    """
    return _merge(document, QT_TRANSLATE_NOOP("steps", "Merge visible layers"), drop_hidden=False)


def flatten(document: Document) -> bool:
    """Make one layer of the picture and drop what is hidden; the inpaint mask and the depth layer stay.

    False if that is one layer already. Raises ``LayerLocked``.
    """
    return _merge(document, QT_TRANSLATE_NOOP("steps", "Flatten image"), drop_hidden=True)


def apply_mask(document: Document, id: int) -> bool:
    """Make what a layer mask hides transparent for good. False if there is no mask, or the layer is a group.

    A mask that is switched off just goes. Raises ``LayerLocked``.
    """
    layer = document.state.layer(id)
    if layer.mask is None or layer.pixels is None:
        return False
    check_editable(document.state, layer)
    with document.edit(QT_TRANSLATE_NOOP("steps", "Apply layer mask")) as edit:
        if layer.mask_enabled:
            alone = replace(layer, mode=BlendMode.NORMAL, opacity=1.0)
            edit.replace(layer.pixels, blended((alone,)))
        edit.set(document.state.with_layer(id, mask=None, mask_enabled=True), layer.pixels.bounds)
    return True


def _merge(document: Document, name: str, drop_hidden: bool) -> bool:
    state = document.state
    top = [layer for layer in state.layers if layer.in_picture]
    seen = [layer for layer in top if layer.visible]
    gone = top if drop_hidden else seen
    # One layer that looks like itself alone is what merging would make.
    if not gone or (len(gone) == 1 and gone[0].kind is Kind.PIXELS and seen == gone and gone[0].mask is None):
        return False
    for layer in gone:
        check_unlocked(state, layer)
    one = Layer(document.new_id(), Kind.PIXELS, (seen or gone)[0].name, blended(seen))
    state = state.inserted(one, *state.place(gone[0].id))
    for layer in gone:
        state = state.without(layer.id)
    document.change(name, state)
    document.activate(one.id)
    return True
