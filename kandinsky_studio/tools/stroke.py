"""A stroke: from the places of a pen to dabs along a smooth line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, degrees, hypot, sqrt
from typing import Protocol

from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.tools.curves import STRAIGHT, Points, value
from kandinsky_studio.tools.dabs import LARGEST, SMALLEST, SWEPT, Coverage, Dab, Plane, Stamps
from kandinsky_studio.tools.paths import Line, curve, lengths, straight
from kandinsky_studio.tools.smoothing import Place, Stabiliser

_JOINED = 0.25  # up to this spacing a stroke is meant to be one line without seams
_SCALLOP = 0.05  # pixels that the rim of a hard stroke may wave
_SOFT_SCALLOP = 0.006  # and a soft one, of its width
_WORK = 60_000.0  # pixels of dabs for each pixel of the way that large brushes may cost
_UPRIGHT = 60.0  # degrees of tilt that make a brush as flat as it gets
_FLATTEST = 0.25
_PATCH = 160_000  # pixels that are composed at once at least


@dataclass(frozen=True)
class BrushSettings:
    """What a stroke is drawn with. All but these are 0 … 1: ``size`` in pixels, ``spacing`` in diameters, ``angle``.

    ``curve`` is what the pen's pressure means; it drives what of ``size``, ``opacity`` and ``flow`` is named so.
    """

    size: float = 20.0
    hardness: float = 0.8
    opacity: float = 1.0
    flow: float = 1.0
    spacing: float = 0.1
    roundness: float = 1.0
    angle: float = 0.0
    curve: Points = STRAIGHT
    pressure_size: bool = False
    pressure_opacity: bool = False
    pressure_flow: bool = False
    tilt_roundness: bool = False
    aliased: bool = False

    def dab(self, place: Place) -> Dab:
        """What the brush leaves at ``place``. The opacity of the stroke comes later, once for all."""
        press = 1.0
        if self.pressure_size or self.pressure_opacity or self.pressure_flow:
            press = value(self.curve, place.pressure)
        size = min(max(self.size * press if self.pressure_size else self.size, 0.0), LARGEST)
        opacity = press if self.pressure_opacity else 1.0
        if size < SMALLEST:  # thinner than a pixel is paler
            size, opacity = SMALLEST, opacity * size
        roundness, angle = self.roundness, self.angle
        if self.tilt_roundness and (tilt := hypot(place.tilt_x, place.tilt_y)) > 1:
            roundness *= 1 - (1 - _FLATTEST) * min(tilt / _UPRIGHT, 1.0)
            angle = degrees(atan2(place.tilt_y, place.tilt_x))
        return Dab(
            diameter=max(round(size), 1.0) if self.aliased else size,
            hardness=1.0 if self.aliased else self.hardness,
            opacity=opacity,
            flow=self.flow * press if self.pressure_flow else self.flow,
            roundness=round(roundness, 2),
            angle=round(angle) if roundness < 1 else 0.0,
            aliased=self.aliased,
        )

    def step(self, dab: Dab) -> tuple[float, Dab]:
        """How far the next dab is, and what ``dab`` is to be for that.

        A joined line gets more dabs than asked for where their rims would show, and fewer where nobody could wait for
        them; the flow changes with that, so that as much paint is laid.
        """
        if self.aliased:
            return max(1.0, sqrt(dab.diameter) / 2), dab
        asked = self.spacing * dab.diameter * max(dab.roundness, 0.1)
        step = asked
        if self.spacing <= _JOINED:
            if dab.merging > 0:  # a rim waves by step² / 4 diameters; the softer it is, the less that shows
                wave = max(_SCALLOP, _SOFT_SCALLOP * dab.edge)
                step = min(step, sqrt(4 * wave * dab.diameter * dab.roundness))
            step = max(step, dab.diameter * dab.diameter / _WORK, min(max(dab.diameter / 5, 0.3), 1.0))
        step = max(step, 0.25)
        if step != asked and asked > 0 and (dab.flow < 1 or 0 < dab.merging < 1):
            dab = dab._replace(flow=1 - (1 - dab.flow) ** (step / asked), weight=min(step / asked, 1.0))
        return step, dab


class Ground(Protocol):
    """What dabs are laid on. ``area`` is where it is."""

    area: Rect

    def lay(self, stamp: Plane, column: int, row: int, dab: Dab) -> Rect:
        """Put a dab there. Returns where that changed something."""


class Stroke:
    """One stroke in the making. ``painted`` is told where the coverage changed, at the least once for each event."""

    def __init__(
        self,
        settings: BrushSettings,
        ground: Ground,
        stamps: Stamps,
        painted: Callable[[Rect], None],
        smoothing: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        self.settings = settings
        self._ground = ground
        self._whole = ground if isinstance(ground, Coverage) else None  # lines can be drawn on it as a whole
        self._stamps = stamps
        self._painted = painted
        self._smoothing = smoothing
        self._scale = scale
        self._stabiliser: Stabiliser | None = None
        self._places: list[Place] = []  # the last three that the line goes through; drawn up to the last but one
        self._left = 0.0  # pixels of the way until the next dab
        self._laid: Dab | None = None
        self._known: tuple[tuple[float, ...], Dab, float, Dab] | None = None
        self._dirty = NOTHING

    def begin(self, place: Place) -> None:
        """The pen comes down."""
        self._stabiliser = Stabiliser(place, self._smoothing, self._scale)
        self._places = [place]
        self._dab(place)
        self._flush()

    def line(self, place: Place) -> None:
        """A straight line to ``place``; the pen is there now."""
        begin = self._places[-1]
        self._draw(straight(begin, place))
        self._stabiliser = Stabiliser(place, self._smoothing, self._scale)
        self._places = [place]
        self._flush()

    def move(self, place: Place) -> None:
        """The pen goes on."""
        assert self._stabiliser is not None
        self._go(self._stabiliser.follow(place))
        self._flush()

    def end(self) -> None:
        """The pen goes up: the brush comes to where it was."""
        assert self._stabiliser is not None
        for place in self._stabiliser.catch_up():
            self._go(place)
        if len(self._places) > 1:
            before = self._places[-3] if len(self._places) > 2 else self._places[-2]
            self._draw(curve(before, self._places[-2], self._places[-1], self._places[-1]))
        self._flush()

    def _go(self, place: Place) -> None:
        last = self._places[-1]
        if place.distance(last) < 1e-3:
            self._press(place)
            return
        self._places.append(place)
        if len(self._places) > 2:
            before = self._places[-4] if len(self._places) > 3 else self._places[-3]
            self._draw(curve(before, self._places[-3], self._places[-2], place))
            del self._places[:-3]

    def _press(self, place: Place) -> None:
        """The pen stays and presses harder: the dab under it grows."""
        if len(self._places) > 1 or self._laid is None:
            return
        self._places[-1] = place
        dab = self.settings.dab(place)
        grown = dab.diameter > self._laid.diameter * 1.02 + 0.1
        if grown or dab.opacity > self._laid.opacity + 0.02 or dab.flow > self._laid.flow + 0.02:
            self._dab(place)

    def _dab(self, place: Place) -> None:
        dab, self._left, _ = self._at(place)
        self._lay(dab, place)

    def _at(self, place: Place) -> tuple[Dab, float, Dab]:
        """The dab, how far the next is, and the dab as it is within a line; many in a row are the same."""
        key = place[2:]
        if self._known is None or self._known[0] != key:
            dab = self.settings.dab(place)
            self._known = (key, dab, *self.settings.step(dab))
        return self._known[1:]

    def _lay(self, dab: Dab, place: Place) -> None:
        self._laid = dab
        if dab.opacity > 0 and dab.flow > 0:
            self._add(self._ground.lay(*self._stamps.at(dab, place.x, place.y), dab))

    def _draw(self, line: Line) -> None:
        ends = (self.settings.dab(Place(*line[end].tolist())) for end in (0, -1))
        if self._whole is not None and all(map(self._sweeps, ends)):
            self._sweep(line, self._whole)
        else:
            self._stamp(line)

    def _sweeps(self, dab: Dab) -> bool:
        """Whether a line with this dab is drawn as a whole and not in dabs."""
        joined = self.settings.spacing <= _JOINED and not self.settings.aliased
        round_ = dab.roundness >= 1 and dab.diameter <= SWEPT
        return joined and round_ and dab.flow >= 1 and dab.merging >= 1

    def _sweep(self, line: Line, coverage: Coverage) -> None:
        places = [Place(*row) for row in line.tolist()]
        dabs = [self.settings.dab(place) for place in places]
        for number in range(len(line) - 1):
            self._add(coverage.sweep(line[number : number + 2], dabs[number], dabs[number + 1]))
        self._laid = dabs[-1]
        self._left = 0.0

    def _stamp(self, line: Line) -> None:
        along = lengths(line).tolist()
        places = [Place(*row) for row in line.tolist()]
        whole = along[-1]
        at, corner = self._left, 0
        while at <= whole:
            while corner < len(places) - 2 and along[corner + 1] < at:
                corner += 1
            if self._misses(places[corner], places[corner + 1]):
                at = max(at, along[corner + 1] + 1e-6)
                continue
            width = along[corner + 1] - along[corner]
            share = (at - along[corner]) / width if width > 0 else 0.0
            place = places[corner].towards(places[corner + 1], share)
            _, step, dab = self._at(place)
            self._lay(dab, place)
            at += step
        self._left = at - whole

    def _misses(self, begin: Place, end: Place) -> bool:
        """Whether no dab between two places can reach the ground: the pen may be very far from it."""
        reach, area = self.settings.size / 2 + 2, self._ground.area
        return (
            max(begin.x, end.x) + reach < area.x
            or min(begin.x, end.x) - reach > area.right
            or max(begin.y, end.y) + reach < area.y
            or min(begin.y, end.y) - reach > area.bottom
        )

    def _add(self, rect: Rect) -> None:
        if self._dirty.contains(rect):
            return
        both = self._dirty.united(rect)
        if both.area > max(_PATCH, 3 * rect.area) and both.area > self._dirty.area + rect.area:
            self._flush()
            both = rect
        self._dirty = both

    def _flush(self) -> None:
        if not self._dirty.is_empty:
            rect, self._dirty = self._dirty, NOTHING
            self._painted(rect)
