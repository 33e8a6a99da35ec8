"""Where the corners of the mixing pad lie, and what a place between them counts of each. Pure numbers.

The plane is that of the screen: x to the right, y down, the corners 1 away from the middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Place: TypeAlias = tuple[float, float]

_NEAR = 1e-9  # of a corner or an edge, where a place is on it
_FIRST = {3: -90.0, 4: -135.0, 5: -90.0}  # degrees of the first corner; the others follow clockwise


def corners_of(count: int) -> tuple[Place, ...]:
    """The corners for ``count`` (0 … 5) things: a point, the ends of a line, a triangle, a square, a pentagon."""
    if count < 2:
        return ((0.0, 0.0),) * count
    if count == 2:
        return ((-1.0, 0.0), (1.0, 0.0))
    turns = (math.radians(_FIRST[count] + 360 / count * number) for number in range(count))
    return tuple((math.cos(turn), math.sin(turn)) for turn in turns)


def weights_at(place: Place, corners: Sequence[Place]) -> tuple[float, ...]:
    """What ``place`` counts of each of ``corners``, 0 … 1, together 1; ``place`` is in their convex hull.

    Mean value coordinates: 1 at its own corner, linear along the edges, smooth between them, and the corners weighed by
    them have their centre in ``place``. Hormann & Floater, “Mean value coordinates for arbitrary planar polygons”, ACM
    Transactions on Graphics 25 (2006), with the cases on the border as in their section 5.
    """
    count = len(corners)
    if count < 2:
        return (1.0,) * count
    ways = [(x - place[0], y - place[1]) for x, y in corners]
    lengths = [math.hypot(*way) for way in ways]
    for number, length in enumerate(lengths):
        if length < _NEAR:
            return tuple(float(other == number) for other in range(count))
    if count == 2:
        return (lengths[1] / sum(lengths), lengths[0] / sum(lengths))
    following = [(number, (number + 1) % count) for number in range(count)]
    areas = [ways[a][0] * ways[b][1] - ways[b][0] * ways[a][1] for a, b in following]  # twice that of a triangle
    products = [ways[a][0] * ways[b][0] + ways[a][1] * ways[b][1] for a, b in following]
    for (a, b), area, product in zip(following, areas, products, strict=True):
        if abs(area) < _NEAR and product < 0:  # between the two
            whole = lengths[a] + lengths[b]
            return tuple({a: lengths[b] / whole, b: lengths[a] / whole}.get(number, 0.0) for number in range(count))
    found = []
    for number, length in enumerate(lengths):
        before, after = (number - 1) % count, (number + 1) % count
        found.append(
            (lengths[before] - products[before] / length) / areas[before]
            + (lengths[after] - products[number] / length) / areas[number]
        )
    whole = sum(found)
    return tuple(max(weight / whole, 0.0) for weight in found)


def place_of(weights: Sequence[float], corners: Sequence[Place]) -> Place:
    """Where ``corners`` weighed like that have their centre; the middle if all weigh nothing."""
    whole = sum(weights)
    if not corners or whole <= 0:
        return (0.0, 0.0)
    x, y = (
        sum(weight * corner[axis] for weight, corner in zip(weights, corners, strict=True)) / whole for axis in (0, 1)
    )
    return (x, y)


def nearest_place(place: Place, corners: Sequence[Place]) -> Place:
    """``place`` if it lies between ``corners``, else the place on their border that is nearest to it."""
    count = len(corners)
    if count < 2:
        return (0.0, 0.0)
    edges = [(corners[number], corners[(number + 1) % count]) for number in range(count)]
    if count > 2 and all(_beside(place, *edge) >= 0 for edge in edges):
        return place
    return min((_on(place, *edge) for edge in edges), key=lambda other: math.dist(place, other))


def _beside(place: Place, start: Place, end: Place) -> float:
    """Positive to the right of the way from ``start`` to ``end``, as the screen shows it: inside of the corners."""
    return (end[0] - start[0]) * (place[1] - start[1]) - (end[1] - start[1]) * (place[0] - start[0])


def _on(place: Place, start: Place, end: Place) -> Place:
    """The nearest place on the line from ``start`` to ``end``."""
    way = (end[0] - start[0], end[1] - start[1])
    share = ((place[0] - start[0]) * way[0] + (place[1] - start[1]) * way[1]) / (way[0] ** 2 + way[1] ** 2)
    share = min(max(share, 0.0), 1.0)
    return (start[0] + way[0] * share, start[1] + way[1] * share)
