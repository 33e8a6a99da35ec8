"""From where the pen is to where the brush goes: a trembling hand made calm."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, hypot
from typing import NamedTuple

REACH = 120.0  # pixels of the screen that the brush lags behind at the most
_NEAR = 0.25  # pixels from which the brush has caught up


class Place(NamedTuple):
    """One place of a stroke, in pixels of the document. ``pressure`` is 0 … 1, the tilt in degrees from upright."""

    x: float
    y: float
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0

    def towards(self, other: Place, share: float) -> Place:
        """The place at ``share`` (0 … 1) of the way to ``other``."""
        return Place(
            self.x + (other.x - self.x) * share,
            self.y + (other.y - self.y) * share,
            self.pressure + (other.pressure - self.pressure) * share,
            self.tilt_x + (other.tilt_x - self.tilt_x) * share,
            self.tilt_y + (other.tilt_y - self.tilt_y) * share,
        )

    def distance(self, other: Place) -> float:
        return hypot(other.x - self.x, other.y - self.y)


class Stabiliser:
    """Follows the pen on two elastic strings, one behind the other, so that speed changes smoothly, too.

    What counts is the way that the pen went, not the time it took: fast and slow, with few events and with many, the
    same movement gives the same line. ``amount`` is 0 (none) … 1, ``scale`` screen pixels per pixel.
    """

    def __init__(self, start: Place, amount: float, scale: float = 1.0) -> None:
        self._length = REACH * amount * amount / 2 / max(scale, 1e-6)
        self._pen = self._first = self._second = start

    def follow(self, pen: Place) -> Place:
        """Where the brush is when the pen has come to ``pen``."""
        way = self._pen.distance(pen)
        self._pen = pen
        return self._pull(way)

    def catch_up(self) -> Iterator[Place]:
        """The way that is left to the pen."""
        if self._length > 0:
            while self._second.distance(self._pen) > _NEAR:
                yield self._pull(max(self._length, _NEAR))
        if self._second != self._pen:
            self._first = self._second = self._pen
            yield self._pen

    def _pull(self, way: float) -> Place:
        # Without length, the string is a stick; without a way, only what the pen does at its place is taken over.
        share = 1.0 if self._length <= 0 else 1 - exp(-way / self._length)
        self._first = self._first.towards(self._pen, share)
        self._second = self._second.towards(self._first, share)
        return self._second
