"""Cut the canvas, or make it larger."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from math import hypot
from typing import TypeAlias

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document import image_operations
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.boxing import edge
from kandinsky_studio.tools.selecting import went

GRIP = 9.0  # pixels of the screen around a handle
HANDLES: tuple[tuple[float, float], ...] = ((0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5))

Edges: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


class Ratio(enum.Enum):
    """Width to height."""

    FREE = "free"
    CANVAS = "canvas"
    SQUARE = "1:1"
    FIVE_FOUR = "5:4"
    FOUR_THREE = "4:3"
    THREE_TWO = "3:2"
    SIXTEEN_NINE = "16:9"
    FOUR_FIVE = "4:5"
    THREE_FOUR = "3:4"
    TWO_THREE = "2:3"
    NINE_SIXTEEN = "9:16"


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
        Option("x", QT_TRANSLATE_NOOP("tools", "X"), minimum=-8192, maximum=8192, unit="px"),
        Option("y", QT_TRANSLATE_NOOP("tools", "Y"), minimum=-8192, maximum=8192, unit="px"),
        Option("width", QT_TRANSLATE_NOOP("tools", "Width"), minimum=1, maximum=8192, unit="px"),
        Option("height", QT_TRANSLATE_NOOP("tools", "Height"), minimum=1, maximum=8192, unit="px"),
        Option(
            "ratio",
            QT_TRANSLATE_NOOP("tools", "Ratio"),
            "choice",
            choices=(
                (Ratio.FREE, QT_TRANSLATE_NOOP("tools", "Free")),
                (Ratio.CANVAS, QT_TRANSLATE_NOOP("tools", "As the canvas")),
                *((ratio, ratio.value) for ratio in Ratio if ":" in ratio.value),
            ),
        ),
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
        self._grip: tuple[float, float] | None = None  # (0.5, 0.5) moves the frame; None draws a new one
        self._went = False

    # ---------------------------------------------------------------- what goes on

    @property
    def frame(self) -> Rect:
        """What the canvas will be, in pixels of the document; the canvas itself while there is no frame."""
        if self._edges is None:
            return self.document.state.canvas
        left, top, right, bottom = (edge(value) for value in self._edges)
        return Rect(left, top, max(right - left, 1), max(bottom - top, 1))

    @property
    def busy(self) -> bool:
        return self._edges is not None

    def begin(self) -> None:
        if self._edges is None:
            self._set(_edges(self.document.state.canvas))

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
        if self._grip == (0.5, 0.5) and self.frame == self.document.state.canvas:
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
        elif self._grip == (0.5, 0.5):
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
            self._set(_edges(self.frame))

    def cancel(self) -> None:
        if self._start is not None:
            self._edges = self._start[1]
        self._start = self._grip = None
        self._changed()

    def double_click(self, pointer: Pointer) -> None:
        if self._grip_at(pointer) == (0.5, 0.5):
            self.finish()

    # ---------------------------------------------------------------- numbers

    @property
    def x(self) -> float:
        return self.frame.x

    @x.setter
    def x(self, value: float) -> None:
        frame = self.frame
        self._set(_edges(frame.moved(round(value) - frame.x, 0)))

    @property
    def y(self) -> float:
        return self.frame.y

    @y.setter
    def y(self, value: float) -> None:
        frame = self.frame
        self._set(_edges(frame.moved(0, round(value) - frame.y)))

    @property
    def width(self) -> float:
        return self.frame.width

    @width.setter
    def width(self, value: float) -> None:
        frame, kept = self.frame, self._kept()
        width = max(round(value), 1)
        height = max(round(width / kept), 1) if kept else frame.height
        self._set(_edges(Rect(frame.x, frame.y, width, height)))

    @property
    def height(self) -> float:
        return self.frame.height

    @height.setter
    def height(self, value: float) -> None:
        frame, kept = self.frame, self._kept()
        height = max(round(value), 1)
        width = max(round(height * kept), 1) if kept else frame.width
        self._set(_edges(Rect(frame.x, frame.y, width, height)))

    @property
    def ratio(self) -> Ratio:
        """Another ratio makes the frame smaller, around its middle."""
        return self._ratio

    @ratio.setter
    def ratio(self, value: Ratio) -> None:
        self._ratio = value
        kept, frame = self._kept(), self.frame
        if kept is not None and self._edges is not None:
            width, height = min(frame.width, frame.height * kept), min(frame.height, frame.width / kept)
            size = max(round(width), 1), max(round(height), 1)
            place = frame.x + (frame.width - size[0]) // 2, frame.y + (frame.height - size[1]) // 2
            self._set(_edges(Rect(*place, *size)))

    # ---------------------------------------------------------------- what is seen

    def overlay(self) -> Sequence[Mark]:
        if self._edges is None:
            return ()
        frame, canvas = self.frame, self.document.state.canvas
        box = QRectF(frame.x, frame.y, frame.width, frame.height)
        inside, around = QPainterPath(), QPainterPath()
        inside.addRect(box)
        around.addRect(QRectF(canvas.x, canvas.y, canvas.width, canvas.height))
        marks = [Mark(around.subtracted(inside), Ink.SHADE)]
        if self.thirds:
            lines = QPainterPath()
            for third in (1 / 3, 2 / 3):
                x, y = box.x() + box.width() * third, box.y() + box.height() * third
                lines.moveTo(x, box.top())
                lines.lineTo(x, box.bottom())
                lines.moveTo(box.left(), y)
                lines.lineTo(box.right(), y)
            marks.append(Mark(lines, Ink.LINE))
        marks.append(Mark(inside, Ink.FRAME))
        for u, v in HANDLES:
            handle = QPointF(box.x() + u * box.width(), box.y() + v * box.height())
            marks.append(Mark(QPainterPath(handle), Ink.HANDLE))
        return marks

    # ----------------------------------------------------------------

    def _kept(self, pointer: Pointer | None = None) -> float | None:
        """Width ÷ height that has to stay."""
        if self._ratio is Ratio.FREE:
            if pointer is None or not pointer.shift:
                return None
            started = self._start[1] if self._start else None
            if self._grip is None or started is None:
                return 1.0  # a new frame with Shift is a square
            return (started[2] - started[0]) / (started[3] - started[1])
        if self._ratio is Ratio.CANVAS:
            canvas = self.document.state.canvas
            return canvas.width / canvas.height
        width, height = self._ratio.value.split(":")
        return int(width) / int(height)

    def _grip_at(self, pointer: Pointer) -> tuple[float, float] | None:
        if self._edges is None:
            return None
        left, top, right, bottom = self._edges

        def away(handle: tuple[float, float]) -> float:
            x, y = left + handle[0] * (right - left), top + handle[1] * (bottom - top)
            return hypot(pointer.x - x, pointer.y - y) * pointer.scale

        nearest = min(HANDLES, key=away)
        if away(nearest) <= GRIP:
            return nearest
        return (0.5, 0.5) if left <= pointer.x <= right and top <= pointer.y <= bottom else None

    def _set(self, edges: Edges) -> None:
        self._edges = edges
        self._changed()

    def _changed(self) -> None:
        self.desk.overlay_changed()
        self.desk.options_changed()


def _edges(rect: Rect) -> Edges:
    return rect.x, rect.y, rect.right, rect.bottom


def pulled(
    edges: Edges, handle: tuple[float, float], dx: float, dy: float, ratio: float | None, centred: bool
) -> Edges:
    """A handle pulled by (dx, dy); past the other side the frame turns over. With ``ratio`` the side that goes farther
    decides, with ``centred`` the middle stays."""
    left, top, right, bottom = edges
    across = {0: -dx, 0.5: 0.0, 1: dx}[handle[0]] * (2 if centred else 1)
    down = {0: -dy, 0.5: 0.0, 1: dy}[handle[1]] * (2 if centred else 1)
    width, height = right - left + across, bottom - top + down
    if ratio is not None:
        if handle[1] == 0.5 or (handle[0] != 0.5 and abs(width) >= abs(height) * ratio):
            height = abs(width) / ratio * (-1 if height < 0 else 1)
        else:
            width = abs(height) * ratio * (-1 if width < 0 else 1)
    # The part of the frame that stays where it is.
    still = (0.5, 0.5) if centred else (1 - handle[0], 1 - handle[1])
    x, y = left + still[0] * (right - left), top + still[1] * (bottom - top)
    ends_x = sorted((x - still[0] * width, x + (1 - still[0]) * width))
    ends_y = sorted((y - still[1] * height, y + (1 - still[1]) * height))
    return ends_x[0], ends_y[0], ends_x[1], ends_y[1]
