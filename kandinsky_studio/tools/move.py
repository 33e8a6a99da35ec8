"""Move a layer, or what is selected of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document.compositing import compose
from kandinsky_studio.document.document import Document, check_editable
from kandinsky_studio.document.geometry import TILE, Key
from kandinsky_studio.document.layers import Kind, Layer
from kandinsky_studio.document.surface import Surface, Tile, readable
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.lifting import Lift, Part, subject, take_up
from kandinsky_studio.tools.pieces import Shift
from kandinsky_studio.tools.selecting import outline, went
from kandinsky_studio.tools.snapping import NEAR, Snapped, snap

_STEP = QT_TRANSLATE_NOOP("steps", "Move")


class Move(Tool):
    """Drags the active layer with all that is in it, or what is selected of it, by whole pixels."""

    id = "move"
    title = QT_TRANSLATE_NOOP("tools", "Move")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Shift moves straight, Ctrl without snapping; the arrow keys by 1 pixel, with Shift by 10."
    )
    cursor = "move"
    options = (
        Option("choose_layer", QT_TRANSLATE_NOOP("tools", "Choose the layer under the pointer"), "switch"),
        Option("snapping", QT_TRANSLATE_NOOP("tools", "Snap to the canvas"), "switch"),
    )
    choose_layer: bool = False
    snapping: bool = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pressed: Pointer | None = None
        self._lift: Lift | None = None
        self._base = (0, 0)  # how far the pieces are already from where they were taken up
        self._by = Snapped(0, 0)
        self._outline: QPainterPath | None = None
        self._floating: _Floating | None = None
        self._active_before: int | None = None
        self._layer = 0  # that is moved

    def press(self, pointer: Pointer) -> None:
        document = self.document
        self._active_before = document.active_id
        found = layer_at(document, pointer.x, pointer.y) if self.choose_layer else None
        layer, part = subject(self.desk) if found is None else (found, Part.CONTENT)
        self._lift, self._base = self._take(document, layer, part)
        if found is not None:
            document.activate(found.id)
        self._pressed, self._by = pointer, Snapped(0, 0)

    def move(self, pointer: Pointer) -> None:
        pressed, lift = self._pressed, self._lift
        if pressed is None or lift is None or not (lift.is_open or went(pressed, pointer)):
            return
        dx, dy = pointer.x - pressed.x, pointer.y - pressed.y
        if pointer.shift:
            dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
        reach = NEAR / pointer.scale if self.snapping and not pointer.control else 0.0
        box = lift.box.moved(*self._base)
        by = snap(box, dx, dy, self.document.state.canvas, reach) if reach else Snapped(round(dx), round(dy))
        if pointer.shift:  # straight is straight, whatever lies near
            by = Snapped(by.dx if dx else 0, by.dy if dy else 0, by.columns if dx else (), by.rows if dy else ())
        if not lift.is_open:
            lift.open(_STEP)
            self._outline = outline(lift.selection.surface) if lift.selection else None
        if (by.dx, by.dy) != (self._by.dx, self._by.dy):
            self._by = by
            lift.draft(self._shift(by))
        self._by = by
        self.desk.overlay_changed()

    def release(self, pointer: Pointer) -> None:
        if self._pressed is None or self._lift is None:
            return
        self.move(pointer)
        lift, by = self._lift, self._by
        if lift.is_open:
            if (by.dx, by.dy) == (0, 0):
                lift.cancel()
            else:
                self._land(lift, by)
        self._over()

    def cancel(self) -> None:
        if self._lift is not None:
            self._lift.cancel()
            self.document.activate(self._active_before)
        self._over()

    def nudge(self, dx: int, dy: int) -> None:
        """Move by whole pixels without a pointer; one after the other makes one step. Raises as :meth:`press` does."""
        layer, part = subject(self.desk)
        if self._pressed is not None or (dx, dy) == (0, 0):
            return
        lift, self._base = self._take(self.document, layer, part)
        lift.open(_STEP, merge=f"move {part.value} of {layer.id}")
        self._land(lift, Snapped(dx, dy))

    def overlay(self) -> Sequence[Mark]:
        if self._lift is None or not self._lift.is_open:
            return ()
        marks = []
        if self._outline is not None:
            by = self._shift(self._by).by
            marks.append(Mark(self._outline.translated(QPointF(*by)), Ink.ANTS))
        lines = self._by.path(self.document.state.canvas)
        return [*marks, Mark(lines, Ink.LINE)] if not lines.isEmpty() else marks

    def _shift(self, by: Snapped) -> Shift:
        return Shift(self._base[0] + by.dx, self._base[1] + by.dy)

    def _take(self, document: Document, layer: Layer, part: Part) -> tuple[Lift, tuple[int, int]]:
        """What moves, and how far it is already: what was landed and not touched since is taken up as it was."""
        self._layer = layer.id
        floating = self._floating
        if floating is not None and part is Part.CONTENT and floating.is_there(document, layer):
            check_editable(document.state, layer)
            return Lift(document, floating.lift.held, floating.lift.selection), floating.by
        self._floating = None
        return take_up(document, layer, part), (0, 0)

    def _land(self, lift: Lift, by: Snapped) -> None:
        shift = self._shift(by)
        lift.land(shift)
        if lift.selection is not None:
            self._floating = _Floating(self._layer, lift, shift.by)

    def _over(self) -> None:
        self._pressed = self._lift = self._outline = None
        self._by = Snapped(0, 0)
        self.desk.overlay_changed()


class _Floating:
    """Selected pixels after they landed. Until something else touches them they can be taken up again, and what they
    covered is still there below them."""

    def __init__(self, layer: int, lift: Lift, by: tuple[int, int]) -> None:
        self.lift = lift
        self.by = by
        self._layer = layer
        self._selection = lift.document.state.selection
        self._tiles: list[tuple[Surface, dict[Key, Tile]]] = [
            (held.surface, dict(held.surface.tiles)) for held in lift.held
        ]

    def is_there(self, document: Document, layer: Layer) -> bool:
        state = document.state
        if document is not self.lift.document or layer.id != self._layer:
            return False
        if self._selection is None or state.selection is not self._selection:
            return False
        surfaces = set(layer.surfaces())
        return all(surface in surfaces and surface.tiles == tiles for surface, tiles in self._tiles)


def layer_at(document: Document, x: float, y: float) -> Layer | None:
    """The highest layer of the picture that can be seen at a place; locked ones are looked through."""
    column, row = int(x // 1), int(y // 1)
    key = column // TILE, row // TILE

    def look(layers: Sequence[Layer]) -> Layer | None:
        for layer in reversed(layers):
            if not layer.visible or not layer.in_picture or layer.locked:
                continue
            if layer.kind is Kind.GROUP:
                if found := look(layer.children):
                    return found
            elif readable(compose((layer,), key))[row % TILE, column % TILE, 3] > 0:
                return layer
        return None

    return look(document.state.layers)
