"""Turn the view as paper is turned on a table; the picture stays as it is."""

from __future__ import annotations

from math import atan2, degrees, hypot

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Option, Pointer, Tool, View

_STEP = 15.0  # degrees, with Shift
_DEAD = 8.0  # pixels of the screen around the middle where an angle means nothing


class RotateView(Tool):
    """Around the middle of what is seen."""

    id = "rotate_view"
    title = QT_TRANSLATE_NOOP("tools", "Rotate view")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Drag around the middle; Shift keeps to steps of 15°. The picture stays as it is."
    )
    cursor = "hand"
    options = (Option("reset", QT_TRANSLATE_NOOP("tools", "Upright"), "button"),)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pressed: float | None = None  # where the pointer was around the middle, in degrees
        self._before = 0.0  # of the view

    def press(self, pointer: Pointer) -> None:
        if self.desk.view is not None:
            self._pressed = _around(self.desk.view, pointer)
            self._before = pointer.rotation

    def move(self, pointer: Pointer) -> None:
        view = self.desk.view
        if view is None:
            return
        now = _around(view, pointer)
        if now is None or self._pressed is None:
            self._pressed = now if self._pressed is None else self._pressed
            return
        angle = self._before + now - self._pressed
        if pointer.shift:
            angle = round(angle / _STEP) * _STEP
        view.rotate_to((angle + 180) % 360 - 180)

    def release(self, pointer: Pointer) -> None:
        self.move(pointer)
        self._pressed = None

    def cancel(self) -> None:
        if self.desk.view is not None and self._pressed is not None:
            self.desk.view.rotate_to(self._before)
        self._pressed = None

    def reset(self) -> None:
        if self.desk.view is not None:
            self.desk.view.rotate_to(0.0)


def _around(view: View, pointer: Pointer) -> float | None:
    """The direction from the middle to the pointer on the screen, in degrees clockwise; None near the middle."""
    by = view.screen_point(pointer.point) - view.centre
    return degrees(atan2(by.y(), by.x())) if hypot(by.x(), by.y()) >= _DEAD else None
