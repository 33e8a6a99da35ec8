"""The gradient."""

from __future__ import annotations

import enum
import functools
import time
from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainterPath

from kandinsky_studio.document.document import Edit
from kandinsky_studio.document.geometry import TILE, Key, Rect
from kandinsky_studio.document.surface import Depth, Pixels
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.target import Colours, Target, draw, mix, open_target, packed, pixel, selected

_ENTRIES = 4096  # colours between the two ends: far more than differ
_ANGLE = pi / 12  # what Shift holds the direction to


class Shape(enum.Enum):
    LINEAR = "linear"
    RADIAL = "radial"


class Ends(enum.Enum):
    """What the gradient goes to."""

    BACKGROUND = "background"
    TRANSPARENT = "transparent"


class Gradient(Tool):
    """From the foreground colour at the one end to the background colour, or to nothing, at the other."""

    id = "gradient"
    title = QT_TRANSLATE_NOOP("tools", "Gradient")
    hint = QT_TRANSLATE_NOOP("tools", "Drag from one end of the gradient to the other; Shift holds it to steps of 15°.")
    paints = True
    options = (
        Option(
            "shape",
            QT_TRANSLATE_NOOP("tools", "Shape"),
            "choice",
            choices=(
                (Shape.LINEAR, QT_TRANSLATE_NOOP("tools", "Linear")),
                (Shape.RADIAL, QT_TRANSLATE_NOOP("tools", "Radial")),
            ),
        ),
        Option(
            "ends",
            QT_TRANSLATE_NOOP("tools", "Colours"),
            "choice",
            choices=(
                (Ends.BACKGROUND, QT_TRANSLATE_NOOP("tools", "Foreground to background")),
                (Ends.TRANSPARENT, QT_TRANSLATE_NOOP("tools", "Foreground to transparent")),
            ),
        ),
        Option("reverse", QT_TRANSLATE_NOOP("tools", "Reverse"), "switch"),
        painting.OPACITY,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.shape = Shape.LINEAR
        self.ends = Ends.BACKGROUND
        self.reverse = False
        self.opacity = 1.0
        self._edit: Edit | None = None
        self._target: Target | None = None
        self._begin = self._end = QPointF()
        self._rest_until = 0.0  # drawing all of a large picture takes a while: in between, the pointer is followed

    def press(self, pointer: Pointer) -> None:
        if self._edit is not None or self.document.editing:
            return
        self._edit = self.document.edit(QT_TRANSLATE_NOOP("steps", "Gradient"))
        try:
            self._target = open_target(self.desk, self._edit)
        except BaseException:
            self.cancel()
            raise
        self._begin = self._end = pointer.point
        self._rest_until = 0.0

    def move(self, pointer: Pointer) -> None:
        if self._edit is None:
            return
        self._end = self._held(pointer)
        self.desk.overlay_changed()
        now = time.perf_counter()
        if now >= self._rest_until:
            self._paint()
            then = time.perf_counter()
            self._rest_until = then + (then - now)

    def release(self, pointer: Pointer) -> None:
        if self._edit is None:
            return
        self._end = self._held(pointer)
        if self._end == self._begin:
            self.cancel()
            return
        self._paint()
        edit, self._edit = self._edit, None
        edit.commit()
        self.desk.overlay_changed()

    def cancel(self) -> None:
        if self._edit is not None:
            edit, self._edit = self._edit, None
            edit.cancel()
            self.desk.overlay_changed()

    def overlay(self) -> Sequence[Mark]:
        if self._edit is None or self._begin == self._end:
            return ()
        line, begin, end = QPainterPath(self._begin), QPainterPath(self._begin), QPainterPath(self._end)
        line.lineTo(self._end)
        return Mark(line, Ink.LINE), Mark(begin, Ink.HANDLE), Mark(end, Ink.HANDLE)

    def _held(self, pointer: Pointer) -> QPointF:
        if not pointer.shift:
            return pointer.point
        way = pointer.point - self._begin
        angle = round(atan2(way.y(), way.x()) / _ANGLE) * _ANGLE
        length = hypot(way.x(), way.y())
        return self._begin + QPointF(cos(angle) * length, sin(angle) * length)

    def _paint(self) -> None:
        assert self._edit is not None
        assert self._target is not None
        if self._begin == self._end:
            return
        try:
            self._cover(self._edit, self._target)
        except BaseException:
            self.cancel()
            raise

    def _cover(self, edit: Edit, target: Target) -> None:
        state, surface = edit.state, target.surface
        area = state.canvas
        if state.selection is not None:
            area = area.intersected(state.selection.bounds)
        if surface.depth is Depth.MASK:
            ends = [target.value(self.desk.foreground), 0 if target.inpaints else target.value(self.desk.background)]
            values, strengths = self._mask_table(*ends)
            span = 255.0 if self.ends is Ends.TRANSPARENT else abs(ends[0] - ends[1])
        else:
            table = self._table(self.desk.foreground, self.desk.background)
            channels = table.view(np.uint8).reshape(-1, 4).astype(np.int16)
            span = float(np.abs(channels[0] - channels[-1]).max())
        noise = _noise() * np.float32((_ENTRIES - 1) / max(span, 1.0))
        for key in area.tiles():
            place = Rect.of_tile(key)
            part = place.intersected(area)
            local = part.moved(-place.x, -place.y)
            index = self._indices(key, noise)[local.y : local.bottom, local.x : local.right]
            mask = None
            if state.selection is not None:
                mask = selected(state.selection, part, np.full((part.height, part.width), 255, np.uint8))
                if not mask.any():
                    continue
            image, before = edit.tile(surface, key), edit.before(surface, key)
            if surface.depth is Depth.MASK:
                alpha = strengths[index]
                if mask is not None:
                    alpha = np.asarray(np.rint(alpha * (mask / np.float32(255))), np.uint8)
                mix(image, before, local, surface.default, values[index], alpha)
            else:
                colours = np.take(table, index, mode="clip")
                draw(image, before, local, colours if mask is None else _through(colours, mask), target.mode)
        edit.touched(surface, area)

    def _indices(self, key: Key, noise: NDArray[np.float32]) -> NDArray[np.intp]:
        """Which entry of the table each pixel of a tile has."""
        across = np.arange(TILE, dtype=np.float32) + np.float32(key[0] * TILE + 0.5 - self._begin.x())
        down = (np.arange(TILE, dtype=np.float32) + np.float32(key[1] * TILE + 0.5 - self._begin.y()))[:, np.newaxis]
        way = self._end - self._begin
        length = hypot(way.x(), way.y())
        scale = np.float32((_ENTRIES - 1) / length)
        if self.shape is Shape.RADIAL:
            t = np.sqrt(across * across + down * down)
            t *= scale
        else:
            t = across * (scale * np.float32(way.x() / length)) + down * (scale * np.float32(way.y() / length))
        inside = (t > 0) & (t < _ENTRIES - 1)  # the flat ground beyond the ends stays flat
        t += noise * inside
        t += np.float32(0.5)
        np.clip(t, 0, _ENTRIES - 1, out=t)
        return np.asarray(t, np.intp)

    def _share(self) -> NDArray[np.float32]:
        """From 1 at the first entry to 0 at the last: how much of the foreground there is."""
        share = np.linspace(1, 0, _ENTRIES, dtype=np.float32)[:, np.newaxis]
        return share[::-1] if self.reverse else share

    def _table(self, foreground: QColor, background: QColor) -> Colours:
        share = self._share()
        colours = share * pixel(foreground)
        if self.ends is Ends.BACKGROUND:
            colours = colours + (1 - share) * pixel(background)
        return packed(colours * np.float32(self.opacity))

    def _mask_table(self, foreground: int, background: int) -> tuple[Pixels, Pixels]:
        """Values of a mask, and how strongly they replace what is there."""
        share = self._share()[:, 0]
        if self.ends is Ends.TRANSPARENT:
            return np.full(_ENTRIES, foreground, np.uint8), np.rint(share * 255 * self.opacity).astype(np.uint8)
        values = np.rint(share * foreground + (1 - share) * background).astype(np.uint8)
        return values, np.full(_ENTRIES, round(255 * self.opacity), np.uint8)


def _through(colours: Colours, mask: Pixels) -> Colours:
    """Premultiplied pixels as far as ``mask`` lets them through."""
    pixels = colours.view(np.uint8).reshape(*colours.shape, 4)
    share = mask[..., np.newaxis] * np.float32(1 / 255)
    return np.ascontiguousarray(np.rint(pixels * share).astype(np.uint8)).view(np.uint32)[..., 0]


@functools.cache
def _noise() -> NDArray[np.float32]:
    """Between one colour and the next a pixel takes either by chance, nearer ones more often: no bands are seen."""
    return np.random.default_rng(7).uniform(-0.5, 0.5, (TILE, TILE)).astype(np.float32)
