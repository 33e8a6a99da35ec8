"""When a hand that paints rests: the pause after which one may look at what it has drawn."""

from __future__ import annotations

import threading
from collections import deque
from statistics import median
from time import monotonic

SHORTEST, LONGEST = 0.15, 0.4  # seconds
_STROKE = 0.05  # seconds between two changes up to which they belong to one movement
_AWAY = 1.5  # and from which on the hand was doing something else
_MORE = 1.3  # times the usual gap between two strokes is a rest
_REMEMBERED = 9  # gaps
_LOOK = 0.1  # seconds after which one that waits looks whether the hand has gone on


class Pauses:
    """Learns from the moments of changes (seconds, ever later) how long the gaps between this hand's strokes are."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._gaps: deque[float] = deque(maxlen=_REMEMBERED)

    def beat(self, moment: float) -> None:
        """Something was changed at ``moment``."""
        if self._last is not None and _STROKE < moment - self._last < _AWAY:
            self._gaps.append(moment - self._last)
        self._last = moment

    @property
    def rest(self) -> float:
        """Seconds without a change after which the hand rests: a little longer than its gaps usually are."""
        if not self._gaps:
            return (SHORTEST + LONGEST) / 2
        return min(max(_MORE * median(self._gaps), SHORTEST), LONGEST)


class Hold:
    """Makes another thread wait while the hand moves. All but :meth:`wait` is for the window's thread."""

    def __init__(self) -> None:
        self._until = 0.0
        self._released = threading.Event()

    def moved(self, moment: float, rest: float) -> None:
        """The hand moved at ``moment``, and rests if it does not within ``rest`` seconds."""
        self._until = moment + rest
        self._released.clear()

    def release(self) -> None:
        """Nobody has to wait any more."""
        self._until = 0.0
        self._released.set()

    def wait(self) -> None:
        """Return once the hand rests: at once, if it does."""
        while (left := self._until - monotonic()) > 0 and not self._released.wait(min(left, _LOOK)):
            pass
