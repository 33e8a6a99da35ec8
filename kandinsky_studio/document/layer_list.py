"""What is done in the list of layers with several of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layer_operations import check_unlocked
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

_SOLO = QT_TRANSLATE_NOOP("steps", "Show one layer alone")

TOP, BOTTOM = -1, None


def solo(document: Document, id: int) -> bool:
    """Hide every layer of the picture but this one, what it holds and the groups around it.

    If that was the last step, it is taken back; if only this layer is shown anyway, all are shown.
    """
    last = document.history.done[-1] if document.history.done else None
    state = document.state
    kept = {id, *state.parents(id), *(layer.id for layer in state.layer(id).walk())}
    alone = state
    for layer in state.walk():
        if layer.in_picture and layer.visible is not (layer.id in kept) and not (layer.id in kept and layer.id != id):
            alone = alone.with_layer(layer.id, visible=layer.id in kept)
    if alone is not state:
        document.change(_SOLO, alone)
        return True
    if last is not None and last.name == _SOLO:
        return document.undo()
    shown = state
    for layer in state.walk():
        if not layer.visible and layer.in_picture:
            shown = shown.with_layer(layer.id, visible=True)
    if shown is state:
        return False
    document.change(QT_TRANSLATE_NOOP("steps", "Show all layers"), shown)
    return True


def drop(document: Document, ids: Sequence[int], parent: int | None, below: int | None) -> bool:
    """Move layers, in the order they lie in, into the group ``parent``: on the layer ``below`` there, or to the
    ``TOP`` or ``BOTTOM``. One step. False if nothing changes.

    A layer within one that is moved goes with it. Raises ``LayerLocked``, and ``ValueError`` if a group would come to
    lie in itself.
    """
    state = document.state
    moved = [layer for layer in state.walk() if layer.id in ids and not set(state.parents(layer.id)) & set(ids)]
    for layer in moved:
        check_unlocked(state, layer)
        if parent is not None and any(inside.id == parent for inside in layer.walk()):
            raise ValueError("a group can't lie in itself")
    siblings = [layer.id for layer in state.siblings(parent)]
    stays = [] if below == BOTTOM else siblings if below == TOP else siblings[: siblings.index(below) + 1]
    number = sum(id not in ids for id in stays)
    for layer in moved:
        state = state.without(layer.id)
    for offset, layer in enumerate(moved):
        state = state.inserted(layer, parent, number + offset)
    before = [(layer.id, document.state.place(layer.id)) for layer in document.state.walk()]
    if before == [(layer.id, state.place(layer.id)) for layer in state.walk()]:
        return False
    document.change(QT_TRANSLATE_NOOP("steps", "Move layer in the list"), state)
    return True
