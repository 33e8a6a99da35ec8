"""The colour picker."""

from __future__ import annotations

from math import floor

import numpy as np
from PySide6.QtGui import QColor

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels, readable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Option, Pointer, Tool
from kandinsky_studio.tools.likeness import SAMPLE, Sample


class Picker(Tool):
    """Takes the colour under the pointer as the foreground colour, with Alt as the background colour."""

    id = "picker"
    title = QT_TRANSLATE_NOOP("tools", "Colour picker")
    hint = QT_TRANSLATE_NOOP("tools", "Click a colour to take it; with Alt it becomes the background colour.")
    cursor = "picker"
    options = (
        SAMPLE,
        Option(
            "mean",
            QT_TRANSLATE_NOOP("tools", "Sample size"),
            "choice",
            choices=(
                (1, QT_TRANSLATE_NOOP("tools", "One pixel")),
                (3, QT_TRANSLATE_NOOP("tools", "3 × 3 pixels")),
                (5, QT_TRANSLATE_NOOP("tools", "5 × 5 pixels")),
                (11, QT_TRANSLATE_NOOP("tools", "11 × 11 pixels")),
                (31, QT_TRANSLATE_NOOP("tools", "31 × 31 pixels")),
            ),
        ),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.sample = Sample.PICTURE
        self.mean = 1

    def press(self, pointer: Pointer) -> None:
        self._take(pointer)

    def move(self, pointer: Pointer) -> None:
        self._take(pointer)

    def release(self, pointer: Pointer) -> None:
        """What was last under the pointer is taken already."""

    def colour_at(self, x: float, y: float) -> QColor | None:
        """The mean colour around (x, y), opaque; None where there is nothing, or beyond the canvas."""
        around = self.mean // 2
        area = Rect(floor(x) - around, floor(y) - around, self.mean, self.mean)
        canvas = self.document.state.canvas
        if Rect(floor(x), floor(y), 1, 1).intersected(canvas).is_empty:
            return None
        pixels = self._pixels(area.intersected(canvas))
        if pixels.ndim == 2:
            value = round(float(pixels.mean()))
            return QColor(value, value, value)
        blue, green, red, alpha = pixels.reshape(-1, 4).sum(axis=0, dtype=np.int64)
        if alpha == 0:
            return None
        return QColor(*(min(round(255 * int(part) / int(alpha)), 255) for part in (red, green, blue)))

    def _take(self, pointer: Pointer) -> None:
        colour = self.colour_at(pointer.x, pointer.y)
        if colour is None:
            return
        if pointer.alt:
            self.desk.background = colour
        else:
            self.desk.foreground = colour
        self.desk.colours_changed()

    def _pixels(self, area: Rect) -> Pixels:
        layer = self.document.active
        if self.sample is Sample.PICTURE or layer is None:
            return readable(self.document.render(area)).copy()
        if self.desk.edit_mask and layer.mask is not None:
            return layer.mask.array(area)
        if layer.pixels is None:
            return readable(self.document.render(area, layer.children)).copy()
        return layer.pixels.array(area)
