"""Selections that are drawn from corner to corner."""

from __future__ import annotations

import enum
from abc import abstractmethod
from math import copysign, floor
from typing import ClassVar

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk, Option, Pointer
from kandinsky_studio.tools.selecting import SelectionTool, filled


class Proportion(enum.Enum):
    """What a box that is drawn has to keep to."""

    FREE = "free"
    RATIO = "ratio"
    SIZE = "size"


PROPORTION = Option(
    "proportion",
    QT_TRANSLATE_NOOP("tools", "Proportion"),
    "choice",
    choices=(
        (Proportion.FREE, QT_TRANSLATE_NOOP("tools", "Free")),
        (Proportion.RATIO, QT_TRANSLATE_NOOP("tools", "Fixed ratio")),
        (Proportion.SIZE, QT_TRANSLATE_NOOP("tools", "Fixed size")),
    ),
    folded=True,
)
WIDTH = Option(
    "fixed_width", QT_TRANSLATE_NOOP("tools", "Fixed width"), minimum=1, maximum=8192, decimals=1, folded=True
)
HEIGHT = Option(
    "fixed_height", QT_TRANSLATE_NOOP("tools", "Fixed height"), minimum=1, maximum=8192, decimals=1, folded=True
)


def edge(position: float) -> int:
    """The edge between pixels that is nearest."""
    return floor(position + 0.5)


def box(start: Pointer, now: Pointer, ratio: float | None = None, centred: bool = False) -> QRectF:
    """From ``start`` to ``now``, on edges of pixels. ``ratio`` (width ÷ height) makes the shorter side longer."""
    across, down = now.x - start.x, now.y - start.y
    if ratio is not None:
        width = max(abs(across), abs(down) * ratio)
        across, down = copysign(width, across), copysign(width / ratio, down)
    if centred:
        # From whole edge to whole edge on both sides, or a square would not stay one.
        width, height = max(edge(2 * abs(across)), 0), max(edge(2 * abs(down)), 0)
        return QRectF(edge(start.x - width / 2), edge(start.y - height / 2), width, height)
    left, top = edge(start.x), edge(start.y)
    if ratio is not None:
        right, bottom = left + edge(across), top + edge(down)
    else:
        right, bottom = edge(now.x), edge(now.y)
    return QRectF(min(left, right), min(top, bottom), abs(right - left), abs(bottom - top))


class BoxSelection(SelectionTool):
    """A shape that fills a box."""

    proportion: Proportion = Proportion.FREE
    fixed_width: float = 512
    fixed_height: float = 512
    step: ClassVar[str]  # English source text in the context ``steps``

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._start: Pointer | None = None
        self._box: QRectF | None = None

    @abstractmethod
    def fill(self, path: QPainterPath, box: QRectF) -> None:
        """Add the shape in ``box`` to ``path``."""

    def shape(self) -> QPainterPath | None:
        if self._box is None:
            return None
        path = QPainterPath()
        self.fill(path, self._box)
        return path

    def started(self, pointer: Pointer) -> None:
        self._start, self._box = pointer, None

    def dragged(self, pointer: Pointer, square: bool, centred: bool) -> None:
        if self._start is None:
            return
        if self.proportion is Proportion.SIZE:
            self._box = QRectF(edge(pointer.x), edge(pointer.y), edge(self.fixed_width), edge(self.fixed_height))
        else:
            ratio = self.fixed_width / self.fixed_height if self.proportion is Proportion.RATIO else None
            self._box = box(self._start, pointer, 1.0 if square else ratio, centred)

    def ended(self, pointer: Pointer) -> None:
        shape = self.shape()
        self.dropped()
        if shape is not None:
            canvas = self.document.state.canvas
            self.finish_with(self.step, filled(shape, canvas, self.antialias, self.feather))

    def clicked(self, pointer: Pointer) -> None:
        if self.proportion is Proportion.SIZE and self._box is not None:
            self.ended(pointer)
        else:
            super().clicked(pointer)

    def dropped(self) -> None:
        self._start = self._box = None
