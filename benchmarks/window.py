"""The canvas in the real window: a file is opened, and strokes are drawn by events of the mouse that the window gets.

The same document, brush and way of the pointer as :mod:`benchmarks.canvas` has; with panels, tabs and the journal.
"""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.canvas import BRUSH
from benchmarks.pointer import STROKE, STROKES, TICK, mouse, post_strokes
from benchmarks.startup import _platform
from benchmarks.table import percentile, table

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.ui.easel.view import DocumentView
    from kandinsky_studio.ui.main_window import MainWindow
    from kandinsky_studio.ui.theme import Theme

SIZE = 1600, 1000
ZOOMS = (("whole picture", 0.0), ("50 %", 0.5), ("100 %", 1.0))
PATIENCE = 300.0  # seconds
PICTURES = 64
PROMPT = "a red circle on a blue background"


def run() -> str:
    with tempfile.TemporaryDirectory() as home:
        os.environ["KANDINSKY_STUDIO_HOME"] = home
        os.environ["QT_QPA_PLATFORM"] = _platform()
        file = Path(home) / "ten layers.ora"
        write(file)
        return _measure(file)


def write(file: Path) -> None:
    """The document, written by a process of its own: what that takes of memory is not this one's."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-m", "benchmarks.window", str(file)], check=True, env=environment)


def _measure(file: Path) -> str:
    import psutil

    from kandinsky_studio.app.worker import ModelStage

    painted = Watch()
    studio, theme, window = shown()
    view = window.bench.page.view
    process = psutil.Process()
    before = process.memory_info().rss
    opened = opening(studio, window, file)
    document = view.document
    assert document is not None
    raw = sum(surface.size for surface in document.state.surfaces())
    document.activate(document.state.layers[5].id)
    studio.editor.take("brush")
    studio.editor.set_option("size", BRUSH)
    studio.editor.set_option("hardness", 0.0)
    for _, zoom in ZOOMS:
        look(view, zoom)
    gc.collect()
    memory = [process.memory_info().rss - before]
    rows = [[f"nothing else is done, {name}", *_paint(window, painted, zoom)] for name, zoom in ZOOMS]
    memory.append(process.memory_info().rss - before)
    alone = [[name, *_one_by_one(window, zoom)] for name, zoom in ZOOMS]
    states: list[ModelStage] = []
    made: list[object] = []
    studio.worker.model_state.connect(lambda state: states.append(state.stage))
    studio.worker.picture_made.connect(lambda job, result: made.append(result))
    studio.start()
    spin(lambda: ModelStage.ready in states)
    studio.settings.set(prompt=PROMPT, num_images_per_prompt=PICTURES)
    for name, zoom in ZOOMS:
        assert studio.generation.generate() is not None
        number = len(made)
        spin(lambda number=number: len(made) > number)  # type: ignore[misc]
        rows.append([f"pictures are made, {name}", *_paint(window, painted, zoom)])
        studio.generation.cancel()
        spin(lambda: False, 1.0)
    painted.end()
    studio.editor.close_sheet(studio.editor.sheets[0])
    window.close()
    theme.close()
    return "\n\n".join(
        [
            f"Opening a file of {file_size(raw)} in ten layers: {opened.seen:.2f} s by the clock until all of it is seen "
            f"({opened.processors:.2f} s of the processors), {opened.there:.2f} s until there is a document; the window's "
            f"thread was busy for {opened.busy * 1000:.0f} ms at a time at the most",
            f"Strokes of a soft brush of {BRUSH:.0f} pixels, one event every {TICK * 1000:.0f} ms; milliseconds from "
            f"when an event was due until it was painted; {len(made)} pictures were made meanwhile; Qt platform "
            f"“{_platform()}”",
            table(["while", "events", "p50", "p99", "max"], rows),
            "The same one event after the other; milliseconds of the processor's time in the window's thread",
            table(["view", "events", "p50", "p99", "max"], alone),
            f"Memory: {memory[0] / raw:.2f} × the raw pixels once all was seen, at 50 % and at 100 % too, "
            f"{memory[1] / raw:.2f} × after painting, with the undo list",
        ]
    )


def shown() -> tuple[Studio, Theme, MainWindow]:
    """The window as it is after a start, at rest. Whoever asks closes window and theme."""
    from PySide6.QtWidgets import QApplication

    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.document.giving_way import draw_alone
    from kandinsky_studio.ui.main_window import MainWindow
    from kandinsky_studio.ui.theme import Theme

    draw_alone()
    application = QApplication.instance() or QApplication(["window"])
    assert isinstance(application, QApplication)
    studio, theme = Studio(), Theme(application)
    window = MainWindow(theme)
    window.furnish(studio)
    window.painted.disconnect()  # or the first painting would start the engine
    window.resize(*SIZE)
    window.show()
    spin(lambda: False, 1.0)
    return studio, theme, window


@dataclass(frozen=True)
class Opening:
    """Seconds: by the clock until there is a document and until all of it is seen, of all processors, and the longest
    time for which the window answered to nothing."""

    there: float
    seen: float
    processors: float
    busy: float


def opening(studio: Studio, window: MainWindow, file: Path) -> Opening:
    """Open ``file`` and wait until it is seen."""
    import psutil

    process, gaps = psutil.Process(), list[float]()
    processors, begin = sum(process.cpu_times()[:2]), time.perf_counter()
    with _gaps(gaps):
        studio.editor.open(file)
        spin(lambda: bool(studio.editor.sheets))
        there = time.perf_counter() - begin
        spin(lambda: not window.bench.page.view.unfinished)
    seen = time.perf_counter() - begin
    return Opening(there, seen, sum(process.cpu_times()[:2]) - processors, max(gaps))


def file_size(raw: int) -> str:
    return f"{raw / 2**20:.0f} MiB of pixels"


class Watch:
    """Tells when views of documents were painted; made before them."""

    def __init__(self) -> None:
        from kandinsky_studio.ui.easel.sight import Sight

        self.on_painted: Callable[[], None] = lambda: None
        self._kind, self._paint = Sight, Sight.paintEvent

        def paint(view: Sight, event: object) -> None:
            self._paint(view, event)  # type: ignore[arg-type]
            self.on_painted()

        Sight.paintEvent = paint  # type: ignore[method-assign,assignment]

    def end(self) -> None:
        self._kind.paintEvent = self._paint  # type: ignore[method-assign]


def spin(enough: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Let the window live until ``enough()``, or for ``seconds``."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop, timer = QEventLoop(), QTimer(interval=2)
    end = time.perf_counter() + seconds
    timer.timeout.connect(lambda: loop.quit() if enough() or time.perf_counter() > end else None)
    timer.start()
    loop.exec()
    timer.stop()
    assert seconds < PATIENCE or time.perf_counter() < end, "it did not get there"


@contextmanager
def _gaps(found: list[float]) -> Iterator[None]:
    """Between two turns of the window's events, each found to be as long as the window answers to nothing."""
    from PySide6.QtCore import QTimer

    timer, last = QTimer(interval=1), time.perf_counter()

    def turn() -> None:
        nonlocal last
        now = time.perf_counter()
        found.append(now - last)
        last = now

    timer.timeout.connect(turn)
    timer.start()
    yield
    timer.stop()


def look(view: DocumentView, zoom: float) -> None:
    """See all of the picture if ``zoom`` is 0; until everything in sight is drawn."""
    if zoom:
        view.set_zoom(zoom)
    else:
        view.fit()
    view.repaint()
    spin(lambda: not view.unfinished)


def event(window: MainWindow, kind: str, moment: float) -> QMouseEvent:
    """Of a pointer that goes round in the view, as the window gets it; ``kind`` is press, move or release."""
    from PySide6.QtCore import QPoint, QPointF

    view = window.bench.page.view
    radius = 0.42 * min(view.height(), view.width()) * (0.4 + 0.6 * abs(math.sin(0.37 * moment)))
    angle = 2.6 * moment
    x, y = view.width() / 2 + radius * math.cos(angle), view.height() / 2 + radius * math.sin(angle)
    place = QPointF(view.mapTo(window, QPoint(0, 0))) + QPointF(x, y)
    return mouse(kind, place, QPointF(window.mapToGlobal(place)))


def _one_by_one(window: MainWindow, zoom: float) -> list[str]:
    from PySide6.QtWidgets import QApplication

    view, handle = window.bench.page.view, window.windowHandle()
    look(view, zoom)
    found = []
    each = round(STROKE / TICK)
    for number in range(round(STROKES / TICK)):
        if number % each == 0:
            QApplication.sendEvent(handle, event(window, "press", number * TICK))
        begin = time.thread_time()
        QApplication.sendEvent(handle, event(window, "move", number * TICK))
        view.repaint(0, 0, 1, 1)  # and all that waits to be painted
        while view.unfinished:
            QApplication.processEvents()
        found.append((time.thread_time() - begin) * 1000)
        QApplication.processEvents()  # what is done while nothing happens
        if number % each == each - 1:
            QApplication.sendEvent(handle, event(window, "release", number * TICK))
    QApplication.sendEvent(handle, event(window, "release", STROKES))
    return _row(window, found)


def _paint(window: MainWindow, painted: Watch, zoom: float) -> list[str]:
    """As :func:`benchmarks.canvas._paint`, but the events go to the window, which finds the view itself."""
    from PySide6.QtWidgets import QApplication

    view, handle = window.bench.page.view, window.windowHandle()
    look(view, zoom)
    posted: list[float] = []
    seen: list[float] = []
    latencies: list[float] = []

    def post(kind: str, due: float, moment: float) -> None:
        QApplication.postEvent(handle, event(window, kind, moment))
        if kind != "release":
            posted.append(due)

    def on_painted() -> None:
        if view.unfinished:
            return  # what they changed is not all there yet
        now = time.perf_counter()
        latencies.extend((now - moment) * 1000 for moment in seen)
        seen.clear()

    view.pointer_moved.connect(lambda: seen.append(posted[len(seen) + len(latencies)]))
    painted.on_painted = on_painted
    post_strokes(post)
    painted.on_painted = lambda: None
    view.pointer_moved.disconnect()
    return _row(window, latencies)


def _row(window: MainWindow, milliseconds: list[float]) -> list[str]:
    """Takes everything back that was painted."""
    document = window.bench.page.view.document
    assert document is not None
    assert document.history.done, "nothing was painted: the events did not get there"
    while document.undo():
        pass
    spin(lambda: not window.bench.page.view.unfinished)
    return [str(len(milliseconds)), *(f"{percentile(milliseconds, share):.1f}" for share in (0.5, 0.99, 1.0))]


def main() -> None:
    from PySide6.QtGui import QGuiApplication

    from benchmarks.canvas import _document
    from kandinsky_studio.storage.documents import write_document

    application = QGuiApplication([])
    write_document(Path(sys.argv[1]), _document().state, 6)
    del application


if __name__ == "__main__":
    main()
