"""What all tools that draw strokes have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

from PySide6.QtGui import QPainterPath

from kandinsky_studio.document.document import Document, Edit
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.curves import STRAIGHT, Points, tidy
from kandinsky_studio.tools.dabs import LARGEST, SMALLEST, Coverage, Stamps
from kandinsky_studio.tools.smoothing import Place
from kandinsky_studio.tools.stroke import BrushSettings, Stroke
from kandinsky_studio.tools.target import Paint, Target, open_target

SIZE = Option(
    "size", QT_TRANSLATE_NOOP("tools", "Size"), minimum=SMALLEST, maximum=LARGEST, unit="px", logarithmic=True
)
HARDNESS = Option("hardness", QT_TRANSLATE_NOOP("tools", "Hardness"), factor=100, unit="%")
OPACITY = Option("opacity", QT_TRANSLATE_NOOP("tools", "Opacity"), minimum=0.01, factor=100, unit="%")
FLOW = Option("flow", QT_TRANSLATE_NOOP("tools", "Flow"), minimum=0.01, factor=100, unit="%")
SMOOTHING = Option("smoothing", QT_TRANSLATE_NOOP("tools", "Smoothing"), factor=100, unit="%")
SPACING = Option(
    "spacing",
    QT_TRANSLATE_NOOP("tools", "Spacing"),
    minimum=0.01,
    maximum=2.0,
    factor=100,
    unit="%",
    logarithmic=True,
    folded=True,
)
ROUNDNESS = Option(
    "roundness", QT_TRANSLATE_NOOP("tools", "Roundness"), minimum=0.05, factor=100, unit="%", folded=True
)
ANGLE = Option("angle", QT_TRANSLATE_NOOP("tools", "Angle"), minimum=-180, maximum=180, unit="°", folded=True)
PRESSURE_SIZE = Option("pressure_size", QT_TRANSLATE_NOOP("tools", "Pressure changes the size"), "switch")
PRESSURE_OPACITY = Option("pressure_opacity", QT_TRANSLATE_NOOP("tools", "Pressure changes the opacity"), "switch")
PRESSURE_FLOW = Option("pressure_flow", QT_TRANSLATE_NOOP("tools", "Pressure changes the flow"), "switch", folded=True)
PRESSURE_CURVE = Option("pressure_curve", QT_TRANSLATE_NOOP("tools", "Pressure curve"), "curve", folded=True)
TILT = Option("tilt_roundness", QT_TRANSLATE_NOOP("tools", "Tilt flattens the brush"), "switch", folded=True)

HINT = QT_TRANSLATE_NOOP("tools", "Drag to paint; Shift and a click draw a straight line from where you left off.")

OUTSIDE = QT_TRANSLATE_NOOP("tools", "Nothing was painted: this is outside the selection.")

STAMPS = Stamps()  # of all brushes: the same dab is the same for each of them
_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 50, 60, 70, 80, 100)


class PaintingTool(Tool):
    """Draws strokes; each is one step of the undo list. The attributes are the options, see :class:`BrushSettings`."""

    paints = True
    cursor = "brush"
    step: ClassVar[str]  # the name of a stroke in the undo list
    erases: ClassVar[bool] = False
    inpaints: ClassVar[bool] = False  # paints the inpaint mask, whatever layer is active

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 20.0
        self.hardness = 0.8
        self.opacity = 1.0
        self.flow = 1.0
        self.spacing = 0.1
        self.smoothing = 0.0
        self.roundness = 1.0
        self.angle = 0.0
        self.pressure_size = True
        self.pressure_opacity = False
        self.pressure_flow = False
        self.tilt_roundness = False
        self._pressure_curve: Points = STRAIGHT
        self._edit: Edit | None = None
        self._stroke: Stroke | None = None
        self._pen = Place(0, 0)
        self._last: tuple[Document, Place] | None = None  # where the last stroke ended
        self._line: QPainterPath | None = None  # where Shift and a click would draw

    @property
    def pressure_curve(self) -> Points:
        """What the pen's pressure means: points (pressure, effect), both 0 … 1, from left to right."""
        return self._pressure_curve

    @pressure_curve.setter
    def pressure_curve(self, points: Sequence[tuple[float, float]]) -> None:
        self._pressure_curve = tidy(points)

    @property
    def cursor_size(self) -> float:
        return self.size

    @property
    def settings(self) -> BrushSettings:
        """What the next stroke is drawn with."""
        return BrushSettings(
            size=min(max(self.size, SMALLEST), LARGEST),
            hardness=self.hardness,
            opacity=self.opacity,
            flow=self.flow,
            spacing=self.spacing,
            roundness=self.roundness,
            angle=self.angle,
            curve=self._pressure_curve,
            pressure_size=self.pressure_size,
            pressure_opacity=self.pressure_opacity,
            pressure_flow=self.pressure_flow,
            tilt_roundness=self.tilt_roundness,
        )

    def larger(self) -> None:
        self.size = next((float(step) for step in _steps() if step > self.size), LARGEST)

    def smaller(self) -> None:
        self.size = next((float(step) for step in reversed(_steps()) if step < self.size), SMALLEST)

    def harder(self, by: float = 0.1) -> None:
        """By ``by``; softer if it is negative."""
        self.hardness = round(min(max(self.hardness + by, 0.0), 1.0), 6)

    def softer(self) -> None:
        self.harder(-0.1)

    def more_opacity(self, by: float = 0.1) -> None:
        """By ``by``; less if it is negative. Never nothing."""
        self.opacity = round(min(max(self.opacity + by, 0.01), 1.0), 6)

    def less_opacity(self) -> None:
        self.more_opacity(-0.1)

    def press(self, pointer: Pointer) -> None:
        if self._edit is not None or self.document.editing:
            return
        self._hide_line()
        self._edit = self.document.edit(self.step)
        with self._cancelling():
            target = open_target(self.desk, self._edit, self.inpaints)
            self._stroke = stroke = self.stroke(self._edit, target, pointer)
            self._pen = place(pointer)
            begin = self._begin(pointer)
            if begin is None:
                stroke.begin(self._pen)
            else:
                stroke.begin(begin._replace(pressure=self._pen.pressure))
                stroke.line(self._pen)

    def move(self, pointer: Pointer) -> None:
        if self._stroke is None:
            return
        self._pen = place(pointer)
        with self._cancelling():
            self._stroke.move(self._pen)

    def release(self, pointer: Pointer) -> None:
        if self._edit is None or self._stroke is None:
            return
        # A pen that has left the tablet does not press: its last place counts with the pressure that was.
        end = place(pointer)._replace(pressure=self._pen.pressure)
        with self._cancelling():
            if end.distance(self._pen) > 0:
                self._stroke.move(end)
            self._stroke.end()
        self._last = self.document, end
        edit, self._edit, self._stroke = self._edit, None, None
        if not edit.commit() and self.document.state.selection is not None:
            self.desk.say(OUTSIDE)

    def cancel(self) -> None:
        self._stroke = None
        if self._edit is not None:
            edit, self._edit = self._edit, None
            edit.cancel()

    def hover(self, pointer: Pointer) -> None:
        begin = self._begin(pointer)
        if begin is None:
            self._hide_line()
            return
        self._line = QPainterPath(pointer.point)
        self._line.lineTo(begin.x, begin.y)
        self.desk.overlay_changed()

    def overlay(self) -> Sequence[Mark]:
        return () if self._line is None else (Mark(self._line, Ink.LINE),)

    def _begin(self, pointer: Pointer) -> Place | None:
        """Where a straight line to ``pointer`` would begin; None if none is wanted."""
        if not pointer.shift or self._last is None or self._last[0] is not self.document:
            return None
        return self._last[1]

    def _hide_line(self) -> None:
        if self._line is not None:
            self._line = None
            self.desk.overlay_changed()

    @contextmanager
    def _cancelling(self) -> Iterator[None]:
        """What fails inside leaves no half of a stroke."""
        try:
            yield
        except BaseException:
            self.cancel()
            raise

    def stroke(self, edit: Edit, target: Target, pointer: Pointer) -> Stroke:
        """What draws the stroke that begins. Here: it covers with one colour, or wipes out."""
        erase = self.erases or pointer.eraser
        paint = Paint(edit, target, self.desk.background if erase else self.desk.foreground, erase)
        settings, coverage = self.settings, Coverage(edit.state.canvas)

        def painted(rect: Rect) -> None:
            for part, alpha in coverage.news(rect, settings.opacity):
                paint.cover(part, alpha)

        return Stroke(settings, coverage, STAMPS, painted, self.smoothing, pointer.scale)


def place(pointer: Pointer) -> Place:
    """What a stroke needs to know of a pointer."""
    return Place(pointer.x, pointer.y, min(max(pointer.pressure, 0.0), 1.0), pointer.tilt_x, pointer.tilt_y)


def _steps() -> tuple[int, ...]:
    """The sizes that keys go through: each about a tenth larger, and whole."""
    steps = list(_STEPS)
    while steps[-1] < LARGEST:
        by = 20 if steps[-1] < 200 else 50 if steps[-1] < 500 else 100
        steps.append(steps[-1] + by)
    return tuple(steps)
