"""The prints that a brush leaves: one dab, and the whole of what a stroke has covered."""

from __future__ import annotations

from math import ceil, cos, floor, log2, radians, sin
from typing import NamedTuple, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from kandinsky_studio.document.geometry import NOTHING, Rect, united
from kandinsky_studio.document.surface import Pixels

Plane: TypeAlias = NDArray[np.float32]  # 0 … 1
_Type = TypeVar("_Type", bound=np.generic)

SMALLEST, LARGEST = 1.0, 2000.0  # pixels across
SWEPT = 8.0  # pixels across up to which a line is drawn as a whole and not in dabs
_ONE, _NONE = np.float32(1), np.float32(0)
_STRIP = 32_768  # pixels
_CACHE = 48 * 2**20  # bytes of dabs that are kept
_THINNEST = 0.05  # of a flat brush, its width to its length
_LITTLE = 4096  # pixels that are painted sooner than told of by themselves
_HAIR = 0.1  # pixels by which hard pixels reach further, so that small brushes are round and not crosses


class Dab(NamedTuple):
    """One print. ``diameter`` in pixels, ``hardness``, ``opacity`` and ``flow`` 0 … 1.

    ``roundness`` is the width to the length, ``angle`` is how far the length is turned, in degrees clockwise.
    ``aliased`` dabs have pixels that are covered or not, nothing between. ``weight`` is less than 1 where dabs lie
    closer than asked for: what adds up then adds up as slowly.
    """

    diameter: float
    hardness: float = 1.0
    opacity: float = 1.0
    flow: float = 1.0
    roundness: float = 1.0
    angle: float = 0.0
    aliased: bool = False
    weight: float = 1.0

    @property
    def edge(self) -> float:
        """How many pixels wide the soft edge is."""
        return (1 - self.hardness) * self.diameter / 2

    @property
    def merging(self) -> float:
        """How dabs of one stroke meet: 0 adds up, as paint does; 1 keeps the strongest, as one outline around all.

        What is soft adds up, so that going to and fro fills evenly. At a hard edge this would eat the smooth rim away,
        so what is hard or thin keeps it. Between the two lies what is between.
        """
        by_hardness = (self.hardness - 0.5) / 0.45
        by_width = (4 - self.edge) / 2.5
        by_size = (2 * SWEPT - self.diameter) / SWEPT
        return min(max(by_hardness, by_width, by_size, 0.0), 1.0)


def profile(distance: Plane, diameter: float, hardness: float) -> Plane:
    """What a dab covers at ``distance`` pixels from its middle. Changes what it is given."""
    radius = diameter / 2
    edge = (1 - hardness) * radius
    if edge <= 1:  # narrower than a pixel: as much as the pixel's share within
        rim = max(radius - edge / 2, 0.5)
        np.subtract(np.float32(rim + 0.5), distance, out=distance)
        return np.clip(distance, _NONE, _ONE, out=distance)
    if hardness > 0:
        distance -= np.float32(hardness * radius)
        np.maximum(distance, _NONE, out=distance)
    distance *= np.float32(1 / edge)
    np.multiply(distance, distance, out=distance)
    np.subtract(_ONE, distance, out=distance)
    np.maximum(distance, _NONE, out=distance)
    return np.power(distance, 3, out=distance) if distance.size < 64 else _cubed(distance)


def _cubed(plane: Plane) -> Plane:
    square = plane * plane
    plane *= square
    return plane


_Key: TypeAlias = tuple[float, float, float, float, bool, float, float]


class Stamps:
    """Dabs ready to be laid, those last used are kept. Places are rounded to fractions of a pixel nobody can see."""

    def __init__(self, memory: int = _CACHE) -> None:
        self._memory = memory
        self._held = 0
        self._known: dict[_Key, Plane] = {}

    def at(self, dab: Dab, x: float, y: float) -> tuple[Plane, int, int]:
        """What ``dab`` covers with its middle at (x, y), and the column and the row of its first pixel."""
        diameter = _rounded(dab.diameter)
        if dab.aliased:
            # An even number of pixels has its middle between two of them.
            half = 0.5 if round(diameter) % 2 else 0.0
            column, row, x, y = floor(x - half + 0.5), floor(y - half + 0.5), half, half
        else:
            phases = 8 if diameter < 32 else 4 if diameter < 600 else 2
            x, y = round(x * phases) / phases, round(y * phases) / phases
            column, row = floor(x), floor(y)
            x, y = x - column, y - row
        key = (diameter, dab.hardness, dab.roundness, dab.angle, dab.aliased, x, y)
        plane = self._known.pop(key, None)
        if plane is None:
            plane = _stamp(dab, diameter, x, y)
            self._held += plane.nbytes
            while self._held > self._memory and self._known:
                self._held -= self._known.pop(next(iter(self._known))).nbytes
        self._known[key] = plane
        reach = plane.shape[0] // 2
        return plane, column - reach, row - reach


def _rounded(diameter: float) -> float:
    step = 0.125 if diameter < 16 else 2.0 ** max(floor(log2(diameter)) - 8, -2)
    return round(diameter / step) * step


def _stamp(dab: Dab, diameter: float, x: float, y: float) -> Plane:
    reach = ceil(diameter / 2 + 1)
    steps = np.arange(-reach, reach, dtype=np.float32) + np.float32(0.5)
    across, down = steps - np.float32(x), (steps - np.float32(y))[:, np.newaxis]
    if dab.roundness < 1:
        return _flat(dab, diameter, across, down)
    distance = np.sqrt(across * across + down * down)
    if dab.aliased:
        return np.asarray(distance <= max(diameter / 2, 0.5) + _HAIR, np.float32)
    return profile(distance, diameter, dab.hardness)


def _flat(dab: Dab, diameter: float, across: Plane, down: Plane) -> Plane:
    turn = radians(dab.angle)
    flat = np.float32(1 / max(dab.roundness, _THINNEST, min(1 / diameter, 1.0)))
    along = across * np.float32(cos(turn)) + down * np.float32(sin(turn))
    beside = (down * np.float32(cos(turn)) - across * np.float32(sin(turn))) * flat
    distance = np.sqrt(along * along + beside * beside)
    if dab.aliased:
        return np.asarray(distance <= diameter / 2 + _HAIR, np.float32)
    edge = (1 - dab.hardness) * diameter / 2
    if edge > 1:
        return profile(distance, diameter, dab.hardness)
    # How fast the distance grows there: the rim is one pixel wide on the long side and on the narrow one.
    growth = np.hypot(along, beside * flat) / np.maximum(distance, np.float32(1e-6))
    rim = (np.float32(diameter / 2) - distance) / np.maximum(growth, _ONE) + np.float32(0.5)
    return np.asarray(np.clip(rim, _NONE, _ONE), np.float32)


class Coverage:
    """How much of each pixel of ``area`` a stroke has covered so far, far finer than 8 bits: nothing adds up wrongly.

    Takes memory only where something was laid.
    """

    def __init__(self, area: Rect) -> None:
        self.area = area
        self._plane: Plane = np.zeros((max(area.height, 0), max(area.width, 0)), np.float32)
        self._told: Pixels = np.zeros(self._plane.shape, np.uint8)  # what :meth:`news` gave out

    def alpha(self, rect: Rect, opacity: float) -> Pixels:
        """What is covered at ``rect``, which lies within the area, in bytes; at the most ``opacity`` of 255."""
        return np.asarray(cv2.convertScaleAbs(self._part(rect), alpha=255 * opacity), np.uint8)

    def news(self, rect: Rect, opacity: float) -> list[tuple[Rect, Pixels]]:
        """The pieces of ``rect`` where :meth:`alpha` is another than when this was asked last, with what it is there.

        A brush that goes on over what it covers already changes little of it. Of each tile it is one piece, or all of
        them together are one where that is hardly more.
        """
        alpha, told = self.alpha(rect, opacity), _cut(self._told, rect, self.area)
        differs = cv2.absdiff(alpha, told)
        np.copyto(told, alpha)
        pieces = []
        for key in rect.tiles():
            part = Rect.of_tile(key).intersected(rect)
            x, y, width, height = cv2.boundingRect(_cut(differs, part, rect))
            if width:
                pieces.append(Rect(part.x + x, part.y + y, width, height))
        whole = united(pieces)
        if whole.area - sum(piece.area for piece in pieces) < max(_LITTLE, whole.area // 8):
            pieces = [whole] if pieces else []
        return [(piece, _cut(alpha, piece, rect)) for piece in pieces]

    def lay(self, stamp: Plane, column: int, row: int, dab: Dab) -> Rect:
        """Put a dab there. Returns where it lies within the area."""
        height, width = stamp.shape
        whole = Rect(column, row, width, height)
        rect = whole.intersected(self.area)
        if rect.is_empty:
            return NOTHING
        if rect != whole:
            stamp = stamp[rect.y - row : rect.bottom - row, rect.x - column : rect.right - column]
        _merge(self._part(rect), stamp, dab)
        return rect

    def sweep(self, line: NDArray[np.float64], first: Dab, last: Dab) -> Rect:
        """Put a round dab everywhere on the straight line between two places (2 rows: x, y and more)."""
        (x0, y0), (x1, y1) = line[:, :2].tolist()
        reach = max(first.diameter, last.diameter) / 2 + 1
        rect = Rect.around(min(x0, x1) - reach, min(y0, y1) - reach, max(x0, x1) + reach, max(y0, y1) + reach)
        rect = rect.intersected(self.area)
        if rect.is_empty:
            return NOTHING
        across = np.arange(rect.x, rect.right, dtype=np.float32) + np.float32(0.5 - x0)
        down = (np.arange(rect.y, rect.bottom, dtype=np.float32) + np.float32(0.5 - y0))[:, np.newaxis]
        dx, dy = np.float32(x1 - x0), np.float32(y1 - y0)
        square = max(float(dx * dx + dy * dy), 1e-12)
        share = np.clip((across * dx + down * dy) * np.float32(1 / square), _NONE, _ONE)
        distance = np.hypot(across - share * dx, down - share * dy)
        # A brush that grows on the way: pixels beside it are nearer to its rim by as much.
        distance -= share * np.float32((last.diameter - first.diameter) / 2)
        cover = profile(distance, first.diameter, first.hardness)
        if first.opacity != 1 or last.opacity != 1:
            cover *= share * np.float32(last.opacity - first.opacity) + np.float32(first.opacity)
        part = self._part(rect)
        np.maximum(part, cover, out=part)
        return rect

    def _part(self, rect: Rect) -> Plane:
        return _cut(self._plane, rect, self.area)


def _cut(plane: NDArray[_Type], rect: Rect, area: Rect) -> NDArray[_Type]:
    """What lies at ``rect`` of a plane of ``area``."""
    x, y = rect.x - area.x, rect.y - area.y
    return plane[y : y + rect.height, x : x + rect.width]


def _merge(under: Plane, stamp: Plane, dab: Dab) -> None:
    """Lay a dab over what is covered: towards its opacity by its flow, never down."""
    merging = dab.merging
    rows = max(_STRIP // max(stamp.shape[1], 1), 1)
    for top in range(0, stamp.shape[0], rows):  # so that what is between stays near the processor
        _merge_strip(under[top : top + rows], stamp[top : top + rows], dab, merging)


def _merge_strip(under: Plane, stamp: Plane, dab: Dab, merging: float) -> None:
    if dab.opacity == 1 and dab.flow == 1:
        if merging >= 1:
            np.maximum(under, stamp, out=under)
            return
        if merging <= 0:
            both = under * stamp
            under += stamp
            under -= both
            return
    if merging < 1:
        more = np.subtract(np.float32(dab.opacity), under)
        np.maximum(more, _NONE, out=more)
        more *= stamp
        more *= np.float32(dab.flow * (1 - merging) * dab.weight)
    if merging > 0:
        strongest = stamp * np.float32(dab.opacity)
        strongest -= under
        np.maximum(strongest, _NONE, out=strongest)
        strongest *= np.float32(dab.flow * merging)
        more = strongest + more if merging < 1 else strongest
    under += more
