"""Say where is generated."""

from __future__ import annotations

from collections.abc import Sequence

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.generation_frame import frame_of, generated_area, set_frame
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.tools import framing
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.framing import MIDDLE, Edges, Ratio, edges_of, grip_at, kept_by, path_of, pulled, rect_of
from kandinsky_studio.tools.selecting import went
from kandinsky_studio.tools.snapping import NEAR, Snapped, snap

GRID = 8  # pixels from the canvas's corner that edges like to lie on: models work in such steps
_LEAST = 16  # pixels along a side


class Frame(Tool):
    """The generation frame with its handles. It is set when the pointer lets go; each time is a step."""

    id = "frame"
    title = QT_TRANSLATE_NOOP("tools", "Generation frame")
    hint = QT_TRANSLATE_NOOP(
        "tools",
        "Drag what is generated. Shift keeps the ratio, Alt the middle, Ctrl leaves the grid; a double click takes it all.",
    )
    options = (
        *framing.options(_LEAST),
        Option("take_whole", QT_TRANSLATE_NOOP("tools", "Whole canvas"), "button"),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._ratio = Ratio.FREE
        self._dragged: Edges | None = None  # while the pointer is down
        self._start: tuple[Pointer, Rect] | None = None
        self._grip: tuple[float, float] | None = None  # None draws a new one
        self._went = False
        self._lines: Snapped | None = None

    @property
    def frame(self) -> Rect:
        """What would be generated, in pixels of the document."""
        if self._dragged is None:
            return generated_area(self.document.state)
        return rect_of(self._dragged)

    def take_whole(self) -> None:
        """Generate on the whole canvas."""
        self._set(None)

    # ---------------------------------------------------------------- the pointer

    def press(self, pointer: Pointer) -> None:
        self._start, self._went = (pointer, self.frame), False
        self._grip = self._grip_at(pointer)
        if self._grip == MIDDLE and frame_of(self.document.state) is None:
            self._grip = None  # a frame around everything is no frame to move

    def move(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        first, before = self._start
        self._went = self._went or went(first, pointer)
        if not self._went:
            return
        dx, dy = pointer.x - first.x, pointer.y - first.y
        self._lines = None
        if self._grip == MIDDLE:
            if pointer.shift:
                dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
            self._dragged = self._moved(before, dx, dy, pointer)
        else:
            ratio = self._kept(pointer)
            start: Edges = edges_of(before)
            grip = self._grip
            if grip is None:
                start = (first.x, first.y, first.x, first.y)
                grip = (float(dx > 0), float(dy > 0))
            if ratio is None and not pointer.control:
                if self._grip is None and not pointer.alt:
                    x, y = self._snapped(first.x, False, pointer), self._snapped(first.y, True, pointer)
                    start = (x, y, x, y)
                dx, dy = self._pull_to_lines(start, grip, pointer, first)
            self._dragged = pulled(start, grip, dx, dy, ratio, pointer.alt)
        self._changed()

    def release(self, pointer: Pointer) -> None:
        self.move(pointer)
        frame, dragged = self.frame, self._dragged is not None
        self._forget()
        if dragged and min(frame.width, frame.height) >= _LEAST:
            try:
                self._set(frame)
            except StudioError as error:
                self.desk.fail(error)
        self._changed()

    def cancel(self) -> None:
        self._forget()
        self._changed()

    def double_click(self, pointer: Pointer) -> None:
        self.take_whole()

    def begin(self) -> None:
        self._changed()

    def follow(self) -> None:
        """The document's frame may be another: a step was undone."""
        self._changed()

    def _forget(self) -> None:
        self._dragged = self._start = self._grip = self._lines = None

    # ---------------------------------------------------------------- what it likes to lie on

    def _moved(self, before: Rect, dx: float, dy: float, pointer: Pointer) -> Edges:
        if pointer.control:
            return edges_of(before.moved(round(dx), round(dy)))
        canvas = self.document.state.canvas
        to = snap(before, dx, dy, canvas, NEAR / pointer.scale)
        x = before.x + to.dx if to.columns else _on_grid(before.x + dx, canvas.x)
        y = before.y + to.dy if to.rows else _on_grid(before.y + dy, canvas.y)
        if pointer.shift:  # what does not move is not pulled to a line either
            x, y = (x, before.y) if dy == 0 else (before.x, y)
        self._lines = to
        return edges_of(Rect(round(x), round(y), before.width, before.height))

    def _pull_to_lines(
        self, start: Edges, grip: tuple[float, float], pointer: Pointer, first: Pointer
    ) -> tuple[float, float]:
        """How far a handle goes, so that the edges that it moves come to lie on lines."""
        left, top, right, bottom = start
        from_x, from_y = left + grip[0] * (right - left), top + grip[1] * (bottom - top)
        x = self._snapped(from_x + pointer.x - first.x, False, pointer)
        y = self._snapped(from_y + pointer.y - first.y, True, pointer)
        return x - from_x, y - from_y

    def _snapped(self, at: float, down: bool, pointer: Pointer) -> float:
        canvas = self.document.state.canvas
        start, length = (canvas.y, canvas.height) if down else (canvas.x, canvas.width)
        line = min((start, start + length / 2, start + length), key=lambda line: abs(line - at))
        return line if abs(line - at) <= NEAR / pointer.scale else _on_grid(at, start)

    # ---------------------------------------------------------------- numbers

    @property
    def x(self) -> float:
        return self.frame.x

    @x.setter
    def x(self, value: float) -> None:
        self._set(self.frame._replace(x=round(value)), "x")

    @property
    def y(self) -> float:
        return self.frame.y

    @y.setter
    def y(self, value: float) -> None:
        self._set(self.frame._replace(y=round(value)), "y")

    @property
    def width(self) -> float:
        return self.frame.width

    @width.setter
    def width(self, value: float) -> None:
        self._set(framing.with_width(self.frame, value, self._kept(), _LEAST), "size")

    @property
    def height(self) -> float:
        return self.frame.height

    @height.setter
    def height(self, value: float) -> None:
        self._set(framing.with_height(self.frame, value, self._kept(), _LEAST), "size")

    @property
    def ratio(self) -> Ratio:
        """Another ratio makes the frame smaller, around its middle."""
        return self._ratio

    @ratio.setter
    def ratio(self, value: Ratio) -> None:
        self._ratio = value
        kept = self._kept()
        if kept is not None:
            self._set(framing.within(self.frame, kept, _LEAST))

    def _kept(self, pointer: Pointer | None = None) -> float | None:
        """Width ÷ height that has to stay."""
        if self._ratio is Ratio.FREE and pointer is not None and pointer.shift:
            return self._start[1].width / self._start[1].height if self._start and self._grip else 1.0
        return kept_by(self._ratio, self.document.state.canvas)

    # ---------------------------------------------------------------- what is seen

    def overlay(self) -> Sequence[Mark]:
        canvas = self.document.state.canvas
        return framing.marks(self.frame, canvas, self._lines.path(canvas) if self._lines is not None else None)

    # ----------------------------------------------------------------

    def _grip_at(self, pointer: Pointer) -> tuple[float, float] | None:
        return grip_at(edges_of(self.frame), pointer)

    def _set(self, frame: Rect | None, merge: str = "") -> None:
        set_frame(self.document, frame, f"frame {merge}" if merge else "")
        self._changed()

    def _changed(self) -> None:
        self.desk.overlay_changed()
        self.desk.options_changed()


def standing(document: Document) -> Sequence[Mark]:
    """What shows the frame while another tool is in hand: nothing if it is the whole canvas."""
    frame = frame_of(document.state)
    return () if frame is None else (Mark(path_of(frame), Ink.DASHED),)


def _on_grid(at: float, start: int) -> float:
    return start + round((at - start) / GRID) * GRID
