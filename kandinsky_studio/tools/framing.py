"""What frames with handles have in common: the crop's and the generation's."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from math import hypot
from typing import TypeAlias

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Ink, Mark, Option, Pointer
from kandinsky_studio.tools.boxing import edge

GRIP = 9.0  # pixels of the screen around a handle
HANDLES: tuple[tuple[float, float], ...] = ((0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5))
MIDDLE = (0.5, 0.5)  # stands for the frame as a whole among the handles

Edges: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


class Ratio(enum.Enum):
    """Width to height."""

    FREE = "free"
    CANVAS = "canvas"
    SQUARE = "1:1"
    FIVE_FOUR = "5:4"
    FOUR_THREE = "4:3"
    THREE_TWO = "3:2"
    SIXTEEN_NINE = "16:9"
    FOUR_FIVE = "4:5"
    THREE_FOUR = "3:4"
    TWO_THREE = "2:3"
    NINE_SIXTEEN = "9:16"


def options(least: int) -> tuple[Option, ...]:
    """The numbers of a frame whose sides have ``least`` pixels at least, and its ratio."""
    return (
        Option("x", QT_TRANSLATE_NOOP("tools", "X"), minimum=-8192, maximum=8192, unit="px"),
        Option("y", QT_TRANSLATE_NOOP("tools", "Y"), minimum=-8192, maximum=8192, unit="px"),
        Option("width", QT_TRANSLATE_NOOP("tools", "Width"), minimum=least, maximum=8192, unit="px"),
        Option("height", QT_TRANSLATE_NOOP("tools", "Height"), minimum=least, maximum=8192, unit="px"),
        Option(
            "ratio",
            QT_TRANSLATE_NOOP("tools", "Ratio"),
            "choice",
            choices=(
                (Ratio.FREE, QT_TRANSLATE_NOOP("tools", "Free")),
                (Ratio.CANVAS, QT_TRANSLATE_NOOP("tools", "As the canvas")),
                *((ratio, ratio.value) for ratio in Ratio if ":" in ratio.value),
            ),
        ),
    )


def edges_of(rect: Rect) -> Edges:
    return rect.x, rect.y, rect.right, rect.bottom


def rect_of(edges: Edges) -> Rect:
    """Whole pixels, one at least along each side."""
    left, top, right, bottom = (edge(value) for value in edges)
    return Rect(left, top, max(right - left, 1), max(bottom - top, 1))


def kept_by(ratio: Ratio, canvas: Rect) -> float | None:
    """Width ÷ height that a ratio asks for; None if it is free."""
    if ratio is Ratio.FREE:
        return None
    if ratio is Ratio.CANVAS:
        return canvas.width / canvas.height
    width, height = ratio.value.split(":")
    return int(width) / int(height)


def with_width(frame: Rect, value: float, ratio: float | None, least: int) -> Rect:
    """``frame`` with another width, and the height that ``ratio`` asks for."""
    width = max(round(value), least)
    return frame._replace(width=width, height=max(round(width / ratio), least) if ratio else frame.height)


def with_height(frame: Rect, value: float, ratio: float | None, least: int) -> Rect:
    """``frame`` with another height, and the width that ``ratio`` asks for."""
    height = max(round(value), least)
    return frame._replace(height=height, width=max(round(height * ratio), least) if ratio else frame.width)


def within(frame: Rect, ratio: float, least: int) -> Rect:
    """The largest frame of a ratio in the middle of ``frame``."""
    width = max(round(min(frame.width, frame.height * ratio)), least)
    height = max(round(min(frame.height, frame.width / ratio)), least)
    return Rect(frame.x + (frame.width - width) // 2, frame.y + (frame.height - height) // 2, width, height)


def grip_at(edges: Edges, pointer: Pointer) -> tuple[float, float] | None:
    """The handle under the pointer, ``MIDDLE`` inside the frame, None outside."""
    left, top, right, bottom = edges

    def away(handle: tuple[float, float]) -> float:
        x, y = left + handle[0] * (right - left), top + handle[1] * (bottom - top)
        return hypot(pointer.x - x, pointer.y - y) * pointer.scale

    nearest = min(HANDLES, key=away)
    if away(nearest) <= GRIP:
        return nearest
    return MIDDLE if left <= pointer.x <= right and top <= pointer.y <= bottom else None


def marks(frame: Rect, canvas: Rect, lines: QPainterPath | None = None) -> Sequence[Mark]:
    """The frame with its handles, what it leaves of the canvas in the shade, and ``lines`` below the frame."""
    inside = path_of(frame)
    found = [Mark(path_of(canvas).subtracted(inside), Ink.SHADE)]
    if lines is not None:
        found.append(Mark(lines, Ink.LINE))
    found.append(Mark(inside, Ink.FRAME))
    for u, v in HANDLES:
        handle = QPointF(frame.x + u * frame.width, frame.y + v * frame.height)
        found.append(Mark(QPainterPath(handle), Ink.HANDLE))
    return found


def path_of(rect: Rect) -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(rect.x, rect.y, rect.width, rect.height))
    return path


def pulled(
    edges: Edges, handle: tuple[float, float], dx: float, dy: float, ratio: float | None, centred: bool
) -> Edges:
    """A handle pulled by (dx, dy); past the other side the frame turns over. With ``ratio`` the side that goes farther
    decides, with ``centred`` the middle stays."""
    left, top, right, bottom = edges
    across = {0: -dx, 0.5: 0.0, 1: dx}[handle[0]] * (2 if centred else 1)
    down = {0: -dy, 0.5: 0.0, 1: dy}[handle[1]] * (2 if centred else 1)
    width, height = right - left + across, bottom - top + down
    if ratio is not None:
        if handle[1] == 0.5 or (handle[0] != 0.5 and abs(width) >= abs(height) * ratio):
            height = abs(width) / ratio * (-1 if height < 0 else 1)
        else:
            width = abs(height) * ratio * (-1 if width < 0 else 1)
    # The part of the frame that stays where it is.
    still = MIDDLE if centred else (1 - handle[0], 1 - handle[1])
    x, y = left + still[0] * (right - left), top + still[1] * (bottom - top)
    ends_x = sorted((x - still[0] * width, x + (1 - still[0]) * width))
    ends_y = sorted((y - still[1] * height, y + (1 - still[1]) * height))
    return ends_x[0], ends_y[0], ends_x[1], ends_y[1]
