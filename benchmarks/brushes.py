"""What one event of a pen costs a brush: the dabs, and putting them into the layer; no window."""

from __future__ import annotations

import math
import time

from benchmarks.table import percentile, table

SIDE = 4096  # pixels along each side of the document
EVENTS = 120
ROUNDS = 5
WAY = 100  # pixels from one event to the next: a fast hand at 125 events a second, near to the picture
SIZES = (5, 50, 200, 1000)


def run() -> str:
    rows = []
    for size in SIZES:
        for title, options in _KINDS.items():
            if title == "smudge" and size > 200:
                continue
            times = _measure(size, title, options)
            rows.append([f"{size} px", title, *(f"{percentile(times, share):.2f}" for share in (0.5, 0.99, 1.0))])
    return (
        f"A document of {SIDE}², {EVENTS} events {WAY} pixels apart on a winding way; milliseconds of one processor core "
        f"for each event, the fastest of {ROUNDS} rounds\n\n" + table(["size", "brush", "p50", "p99", "max"], rows)
    )


_KINDS: dict[str, dict[str, float | bool]] = {
    "soft": {"hardness": 0.0},
    "hard": {"hardness": 1.0},
    "half hard, size by pressure": {"hardness": 0.5, "pressure_size": True},
    "soft, flow 30 %, opacity by pressure": {"hardness": 0.0, "flow": 0.3, "pressure_opacity": True},
    "smudge": {"hardness": 0.5},
}


def _measure(size: float, title: str, options: dict[str, float | bool]) -> list[float]:
    from PySide6.QtGui import QColor, QImage

    from kandinsky_studio.document.document import Document
    from kandinsky_studio.tools.base import Desk
    from kandinsky_studio.tools.brush import Brush
    from kandinsky_studio.tools.smudge import Smudge

    ground = QImage(SIDE, SIDE, QImage.Format.Format_ARGB32_Premultiplied)
    ground.fill(QColor(240, 235, 220))
    desk = Desk(Document.new(SIDE, SIDE, background=ground), foreground=QColor(180, 30, 60))
    tool = (Smudge if title == "smudge" else Brush)(desk)
    tool.size, tool.pressure_size = size, False
    for name, value in options.items():
        setattr(tool, name, value)
    rounds = [_stroke(tool) for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _stroke(tool: object) -> list[float]:
    from kandinsky_studio.tools.base import Pointer
    from kandinsky_studio.tools.painting import PaintingTool

    assert isinstance(tool, PaintingTool)
    x, y, angle = SIDE * 0.3, SIDE * 0.3, 0.0
    times = []
    tool.press(Pointer(x, y))
    for number in range(EVENTS):
        angle += 0.12 + 0.1 * math.sin(number / 9)
        x, y = x + WAY * math.cos(angle), y + WAY * math.sin(angle)
        pointer = Pointer(x, y, pressure=0.55 + 0.45 * math.sin(number / 7))
        begin = time.thread_time()
        tool.move(pointer)
        times.append((time.thread_time() - begin) * 1000)
    tool.release(Pointer(x, y))
    tool.document.undo()
    return times
