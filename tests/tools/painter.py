"""A hand that paints: what the tests of painting tools share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.surface import Surface
from kandinsky_studio.tools.base import Desk, Pointer, Tool

RED = QColor(200, 30, 60)
RED_BYTES = (60, 30, 200, 255)  # blue, green, red, alpha


def desk(width: int = 300, height: int = 300, background: QColor | None = None) -> Desk:
    image = None
    if background is not None:
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(background)
    return Desk(Document.new(width, height, background=image), foreground=QColor(RED))


def stroke(tool: Tool, places: Iterable[tuple[float, ...]], **held: bool | float) -> None:
    """Through places (x, y) or (x, y, pressure)."""
    pointers = [
        Pointer(place[0], place[1], pressure=place[2] if len(place) > 2 else 1.0, **held)  # type: ignore[arg-type]
        for place in places
    ]
    tool.press(pointers[0])
    for pointer in pointers[1:]:
        tool.move(pointer)
    tool.release(pointers[-1])


def pixels(document: Document, surface: Surface | None = None) -> NDArray[np.int16]:
    """Of the active layer on the canvas: height × width × 4 or height × width."""
    if surface is None:
        assert document.active is not None
        surface = document.active.pixels
    assert surface is not None
    return surface.array(document.state.canvas).astype(np.int16)


def alpha(document: Document) -> NDArray[np.int16]:
    return pixels(document)[..., 3]
