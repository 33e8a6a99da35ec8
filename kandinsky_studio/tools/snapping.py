"""Edges and middles that a moved box likes to lie on."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.document.geometry import Rect

NEAR = 8.0  # pixels of the screen


@dataclass(frozen=True)
class Snapped:
    """How far a box goes, and the lines that it went to: positions of columns and rows."""

    dx: int
    dy: int
    columns: tuple[float, ...] = ()
    rows: tuple[float, ...] = ()

    def path(self, canvas: Rect) -> QPainterPath:
        """The lines, across the canvas."""
        path = QPainterPath()
        for x in self.columns:
            path.moveTo(QPointF(x, canvas.y))
            path.lineTo(QPointF(x, canvas.bottom))
        for y in self.rows:
            path.moveTo(QPointF(canvas.x, y))
            path.lineTo(QPointF(canvas.right, y))
        return path


def snap(box: Rect, dx: float, dy: float, canvas: Rect, reach: float) -> Snapped:
    """Move ``box`` by (dx, dy) and a little more, ``reach`` pixels at most, so that an edge or the middle of it comes
    to lie on an edge or the middle of the canvas."""
    across, columns = _nearest(box.x + dx, box.width, canvas.x, canvas.width, reach)
    down, rows = _nearest(box.y + dy, box.height, canvas.y, canvas.height, reach)
    return Snapped(round(dx + across), round(dy + down), columns, rows)


def _nearest(start: float, length: int, to: int, whole: int, reach: float) -> tuple[float, tuple[float, ...]]:
    best: tuple[float, float] | None = None
    for line in (to, to + whole / 2, to + whole):
        for part in (0.0, length / 2, float(length)):
            if (part == length / 2) != (line == to + whole / 2):
                continue  # middles go to the middle, edges to edges
            by = line - start - part
            if abs(by) <= reach and (best is None or abs(by) < abs(best[0])):
                best = by, line
    return (0.0, ()) if best is None else (best[0], (best[1],))
