"""From presses, moves and keys to what a tool, or the view itself, does. One gesture at a time, always ended."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import atan2, degrees
from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from kandinsky_studio.errors import StudioError
from kandinsky_studio.tools.base import Desk, Pointer, Tool
from kandinsky_studio.ui.easel.camera import Camera

_TO_RESIZE = 5.0  # pixels of the desktop that a press with Shift has to move before it changes the brush
_ZOOM_PIXELS = 150.0  # of the desktop, for a factor of e
_HARDNESS_PIXELS = 200.0  # of the desktop, from soft to hard
_Button, _Key = Qt.MouseButton, Qt.KeyboardModifier


class Doing(enum.Enum):
    """What the gesture that goes on does."""

    NOTHING = "nothing"
    TOOL = "tool"
    PICK = "pick"
    PAN = "pan"
    ROTATE = "rotate"
    ZOOM = "zoom"
    SIZE = "size"
    SIZE_OR_LINE = "size or line"  # Shift is held: a brush is resized by a drag, draws a line by a click
    DONE = "done"  # it was ended while the button is still held


@dataclass(frozen=True)
class Sample:
    """What an input device said. ``at`` is in pixels of the widget, ``time`` in seconds."""

    at: QPointF
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    time: float = 0.0
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    eraser: bool = False
    pen: bool = False


class Stand(Protocol):
    """What gestures need of the view that they happen in."""

    camera: Camera
    desk: Desk | None

    def camera_moved(self) -> None: ...
    def gesture_changed(self) -> None: ...
    def brush_changed(self) -> None: ...
    def ask_popup(self, at: QPointF) -> None: ...


class Gestures:
    """Feeds ``tool``; ``picker`` is the tool that Alt or Ctrl turn a painting tool into."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.tool: Tool | None = None
        self.picker: Tool | None = None
        self.doing = Doing.NOTHING
        self.space = False
        self.anchor: QPointF | None = None  # where the circle of a brush that is resized stays, in device pixels
        self._button = _Button.NoButton
        self._first = Sample(QPointF())
        self._last = Sample(QPointF())
        self._size = self._hardness = self._angle = 0.0
        self._clicked: tuple[float, QPointF] | None = None  # when and where the last click was
        self._double = False

    def set_tool(self, tool: Tool | None) -> None:
        """Use another tool. A gesture that goes on is ended first, and so is what the old tool was busy with."""
        if tool is self.tool:
            return
        self.end()
        if self.tool is not None and self.tool.busy:
            self._safely(self.tool.finish)
        self.tool = tool
        if tool is not None:
            self._safely(tool.begin)

    @property
    def active(self) -> bool:
        return self.doing not in (Doing.NOTHING, Doing.DONE)

    @property
    def button(self) -> Qt.MouseButton:
        """The one that holds the gesture."""
        return self._button

    def wanted(self, modifiers: Qt.KeyboardModifier, button: Qt.MouseButton = _Button.LeftButton) -> Doing:
        """What a press would begin."""
        control, alt, shift = _Key.ControlModifier, _Key.AltModifier, _Key.ShiftModifier
        resizable = self.tool is not None and self.tool.paints and hasattr(self.tool, "size")
        if button is _Button.MiddleButton or (button is _Button.LeftButton and self.space):
            return Doing.ZOOM if modifiers & control else Doing.ROTATE if modifiers & shift else Doing.PAN
        if button is _Button.RightButton:
            return Doing.SIZE if modifiers & alt and resizable else Doing.NOTHING
        if button is not _Button.LeftButton or self.tool is None:
            return Doing.NOTHING
        if self.tool.paints and self.picker is not None and modifiers & (alt | control):
            return Doing.PICK
        if resizable and modifiers & shift:
            return Doing.SIZE_OR_LINE
        return Doing.TOOL

    def press(self, sample: Sample, button: Qt.MouseButton) -> None:
        """A button went down. A second one during a gesture is not heard of."""
        if self.doing is not Doing.NOTHING:
            return
        doing = self.wanted(sample.modifiers, button)
        if doing is Doing.NOTHING:
            if button is _Button.RightButton:
                self._stand.ask_popup(sample.at)
            return
        self._double = self._is_double(sample) and doing is Doing.TOOL
        self._button, self._first, self._last = button, sample, sample
        self.doing = doing
        if doing in (Doing.TOOL, Doing.PICK):
            tool = self._in_hand()
            if tool is not None and not self._safely(tool.press, self.pointer(sample)):
                self.doing = Doing.DONE
        elif doing in (Doing.SIZE, Doing.SIZE_OR_LINE):
            self._size = float(getattr(self.tool, "size", 0.0))
            self._hardness = float(getattr(self.tool, "hardness", 0.0))
            self.anchor = sample.at * self._stand.camera.ratio if doing is Doing.SIZE else None
        elif doing is Doing.ROTATE:
            self._angle = self._stand.camera.angle
        self._stand.gesture_changed()

    def move(self, sample: Sample, buttons: Qt.MouseButton | None = None) -> None:
        """The pointer moved. ``buttons`` are those held, if known: without its own a gesture ended unseen."""
        if self.doing is not Doing.NOTHING and buttons is not None and not buttons & self._button:
            self.end()
        last, self._last = self._last, sample
        camera = self._stand.camera
        by = (sample.at - last.at) * camera.ratio
        if self.doing is Doing.NOTHING:
            if self.tool is not None:
                self._safely(self.tool.hover, self.pointer(sample))
        elif self.doing in (Doing.TOOL, Doing.PICK):
            tool = self._in_hand()
            if tool is not None:
                self._safely(tool.move, self.pointer(sample))
        elif self.doing is Doing.PAN:
            camera.pan(by)
            self._stand.camera_moved()
        elif self.doing is Doing.ROTATE:
            self._rotate(sample)
        elif self.doing is Doing.ZOOM:
            factor = 2.718281828 ** ((sample.at.x() - last.at.x() - sample.at.y() + last.at.y()) / _ZOOM_PIXELS)
            camera.zoom_to(camera.zoom * factor, self._first.at * camera.ratio, stop=False)
            self._stand.camera_moved()
        elif self.doing is Doing.SIZE_OR_LINE:
            if (sample.at - self._first.at).manhattanLength() >= _TO_RESIZE:
                self.doing = Doing.SIZE
                self.anchor = self._first.at * camera.ratio
                self._stand.gesture_changed()
        elif self.doing is Doing.SIZE:
            self._resize(sample)

    def release(self, sample: Sample, button: Qt.MouseButton) -> None:
        """A button went up."""
        if self.doing is Doing.NOTHING or button is not self._button:
            return
        self._last = sample
        doing, tool = self.doing, self._in_hand()
        pointer = self.pointer(sample)
        if doing in (Doing.TOOL, Doing.PICK) and tool is not None:
            clicked = (sample.at - self._first.at).manhattanLength() < QApplication.startDragDistance()
            if self._safely(tool.release, pointer) and doing is Doing.TOOL and clicked:
                if self._double:
                    self._safely(tool.double_click, pointer)
                self._clicked = None if self._double else (sample.time, sample.at)
        elif doing is Doing.SIZE_OR_LINE and self.tool is not None:
            first = self.pointer(self._first)
            if self._safely(self.tool.press, first):
                self.doing = Doing.TOOL
                self._safely(self.tool.release, first)
        self._over()

    def end(self) -> None:
        """Nobody will say when the button goes up: end the gesture as if it did where it was seen last."""
        if self.doing is not Doing.NOTHING:
            if self.doing is Doing.SIZE_OR_LINE:
                self.doing = Doing.DONE  # a click that nobody finished is none
            self.release(self._last, self._button)
        self.space = False

    def cancel(self) -> bool:
        """Take back the gesture that goes on, or else what the tool is busy with. False if there was nothing."""
        tool = self._in_hand()
        if self.active:
            doing, self.doing = self.doing, Doing.DONE
            if doing in (Doing.TOOL, Doing.PICK) and tool is not None:
                self._safely(tool.cancel)
            elif doing is Doing.SIZE:
                self._set_brush(self._size, self._hardness)
            self.anchor = None
            self._stand.gesture_changed()
            return True
        if self.tool is not None and self.tool.busy:
            self._safely(self.tool.abandon)
            return True
        return False

    def finish(self) -> bool:
        """End for good what the tool is busy with. False if it is with nothing."""
        if self.tool is None or self.active or not self.tool.busy:
            return False
        self._safely(self.tool.finish)
        return True

    def take_back(self) -> bool:
        """Take back the last piece of what the tool is busy with. False if it is with nothing."""
        if self.tool is None or self.active or not self.tool.busy:
            return False
        self._safely(self.tool.take_back)
        return True

    def pointer(self, sample: Sample) -> Pointer:
        """``sample`` as tools want it."""
        camera = self._stand.camera
        at = camera.inverse.map(sample.at * camera.ratio)
        held = sample.modifiers
        pointer = Pointer(
            at.x(),
            at.y(),
            sample.pressure,
            sample.tilt_x,
            sample.tilt_y,
            sample.time,
            camera.zoom,
            camera.angle,
            bool(held & _Key.ShiftModifier),
            bool(held & _Key.AltModifier),
            bool(held & _Key.ControlModifier),
            sample.eraser,
            sample.pen,
        )
        if self.doing is Doing.PICK:  # the keys brought the tool, they say nothing to it
            pointer = replace(pointer, alt=False, control=False)
        return pointer

    def _in_hand(self) -> Tool | None:
        return self.picker if self.doing is Doing.PICK else self.tool

    def _over(self) -> None:
        self.doing = Doing.NOTHING
        self._button = _Button.NoButton
        self.anchor = None
        self._stand.gesture_changed()

    def _safely(self, act: Callable[..., None], *arguments: Pointer) -> bool:
        """Let a tool act. What fails takes the whole gesture back; the user hears of it. True if it went well."""
        desk = self._stand.desk
        editing = desk is not None and desk.document.editing
        try:
            act(*arguments)
        except StudioError as error:
            self._failed(act, editing)
            if desk is not None:
                desk.fail(error)
            return False
        except BaseException:
            self._failed(act, editing)
            raise
        return True

    def _failed(self, act: Callable[..., None], editing: bool) -> None:
        tool, desk = self._in_hand(), self._stand.desk
        going_on = self.active and tool is not None and act != tool.press
        # A tool that refuses a press has begun nothing, unless it broke half-way.
        begun = desk is not None and desk.document.editing and not editing
        if self.doing is not Doing.NOTHING:
            self.doing = Doing.DONE
        if tool is not None and (going_on or begun) and act != tool.cancel:
            tool.cancel()

    def _is_double(self, sample: Sample) -> bool:
        if self._clicked is None:
            return False
        time, at = self._clicked
        near = (sample.at - at).manhattanLength() < 2 * QApplication.startDragDistance()
        return near and 0 <= sample.time - time < QApplication.doubleClickInterval() / 1000

    def _rotate(self, sample: Sample) -> None:
        camera = self._stand.camera
        middle = camera.middle / camera.ratio
        before, now = self._first.at - middle, sample.at - middle
        turned = degrees(atan2(now.y(), now.x()) - atan2(before.y(), before.x()))
        angle = self._angle + turned
        if sample.modifiers & _Key.ControlModifier:
            angle = round(angle / 15) * 15.0
        camera.rotate_to(angle)
        self._stand.camera_moved()

    def _resize(self, sample: Sample) -> None:
        camera = self._stand.camera
        by = sample.at - self._first.at
        # The edge of the circle follows the pointer.
        self._set_brush(
            self._size + 2 * by.x() * camera.ratio / camera.zoom, self._hardness - by.y() / _HARDNESS_PIXELS
        )

    def _set_brush(self, size: float, hardness: float) -> None:
        assert self.tool is not None
        for attribute, value in (("size", size), ("hardness", hardness)):
            option = next((option for option in self.tool.options if option.attribute == attribute), None)
            if hasattr(self.tool, attribute):
                lowest, highest = (
                    (option.minimum, option.maximum) if option else (1.0 if attribute == "size" else 0, 1e4)
                )
                setattr(self.tool, attribute, min(max(value, lowest), highest))
        self._stand.brush_changed()
