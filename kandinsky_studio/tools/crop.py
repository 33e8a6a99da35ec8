"""Cut the canvas, or make it larger."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QPainterPath

from kandinsky_studio.document import image_operations
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import framing
from kandinsky_studio.tools.base import Desk, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.framing import MIDDLE, Edges, Ratio, edges_of, grip_at, kept_by, pulled, rect_of
from kandinsky_studio.tools.selecting import went


class Crop(Tool):
    """A frame with handles; Enter makes it the canvas. Outside of the canvas it makes the picture larger.

    What is cut off stays in the layers, unless ``delete`` is set.
    """

    id = "crop"
    title = QT_TRANSLATE_NOOP("tools", "Crop")
    hint = QT_TRANSLATE_NOOP(
        "tools",
        "Drag a frame, also beyond the canvas. Shift keeps the ratio, Alt the middle. Enter applies, Esc drops.",
    )
    options = (
        *framing.options(1),
        Option("thirds", QT_TRANSLATE_NOOP("tools", "Rule of thirds"), "switch"),
        Option("delete", QT_TRANSLATE_NOOP("tools", "Delete what is cut off"), "switch"),
    )
    thirds: bool = True
    delete: bool = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._ratio = Ratio.FREE
        self._edges: Edges | None = None
        self._start: tuple[Pointer, Edges | None] | None = None
        self._grip: tuple[float, float] | None = None  # MIDDLE moves the frame; None draws a new one
        self._went = False

    # ---------------------------------------------------------------- what goes on

    @property
    def frame(self) -> Rect:
        """What the canvas will be, in pixels of the document; the canvas itself while there is no frame."""
        if self._edges is None:
            return self.document.state.canvas
        return rect_of(self._edges)

    @property
    def busy(self) -> bool:
        return self._edges is not None

    def begin(self) -> None:
        if self._edges is None:
            self._set(edges_of(self.document.state.canvas))

    def finish(self) -> None:
        """Raises ``SizeTooLarge``; the frame stays then."""
        if self._edges is not None:
            image_operations.crop(self.document, self.frame, keep_beyond=not self.delete)
        self.abandon()

    def abandon(self) -> None:
        self._edges = self._start = self._grip = None
        self._changed()

    # ---------------------------------------------------------------- the pointer

    def press(self, pointer: Pointer) -> None:
        self._start, self._went = (pointer, self._edges), False
        self._grip = self._grip_at(pointer)
        if self._grip == MIDDLE and self.frame == self.document.state.canvas:
            self._grip = None  # nobody wants to move a frame that is around everything

    def move(self, pointer: Pointer) -> None:
        if self._start is None:
            return
        first, edges = self._start
        self._went = self._went or went(first, pointer)
        if not self._went:
            return
        dx, dy = pointer.x - first.x, pointer.y - first.y
        if self._grip is None or edges is None:
            corner = (first.x, first.y, first.x, first.y)
            edges = pulled(corner, (float(dx > 0), float(dy > 0)), dx, dy, self._kept(pointer), pointer.alt)
        elif self._grip == MIDDLE:
            if pointer.shift:
                dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
            edges = (edges[0] + dx, edges[1] + dy, edges[2] + dx, edges[3] + dy)
        else:
            edges = pulled(edges, self._grip, dx, dy, self._kept(pointer), pointer.alt)
        self._set(edges)

    def release(self, pointer: Pointer) -> None:
        self.move(pointer)
        self._start = self._grip = None
        if self._edges is not None:
            self._set(edges_of(self.frame))

    def cancel(self) -> None:
        if self._start is not None:
            self._edges = self._start[1]
        self._start = self._grip = None
        self._changed()

    def double_click(self, pointer: Pointer) -> None:
        if self._grip_at(pointer) == MIDDLE:
            self.finish()

    # ---------------------------------------------------------------- numbers

    @property
    def x(self) -> float:
        return self.frame.x

    @x.setter
    def x(self, value: float) -> None:
        frame = self.frame
        self._set(edges_of(frame.moved(round(value) - frame.x, 0)))

    @property
    def y(self) -> float:
        return self.frame.y

    @y.setter
    def y(self, value: float) -> None:
        frame = self.frame
        self._set(edges_of(frame.moved(0, round(value) - frame.y)))

    @property
    def width(self) -> float:
        return self.frame.width

    @width.setter
    def width(self, value: float) -> None:
        self._set(edges_of(framing.with_width(self.frame, value, self._kept(), 1)))

    @property
    def height(self) -> float:
        return self.frame.height

    @height.setter
    def height(self, value: float) -> None:
        self._set(edges_of(framing.with_height(self.frame, value, self._kept(), 1)))

    @property
    def ratio(self) -> Ratio:
        """Another ratio makes the frame smaller, around its middle."""
        return self._ratio

    @ratio.setter
    def ratio(self, value: Ratio) -> None:
        self._ratio = value
        kept = self._kept()
        if kept is not None and self._edges is not None:
            self._set(edges_of(framing.within(self.frame, kept, 1)))

    # ---------------------------------------------------------------- what is seen

    def overlay(self) -> Sequence[Mark]:
        if self._edges is None:
            return ()
        lines = None
        if self.thirds:
            frame, lines = self.frame, QPainterPath()
            for third in (1 / 3, 2 / 3):
                x, y = frame.x + frame.width * third, frame.y + frame.height * third
                lines.moveTo(x, frame.y)
                lines.lineTo(x, frame.bottom)
                lines.moveTo(frame.x, y)
                lines.lineTo(frame.right, y)
        return framing.marks(self.frame, self.document.state.canvas, lines)

    # ----------------------------------------------------------------

    def _kept(self, pointer: Pointer | None = None) -> float | None:
        """Width ÷ height that has to stay."""
        if self._ratio is Ratio.FREE and pointer is not None and pointer.shift:
            started = self._start[1] if self._start else None
            if self._grip is None or started is None:
                return 1.0  # a new frame with Shift is a square
            return (started[2] - started[0]) / (started[3] - started[1])
        return kept_by(self._ratio, self.document.state.canvas)

    def _grip_at(self, pointer: Pointer) -> tuple[float, float] | None:
        return grip_at(self._edges, pointer) if self._edges is not None else None

    def _set(self, edges: Edges) -> None:
        self._edges = edges
        self._changed()

    def _changed(self) -> None:
        self.desk.overlay_changed()
        self.desk.options_changed()
