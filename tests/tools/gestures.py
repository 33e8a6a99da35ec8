"""Pointers for tests, and what a document is to the last bit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import State
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.tools.base import Pointer, Tool


def at(x: float, y: float, **held: object) -> Pointer:
    return replace(Pointer(float(x), float(y)), **held)


def drag(tool: Tool, *points: tuple[float, float], pressed: dict | None = None, **held: object) -> None:
    """Press at the first point with the keys ``pressed``, go through the others with ``held``, let go at the last."""
    tool.press(at(*points[0], **(held if pressed is None else pressed)))
    for point in points[1:]:
        tool.move(at(*point, **held))
    tool.release(at(*points[-1], **held))


def click(tool: Tool, x: float, y: float, **held: object) -> None:
    tool.press(at(x, y, **held))
    tool.release(at(x, y, **held))


def double_click(tool: Tool, x: float, y: float) -> None:
    click(tool, x, y)
    click(tool, x, y)
    tool.double_click(at(x, y))


def selected(document: Document) -> np.ndarray:
    """The selection on the canvas, height × width; nothing selected is all 0."""
    canvas, selection = document.state.canvas, document.state.selection
    if selection is None:
        return np.zeros((canvas.height, canvas.width), np.uint8)
    return selection.array(canvas)


def frozen(document: Document) -> tuple[object, ...]:
    """The document as it is now: equal only if no bit differs."""
    return (_of(document.state), document.active_id, len(document.history.done), document.editing)


def picture(document: Document) -> bytes:
    """All layers, masks and the selection, without the history."""
    return repr(_of(document.state)).encode()


def _of(state: State) -> tuple[object, ...]:
    layers = tuple(
        (layer.id, layer.name, *(_bytes(surface) for surface in (layer.pixels, layer.mask))) for layer in state.walk()
    )
    return (state.canvas, layers, _bytes(state.selection))


def _bytes(surface: Surface | None) -> object:
    if surface is None:
        return None
    content = surface.content
    return content, surface.default, surface.array(content).tobytes() if not content.is_empty else b""


def steps(document: Document) -> Iterable[str]:
    return [step.name for step in document.history.done]
