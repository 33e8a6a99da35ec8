"""The geometry of a free transformation: where a box goes, and how handles change that. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, hypot, radians, sin
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kandinsky_studio.document.geometry import Rect

Matrix: TypeAlias = NDArray[np.float64]  # 3 × 3, of column vectors (x, y, 1); from pixels of the document to such
Point: TypeAlias = tuple[float, float]

CORNERS: tuple[Point, ...] = ((0, 0), (1, 0), (1, 1), (0, 1))
SIDES: tuple[Point, ...] = ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5))
_SMALLEST = 1.0  # pixels that a side has at least
_FLAT = 1e-3  # of the box's area that a triangle of three corners has at least
_EXACT = 1e-9


@dataclass(frozen=True)
class Pose:
    """Where ``box`` is put: scaled by ``scale_x`` and ``scale_y`` (negative: flipped), its corners pulled by ``pulls``
    (parts of its width and height), turned by ``angle`` degrees clockwise, its middle at (``x``, ``y``).

    Places in the box are told as parts of it: (0, 0) is its upper left corner, (1, 1) the lower right one.
    """

    box: Rect
    x: float
    y: float
    scale_x: float = 1.0
    scale_y: float = 1.0
    angle: float = 0.0
    pulls: tuple[Point, Point, Point, Point] = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))

    @classmethod
    def of(cls, box: Rect) -> Pose:
        """Where it is."""
        return cls(box, box.x + box.width / 2, box.y + box.height / 2)

    @property
    def is_pulled(self) -> bool:
        return any(pull != (0, 0) for pull in self.pulls)

    @property
    def corners(self) -> list[Point]:
        """Of the box, pulled, as parts of it."""
        return [(x + dx, y + dy) for (x, y), (dx, dy) in zip(CORNERS, self.pulls, strict=True)]

    @property
    def is_possible(self) -> bool:
        """Whether the corners still make a box that bulges everywhere; others can't be seen in any perspective."""
        points = self.corners
        areas = []
        for number in range(4):
            (ax, ay), (bx, by), (cx, cy) = (points[(number + step) % 4] for step in range(3))
            areas.append((bx - ax) * (cy - by) - (by - ay) * (cx - bx))
        return min(areas) > _FLAT

    def local(self, x: float, y: float) -> Point:
        """A place of the document as a part of the box, before corners were pulled."""
        dx, dy = self._back(x - self.x, y - self.y)
        return (
            dx / (self.box.width * self.scale_x) + 0.5,
            dy / (self.box.height * self.scale_y) + 0.5,
        )

    def place(self, u: float, v: float) -> Point:
        """Where a part of the box is in the document, corners pulled or not."""
        point = self.matrix @ (self.box.x + u * self.box.width, self.box.y + v * self.box.height, 1.0)
        return float(point[0] / point[2]), float(point[1] / point[2])

    def exactly(self, u: float, v: float) -> Point:
        """As :meth:`place`, before corners were pulled and edges put on whole pixels."""
        width, height = self.box.width * self.scale_x, self.box.height * self.scale_y
        x, y = _turn(self.angle) @ ((u - 0.5) * width, (v - 0.5) * height)
        return self.x + float(x), self.y + float(y)

    @property
    def matrix(self) -> Matrix:
        """From the box as it was to where it is put. Upright boxes come to lie on whole pixels."""
        box, turn = self.box, _turn(self.angle)
        width, height = box.width * self.scale_x, box.height * self.scale_y
        to_parts = np.array(
            [[1 / box.width, 0, -box.x / box.width], [0, 1 / box.height, -box.y / box.height], [0, 0, 1]]
        )
        spread = np.array([[width, 0, -width / 2], [0, height, -height / 2], [0, 0, 1]])
        there = np.array([[*turn[0], self.x], [*turn[1], self.y], [0, 0, 1]])
        if self.is_pulled:
            return np.asarray(there @ spread @ _perspective(self.corners) @ to_parts)
        return _on_pixels(np.asarray(there @ spread @ to_parts), box)

    def moved(self, dx: float, dy: float) -> Pose:
        return replace(self, x=self.x + dx, y=self.y + dy)

    def turned(self, by: float, around: Point) -> Pose:
        """By degrees clockwise around a place of the document."""
        turn = _turn(by)
        x, y = turn @ (self.x - around[0], self.y - around[1])
        angle = (self.angle + by + 180) % 360 - 180
        return replace(self, x=around[0] + float(x), y=around[1] + float(y), angle=angle)

    def scaled(self, by_x: float, by_y: float, still: Point = (0.5, 0.5)) -> Pose:
        """Times ``by_x`` wide and ``by_y`` high; the part ``still`` of the box stays where it is."""
        scale_x = _not_flat(self.scale_x * by_x, self.box.width)
        scale_y = _not_flat(self.scale_y * by_y, self.box.height)
        dx = (still[0] - 0.5) * self.box.width * (self.scale_x - scale_x)
        dy = (still[1] - 0.5) * self.box.height * (self.scale_y - scale_y)
        x, y = _turn(self.angle) @ (dx, dy)
        return replace(self, x=self.x + float(x), y=self.y + float(y), scale_x=scale_x, scale_y=scale_y)

    def dragged(self, handle: Point, dx: float, dy: float, still: Point, proportional: bool) -> Pose:
        """``handle``, one of ``CORNERS`` and ``SIDES``, dragged by (dx, dy) pixels; ``still`` stays where it is."""
        dx, dy = self._back(dx, dy)
        across = (handle[0] - still[0]) * self.box.width * self.scale_x
        down = (handle[1] - still[1]) * self.box.height * self.scale_y
        free_x, free_y = handle[0] != 0.5 and across != 0, handle[1] != 0.5 and down != 0
        by_x = 1 + dx / across if free_x else 1.0
        by_y = 1 + dy / down if free_y else 1.0
        if proportional and free_x and free_y:
            by_x = by_y = 1 + (dx * across + dy * down) / (across**2 + down**2)
        elif proportional:
            by_x = by_y = by_x if free_x else by_y
        return self.scaled(by_x, by_y, still)

    def pulled(self, handle: Point, dx: float, dy: float, straight: bool = False) -> Pose:
        """A corner, or both corners of a side, pulled by (dx, dy) pixels; with ``straight`` along one direction of the
        box: a side along itself, a corner the way it goes more."""
        dx, dy = self._back(dx, dy)
        if straight:
            along = handle[0] == 0.5 if handle in SIDES else abs(dx) >= abs(dy)
            dx, dy = (dx, 0.0) if along else (0.0, dy)
        by = dx / (self.box.width * self.scale_x), dy / (self.box.height * self.scale_y)
        pulls = [
            (pull[0] + by[0], pull[1] + by[1]) if _touches(handle, corner) else pull
            for corner, pull in zip(CORNERS, self.pulls, strict=True)
        ]
        return replace(self, pulls=(pulls[0], pulls[1], pulls[2], pulls[3]))

    def _back(self, dx: float, dy: float) -> Point:
        x, y = _turn(-self.angle) @ (dx, dy)
        return float(x), float(y)


def bounds(matrix: Matrix, rect: Rect) -> Rect:
    """The whole pixels that ``rect`` covers once it is put somewhere else."""
    if rect.is_empty:
        return rect
    points = corners(matrix, rect)
    # What is off a whole edge by less than anybody can see does not reach beyond it.
    left, top = (min(point[axis] for point in points) + 1e-6 for axis in (0, 1))
    right, bottom = (max(point[axis] for point in points) - 1e-6 for axis in (0, 1))
    return Rect.around(left, top, right, bottom)


def corners(matrix: Matrix, rect: Rect) -> list[Point]:
    """Where the corners of ``rect`` go, clockwise from the upper left one."""
    points = []
    for u, v in CORNERS:
        x, y, w = matrix @ (rect.x + u * rect.width, rect.y + v * rect.height, 1.0)
        points.append((float(x / w), float(y / w)))
    return points


def scales(matrix: Matrix, rect: Rect) -> Point:
    """How many times longer a step across and a step down become, where they become longest: at a corner."""
    longest = [0.0, 0.0]
    for u, v in CORNERS:
        x, y, w = matrix @ (rect.x + u * rect.width, rect.y + v * rect.height, 1.0)
        for axis in (0, 1):
            step = matrix[:, axis]
            dx, dy = ((step[row] - step[2] * value / w) / w for row, value in ((0, x), (1, y)))
            longest[axis] = max(longest[axis], hypot(dx, dy))
    return longest[0], longest[1]


def is_identity(matrix: Matrix) -> bool:
    return bool(np.abs(matrix / matrix[2, 2] - np.eye(3)).max() < _EXACT)


def is_exact(matrix: Matrix) -> bool:
    """Whether pixels only change places: turned by quarters, flipped, moved by whole pixels."""
    return (
        bool(np.abs(matrix[2] - (0, 0, 1)).max() < _EXACT)
        and bool(np.abs(matrix - np.rint(matrix)).max() < 1e-6)
        and bool((np.abs(np.rint(matrix[:2, :2])).sum(axis=0) == 1).all())
        and bool((np.abs(np.rint(matrix[:2, :2])).sum(axis=1) == 1).all())
    )


def _turn(angle: float) -> Matrix:
    """Exact for quarters."""
    c, s = cos(radians(angle)), sin(radians(angle))
    if abs(angle / 90 - round(angle / 90)) < _EXACT:
        c, s = float(round(c)), float(round(s))
    return np.array([[c, -s], [s, c]], np.float64)


def _not_flat(scale: float, length: int) -> float:
    least = _SMALLEST / length
    return scale if abs(scale) >= least else (-least if scale < 0 else least)


def _touches(handle: Point, corner: Point) -> bool:
    return all(part in (0.5, end) for part, end in zip(handle, corner, strict=True))


def _perspective(to: list[Point]) -> Matrix:
    """What puts the corners of the unit square at ``to``."""
    rows, values = [], []
    for (u, v), (x, y) in zip(CORNERS, to, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * x, -v * x], [0, 0, 0, u, v, 1, -u * y, -v * y]]
        values += [x, y]
    return np.append(np.linalg.solve(np.array(rows, np.float64), np.array(values)), 1.0).reshape(3, 3)


def _on_pixels(matrix: Matrix, box: Rect) -> Matrix:
    """Upright and lying boxes put on whole pixels: their edges stay sharp, and quarter turns exact."""
    linear = matrix[:2, :2]
    upright, lying = abs(linear[[0, 1], [1, 0]]).max() < _EXACT, abs(linear[[0, 1], [0, 1]]).max() < _EXACT
    if not (upright or lying):
        return matrix
    snapped = np.eye(3)
    for row in (0, 1):
        column = row if upright else 1 - row
        length, start = (box.width, box.x) if column == 0 else (box.height, box.y)
        ends = sorted(float(linear[row, column] * at + matrix[row, 2]) for at in (start, start + length))
        first, size = round(ends[0] + 1e-7), round(ends[1] - ends[0])
        if abs(ends[1] - ends[0] - size) > 1e-6:  # else both ends are rounded the same way, and the length stays
            size = round(ends[1] + 1e-7) - first
        size = max(size, 1)
        snapped[row, :2] = 0
        snapped[row, column] = (size / length) * (1 if linear[row, column] > 0 else -1)
        at_start = first if linear[row, column] > 0 else first + size
        snapped[row, 2] = at_start - snapped[row, column] * start
    return snapped
