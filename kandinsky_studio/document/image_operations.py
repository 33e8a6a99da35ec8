"""What is done with the whole image: its canvas, its size, its orientation.

Each function makes one step of the undo list, or none if nothing changes. Locked and hidden layers follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kandinsky_studio.document.document import Document, check_size
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.layers import Layer, State
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.document.turning import Resampling, cut, flipped, scaled, turned
from kandinsky_studio.errors import QT_TRANSLATE_NOOP


def anchored(canvas: Rect, width: int, height: int, across: float = 0.5, down: float = 0.5) -> Rect:
    """A rectangle of another size that lies on ``canvas`` as the anchor says: (0, 0) keeps the upper left corner where
    it is, (0.5, 0.5) the middle, (1, 1) the lower right corner."""
    x = canvas.x + round((canvas.width - width) * across)
    y = canvas.y + round((canvas.height - height) * down)
    return Rect(x, y, width, height)


def canvas_size(document: Document, rect: Rect) -> bool:
    """Make ``rect`` (pixels of the document) the canvas. Pixels beyond it stay. Raises ``SizeTooLarge``."""
    check_size(rect.width, rect.height)
    if rect == document.state.canvas:
        return False
    document.change(QT_TRANSLATE_NOOP("steps", "Canvas size"), document.state.changed(canvas=rect))
    return True


def crop(document: Document, rect: Rect, keep_beyond: bool = False) -> bool:
    """Make ``rect`` the canvas and drop every pixel beyond it, unless ``keep_beyond``. Raises ``SizeTooLarge``."""
    check_size(rect.width, rect.height)
    state = document.state
    inside = keep_beyond or all(rect.contains(surface.content) for surface in state.surfaces())
    if rect == state.canvas and inside:
        return False
    if not inside:
        state = _each(state, lambda surface: cut(surface, rect))
    document.change(QT_TRANSLATE_NOOP("steps", "Crop"), state.changed(canvas=rect))
    return True


def crop_to_selection(document: Document) -> bool:
    """Crop to the smallest rectangle with all that is selected on the canvas. False if nothing is."""
    selection = document.state.selection
    if selection is None:
        return False
    rect = selection.content.intersected(document.state.canvas)
    return not rect.is_empty and crop(document, rect)


def image_size(document: Document, width: int, height: int, resampling: Resampling = Resampling.BICUBIC) -> bool:
    """Scale everything so that the canvas has this size. Raises ``SizeTooLarge``."""
    check_size(width, height)
    canvas = document.state.canvas
    if (width, height) == (canvas.width, canvas.height):
        return False
    state = _each(document.state, lambda surface: scaled(surface, canvas, width, height, resampling))
    changed = state.changed(canvas=Rect(canvas.x, canvas.y, width, height))
    document.change(QT_TRANSLATE_NOOP("steps", "Image size"), changed)
    return True


def rotate(document: Document, degrees: int) -> bool:
    """Clockwise by a multiple of 90. The canvas keeps its upper left corner."""
    quarters = degrees // 90 % 4
    if quarters == 0:
        return False
    canvas = document.state.canvas
    state = _each(document.state, lambda surface: turned(surface, canvas, quarters))
    if quarters % 2:
        state = state.changed(canvas=Rect(canvas.x, canvas.y, canvas.height, canvas.width))
    document.change(QT_TRANSLATE_NOOP("steps", "Rotate image"), state)
    return True


def flip(document: Document, vertically: bool = False) -> bool:
    """Mirror the image left to right, or upside down."""
    canvas = document.state.canvas
    state = _each(document.state, lambda surface: flipped(surface, canvas, vertically))
    document.change(QT_TRANSLATE_NOOP("steps", "Flip image"), state)
    return True


def _each(state: State, change: Callable[[Surface], Surface]) -> State:
    """Every surface of the document changed."""

    def layer(one: Layer) -> Layer:
        return replace(
            one,
            pixels=change(one.pixels) if one.pixels is not None else None,
            mask=change(one.mask) if one.mask is not None else None,
            children=tuple(layer(child) for child in one.children),
        )

    selection = change(state.selection) if state.selection is not None else None
    return state.changed(layers=tuple(layer(one) for one in state.layers), selection=selection)
