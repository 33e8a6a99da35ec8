"""Free transformation: scale, turn, flip, skew and pull in perspective what a layer has or what is selected of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import atan2, degrees, hypot

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath, QPolygonF, QTransform

from kandinsky_studio.document.document import Document
from kandinsky_studio.document.layers import State
from kandinsky_studio.errors import QT_TRANSLATE_NOOP, StudioError
from kandinsky_studio.tools.base import Desk, Ink, Mark, Option, Pointer, Tool
from kandinsky_studio.tools.lifting import Lift, Part, subject, take_up
from kandinsky_studio.tools.resampling import Warp
from kandinsky_studio.tools.selecting import outline
from kandinsky_studio.tools.transforming import CORNERS, SIDES, Matrix, Point, Pose, corners, is_identity

_GRIP = 9.0  # pixels of the screen around a handle
_TURN_STEP = 15.0  # degrees, with Shift
_MIDDLE: Point = (0.5, 0.5)
_MOVE, _TURN, _PIVOT, _HANDLE = range(4)


class Transform(Tool):
    """A frame around what is transformed. Every draft and the result are made from the original pixels."""

    id = "transform"
    title = QT_TRANSLATE_NOOP("tools", "Transform")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Shift keeps proportions or steps of 15°, Alt the middle; Ctrl pulls corners and sides. Enter applies."
    )
    cursor = "move"
    options = (
        Option("x", QT_TRANSLATE_NOOP("tools", "X"), minimum=-16384, maximum=16384, decimals=1, unit="px"),
        Option("y", QT_TRANSLATE_NOOP("tools", "Y"), minimum=-16384, maximum=16384, decimals=1, unit="px"),
        Option(
            "scale_x", QT_TRANSLATE_NOOP("tools", "Width"), minimum=-50, maximum=50, decimals=1, unit="%", factor=100
        ),
        Option(
            "scale_y", QT_TRANSLATE_NOOP("tools", "Height"), minimum=-50, maximum=50, decimals=1, unit="%", factor=100
        ),
        Option("proportional", QT_TRANSLATE_NOOP("tools", "Keep proportions"), "switch"),
        Option("angle", QT_TRANSLATE_NOOP("tools", "Angle"), minimum=-180, maximum=180, decimals=1, unit="°"),
        Option("flip_horizontal", QT_TRANSLATE_NOOP("tools", "Flip horizontally"), "button"),
        Option("flip_vertical", QT_TRANSLATE_NOOP("tools", "Flip vertically"), "button"),
        Option("turn_left", QT_TRANSLATE_NOOP("tools", "Turn left"), "button", folded=True),
        Option("turn_right", QT_TRANSLATE_NOOP("tools", "Turn right"), "button", folded=True),
        Option(
            "part",
            QT_TRANSLATE_NOOP("tools", "What"),
            "choice",
            choices=(
                (Part.CONTENT, QT_TRANSLATE_NOOP("tools", "Layer or what is selected")),
                (Part.MASK, QT_TRANSLATE_NOOP("tools", "Layer mask")),
                (Part.SELECTION, QT_TRANSLATE_NOOP("tools", "Outline of the selection")),
            ),
            folded=True,
        ),
        Option("smooth", QT_TRANSLATE_NOOP("tools", "Smooth pixels"), "switch", folded=True),
    )
    proportional: bool = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._part = Part.CONTENT
        self._smooth = True
        self._lift: Lift | None = None
        self._seen: tuple[Document, State, int | None, bool, bool] | None = None  # when it was taken up
        self._pose: Pose | None = None
        self._pivot: Point = _MIDDLE  # a part of the box
        self._outline: QPainterPath | None = None
        self._grip: tuple[int, Point] | None = None
        self._start: tuple[Pointer, Pose, Point] | None = None

    # ---------------------------------------------------------------- what goes on

    @property
    def busy(self) -> bool:
        return self._lift is not None

    def begin(self) -> None:
        try:
            self._hold()
        except StudioError:
            self._let_go()  # a press will say it
        self._changed()

    def finish(self) -> None:
        lift, pose = self._lift, self._pose
        self._let_go()
        if lift is not None and pose is not None and lift.is_open:
            lift.land(Warp(pose.matrix, lift.document.state.canvas, self._smooth))
        self._changed()

    def abandon(self) -> None:
        if self._lift is not None:
            self._lift.cancel()
        self._let_go()
        self._changed()

    # ---------------------------------------------------------------- the pointer

    def press(self, pointer: Pointer) -> None:
        shown = self.busy
        pose = self._hold()
        grip = self._grip_at(pointer, pose)
        if not shown and grip[0] == _TURN:
            return  # the frame has just come to be seen; nobody meant to turn it
        self._grip, self._start = grip, (pointer, pose, self._pivot)

    def move(self, pointer: Pointer) -> None:
        if self._grip is None or self._start is None:
            return
        kind, handle = self._grip
        first, pose, _ = self._start
        dx, dy = pointer.x - first.x, pointer.y - first.y
        if kind == _PIVOT:
            self._pivot = pose.local(pointer.x, pointer.y) if not pose.is_pulled else self._pivot
            self._changed()
            return
        if kind == _MOVE:
            if pointer.shift:
                dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
            new = pose.moved(dx, dy)
        elif kind == _TURN:
            new = self._turned(pose, first, pointer)
        elif pointer.control:
            new = pose.pulled(handle, dx, dy, pointer.shift)
        else:
            still = self._pivot if pointer.alt else (1 - handle[0], 1 - handle[1])
            new = pose.dragged(handle, dx, dy, still, pointer.shift != self.proportional)
        self._put(new)

    def release(self, pointer: Pointer) -> None:
        self.move(pointer)
        self._grip = self._start = None
        self._changed()

    def cancel(self) -> None:
        if self._start is not None:
            _, pose, self._pivot = self._start
            self._grip = self._start = None
            self._put(pose)

    def double_click(self, pointer: Pointer) -> None:
        if self._pose is not None and self._grip_at(pointer, self._pose)[0] in (_MOVE, _PIVOT):
            self.finish()

    # ---------------------------------------------------------------- numbers and buttons

    @property
    def x(self) -> float:
        """Of the middle, in pixels of the document."""
        return self._pose.x if self._pose else 0.0

    @x.setter
    def x(self, value: float) -> None:
        self._change(lambda pose: replace(pose, x=value))

    @property
    def y(self) -> float:
        return self._pose.y if self._pose else 0.0

    @y.setter
    def y(self, value: float) -> None:
        self._change(lambda pose: replace(pose, y=value))

    @property
    def scale_x(self) -> float:
        """1 is as wide as it was; negative is flipped."""
        return self._pose.scale_x if self._pose else 1.0

    @scale_x.setter
    def scale_x(self, value: float) -> None:
        def scaled(pose: Pose) -> Pose:
            by = value / pose.scale_x
            return pose.scaled(by, abs(by) if self.proportional else 1.0, self._pivot)

        self._change(scaled)

    @property
    def scale_y(self) -> float:
        return self._pose.scale_y if self._pose else 1.0

    @scale_y.setter
    def scale_y(self, value: float) -> None:
        def scaled(pose: Pose) -> Pose:
            by = value / pose.scale_y
            return pose.scaled(abs(by) if self.proportional else 1.0, by, self._pivot)

        self._change(scaled)

    @property
    def angle(self) -> float:
        """In degrees clockwise, -180 … 180."""
        return self._pose.angle if self._pose else 0.0

    @angle.setter
    def angle(self, value: float) -> None:
        self._change(lambda pose: pose.turned(value - pose.angle, pose.exactly(*self._pivot)))

    def flip_horizontal(self) -> None:
        self._change(lambda pose: pose.scaled(-1, 1))

    def flip_vertical(self) -> None:
        self._change(lambda pose: pose.scaled(1, -1))

    def turn_left(self) -> None:
        self._change(lambda pose: pose.turned(-90, pose.exactly(*_MIDDLE)))

    def turn_right(self) -> None:
        self._change(lambda pose: pose.turned(90, pose.exactly(*_MIDDLE)))

    @property
    def part(self) -> Part:
        """What is transformed. Another choice ends what goes on."""
        return self._part

    @part.setter
    def part(self, value: Part) -> None:
        if value is not self._part:
            shown = self.busy
            self.finish()
            self._part = value
            if shown:
                self.begin()

    @property
    def smooth(self) -> bool:
        """Whether pixels are mixed; without it they keep their colours, and their steps."""
        return self._smooth

    @smooth.setter
    def smooth(self, value: bool) -> None:
        self._smooth = value
        if self._pose is not None:
            self._put(self._pose)

    # ---------------------------------------------------------------- what is seen

    def overlay(self) -> Sequence[Mark]:
        if self._lift is not None and not self._lift.is_open and self._seen != self._now():
            self.begin()  # something else changed the document: the frame goes where the pixels are now
        pose, lift = self._pose, self._lift
        if pose is None or lift is None:
            return ()
        matrix = pose.matrix
        marks = []
        if self._outline is not None and lift.is_open:
            marks.append(Mark(_transform(matrix).map(self._outline), Ink.ANTS))
        frame = QPainterPath()
        frame.addPolygon(QPolygonF([QPointF(*point) for point in corners(matrix, pose.box)]))
        frame.closeSubpath()
        marks.append(Mark(frame, Ink.FRAME))
        for place in (*CORNERS, *SIDES, self._pivot):
            marks.append(Mark(QPainterPath(QPointF(*pose.place(*place))), Ink.HANDLE))
        return marks

    # ----------------------------------------------------------------

    def _now(self) -> tuple[Document, State, int | None, bool, bool]:
        document = self.document
        return document, document.state, document.active_id, self.desk.quick_mask, self.desk.edit_mask

    def _hold(self) -> Pose:
        """What is transformed, taken up now if it is not yet. Raises as ``take_up`` does."""
        if self._lift is not None and self._pose is not None and (self._lift.is_open or self._seen == self._now()):
            return self._pose
        self._let_go()
        lift = take_up(self.document, *subject(self.desk, self._part))
        self._lift, self._seen, self._pose = lift, self._now(), Pose.of(lift.box)
        self._outline = outline(lift.selection.surface) if lift.selection is not None else None
        return self._pose

    def _change(self, change: Callable[[Pose], Pose]) -> None:
        """By a number or a button: what can't be done is told, for nobody waits for an error there."""
        try:
            pose = self._hold()
        except StudioError as error:
            self.desk.fail(error)
            self._changed()
        else:
            self._put(change(pose))

    def _let_go(self) -> None:
        self._lift = self._pose = self._seen = self._outline = self._grip = self._start = None
        self._pivot = _MIDDLE

    def _put(self, pose: Pose) -> None:
        """Show the pixels at ``pose``, if there is such a place; where they were, there is no step to be made."""
        lift = self._lift
        if lift is None or not pose.is_possible:
            return
        self._pose = pose
        matrix = pose.matrix
        if is_identity(matrix):
            lift.cancel()
            self._seen = self._now()
        else:
            if not lift.is_open:
                lift.open(QT_TRANSLATE_NOOP("steps", "Transform"))
            lift.draft(Warp(matrix, self.document.state.canvas, self._smooth))
        self._changed()

    def _turned(self, pose: Pose, first: Pointer, now: Pointer) -> Pose:
        around = pose.exactly(*self._pivot)
        by = degrees(atan2(now.y - around[1], now.x - around[0]) - atan2(first.y - around[1], first.x - around[0]))
        if now.shift:
            by = round((pose.angle + by) / _TURN_STEP) * _TURN_STEP - pose.angle
        return pose.turned(by, around)

    def _grip_at(self, pointer: Pointer, pose: Pose) -> tuple[int, Point]:
        """What of the frame is under the pointer."""

        def away(place: Point) -> float:
            x, y = pose.place(*place)
            return hypot(pointer.x - x, pointer.y - y) * pointer.scale

        nearest = min((*CORNERS, *SIDES), key=away)
        if away(nearest) <= _GRIP:
            return _HANDLE, nearest
        if away(self._pivot) <= _GRIP:
            return _PIVOT, _MIDDLE
        polygon = QPolygonF([QPointF(*point) for point in corners(pose.matrix, pose.box)])
        inside = QPainterPath()
        inside.addPolygon(polygon)
        return (_MOVE if inside.contains(pointer.point) else _TURN), _MIDDLE

    def _changed(self) -> None:
        self.desk.overlay_changed()
        self.desk.options_changed()


def _transform(matrix: Matrix) -> QTransform:
    """Qt multiplies rows where we multiply columns."""
    return QTransform(*(float(value) for value in matrix.T.flat))
