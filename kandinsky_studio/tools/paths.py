"""Smooth curves through the places that a pen was seen at."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kandinsky_studio.tools.smoothing import Place

Line: TypeAlias = NDArray[np.float64]  # n × 5: x, y, pressure, tilt_x, tilt_y

_STEP = 3.0  # pixels between the corners of what stands for a curve
_CORNERS = 256
_PART = 48.0  # pixels between the corners of a straight line


def straight(begin: Place, end: Place) -> Line:
    """From ``begin`` to ``end``, with corners on the way so that no part is long."""
    corners = max(ceil(begin.distance(end) / _PART), 1)
    return np.linspace(begin, end, corners + 1, dtype=np.float64)


def curve(before: Place, begin: Place, end: Place, after: Place) -> Line:
    """From ``begin`` to ``end`` on the curve that goes through all four; both ends are in it.

    A centripetal Catmull-Rom curve: it makes no loops and no cusps, however unequal the distances are.
    """
    length = begin.distance(end)
    corners = min(ceil(length / _STEP), _CORNERS)
    if corners <= 1:
        return straight(begin, end)
    here = sqrt(length)
    near, far = sqrt(before.distance(begin)), sqrt(end.distance(after))
    leave, arrive = _tangent(before, begin, end, near, here, here), _tangent(begin, end, after, here, far, here)
    line = np.linspace(begin, end, corners + 1, dtype=np.float64)  # pressure and tilt go evenly
    t = np.linspace(0, 1, corners + 1)
    rest = 1 - t
    a, b = (1 + 2 * t) * rest * rest, t * t * (3 - 2 * t)
    c, d = t * rest * rest, -t * t * rest
    line[:, 0] = a * begin.x + b * end.x + c * leave[0] + d * arrive[0]
    line[:, 1] = a * begin.y + b * end.y + c * leave[1] + d * arrive[1]
    return line


def _tangent(p: Place, q: Place, r: Place, first: float, second: float, here: float) -> tuple[float, float]:
    """At ``q``, as long as a segment with the knots ``here`` apart needs it.

    ``first`` and ``second`` are the distances of the knots before and after ``q``. Where the curve begins or ends, one
    of them is zero, and it goes straight to its neighbour.
    """
    if first <= 0:
        return r.x - q.x, r.y - q.y
    if second <= 0:
        return q.x - p.x, q.y - p.y
    both = first + second
    x = (q.x - p.x) / first - (r.x - p.x) / both + (r.x - q.x) / second
    y = (q.y - p.y) / first - (r.y - p.y) / both + (r.y - q.y) / second
    return x * here, y * here


def lengths(line: Line) -> NDArray[np.float64]:
    """How far each corner is from the first, along the line."""
    steps = np.hypot(np.diff(line[:, 0]), np.diff(line[:, 1]))
    return np.concatenate(((0.0,), np.cumsum(steps)))
