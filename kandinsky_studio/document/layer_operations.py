"""What is done with layers as a whole. Each function makes one step of the undo list, or none if nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import NOTHING, Rect, united
from kandinsky_studio.document.layers import Kind, Layer, State
from kandinsky_studio.document.naming import free_name, kind_name
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, LayerLocked, NoLayer

_ONLY_ONE = (Kind.INPAINT, Kind.DEPTH)
_PROPERTIES = {
    "name": QT_TRANSLATE_NOOP("steps", "Rename layer"),
    "visible": QT_TRANSLATE_NOOP("steps", "Show or hide layer"),
    "opacity": QT_TRANSLATE_NOOP("steps", "Layer opacity"),
    "mode": QT_TRANSLATE_NOOP("steps", "Blend mode"),
    "isolated": QT_TRANSLATE_NOOP("steps", "Pass through"),
    "locked": QT_TRANSLATE_NOOP("steps", "Lock or unlock layer"),
    "alpha_locked": QT_TRANSLATE_NOOP("steps", "Lock transparent pixels"),
    "label": QT_TRANSLATE_NOOP("steps", "Colour label"),
    "mask_enabled": QT_TRANSLATE_NOOP("steps", "Layer mask on or off"),
    "grow": QT_TRANSLATE_NOOP("steps", "Grow inpaint mask"),
    "feather": QT_TRANSLATE_NOOP("steps", "Feather inpaint mask"),
    "inverted": QT_TRANSLATE_NOOP("steps", "Invert inpaint mask"),
    "origin": QT_TRANSLATE_NOOP("steps", "Layer’s request"),
}
_UNSEEN = ("name", "locked", "alpha_locked", "label", "grow", "feather", "inverted", "origin")


def above_active(document: Document) -> tuple[int | None, int | None]:
    """The group and the number that a new layer gets: above the active one."""
    if document.active is None:
        return None, None
    parent, number = document.state.place(document.active.id)
    return parent, number + 1


def add_layer(document: Document, kind: Kind = Kind.PIXELS, name: str = "", pixels: Surface | None = None) -> int:
    """A new layer above the active one, which becomes the active one. Returns its id.

    An inpaint mask and a depth layer lie on top of everything, and there is only one of each: if it is there already,
    it becomes the active one, and nothing else happens.
    """
    if kind in _ONLY_ONE:
        known = document.state.of_kind(kind)
        if known is not None:
            document.activate(known.id)
            return known.id
    if not name:
        name = kind_name(kind) if kind in _ONLY_ONE else free_name(document.state, kind_name(kind))
    layer = document.new_layer(kind, name, pixels)
    parent, number = (None, None) if kind in _ONLY_ONE else above_active(document)
    document.change(
        QT_TRANSLATE_NOOP("steps", "Add layer"), document.state.inserted(layer, parent, number), damage=_seen(layer)
    )
    document.activate(layer.id)
    return layer.id


def duplicate(document: Document, id: int) -> int:
    """A copy above the layer, with all that it holds; it becomes the active one. Returns its id.

    Of the inpaint mask and the depth layer there is no second one: returns ``id`` and makes no step.
    """
    layer = document.state.layer(id)
    if layer.kind in _ONLY_ONE:
        return id

    def copied(one: Layer) -> Layer:
        return replace(
            one,
            id=document.new_id(),
            pixels=one.pixels.copy() if one.pixels else None,
            mask=one.mask.copy() if one.mask else None,
            children=tuple(copied(child) for child in one.children if child.kind not in _ONLY_ONE),
        )

    copy = replace(copied(layer), name=free_name(document.state, layer.name))
    parent, number = document.state.place(id)
    document.change(
        QT_TRANSLATE_NOOP("steps", "Duplicate layer"),
        document.state.inserted(copy, parent, number + 1),
        damage=_seen(copy),
    )
    document.activate(copy.id)
    return copy.id


def remove(document: Document, ids: Sequence[int]) -> bool:
    """Take layers out, with all that they hold. Raises ``LayerLocked``. False if there were none."""
    state = document.state
    for id in ids:
        layer = state.find(id)
        if layer is not None:
            check_unlocked(document.state, layer)
            state = state.without(id)
    if state is document.state:
        return False
    gone = [document.state.layer(id) for id in ids if document.state.find(id)]
    document.change(QT_TRANSLATE_NOOP("steps", "Remove layer"), state, damage=_seen(*gone))
    return True


def group(document: Document, ids: Sequence[int]) -> int:
    """A new group in place of the highest of these layers, holding them all in their order. Returns its id.

    Raises ``LayerLocked`` and, without any layer, ``NoLayer``.
    """
    state = document.state
    inside = {child.id for id in ids for layer in state.layer(id).walk() for child in layer.children}
    chosen = [layer for layer in state.walk() if layer.id in set(ids) - inside and layer.in_picture]
    if not chosen:
        raise NoLayer
    for layer in chosen:
        check_unlocked(state, layer)
    whole = document.new_layer(Kind.GROUP, free_name(state, kind_name(Kind.GROUP)))
    parent, number = state.place(chosen[-1].id)
    state = state.inserted(whole, parent, number + 1)
    for position, layer in enumerate(chosen):
        state = state.relocated(layer.id, whole.id, position)
    document.change(QT_TRANSLATE_NOOP("steps", "Group layers"), state)
    document.activate(whole.id)
    return whole.id


def ungroup(document: Document, id: int) -> bool:
    """Put what a group holds in its place; its opacity, mode and mask go with it. False if it is no group.

    Raises ``LayerLocked``.
    """
    whole = document.state.layer(id)
    if whole.kind is not Kind.GROUP:
        return False
    check_unlocked(document.state, whole)
    parent, number = document.state.place(id)
    state = document.state.without(id)
    for position, child in enumerate(whole.children):
        state = state.inserted(child, parent, number + position)
    if document.active_id == id:
        document.active_id = whole.children[-1].id if whole.children else id
    document.change(QT_TRANSLATE_NOOP("steps", "Ungroup layers"), state)
    return True


def relocate(document: Document, id: int, parent: int | None, number: int) -> bool:
    """Make the layer number ``number`` in the group ``parent`` (None: in none), counted without itself.

    False if it is there already. Raises ``LayerLocked``, and ``ValueError`` if a group would come to lie in itself.
    """
    if document.state.place(id) == (parent, number):
        return False
    layer = document.state.layer(id)
    check_unlocked(document.state, layer)
    state = document.state.relocated(id, parent, number)
    document.change(QT_TRANSLATE_NOOP("steps", "Move layer in the list"), state, damage=_seen(layer))
    return True


def raise_layer(document: Document, id: int) -> bool:
    """One place up; out of its group from the top of it. False at the very top. Raises ``LayerLocked``."""
    parent, number = document.state.place(id)
    if number + 1 < len(document.state.siblings(parent)):
        return relocate(document, id, parent, number + 1)
    if parent is None:
        return False
    above, place = document.state.place(parent)
    return relocate(document, id, above, place + 1)


def lower_layer(document: Document, id: int) -> bool:
    """One place down; out of its group from the bottom of it. False at the very bottom. Raises ``LayerLocked``."""
    parent, number = document.state.place(id)
    if number > 0:
        return relocate(document, id, parent, number - 1)
    if parent is None:
        return False
    above, place = document.state.place(parent)
    return relocate(document, id, above, place)


def set_property(document: Document, id: int, name: str, value: object, dragging: bool = False) -> bool:
    """Give a field of a layer another value; while ``dragging`` that continues the last such step.

    ``name`` is one of ``name, visible, opacity, mode, isolated, locked, alpha_locked, label, mask_enabled, grow,
    feather, inverted, origin``. False if it has that value already. A locked layer lets its properties be changed.
    """
    title = _PROPERTIES[name]
    layer = document.state.layer(id)
    if getattr(layer, name) == value:
        return False
    state = document.state.with_layer(id, **{name: value})
    damage: Rect | None = NOTHING
    if name not in _UNSEEN:
        damage = _seen(layer, state.layer(id))
    document.change(title, state, f"{name} {id}" if dragging else "", damage)
    return True


def rename(document: Document, id: int, name: str) -> bool:
    """False for the name that it has, or none."""
    return bool(name.strip()) and set_property(document, id, "name", name.strip())


def add_mask(document: Document, id: int, from_selection: bool = True) -> bool:
    """A layer mask that shows what is selected; everything if nothing is, or not ``from_selection``.

    False if the layer has one, or can't have one. Raises ``LayerLocked``.
    """
    layer = document.state.layer(id)
    if layer.mask is not None or not layer.in_picture:
        return False
    check_unlocked(document.state, layer)
    selection = document.state.selection if from_selection else None
    mask = selection.copy() if selection is not None else Surface(Depth.MASK, 255)
    state = document.state.with_layer(id, mask=mask, mask_enabled=True)
    document.change(QT_TRANSLATE_NOOP("steps", "Add layer mask"), state, damage=_seen(layer))
    return True


def remove_mask(document: Document, id: int) -> bool:
    """False if there is none. Raises ``LayerLocked``."""
    layer = document.state.layer(id)
    if layer.mask is None:
        return False
    check_unlocked(document.state, layer)
    state = document.state.with_layer(id, mask=None, mask_enabled=True)
    document.change(QT_TRANSLATE_NOOP("steps", "Remove layer mask"), state, damage=_seen(layer))
    return True


def check_unlocked(state: State, layer: Layer) -> None:
    """Raises ``LayerLocked`` if the layer, one in it or a group around it is locked. It may be hidden."""
    around = (state.layer(id) for id in state.parents(layer.id))
    for one in (*layer.walk(), *around):
        if one.locked:
            raise LayerLocked(layer=one.name)


def _seen(*layers: Layer) -> Rect | None:
    """Where these layers can be seen; None for anywhere."""
    inside = [one for layer in layers for one in layer.walk()]
    if any(one.mode.clears for one in inside):
        return None
    return united(layer.bounds for layer in layers if layer.in_picture)
