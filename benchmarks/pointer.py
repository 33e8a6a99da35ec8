"""The pointer of somebody who paints, whose events come as regularly as those of a tablet."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QMouseEvent

TICK = 0.008  # seconds from one event of the pointer to the next
STROKES = 8.0  # seconds of painting for each row
STROKE = 1.5  # seconds of one stroke


def mouse(kind: str, place: QPointF, on_screen: QPointF) -> QMouseEvent:
    """A "press", "move" or "release" of the left button, which is held in between."""
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtGui import QMouseEvent

    button, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    types = {
        "press": (QEvent.Type.MouseButtonPress, button, button),
        "move": (QEvent.Type.MouseMove, none, button),
        "release": (QEvent.Type.MouseButtonRelease, button, none),
    }
    type_, changed, held = types[kind]
    return QMouseEvent(type_, place, place, on_screen, changed, held, Qt.KeyboardModifier.NoModifier)


def post_strokes(post: Callable[[str, float, float], None], rest: float = 0.0) -> None:
    """Post the pointer's events of some strokes when they are due, from an event loop that ends after the last.

    The hand rests for ``rest`` seconds after each stroke. ``post`` gets what it is ("press", "move" or "release"), when it is due, by the performance counter, and how many
    seconds that is after the beginning.
    """
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    loop, timer = QEventLoop(), QTimer()
    start = time.perf_counter()
    due = start + TICK
    rests = 0.0  # so far

    def tick() -> None:
        nonlocal due, rests
        now = time.perf_counter()
        while due <= now:
            number = round((due - start - rests) / TICK)
            in_stroke = number % round(STROKE / TICK)
            if in_stroke == 1:
                post("press", due, due - start)
            post("move", due, due - start)
            if in_stroke == 0 and number:
                post("release", due, due - start)
                due += rest
                rests += rest
            due += TICK
        if now - start - rests > STROKES:
            post("release", now, now - start)
            timer.stop()
            QTimer.singleShot(100, loop.quit)
            return
        timer.start(max(0, math.floor((due - time.perf_counter()) * 1000)))

    timer.setSingleShot(True)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(0)
    loop.exec()
