"""What is done with the selection. Each function makes one step of the undo list, or none if nothing changes."""

from __future__ import annotations

from kandinsky_studio.document import masks
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import NOTHING
from kandinsky_studio.document.layers import Kind
from kandinsky_studio.document.masks import Combine
from kandinsky_studio.document.surface import Depth, Surface
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, NoLayer


def select(document: Document, mask: Surface | None, name: str, how: Combine = Combine.REPLACE) -> bool:
    """Make ``mask`` the selection, or combine it with what is selected; None deselects.

    What would select nothing at all deselects. False if that is so already. ``name`` is that of the step.
    """
    if mask is not None:
        mask = masks.combine(document.state.selection, mask, how)
        if mask.content.is_empty:
            mask = None
    old = document.state.selection
    if mask is old or (mask is not None and old is not None and _same(mask, old)):
        return False
    document.change(name, document.state.changed(selection=mask), damage=NOTHING)
    return True


def select_all(document: Document) -> bool:
    """The canvas."""
    return select(document, masks.everything(document.state.canvas), QT_TRANSLATE_NOOP("steps", "Select all"))


def deselect(document: Document) -> bool:
    return select(document, None, QT_TRANSLATE_NOOP("steps", "Deselect"))


def reselect(document: Document) -> bool:
    """What was selected last. False if something is selected, or nothing ever was."""
    if document.state.selection is not None:
        return False
    for step in reversed(document.history.done):
        if step.before.selection is not None:
            return select(document, step.before.selection, QT_TRANSLATE_NOOP("steps", "Reselect"))
    return False


def invert(document: Document) -> bool:
    """What is not selected, of the canvas; all of it if nothing is."""
    canvas = document.state.canvas
    old = document.state.selection
    mask = masks.everything(canvas) if old is None else masks.inverted(old, canvas)
    return select(document, mask, QT_TRANSLATE_NOOP("steps", "Invert selection"))


def grow(document: Document, by: int) -> bool:
    """Larger by ``by`` pixels on every side. False if nothing is selected."""
    old = document.state.selection
    if old is None:
        return False
    return select(document, masks.grown(old, by, document.state.canvas), QT_TRANSLATE_NOOP("steps", "Grow selection"))


def shrink(document: Document, by: int) -> bool:
    """Smaller by ``by`` pixels on every side but the canvas's edges. False if nothing is selected."""
    old = document.state.selection
    if old is None:
        return False
    return select(
        document, masks.grown(old, -by, document.state.canvas), QT_TRANSLATE_NOOP("steps", "Shrink selection")
    )


def feather(document: Document, radius: float) -> bool:
    """Soft over ``radius`` pixels to either side of its edge. False if nothing is selected."""
    old = document.state.selection
    if old is None:
        return False
    return select(
        document, masks.feathered(old, radius, document.state.canvas), QT_TRANSLATE_NOOP("steps", "Feather selection")
    )


def from_alpha(document: Document, id: int | None = None, how: Combine = Combine.REPLACE) -> bool:
    """What is opaque in a layer, the active one if not given; of a mask or depth layer, what is white.

    A group counts as it looks. Raises ``NoLayer``.
    """
    layer = document.active if id is None else document.state.find(id)
    if layer is None:
        raise NoLayer
    if layer.pixels is None:
        canvas = document.state.canvas
        mask = masks.from_alpha(Surface.from_image(document.render(only=layer.children), canvas.x, canvas.y))
    elif layer.pixels.depth is Depth.MASK:
        mask = layer.pixels.copy()
    else:
        mask = masks.from_alpha(layer.pixels)
    return select(document, mask, QT_TRANSLATE_NOOP("steps", "Selection from layer"), how)


def from_inpaint_mask(document: Document, how: Combine = Combine.REPLACE) -> bool:
    """What the inpaint mask says as it is used: grown, feathered, inverted. False if there is none."""
    layer = document.state.of_kind(Kind.INPAINT)
    if layer is None:
        return False
    canvas = document.state.canvas
    mask = Surface.from_array(masks.effective(layer, canvas), canvas.x, canvas.y)
    return select(document, mask, QT_TRANSLATE_NOOP("steps", "Selection from inpaint mask"), how)


def _same(a: Surface, b: Surface) -> bool:
    if a.tiles.keys() != b.tiles.keys():
        return False
    return all(tile is b.tiles[key] or tile.image == b.tiles[key].image for key, tile in a.tiles.items())
