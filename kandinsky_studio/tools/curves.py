"""Curves through a few points: how hard a pen presses, and what that does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

Points: TypeAlias = tuple[tuple[float, float], ...]

STRAIGHT: Points = ((0.0, 0.0), (1.0, 1.0))
_STEPS = 1024  # finer than the 8192 levels of a pen can be seen


def tidy(points: Sequence[tuple[float, float]]) -> Points:
    """The points as a curve needs them: both values within 0 … 1, from left to right, one for each place.

    Of several points at one place the last stays. Less than two make the straight line.
    """
    places = {min(max(float(x), 0.0), 1.0): min(max(float(y), 0.0), 1.0) for x, y in points}
    return tuple(sorted(places.items())) if len(places) > 1 else STRAIGHT


def value(points: Points, x: float) -> float:
    """The curve through ``points`` at ``x`` (0 … 1), from 0 to 1; level before the first point and after the last.

    Between two points it never leaves the range of their values: what rises in the points rises everywhere.
    """
    return _table(points)[min(max(int(x * _STEPS + 0.5), 0), _STEPS)]


@lru_cache(maxsize=64)
def _table(points: Points) -> tuple[float, ...]:
    points = tidy(points)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    slopes = _slopes(xs, ys)
    return tuple(_at(xs, ys, slopes, step / _STEPS) for step in range(_STEPS + 1))


def _slopes(xs: list[float], ys: list[float]) -> list[float]:
    """Of a cubic curve that keeps the points' rise: harmonic means (Fritsch and Butland, 1984)."""
    widths = [b - a for a, b in pairwise(xs)]
    rises = [(b - a) / width for (a, b), width in zip(pairwise(ys), widths, strict=True)]
    slopes = [rises[0]]
    for number in range(1, len(xs) - 1):
        before, after = rises[number - 1], rises[number]
        if before * after <= 0:
            slopes.append(0.0)
            continue
        near = widths[number - 1] + 2 * widths[number]
        far = 2 * widths[number - 1] + widths[number]
        slopes.append((near + far) / (near / before + far / after))
    slopes.append(rises[-1])
    return slopes


def _at(xs: list[float], ys: list[float], slopes: list[float], x: float) -> float:
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    left = bisect_right(xs, x) - 1
    width = xs[left + 1] - xs[left]
    t = (x - xs[left]) / width
    rest = 1 - t
    begin = (1 + 2 * t) * rest * rest * ys[left] + t * rest * rest * width * slopes[left]
    end = t * t * (3 - 2 * t) * ys[left + 1] - t * t * rest * width * slopes[left + 1]
    return min(max(begin + end, 0.0), 1.0)
